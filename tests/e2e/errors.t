#!/usr/bin/perl
# What a user can get wrong, and the one clear line that says so. A wrong flag, key, value or address ends with 2.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use IO::Socket::IP;
use Socket qw(SOCK_DGRAM);
use Test::More;

my $folder = temp_dir();

# A start that must fail: with `status`, and exactly one line of complaint that matches every pattern.
sub refused {
    my ($what, $status, $patterns, @arguments) = @_;
    my ($got, $out, $err) = run_program(name => 'refused', command => [gochat(), @arguments], timeout => 30);
    my @complaints = grep { !/^(?:info|debug): / } split /\n/, $err;
    my $good = is($got, $status, "$what: status $status");
    $good &= is(@complaints, 1, "$what: one line");
    $good &= like("@complaints", $_, "$what: the line says so") for @$patterns;
    $good &= is($out, '', "$what: nothing on standard output");
    diag("gochat @arguments\n$err") unless $good;
}

sub bootnode_refused {
    my ($what, $status, $patterns, @more) = @_;
    refused($what, $status, $patterns, '--mode', 'bootnode', @more);
}

sub client_refused {
    my ($what, $patterns, @more) = @_;
    refused($what, 2, $patterns, '--mode', 'client', @more);
}

# What gochat in bootnode mode answers: (status, standard error).
sub bootnode_says {
    my (@arguments) = @_;
    my ($status, undef, $err) =
        run_program(name => 'config', command => [gochat(), '--mode', 'bootnode', @arguments]);
    return ($status, $err);
}

sub bootnode_config {
    my ($key_file, @more) = @_;
    return write_file("$folder/bootnode.ini", join "\n", '[bootnode]', "key_file = $key_file", @more, '');
}

# --- flags -----------------------------------------------------------------------------------------------------------

refused('an unknown mode', 2, [qr/--mode/, qr/party/, qr/bootnode/, qr/client/], '--mode', 'party');
bootnode_refused('an unknown flag', 2, [qr/--loud/], '--loud');
bootnode_refused('an address that could move the cursor', 2, [qr/^gochat: --listen '\xef\xbf\xbd\[2J': /], '--listen', "\e[2J");
bootnode_refused('a misspelt flag', 2, [qr/did you mean --listen\?/], '--lisen', '127.0.0.1:0');
bootnode_refused("another mode's flag", 2, [qr/--room: belongs to --mode client/], '--room', 'tea');
refused('a misspelt mode', 2, [qr/did you mean client\?/], '--mode', 'cleint');
refused('a mode without its flag', 2, [qr/did you mean --mode doctor\?/], 'doctor');
refused('a flag with one dash', 2, [qr/-room: .*--room\?/], '--bootnode', '127.0.0.1', '-room', 'tea');
refused('text that looks like a flag', 2, [qr/-5 degrees: .*behind --/], '--mode', 'send', '--bootnode', '127.0.0.1',
    '--room', 'tea', '-5 degrees');
bootnode_refused('a flag without its value', 2, [qr/--listen/], '--listen');
bootnode_refused('a stray word', 2, [qr/hello/], 'hello');
bootnode_refused('an impossible address', 2, [qr/--listen/, qr/300\.1\.2\.3/], '--listen', '300.1.2.3:9595');
bootnode_refused('an impossible port', 2, [qr/--listen/, qr/99999/], '--listen', '127.0.0.1:99999');
bootnode_refused('a config file that is not there', 2, [qr{\Q$folder\E/none\.ini}], '--config', "$folder/none.ini");

my @there = ('--bootnode', '127.0.0.1:9595', '--data-dir', "$folder/data");
client_refused('no room', [qr/--room/], @there);
client_refused('an empty room', [qr/--room/], @there, '--room', '');
client_refused('no bootnode', [qr/--bootnode/], '--room', 'tea', '--data-dir', "$folder/data");
client_refused('a wrong port of the bootnode', [qr/--bootnode/, qr/nine/], @there, '--room', 'tea',
    '--bootnode', '127.0.0.1:nine');
for my $host ('a..b', '256.1.1.1', 'x' x 64, '[bootnode]', 'http://bootnode', 'me@bootnode', '') {
    client_refused("the impossible host '$host'", [qr/--bootnode/, qr/\Q$host\E/, qr/HOST:PORT/], '--room', 'tea',
        '--bootnode', "$host:9595", '--data-dir', "$folder/data");
}
client_refused('the same bootnode twice', [qr/--bootnode/, qr/127\.0\.0\.1:9595/], @there, @there, '--room', 'tea');
client_refused('a bootnode with half a port', [qr/--bootnode/, qr/127\.0\.0\.1:/], '--room', 'tea',
    '--bootnode', '127.0.0.1:');
client_refused('a flag where a value belongs', [qr/--room: expected a value/], @there, '--room', '--nick', 'ada');
client_refused('an unknown ui', [qr/--ui/, qr/gtk/, qr/plain/], @there, '--room', 'tea', '--ui', 'gtk');
client_refused('a wrong port', [qr/--port/, qr/70000/], @there, '--room', 'tea', '--port', '70000');

