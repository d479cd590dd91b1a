#!/usr/bin/perl
# A data directory that cannot be written, or that others can look into, and a secret that others can read: said once,
# with what mends it; and but for the secret, it chats.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Terminal;
use GoChat::Test;
use Test::More;

my $folder = temp_dir();
my $bootnode = start_bootnode();
my $bert = enter_room('bert');

sub enter_room {
    my ($name, %more) = @_;
    return start_client(name => $name, bootnode => $bootnode, room => 'tea', %more);
}

sub directory {
    my ($name, $mode) = @_;
    mkdir "$folder/$name" or die "$folder/$name: $!";
    chmod $mode, "$folder/$name" or die "$folder/$name: $!";
    return "$folder/$name";
}

# What a client with that data directory says on standard error, from its start to its end; it has met bert meanwhile.
sub complaints {
    my ($name, $directory, %more) = @_;
    my $client = enter_room($name, data_dir => $directory, %more);
    ok(wait_event($client, { event => 'peer-connected', nick => 'bert' }, 10), "$name: chats");
    send_line($client, "from $name");
    ok(wait_event($bert, { event => 'message', text => "from $name" }, 5), "$name: is heard");
    close_input($client);
    is(wait_exit($client, 15), 0, "$name: ends well");
    is(events($client, { event => 'error' }), 0, "$name: nothing is wrong with the chat");
    return split /\n/, log_text($client);
}

my $private = directory('private', 0700);
is_deeply([complaints('private', $private)], [], 'a private directory: no word');
is_deeply([complaints('none', "$folder/none/yet")], [], 'one that is not there yet: no word');
is(sprintf('%04o', (stat "$folder/none/yet")[2] & 07777), '0700', 'it is made for us alone');

for my $mode (0755, 0770, 0701) {
    my $open = directory(sprintf('open-%04o', $mode), $mode);
    is_deeply(
        [complaints(sprintf('mode-%04o', $mode), $open)],
        [sprintf 'gochat: data directory %s: mode %04o lets others in, expected 0700: chmod 700 %s', $open, $mode, $open],
        'others can look in: what mends it'
    );
}

my $screen = start_terminal(name => 'screen', bootnode => $bootnode, room => 'tea', columns => 200,
    data_dir => "$folder/open-0755");
ok(wait_screen($screen, qr/mode 0755 lets others/, 10), 'a screen says it, too, in the first room');

for my $nowhere (['device', '/dev/null', 'Not a directory'], ['nowhere', '/proc/none', 'No such file or directory']) {
    my ($name, $place, $reason) = @$nowhere;
    is_deeply(
        [complaints($name, $place)],
        ["gochat: data directory $place: $reason: our key ends with this run, and nothing new is remembered"],
        "$place: said once"
    );
}

for my $mode (0777, 0702, 01777) {
    my $name = sprintf 'all-%04o', $mode;
    my $all = directory($name, $mode);
    my ($status, $out, $err) = run_program(name => $name, command => [gochat(), '--mode', 'client', '--room', 'harbour',
        '--bootnode', $bootnode->{address}, '--ui', 'json', '--data-dir', $all]);
    is($err, sprintf("gochat: data directory %s: mode %04o lets everybody replace our keys, expected 0700: chmod 700 %s\n",
        $all, $mode, $all), sprintf '%04o: it is refused', $mode);
    is($status, 1, 'as what cannot be read is');
    is_deeply([glob "$all/*"], [], 'and nothing is made in it');
}

my $linked = directory('linked', 0700);
symlink '/dev/null', "$linked/$_" or die "$linked/$_: $!" for 'people', 'known_bootnodes';
is_deeply(
    [complaints('linked', $linked)],
    ["gochat: $linked/people: expected a regular file: new people are forgotten at the end",
        "gochat: $linked/known_bootnodes: expected a regular file: new keys are forgotten at the end"],
    'people and known keys that are /dev/null: said once'
);

my $before = directory('before', 0700);
symlink '/dev/null', "$before/known_peers" or die "$before/known_peers: $!";
is_deeply(
    [complaints('before', $before)],
    ["gochat: $before/known_peers: expected a regular file: new people are forgotten at the end"],
    'who wanted nobody remembered in the file of before has that'
);
ok(! -e "$before/people", 'so there is none');

my $through = directory('through', 0700);
for my $elsewhere ('', 'anything') {
    write_file("$folder/elsewhere", $elsewhere);
    unlink "$through/known_bootnodes";
    symlink "$folder/elsewhere", "$through/known_bootnodes" or die "$through: $!";
    my ($said) = complaints('through', $through);
    like($said, qr{^gochat: \Q$through\E/known_bootnodes: is a symbolic link, expected a regular file: }, 'a link is told');
    is(read_file("$folder/elsewhere"), $elsewhere, 'and nothing is written through it');
}

my $circle = directory('circle', 0700);
symlink 'people', "$circle/people" or die "$circle/people: $!";
is_deeply(
    [complaints('circle', $circle)],
    ["gochat: $circle/people: Too many levels of symbolic links: the people in it are not looked at, and new ones are forgotten at the end"],
    'people that cannot be read: they count for nothing, and that is said'
);

SKIP: {
    my @read_only = ('unshare', '-m', 'sh', '-c', 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"');
    my $new = directory('new', 0700);
    skip 'no mount namespace here', 10 if system(@read_only, 'sh', $new, 'true') != 0;
    my $reason = 'Read-only file system';
    is_deeply(
        [complaints('again', $private, in => [@read_only, 'sh', $private])],
        ["gochat: data directory $private: $reason: nothing new is remembered"], 'read-only, with a key: said once'
    );
    is_deeply(
        [complaints('new', $new, in => [@read_only, 'sh', $new])],
        ["gochat: data directory $new: $reason: our key ends with this run, and nothing new is remembered"],
        'read-only, without a key: said once'
    );
}

# --- the room's secret ---------------------------------------------------------------------------------------------------

my $secret = write_file("$folder/secret", "sesame\n");
my @client = (gochat(), '--mode', 'client', '--bootnode', $bootnode->{address}, '--room', 'tea', '--data-dir', $private,
    '--secret-file', $secret);
for my $mode (0644, 0660, 0604) {
    chmod $mode, $secret or die "$secret: $!";
    my ($status, undef, $err) = run_program(name => 'secret', command => \@client);
    is($status, 2, sprintf 'a secret of mode %04o: refused', $mode);
    is($err, sprintf("gochat: --secret-file %s: mode %04o lets others have the secret, expected 0600: chmod 600 %s\n",
            $secret, $mode, $secret), 'in one line that says what mends it');
}
my $credential = enter_room('service', in => ['env', "CREDENTIALS_DIRECTORY=$folder"],
    arguments => ['--secret-file', $secret]);
ok(wait_event($credential, { event => 'registered' }, 10), 'a credential of systemd is taken');
chmod 0600, $secret or die "$secret: $!";
my $piped = enter_room('piped', in => ['bash', '-c', 'exec "$@" --secret-file <(cat "$0")', $secret]);
ok(wait_event($piped, { event => 'peer-connected', nick => 'service' }, 10), 'and a pipe; both are in the same room');

finish();
