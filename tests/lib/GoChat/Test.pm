package GoChat::Test;

# Starts the programs under test and waits for what they say. Nothing here sleeps: every wait is a select over the
# output of all programs, so that an event is stamped (`_at`, monotonic seconds) when it comes, whoever is waited for.
#
#     my $bootnode = start_bootnode();
#     my $alice = start_client(name => 'alice', bootnode => $bootnode, room => 'tea');
#     my $event = wait_event($alice, { event => 'registered' }, 5);
#
# A wait that fails is a failed test that shows the last events and the tail of the log, and returns undef. Standard
# error goes to OUT/test-logs/<test>/<name>.log. finish() ends the programs, turns reports of sanitizers into failures
# and is done_testing(). Upper bounds are multiplied by GOCHAT_SLOW (1, or 4 in a sanitized build); waits, which only a
# failure takes to their end, by PATIENCE as well. A pause of the whole machine counts for neither.
use strict;
use warnings;
use Cwd qw(abs_path);
use Exporter qw(import);
use Fcntl qw(F_GETFL F_SETFL O_NONBLOCK);
use File::Basename qw(basename dirname);
use File::Path qw(make_path remove_tree);
use File::Temp ();
use IO::Handle;
use IO::Socket::IP;
use IO::Socket::UNIX;
use JSON::PP;
use List::Util qw(max min);
use POSIX qw(WNOHANG);
use Socket qw(SOCK_DGRAM SOCK_STREAM);
use Test::More;
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

our @EXPORT = qw(start_bootnode start_client start_program run_program stop_program
    wait_event wait_field wait_line wait_log wait_exit wait_until watch_until no_event events log_text
    send_line close_input send_signal freeze_program thaw_program fail_about finish
    free_port temp_dir write_file read_file now clock_now slow patience test_tool gochat packaged);

use constant { START_TIMEOUT => 10, STOP_TIMEOUT => 5, TAIL_LINES => 25, F_SETPIPE_SZ => 1031, WAKE_EVERY => 0.25,
    PATIENCE => 3, PAUSE => 1 };

