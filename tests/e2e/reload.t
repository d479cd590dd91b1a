#!/usr/bin/perl
# SIGHUP: the settings are read anew and hold whole, or nothing changes. In the sandbox, as an operator runs it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Basename qw(dirname);
use GoChat::Test;
use IO::Socket::IP;
use POSIX ();
use Socket qw(SOCK_DGRAM);
use Test::More;

# A bootnode whose file `set` writes anew; gives what the log said of the reload.
sub open_node {
    my ($name, @lines) = @_;
    my $folder = temp_dir();
    my $port = free_port();
    my $self = { folder => $folder, file => "$folder/bootnode.ini", reloads => 0,
        head => "listen = 127.0.0.1:$port\nkey_file = bootnode.key\nlimit_loopback = on", port => $port };
    write_settings($self, @lines);
    $self->{node} = start_program(name => $name, command => [gochat(), '--mode', 'bootnode', '--config', $self->{file}]);
    wait_log($self->{node}, qr/listening on/, 10) or die "nothing works without a bootnode\n";
    return $self;
}

# As editors do it: another file takes the place of the former one.
sub write_settings {
    my ($self, @lines) = @_;
    write_file("$self->{file}.new", join "\n", '[bootnode]', $self->{head}, @lines, '');
    return rename("$self->{file}.new", $self->{file}) || die "rename: $!";
}

sub reload {
    my ($self) = @_;
    my $before = length log_text($self->{node});
    send_signal($self->{node}, 'HUP');
    wait_until(sub { substr(log_text($self->{node}), $before) =~ /bootnode: (?:not )?reloaded/ }, 5)
        or fail_about($self->{node}, 'it says what came of it');
    return substr log_text($self->{node}), $before;
}

# Whether this rate_stun holds for somebody at an address that asked nothing before, with 300 STUN requests at once: ten
# seconds' worth of them are answered, and what the seconds that go by meanwhile are worth.
sub answers_at {
    my ($self, $from, $rate, $what) = @_;
    my ($began, $deadline) = (clock_now(), now() + slow(10));
    my $socket = IO::Socket::IP->new(LocalHost => $from, PeerHost => '127.0.0.1', PeerPort => $self->{port},
        Type => SOCK_DGRAM) or die "socket: $@\n";
    my $count = 0;
    for my $number (1 .. 300) {
        $socket->send(pack 'nnNN3', 1, 0, 0x2112a442, 1, 2, $number) or die "send: $!";
    }
    my $ready = '';
    vec($ready, fileno $socket, 1) = 1;
    while ($count < 10 * $rate && now() < $deadline) {
        $count += defined $socket->recv(my $answer, 2000) if select(my $copy = $ready, undef, undef, 1);
    }
    while (select(my $copy = $ready, undef, undef, 0.3)) { $count += defined $socket->recv(my $answer, 2000) }
    my $most = 10 * $rate + $rate * (clock_now() - $began);
    return ok($count >= 10 * $rate && $count <= $most, $what) || diag("$count answers, and not up to $most");
}

my $node = open_node('reload', 'rate_stun = 20');
like(reload($node), qr/^.*reload: nothing changed\n.*reloaded \Q$node->{file}\E\n/m, 'nothing new: and so it says');

answers_at($node, '127.1.0.1', 20, 'a limit before');
write_settings($node, 'rate_stun = 3', 'room_members = 64', 'log_level = info');
like(reload($node), qr/reload: changed room_members, rate_stun$/m, 'what changed is named');
answers_at($node, '127.2.0.1', 3, 'and holds');
write_settings($node, 'rate_stun = 30', 'room_members = 64', 'log_level = info');
like(reload($node), qr/reload: changed rate_stun$/m, 'and again');

