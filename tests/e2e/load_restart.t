#!/usr/bin/perl
# gochat-load with a bootnode that does not stay, or is not its own: its sessions come back as clients do, after a word or
# without one, and others at the same bootnode are no disagreement.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Basename qw(dirname);
use GoChat::Test;
use HTTP::Tiny;
use Test::More;

use constant { SESSIONS => 60, STATUS_DISAGREED => 1, RESTART_MS => 700 };

my $load = dirname(gochat()) . '/gochat-load';
my $page = '127.0.0.1:' . free_port();
my $config = join "\n", 'workers = 1', 'limit_loopback = no', "metrics = $page", 'restart_ms = ' . RESTART_MS;

sub start_load {
    my ($name, $bootnode, @arguments) = @_;
    return start_program(name => $name, json => 1, command => [$load, '--bootnode', $bootnode->{address}, '--json', '-',
        '--name', $name, '--sessions', SESSIONS, '--room-size', 10, '--interval', 1, @arguments]);
}

sub metric {
    my ($name) = @_;
    my $text = HTTP::Tiny->new(timeout => slow(5))->get("http://$page/metrics")->{content};
    return $text =~ /^gochat_\Q$name\E (\d+)/m ? $1 : 0;
}

sub wait_metric {
    my ($name, $least) = @_;
    my $deadline = now() + slow(20);
    watch_until(now() + 0.05) while metric($name) < $least && now() < $deadline;
    return metric($name) >= $least;
}

my $bootnode = start_bootnode(config => $config);
for my $signal ('TERM', 'KILL') {
    my $confirmed = metric('sessions_confirmed_total');
    my $program = start_load("restart-$signal", $bootnode, '--duration', slow(6), '--metrics', $page);
    # Filled, confirmed, and settled: the row is on.
    ok(wait_metric('sessions_confirmed_total', $confirmed + SESSIONS), "$signal: all are there");
    my $beats = metric('heartbeat_total');
    ok(wait_metric('heartbeat_total', $beats + 2 * SESSIONS), "$signal: and beat");
    send_signal($bootnode, $signal);
    wait_exit($bootnode, 10);
    $bootnode = start_bootnode(config => $config, again => $bootnode);
    my $row = wait_event($program, { name => "restart-$signal" }, 60) // die "no row\n";
    my $comeback = $row->{comeback};
    is($comeback->{lost}, SESSIONS, "$signal: all lost it");
    is($comeback->{told}, $signal eq 'TERM' ? SESSIONS : 0, "$signal: $comeback->{told} were told");
    is($comeback->{back}, SESSIONS, "$signal: all are back, the last after $comeback->{all_ms} ms");
    is($comeback->{never}, 0, "$signal: none is not");
    cmp_ok($comeback->{back_ms}{min}, '>=', $signal eq 'TERM' ? RESTART_MS : 500, "$signal: and none came too early");
    is(metric('sessions'), SESSIONS, "$signal: the bootnode has them");
    is(wait_exit($program, 10), $signal eq 'TERM' ? 0 : STATUS_DISAGREED, "$signal: a restart without a word is a fault");
    like(log_text($program), qr/counts anew/, "$signal: counters of two lives are not compared");
}

{
    my $confirmed = metric('sessions_confirmed_total');
    my $other = start_load('other', $bootnode, '--duration', slow(60));
    ok(wait_metric('sessions_confirmed_total', $confirmed + SESSIONS), 'another one is there');
    my $program = start_load('beside', $bootnode, '--duration', 2, '--churn', 5, '--metrics', $page);
    my $row = wait_event($program, { name => 'beside' }, 30) // die "no row\n";
    is_deeply($row->{disagreements}, [], 'beside another one nothing disagrees');
    is(wait_exit($program, 10), 0, 'which the status says');
    like(log_text($program), qr/others use this bootnode, too/, 'and a line that it is there');
    send_signal($other, 'INT');
    wait_exit($other, 10);
}

finish();
