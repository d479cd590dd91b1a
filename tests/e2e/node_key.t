#!/usr/bin/perl
# The bootnode's key as operators have it: a new or a lost one is said, --print-key tells it and makes none, it may be what
# a service manager or a container hands over, where nobody else has a say in it; and --rotate-key replaces it, so that
# clients follow.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use Test::More;

my $hex = qr/[0-9a-f]{64}/;

sub print_key {
    my ($config, @in) = @_;
    return run_program(name => 'print-key',
        command => [@in, gochat(), '--mode', 'bootnode', '--config', $config, '--print-key']);
}

sub folder_with {
    my ($mode) = @_;
    my $folder = temp_dir();
    write_file("$folder/given", '0123456789abcdef' x 4 . "\n");
    chmod $mode, "$folder/given" or die "$folder/given: $!\n";
    return ($folder, write_file("$folder/bootnode.ini", "[bootnode]\nkey_file = $folder/key\n"));
}

# --- made, known, lost -----------------------------------------------------------------------------------------------

my $bootnode = start_bootnode();
my ($folder, $config) = ($bootnode->{folder}, "$bootnode->{folder}/bootnode.ini");
like(log_text($bootnode), qr/warning: bootnode: made a new key, $hex, in \Q$folder\E\/bootnode\.key: keep a copy/,
    'a key that was made is said, louder than what is usual');
my ($status, $first) = print_key($config);
is($status, 0, '--print-key: status 0');
like($first, qr/\A$hex\n\z/, '--print-key: the key, alone in its line');
chomp $first;
like(log_text($bootnode), qr/made a new key, $first,/, 'it is that key');
is(read_file("$folder/bootnode.key.pub"), "$first\n", 'and so is what lies beside it for everybody');
stop_program($bootnode);

$bootnode = start_bootnode(again => $bootnode);
unlike(log_text($bootnode), qr/(?:warning|error): .*key/, 'a key that is known is no news');
stop_program($bootnode);

unlink "$folder/bootnode.key" or die "$folder/bootnode.key: $!\n";
($status, my $out, my $err) = print_key($config);
is($status, 1, '--print-key without a key: status 1');
is($out, '', 'nothing is printed');
like($err, qr/^gochat: key file \Q$folder\E\/bootnode\.key: No such file/, 'it is said');
ok(!-e "$folder/bootnode.key", 'and none is made');

$bootnode = start_bootnode(again => $bootnode);
my (undef, $second) = print_key($config);
chomp $second;
like(log_text($bootnode), qr/error: bootnode: key file .* was lost: it had the key $first\. Made a new key, $second:/,
    'a lost key is an error that names both');
stop_program($bootnode);

# --- what others hand over --------------------------------------------------------------------------------------------

($folder, $config) = folder_with(0440);
symlink 'given', "$folder/key" or die "symlink: $!\n";
($status, my $given) = print_key($config);
is($status, 0, 'a link to a file that its group may read');
chmod 0777, $folder or die "chmod: $!\n";
($status, $out, $err) = print_key($config);
is($status, 1, 'a link that others can turn: refused');
like($err, qr/key file \Q$folder\E\/key: is a symbolic link, and others than root .* can change \Q$folder\E\n/, 'by its folder');

($folder) = folder_with(0400);
rename "$folder/given", "$folder/bootnode.key" or die "rename: $!\n";
($status, $out) = run_program(name => 'credential', command => ['env', "CREDENTIALS_DIRECTORY=$folder",
        'STATE_DIRECTORY=/nonexistent', gochat(), '--mode', 'bootnode', '--print-key']);
is("$status $out", "0 $given", 'a credential of systemd is the key');