# A fault of any kind, beside a change that would be fine.
my %faults = (
    'a key that is none' => 'no_such_key = 1',
    'a number that is none' => 'rate_hello = many',
    'out of range' => 'room_members = 100000',
    'a user that is none' => 'user = nobody-has-this-name',
    'an interface that is none' => 'listen = [fe80::1%nowhere0]:9595',
);
for my $fault (sort keys %faults) {
    write_settings($node, 'rate_stun = 1', $faults{$fault});
    my $said = reload($node);
    my ($key) = $faults{$fault} =~ /^(\w+)/;
    like($said, qr/^\S+ error: .*reload: \Q$node->{file}\E:\d+: .*\b$key\b/m, "$fault: named with its line");
    like($said, qr/^\S+ error: .*not reloaded.* all stays as it was/m, 'and nothing changed');
}
unlink $node->{file} or die;
like(reload($node), qr/reload: \Q$node->{file}\E: No such file.*not reloaded/s, 'no file: likewise');
POSIX::mkfifo($node->{file}, 0600) or die "mkfifo: $!";
like(reload($node), qr/reload: \Q$node->{file}\E: expected a file.*not reloaded/s, 'a pipe that nobody writes to: nor that');
unlink $node->{file} or die;
mkdir $node->{file} or die "mkdir: $!";
like(reload($node), qr/reload: \Q$node->{file}\E: Is a directory.*not reloaded/s, 'nor a folder');
rmdir $node->{file} or die;
write_settings($node, 'rate_stun = 30', 'room_members = 64');
like(reload($node), qr/reload: nothing changed/, 'and what held before holds still');

write_settings($node, 'rate_stun = 31', 'room_members = 64', 'workers = 3', 'receive_buffer = 100000');
my $said = reload($node);
like($said, qr/reload: only a restart changes workers, receive_buffer$/m, 'what needs a restart is named');
like($said, qr/reload: changed rate_stun$/m, 'and the rest holds');
like(reload($node), qr/nothing else changed/, 'once');

write_settings($node, 'rate_stun = 31', 'log_level = error');
send_signal($node->{node}, 'HUP');
write_settings($node, 'rate_stun = 31', 'rate_hello = x');
like(reload($node), qr/^\S+ error: .*rate_hello = x/m, 'errors are told at every level');
is(stop_program($node->{node}), 0, 'and it ends well');

# --- Several files ---------------------------------------------------------------------------------------------------

{
    my $more = temp_dir();
    my $split = open_node('split', "include = $more/*.conf", 'metrics = 127.0.0.1:0');
    write_file("$more/a.conf", "rate_stun = 4\n");
    like(reload($split), qr/reload: changed rate_stun$/m, 'a file that an included folder has now');
    answers_at($split, '127.4.0.1', 4, 'and it holds');
    write_file("$more/b.conf", "\nrate_stun = 5\n");
    like(reload($split), qr{reload: \Q$more\E/b\.conf:2: rate_stun = 5: given already in \Q$more\E/a\.conf:1, expected once$}m,
        'its faults have their own place');
    is(stop_program($split->{node}), 0, 'and it ends well');
}

# --- From a pipe -----------------------------------------------------------------------------------------------------

{
    my $folder = temp_dir();
    my $pipe = "$folder/settings";
    POSIX::mkfifo($pipe, 0600) or die "mkfifo: $!";
    my $piped = start_program(name => 'piped', command => [gochat(), '--mode', 'bootnode', '--config', $pipe]);
    write_file($pipe, "[bootnode]\nlisten = 127.0.0.1:0\nkey_file = $folder/key\n");
    ok(wait_log($piped, qr/listening on/, 10), 'settings that can be read once alone are enough to start');
    send_signal($piped, 'HUP');
    ok(wait_log($piped, qr/not reloaded/, 5), 'but not to reload: what was read holds');
    is(stop_program($piped), 0, 'and it ends well');
}

# --- Under load ------------------------------------------------------------------------------------------------------

{
    my $busy = open_node('busy', 'rate_hello = 0', 'rate_register = 0', 'sessions_per_source = 0', 'workers = 2');
    my $load = start_program(name => 'load', json => 1, command => [dirname(gochat()) . '/gochat-load', '--bootnode',
        "127.0.0.1:$busy->{port}", '--sessions', 2000, '--rate', 4000, '--answers', 'every', '--duration', 6, '--json', '-',
        '--progress', 0.2]);
    wait_log($load, qr/answered|beats/, 20);
    my $said = '';
    for my $number (1 .. 100) {
        write_settings($busy, 'rate_hello = 0', 'rate_register = 0', 'sessions_per_source = 0', 'workers = 2',
            "room_members = " . (64 + $number), $number % 4 == 0 ? 'rate_move = -1' : ());
        $said .= reload($busy);
    }
    is(scalar(() = $said =~ /^\S+ info: .*: reloaded /mg), 75, 'reloads under load');
    is(scalar(() = $said =~ /^\S+ error: .*not reloaded/mg), 25, 'and files that were refused');
    my $result = wait_event($load, {}, 20);
    is(wait_exit($load, 20), 0, 'the load agrees');
    is($result->{lost}, 0, "and lost nothing of $result->{sent}");
    cmp_ok($result->{sent}, ">=", 5000, "which was much");
}
finish();
