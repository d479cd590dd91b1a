#!/usr/bin/perl
# The terminal is given back on every way out, and nothing that peers or the terminal do stops the client.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Terminal;
use GoChat::Test;
use Test::More;

use constant { FLOOD => 10_000, KEYSTROKE => 0.5, MEMORY_KIB => 64 * 1024, SCREENS => 60 };

my $bootnode = start_bootnode();
my $rooms = 0;

sub enter {
    my ($name, %more) = @_;
    my $terminal = start_terminal(name => $name, bootnode => $bootnode, room => "room$rooms", %more);
    wait_screen($terminal, qr/registered at/, 10);
    return $terminal;
}

sub new_terminal { $rooms++; return enter(@_) }

# One who says too much is not folded.
sub without_folding {
    my ($terminal) = @_;
    type_text($terminal, "/set flood off\r");
    ok(wait_screen($terminal, qr/flood = off/, 5), 'nothing is folded');
    return $terminal;
}

# As the shell had it: line by line, echoing, nothing but cursor and line wrap on.
sub is_given_back {
    my ($terminal, $what) = @_;
    my $state = screen_state($terminal);
    is($state->{modes}, '?7 ?25', "$what: no mode is left on");
    ok($state->{visible}, "$what: the cursor shows");
    is(join('', map { $state->{tty}{$_} ? 1 : 0 } qw(canonical echo signals)), '111', "$what: the line is the shell's")
        if $state->{tty};
    return;
}

sub is_taken {
    my ($terminal, $what) = @_;
    my $state = screen_state($terminal);
    like($state->{modes}, qr/\?1049/, "$what: the alternate screen is on");
    ok(!$state->{tty}{canonical} && !$state->{tty}{echo}, "$what: the line is ours");
    return;
}

# --- colours ---------------------------------------------------------------------------------------------------------

# The colours on the screen besides the terminal's own: a run is text, columns, foreground, background, …
sub seen_colours {
    my ($terminal) = @_;
    my %seen = map { map { ($_->[2] => 1) } @$_ } @{ screen_cells($terminal)->{cells} };
    delete $seen{-1};
    return %seen;
}

sub colours { my %seen = seen_colours(@_); return scalar keys %seen }

cmp_ok(colours(new_terminal('alice')), '>', 0, 'there are colours');
is(colours(new_terminal('alice', env => { NO_COLOR => 1 })), 0, 'not with NO_COLOR');
cmp_ok(colours(new_terminal('alice', env => { NO_COLOR => 1 }, config => 'colours = 256')), '>', 0,
    'unless the user has asked for them');

{
    my $own = new_terminal('alice', config => "theme = light\n[colours]\ntime = 200\n[keys]\nctrl-q = help");
    my %seen = seen_colours($own);
    ok($seen{200}, 'a colour of the user');
    ok($seen{241} && !$seen{243}, 'and those of the theme');
    press($own, 'Ctrl-Q');
    ok(wait_screen($own, qr{/join ROOM}, 5), 'and a key');
}

{
    my $folder = temp_dir();
    my $saves = new_terminal('alice', env => { XDG_CONFIG_HOME => "$folder" });
    type_text($saves, "/set clock seconds\r/set --save\r");
    ok(wait_screen($saves, qr{written\s+into}, 5), '/set --save says where');
    is(read_file("$folder/gochat/client.ini"), "[client]\nclock = seconds\n", 'and writes the settings, in its sandbox');
}

# --- terminals that terminfo does not know ---------------------------------------------------------------------------

for my $kind (qw(xterm-kitty-nobody-knows foot-nobody-knows)) {
    my $alice = new_terminal('alice', term => $kind, ui => 'auto');
    is_taken($alice, $kind);
    my $package = $kind =~ /kitty/ ? 'kitty-terminfo' : 'foot-terminfo';
    ok(wait_screen($alice, sentence("taken for xterm-256color (install $package)"), 5), "$kind: what to install");
}
{
    my $alice = new_terminal('alice', term => 'nobody-knows', ui => 'auto', errors => 'terminal');
    ok(wait_screen($alice, qr/lines instead of a screen: TERM is "nobody-knows"/, 5), 'an unknown one: plain lines');
    signal_terminal($alice, 'TERM');
    is(wait_end($alice, 10), 0, 'which end as ever');
    $alice = new_terminal('alice', term => 'nobody-knows', ui => 'auto', env => { COLORTERM => 'truecolor' });
    is_taken($alice, 'an unknown one with COLORTERM');
    $alice = start_terminal(name => 'alice', bootnode => $bootnode, room => 'tea', term => 'nobody-knows',
        errors => 'terminal');
    is(wait_end($alice, 10), 2, '--ui curses on an unknown one is refused');
    like(screen_text($alice), qr/--ui curses: TERM is "nobody-knows": expected a terminal/, 'and told why');
    my $entries = temp_dir();
    my $source = write_file("$entries/source", "nobody-knows|a test,\n\tcols#80, lines#24, use=xterm-256color,\n");
    is((run_program(command => ['tic', '-x', '-o', "$entries/terminfo", $source]))[0], 0, 'an entry of the user\'s own');
    $alice = new_terminal('alice', term => 'nobody-knows', env => { TERMINFO_DIRS => "$entries/terminfo:" });
    is_taken($alice, 'is found by TERMINFO_DIRS');
    unlike(screen_text($alice), qr/install/, 'without a word');
}

