#!/usr/bin/perl
# What a bootnode listens on: both families apart or together, addresses that this machine does not have yet, and as many
# as may be written.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use IO::Select;
use IO::Socket::IP;
use Socket qw(SOCK_DGRAM);
use Test::More;

my $ipv6 = IO::Socket::IP->new(LocalHost => '::1', LocalPort => 0, Type => SOCK_DGRAM, Proto => 'udp') ? 1 : 0;
my $folder = temp_dir();

# Does STUN answer at this address?
sub answers {
    my ($host, $port) = @_;
    my $socket = IO::Socket::IP->new(PeerHost => $host, PeerPort => $port, Type => SOCK_DGRAM) or die "socket: $@\n";
    $socket->send(pack 'n n N a12', 1, 0, 0x2112a442, 'transaction.');
    return IO::Select->new($socket)->can_read(slow(2)) ? 1 : 0;
}

# A bootnode with these settings: the program, once it says that it listens.
sub listening {
    my ($name, $settings) = @_;
    my $file = write_file("$folder/$name.ini", "[bootnode]\nkey_file = $folder/$name.key\n$settings\n");
    my $node = start_program(name => $name, command => [gochat(), '--mode', 'bootnode', '--config', $file]);
    return wait_log($node, qr/listening on/, 5) ? $node : undef;
}

SKIP: {
    skip 'no IPv6 here', 1 if !$ipv6;
    for my $order ([qw(0.0.0.0 [::])], [qw([::] 0.0.0.0)], [qw(127.0.0.1 [::] 0.0.0.0)], [qw([::1] 127.0.0.1 [::])]) {
        my $port = free_port('::');
        my $list = join ', ', map {"$_:$port"} @$order;
        my $node = listening('both', "listen = $list");
        ok($node, "listen = $list: runs") or next;
        ok(answers($_, $port), "and answers at $_") for '127.0.0.1', '::1';
        is(stop_program($node), 0, 'and ends');
    }
}

# 192.0.2.0/24 is nobody's.
my $port = free_port('127.0.0.1');
my $early = listening('early', "listen = 192.0.2.77:$port, 127.0.0.1:$port");
ok($early, 'an address that may come later');
like(log_text($early), qr/this machine has no address 192\.0\.2\.77:$port now/, 'is told of');
ok(answers('127.0.0.1', $port), 'and the other one serves');

my ($status, $out, $err) = run_program(name => 'check',
    command => [gochat(), '--mode', 'bootnode', '--config', "$folder/early.ini", '--check-config']);
is($status, 0, '--check-config: no mistake');
like($out, qr/^listen = 192\.0\.2\.77:$port: this machine has no such address now$/m, 'but it says so');
unlike($out, qr/127\.0\.0\.1/, 'of that one alone');

# Sixteen, in one line and in several.
my @many = map { "127.0.0.$_:" . free_port("127.0.0.$_") } 1 .. 16;
for my $form (['one line', "listen = @{[join ', ', @many]}"], ['a line each', join "\n", map {"listen = $_"} @many]) {
    my ($name, $settings) = @$form;
    my $node = listening('many', $settings);
    ok($node, "sixteen addresses, $name") or next;
    is(scalar(grep { answers(/^(.*):(\d+)$/) } @many), 16, 'and all answer');
    stop_program($node);
}
write_file("$folder/too-many.ini", join "\n", '[bootnode]', (map {"listen = $_"} @many), "listen = 127.0.0.77:1",
    "listen = 127.0.0.78:1\n");
($status, $out, $err) = run_program(name => 'too-many',
    command => [gochat(), '--mode', 'bootnode', '--config', "$folder/too-many.ini", '--check-config']);
is($status, 2, 'more are refused');
like($err, qr/too-many\.ini:$_->[0]: listen = 127\.0\.0\.$_->[1]:1: expected 16 addresses at most/, "with line $_->[0]")
    for [18, 77], [19, 78];

finish();
