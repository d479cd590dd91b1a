#!/usr/bin/perl
# All 25 ordered pairs of NATs at once, in one laboratory with one bootnode: a room for each pair. All say 100 messages
# and hear those of the other. Most pairs are connected directly; two kinds of pairs need somebody in between.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Conversation;
use GoChat::Lab;
use GoChat::Test;
use Test::More;

GoChat::Lab::enter();

use constant { MESSAGES => 100, CONNECT_TIMEOUT => 15, DIRECT_TIMEOUT => 10, CHAT_TIMEOUT => 20 };

my @KINDS = qw(open full restricted port-restricted symmetric);
my @HOSTS = ('a' .. 'j'); # the first five are at one end of each pair, the others at the other
my %PATHS = (
    'symmetric-symmetric' => qr/^relay$/,
    # Probing finds a way as often as chance has it.
    'symmetric-port-restricted' => qr/^(?:relay|direct)$/,
    'port-restricted-symmetric' => qr/^(?:relay|direct)$/,
);

my $lab = GoChat::Lab->up(@KINDS, @KINDS, 'same:d');
my $bootnode = start_bootnode(listen => '203.0.113.10:9595', in => $lab->host('boot'));

sub start_end {
    my ($pair, $host, $nick) = @_;
    return start_speaker(name => "$pair->{name}-$nick", nick => $nick, bootnode => $bootnode, room => $pair->{name},
        in => $lab->host($host));
}

sub start_pair {
    my ($name, @hosts) = @_;
    my $pair = { name => $name };
    $pair->{ends} = [start_end($pair, $hosts[0], 'a'), start_end($pair, $hosts[1], 'b')];
    return $pair;
}

sub is_connected_as_expected {
    my ($pair) = @_;
    my ($a, $b) = @{ $pair->{ends} };
    my $wanted = $PATHS{ $pair->{name} } // qr/^direct$/;
    for (['a', 'b', $a], ['b', 'a', $b]) {
        my ($own, $other, $client) = @$_;
        wait_until(sub { path_to($client, $other) =~ $wanted }, DIRECT_TIMEOUT);
        like(path_to($client, $other), $wanted, "$pair->{name}: the path of $own to $other");
    }
}

my @pairs;
for my $i (0 .. $#KINDS) {
    for my $j (0 .. $#KINDS) {
        push @pairs, start_pair("$KINDS[$i]-$KINDS[$j]", $HOSTS[$i], $HOSTS[@KINDS + $j]);
    }
}
my $neighbours = start_pair('neighbours', 'd', 'k');

for my $pair (@pairs, $neighbours) {
    $pair->{connected} = all_connected(CONNECT_TIMEOUT, @{ $pair->{ends} }) or diag($pair->{name});
}
my @connected = grep { $_->{connected} } @pairs, $neighbours;
say_numbers($_, MESSAGES) for map { @{ $_->{ends} } } @connected;
for my $pair (@connected) {
    all_heard($pair->{name}, CHAT_TIMEOUT, @{ $pair->{ends} });
    all_delivered($pair->{name}, CHAT_TIMEOUT, @{ $pair->{ends} });
}
is_connected_as_expected($_) for grep { $_->{connected} } @pairs;

for my $end (@{ $neighbours->{ends} }) {
    my @addresses = map { $_->{address} } grep { $_->{event} =~ /^peer-(?:connected|path)$/ } @{ $end->{events} };
    like($addresses[-1], qr/^10\.4\.0\.\d+:/, 'neighbours behind one NAT use their own addresses');
}
finish();
