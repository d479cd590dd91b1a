#!/usr/bin/perl
# A bootnode whose own buffer was full believes no silence for a while, and says so; who is gone goes all the same.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use HTTP::Tiny;
use IO::Socket::IP;
use Socket qw(SOCK_DGRAM);
use Test::More;

use constant { FLOOD => 4_000, BUFFER => 65_536, DOUBT => 5, EXPIRY => 15, TIMEOUT => 10 };

my $bootnode = start_bootnode(log_level => 'debug', config => join "\n", 'workers = 1', 'receive_buffer = ' . BUFFER, 'metrics = 127.0.0.1:0');
my ($page) = (wait_log($bootnode, qr{metrics on http://\S+}, TIMEOUT) // { text => '' })->{text} =~ m{(http://\S+)};

sub metric {
    my ($name) = @_;
    my $answer = HTTP::Tiny->new(timeout => slow(TIMEOUT))->get($page);
    return $answer->{content} =~ /^\Q$name\E (\S+)$/m ? $1 : die "no $name: $answer->{status}\n";
}

# HEARTBEATs of sessions that are not, of the first worker: what they say is nothing, where they wait is among the beats.
sub overflow {
    my $socket = IO::Socket::IP->new(PeerAddr => $bootnode->{address}, Type => SOCK_DGRAM) // die "socket: $@";
    send $socket, pack('C x3 N n C2 x28', 0x84, $_, 0, 0, 0), 0 for 1 .. FLOOD;
    return;
}

my %client = map { $_ => start_client(name => $_, bootnode => $bootnode, room => 'tea') } qw(ada bob cy);
wait_event($client{$_}, { event => 'registered' }, TIMEOUT) for sort keys %client;
is(metric('gochat_hearing_doubts_total{worker="0"}'), 0, 'nothing was lost');

freeze_program($bootnode);
overflow();
send_signal($client{cy}, 'KILL');
send_signal($bootnode, 'CONT');

my $begun = wait_log($bootnode, qr/lost \d+ datagrams of sessions within \d+ ms: who is silent is believed later/, TIMEOUT);
ok($begun, 'the log says that it begins');
is(metric('gochat_hearing_doubts_total{worker="0"}'), 1, 'and so do the metrics');
my $lost = metric('gochat_worker_overflowed_total{worker="0",lane="session"}');
cmp_ok($lost, '>', FLOOD / 2, 'the buffer was far too small');
my $ended = wait_log($bootnode, qr/lost \d+ datagrams of sessions within \S+ s: their deadlines moved by/, DOUBT + TIMEOUT);
my ($count, $within, $moved) = ($ended // { text => '' })->{text} =~ /lost (\d+) .* within ([\d.]+) s: .* by ([\d.]+) s;/;
is($count, $lost, 'and how many it was, once it ends');
cmp_ok($within, '>=', DOUBT, 'a beat later');
cmp_ok(abs($moved - $within * 7 / 8), '<', 0.2, 'deadlines moved by seven eighths of it');
cmp_ok(abs(metric('gochat_hearing_missed_seconds_total{worker="0"}') - $moved), '<', 0.2, 'as the metrics have it');

my $expired = wait_log($bootnode, qr/expired session [0-9a-f]+ silent/, EXPIRY + TIMEOUT);
ok($expired, 'who is gone goes');
watch_until(now() + 1);
is(metric('gochat_sessions_expired_total'), 1, 'and nobody else');
is(metric('gochat_sessions'), 2, 'the living stay');
stop_program($_) for @client{qw(ada bob)};
is(stop_program($bootnode), 0, 'it ends as always');
finish();
