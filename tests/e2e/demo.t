#!/usr/bin/perl
# `make run` (client/demo/demo.sh): any number of times, several at once, left in every way. Nobody is taken for an
# impostor, and nothing stays behind.
use strict;
use warnings;
use utf8;
use Cwd qw(abs_path);
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Terminal;
use GoChat::Test;
use Test::More;

use constant { WELCOME => sentence('Welcome. /help or F1 lists the commands, /quit leaves.'), START => 20, STOP => 15 };

my $demo = abs_path("$FindBin::Bin/../../client/demo/demo.sh");
my $folder = temp_dir();
my %env = (GOCHAT => gochat(), DATA => "$folder/data", USER => 'ada');
my @environment = map {"$_=$env{$_}"} sort keys %env;

sub open_demo {
    my ($name, %more) = @_;
    return start_terminal(name => $name, rows => 24, columns => 120, command => [$demo], env => \%env,
        errors => 'terminal', %more);
}

# The files of the command lines of processes that work in the folder.
sub processes {
    return grep { (eval { read_file($_) } // '') =~ /\Q$folder\E/ } glob '/proc/[0-9]*/cmdline';
}

# The host has no word of the folder in its command line; it holds its lock.
sub is_quiet {
    my ($what) = @_;
    my $free = wait_until(sub { !processes() && system("flock -n $folder/data/host true") == 0 }, STOP);
    ok($free, "$what: nothing is left running") or diag(map {"$_\n"} processes());
    return;
}

# --- without a terminal ----------------------------------------------------------------------------------------------

my @talks = map { start_program(name => "talk-$_", in => ['env', @environment], command => [$demo]) } 1, 2;
for my $talk (@talks) {
    is(wait_exit($talk, 2 * START), 0, "$talk->{name}: without a terminal, beside another one") or diag(log_text($talk));
    is($talk->{lines}[0]{text}, 'alice: Hello Bob. The bootnode introduced us.', 'two clients talk');
    is($talk->{lines}[-1]{text}, 'bob: See you.', 'to the end');
}
is_quiet('without a terminal');

# --- again and again -------------------------------------------------------------------------------------------------

for my $way (['/quit', sub { type_text($_[0], "/quit\r") }], ['Ctrl-D', sub { press($_[0], 'Ctrl-D') }],
    ['Ctrl-C', sub { press($_[0], 'Ctrl-C', 'Ctrl-C') }]) {
    my ($what, $leave) = @$way;
    my $ada = open_demo('ada');
    ok(wait_screen($ada, WELCOME, START), "$what: there is somebody who welcomes");
    unlike(screen_text($ada), qr/another\s+key|calls\s+themselves/i, "$what: of whom nobody warns");
    $leave->($ada);
    is(wait_end($ada, STOP), 0, "$what: the status");
    my @rows = screen($ada);
    ok((grep { /^    make -C \S+ run$/ } @rows), "$what: on the terminal stands a command to copy") or diag(@rows);
    is_quiet($what);
}

# --- several at once -------------------------------------------------------------------------------------------------

my @people = map { open_demo($_) } 'ada', 'bea';
ok(wait_screen($_, WELCOME, START), "$_->{name}, one of two who came at once, is welcomed") for @people;
ok(wait_screen($_, qr/● ada(?:-2)?#\w+/, START), "$_->{name} meets the other") for @people;
type_text($people[0], "/quit\r");
is(wait_end($people[0], STOP), 0, 'one of them leaves');
push @people, open_demo('cleo');
ok(wait_screen($people[2], qr/● ada(?:-2)?#\w+/, START), 'who comes now meets the one who stayed');
type_text($people[2], "still here?\r");
ok(wait_screen($people[1], sentence('still here?'), 10), 'and is heard');
hang_up($people[1]);
ok(defined wait_end($people[1], STOP), 'the one whose terminal is closed is gone');
signal_terminal($people[2], 'TERM');
ok(defined wait_end($people[2], STOP), 'the one who is told to end, too');
is_quiet('all gone');

finish();
