#!/usr/bin/perl
# The bootnode's key as operators have it: a new or a lost one is said, --print-key tells it and makes none, and it may be
# what a service manager or a container hands over, where nobody else has a say in it.
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

finish();
