#!/usr/bin/perl
# gochat --mode identity as people and scripts use it: a backup and what comes back, a passphrase on the key file that a
# client asks for, and what is refused, with everything left as it was.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Terminal;
use GoChat::Test;
use JSON::PP;
use Test::More;

my ($first, $second) = ('harbour violin seventeen cloud', 'gravel umbrella northwest tin');
my $folder = temp_dir();
my $data = known_identity(1);
my @mode = (gochat(), '--mode', 'identity', '--config', '/dev/null');

# (status, output, errors) of a script.
sub script {
    my ($input, $place, @words) = @_;
    return run_program(name => 'identity', command => [@mode, '--data-dir', $place, @words], input => $input, timeout => 20);
}
sub shown { my ($place) = @_; return decode_json((script('', $place, 'show', '--json'))[1] || '{}') }
sub key { my ($place) = @_; return read_file("$place/identity") }

# --- a backup ---------------------------------------------------------------------------------------------------------

my $own = shown($data);
like($own->{fingerprint}, qr/^[0-9a-f]{32}$/, 'show has the fingerprint');
my ($status, $out, $err) = script("$first\n", $data, 'backup', "$folder/backup", '--passphrase-fd', 0);
is($status, 0, 'a backup is made') or diag($err);
like($out, qr/\Q$own->{fingerprint}\E/, 'of this key');
unlike(read_file("$folder/backup"), qr/1111/, 'and does not say it');
is((stat "$folder/backup")[2] & oct 7777, oct 600, 'and others cannot read it');
my $backup = read_file("$folder/backup");
($status, $out, $err) = script("$first\n", $data, 'backup', "$folder/backup", '--passphrase-fd', 0);
is($status, 1, 'never over a file');
like($err, qr/is there already/, 'which is said');
is(read_file("$folder/backup"), $backup, 'and it stays');
($status, $out, $err) = script("\n", $data, 'backup', "$folder/empty", '--passphrase-fd', 0);
is($status, 2, 'an empty passphrase is none');
ok(!-e "$folder/empty", 'and nothing is written');
($status, $out, $err) = script('', $data, 'backup', "$folder/empty");
is($status, 2, 'who cannot be asked has to say it');
like($err, qr/--passphrase-fd N/, 'and how');

# --- and back ---------------------------------------------------------------------------------------------------------

($status, $out, $err) = script("$second\n", "$folder/new", 'restore', "$folder/backup", '--passphrase-fd', 0);
is($status, 2, 'a wrong passphrase');
like($err, qr/passphrase is wrong/, 'is said to be one');
ok(!-e "$folder/new/identity", 'and nothing is restored');
($status) = script("$first\n", "$folder/new", 'restore', "$folder/backup", '--passphrase-fd', 0);
is($status, 0, 'the right one');
is(key("$folder/new"), key($data), 'brings the key back');

