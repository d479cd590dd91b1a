#!/usr/bin/perl
# gochat-load against bench/floor, where every packet can be accounted for: what it sent, what came back, what it says of
# the server, and what a user can get wrong. How fast anything was is no test.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Basename qw(dirname);
use GoChat::Test;
use JSON::PP;
use Test::More;

use constant { RATE => 500, SECONDS => 1 };

my $load = dirname(gochat()) . '/gochat-load';
my $floor = ($ENV{OUT} // "$FindBin::Bin/../../build") . '/bench/floor';
plan skip_all => "$floor is not built (make benchmarks)" unless -x $floor;
my $folder = temp_dir();

sub start_floor {
    my ($name, @flags) = @_;
    my $program = start_program(name => $name, command => [$floor, '--listen', '127.0.0.1:0', @flags]);
    my $line = wait_line($program, qr/listening on/, 10) or die "nothing works without a floor\n";
    ($program->{address}) = $line->{text} =~ /on (\S+)/;
    return $program;
}

# (status, the rows that it reported, standard error)
sub load {
    my ($input, @arguments) = @_;
    my ($status, $out, $err) = run_program(name => 'load', command => [$load, @arguments, '--json', '-'],
        input => $input, timeout => 30);
    my @rows = map { eval { decode_json($_) } // fail("JSON: $_") } split /\n/, $out;
    return ($status, \@rows, $err);
}

my $sink = start_floor('sink');
my $echo = start_floor('echo', '--echo');
my @paced = ('--raw', 40, '--rate', RATE, '--duration', SECONDS);

my ($status, $rows, $err) = load('', '--to', $sink->{address}, @paced, '--pid', $sink->{pid}, '--name', 'one-way');
my $row = $rows->[0];
is($status, 0, 'one way: status 0') or diag($err);
is(@$rows, 1, 'one row');
is($err, '', 'quiet on standard error');
is($row->{name}, 'one-way', 'its name');
is($row->{sent}, RATE * SECONDS, 'as many were sent as the rate says');
is($row->{answered} + $row->{lost} + $row->{expected}, 0, 'and nothing expected');
is($row->{server}{packets}, RATE * SECONDS, 'all arrived');
is($row->{server}{dropped}, 0, 'none was dropped');
ok($row->{server}{cpu_ns} > 0 && $row->{server}{rss_bytes} > 0, 'the server used a processor and memory');
is_deeply($row->{disagreements}, [], 'no disagreement');

($status, $rows, $err) = load('', '--to', $echo->{address}, @paced, '--echoed', '--sources', '127.7.7.0/29');
$row = $rows->[0];
is($status, 0, 'echoed: status 0') or diag($err);
is($row->{sent}, RATE * SECONDS, 'echoed: sent');
is($row->{expected}, RATE * SECONDS, 'echoed: expected');
is($row->{answered}, RATE * SECONDS, 'echoed: answered');
is($row->{lost}, 0, 'echoed: lost');
ok($row->{rtt_us}{p50} > 0, 'echoed: it took time');
ok($row->{rtt_us}{p50} <= $row->{rtt_us}{p99} && $row->{rtt_us}{p99} <= $row->{rtt_us}{max}, 'echoed: in order');
ok(!exists $row->{server}, 'without --pid nothing is said of the server');

# As fast as possible, so that bursts and segments of all sizes go, in rows of one run.
my $lines = "--name fast --raw 12 # the least\n\n# a comment\n--name large --raw 1200 --echoed\n--name tail --rate 100";
($status, $rows, $err) = load($lines, '--to', $echo->{address}, '--raw', 40, '--echoed', '--duration', 0.2, '--rows', '-');
is($status, 0, 'rows: status 0') or diag($err);
is_deeply([map { $_->{name} } @$rows], ['fast', 'large', 'tail'], 'rows in their order');
is($_->{answered} + $_->{lost}, $_->{sent}, "row $_->{name}: every request is answered or lost") for @$rows;
ok($rows->[0]{answered} > 0 && $rows->[1]{answered} > 0, 'rows: as fast as possible sends');
is($rows->[2]{sent}, 20, 'rows: the last line needs no end');

my $json = "$folder/result.json";
($status) = run_program(name => 'file', timeout => 30, command => [$load, '--to', $echo->{address}, '--raw', 40, '--echoed',
    '--rate', 100, '--duration', 0.1, '--json', $json]);
is($status, 0, 'into a file: status 0');
is(decode_json(read_file($json))->{answered}, 10, 'into a file: the result');

($status, my $two) = run_program(name => 'file', timeout => 30, command => [$load, '--to', $echo->{address}, '--raw', 40,
    '--echoed', '--rate', 200, '--duration', 0.1, '--json', '-']);
my ($merge_status, $merged) = run_program(name => 'merge', timeout => 30, input => $two,
    command => [$load, '--merge', '--json', '-', $json, '-']);
is($merge_status, 0, 'merged: status 0');
is(decode_json($merged)->{rtt_us}{count}, 30, 'merged: all answers');
is(scalar @{ decode_json($merged)->{runs} }, 2, 'merged: of two runs');

my ($text_status, $text) = run_program(name => 'text', timeout => 30,
    command => [$load, '--to', $echo->{address}, '--raw', 40, '--echoed', '--rate', 100, '--duration', 0.1]);
like($text, qr/^raw: 10 sent .* 10 answered, 0 lost$/m, 'as text');

# --- what can go wrong -----------------------------------------------------------------------------------------------

sub refused {
    my ($what, $wanted, $patterns, @arguments) = @_;
    my ($got, $out, $complaint) = run_program(name => 'refused', command => [$load, @arguments], input => '', timeout => 30);
    is($got, $wanted, "$what: status $wanted");
    is(($complaint =~ tr/\n//), 1, "$what: one line");
    like($complaint, $_, "$what: the line says so") for @$patterns;
}

refused('nothing', 2, [qr/--bootnode/, qr/expected HOST or HOST:PORT/]);
refused('an unknown flag', 2, [qr/--fast/, qr/--help/], '--fast');
refused('a wrong number', 2, [qr/--rate/, qr/'many'/, qr/expected/], '--to', '127.0.0.1:1', '--stun', '--rate', 'many');
refused('a name that is none', 2, [qr/--dns/, qr/a\.\.b/], '--to', '127.0.0.1:1', '--dns', 'a..b');
refused('a source of another family', 2, [qr/2001:db8::1/], '--to', '127.0.0.1:1', '--stun', '--sources', '2001:db8::/64');
refused('no such process', 2, [qr/--pid 4194304/], '--to', '127.0.0.1:1', '--stun', '--pid', 4194304);
refused('rows that are not there', 2, [qr/--rows/, qr/none/], '--to', '127.0.0.1:1', '--rows', "$folder/none");
my $bad = write_file("$folder/rows", "# first\n--stun --speed 5\n");
refused('a file that cannot be had', 2, [qr/--json/, qr/none/], '--to', $sink->{address}, @paced, '--json',
    "$folder/none/result.json");
refused('a file that takes nothing', 2, [qr{--json '/dev/full'}, qr/space/], '--to', $sink->{address}, @paced, '--json',
    '/dev/full');
refused('no result to merge', 2, [qr/--merge/, qr/none/], '--merge', "$folder/none");
refused('nothing to merge', 2, [qr/--merge/, qr/expected files/], '--merge');
refused('what is no result', 2, [qr/\Q$bad\E:1/, qr/expected/], '--merge', $bad);
refused('a wrong row', 2, [qr/\Q$bad\E:2/, qr/--speed/], '--to', '127.0.0.1:1', '--rows', $bad);
refused('nobody there', 3, [qr/127\.0\.0\.1:/, qr/came back|answer/], '--to', '127.0.0.1:' . free_port(), '--stun',
    '--rate', 100, '--duration', 0.1, '--json', "$folder/nobody.json");
refused('no tracker there', 3, [qr/tracker/], '--to', $sink->{address}, '--tracker', '--duration', 0.1);

for my $flag ('--help', '--version') {
    my ($got, $out, $complaint) = run_program(name => 'asked', command => [$load, $flag]);
    is($got, 0, "$flag: status 0");
    like($out, qr/gochat-load/, "$flag: answers on standard output");
    is($complaint, '', "$flag: nothing on standard error");
}

# The first signal ends the row, which is reported as one that was cut.
my $long = start_program(name => 'long', json => 1, command => [$load, '--rows', '-', '--to', $echo->{address}, '--raw', 40,
    '--echoed', '--json', '-']);
send_line($long, '--name short --rate 100 --duration 0.1');
my $short = wait_event($long, { name => 'short' }, 10);
send_line($long, '--name long --rate 100 --duration 600');
my $seen = now() + slow(10);
watch_until(now() + 0.05) while now() < $seen && sockets_of($long) == 0;
send_signal($long, 'INT');
my $cut = wait_event($long, { name => 'long' }, 10);
ok($cut->{interrupted}, 'interrupted: the row says so');
is($cut->{sent} + $cut->{unsent} + $cut->{never_due}, 100 * 600, 'every request was sent, or not sent, or never due');
is($cut->{lost}, 0, 'what was sent was answered');
ok(!$short->{interrupted}, 'interrupted: the row before was not');
is(wait_exit($long, 10), 130, 'interrupted: status 130');

# The row has begun once it has its sockets.
sub sockets_of {
    my ($program) = @_;
    return grep { (readlink($_) // '') =~ /^socket:/ } glob "/proc/$program->{pid}/fd/*";
}

finish();
