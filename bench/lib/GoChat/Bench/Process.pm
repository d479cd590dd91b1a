package GoChat::Bench::Process;

# A program that a measurement needs: pinned to cores, and ended by its process id however the measurement ends, also
# where we are killed ourselves.
#
#     my $server = GoChat::Bench::Process->start(name => 'floor', cores => '0', command => [...], log => 'floor.log');
#     $server->wait_until(sub { udp_bound($port) }, 10);
#     $server->stop;
use strict;
use warnings;
use Exporter qw(import);
use File::Temp ();
use IO::Handle;
use IO::Socket::IP;
use POSIX qw(WNOHANG sysconf _SC_CLK_TCK);
use Socket qw(SOCK_DGRAM SOCK_STREAM);
use Time::HiRes qw(clock_gettime sleep CLOCK_MONOTONIC);

our @EXPORT_OK = qw(udp_bound free_port read_file write_file running_s stop_all);

# A bootnode with a million sessions takes seconds to give them back.
use constant { STOP_TIMEOUT => 30, POLL => 0.02, TAIL_LINES => 15 };

my $owner = $$;
my %running;

# name, cores (as taskset takes them), command, log (a file for what it says). With piped => 1 its standard input and
# output are ours ($self->{input}, $self->{output}), and it complains to the log, or without one where we do. in => a
# folder to start in.
sub start {
    my ($class, %option) = @_;
    my $self = bless {%option}, $class;
    my ($stdin, $stdout);
    if ($option{piped}) {
        pipe $stdin, $self->{input} or die "pipe: $!\n";
        pipe $self->{output}, $stdout or die "pipe: $!\n";
        $self->{input}->autoflush(1);
    } else {
        open $stdin, '<', '/dev/null' or die "/dev/null: $!\n";
        open $stdout, '>>', $option{log} or die "$option{log}: $!\n";
    }
    $self->{pid} = fork // die "fork: $!\n";
    _become($self, $stdin, $stdout) if $self->{pid} == 0;
    $running{ $self->{pid} } = $self;
    return $self;
}

sub _become {
    my ($self, $stdin, $stdout) = @_;
    local @SIG{qw(INT TERM HUP PIPE)} = ('DEFAULT') x 4;
    open STDIN, '<&', $stdin or POSIX::_exit(126);
    open STDOUT, '>&', $stdout or POSIX::_exit(126);
    if ($self->{log}) { open STDERR, '>>', $self->{log} or POSIX::_exit(126) }
    if ($self->{in}) { chdir $self->{in} or POSIX::_exit(126) }
    my @ends_with_us = qw(setpriv --pdeathsig KILL);
    { no warnings 'exec'; exec @ends_with_us, 'taskset', '-c', $self->{cores}, @{ $self->{command} }; }
    print STDERR "setpriv: $!\n";
    POSIX::_exit(127);
}

sub ended {
    my ($self) = @_;
    if (!defined $self->{status} && waitpid($self->{pid}, WNOHANG) == $self->{pid}) {
        $self->{status} = $? & 127 ? 128 + ($? & 127) : $? >> 8;
        delete $running{ $self->{pid} };
    }
    return defined $self->{status};
}

# Dies with the end of the log when the program ends or the time is over before the condition holds.
sub wait_until {
    my ($self, $condition, $seconds) = @_;
    my $deadline = clock_gettime(CLOCK_MONOTONIC) + $seconds;
    until ($condition->()) {
        $self->fail("ended with status $self->{status} before it was ready") if $self->ended;
        $self->fail("is not ready after $seconds s") if clock_gettime(CLOCK_MONOTONIC) >= $deadline;
        sleep POLL;
    }
    return;
}

sub fail {
    my ($self, $what) = @_;
    my @lines = $self->{log} && -e $self->{log} ? split /^/, read_file($self->{log}) : ();
    splice @lines, 0, @lines - TAIL_LINES if @lines > TAIL_LINES;
    die join '', "bench/run: $self->{name} $what\n", map {"  $_"} @lines;
}

# A line that it prints; dies when it ends instead.
sub line {
    my ($self) = @_;
    my $line = readline $self->{output};
    return $line if defined $line;
    waitpid $self->{pid}, 0;
    delete $running{ $self->{pid} };
    $self->{status} = $? & 127 ? 128 + ($? & 127) : $? >> 8;
    return $self->fail("ended with status $self->{status}");
}

# Returns the exit status.
sub stop {
    my ($self) = @_;
    for my $signal ('TERM', 'KILL') {
        last if $self->ended;
        kill $signal, $self->{pid};
        my $deadline = clock_gettime(CLOCK_MONOTONIC) + STOP_TIMEOUT;
        sleep POLL until $self->ended || clock_gettime(CLOCK_MONOTONIC) >= $deadline;
    }
    return $self->{status};
}

# Processor time, in seconds, of a program that still runs.
sub used_s {
    my ($self) = @_;
    my $stat = "/proc/$self->{pid}/stat";
    my ($behind_name) = -e $stat ? read_file($stat) =~ /.*\)(.*)/s : ();
    my ($user, $system) = $behind_name ? (split ' ', $behind_name)[11, 12] : (0, 0);
    return ($user + $system) / sysconf(_SC_CLK_TCK);
}

# Of all that run.
sub running_s {
    my $sum = 0;
    $sum += $_->used_s for grep { !$_->ended } _all_running();
    return $sum;
}

# A list of its own: who is found to have ended is deleted, and must live on for as long as the list is gone through.
sub _all_running {
    my @all = values %running;
    return @all;
}

sub stop_all {
    $_->stop for _all_running();
    return;
}

END {
    if ($$ == $owner) {
        my $status = $?;
        stop_all();
        $? = $status;
    }
}

# Whether somebody on this machine has this UDP port.
sub udp_bound {
    my ($port) = @_;
    my $wanted = sprintf '%04X', $port;
    return scalar grep { /^\s*\d+: [0-9A-F]+:$wanted / } map { split /^/, read_file($_) } grep { -e } '/proc/net/udp',
        '/proc/net/udp6';
}

# A port of 127.0.0.1 that nobody has: 'udp' or 'tcp'. Given once.
my %given;

sub free_port {
    my ($protocol) = @_;
    for (1 .. 100) {
        my $socket = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0, Proto => $protocol,
            Type => $protocol eq 'udp' ? SOCK_DGRAM : SOCK_STREAM) or die "free port: $@\n";
        return $socket->sockport unless $given{ $protocol . $socket->sockport }++;
    }
    die "no free port\n";
}

sub read_file {
    my ($path) = @_;
    open my $in, '<', $path or die "$path: $!\n";
    local $/;
    return scalar <$in> // '';
}

sub write_file {
    my ($path, $content) = @_;
    open my $out, '>:utf8', $path or die "$path: $!\n";
    print $out $content;
    close $out or die "$path: $!\n";
    return $path;
}

1;
