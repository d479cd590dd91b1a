#!/usr/bin/perl
# The bootnode is a STUN server on the same port: a standard client learns its address, over IPv4 and IPv6.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use IO::Select;
use IO::Socket::IP;
use Socket qw(AF_INET AF_INET6 SOCK_DGRAM inet_pton);
use Test::More;

use constant { BINDING_REQUEST => 0x0001, BINDING_SUCCESS => 0x0101, XOR_MAPPED_ADDRESS => 0x0020 };
use constant { MAGIC_COOKIE => 0x2112A442, HEADER_SIZE => 20 };

my $ipv6 = IO::Socket::IP->new(LocalHost => '::1', LocalPort => 0, Type => SOCK_DGRAM, Proto => 'udp') ? 1 : 0;
my $port = free_port($ipv6 ? '::' : '127.0.0.1');
start_bootnode(listen => $ipv6 ? "[::]:$port" : "0.0.0.0:$port");

# RFC 8489 §14.2, worked out by hand, since the tools do not say from which port they asked.
sub mapped_address_test {
    my ($host, $family) = @_;
    my $socket = IO::Socket::IP->new(PeerHost => $host, PeerPort => $port, Type => SOCK_DGRAM, Proto => 'udp')
        or die "socket: $@";
    my $transaction = pack 'a12', "test $host";
    $socket->send(pack('n n N', BINDING_REQUEST, 0, MAGIC_COOKIE) . $transaction);
    ok(IO::Select->new($socket)->can_read(slow(2)), "$host: an answer") or return;
    $socket->recv(my $answer, 2048);
    my ($type, $length, $cookie, $echo, $attribute, undef, undef, $mapped_family, $xor_port, $xor_address) =
        unpack 'n n N a12 n n C C n a*', $answer;
    is_deeply([$type, $length, $cookie, $echo],
        [BINDING_SUCCESS, length($answer) - HEADER_SIZE, MAGIC_COOKIE, $transaction], "$host: to this request");
    is($attribute, XOR_MAPPED_ADDRESS, "$host: with the address, and first");
    is($mapped_family, $family == AF_INET ? 1 : 2, "$host: of its family");
    is($xor_port ^ (MAGIC_COOKIE >> 16), $socket->sockport, "$host: the port");
    my $address = inet_pton($family, $host);
    my $mask = substr pack('N', MAGIC_COOKIE) . $transaction, 0, length $address;
    is(unpack('H*', substr($xor_address, 0, length $address) ^ $mask), unpack('H*', $address), "$host: the address");
}

mapped_address_test('127.0.0.1', AF_INET);
SKIP: {
    skip 'no IPv6 here', 1 unless $ipv6;
    mapped_address_test('::1', AF_INET6);
}

SKIP: {
    skip 'turnutils_stunclient (package coturn) is not installed', 1 unless packaged('turnutils_stunclient');
    for my $host ('127.0.0.1', $ipv6 ? '::1' : ()) {
        my ($status, $out, $err) =
            run_program(name => 'stunclient', command => [packaged('turnutils_stunclient'), '-p', $port, $host]);
        like($out . $err, qr/reflexive addr: \Q$host\E:\d+/, "turnutils_stunclient learns its address from $host");
    }
}

SKIP: {
    skip 'stun (package stun-client) is not installed', 1 unless packaged('stun');
    my ($status, $out, $err) =
        run_program(name => 'stun', command => [packaged('stun'), "127.0.0.1:$port", '1', '-v'], timeout => 30);
    like($out . $err, qr/mappedAddr=127\.0\.0\.1:\d+/i, 'stun learns its address');
}

finish();