my $owner = $$;
my $root = abs_path(dirname(__FILE__) . '/../../..');
my $gochat = abs_path($ENV{GOCHAT} // "$root/gochat");
my $tools = $ENV{BUILD_TESTS} // ($ENV{OUT} // "$root/build") . '/tests';
$ENV{XDG_CONFIG_HOME} = '/nonexistent'; # no settings of whoever runs the tests
my $slow = $ENV{GOCHAT_SLOW} // ($ENV{SAN} ? 4 : 1);
my $logs; # made when the first program starts
my @programs;
my %names;

sub gochat { return $gochat }
# Seconds, for waits and upper bounds, without those in which we stood still: a select that returns a second late was on a
# machine that was paused, or had far too much to do. For lower bounds clock_now has the clock of the programs.
my $stood_still = 0;
sub clock_now { return clock_gettime(CLOCK_MONOTONIC) }
sub now { return clock_now() - $stood_still }
sub slow { my ($seconds) = @_; return $seconds * $slow }
# In a laboratory (GoChat::Lab) what is waited for has been promised in time: there a wait is a bound.
my $patience = $ENV{GOCHAT_IN_LAB} ? 1 : PATIENCE;
sub patience { my ($seconds) = @_; return slow($seconds) * $patience }
sub test_tool { my ($name) = @_; return "$tools/$name" }

# The words that start a program of somebody else's package (tests/packaged); none where it is not to be had.
sub packaged {
    my ($program) = @_;
    my $packaged = "$root/tests/packaged";
    return system("'$packaged' --find '$program' >/dev/null 2>&1") == 0 ? ($packaged, $program) : ();
}

sub temp_dir { return File::Temp->newdir('gochat-test-XXXXXX', TMPDIR => 1) }

# --- starting --------------------------------------------------------------------------------------------------------

# start_bootnode(name, listen, log_level, config => 'more lines', in => $lab->host('boot'), again => one that ended, whose
# address and key it gets); waits until it listens. Knows its address: $bootnode->{address}.
sub start_bootnode {
    my (%option) = @_;
    my $again = $option{again} // {};
    my $address = $option{listen} // $again->{address} // '127.0.0.1:' . free_port();
    my $folder = $again->{folder} // temp_dir();
    my $config = write_file("$folder/bootnode.ini", join "\n", '[bootnode]', "key_file = $folder/bootnode.key",
        'log_level = ' . ($option{log_level} // 'info'), $option{config} // (), '');
    my $bootnode = start_program(%option, name => $option{name} // 'bootnode',
        command => [$gochat, '--mode', 'bootnode', '--listen', $address, '--config', $config]);
    $bootnode->{address} = $address;
    $bootnode->{folder} = $folder;
    wait_log($bootnode, qr/listening on/, START_TIMEOUT) or die "nothing works without a bootnode\n";
    return $bootnode;
}

# start_client(name, bootnode (what start_bootnode gave, or an address), room, nick (default: name), ui (json), port,
# config => 'lines of [client]', data_dir, arguments => [...], in => $lab->host('a'), json => 1 when it runs in something
# that speaks JSON).
sub start_client {
    my (%option) = @_;
    my $folder = temp_dir();
    my $ui = $option{ui} // 'json';
    my $bootnode = ref $option{bootnode} ? $option{bootnode}{address} : $option{bootnode};
    my @command = ($gochat, '--mode', 'client', '--bootnode', $bootnode, '--room', $option{room},
        '--nick', $option{nick} // $option{name}, '--ui', $ui, '--data-dir', $option{data_dir} // "$folder/data");
    push @command, '--port', $option{port} if $option{port};
    push @command, '--config', write_file("$folder/client.ini", "[client]\n$option{config}\n") if $option{config};
    push @command, @{ $option{arguments} // [] };
    my $client = start_program(%option, command => \@command, json => $option{json} // $ui eq 'json');
    $client->{folder} = $folder;
    return $client;
}

# start_program(name, command => [...], in => [words in front], json => 1 when its lines are events, on_event => sub that
# gets the program and each event as it comes: what it returns true for is not kept).
sub start_program {
    my (%option) = @_;
    my $name = $option{name} // 'program';
    $name .= '-' . $names{$name} if $names{$name}++;
    pipe my $stdin, my $input or die "pipe: $!";
    pipe my $output, my $stdout or die "pipe: $!";
    pipe my $errors, my $stderr or die "pipe: $!";
    fcntl $errors, F_SETPIPE_SZ, 1 << 20;
    my $started = now();
    my $pid = fork // die "fork: $!";
    _become([@{ $option{in} // [] }, @{ $option{command} }], $stdin, $stdout, $stderr) if $pid == 0;
    $input->autoflush(1);
    $logs //= _log_folder();
    my $log = "$logs/$name.log";
    open my $log_file, '>', $log or die "$log: $!";
    $log_file->autoflush(1);
    my $program = { name => $name, pid => $pid, input => $input, log => $log, log_file => $log_file,
        started => $started, json => $option{json}, on_event => $option{on_event}, events => [], lines => [],
        log_lines => [], streams => {} };
    _watch($program, lines => $output);
    _watch($program, log_lines => $errors);
    push @programs, $program;
    return $program;
}

sub _become {
    my ($command, $stdin, $stdout, $stderr) = @_;
    # A shell has what it starts in the background ignore these, and what is ignored stays so across exec.
    $SIG{$_} = 'DEFAULT' for qw(INT QUIT HUP);
    open STDERR, '>&', $stderr or POSIX::_exit(126);
    open STDOUT, '>&', $stdout or POSIX::_exit(126);
    open STDIN, '<&', $stdin or POSIX::_exit(126);
    $SIG{PIPE} = $SIG{CHLD} = 'DEFAULT';
    { no warnings 'exec'; exec { $command->[0] } @$command; }
    print STDERR "$command->[0]: $!\n";
    POSIX::_exit(127);
}

sub _watch {
    my ($program, $kind, $handle) = @_;
    fcntl $handle, F_SETFL, fcntl($handle, F_GETFL, 0) | O_NONBLOCK;
    $program->{streams}{$kind} = { handle => $handle, rest => '' };
}

# Runs a command to its end: (status, standard output, standard error); status is 128 + n after signal n, and undef
# (and a failed test) when it has not ended in time.
sub run_program {
    my (%option) = @_;
    my $program = start_program(%option);
    print { $program->{input} } $option{input} if defined $option{input};
    close_input($program);
    my $status = wait_exit($program, $option{timeout} // START_TIMEOUT);
    stop_program($program) unless defined $status;
    return ($status, join('', map {"$_->{text}\n"} @{ $program->{lines} }), log_text($program));
}

# --- reading ---------------------------------------------------------------------------------------------------------

my ($child_ended, $child_note);
pipe $child_ended, $child_note or die "pipe: $!";
fcntl $_, F_SETFL, O_NONBLOCK for $child_ended, $child_note;
$SIG{CHLD} = sub { local $!; syswrite $child_note, '.' };
$SIG{PIPE} = 'IGNORE';

# Takes in whatever the programs say, until the time `deadline` at the latest.
sub _pump {
    my ($deadline) = @_;
    my $bits = '';
    vec($bits, fileno $child_ended, 1) = 1;
    my @open = grep { $_->[1]{handle} } map { my $p = $_; map { [$p, $p->{streams}{$_}, $_] } keys %{ $p->{streams} } }
        @programs;
    vec($bits, fileno $_->[1]{handle}, 1) = 1 for @open;
    # A SIGCHLD between the last statement and select would be noted only after it: hence no long sleep.
    my $wait = max(0, min(WAKE_EVERY, $deadline - now()));
    my $since = clock_now();
    my $ready = select($bits, undef, undef, $wait);
    my $late = clock_now() - $since - $wait;
    $stood_still += $late if $late > PAUSE;
    return map { _reap($_) } @programs if $ready <= 0;
    sysread $child_ended, my $notes, 4096 if vec($bits, fileno $child_ended, 1);
    for (@open) {
        my ($program, $stream, $kind) = @$_;
        _read_stream($program, $stream, $kind) if vec($bits, fileno $stream->{handle}, 1);
    }
    _reap($_) for @programs;
}

sub _reap {
    my ($program) = @_;
    return if defined $program->{status} || waitpid($program->{pid}, WNOHANG) != $program->{pid};
    $program->{status} = $? & 127 ? 128 + ($? & 127) : $? >> 8;
    _read_stream($program, $program->{streams}{$_}, $_) for keys %{ $program->{streams} };
}

sub _read_stream {
    my ($program, $stream, $kind) = @_;
    my $at = now();
    while ($stream->{handle}) {
        my $count = sysread $stream->{handle}, my $bytes, 65536;
        last if !defined $count;
        delete $stream->{handle} if $count == 0;
        print { $program->{log_file} } $bytes if $kind eq 'log_lines';
        $stream->{rest} .= $bytes;
        _take_line($program, $kind, $1, $at) while $stream->{rest} =~ s/\A(.*?)\n//s;
    }
}

sub _take_line {
    my ($program, $kind, $text, $at) = @_;
    my $event = $kind eq 'lines' && $program->{json} ? _decode($program, $text) : undef;
    $event->{_at} = $at if $event;
    return if $event && $program->{on_event} && $program->{on_event}->($program, $event);
    push @{ $program->{$kind} }, { text => $text, _at => $at };
    push @{ $program->{events} }, $event if $event;
}

sub _decode {
    my ($program, $text) = @_;
    my $event = eval { decode_json($text) };
    return $event if ref $event eq 'HASH';
    fail_about($program, "$program->{name}: every line is a JSON object", "the line was: $text");
    return undef;
}

# --- waiting ---------------------------------------------------------------------------------------------------------

# Each waits until something matches that no wait has taken yet, and takes it. `criteria` is { field => value, qr// or
# sub } or a sub. The timeout is in seconds (times GOCHAT_SLOW); undef after it, and the test has failed.
sub wait_event {
    my ($program, $criteria, $timeout) = @_;
    return _wait($program, 'events', sub { _matches($_[0], $criteria) }, $timeout, 'event ' . _describe($criteria));
}

# The same, and the value of one of its fields.
sub wait_field {
    my ($program, $criteria, $timeout, $field) = @_;
    my $event = wait_event($program, $criteria, $timeout);
    return $event && $event->{$field};
}

sub wait_line {
    my ($program, $pattern, $timeout) = @_;
    return _wait($program, 'lines', sub { $_[0]{text} =~ $pattern }, $timeout, "line $pattern");
}

sub wait_log {
    my ($program, $pattern, $timeout) = @_;
    return _wait($program, 'log_lines', sub { $_[0]{text} =~ $pattern }, $timeout, "log line $pattern");
}

# The exit status (128 + n after signal n).
sub wait_exit {
    my ($program, $timeout) = @_;
    my $deadline = now() + patience($timeout);
    _pump($deadline) while !defined $program->{status} && now() < $deadline;
    fail_about($program, "$program->{name} ends within $timeout s") unless defined $program->{status};
    return $program->{status};
}

# Whether the condition becomes true in time. It is asked again whenever something came.
sub wait_until {
    my ($condition, $timeout) = @_;
    my $deadline = now() + patience($timeout);
    while (!$condition->()) {
        return 0 if now() >= $deadline;
        _pump($deadline);
    }
    return 1;
}

# Takes in what comes until that time.
sub watch_until {
    my ($deadline) = @_;
    _pump($deadline) while now() < $deadline;
}

# Whether nothing matches for `seconds` (not stretched): for what must not happen.
sub no_event {
    my ($program, $criteria, $seconds) = @_;
    my $deadline = now() + $seconds;
    while (now() < $deadline) {
        return 0 if events($program, $criteria);
        _pump($deadline);
    }
    return !events($program, $criteria);
}

# All events so far that match, whether a wait took them or not.
sub events {
    my ($program, $criteria) = @_;
    _pump(now());
    return grep { _matches($_, $criteria // {}) } @{ $program->{events} };
}

sub log_text {
    my ($program) = @_;
    _pump(now());
    return read_file($program->{log});
}

sub _wait {
    my ($program, $kind, $accepts, $timeout, $what) = @_;
    my $deadline = now() + patience($timeout);
    my $seen = 0;
    while (1) {
        my $list = $program->{$kind};
        for (; $seen < @$list; $seen++) {
            my $entry = $list->[$seen];
            next if $entry->{_taken} || !$accepts->($entry);
            $entry->{_taken} = 1;
            return $entry;
        }
        last if now() >= $deadline || defined $program->{status};
        _pump($deadline);
    }
    fail_about($program, "$program->{name}: $what within $timeout s");
    return undef;
}

sub _matches {
    my ($event, $criteria) = @_;
    return $criteria->($event) if ref $criteria eq 'CODE';
    for my $field (keys %$criteria) {
        my ($wanted, $value) = ($criteria->{$field}, $event->{$field});
        return 0 unless defined $value;
        return 0 unless ref $wanted eq 'CODE' ? $wanted->($value)
            : ref $wanted eq 'Regexp' ? $value =~ $wanted
            :                           $value eq $wanted;
    }
    return 1;
}

sub _describe {
    my ($criteria) = @_;
    return 'accepted by a function' if ref $criteria eq 'CODE';
    return join ' ', map {"$_=$criteria->{$_}"} sort keys %$criteria;
}

# --- acting ----------------------------------------------------------------------------------------------------------

sub send_line { my ($program, $text) = @_; print { $program->{input} } "$text\n" }
sub close_input { my ($program) = @_; close $program->{input} }

sub send_signal {
    my ($program, $signal) = @_;
    _pump(now());
    kill $signal, $program->{pid} unless defined $program->{status};
}

# Stops a program with SIGSTOP. It returns once every thread stands still: until the thread that got the signal has run,
# the others go on, and answer.
sub freeze_program {
    my ($program) = @_;
    send_signal($program, 'STOP');
    my $deadline = now() + slow(STOP_TIMEOUT);
    _pump(now() + 0.001) while now() < $deadline && grep { $_ ne 'T' } _thread_states($program->{pid});
    return;
}

sub thaw_program {
    my ($program) = @_;
    send_signal($program, 'CONT');
    return;
}

# The state letters of /proc/PID/task/TID/stat: the field after the name, which stands in brackets.
sub _thread_states {
    my ($pid) = @_;
    my @states;
    for my $path (glob "/proc/$pid/task/*/stat") {
        open my $file, '<', $path or next;
        my $line = <$file> // next;
        push @states, $1 if $line =~ /\) (\S) [^)]*$/;
    }
    return @states;
}

# SIGTERM, to all at once, then SIGKILL; the exit status of the last.
sub stop_program {
    my (@stopped) = @_;
    for my $signal ('TERM', 'KILL') {
        send_signal($_, $signal) for @stopped;
        my $deadline = now() + slow(STOP_TIMEOUT);
        _pump($deadline) while now() < $deadline && grep { !defined $_->{status} } @stopped;
    }
    return @stopped ? $stopped[-1]{status} : undef;
}

# --- telling ---------------------------------------------------------------------------------------------------------

# A failed test that shows what the program said last.
sub fail_about {
    my ($program, $what, @more) = @_;
    my $level = 0;
    $level++ while (caller $level)[0] eq __PACKAGE__;
    local $Test::Builder::Level = $level + 2;
    fail($what);
    diag($_) for @more;
    diag("$program->{name} ended with status $program->{status}") if defined $program->{status};
    diag("$program->{name}, last lines:", map {"\n  $_"} _tail(map { $_->{text} } @{ $program->{lines} }));
    diag("$program->{log}, the end:", map {"\n  $_"} _tail(map { $_->{text} } @{ $program->{log_lines} }));
    return 0;
}

sub _tail {
    my @lines = @_;
    return @lines > TAIL_LINES ? @lines[-TAIL_LINES() .. -1] : @lines ? @lines : '(nothing)';
}

my $REPORT = qr/ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|ERROR: LeakSanitizer|runtime error: |Assertion .* failed/;

sub _sanitizer_reports {
    return grep { read_file($_) =~ $REPORT } map { $_->{log} } @programs;
}

my $finished;

sub finish {
    stop_program(@programs);
    my @reports = _sanitizer_reports();
    is("@reports", '', 'no sanitizer reported anything');
    diag("see $_") for @reports;
    $finished = 1;
    done_testing();
}

END {
    if ($$ == $owner) {
        my $status = $?;
        stop_program(@programs);
        my @reports = $finished ? () : _sanitizer_reports();
        diag("sanitizer report: $_") for @reports;
        $? = $status || (@reports ? 1 : 0);
    }
}

# --- files and ports -------------------------------------------------------------------------------------------------

# A port, of UDP and of TCP, that nobody has on this machine, given once per test. The kernel hands those of a range of its
# own to whoever does not ask for one, as other tests' clients and connections do while a test begins: those below it.
# Until the program has it, and while it is restarted, a name that only one process can have keeps other tests from it.
# `low` and `high`: another range.
my %given;

sub _port_range {
    my ($low) = read_file('/proc/sys/net/ipv4/ip_local_port_range') =~ /^(\d+)/;
    return $low > 12_000 ? (10_000, $low - 1) : (1_025, 65_535);
}

sub free_port {
    my ($address, $low, $high) = @_;
    ($low, $high) = _port_range() if !defined $low;
    for (1 .. 1000) {
        my $port = $low + int rand($high - $low + 1);
        my %where = (LocalHost => $address // '127.0.0.1', LocalPort => $port);
        next if $given{$port};
        my $claim = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => "\0gochat-test-port-$port") or next;
        my $udp = IO::Socket::IP->new(%where, Type => SOCK_DGRAM, Proto => 'udp') or next;
        my $tcp = IO::Socket::IP->new(%where, Type => SOCK_STREAM, Listen => 1) or next;
        $given{$port} = $claim;
        return $port;
    }
    die 'no free port';
}

sub write_file {
    my ($path, $content) = @_;
    open my $out, '>', $path or die "$path: $!";
    print $out $content;
    close $out or die "$path: $!";
    return $path;
}

sub read_file {
    my ($path) = @_;
    open my $in, '<:raw', $path or die "$path: $!";
    local $/;
    return scalar <$in> // '';
}

sub _log_folder {
    my $test = basename(dirname(abs_path($0))) . '-' . basename($0, '.t');
    my $folder = ($ENV{OUT} // $ENV{BUILD} // "$root/build") . "/test-logs/$test";
    remove_tree($folder);
    make_path($folder);
    return $folder;
}

1;