for my $flag ('--version', '--help') {
    my ($status, $out, $err) = run_program(name => 'asked', command => [gochat(), $flag]);
    is($status, 0, "$flag: status 0");
    like($out, qr/gochat/i, "$flag: answers on standard output");
    is($err, '', "$flag: nothing on standard error");
}

# --- configuration ---------------------------------------------------------------------------------------------------

my $bad = bootnode_config("$folder/unused.key", 'workers = many', 'no_such_key = 1', 'a line without anything',
    '[kitchen]', 'cups = 3');
for my $check ([], ['--check-config']) {
    my ($status, $err) = bootnode_says('--config', $bad, @$check);
    my $what = "bad configuration @$check";
    is($status, 2, "$what: status 2");
    like($err, qr/^.*\Q$bad\E:3\b.*workers/m, "$what: the value in line 3");
    like($err, qr/^.*\Q$bad\E:4\b.*no_such_key/m, "$what: the key in line 4");
    like($err, qr/^.*\Q$bad\E:5\b/m, "$what: line 5");
    like($err, qr/^.*\Q$bad\E:[67]\b.*kitchen/m, "$what: the section");
    is(scalar(() = $err =~ /\Q$bad\E:\d/g), 4, "$what: each once") or diag($err);
}

my $bad_client = write_file("$folder/client.ini", "[client]\nciphers = rot13\n");
client_refused('a wrong value for the client', [qr/\Q$bad_client\E:2\b/, qr/ciphers/, qr/rot13/], @there,
    '--room', 'tea', '--config', $bad_client);

my $good = bootnode_config("$folder/fresh.key", 'workers = 1', 'listen = 127.0.0.1:' . free_port());
my ($status, $err) = bootnode_says('--config', $good, '--check-config');
is($status, 0, 'a good configuration: status 0') or diag($err);
ok(!-e "$folder/fresh.key", 'and nothing was started: no key was made');
for my $sample ('bootnode', 'bench') {
    ($status, $err) = bootnode_says('--config', "$FindBin::Bin/../../conf/$sample.ini", '--check-config');
    is($status, 0, "conf/$sample.ini is good") or diag($err);
}

# --- the machine -----------------------------------------------------------------------------------------------------

# What is wrong with the machine and not with the words ends with 1.
my $taken = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0, Type => SOCK_DGRAM, Proto => 'udp')
    or die "socket: $@";
my $port = $taken->sockport;
bootnode_refused('a port in use', 1, [qr/127\.0\.0\.1:$port/, qr/in use/i], '--listen', "127.0.0.1:$port",
    '--config', bootnode_config("$folder/fresh.key"));

my @listen = ('--listen', '127.0.0.1:' . free_port());
my $page = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0, Listen => 1) or die "socket: $@";
my $taken_page = '127.0.0.1:' . $page->sockport;
bootnode_refused('a port for metrics in use', 1, [qr/metrics/, qr/\Q$taken_page\E/, qr/in use/i], @listen,
    '--config', bootnode_config("$folder/fresh.key", "metrics = $taken_page"));

mkdir "$folder/directory.key";
bootnode_refused('a key that cannot be read', 1, [qr{\Q$folder\E/directory\.key}], @listen,
    '--config', bootnode_config("$folder/directory.key"));
bootnode_refused('a key that is no key', 1, [qr{\Q$folder\E/short\.key}], @listen,
    '--config', bootnode_config(write_key("$folder/short.key", 'short', 0600)));
bootnode_refused('a key that others can read', 1, [qr{\Q$folder\E/open\.key}, qr/0?600|permission|others/i], @listen,
    '--config', bootnode_config(write_key("$folder/open.key", 'k' x 32, 0644)));

sub write_key {
    my ($path, $content, $mode) = @_;
    write_file($path, $content);
    chmod $mode, $path or die "$path: $!";
    return $path;
}

my $maker = start_bootnode(name => 'maker');
my ($key) = glob "$maker->{folder}/*.key";
is(sprintf('%04o', (stat $key)[2] & 07777), '0600', 'a bootnode makes its key for itself alone');
stop_program($maker);

# --- the network -----------------------------------------------------------------------------------------------------

# Nobody answers at the address of the bootnode: the client says so and keeps trying, until somebody does.
my $later = '127.0.0.1:' . free_port();
my $client = start_client(name => 'patient', bootnode => $later, room => 'tea');
my $said = wait_event($client, { event => qr/^(?:bootnode-lost|error)$/ }, 20);
my $words = join ' ', map { $_ // '' } values %{ $said // {} };
like($words, qr/\Q$later\E/, 'the client names the bootnode that does not answer');
is(events($client, { event => qr/^(?:bootnode-lost|error)$/ }), 1, 'in one line');
is($client->{status}, undef, 'it does not give up');
my $bootnode = start_bootnode(name => 'late', listen => $later);
ok(wait_event($client, { event => 'registered' }, 20), 'and is registered once the bootnode is there');

finish();
