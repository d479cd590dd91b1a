#!/usr/bin/perl
# What somebody can do whose code runs in the thread that takes packets in (tests/preload/intruder.c), in a real bootnode
# and a real client: next to nothing. Each thing is tried in a program of its own, since most of them end it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use IO::Socket::IP;
use IO::Socket::UNIX;
use POSIX ();
use Socket qw(SOCK_DGRAM SOCK_STREAM);
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
        my $port = free_port();
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

# --- Kernels that lack something ---------------------------------------------------------------------------------------

# A bootnode there: what it says, and what comes of an attempt.
sub elsewhere {
    my ($lacking, $attempt, $expected, $says) = @_;
    my @in = (test_tool('old_kernel'), @$lacking, '--', @intruder);
    my $node = start_bootnode(name => 'elsewhere', in => \@in);
    my ($port) = $node->{address} =~ /:(\d+)$/;
    my ($name) = $attempt =~ /^(\S+)/;
    tell_packet($port, $attempt);
    wait_until(sub { defined $node->{status} || log_text($node) =~ /^intruder: / }, 10);
    my $is = defined $node->{status} ? "ended with $node->{status}" : (log_text($node) =~ /^intruder: \S+ (.*)$/m)[0];
    like($is, $expected, "without @$lacking: $attempt: $is");
    return like(log_text($node), $says, 'and what is missing is said') if $says;
    return unlike(log_text($node), qr/this kernel has no/, 'and nothing is missing');
}

my $ended = 'ended with ' . KILLED;
elsewhere(['landlock_create_ruleset'], 'fork', qr/^$ended$/, qr/ info: sandbox: this kernel has no Landlock/m);
elsewhere(['seccomp'], 'unlink ' . write_file("$folder/other", 'x'), $has_landlock ? qr/^refused: EACCES$/ : qr/^done$/,
    qr/ info: sandbox: this kernel has no seccomp/m);
elsewhere([qw(-e landlock_create_ruleset)], 'fork', qr/^$ended$/, qr/ info: sandbox: this kernel has no Landlock/m);

# --- Rights and users --------------------------------------------------------------------------------------------------

# What the kernel says of each thread: { field => value }.
sub threads_of {
    my ($program) = @_;
    return map { my $text = read_file($_); +{ map {/^(\w+):\s*(.*?)\s*$/} split /\n/, $text } }
        glob "/proc/$program->{pid}/task/*/status";
}

# Whether that user can connect to a UNIX socket.
sub connected_as {
    my ($user, $path) = @_;
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        POSIX::setuid($user);
        POSIX::_exit(IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $path) ? 1 : 0);
    }
    waitpid $pid, 0;
    return $? >> 8;
}

sub has_nothing {
    my ($program, $what) = @_;
    my @threads = threads_of($program);
    cmp_ok(scalar @threads, '>=', 4, "$what: several threads");
    for my $field (qw(CapInh CapPrm CapEff CapAmb)) {
        is(scalar(grep { hex $_->{$field} } @threads), 0, "$what: $field is empty in each");
    }
    is(scalar(grep { $_->{NoNewPrivs} != 1 || $_->{Seccomp} != 2 } @threads), 0, 'and each is shut off');
    return @threads;
}

for my $kind (qw(bootnode client)) {
    my ($program) = $start{$kind}->('on');
    my @threads = has_nothing($program, $kind);
    is(scalar(grep { hex $_->{CapBnd} } @threads), 0, 'and may get none') if $> == 0;
}

SKIP: {
    skip 'only root becomes somebody else', 19 if $> != 0;
    my ($user, $group) = (65534, 65533);
    my $home = temp_dir();
    chown $user, $group, "$home" or die "chown: $!";
    chmod 0755, "$home";
    my $port = free_port('127.0.0.1', 512, 1023);
    my $settings = "listen = 127.0.0.1:$port\nkey_file = $home/state/bootnode.key";
    my $start = sub {
        my ($name, $lines) = @_;
        my $file = write_file("$folder/$name.ini", "[bootnode]\n$lines\n");
        return start_program(name => $name, command => [gochat(), '--mode', 'bootnode', '--config', $file]);
    };
    my $control = "$home/control";
    my $node = $start->('user', "$settings\nuser = $user:$group\ncontrol = $control");
    ok(wait_log($node, qr/listening on 127\.0\.0\.1:$port\b/, 10), 'user: has a port that only root opens');
    my @threads = has_nothing($node, 'user');
    is_deeply([grep { $_->{Uid} !~ /^$user\s+$user\s+$user\s+$user$/ || $_->{Gid} !~ /^$group\s+$group\s+$group\s+$group$/ }
            @threads], [], 'and is that user with that group');
    is_deeply([grep { $_->{Groups} ne $group } @threads], [], 'and no other group');
    is((stat "$home/state/bootnode.key")[4], $user, 'its key is that user\'s');
    unlike(log_text($node), qr/runs as root/, 'nobody is warned of root');
    is_deeply([(stat $control)[2] & 07777, (stat _)[4, 5]], [0600, $user, $group], 'so is the socket of its operator');
    is(connected_as($_, $control), $_ == $user || $_ == 0 ? 1 : 0, "user $_ and its socket") for 0, $user, $user + 1;
    is(stop_program($node), 0, 'and it ends well');
    ok(!-e $control, 'without a socket that is left');
    my $foreign = $start->('foreign', "$settings\nuser = 65532:65532");
    is(wait_exit($foreign, 10), 1, 'somebody else\'s key');
    like(log_text($foreign), qr{key file \Q$home\E/state/bootnode\.key: }, 'is told of');
    my $unknown = $start->('unknown', "$settings\nuser = no-such-user");
    is(wait_exit($unknown, 10), 2, 'a user that is not there');
    like(log_text($unknown), qr{unknown\.ini:4: user = no-such-user: expected a user of this machine}, 'with its place');
}

# --- What is said ----------------------------------------------------------------------------------------------------

{
    my ($node, $port) = $start{bootnode}->('tell');
    tell_packet($port, 'chroot /');
    is(wait_exit($node, 5), KILLED, 'sandbox = tell: ends, too');
    like(log_text($node), qr/^error: sandbox: the call chroot is not allowed/m, 'and names the call');
}

finish();
