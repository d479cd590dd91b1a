#!/usr/bin/perl
# bench/run from end to end, small: it fills a bootnode, measures every row next to its floor, judges, and leaves
# results behind. What the figures are does not matter here.
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
my @environment = map {"$_=$settings{$_}"} sort keys %settings;

sub bench {
    my (@arguments) = @_;
    return run_program(name => 'bench', command => ['env', @environment, "$root/bench/run", @arguments], timeout => 60);
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

my ($usage_status, undef, $usage) = bench('--only', 'X');
is($usage_status, 2, 'an unknown section: usage');
like($usage, qr/^usage: /, 'which is shown');

finish();
