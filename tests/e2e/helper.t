#!/usr/bin/perl
# The helper process, which looks up names and asks the gateway: it has nothing to tell (no secret, key, word, argument or
# variable in its memory, no descriptor but its socket), ends with its client however that ends, and is missed by
# nobody who does not need it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use Test::More;

plan skip_all => 'who looks into a process that forbids it has to be root' if $> != 0;

use constant { SECRET => 'the kettle is behind the clock', VARIABLE => 'only-the-environment-has-this', LARGEST => 1 << 26 };

my $folder = temp_dir();
my $secret = write_file("$folder/secret", SECRET . "\n");
chmod 0600, $secret;
my $bootnode = start_bootnode();
my ($port) = $bootnode->{address} =~ /:(\d+)$/;

sub enter_room {
    my ($name, %more) = @_;
    return start_client(name => $name, bootnode => "localhost:$port", room => 'tea', in => ['env', 'MARK=' . VARIABLE],
        arguments => ['--secret-file', $secret], %more);
}

# --- what is known of a process --------------------------------------------------------------------------------------

sub content {
    my ($path) = @_;
    open my $file, '<:raw', $path or return '';
    local $/;
    return <$file> // '';
}

sub helpers_of {
    my ($pid) = @_;
    return split ' ', content("/proc/$pid/task/$pid/children");
}

sub is_alive { my ($pid) = @_; return content("/proc/$pid/stat") =~ /\) [^ZX] / }

sub descriptors {
    my ($pid) = @_;
    return map { [m{(\d+)$}, readlink] } glob "/proc/$pid/fd/*";
}

# Every byte that it can read or write, but for what the kernel maps and what is a file's.
sub memory_of {
    my ($pid) = @_;
    my $all = '';
    open my $memory, '<:raw', "/proc/$pid/mem" or die "/proc/$pid/mem: $!";
    for my $line (split /\n/, content("/proc/$pid/maps")) {
        my ($start, $end) = $line =~ /^(\w+)-(\w+) rw/ or next;
        ($start, $end) = do { no warnings 'portable'; (hex $start, hex $end) };
        next if $end - $start > LARGEST;
        sysseek $memory, $start, 0 or next;
        sysread $memory, my $bytes, $end - $start;
        $all .= $bytes // '';
    }
    return $all;
}

sub knows { my ($pid, @what) = @_; my $memory = memory_of($pid); return grep { index($memory, $_->[1]) >= 0 } @what }
sub names_of { return [map { $_->[0] } @_] }

# --- it has nothing --------------------------------------------------------------------------------------------------

my $anna = enter_room('anna');
ok(wait_event($anna, { event => 'registered', name => "localhost:$port" }, 10), 'its work: a name is found');
my ($helper, @more) = helpers_of($anna->{pid});
is_deeply([defined $helper, scalar @more], [1, 0], 'a client has one process');
is(content("/proc/$helper/comm"), "gochat-helper\n", 'which has a name of its own');
is(content("/proc/$helper/cmdline") =~ s/\0+$//r, 'gochat-helper', 'also where ps shows arguments');
is_deeply([grep {/\S/} split /\0/, content("/proc/$helper/environ")], [], 'its environment is empty');
is(readlink "/proc/$helper/cwd", '/', 'it holds no folder');
my ($session) = content("/proc/$helper/stat") =~ /\) \S \d+ \d+ (\d+) /;
is($session, $helper, 'it has a session of its own, and no terminal');

my @above = grep { $_->[0] > 2 } descriptors($helper);
is_deeply([map { $_->[0] } @above], [3], 'it has one descriptor above the standard ones');
like($above[0][1], qr/^socket:/, 'which is a socket');
if (!$ENV{SAN}) {
    is_deeply([grep { $_->[1] !~ /^(pipe|socket):/ } descriptors($helper)], [], 'no file, no terminal');
    my %ours = map { $_->[1] => 1 } descriptors($anna->{pid});
    is_deeply([grep { $ours{ $_->[1] } } descriptors($helper)], [], 'and none that its client has');
}

my $seed = pack 'H*', read_file("$anna->{folder}/data/identity") =~ s/\s+$//r;
is(length $seed, 32, 'the seed of our key');
my @kept = (['the secret', SECRET], ['the seed', $seed], ['its digits', unpack 'H*', $seed]);
my @given = (['the path of the secret', $secret], ['a variable', VARIABLE]);
is_deeply(names_of(grep { $_->[0] ne 'its digits' } knows($anna->{pid}, @kept, @given)),
    names_of(@kept[0, 1], @given), 'a look into a memory finds what is there');
is_deeply(names_of(knows($helper, @kept)), [], 'the helper knows no secret');
# A sanitizer keeps the environment and the arguments for itself.
is_deeply(names_of(knows($helper, @given)), [], 'nor what the client was started with') if !$ENV{SAN};

if (!$ENV{SAN}) {
    my $ines = enter_room('ines', bootnode => "machine.test:$port",
        in => ['env', 'LD_PRELOAD=' . test_tool('name_server.so')]);
    ok(wait_event($ines, { event => 'registered', name => "machine.test:$port" }, 10),
        'the name of the own machine is found, where systemd looks it up');
}

