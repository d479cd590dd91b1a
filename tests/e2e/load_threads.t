#!/usr/bin/perl
# gochat-load in several threads: together they have the sessions, send the requests and keep the rate that one would,
# the bootnode counts what they count, and what ends one ends all.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Basename qw(dirname);
use GoChat::Test;
use HTTP::Tiny;
use Test::More;

use constant { SESSIONS => 150, ROOM_SIZE => 8, ROOMS => 19, RATE => 301, SILENT_PERCENT => 20 };

my $load = dirname(gochat()) . '/gochat-load';
my $config = "workers = 2\nlimit_loopback = no\nsessions_per_source = 0\nmetrics = 127.0.0.1:0";

sub start_load {
    my ($name, $bootnode, @arguments) = @_;
    return start_program(name => $name, json => 1, command => [$load, '--bootnode', $bootnode->{address},
        '--sessions', SESSIONS, '--json', '-', '--answers', 'every', @arguments]);
}

sub metrics_of {
    my ($bootnode) = @_;
    my $line = wait_log($bootnode, qr{metrics on http://\S+/metrics}, 5) or die "no metrics\n";
    return $line->{text} =~ m{http://(\S+)/metrics} ? $1 : die 'no address';
}

sub metric {
    my ($page, $name) = @_;
    my $text = HTTP::Tiny->new(timeout => slow(5))->get("http://$page/metrics")->{content};
    return $text =~ /^\Q$name\E (\d+)/m ? $1 : die "no $name in:\n$text";
}

# All that do the work but the first, which is the program's own and may have others beside it.
sub helpers_of {
    my ($program) = @_;
    return scalar grep { read_file($_) =~ /^load-\d+$/ } glob "/proc/$program->{pid}/task/*/comm";
}

sub row_named {
    my ($program, $name, $timeout) = @_;
    my $row = wait_event($program, { name => $name }, $timeout) // die "no row $name\n";
    is_deeply($row->{disagreements}, [], "$name: nothing disagrees");
    is($row->{sessions}, SESSIONS, "$name: all sessions");
    is($row->{answered} + $row->{lost}, $row->{expected}, "$name: every request is answered once, or lost");
    # As fast as possible may be faster than a busy machine.
    # A sanitized build may be a second late; it looks for races, not for speed.
    cmp_ok($row->{lost}, '<=', $ENV{SAN} ? $row->{expected} / 20 : 0, "$name: no answer is lost") if $name ne 'fast';
    is($row->{$_}, 0, "$name: $_ 0") for qw(announce_missing expired_wrong);
    return $row;
}

my $folder = temp_dir();
my $rows = write_file("$folder/rows", <<"END");
--name answered --rate @{[RATE]} --duration 2
--name still --rate @{[RATE]} --duration 5
--name churn --rate @{[RATE]} --duration 3 --churn 4
--name silent --rate @{[RATE]} --duration 1 --silent @{[SILENT_PERCENT]}
--name rebind --rate @{[RATE]} --duration 1 --rebind
--name beside --stun --rate @{[RATE]} --duration 1
--name fast --max --duration 0.3
END

for my $threads (2, 3) {
    my $bootnode = start_bootnode(config => $config);
    my $page = metrics_of($bootnode);
    my $program = start_load("load-$threads", $bootnode, '--threads', $threads, '--room-size', ROOM_SIZE, '--metrics', $page, '--pid',
        $bootnode->{pid}, '--rows', $rows);

    my $row = row_named($program, 'answered', 30);
    is(helpers_of($program), $threads - 1, "$threads threads");
    is($row->{registered}, SESSIONS, 'each session is registered once');
    is(metric($page, 'gochat_sessions'), SESSIONS, 'and lives at the bootnode');
    is(metric($page, 'gochat_rooms'), ROOMS, 'rooms are whole');
    ok($row->{server}{cpu_ns} > 0, 'the server is looked at once');
    cmp_ok($row->{sent}, '<=', 2 * RATE + 1, 'no more than the rate is sent');
    row_named($program, 'still', 30); # in which nobody leaves while the page is read

    $row = row_named($program, 'churn', 30);
    # 4 % a second, for 3 s.
    cmp_ok($row->{registered}, '<=', SESSIONS * 0.12 + 1, 'no more than asked set out');
    cmp_ok($row->{registered}, '>=', SESSIONS * 0.04, "$row->{registered} left and came back");

    $row = row_named($program, 'silent', 60);
    my $silent = SESSIONS * SILENT_PERCENT / 100;
    # Every room is watched, and one in which chance took nobody loses somebody, too.
    cmp_ok($row->{expired_expected}, '>=', $silent, "$row->{expired_expected} fell silent");
    cmp_ok($row->{expired_expected}, '<=', $silent + ROOMS, 'and no more than that and one a room');
    is($row->{expired_seen}, $row->{expired_expected}, 'all of them were seen');
    $silent = $row->{expired_expected};

    $row = row_named($program, 'rebind', 30);
    is($row->{registered}, $silent, 'who had fallen silent is back');
    $row = row_named($program, 'beside', 30);
    cmp_ok($row->{sent}, '<=', RATE + 1, 'nor beside the fleet');
    $row = row_named($program, 'fast', 30);
    ok($row->{sent} > 0, 'as fast as possible');
    is(wait_exit($program, 10), 0, 'everything agreed');
}

my $bootnode = start_bootnode(config => $config);

# Requests without sessions: the very number, though no thread has a third of it.
my $program = start_program(name => 'stun', json => 1, command => [$load, '--to', $bootnode->{address}, '--stun',
    '--threads', 3, '--rate', 100, '--duration', 0.5, '--json', '-']);
my $stun = wait_event($program, { name => 'stun' }, 10) // die "no row\n";
is($stun->{sent}, 50, 'requests in all');
is($stun->{answered}, 50, 'answers in all');
is(wait_exit($program, 10), 0, 'status 0');

# A room is one thread's.
$program = start_load('few', $bootnode, '--threads', 8, '--room-size', 80, '--rate', 50, '--duration', 1);
row_named($program, 'beats', 20);
is(wait_exit($program, 10), 0, 'two rooms, eight threads');

# An interrupt ends all of them.
$program = start_load('cut', $bootnode, '--threads', 3, '--duration', 60, '--rows',
    write_file("$folder/cut", "--name before --duration 0.2\n--name cut\n"));
wait_event($program, { name => 'before' }, 20);
my ($page, $deadline) = (metrics_of($bootnode), now() + slow(20));
my $answers = metric($page, 'gochat_beat_ack_total');
watch_until(now() + 0.02) while metric($page, 'gochat_beat_ack_total') == $answers && now() < $deadline;
send_signal($program, 'INT');
my $cut = wait_event($program, { name => 'cut' }, 10) // { sessions => 'no row' };
is($cut->{sessions}, SESSIONS, 'interrupted: what there is is reported');
is(wait_exit($program, 10), 130, 'interrupted: status 130');

# The bootnode does not answer one of them, nor the others: one line.
send_signal($bootnode, 'KILL');
wait_exit($bootnode, 10);
my ($status, $out, $err) = run_program(name => 'nobody', timeout => 60, command => [$load, '--to', $bootnode->{address},
    '--stun', '--threads', 3, '--rate', 100, '--duration', 0.2, '--json', "$folder/nobody.json"]);
is($status, 3, 'nobody there: status 3');
is(($err =~ tr/\n//), 1, 'nobody there: one line') or diag($err);

finish();
