#!/usr/bin/perl
# Two people chat on terminals of three sizes: the screens are the stored ones (tests/e2e/screens; GOCHAT_RECORD=1
# writes them anew). And whatever sizes the terminal goes through, the screen is what it would have been drawn at once.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Terminal;
use GoChat::Test;
use Test::More;

use constant { RESIZES => 100, COMPARED_EVERY => 5, SEED => 4 };

my $screens = "$FindBin::Bin/screens";
my $bootnode = start_bootnode();
my @folders = map { known_identity($_) } 1, 2;
my $alice = start_terminal(name => 'alice', bootnode => $bootnode, room => 'tea', data_dir => "$folders[0]");
ok(wait_screen($alice, qr/registered at/, 10), 'alice is registered');
my $bob = start_terminal(name => 'bob', bootnode => $bootnode, room => 'tea', data_dir => "$folders[1]", rows => 10,
    columns => 40);
ok(wait_screen($alice, qr/bob#\w+ is here/, 10), 'bob comes');
ok(wait_screen($bob, qr/alice/, 10), 'and sees alice');

# Times, ports, the day and round trips become something as wide.
sub normalise {
    my ($row) = @_;
    $row =~ s/\b\d\d:\d\d\b/00:00/g;
    $row =~ s/(127\.0\.0\.1:)\d{5}/${1}00000/;
    $row =~ s/^( *── \w+, \d+ \w+ \d{4} ── *)(?=│|$)/sprintf '%-*s', length $1, '(day)'/e;
    $row =~ s/\([^()]*?[\d.]+ ms\)/(direct)/;
    $row =~ s/ +[\d.]+ ms$//;
    return $row =~ s/ +$//r;
}

sub say_from {
    my ($from, $to, $text) = @_;
    type_text($from, $text);
    press($from, 'Enter');
    my $end = substr $text, -5; # wrapped wherever
    ok(find_text($to, 'any', $end, 5), "heard: $text");
    return;
}

press($_, 'Alt-R') for $alice, $bob;
type_text($_, "/clear\r") for $alice, $bob;
settle($_) for $alice, $bob;
say_from($alice, $bob, 'Hello Bob. The bootnode introduced us, and knows neither our names nor these words.');
say_from($bob, $alice, 'Hello Alice.');
say_from($alice, $bob, '漢字 and 🍵, naïve café, שלום and ' . 'a-word-without-an-end-' x 4 . 'which ends here.');
say_from($bob, $alice, '/me pours tea');
say_from($bob, $alice, 'alice: a cup for you?');
say_from($alice, $bob, "Yes, please.");
ok(wait_screen($alice, qr/Yes, please\. ✓/, 5), 'alice knows that bob has it');
ok(wait_screen($bob, qr/cup for you\?\s+✓/, 5), 'and bob that alice has');
type_text($_, 'half a li') for $alice, $bob;
ok(wait_screen($_, qr/half a li$/, 5), 'both type') for $alice, $bob;

picture_is($alice, "$screens/80x24.txt", \&normalise, 'alice at 80×24');
picture_is($bob, "$screens/40x10.txt", \&normalise, 'bob at 40×10');
resize($alice, 60, 200);
ok(wait_state($alice, sub { $_[0]{cursor}[0] == 59 }, 5, 'has 60 rows'), 'alice has 60 rows now');
settle($alice);
picture_is($alice, "$screens/200x60.txt", \&normalise, 'alice at 200×60');
my $carol = start_terminal(name => 'alice', bootnode => $bootnode, room => 'elsewhere', rows => 5, columns => 20);
ok(wait_screen($carol, qr/a>/, 10), 'a terminal of 20 columns and 5 rows');
resize($carol, 1, 10);
ok(wait_state($carol, sub { $_[0]{rows}[0] =~ />/ }, 5, 'has its input line'), 'and one of a single row');

# --- sizes -----------------------------------------------------------------------------------------------------------

sub is_as_fresh {
    my ($what) = @_;
    settle($alice);
    my $resized = screen_cells($alice);
    press($alice, 'Ctrl-L');
    settle($alice);
    my $fresh = screen_cells($alice);
    return pass($what) if steady_cells($resized) eq steady_cells($fresh);
    return fail_screen($alice, $what, 'before it was drawn anew:', map {"  |$_"} @{ $resized->{rows} });
}

# What comes while alice's screen is compared with itself would be a difference.
sub bob_says {
    my ($text) = @_;
    type_text($bob, "\x15$text\r");
    return wait_screen($bob, qr/\Q$text\E\s+✓/, 5);
}

resize($alice, 24, 80);
settle($alice);
my $before = screen_cells($alice);
srand SEED;
for my $turn (1 .. RESIZES) {
    my ($rows, $columns) = (1 + int rand 70, 1 + int rand 220);
    resize($alice, $rows, $columns);
    bob_says("resize $turn") if $turn == RESIZES / 2;
    is_as_fresh("$turn sizes, now $columns×$rows: as drawn at once") if $turn % COMPARED_EVERY == 0;
}
resize($alice, 24, 80);
is_as_fresh('back at 80×24: as drawn at once');
ok(wait_screen($alice, qr/resize 50/, 5), 'what was said meanwhile is there');

# The lines of the room, without the day, and what is empty.
sub lines_of {
    my ($state) = @_;
    my @rows = map { normalise($_) } @{ $state->{rows} };
    return grep { !/resize 50|\(day\)|^$/ } @rows;
}

ok(wait_screen($alice, qr/> half a li$/, 5), 'the input line shows from its start again');
is_deeply([lines_of(screen_state($alice))], [lines_of($before)], 'no line is lost or garbled');

finish();
