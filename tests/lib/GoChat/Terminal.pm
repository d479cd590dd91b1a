package GoChat::Terminal;

# The client on a terminal, as a user has it: keys in, a screen out. tests/tools/terminal.c holds the pseudo-terminal and
# the emulator; this drives it with the waits of GoChat::Test.
#
#     my $alice = start_terminal(name => 'alice', bootnode => $bootnode, room => 'tea', rows => 24, columns => 80);
#     type_text($alice, 'hello');
#     press($alice, 'Ctrl-A', 'Alt-D', 'Enter');
#     wait_screen($alice, qr/hello/, 5);
#     is_deeply([cursor($alice)], [23, 10]);
#
# A screen is an array of rows (characters, without blanks at their ends). A wait that fails is a failed test that shows
# the screen.
use strict;
use warnings;
use utf8;
use Encode qw(encode);
use Exporter qw(import);
use List::Util qw(max min);
use POSIX ();
use Test::More;

use GoChat::Test;

our @EXPORT = qw(start_terminal type_text press key_bytes paste send_bytes resize screen screen_state screen_cells
    screen_text wait_screen wait_state find_text settle cursor title bells commands modes forget log_output
    signal_terminal continue_terminal hang_up stop_reading go_on_reading wait_stopped wait_end fail_screen picture_is
    steady_cells known_identity sentence);

use constant { ORDER_TIMEOUT => 20, START_TIMEOUT => 10, RECORDED => defined $ENV{GOCHAT_RECORD} };

binmode $_, ':encoding(UTF-8)'
    for Test::More->builder->output, Test::More->builder->failure_output, Test::More->builder->todo_output;

# --- starting --------------------------------------------------------------------------------------------------------

# A time zone in which it is past noon now: no screen test sees midnight, whose day line would move its rows, or a change
# to summer time. What is tested of days and zones says its own (terminal_days.t).
sub _afternoon { return sprintf 'NOON%+d', (gmtime)[2] - 12 }

