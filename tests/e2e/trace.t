#!/usr/bin/perl
# tests/trace: a scenario leaves the same trace each time, with packets and with what people are told; another seed
# leaves another one, and what differs is named.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Cwd qw(abs_path);
use GoChat::Test;
use Test::More;

my $root = abs_path("$FindBin::Bin/../..");
my $out = $ENV{OUT} // "$root/build";
my $folder = temp_dir();

sub trace {
    my (@arguments) = @_;
    return run_program(name => 'trace', command => ['env', "OUT=$out", 'SEEDS=1 2', "$root/tests/trace", @arguments],
        timeout => 60);
}

sub lines_of {
    my ($name) = @_;
    return [split /^/m, scalar qx(gzip -dc "$folder/$name.gz")];
}

my ($status, $said, $errors) = trace('make', $folder, 'late_names');
is($status, 0, 'it makes traces') or diag($errors);
my @trace = @{ lines_of('late_names.1') };
like($trace[0], qr/^test 1 \w+$/, 'a test begins with its name');
my $packets = grep { /^\d+ [\d.]+:\d+ > [\d.]+:\d+ \d+ [0-9a-f]{16}$/ } @trace;
my $events = grep { /^\d+ \w+: \{"event":"peer-connected",.*\}/ } @trace;
cmp_ok($packets, '>', 10, 'packets are in it');
cmp_ok($events, '>', 1, 'events are in it');
isnt("@trace", "@{ lines_of('late_names.2') }", 'another seed, another trace');

($status, $said) = trace('compare', $folder, 'late_names');
is($status, 0, 'the same again') or diag($said);

my ($line) = grep { $trace[$_] =~ /peer-connected/ } 0 .. $#trace;
$trace[$line] =~ s/peer-connected/peer-disconnected/;
open my $pipe, '|-', "gzip -c > '$folder/late_names.1.gz'" or die "gzip: $!";
print {$pipe} @trace;
close $pipe or die 'gzip';
($status, $said) = trace('compare', $folder, 'late_names');
is($status, 1, 'a difference is an error');
my $at = $line + 1;
like($said, qr/^late_names, seed 1: differs from line $at on, in test \d+ \w+$/m, 'which is named,');
like($said, qr/^ +-\d+ \w+: .*peer-disconnected.*\n +\+\d+ \w+: .*peer-connected/m, 'and shown');
unlike($said, qr/seed 2/, 'and no other');
done_testing();