# As sed -i and those who manage networks do: another file is put in the place of the one that was there at the start.
SKIP: {
    my $etc = "$folder/etc";
    my @other_etc = ('unshare', '-m', 'sh', '-c', 'mount --bind "$0" /etc && exec "$@"', $etc);
    skip 'no mount namespace here', 3 if $ENV{SAN} || system('cp', '-a', '/etc', $etc) != 0 || system(@other_etc, 'true') != 0;
    mkdir "$folder/resolver" or die "$folder/resolver: $!";
    write_file("$folder/resolver/resolv.conf", "nameserver 127.0.0.1\n");
    unlink "$etc/resolv.conf";
    symlink "$folder/resolver/resolv.conf", "$etc/resolv.conf" or die "$etc/resolv.conf: $!";
    write_file("$etc/nsswitch.conf", "hosts: files\n");
    my $gina = enter_room('gina', room => 'elsewhere', bootnode => "later.test:$port", in => \@other_etc);
    my ($own, $deadline) = (undef, now() + slow(5));
    watch_until(now() + 0.01)
        until now() > $deadline || (($own) = helpers_of($gina->{pid})) && content("/proc/$own/status") =~ /^Seccomp:\s*2$/m;
    ok(defined $own, 'a helper that is shut off');
    write_file("$etc/hosts.new", "127.0.0.1 localhost later.test\n");
    rename "$etc/hosts.new", "$etc/hosts" or die "$etc/hosts: $!";
    ok(wait_event($gina, { event => 'registered', name => "later.test:$port" }, 40), 'reads a file that took the place of another');
    close_input($gina);
    is(wait_exit($gina, 15), 4, 'and ends well');
}

# --- its end is survived, and told once ------------------------------------------------------------------------------

my $bert = enter_room('bert', bootnode => $bootnode);
ok(wait_event($bert, { event => 'peer-connected', nick => 'anna' }, 10), 'two have met');
kill $_ => $helper for qw(INT TERM HUP QUIT TSTP);
ok(is_alive($helper), 'what a terminal or a service manager sends to all of a group does not end it');
kill KILL => $helper;
ok(wait_log($anna, qr/^error: helper: the process that looks up names .* has ended/, 5), 'its end is told');
send_line($anna, 'still here');
ok(wait_event($bert, { event => 'message', text => 'still here' }, 5), 'and its client chats on');
is(scalar(() = log_text($anna) =~ /helper:/g), 1, 'told once');
close_input($anna);
is(wait_exit($anna, 10), 0, 'and ends well');

if (!$ENV{SAN}) {
    # The client says after 3 s that a name is not found, so nothing here may take that long: the question itself ends
    # the process.
    my $carl = enter_room('carl', bootnode => "ending.test:9,$bootnode->{address}",
        in => ['env', 'LD_PRELOAD=' . test_tool('name_server.so')]);
    my $lost = wait_event($carl, { event => 'bootnode-lost', name => 'ending.test:9' }, 10);
    like($lost->{text}, qr/the helper process does not answer/, 'a look-up fails as soon as nobody is there to answer');
    ok(wait_event($carl, { event => 'registered', name => $bootnode->{address} }, 10), 'another bootnode is none the worse');
    wait_log($carl, qr/^error: helper: /, 2);
    is(scalar(() = log_text($carl) =~ /helper: /g), 1, 'told once, however many questions there were');
    close_input($carl);
    is(wait_exit($carl, 10), 0, 'and ends well');
}

# --- it ends with its client -----------------------------------------------------------------------------------------

sub ends_with {
    my ($what, $name, $end) = @_;
    my $client = enter_room($name, bootnode => $bootnode);
    wait_event($client, { event => 'registered' }, 10);
    my ($own) = helpers_of($client->{pid});
    ok(is_alive($own), "$what: there is one");
    $end->($client);
    wait_exit($client, 10);
    return ok(wait_until(sub { !is_alive($own) }, 2), "$what: it ends with its client");
}

ends_with('at the end of input', 'dora', \&close_input);
ends_with('at a signal', 'emil', sub { send_signal($_[0], 'TERM') });
ends_with('killed', 'fred', sub { send_signal($_[0], 'KILL') });
ends_with('stopped and killed', 'gina', sub { freeze_program($_[0]); send_signal($_[0], 'KILL') });

my $hana = enter_room('hana');
wait_event($hana, { event => 'registered' }, 10);
my ($stuck) = helpers_of($hana->{pid});
kill STOP => $stuck;
my $start = now();
close_input($hana);
is(wait_exit($hana, 10), 0, 'one that does not go by itself: its client ends');
cmp_ok(now() - $start, '<', slow(2), 'soon');
ok(!is_alive($stuck), 'and takes it along');

# --- send and the doctor have one, too -------------------------------------------------------------------------------

my $words = 'words that somebody typed as an argument';
my $sender = start_program(name => 'sender', command => [gochat(), '--mode', 'send', '--bootnode', '127.0.0.1:9',
    '--room', 'tea', '--data-dir', "$folder/sender", '--timeout', 30, $words]);
ok(wait_until(sub { helpers_of($sender->{pid}) && content("/proc/$sender->{pid}/task/$sender->{pid}/children") }, 5),
    'a sender has one');
my ($its) = helpers_of($sender->{pid});
wait_until(sub { content("/proc/$its/comm") eq "gochat-helper\n" && content("/proc/$its/environ") !~ /PATH/ }, 5);
my @words = (['the words', $words]);
is_deeply(names_of(knows($sender->{pid}, @words)), ['the words'], 'the words are there');
is_deeply(names_of(knows($its, @words)), [], 'and not with it') if !$ENV{SAN};
send_signal($sender, 'INT');
wait_exit($sender, 10);
ok(wait_until(sub { !is_alive($its) }, 2), 'it ends with the sender');

my $doctor = start_program(name => 'doctor', command => [gochat(), '--mode', 'doctor', '--bootnode', '127.0.0.1:9']);
ok(wait_until(sub { scalar helpers_of($doctor->{pid}) }, 5), 'a doctor has one');
($its) = helpers_of($doctor->{pid});
send_signal($doctor, 'KILL');
wait_exit($doctor, 5);
ok(wait_until(sub { !is_alive($its) }, 2), 'it ends with the doctor');

finish();
