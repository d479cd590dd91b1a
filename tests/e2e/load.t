#!/usr/bin/perl
# The load generator is an oracle: real sessions come, go, move and fall silent, what the bootnode says of them agrees
# with what was done, and with its own counters; and where it does not, the exit status is 1.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Basename qw(dirname);
use GoChat::Test;
use HTTP::Tiny;
use JSON::PP qw(decode_json);
use List::Util qw(max);
use Test::More;

use constant { SESSIONS => 2000, ROOM_SIZE => 32, SILENT_PERCENT => 20, STATUS_DISAGREED => 1, KILL_AFTER => 50,
    STATUS_INTERRUPTED => 130, STATUS_TERMINATED => 143 };

my $load = dirname(gochat()) . '/gochat-load';
my $config = "workers = 1\nlimit_loopback = no\nmetrics = 127.0.0.1:0";

sub start_load {
    my ($name, $bootnode, @arguments) = @_;
    return start_program(name => $name, json => 1, command => [$load, '--bootnode', $bootnode->{address},
        '--json', '-', '--answers', 'every', @arguments]);
}

sub metrics_of {
    my ($bootnode) = @_;
    my $line = wait_log($bootnode, qr{metrics on http://\S+/metrics}, 5) or die "no metrics\n";
    return $line->{text} =~ m{http://(\S+)/metrics} ? $1 : die 'no address';
}

sub metric_of {
    my ($page, $name) = @_;
    my $text = HTTP::Tiny->new(timeout => slow(5))->get("http://$page/metrics")->{content};
    return $text =~ /^$name (\d+)/m ? $1 : die "no $name in:\n$text";
}

# How many heartbeats the bootnode has answered.
sub answers_of {
    my ($page) = @_;
    return metric_of($page, 'gochat_beat_ack_total');
}

# What every row must be.
sub agrees {
    my ($row) = @_;
    is_deeply($row->{disagreements}, [], "$row->{name}: nothing disagrees");
    is($row->{sessions}, SESSIONS, "$row->{name}: all sessions");
    # A sanitized build may be a second late; it looks for races, not for speed.
    cmp_ok($row->{lost}, '<=', $ENV{SAN} ? $row->{expected} / 20 : 0, "$row->{name}: no answer is lost");
    ok($row->{answered} > 0, "$row->{name}: $row->{answered} answers");
    is($row->{$_}, 0, "$row->{name}: $_ 0") for qw(announce_missing expired_wrong);
    return;
}

sub row_named {
    my ($program, $name, $timeout) = @_;
    my $row = wait_event($program, { name => $name }, $timeout) // die "no row $name\n";
    agrees($row);
    return $row;
}

my $folder = temp_dir();
my $rows = write_file("$folder/rows", <<"END");
--name answered --rate 4000 --duration 2
--name churn --rate 2000 --duration 3 --churn 1
--name silent --rate 1000 --duration 1 --silent @{[SILENT_PERCENT]}
--name rebind --rate 4000 --duration 1 --rebind
END

{
    my $bootnode = start_bootnode(config => $config);
    my $program = start_load('load', $bootnode, '--metrics', metrics_of($bootnode), '--pid', $bootnode->{pid},
        '--sessions', SESSIONS, '--room-size', ROOM_SIZE, '--rows', $rows);

    my $row = row_named($program, 'answered', 30);
    is($row->{registered}, SESSIONS, 'all registered');
    ok($row->{registered_per_s} > 0, sprintf '%.0f registrations a second', $row->{registered_per_s});
    is($row->{answered}, $row->{sent}, 'every beat was answered');
    my $rtt = $row->{rtt_us};
    ok($rtt->{p50} <= $rtt->{p99} && $rtt->{p99} <= $rtt->{p999} && $rtt->{p999} <= $rtt->{max}, 'quantiles rise');
    my $server = $row->{server};
    ok($server->{cpu_ns_per_packet} > 0 && $server->{cpu_ns_per_registration} > 0, 'processor time of the bootnode');
    cmp_ok($server->{rss_bytes_per_session}, '>', 100, 'sessions take memory');
    cmp_ok($server->{rss_bytes_per_session}, '<', 20_000, 'but not much');

    $row = row_named($program, 'churn', 30);
    cmp_ok($row->{registered}, '>=', SESSIONS / 100, "$row->{registered} left and came back");
    ok($row->{announce_us}{max} > 0, "members hear of joins (median $row->{announce_us}{p50} us)");

    $row = row_named($program, 'silent', 60);
    # Every room is watched, and one in which chance took nobody loses somebody, too.
    my $silent = $row->{expired_expected};
    cmp_ok($silent, '>=', SESSIONS * SILENT_PERCENT / 100, "$silent fell silent");
    cmp_ok($silent, '<=', SESSIONS * SILENT_PERCENT / 100 + SESSIONS / ROOM_SIZE, 'and no more than that and one a room');
    is($row->{expired_seen}, $row->{expired_expected}, 'every silent session was announced as left');
    ok($row->{rtt_us}{max} > 0, "answers meanwhile (p99 $row->{rtt_us}{p99} us)");
    # Some of them while the machine itself was busy.
    my $late = $row->{expiry_late_ms};
    cmp_ok($late->{p50}, '<', slow(1000), "in time (median $late->{p50} ms)");
    cmp_ok($late->{p99}, '<', slow(3000), "all of them (p99 $late->{p99} ms)");

    $row = row_named($program, 'rebind', 30);
    is($row->{registered}, $silent, 'who had fallen silent is back');
    is(wait_exit($program, 10), 0, 'everything agreed');
}

# How it goes is told meanwhile, in the fill and in a row; a signal cuts either, and the report says what was not due.
{
    my $bootnode = start_bootnode(config => $config);
    my $json = "$bootnode->{folder}/progress";
    my @often = ('--progress', 0.02, '--progress-json', $json);
    my $program = start_load('cut-row', $bootnode, '--sessions', 50, '--rate', 500, '--duration', 600, @often);
    my $deadline = now() + slow(20);
    my $lines = sub { my ($phase) = @_; return scalar grep {/"progress":"$phase"/} split /\n/, -e $json ? read_file($json) : '' };
    watch_until(now() + 0.02) while $lines->('beats') < 3 && now() < $deadline;
    send_signal($program, 'INT');
    my $row = wait_event($program, { name => 'beats' }, 10);
    is(wait_exit($program, 10), STATUS_INTERRUPTED, 'cut: the status says so');
    ok($row->{interrupted} && !$row->{interrupted_filling}, 'cut: and the row');
    is($row->{sent} + $row->{send_failed} + $row->{unsent} + $row->{never_due}, 500 * 600, 'cut: every request is told of');
    is_deeply($row->{disagreements}, [], 'cut: nobody is accused');
    my @told = map { decode_json($_) } split /\n/, read_file($json);
    ok($lines->('beats') >= 3, 'lines of the row');
    is_deeply([grep { $_->{living} != 50 } grep { !$_->{filling} } @told], [], 'with the living');
    cmp_ok($told[-1]{sent}, '<=', $row->{sent}, 'and no more sent than were');
    like(log_text($program), qr{\d s beats: \d+/s sent, \d+/s answered, \d+ lost;.* 50 live, 0 silent, 0 dropped}, 'as text, too');

    unlink $json or die "$json: $!\n";
    $program = start_load('cut-fill', $bootnode, '--sessions', 1_000_000, @often);
    $deadline = now() + slow(20);
    watch_until(now() + 0.02) while $lines->('filling') < 3 && now() < $deadline;
    send_signal($program, 'TERM');
    $row = wait_event($program, { name => 'beats' }, 10);
    is(wait_exit($program, 10), STATUS_TERMINATED, 'cut in the fill: the status says so');
    ok($row->{interrupted_filling}, 'cut in the fill: and the row');
    is($row->{registered} + $row->{fill_unanswered} + $row->{fill_never_due}, 1_000_000, 'cut in the fill: all are told of');
    is($row->{sent}, 0, 'cut in the fill: nothing was measured');
}

# The highest rate is searched step by step, while the sessions live on; a signal keeps the best so far.
{
    my $bootnode = start_bootnode(config => $config);
    my $page = metrics_of($bootnode);
    my $program = start_load('find', $bootnode, '--metrics', $page, '--sessions', 50, '--find-rate', 50,
        '--duration', 0.2, '--name', 'highest');
    my $deadline = now() + slow(30);
    watch_until(now() + 0.05) while log_text($program) !~ /step 3: / && now() < $deadline;
    send_signal($program, 'INT');
    my $row = wait_event($program, { name => 'highest' }, 10);
    is(wait_exit($program, 10), STATUS_INTERRUPTED, 'search: the status says that it was cut');
    my $found = $row->{find_rate};
    is($found->{limit}, 'interrupted', 'search: and the result');
    cmp_ok(scalar @{ $found->{steps} }, '>=', 3, 'search: every step is told');
    my @held = map { $_->{rate} } grep { $_->{held} } @{ $found->{steps} };
    is($found->{rate}, max(0, @held), 'search: the best is the highest that held');
    is($row->{rate}, $found->{rate}, 'search: whose figures are told') if @held;
    is($_->{expected}, $_->{sent}, "search: a step of $_->{rate} a second asks for all answers") for @{ $found->{steps} };
    is(metric_of($page, 'gochat_sessions_confirmed_total'), 50, 'search: no session had to register again');
    like(log_text($program), qr/^highest: step 1: \S+ a second: \d+ of \d+ lost \(\S+ %\), p99 \d+ us: /m, 'search: as text');
    like(log_text($program), qr/the search was interrupted$/m, 'search: and its end');
}

# TERM says that it will be back, and here it is not.
my %said = (
    INT => qr/ended: the bootnode is shutting down/,
    KILL => qr/ended: the bootnode fell silent/,
    TERM => qr/ended: the bootnode fell silent/,
);
for my $signal (sort keys %said) {
    my $bootnode = start_bootnode(config => $config);
    my $two = write_file("$bootnode->{folder}/rows", "--name before --duration 0.5\n--name ended --duration 6\n");
    my $program = start_load("load-$signal", $bootnode, '--sessions', 100, '--room-size', 10, '--rate', 200,
        '--rows', $two);
    my $page = metrics_of($bootnode);
    ok(wait_event($program, { name => 'before', lost => 0 }, 20), "$signal: a row goes well");
    my ($answers, $deadline) = (answers_of($page), now() + slow(10));
    watch_until(now() + 0.02) while answers_of($page) < $answers + KILL_AFTER && now() < $deadline;
    send_signal($bootnode, $signal);
    is(wait_exit($program, 20), STATUS_DISAGREED, "$signal: where the bootnode ends, the exit status says so");
    like(log_text($program), $said{$signal}, "$signal: and a line why");
}

finish();
