#!/usr/bin/perl
# Twenty thousand living sessions, and floods of each kind at twice what the worker takes: nobody is forgotten, nor
# announced as left; newcomers get in. It is bench/run's overload, small; how fast anything was is no test.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Cwd qw(abs_path);
use GoChat::Test;
use JSON::PP ();
use Test::More;

use constant { SESSIONS => 20_000, FLOOD_SECONDS => 20, TIMEOUT => 1800 };

my $root = abs_path("$FindBin::Bin/../..");
my ($cores) = read_file('/proc/self/status') =~ /^Cpus_allowed_list:\s*(\S+)/m;
plan skip_all => 'one core: the server has one, the load another' if $cores !~ /[-,]/;

my $folder = temp_dir();
my %settings = (OUT => $ENV{OUT} // "$root/build", GOCHAT => gochat(), GOCHAT_LOAD => gochat() . '-load',
    BENCH_RESULTS => "$folder", BENCH_SESSIONS => SESSIONS, BENCH_FLOOD_SECONDS => FLOOD_SECONDS);
my ($status, $table, $errors) = run_program(name => 'bench', timeout => TIMEOUT, command => ['env',
    (map {"$_=$settings{$_}"} sort keys %settings), "$root/bench/run", '--only', 'overload']);
is($status, 0, 'it measures') or diag($errors);
diag($table);

my $overload = JSON::PP::decode_json(read_file("$folder/overload.json"))->{overload};
is(scalar @{ $overload->{sizes} }, 1, 'one size');
my $size = $overload->{sizes}[0];
is($size->{sessions}, SESSIONS, 'so many sessions');
is(join(' ', map { $_->{name} } @{ $size->{floods} }), 'stun hello register forged junk aimed relay', 'each flood');
for my $flood (@{ $size->{floods} }) {
    cmp_ok($flood->{sent_per_s}, '>', $flood->{capacity_per_s}, "$flood->{title}: more than the worker takes");
    is($flood->{forgotten}, 0, "$flood->{title}: nobody is forgotten");
    is($flood->{announced}, 0, "$flood->{title}: nobody is announced as left");
    is($flood->{$_}, 0, "$flood->{title}: $_ 0") for qw(expired replaced crowded_out);
    cmp_ok($flood->{newcomers_per_s}, '>', 0, "$flood->{title}: newcomers get in");
}
cmp_ok($size->{beats}{reached}, '>', 1, 'beats: more than the worker takes');
is($size->{beats}{$_}, 0, "beats: $_ 0") for qw(forgotten announced);
is(scalar @{ $overload->{hammer}{kinds} }, 6, 'one source hammers with each kind that needs no session');
is($_->{forgotten}, 0, "one source, $_->{title}: nobody is forgotten") for @{ $overload->{hammer}{kinds} };
finish();