SKIP: {
    my @read_only = ('unshare', '-m', 'sh', '-c', 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"');
    ($folder, $config) = folder_with(0444);
    rename "$folder/given", "$folder/key" or die "rename: $!\n";
    skip 'a mount of our own takes root', 2 if $> != 0 || system(@read_only, 'sh', "$folder", 'true') != 0;
    ($status, $out, $err) = print_key($config);
    like("$status $err", qr/^1 gochat: key file .*: mode 0444 lets others in/, 'a file for all to read: refused');
    ($status, $out) = print_key($config, @read_only, 'sh', "$folder");
    is("$status $out", "0 $given", 'but not as the secret of a container, which is mounted read-only');
}

# --- a new key --------------------------------------------------------------------------------------------------------

sub bootnode_command {
    my ($config, @arguments) = @_;
    return run_program(name => 'key-command', command => [gochat(), '--mode', 'bootnode', '--config', $config, @arguments]);
}

$bootnode = start_bootnode(config => 'limit_loopback = no');
($folder, $config) = ($bootnode->{folder}, "$bootnode->{folder}/bootnode.ini");
my $data = temp_dir();
my ($address, $old_text) = ($bootnode->{address}, read_file("$folder/bootnode.key"));
my $client = start_client(name => 'first', bootnode => $bootnode, room => 'tea', data_dir => "$data/data");
wait_event($client, { event => 'registered' }, 10);
my $lines = sub { read_file("$data/data/known_bootnodes") };
my (undef, $old) = print_key($config);
chomp $old;
like($lines->(), qr/^\Q$address\E $old$/m, 'the client knows the old key');

($status, $out, $err) = bootnode_command($config, '--rotate-key');
is($status, 0, '--rotate-key') or diag $err;
my ($new) = $out =~ /^new key: ($hex)$/m;
like($out, qr/^old key: $old$/m, 'it says which is the old one');
my ($kept) = glob "$folder/bootnode.key.2*";
is(read_file($kept), $old_text, 'which is kept');
isnt(read_file("$folder/bootnode.key"), $old_text, 'and another one is in its place');
is((stat "$folder/bootnode.key")[2] & 07777, 0600, 'for nobody else to read');
($status, $out) = print_key($config);
is($out, "$new\nprevious: $old ($kept)\n", '--print-key tells both');
is(join(' ', sort map { s{.*/}{}r } glob("$folder/{.[!.],}*")), join(' ', 'bootnode.ini', 'bootnode.key', $kept =~ s{.*/}{}r, 'bootnode.key.pub'),
    'nothing else is left');

# Whoever is there comes back, whoever comes later is led, too, and both know the new one.
stop_program($bootnode);
$bootnode = start_bootnode(again => $bootnode, config => 'limit_loopback = no');
unlike(log_text($bootnode), qr/(?:warning|error): .*key/, 'a key that was rotated is no loss');
wait_event($client, { event => 'notice', text => qr/has a new key, $new, for which its old one vouches: remembered/ }, 20);
wait_event($client, { event => 'registered' }, 10);
like($lines->(), qr/^\Q$address\E $new\n\Q$address\E $old replaced$/m, 'the client remembers the new one, and that the old one was replaced');
stop_program($client);
my $pinned = start_client(name => 'pinned', bootnode => $bootnode, room => 'tea', config => "bootnode_key = $old");
wait_event($pinned, { event => 'notice', text => qr/put bootnode_key = $new into the settings/ }, 10);
wait_event($pinned, { event => 'registered' }, 10);
stop_program($pinned);

# Retired, the old one is nothing any more.
stop_program($bootnode);
unlink $kept or die "$kept: $!\n";
$bootnode = start_bootnode(again => $bootnode, config => 'limit_loopback = no');
$client = start_client(name => 'again', bootnode => $bootnode, room => 'tea', data_dir => "$data/data");
wait_event($client, { event => 'registered' }, 10);
is(events($client, { event => 'notice', text => qr/key/ }), 0, 'who has followed is told nothing');
stop_program($client);
$pinned = start_client(name => 'retired', bootnode => $bootnode, room => 'tea', config => "bootnode_key = $old");
wait_event($pinned, { event => 'error', text => qr/has the key $new, not the configured $old: refused/ }, 10);
is(wait_exit($pinned, 10), 1, 'who knows the retired one alone is refused');
stop_program($bootnode);

# Whole or not at all: where no file can be made, all stays as it is.
SKIP: {
    skip 'a full disk of our own takes root', 3 if $> != 0;
    my $before = read_file("$folder/bootnode.key");
    ($status, $out, $err) = run_program(name => 'full-disk', command => ['prlimit', '--fsize=10', gochat(),
            '--mode', 'bootnode', '--config', $config, '--rotate-key']);
    like("$status $err", qr/^1 gochat: key file .*: cannot be replaced: File too large/, 'a disk that takes no key: refused');
    is(read_file("$folder/bootnode.key"), $before, 'the old one stays');
    is(scalar(() = glob("$folder/{.[!.],}*")), 3, 'and nothing is left');
}
symlink "$folder/bootnode.key", "$folder/link" or die "symlink: $!\n";
($status, $out, $err) = bootnode_command(write_file("$folder/link.ini", "[bootnode]\nkey_file = $folder/link\n"), '--rotate-key');
like("$status $err", qr/^1 gochat: key file .*: is a symbolic link: the file that it names is to be rotated/, 'a link is not replaced by a file');
($status, $out, $err) = bootnode_command(write_file("$folder/none.ini", "[bootnode]\nkey_file = $folder/none\n"), '--rotate-key');
like("$status $err", qr/^1 gochat: key file .*none: No such file/, 'where there is none, none is made');
ok(!-e "$folder/none", 'none');

finish();
