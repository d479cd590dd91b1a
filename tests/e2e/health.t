#!/usr/bin/perl
# /health while a thread of a real bootnode hangs (tests/preload/intruder.c has the one that takes a packet in do so): the
# others answer, and say which one it is; and they see when it is back.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use HTTP::Tiny;
use IO::Socket::IP;
use Socket qw(SOCK_DGRAM);
use Test::More;

plan skip_all => 'a preload would come before the sanitizers' if $ENV{SAN};

use constant { HANGS => 8, STUCK_AFTER => 5, TIMEOUT => 5 };

my $bootnode = start_bootnode(in => ['env', 'LD_PRELOAD=' . test_tool('intruder.so')],
    config => "workers = 2\ndrain = 0\nmetrics = 127.0.0.1:0");
my ($page) = (wait_log($bootnode, qr{metrics on http://\S+}, TIMEOUT) // { text => '' })->{text} =~ m{(http://\S+)/metrics};

sub ask { my ($path) = @_; return HTTP::Tiny->new(timeout => slow(TIMEOUT))->get("$page$path") }

# Asks until it answers so. When, or undef.
sub wait_health {
    my ($status, $pattern, $timeout) = @_;
    my $deadline = now() + slow($timeout);
    while (now() < $deadline) {
        my $answer = ask('/health');
        return now() if $answer->{status} == $status && $answer->{content} =~ $pattern;
        watch_until(now() + 0.05);
    }
    return;
}

ok(wait_health(200, qr/\Aok\n\z/, TIMEOUT), 'all threads have their turns');
my $socket = IO::Socket::IP->new(PeerAddr => $bootnode->{address}, Type => SOCK_DGRAM) // die "socket: $@";
my $began = now();
$socket->send('intruder: hang ' . HANGS) or die "send: $!\n";

my $noticed = wait_health(503, qr/\Astuck\nstuck: worker [01] has had no turn for 5 s\n\z/, STUCK_AFTER + TIMEOUT);
ok($noticed, 'a worker that hangs is named');
cmp_ok($noticed - $began, '>=', STUCK_AFTER, 'and not before its time') if $noticed;
my $metrics = ask('/metrics');
is($metrics->{status}, 200, 'the metrics come, too');
like($metrics->{content}, qr/^gochat_health\{state="stuck"\} 1$/m, 'and say so');
like($metrics->{content}, qr/^gochat_health\{state="ok"\} 0$/m, 'and not that all is well');
is(ask('/ready')->{status}, 503, 'nobody is sent there');

ok(wait_health(200, qr/\Aok\n\z/, HANGS + TIMEOUT), 'it is healthy once the worker has a turn again');
like(ask('/metrics')->{content}, qr/^gochat_health\{state="stuck"\} 0$/m, 'as the metrics have it');
is(stop_program($bootnode), 0, 'and ends as always');
finish();