# --- ways out --------------------------------------------------------------------------------------------------------

my @ways = (
    ['/quit', sub { type_text($_[0], "/quit\r") }, 4],
    ['Ctrl-C twice', sub { press($_[0], 'Ctrl-C', 'Ctrl-C') }, 4],
    ['Ctrl-D', sub { press($_[0], 'Ctrl-D') }, 4],
    ['SIGTERM', sub { signal_terminal($_[0], 'TERM') }, qr/^(0|143)$/],
    ['SIGHUP', sub { signal_terminal($_[0], 'HUP') }, qr/^(0|129)$/],
    map({ my $signal = $_; ["SIG$signal", sub { signal_terminal($_[0], $signal) }, qr/^1[2-5]\d$/] }
        qw(SEGV ABRT BUS QUIT)),
);

# Sanitizers shall leave signals to the program.
my %unhandled = map { ("${_}_OPTIONS" => ($ENV{"${_}_OPTIONS"} // '') . ':handle_segv=0:handle_sigbus=0:handle_abort=0') }
    qw(ASAN TSAN UBSAN);
for my $way (@ways) {
    my ($what, $leave, $status) = @$way;
    my $alice = new_terminal('alice', config => 'title = on', env => \%unhandled);
    is_taken($alice, $what);
    is(title($alice), "room$rooms", "$what: the title says where");
    $leave->($alice);
    my $ended = wait_end($alice, 10);
    ref $status ? like($ended, $status, "$what: the status") : is($ended, $status, "$what: the status");
    is_given_back($alice, $what);
    is($alice->{state}{title}, '', "$what: the title is the one before");
}

{
    my $alice = new_terminal('alice');
    hang_up($alice);
    ok(defined wait_end($alice, 10), 'a closed terminal ends the client');
    $alice = new_terminal('alice', in => ['sh', '-c', 'trap "" HUP; exec "$@"', 'sh']);
    hang_up($alice);
    ok(defined wait_end($alice, 10), 'also where SIGHUP is ignored');
}

# --- the mouse -------------------------------------------------------------------------------------------------------

{
    my $alice = new_terminal('alice');
    like(modes($alice), qr/\?1000 .*\?1006/, 'the wheel and the buttons are asked for');
    press($alice, 'h', 'i');
    send_bytes($alice, "\e[<0;5;5M\e[<0;9;5m") for 1 .. 2;
    ok(wait_screen($alice, sentence('to select with the mouse hold Shift'), 5), 'who tries to select is told how');
    settle($alice);
    my $text = screen_text($alice);
    is(scalar(() = $text =~ /hold/g), 1, 'once');
    press($alice, 'Ctrl-C');
    type_text($alice, "/set mouse off\r");
    ok(wait_state($alice, sub { $_[0]{modes} !~ /\?100[06]/ }, 5, 'gives the mouse back'), '/set mouse off');
    press($alice, 'Ctrl-Z');
    wait_stopped($alice, 5);
    is_given_back($alice, 'without the mouse');
    continue_terminal($alice);
    type_text($alice, "/set mouse on\r");
    ok(wait_state($alice, sub { $_[0]{modes} =~ /\?1000/ }, 5, 'takes the mouse'), '/set mouse on');
    signal_terminal($alice, 'KILL');
    wait_end($alice, 5);
    like(modes(new_terminal('alice', config => 'mouse = off')), qr/\?25 (?!\?1000)/, 'mouse = off');
}

# --- a terminal that does not read -----------------------------------------------------------------------------------

# More than the kernel keeps for a terminal: each line is another screen. The status: was everything acknowledged?
sub say_much {
    my $folder = temp_dir();
    my $lines = write_file("$folder/lines", join '', map { "unread $_ " . chr(97 + $_ % 26) x 4000 . "\n" } 1 .. SCREENS);
    my $bob = start_client(name => 'bob', bootnode => $bootnode, room => "room$rooms",
        in => ['sh', '-c', "exec \"\$\@\" <$lines >/dev/null", 'sh']);
    return wait_exit($bob, 20);
}

for my $way ([TERM => 0], [HUP => 0], [QUIT => 128 + 3]) {
    my ($signal, $status) = @$way;
    my $alice = without_folding(new_terminal('alice', rows => 50, columns => 160, env => \%unhandled));
    stop_reading($alice);
    is(say_much(), 0, 'the chat goes on behind a terminal that does not read');
    my $since = now();
    signal_terminal($alice, $signal);
    is(wait_end($alice, 10), $status, "SIG$signal ends the client");
    cmp_ok(now() - $since, '<', slow(4), 'soon');
    is_given_back($alice, 'a terminal that did not read');
}

{
    my $alice = without_folding(new_terminal('alice', rows => 50, columns => 160));
    stop_reading($alice);
    is(say_much(), 0, 'much is said meanwhile');
    type_text($alice, 'typed blindly');
    go_on_reading($alice);
    ok(wait_screen($alice, qr/unread ${\SCREENS} .*> typed blindly$/s, 10), 'a terminal that reads again has it all');
}

# --- sequences in pieces ---------------------------------------------------------------------------------------------

# Each byte by itself, and nothing but the program's own patience tells where it ends.
{
    my $alice = new_terminal('alice');
    my $bytewise = sub { send_bytes($alice, $_) for split //, $_[0] };
    $bytewise->("abc\e[D\e[3~\e[I\e]11;rgb:1e1e/1e1e/1e1e\e\\\eP>|XTerm(350)\e\\\e[M !!\e[12;40R");
    $bytewise->("\e[200~ pasted\e");
    $bytewise->("\e[201~ typed");
    ok(wait_screen($alice, qr/alice> ab pasted typed$/, 5), 'keys, reports and a paste in pieces');
    send_bytes($alice, "\e[200~ lost");
    ok(wait_screen($alice, qr/typed lost$/, 5), 'a paste without an end is shown');
    type_text($alice, '!');
    ok(wait_screen($alice, qr/typed lost!$/, 5), 'and the keyboard lives');
}

# --- suspended -------------------------------------------------------------------------------------------------------

{
    my $alice = new_terminal('alice');
    type_text($alice, 'half a line');
    ok(wait_screen($alice, qr/> half a line$/, 5), 'something is typed');
    settle($alice);
    my $before = screen_cells($alice);
    for my $turn (['Ctrl-Z', sub { press($alice, 'Ctrl-Z') }], ['SIGTSTP', sub { signal_terminal($alice, 'TSTP') }]) {
        my ($what, $stop) = @$turn;
        $stop->();
        is(wait_stopped($alice, 5), 20, "$what stops the client");
        is_given_back($alice, $what);
        continue_terminal($alice);
        ok(wait_screen($alice, qr/> half a line$/, 5), "$what: the screen is back");
        is_taken($alice, "$what, and fg");
        settle($alice);
        is(steady_cells(screen_cells($alice)), steady_cells($before), "$what: every cell is as before");
    }
    type_text($alice, ' more');
    ok(wait_screen($alice, qr/> half a line more$/, 5), 'and it goes on');
    press($alice, 'Ctrl-C');
    press($alice, 'Ctrl-Z');
    wait_stopped($alice, 5);
    resize($alice, 12, 50);
    continue_terminal($alice);
    ok(wait_state($alice, sub { $_[0]{rows}[11] =~ /alice> *$/ && $_[0]{cursor}[0] == 11 }, 5, 'has the new size'),
        'resized while it was stopped');
}

# As a job of a shell.
{
    $rooms++;
    my $alice = start_terminal(name => 'alice', bootnode => $bootnode, room => "room$rooms", errors => 'terminal',
        in => ['bash', '-c', 'CLIENT="$*" PS1="sh: " exec bash --norc --noediting -i', 'sh'],
        env => { HISTFILE => '' });
    my $shell = sub { type_text($alice, "clear; $_[0]\r"); return wait_screen($alice, $_[1], 10) };
    ok($shell->('$CLIENT & wait', qr/Stopped.*^sh:/ms), 'a job that starts in the background stops');
    is_given_back($alice, 'what was not taken');
    # Not by `wait -f %1`: that may look before the job was continued, and say that it is stopped.
    my $kill = 'P=$(jobs -p %1); kill %1; while [ -e /proc/$P ]; do sleep 0.05; done; wait $P; echo status=$?';
    ok($shell->($kill, qr/^status=0$/m), 'kill ends it');
    ok($shell->('$CLIENT & fg', qr/registered at.*alice>$/s), 'fg before it stops: the screen is there');
    press($alice, 'Ctrl-Z');
    wait_screen($alice, qr/Stopped.*^sh:/ms, 5);
    is_given_back($alice, 'a job that was stopped');
    ok($shell->($kill, qr/^status=0$/m), 'kill ends also what was stopped by Ctrl-Z');
    is_given_back($alice, 'what was killed while it was stopped');
}

# Not all shells continue what runs already: this one just lends it the terminal, once its threads are there.
{
    my $lend = <<'PERL';
use POSIX ();
$SIG{TTOU} = 'IGNORE';
my $pid = fork // die;
if (!$pid) { POSIX::setpgid(0, 0); $SIG{TTOU} = 'DEFAULT'; exec @ARGV }
select undef, undef, undef, 0.01 while (() = glob "/proc/$pid/task/*") < 4;
POSIX::tcsetpgrp(0, $pid);
waitpid $pid, POSIX::WUNTRACED();
PERL
    my $alice = new_terminal('alice', in => ['perl', '-e', $lend]);
    is_taken($alice, 'a terminal that is lent without a signal');
}

# --- what is logged --------------------------------------------------------------------------------------------------

{
    my $alice = new_terminal('alice', errors => 'terminal', arguments => ['--log-level', 'debug']);
    my $bob = enter('bob');
    ok(wait_screen($alice, qr/bob#/, 10), 'bob comes');
    my @rows = screen($alice);
    like($rows[0], qr/^ room$rooms /, 'a debug log on the same terminal does not garble the screen: the title');
    like($rows[-1], qr/alice> *$/, 'and the input line stand where they do');
}

# --- pasting ---------------------------------------------------------------------------------------------------------

{
    my $alice = new_terminal('alice');
    my $bob = enter('bob');
    ok(wait_screen($alice, qr/bob#\w+ is here/, 10), 'alice and bob are connected');
    paste($alice, join "\n", map {"five $_"} 1 .. 5);
    press($alice, 'Enter');
    ok(wait_screen($bob, qr/five 1\b.*five 5/s, 5), 'five lines are sent without a question, as one message');
    my $six = join "\n", map {"six $_"} 1 .. 6;
    paste($alice, $six);
    settle($alice);
    unlike(screen_text($bob), qr/six/, 'a paste alone sends nothing');
    press($alice, 'Enter');
    ok(wait_screen($alice, qr/send 6 lines\?/, 5), 'six lines are asked about');
    press($alice, 'PgUp', 'PgDn', 'x');
    settle($alice);
    like(screen_text($alice), qr/send 6 lines\?/, 'the question stays while one looks around');
    press($alice, 'n');
    ok(wait_screen($alice, qr/alice> six 1/, 5), 'n: the text is kept');
    press($alice, 'Enter', 'y');
    ok(wait_screen($bob, qr/six 1\b.*six 6/s, 5), 'y: it is sent');
    paste($alice, "a\e[31mb\e]0;title\ac");
    press($alice, 'Enter');
    ok(wait_screen($bob, qr/title.?c/, 5), 'control characters in a paste');
    unlike(join('', commands($bob)), qr/title/, 'reach no terminal');
}

# --- a flood ---------------------------------------------------------------------------------------------------------

sub memory_of {
    my ($pid) = @_;
    my ($most) = read_file("/proc/$pid/status") =~ /^VmHWM:\s+(\d+)/m;
    return $most;
}

{
    my $alice = without_folding(new_terminal('alice'));
    my $file = temp_dir();
    my $lines = write_file("$file/lines", join '', map {"line $_ of a flood\n"} 1 .. FLOOD);
    # What bob tells is not read: doing so would take longer than what is measured.
    my $bob = start_client(name => 'bob', bootnode => $bootnode, room => "room$rooms",
        in => ['sh', '-c', "exec \"\$\@\" <$lines >/dev/null", 'sh']);
    ok(wait_screen($alice, qr/line \d+ of a flood/, 15), 'the flood has begun');
    my ($typed, @took) = ('');
    for my $letter ('a' .. 'z') {
        $typed .= $letter;
        my $sent = press($alice, $letter);
        my $shown = find_text($alice, -1, "> $typed", 5);
        push @took, defined $shown ? $shown - $sent : 5;
    }
    # A machine that runs other tests may hold up one of five programs for a moment.
    my @slowest = sort { $b <=> $a } @took;
    cmp_ok($slowest[2], '<=', slow(KEYSTROKE), 'keys show at once') or diag("@slowest[0 .. 4]");
    ok(find_text($alice, 'any', 'line ' . FLOOD . ' of a flood', 60), 'every message arrives');
    ok(wait_screen($alice, qr/> $typed$/, 5), 'what was typed stands there');
    cmp_ok(memory_of($alice->{program}), '<=', MEMORY_KIB, 'memory is bounded') unless $ENV{SAN};
}

finish();
