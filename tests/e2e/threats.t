#!/usr/bin/perl
# tests/THREATS.md names the defence and the test of each threat: the files are there, and so are the tests in them.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use Test::More;

my $top = "$FindBin::Bin/../..";

# A test is named as tests/run has it, and in C with its function: "scenario/test_answers: byes".
sub source_of {
    my ($name) = @_;
    my ($source) = grep { -e "$top/tests/$_" } map { "$name.$_" } 'c', 't';
    return $source ? read_file("$top/tests/$source") : undef;
}

my $rows = 0;
for my $line (split /\n/, read_file("$top/tests/THREATS.md")) {
    next if $line !~ /^\|/ || $line =~ /^\|(?:-+\|)+$/ || $line =~ /^\| threat /;
    my @cells = map { s/^\s+|\s+$//gr } split /(?<!\\)\|/, $line;
    shift @cells;
    my $threat = substr $cells[0], 0, 60;
    $rows++;
    is(scalar @cells, 4, "$threat: threat, defence, test, figure") or next;
    my @missing = grep { !-e "$top/$_" && !-e "$top/$_.c" && !-e "$top/$_.h" } $cells[1] =~ /`([^`]+)`/g;
    is("@missing", '', "$threat: the defence is there");
    my @tests = $cells[2] =~ /`([^`]+)`/g;
    ok(@tests > 0, "$threat: has a test");
    for my $test (@tests) {
        my ($name, $function) = split /: /, $test;
        my $source = source_of($name);
        ok(defined $source, "$threat: tests/$name is there") or next;
        like($source, qr/\b\Q$function\E\b/, "$threat: $function is in it") if $function;
    }
    like($cells[3], qr/\d/, "$threat: has a figure");
}
cmp_ok($rows, '>=', 30, 'a table of threats');

done_testing;
