#!/usr/bin/perl
# Addresses that somebody uses, whatever registries say of them, on a link without NAT; a host with many container
# bridges; and an operator who asks the own bootnode on loopback: all are connected directly.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Lab;
use GoChat::Test;
use Test::More;

GoChat::Lab::enter();

use constant { PORT => 9595, BRIDGES => 7 };

# A host's own address in each range: the prefix, what follows the host's number, and how others are asked there.
my %RANGE = (
    'IPv4 without DHCP' => ['169.254.7.', '/16'],
    'IPv4 that is reserved' => ['240.0.0.', '/24'],
    'benchmarks' => ['198.18.0.', '/24'],
    'Yggdrasil' => ['201:db8::', '/64'],
    'former site-local' => ['fec0::', '/64'],
    'IPv6 of one link' => ['fe80::7:', '/64', 'eth'],
);

sub in_host {
    my ($lab, $host, @command) = @_;
    my @whole = (@{ $lab->host($host) }, @command);
    return system(@whole) == 0 || BAIL_OUT("@whole: failed");
}

sub asked {
    my ($lab, $host, $command) = @_;
    return scalar qx(@{ $lab->host($host) } $command);
}

# The card, not what was put upon it.
sub card_of {
    my ($lab, $host) = @_;
    my ($card) = grep { $_ ne 'lo' } asked($lab, $host, 'ip -o link show') =~ /^\d+: ([^:@]+)/gm;
    return $card;
}

sub host_port {
    my ($ip) = @_;
    return ($ip =~ /:/ ? "[$ip]" : $ip) . ':' . PORT;
}

sub connected {
    my ($client, $nick, $address, $what) = @_;
    my $event = wait_event($client, { event => 'peer-connected', nick => $nick }, 15)
        or return fail("$what: connected");
    my $direct = $event->{path} eq 'direct' ? $event
        : wait_event($client, { event => 'peer-path', path => 'direct' }, 20) or return fail("$what: directly");
    return like($direct->{address}, $address, "$what: directly");
}

sub try_ranges {
    my $lab = GoChat::Lab->up('open', 'open');
    my ($number, %card) = (0);
    for my $host ('boot', 'a', 'b') {
        $number++;
        $card{$host} = card_of($lab, $host);
        in_host($lab, $host, qw(ip addr add), "$_->[0]$number$_->[1]", 'dev', $card{$host}, $_->[0] =~ /:/ ? 'nodad' : ())
            for values %RANGE;
    }
    start_bootnode(name => 'bootnode', listen => '[::]:' . PORT, in => $lab->host('boot'));
    for my $what (sort keys %RANGE) {
        my ($prefix, undef, $scoped) = @{ $RANGE{$what} };
        my %client = map {
            my $bootnode = host_port($prefix . '1' . ($scoped ? "%$card{$_}" : ''));
            $_ => start_client(name => "$what $_", nick => $_, bootnode => $bootnode, room => $what, in => $lab->host($_))
        } 'a', 'b';
        connected($client{a}, 'b', qr/^\[?\Q${prefix}\E3(?:%\d+\])?/, $what);
        stop_program($_) for values %client;
    }
    return;
}

# Behind one router that lets nobody in from within: only the address on the LAN leads there. The card that has it is
# the last one that the kernel lists.
sub try_bridges {
    my $lab = GoChat::Lab->up('symmetric', 'same:a');
    my $bootnode = start_bootnode(name => 'bridges bootnode', listen => '203.0.113.10:' . PORT, in => $lab->host('boot'));
    for my $host ('a', 'b') {
        my $card = card_of($lab, $host);
        my ($address) = asked($lab, $host, "ip -4 -o addr show dev $card") =~ m{inet (\S+)};
        my ($router) = asked($lab, $host, 'ip -4 route show default') =~ /via (\S+)/;
        for my $bridge (1 .. BRIDGES) {
            in_host($lab, $host, qw(ip link add), "br$bridge", qw(type bridge));
            in_host($lab, $host, qw(ip addr add), "172.2$bridge.0.1/16", 'dev', "br$bridge");
            in_host($lab, $host, qw(ip link add), "in$bridge", qw(type veth peer name), "out$bridge");
            in_host($lab, $host, qw(ip link set), "in$bridge", 'master', "br$bridge", 'up');
            in_host($lab, $host, qw(ip link set), $_, 'up') for "out$bridge", "br$bridge";
        }
        in_host($lab, $host, qw(ip addr flush dev), $card);
        in_host($lab, $host, qw(ip link add late link), $card, qw(type macvlan mode bridge));
        in_host($lab, $host, qw(ip link set late up));
        in_host($lab, $host, qw(ip addr add), $address, qw(dev late));
        in_host($lab, $host, qw(ip route add default via), $router);
    }
    my %client = map {
        $_ => start_client(name => "bridges $_", nick => $_, bootnode => $bootnode, room => 'bridges', in => $lab->host($_),
            port => $_ eq 'a' ? 4001 : 4002)
    } 'a', 'b';
    connected($client{a}, 'b', qr/^10\.1\.0\./, BRIDGES . ' bridges');
    return;
}

sub try_operator {
    my $lab = GoChat::Lab->up('port-restricted');
    start_bootnode(name => 'own bootnode', listen => '[::]:' . PORT, in => $lab->host('boot'));
    my $operator = start_client(name => 'operator', nick => 'operator', bootnode => '127.0.0.1:' . PORT, room => 'own',
        in => $lab->host('boot'));
    my $friend = start_client(name => 'friend', nick => 'friend', bootnode => '203.0.113.10:' . PORT, room => 'own',
        in => $lab->host('a'));
    connected($friend, 'operator', qr/^203\.0\.113\.10:/, 'an operator on loopback');
    connected($operator, 'friend', qr/^203\.0\.113\.21:/, 'and from there');
    return;
}

try_ranges();
try_bridges();
try_operator();

done_testing();
