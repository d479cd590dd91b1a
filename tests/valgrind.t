#!/usr/bin/perl
# Every unit test under valgrind: no error, and not a byte left at the end.
use strict;
use warnings;
use Test::More;

plan skip_all => 'a sanitized build' if $ENV{SAN};
my $out = $ENV{OUT} || 'build';
my @programs = map { m{^(.+)\.c$} ? "$out/$1" : () } sort glob 'tests/unit/*/test_*.c tests/unit/*/*/test_*.c';
plan skip_all => 'no unit tests' if !@programs;

my @valgrind = qw(valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=all
    --errors-for-leak-kinds=all --fair-sched=try --suppressions=tests/suppressions/valgrind);

for my $program (@programs) {
    my ($name) = $program =~ m{tests/unit/(.+)$};
    my $report = qx{@valgrind $program 2>&1};
    ok($? == 0, $name) or diag "status @{[$? >> 8]}\n$report";
}
done_testing();