my $other = known_identity(2);
($status, $out, $err) = script("$first\n", $other, 'restore', "$folder/backup", '--passphrase-fd', 0);
is($status, 1, 'another key is not replaced');
like($err, qr/another key.*--replace/, 'unless that is said');
is(key($other), '2' x 64 . "\n", 'and stays');
($status) = script("$first\n", $other, 'restore', "$folder/backup", '--passphrase-fd', 0, '--replace');
is($status, 0, 'with --replace it is');
is(key($other), key($data), 'by this one');
my ($kept) = glob "$other/identity.replaced-*";
is(read_file($kept // '/dev/null'), '2' x 64 . "\n", 'and kept');
is(shown($other)->{others}[0]{file}, $kept, 'show has it, too');

# Who forgot the passphrase of the key file, and has a backup.
($status) = script("$second\n", $other, 'lock', '--key-passphrase-fd', 0);
my $locked_file = key($other);
($status, $out) = script("$first\n", $other, 'restore', "$folder/backup", '--passphrase-fd', 0);
is($status, 0, 'a backup of a locked key is tried');
like($out, qr/stays as it is; --replace puts it there without a passphrase$/, 'and how it would open that');
is(key($other), $locked_file, 'which it does not do by itself');
($status) = script("$first\n", $other, 'restore', "$folder/backup", '--passphrase-fd', 0, '--replace');
is($status, 0, 'with --replace it does');
is(key($other), key($data), 'without the forgotten passphrase');
is(scalar(grep { read_file($_) eq $locked_file } glob "$other/identity.replaced-*"), 1, 'and what was there is kept');

write_file("$folder/damaged", $backup =~ s/^Salt: ./Salt: g/mr);
($status, $out, $err) = script("$first\n", "$folder/newer", 'restore', "$folder/damaged", '--passphrase-fd', 0);
is($status, 1, 'a damaged backup');
like($err, qr/damaged: line 6: /, 'is told with its line');

# --- a passphrase on the key, at a terminal ---------------------------------------------------------------------------

my $terminal = start_terminal(name => 'lock', command => [@mode, '--data-dir', $data, 'lock'], errors => 'terminal');
ok(wait_screen($terminal, qr/New passphrase of our key:/, 10), 'somebody at a terminal is asked');
type_text($terminal, "$first\r");
ok(wait_screen($terminal, qr/about \d+ bits.*Once more:/s, 10), 'twice, and hears how strong it is');
type_text($terminal, "$second\r");
ok(wait_screen($terminal, qr/another one than before.*New passphrase/s, 10), 'a slip is noticed');
type_text($terminal, "$first\r");
ok(wait_screen($terminal, qr/Once more:\s+\S.*Once more:/s, 10), 'and asked anew');
type_text($terminal, "$first\r");
ok(wait_screen($terminal, qr/has a passphrase/, 10), 'the key is locked');
unlike(screen_text($terminal), qr/harbour|gravel/, 'and no passphrase was shown');
wait_end($terminal, 10);
like(key($data), qr/^-----BEGIN GOCHAT IDENTITY-----\n/, 'its file is sealed');
my $locked = shown($data);
ok($locked->{passphrase}, 'show says so');
is($locked->{fingerprint}, $own->{fingerprint}, 'and still whose it is');

# --- a client with such a key -----------------------------------------------------------------------------------------

my $bootnode = start_bootnode();
my @client = (gochat(), '--config', '/dev/null', '--data-dir', $data, '--bootnode', $bootnode->{address}, '--room', 'tea');
($status, $out, $err) = run_program(command => [@client, '--ui', 'plain'], input => "hello\n");
is($status, 2, 'on a pipe a client ends with 2');
like($err, qr/our key [0-9a-f]{8}.*--key-passphrase-fd N/, 'and says how a script gives the passphrase');
($status, $out, $err) = run_program(command => [@client, '--ui', 'plain', '--key-passphrase-fd', 0], input => "$second\n");
is($status, 2, 'a wrong one');
like($err, qr/--key-passphrase-fd 0: the passphrase is wrong/, 'is said to be one');

my $client = start_program(name => 'scripted', json => 1, command => [@client, '--ui', 'json', '--key-passphrase-fd', 0]);
send_line($client, $first);
ok(wait_event($client, { event => 'registered' }, 10), 'with the right one it is in the room');
my ($joined) = events($client, { event => 'joined' });
is($joined->{fingerprint}, $own->{fingerprint}, 'as whom it was before') if exists $joined->{fingerprint};
for my $command ('lock', 'unlock') {
    ($status, $out, $err) = script("$first\n", $data, $command, '--key-passphrase-fd', 0);
    is($status, 1, "meanwhile, $command");
    like($err, qr/in use by another client/, 'is refused, and says why');
}
ok((shown($data))->{passphrase}, 'show works');
close_input($client);
wait_exit($client, 15);

my $screen = start_terminal(name => 'asked', command => [@client, '--ui', 'curses'], errors => 'terminal');
ok(wait_screen($screen, qr/Passphrase of our key [0-9a-f]{8}:/, 10), 'at a terminal a client asks');
type_text($screen, "$second\r");
ok(wait_screen($screen, qr/passphrase is wrong.*Passphrase of our key/s, 10), 'again after a wrong one');
type_text($screen, "$first\r");
ok(wait_screen($screen, qr/registered at/, 10), 'and then shows the room');
type_text($screen, "/quit\r");
wait_end($screen, 15);

# --- another one, and none --------------------------------------------------------------------------------------------

($status) = script("$first\n$second\n", $data, 'lock', '--key-passphrase-fd', 0);
is($status, 0, 'the passphrase can be changed');
my $before = key($data);
($status) = script("$first\n", $data, 'unlock', '--key-passphrase-fd', 0);
is($status, 2, 'the old one is wrong then');
is(key($data), $before, 'and changes nothing');
($status) = script("$second\n", $data, 'unlock', '--key-passphrase-fd', 0);
is($status, 0, 'the new one');
is(key($data), '1' x 64 . "\n", 'takes it off');

finish();
