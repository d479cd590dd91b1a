#!/usr/bin/perl
# What somebody can do whose code runs in the thread that takes packets in (tests/preload/intruder.c), in a real bootnode
# and a real client: next to nothing. Each thing is tried in a program of its own, since most of them end it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use IO::Socket::IP;
use Socket qw(SOCK_DGRAM);
use Test::More;

plan skip_all => 'a preload would come before the sanitizers' if $ENV{SAN};
plan skip_all => 'seccomp names its calls by architecture' if `uname -m` !~ /^(?:x86_64|aarch64)$/;

use constant KILLED => 128 + 31; # SIGSYS

my $folder = temp_dir();
my $victim = write_file("$folder/victim", "as it was\n");
my @intruder = ('env', 'LD_PRELOAD=' . test_tool('intruder.so'));

# Kernels without Landlock (landlock_create_ruleset(NULL, 0, 1)) keep files open.
my $has_landlock = syscall(444, 0, 0, 1) > 0;

sub tell_packet {
    my ($port, $text) = @_;
    my $socket = IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => $port, Type => SOCK_DGRAM) or die "socket: $@\n";
    $socket->send("intruder: $text") or die "send: $!\n";
}

my %start = (
    bootnode => sub {
        my ($sandbox) = @_;
        my $node = start_bootnode(name => 'bootnode', in => \@intruder, config => "workers = 1\nsandbox = $sandbox");
        return ($node, $node->{address} =~ /:(\d+)$/);
    },
    client => sub {
        my ($sandbox) = @_;
        my $port = free_udp_port();
        my $client = start_client(name => 'client', in => \@intruder, room => 'tea', port => $port,
            bootnode => '127.0.0.1:9', config => "sandbox = $sandbox");
        # Not before it has shut itself off: its engine runs, and its receiver does since before.
        wait_event($client, { event => 'joined' }, 10);
        return ($client, $port);
    },
);

# 'killed', or what the intruder tells: 'done', 'refused: EACCES'.
sub outcome {
    my ($kind, $sandbox, $attempt) = @_;
    my ($program, $port) = $start{$kind}->($sandbox);
    my ($name) = $attempt =~ /^(\S+)/;
    tell_packet($port, $attempt);
    my $told = '';
    wait_until(sub { $told = $1 if log_text($program) =~ /^intruder: \Q$name\E: (.*)$/m;
            $told || defined $program->{status} }, 10);
    return $told || 'alive and silent' unless defined $program->{status};
    return $program->{status} == KILLED ? 'killed' : "ended with $program->{status}" if !$told;
    return "$told, and ended with $program->{status}";
}

sub tries {
    my ($kind, $sandbox, $attempt, $expected) = @_;
    my $is = outcome($kind, $sandbox, $attempt);
    return like($is, $expected, "$kind, sandbox = $sandbox: $attempt: $is");
}

# That the intruder gets in, and does what it says where nothing keeps it from that.
for my $kind (qw(bootnode client)) {
    tries($kind, on => 'nothing', qr/^done$/);
    tries($kind, off => $_, qr/^done$/) for 'read /etc/passwd', "make $folder/made-$kind", 'fork', 'socket-unix',
        'socket-tcp', 'mprotect-exec', 'mmap-exec', "chmod $victim", "kill $$", 'setrlimit';
}

# --- Files -----------------------------------------------------------------------------------------------------------

# The bootnode opens none; the C library of either may try, so that is answered.
tries('bootnode', on => $_, qr/^refused: EACCES$/) for 'read /etc/passwd', "write $victim", "make $folder/new";
SKIP: {
    skip 'no Landlock in this kernel', 4 if !$has_landlock;
    tries('client', on => $_, qr/^refused: EACCES$/) for 'read /etc/passwd', "write $victim", "make $folder/new",
        "unlink $victim";
}
tries('bootnode', on => "unlink $victim", qr/^killed$/);

# --- Calls -----------------------------------------------------------------------------------------------------------

my @forbidden = ('execve /bin/true', 'execveat', 'fork', 'unshare', 'socket-packet', 'socket-raw', 'socket-tcp',
    'socket-firewall', 'socket-crypto', "ptrace $$", "process_vm_readv $$", "kill $$", "sigqueue $$", "setown $$",
    "mount $folder", "chroot $folder", 'bpf', 'init_module', 'setuid', 'io_uring_setup', 'userfaultfd',
    'perf_event_open', 'add_key x', 'mprotect-exec', 'mmap-exec', 'dumpable', 'personality', 'setrlimit', 'tiocsti x',
    "truncate $victim", "symlink $victim", "chmod $victim");
for my $kind (qw(bootnode client)) {
    tries($kind, on => $_, qr/^killed$/) for @forbidden;
}
# The C library of a client asks for one, and lives without.
tries('bootnode', on => 'socket-unix', qr/^killed$/);
tries('client', on => 'socket-unix', qr/^refused: EAFNOSUPPORT$/);

is(read_file($victim), "as it was\n", 'nobody touched what is outside');
ok(!-e "$folder/new", 'nor made something there');

# --- What else is not reached ------------------------------------------------------------------------------------------

SKIP: {
    skip 'no Landlock in this kernel', 1 if !$has_landlock;
    my $secret = write_file("$folder/secret", "open sesame\n");
    chmod 0600, $secret or die "$secret: $!";
    my ($client) = $start{client}->('on');
    send_line($client, "/join cave $secret");
    ok(wait_event($client, { event => 'error', text => qr/Permission denied; the sandbox leaves the data directory/ }, 5),
        'a secret elsewhere is not read, and why');
}

# --- What is said ----------------------------------------------------------------------------------------------------

{
    my ($node, $port) = $start{bootnode}->('tell');
    tell_packet($port, 'chroot /');
    is(wait_exit($node, 5), KILLED, 'sandbox = tell: ends, too');
    like(log_text($node), qr/^error: sandbox: the call chroot is not allowed/m, 'and names the call');
}

finish();
