#!/usr/bin/perl
# A million nicks and texts from strangers through screen, ncurses and a terminal emulator, on two processors: see
# tests/unit/client/curses/test_hostile_text.c. A sanitized build takes as many as it can in about that time.
use strict;
use warnings;
use Test::More;

my $out = $ENV{OUT} || 'build';
my $program = "$out/tests/unit/client/curses/test_hostile_text";
my $texts = $ENV{SAN} ? 50_000 : 1_000_000;
my $parts = 2;

my @running;
for my $seed (1 .. $parts) {
    local $ENV{GOCHAT_HOSTILE_SEED} = $seed;
    local $ENV{GOCHAT_HOSTILE_TEXTS} = $texts / $parts;
    open my $output, '-|', "$program 2>&1" or die "$program: $!";
    push @running, $output;
}
for my $seed (1 .. $parts) {
    my $output = shift @running;
    my $said = do { local $/; <$output> };
    ok(close($output), "@{[$texts / $parts]} hostile texts, seed $seed, change nothing but their own rows") or diag $said;
}
done_testing();
