#!/usr/bin/perl
# The laboratory's own behaviour: every kind of NAT maps and filters as its name says (RFC 4787 §4.1, §5), also when
# both sides open at once. That something did not arrive is known without waiting: a later packet on an open way did.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Lab;
use IO::Select;
use Socket;
use Test::More;

GoChat::Lab::enter();

use constant { TIMEOUT => 2, LOSS_PACKETS => 1000 };
use constant SERVERS => qw(203.0.113.10:7000 203.0.113.10:7001 203.0.113.11:7000);

my @CONES = qw(full restricted port-restricted);
my %FILTERING = (
    'full' => ['other address', 'other port', 'same'],
    'restricted' => ['other port', 'same'],
    'port-restricted' => ['same'],
    'symmetric' => ['same'],
    'open' => ['other address', 'other port', 'same'],
);

sub to {
    my ($socket, $where, $text) = @_;
    my ($address, $port) = split /:/, $where;
    send $socket, $text, 0, sockaddr_in($port, inet_aton($address));
}

# The next datagram as (text, from), or nothing when none comes in time.
sub next_datagram {
    my ($socket, $timeout) = @_;
    return unless IO::Select->new($socket)->can_read($timeout // TIMEOUT);
    my $from = recv $socket, my $text, 2048, 0;
    return unless defined $from;
    my ($port, $address) = sockaddr_in($from);
    return ($text, inet_ntoa($address) . ":$port");
}

# Everything up to the datagram "end".
sub texts_until_end {
    my ($socket) = @_;
    my @texts;
    while (my ($text) = next_datagram($socket)) {
        return @texts if $text eq 'end';
        push @texts, $text;
    }
    return (@texts, 'no end came');
}

# How `socket` is seen by `server` at `address`.
sub mapped {
    my ($socket, $server, $address) = @_;
    to($socket, $address, 'who am I');
    return (next_datagram($server))[1] // 'nothing arrived';
}

sub servers {
    my ($lab) = @_;
    return map { $lab->udp_socket('boot', split /:/) } SERVERS;
}

sub mapping_test {
    my ($kind, $lab, $host_address, @servers) = @_;
    my $inside = $lab->udp_socket('a', $host_address, 5000);
    my @seen = map { mapped($inside, $servers[$_], (SERVERS)[$_]) } 0 .. 2;
    like($_, qr/^203\.0\.113\.21:/, "$kind: the mapping is at the public address") for @seen;
    my %different = map { $_ => 1 } @seen;
    if ($kind eq 'symmetric') {
        is(keys %different, 3, "$kind: every destination sees another mapping") or diag("@seen");
    } else {
        is("@seen", '203.0.113.21:5000 ' x 2 . '203.0.113.21:5000', "$kind: every destination sees the same mapping");
    }
}

sub filtering_test {
    my ($kind, $lab, $host_address, $server, $other_port, $other_address) = @_;
    my $inside = $lab->udp_socket('a', $host_address, 5001);
    my $mapped = mapped($inside, $server, '203.0.113.10:7000');
    to($other_address, $mapped, 'other address');
    to($other_port, $mapped, 'other port');
    to($server, $mapped, 'same');
    to($server, $mapped, 'end');
    is_deeply([texts_until_end($inside)], $FILTERING{$kind}, "$kind: who reaches the mapping");
}

sub unsolicited_test {
    my ($kind, $lab, $host_address, $server) = @_;
    my ($silent, $open) = map { $lab->udp_socket('a', $host_address, $_) } 5002, 5003;
    my $mapped = mapped($open, $server, '203.0.113.10:7000');
    to($server, '203.0.113.21:5002', 'unsolicited');
    to($server, $mapped, 'end');
    is(join(' ', texts_until_end($open)), '', "$kind: the later packet came");
    my ($text) = next_datagram($silent, 0);
    return is($text, 'unsolicited', "$kind: an unsolicited packet arrives") if $kind eq 'open';
    is($text, undef, "$kind: an unsolicited packet does not arrive");
    return if $kind eq 'symmetric';
    is(mapped($silent, $server, '203.0.113.10:7000'), '203.0.113.21:5002', "$kind: and does not change the mapping");
}

for my $kind (qw(open symmetric), @CONES) {
    my $lab = GoChat::Lab->up($kind);
    my $address = $kind eq 'open' ? '203.0.113.21' : '10.1.0.2';
    my @servers = servers($lab);
    $_->($kind, $lab, $address, @servers) for \&mapping_test, \&filtering_test, \&unsolicited_test;
    $lab->down;
}

# a's first packet always reaches b's router before b has sent anything; whether it gets in is b's filter's business.
# Then b's packet must leave from the very port that a was told of, and from then on both hear each other.
for my $kind_a (@CONES) {
    for my $kind_b (@CONES) {
        my $pair = "$kind_a and $kind_b";
        my $lab = GoChat::Lab->up($kind_a, $kind_b);
        my ($server) = servers($lab);
        my ($a, $b) = ($lab->udp_socket('a', '10.1.0.2', 6000), $lab->udp_socket('b', '10.2.0.2', 6000));
        mapped($_, $server, '203.0.113.10:7000') for $a, $b;
        to($a, '203.0.113.22:6000', 'first');
        to($b, '203.0.113.21:6000', 'second');
        is(join(' from ', next_datagram($a)), 'second from 203.0.113.22:6000', "$pair: the second packet arrives");
        to($a, '203.0.113.22:6000', 'third');
        to($a, '203.0.113.22:6000', 'end');
        my @wanted = ($kind_b eq 'full' ? 'first' : (), 'third');
        is_deeply([texts_until_end($b)], \@wanted, "$pair: so does the third");
        $lab->down;
    }
}

{
    my $lab = GoChat::Lab->up('port-restricted', 'same:a');
    my ($server) = servers($lab);
    my ($a, $b) = ($lab->udp_socket('a', '10.1.0.2', 5000), $lab->udp_socket('b', '10.1.0.4', 5001));
    is(mapped($a, $server, '203.0.113.10:7000'), '203.0.113.21:5000', 'same: a has its mapping');
    is(mapped($b, $server, '203.0.113.10:7000'), '203.0.113.21:5001', 'same: b has its own at the same address');
    is(mapped($a, $b, '10.1.0.4:5001'), '10.1.0.2:5000', 'same: a reaches b inside');
    $lab->down;
}

{
    local $ENV{LAB_UDP_TIMEOUT} = 4;
    my $lab = GoChat::Lab->up('port-restricted');
    my ($server) = servers($lab);
    my $inside = $lab->udp_socket('a', '10.1.0.2', 5000);
    my $mapped = mapped($inside, $server, '203.0.113.10:7000');
    is(next_datagram($inside, 4.5), undef, 'timeout: nothing is said for longer than the NAT remembers');
    to($server, $mapped, 'too late');
    my $fresh = $lab->udp_socket('a', '10.1.0.2', 5001);
    to($server, mapped($fresh, $server, '203.0.113.10:7000'), 'end');
    is(join(' ', texts_until_end($fresh)), '', 'timeout: the way in is open for the new mapping');
    is(next_datagram($inside, 0), undef, 'timeout: and closed for the old');
    $lab->down;
}

# How many of LOSS_PACKETS arrive; they are drained in between so that no queue overflows. The last are waited
# for, since they may be under way.
sub arrived {
    my ($from, $address, $at) = @_;
    my $count = 0;
    for (1 .. LOSS_PACKETS) {
        to($from, $address, 'x');
        $count++ while next_datagram($at, 0);
    }
    $count++ while $count < LOSS_PACKETS && next_datagram($at, 0.2);
    return $count;
}

{
    my $lab = GoChat::Lab->up('full');
    my ($server) = servers($lab);
    my $inside = $lab->udp_socket('a', '10.1.0.2', 5000);
    my $mapped = mapped($inside, $server, '203.0.113.10:7000');
    for my $host ('a', 'boot') {
        $lab->loss($host, 30);
        for (['out', $inside, '203.0.113.10:7000', $server], ['in', $server, $mapped, $inside]) {
            my ($direction, @way) = @$_;
            my $share = arrived(@way) / LOSS_PACKETS;
            cmp_ok(abs($share - 0.7), '<', 0.1, "loss: 30 % at $host, $direction: about 70 % arrive") or diag($share);
        }
        $lab->loss($host, 0);
        is(arrived($inside, '203.0.113.10:7000', $server), LOSS_PACKETS, "loss: none at $host: all arrive");
    }
    $lab->block('a');
    is(arrived($inside, '203.0.113.10:7000', $server), 0, 'block: nothing goes out');
    is(arrived($server, $mapped, $inside), 0, 'block: nothing comes in');
    $lab->unblock('a');
    is(arrived($server, $mapped, $inside), LOSS_PACKETS, 'unblock: everything comes in');
    $lab->down;
}

done_testing();
