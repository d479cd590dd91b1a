#!/usr/bin/perl
# bench/run from end to end, small: it fills a bootnode, measures every row next to its floor, judges, and leaves
# results behind, also where it is cut. What the figures are does not matter here.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Cwd qw(abs_path);
use GoChat::Test;
use JSON::PP ();
use Test::More;

my $root = abs_path("$FindBin::Bin/../..");
my $out = $ENV{OUT} // "$root/build";
my ($cores) = read_file('/proc/self/status') =~ /^Cpus_allowed_list:\s*(\S+)/m;
plan skip_all => 'one core: the server has one, the load another' if $cores !~ /[-,]/;
plan skip_all => 'gnuplot (package gnuplot-nox) is not installed'
    unless grep { -x "$_/gnuplot" } split /:/, $ENV{PATH};

my $folder = temp_dir();
my %settings = (OUT => $out, GOCHAT => gochat(), GOCHAT_LOAD => gochat() . '-load', BENCH_RESULTS => "$folder",
    BENCH_SESSIONS => 2000, BENCH_RUNS => 1, BENCH_SECONDS => 1);

sub command {
    my ($other, @arguments) = @_;
    my %environment = (%settings, %$other);
    return ['env', map({"$_=$environment{$_}"} sort keys %environment), "$root/bench/run", @arguments];
}

sub bench {
    my (@arguments) = @_;
    return run_program(name => 'bench', command => command({}, @arguments), timeout => 180);
}

my ($status, $table, $errors) = bench('--only', 'A');
is($status, 0, 'it measures') or diag($errors);
my $results = JSON::PP::decode_json(read_file("$folder/bench.json"));
my @names = map { $_->{name} } @{ $results->{packets} };
is("@names", 'one-way-floor one-way echo-floor answered stun', 'every row');
for my $row (@{ $results->{packets} }) {
    cmp_ok($row->{cpu_ns}{median}, '>', 0, "$row->{name}: time per packet");
    cmp_ok($row->{per_s}{median}, '>', 0, "$row->{name}: packets a second");
    next unless $row->{floor};
    my ($floor) = grep { $_->{name} eq $row->{floor} } @{ $results->{packets} };
    cmp_ok(abs($row->{ratio}{median} - $row->{cpu_ns}{median} / $floor->{cpu_ns}{median}), '<', 1e-9,
        "$row->{name}: of one round, the ratio is that of the times");
}
is_deeply($results->{disagreements}, [], 'the load generator and the bootnode agree');
is(scalar @{ $results->{goals} }, 3, 'the goals of what was measured');
is($results->{settings}{sessions}, 2000, 'so many sessions');
like($results->{machine}{kernel}, qr/^Linux /, 'on this machine');
like($table, qr/heartbeat, one way +\d+/, 'the table is printed');
is(read_file("$folder/bench.txt"), $table, 'and kept');
like(read_file("$folder/packets.svg"), qr{</svg>\s*\z}, 'a plot');

cmp_ok($results->{steps}{packets}{seconds}, '>', 0, 'and how quiet the machine was during a step');

# Cut in its second round, it keeps the first, and all that it started is gone.
my $cut_folder = temp_dir();
my $cut = start_program(name => 'cut', command => command({ BENCH_RUNS => 1000, BENCH_RESULTS => "$cut_folder" },
    '--only', 'A'));
ok(wait_log($cut, qr/packets: round 1 of 1000/, 180), 'a round of many');
my @started = grep { $_ ne '' } split ' ', read_file("/proc/$cut->{pid}/task/$cut->{pid}/children");
cmp_ok(scalar @started, '>=', 4, 'a bootnode, a load and two floors');
send_signal($cut, 'INT');
is(wait_exit($cut, 60), 130, 'a signal cuts it');
my $kept = JSON::PP::decode_json(read_file("$cut_folder/bench.json"));
cmp_ok(scalar @{ $kept->{packets}[0]{rounds} }, '>=', 1, 'what was measured is kept');
like($kept->{cut}, qr/cut by a signal/, 'as what is not whole');
like(read_file("$cut_folder/bench.txt"), qr/^NOT WHOLE: /m, 'which the table says');
ok(!grep({ -d "/proc/$_" } @started), 'and nothing of it runs on');

# Where one section fails, the next one is measured all the same: here, where nobody says what four X25519 cost.
my ($without, $failed_folder) = (temp_dir(), temp_dir());
my $failed = start_program(name => 'failed', command => command(
    { OUT => "$without", BENCH_RESULTS => "$failed_folder" }, '--only', 'B,F'));
is(wait_exit($failed, 300), 1, 'one of two sections fails');
$kept = JSON::PP::decode_json(read_file("$failed_folder/bench.json"));
like($kept->{cut}, qr/^registrations: .* four X25519/, 'which is said');
my $half = $kept->{workers}{half};
is(scalar @{ $half->{rounds} }, 1, 'and the other one is measured');
cmp_ok($half->{per_s}{median}, '>', 0, 'beats went');
cmp_ok($half->{rtt_us}{p50}{median}, '>', 0, 'and were answered');
# A busy machine may cost some.
cmp_ok($half->{lost}, '<', $half->{per_s}{median} / 2, 'most of them');

# Killed, it can end nobody itself.
my $killed = start_program(name => 'killed', command => command({}, '--only', 'competitors'));
ok(wait_log($killed, qr/^bench\/run: competitors$/, 180), 'the competitors are next');
my @competing;
ok(wait_until(sub { @competing = grep { competes($_) } children($killed) }, 180), 'they compete');
send_signal($killed, 'KILL');
wait_exit($killed, 10);
ok(wait_until(sub { !grep { -d "/proc/$_" && competes($_) } @competing }, 10), 'and end with it');

sub children {
    my ($program) = @_;
    my $list = "/proc/$program->{pid}/task/$program->{pid}/children";
    return -e $list ? split(' ', read_file($list)) : ();
}

sub competes {
    my ($pid) = @_;
    return -r "/proc/$pid/cmdline" && read_file("/proc/$pid/cmdline") =~ /1 while 1/;
}

my ($usage_status, undef, $usage) = bench('--only', 'X');
is($usage_status, 2, 'an unknown section: usage');
like($usage, qr/^usage: /, 'which is shown');

finish();
