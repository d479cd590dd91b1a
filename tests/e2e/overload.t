#!/usr/bin/perl
# A flood costs those who live at the bootnode not one heartbeat: however many datagrams of its kind overflow, theirs
# have a buffer of their own. The buffers are so small that whatever shared one with a flood would lose packets at once.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Basename qw(dirname);
use GoChat::Test;
use HTTP::Tiny;
use Test::More;

use constant {
    BUFFER => 65_536, # the kernel counts a beat as some hundred bytes more than it has, and doubles this
    SESSIONS => 200, # of which 50 beat a second, so that a worker that is kept from running for a second loses none
    FLOOD_SECONDS => 3,
    BEAT_SECONDS => 9,
    FLOOD_RATE => 1_000_000,
};

my $load = dirname(gochat()) . '/gochat-load';
my $bootnode = start_bootnode(
    config => "workers = 1\nlimit_loopback = no\nmetrics = 127.0.0.1:0\nreceive_buffer = " . BUFFER);
my $page = wait_log($bootnode, qr{metrics on http://\S+}, 5)->{text} =~ m{http://(\S+)/} ? $1 : die 'no address';
my $living = start_program(name => 'living', json => 1, command => [$load, '--bootnode', $bootnode->{address},
    '--sessions', SESSIONS, '--room-size', 8, '--json', '-', '--rows', '-', '--progress', 0]);

sub metric {
    my ($name) = @_;
    my $text = HTTP::Tiny->new(timeout => slow(5))->get("http://$page/metrics")->{content};
    return $text =~ /^gochat_\Q$name\E (\d+)/m ? $1 : die "no metric $name in:\n$text";
}

sub overflowed { my ($lane) = @_; return metric(qq(worker_overflowed_total{worker="0",lane="$lane"})) }

sub row {
    my ($name, $flags) = @_;
    send_line($living, "--name $name $flags");
    return;
}

row('before', '--idle --duration 0.5');
wait_event($living, { name => 'before', registered => SESSIONS }, 30) // die "no sessions\n";

my %floods = (
    stun => ['--stun'],
    hello => ['--hello'],
    register => ['--register', '--stock', 256],
    junk => ['--junk', 'bytes'],
);
for my $lane (sort keys %floods) {
    my ($lost_before, $beats_lost_before) = (overflowed($lane), overflowed('session'));
    row($lane, '--interval 4 --answers every --duration ' . BEAT_SECONDS);
    # The fleet has begun once it beats.
    my $beats = metric('heartbeat_total');
    wait_until(sub { metric('heartbeat_total') > $beats + 10 }, 20) or die "nobody beats\n";
    my ($status) = run_program(name => $lane, timeout => 60, command => [$load, '--to', $bootnode->{address},
        @{ $floods{$lane} }, '--rate', FLOOD_RATE, '--duration', FLOOD_SECONDS, '--progress', 0]);
    is($status, 0, "$lane: the flood is over");
    my $row = wait_event($living, { name => $lane }, 30) // die "no row $lane\n";
    cmp_ok(overflowed($lane) - $lost_before, '>', 1000, "$lane: it was more than the worker took");
    is(overflowed('session') - $beats_lost_before, 0, "$lane: nothing of the sessions overflowed");
    cmp_ok($row->{expected}, '>', SESSIONS, "$lane: meanwhile $row->{expected} beats asked for an answer");
    is($row->{lost}, 0, "$lane: and each got it");
    is_deeply($row->{disagreements}, [], "$lane: nobody was forgotten, nor announced as left");
}
is(metric('sessions_expired_total'), 0, 'nobody expired');
is(metric('sessions'), SESSIONS, 'all are there');
close_input($living);
is(wait_exit($living, 10), 0, 'the living never noticed');
finish();
