#!/usr/bin/perl
# Text of all scripts stands in its columns, in the input line and in what was said, and the cursor where it belongs.
# What the terminal (libvterm) makes of it is compared with how many columns each character takes.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Terminal;
use GoChat::Test;
use Test::More;

use constant { ROWS => 24, COLUMNS => 60 };

# What it is, the text, its columns.
my @texts = (
    ['Latin with accents', 'naïve café', 10],
    ['combining marks', "cafe\x{301} n\x{303}u", 7],
    ['CJK', '漢字かな混じり文', 16],
    ['Hangul', '안녕하세요', 10],
    ['fullwidth forms', 'ＡＢＣ', 6],
    ['emoji', 'tea 🍵 and 🎉', 13],
    ['Hebrew', 'שלום עולם', 9],
    ['Arabic', 'مرحبا', 5],
    ['Greek and Cyrillic', 'Ωμέγα и Юла', 11],
    ['Persian with ZWNJ', "می\x{200c}خواهم", 7],
    ['Devanagari', 'नमस्ते', undef],
    ['Thai', 'สวัสดี', undef],
    ['all at once', "a漢e\x{301}🍵ש", 7],
);

my $bootnode = start_bootnode();
my %common = (bootnode => $bootnode, room => 'tea', rows => ROWS, columns => COLUMNS, config => 'members = off');
my $alice = start_terminal(name => 'alice', %common);
my $bob = start_terminal(name => 'bob', %common);
ok(wait_screen($alice, qr/bob#\w+ is here/, 10), 'alice and bob are connected');
my $prompt = length 'tea alice> ';

# The column of the bar between what is said and the list of members, as the terminal counts.
sub bar_of {
    my ($runs) = @_;
    my ($column, $bar) = (0, undef);
    for my $run (@$runs) {
        $bar = $column if $run->[0] =~ /^│/;
        $column += $run->[1];
    }
    return $bar;
}

for my $case (@texts) {
    my ($what, $text, $columns) = @$case;
    press($alice, 'Alt-R');
    type_text($alice, $text . '|');
    wait_state($alice, sub { $_[0]{rows}[-1] =~ /> \Q$text\E\|$/ }, 5, "shows $what") or next;
    pass("$what: typed");
    settle($alice); # the cursor comes last in a frame
    my $cursor = screen_state($alice)->{cursor};
    is($cursor->[0], ROWS - 1, "$what: the cursor is in the input line");
    is($cursor->[1], $prompt + $columns + 1, "$what: and behind its $columns columns") if defined $columns;
    press($alice, 'Left', 'Home', 'Right');
    settle($alice);
    cmp_ok((cursor($alice))[1], '>', $prompt, "$what: one to the right of the start");
    press($alice, 'Home', 'Delete');
    ok(wait_state($alice, sub { $_[0]{rows}[-1] !~ /> \Q$text\E/ }, 5, 'deletes a whole cluster'), "$what: deleted");
    settle($alice);
    my @state = @{ screen_state($alice)->{cursor} };
    is($state[1], $prompt, "$what: the cursor is at the start");
    press($alice, 'Ctrl-_');
    ok(wait_state($alice, sub { $_[0]{rows}[-1] =~ /> \Q$text\E\|$/ }, 5, 'undo'), "$what: and undone");
    press($alice, 'Enter');
    ok(wait_screen($bob, qr/\Q$text\E\|/, 5), "$what: bob reads it");
}

# What stands behind a text on its row is where it is on a row without any.
type_text($alice, "/set members on\r");
ok(wait_screen($alice, qr/│ 2 members$/m, 5), 'the members are listed');
settle($alice);
my $state = screen_cells($alice);
my $bar = bar_of($state->{cells}[1]);
cmp_ok($bar, '>', COLUMNS / 2, 'beside the lines');
my @shown = grep { $state->{rows}[$_] =~ /\|/ } 1 .. ROWS - 3;
cmp_ok(scalar @shown, '>=', @texts / 2, 'of which many have been said');
is(bar_of($state->{cells}[$_]), $bar, "row $_: the bar stands where it does elsewhere") for @shown;
type_text($alice, "/set members off\r");

# --- words without an end --------------------------------------------------------------------------------------------

for my $case (['letters', 'x', 4000], ['CJK', '漢', 1333], ['emoji', '🍵', 1000]) {
    my ($what, $letter, $count) = @$case;
    press($alice, 'Alt-R');
    type_text($_, "/clear\r") for $alice, $bob;
    paste($alice, $letter x $count . '|');
    my $shown = wait_state($alice, sub { $_[0]{rows}[-1] =~ /\Q$letter\E\|$/ }, 5, 'shows its end');
    ok($shown, "a word of 4,000 bytes, $what: its end is in the input line");
    cmp_ok($shown->{cursor}[1], '<', COLUMNS, "$what: and the cursor within it") if $shown;
    press($alice, 'Home');
    ok(wait_state($alice, sub { $_[0]{cursor}[1] == $prompt && $_[0]{rows}[-1] =~ /> \Q$letter\E/ }, 5, 'scrolls back'),
        "$what: the start, too");
    press($alice, 'Enter');
    ok(wait_screen($bob, qr/\Q$letter\E\|/, 5), "$what: bob has it whole");
    settle($bob);
    my @rows = screen($bob);
    my @full = grep {/(?:\Q$letter\E){15}/} @rows;
    cmp_ok(scalar @full, '>=', ROWS / 2, "$what: over many rows");
    my %lengths = map { length($_) => 1 } @full[1 .. $#full - 1];
    is(scalar keys %lengths, 1, "$what: of the same length");
}

# --- what is no text -------------------------------------------------------------------------------------------------

my $mallory = start_client(name => 'mallory', bootnode => $bootnode, room => 'tea');
ok(wait_screen($bob, qr/mallory#\w+ is here/, 10), 'mallory comes');

# What is typed or pasted is what is said.
my @said = (
    "می\x{200c}خواهم",
    "\x{dc1}\x{dca}\x{200d}\x{dbb}\x{dd3} क्\x{200d}ष",
    "\x{1f3f4}\x{e0067}\x{e0062}\x{e0073}\x{e0063}\x{e0074}\x{e007f}\x{1fae9}\x{378}\x{e000}",
    "Donau\x{ad}dampf 辻\x{e0100} \x{202e}x\x{feff}",
);
for my $text (@said) {
    type_text($bob, "$text\r");
    ok(wait_event($mallory, { event => 'message', text => $text }, 5), 'typed: said as it is');
    paste($bob, $text);
    type_text($bob, ".\r");
    ok(wait_event($mallory, { event => 'message', text => "$text." }, 5), 'pasted: said as it is');
}

type_text($bob, "/clear\r");
settle($bob);
forget($bob);
my $modes = modes($bob);
my @bad = ("\e[2J\e[H", "\e]0;owned\a", "\e]52;c;aGk=\a", "\x{9b}31m", "\x{202e}drawkcab", "a\x{200b}b", "\x07\x08\x7f", "\x{feff}x");
send_line($mallory, Encode::encode('UTF-8', "$_ marked")) for @bad;
ok(wait_state($bob, sub { (() = join("\n", @{ $_[0]{rows} }) =~ /marked/g) == @bad }, 5, 'shows all of it'),
    'control and bidi characters of a peer are shown as text');
is_deeply([commands($bob)], [], 'and do nothing to the terminal');
is(modes($bob), $modes, 'not to its modes');
is(bells($bob), 0, 'nor ring');
is(title($bob), '', 'nor to its title');

finish();