# What start_client takes, and: rows (24), columns (80), term (xterm-256color), env => { NAME => value },
# errors => 'terminal' to have standard error there, too, as users do (else it is the log, where finish() looks for what
# sanitizers say), command => [...] for another program than the client.
sub start_terminal {
    my (%option) = @_;
    my %env = (LC_ALL => 'C.UTF-8', TZ => _afternoon(), %{ $option{env} // {} });
    my @in = ('env', map({ ('-u', $_) } qw(LINES COLUMNS NO_COLOR COLORTERM TMUX STY
        TERM_PROGRAM TERM_PROGRAM_VERSION VTE_VERSION KONSOLE_VERSION WT_SESSION)), map {"$_=$env{$_}"} sort keys %env);
    push @in, test_tool('terminal'), '-r', $option{rows} // 24, '-c', $option{columns} // 80;
    push @in, '-t', $option{term} if $option{term};
    push @in, '-e' unless ($option{errors} // '') eq 'terminal';
    my %start = (%option, in => [@in, @{ $option{in} // [] }], ui => $option{ui} // 'curses', json => 1);
    my $terminal = $option{command} ? start_program(%start) : start_client(%start);
    my $started = wait_event($terminal, { event => 'started' }, START_TIMEOUT) or die "no terminal\n";
    $terminal->{program} = $started->{pid};
    $terminal->{started_us} = $started->{at_us};
    return $terminal;
}

# A data directory whose owner has a key of our choosing, so that digits, colours and who begins a handshake are the
# same in every run. `digit` is a hexadecimal one.
sub known_identity {
    my ($digit) = @_;
    my $folder = temp_dir();
    write_file("$folder/identity", $digit x 64 . "\n");
    chmod 0600, "$folder/identity";
    return $folder;
}

# --- orders ----------------------------------------------------------------------------------------------------------

sub _order {
    my ($terminal, @words) = @_;
    send_line($terminal, join ' ', @words);
    my $answer = wait_event($terminal, sub { $_[0]{reply} || $_[0]{error} }, ORDER_TIMEOUT + max(0, _patience(@words)))
        or die "$terminal->{name}: the terminal does not answer\n";
    # Screens are large, and who waits looks at all events.
    @{ $terminal->{events} } = grep { !$_->{reply} } @{ $terminal->{events} };
    @{ $terminal->{lines} } = ();
    die "$terminal->{name}: $answer->{error}: @words\n" if $answer->{error};
    return $answer;
}

# Seconds that an order itself waits.
sub _patience {
    my ($order, @words) = @_;
    return $order eq 'find' ? $words[0] / 1000 : $order eq 'more' || $order eq 'settle' ? $words[1] / 1000 : 0;
}

sub _milliseconds { my ($seconds) = @_; return int(slow($seconds) * 1000) }

# --- the keyboard ----------------------------------------------------------------------------------------------------

# As xterm sends them once the program has set its keypad to application mode, which ncurses does.
my %keys = (
    Enter => "\r", Tab => "\t", Escape => "\e", Space => ' ', Backspace => "\x7f", Delete => "\e[3~",
    Up => "\eOA", Down => "\eOB", Right => "\eOC", Left => "\eOD", Home => "\eOH", End => "\eOF",
    PgUp => "\e[5~", PgDn => "\e[6~", 'Ctrl-Left' => "\e[1;5D", 'Ctrl-Right' => "\e[1;5C", 'Shift-Tab' => "\e[Z",
    'Wheel-Up' => "\e[<64;5;5M", 'Wheel-Down' => "\e[<65;5;5M",
    F1 => "\eOP", 'Focus-In' => "\e[I", 'Focus-Out' => "\e[O", 'Ctrl-/' => "\x1f",
    'Alt-Left' => "\e[1;3D", 'Alt-Right' => "\e[1;3C", 'Alt-Home' => "\e[1;3H", 'Alt-End' => "\e[1;3F",
    'Alt-PgUp' => "\e[5;3~", 'Alt-PgDn' => "\e[6;3~",
);

# "Ctrl-A", "Alt-1", "Alt-Enter", "PgUp", "é" → what the terminal sends.
sub key_bytes {
    my ($name) = @_;
    return $keys{$name} if defined $keys{$name};
    return "\e" . key_bytes($1) if $name =~ /\AAlt-(.+)\z/s;
    return chr(ord(uc $1) & 0x1f) if $name =~ /\ACtrl-([A-Za-z\[\\\]^_])\z/;
    return encode('UTF-8', $name) if length $name == 1;
    die "no key is called $name\n";
}

# Bytes as they are; when they went out, in seconds.
sub send_bytes {
    my ($terminal, $bytes) = @_;
    return _order($terminal, 'send', unpack 'H*', $bytes)->{at_us} / 1e6;
}

sub type_text { my ($terminal, $text) = @_; return send_bytes($terminal, encode('UTF-8', $text)) }
sub press { my ($terminal, @names) = @_; return send_bytes($terminal, join '', map { key_bytes($_) } @names) }

# As the terminal brackets what is pasted; line ends arrive as carriage returns.
sub paste {
    my ($terminal, $text) = @_;
    $text =~ tr/\n/\r/;
    return send_bytes($terminal, "\e[200~" . encode('UTF-8', $text) . "\e[201~");
}

sub resize { my ($terminal, $rows, $columns) = @_; _order($terminal, 'resize', $rows, $columns); return }

# --- the screen ------------------------------------------------------------------------------------------------------

# { rows, cursor => [row, column], visible, modes, title, bells, commands, tty => { canonical, echo, signals }, written }
sub screen_state { my ($terminal) = @_; return $terminal->{state} = _order($terminal, 'screen') }

# The same, and cells: for each row, runs of [text, columns, foreground, background, attributes ('bur')].
sub screen_cells { my ($terminal) = @_; return $terminal->{state} = _order($terminal, 'cells') }

# What stands in every cell, and the cursor, of such a state as one text; but for what goes on by itself: the clock, and
# round trips in the list of members.
sub steady_cells {
    my ($state) = @_;
    my @rows;
    for my $runs (@{ $state->{cells} }) {
        my ($member) = grep { $runs->[$_][0] =~ /●/ } 0 .. $#$runs;
        my @steady = defined $member ? @$runs[0 .. $member] : @$runs;
        push @rows, join '', map {"[@$_]"} @steady;
    }
    my $text = join "\n", @rows, "cursor @{ $state->{cursor} } $state->{visible}";
    return $text =~ s/\b\d\d:\d\d\b/00:00/gr;
}

sub screen { my ($terminal) = @_; return @{ screen_state($terminal)->{rows} } }
sub screen_text { my ($terminal) = @_; return join "\n", screen($terminal) }
sub cursor { my ($terminal) = @_; return @{ screen_state($terminal)->{cursor} } }
sub title { my ($terminal) = @_; return screen_state($terminal)->{title} }
sub bells { my ($terminal) = @_; return screen_state($terminal)->{bells} }
sub modes { my ($terminal) = @_; return screen_state($terminal)->{modes} }
sub commands { my ($terminal) = @_; return split /\n/, screen_state($terminal)->{commands} }
sub forget { my ($terminal) = @_; _order($terminal, 'forget'); return }
sub log_output { my ($terminal, $file) = @_; _order($terminal, 'log', $file); return }

# --- waiting ---------------------------------------------------------------------------------------------------------

# Until `accepts` says so of the state of the screen; the state, or undef and a failed test.
sub wait_state {
    my ($terminal, $accepts, $timeout, $what) = @_;
    my $deadline = now() + patience($timeout);
    while (1) {
        my $state = screen_state($terminal);
        return $state if $accepts->($state);
        last if now() >= $deadline || $terminal->{ended};
        my $wait = int(1000 * max(0.001, min(1, $deadline - now())));
        _order($terminal, 'more', $state->{written}, $wait);
        $terminal->{ended} ||= scalar events($terminal, { event => 'ended' });
    }
    fail_screen($terminal, "$terminal->{name}: $what within $timeout s");
    return undef;
}

# Until the rows, joined by newlines, match: true.
sub wait_screen {
    my ($terminal, $pattern, $timeout) = @_;
    return wait_state($terminal, sub { join("\n", @{ $_[0]{rows} }) =~ $pattern }, $timeout, "shows $pattern");
}

# A pattern for whole words on the screen, however they are wrapped, beside whatever list of members. A part of a
# sentence is not enough to wait for: "on" stands in "Monday", and four digits are a port, a year or the end of a nick.
sub sentence {
    my ($text) = @_;
    my $gap = qr/\ +|\ *(?:│[^\n]*)?\n\ *(?:│\ *)?/;
    my $words = join $gap, map {quotemeta} split / /, $text;
    return qr/(?<![^\s│])$words(?![^\s│])/;
}

# When a text came to be in a row (a number, negative from the end, or 'any'), in seconds, exactly; undef: it did not.
sub find_text {
    my ($terminal, $row, $text, $timeout) = @_;
    my $answer = _order($terminal, 'find', _milliseconds($timeout), $row, unpack 'H*', encode('UTF-8', $text));
    return $answer->{met} ? $answer->{at_us} / 1e6 : undef;
}

# Until nothing was written for so long (0.1 s, not stretched), and the program sleeps.
sub settle {
    my ($terminal, $quiet) = @_;
    return _order($terminal, 'settle', int(1000 * ($quiet // 0.1)), _milliseconds(10))->{met};
}

# --- the program's life ----------------------------------------------------------------------------------------------

sub signal_terminal {
    my ($terminal, $name) = @_;
    my $number = POSIX->can("SIG$name")->();
    _order($terminal, 'signal', $number);
    return;
}

sub continue_terminal { my ($terminal) = @_; _order($terminal, 'continue'); return }

# As a terminal that hangs, and one that comes to life again.
sub stop_reading { my ($terminal) = @_; _order($terminal, 'deaf'); return }
sub go_on_reading { my ($terminal) = @_; _order($terminal, 'hear'); return }
sub hang_up { my ($terminal) = @_; _order($terminal, 'hangup'); return }

# The signal that stopped it.
sub wait_stopped {
    my ($terminal, $timeout) = @_;
    my $event = wait_event($terminal, { event => 'stopped' }, $timeout);
    return $event && $event->{status};
}

# The exit status of the program (128 + n after signal n); the terminal stays to be looked at.
sub wait_end {
    my ($terminal, $timeout) = @_;
    my $event = wait_event($terminal, { event => 'ended' }, $timeout);
    fail_screen($terminal, "$terminal->{name} ends") unless $event;
    $terminal->{ended} = 1 if $event;
    return $event && $event->{status};
}

# --- telling ---------------------------------------------------------------------------------------------------------

sub fail_screen {
    my ($terminal, $what, @more) = @_;
    my $level = 0;
    $level++ while (caller $level)[0] eq __PACKAGE__;
    local $Test::Builder::Level = $level + 2;
    fail($what);
    diag($_) for @more;
    diag("$terminal->{name}, the screen:");
    diag("  |$_") for @{ ($terminal->{state} // {})->{rows} // [] };
    diag("$terminal->{log}, the end:");
    diag("  $_->{text}") for _tail(@{ $terminal->{log_lines} });
    return 0;
}

sub _tail { my @lines = @_; return @lines > 10 ? @lines[-10 .. -1] : @lines }

# Is the screen the stored picture? Both are passed through `normalise` (a row in, a row out), which replaces what differs
# from run to run by something as wide. With GOCHAT_RECORD set the picture is written instead.
sub picture_is {
    my ($terminal, $file, $normalise, $what) = @_;
    my @rows = map { $normalise->($_) } screen($terminal);
    if (RECORDED) {
        write_file($file, encode('UTF-8', join '', map {"$_\n"} @rows));
        return pass("$what (recorded)");
    }
    my $stored = -e $file ? Encode::decode('UTF-8', read_file($file)) : '';
    my $shown = join '', map {"$_\n"} @rows;
    return pass($what) if $shown eq $stored;
    return fail_screen($terminal, $what, "$file has:", map {"  |$_"} split /\n/, $stored);
}

1;
