#!/usr/bin/perl
# A cluster of three nodes among NATs: members who enter through three different nodes, and through one public address
# that spreads new flows over them at random, meet in one room and chat, also where two of them need a relay. They leave
# and expire as with one bootnode; and a node that dies takes nobody out and keeps nobody from coming.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Cluster;
use GoChat::Lab;
use GoChat::Test;
use Test::More;

GoChat::Lab::enter();
if (my $why = cluster_missing()) { plan skip_all => $why }

use constant { BALANCER => '203.0.113.10', PORT => 9595, CONNECT => 15, HEAR => 5, LEFT => 3, EXPIRE_LEAST => 14,
    EXPIRE => 20 };

my @kinds = qw(full port-restricted symmetric symmetric restricted full open);
my $cluster = start_cluster(nodes => 3, nats => 1, clients => \@kinds);

# New flows go to any node; what comes back passes the same way. Nodes see the balancer's address.
sub balance {
    my $targets = join ', ', map { "$_ : " . (split /:/, node_address($cluster, $_ + 1))[0] } 0 .. 2;
    cluster_on($cluster, 'boot', 'nft', 'add table ip balance;'
            . ' add chain ip balance in { type nat hook prerouting priority dstnat; };'
            . ' add chain ip balance out { type nat hook postrouting priority srcnat; };'
            . " add rule ip balance in udp dport ${\PORT} counter dnat to numgen random mod 3 map { $targets };"
            . ' add rule ip balance out ct status dnat masquerade');
    cluster_on($cluster, 'boot', qw(sysctl -qw net.ipv4.ip_forward=1));
}

my $number = 0;
my @members;

sub enters {
    my ($entry, $name) = @_;
    my $member = start_client(name => $name // "m$number", room => 'inn', bootnode => $entry, in => client_host($cluster, $number));
    $number++;
    push @members, $member;
    return $member;
}

# Everyone with everyone.
sub all_meet {
    my ($what) = @_;
    my $missing = sub {
        my ($one) = @_;
        my %met = map { $_->{nick} => 1 } events($one, { event => 'peer-connected' });
        return grep { $_ != $one && !$met{ $_->{name} } } @members;
    };
    wait_until(sub { !map { $missing->($_) } @members }, CONNECT);
    for my $one (@members) {
        fail_about($one, "$one->{name} is connected to $_->{name}") for $missing->($one);
    }
    return is(scalar(map { $missing->($_) } @members), 0, "$what: everyone is connected to everyone");
}

sub all_chat {
    my ($what) = @_;
    send_line($_, "$what from $_->{name}") for @members;
    for my $listener (@members) {
        my $heard = grep { wait_event($listener, { event => 'message', text => "$what from $_->{name}" }, HEAR) }
            grep { $_ != $listener } @members;
        is($heard, @members - 1, "$what: $listener->{name} heard all");
    }
    return;
}

sub leaves {
    my ($signal) = @_;
    my $gone = pop @members;
    my $start = now();
    send_signal($gone, $signal);
    wait_exit($gone, 5);
    return ($gone, $start);
}

balance();
enters(node_address($cluster, $_)) for 1 .. 3;
enters(BALANCER . ':' . PORT) for 1 .. 3;
all_meet('three nodes and a balancer');
all_chat('hello');

enters(BALANCER . ':' . PORT);
all_meet('a newcomer');
my ($gone, $start) = leaves('TERM');
for my $member (@members) {
    my $event = wait_event($member, { event => 'peer-left', nick => $gone->{name} }, LEFT);
    is($event && $event->{reason}, 'bye', "$member->{name} was told by who left");
}
($gone, $start) = leaves('KILL');
for my $member (@members) {
    my $event = wait_event($member, { event => 'peer-left', nick => $gone->{name} }, EXPIRE) or next;
    isnt($event->{reason}, 'bye', "$member->{name} saw who died expire");
    cmp_ok($event->{_at} - $start, '>', EXPIRE_LEAST, sprintf 'after %.1f s', $event->{_at} - $start);
}

kill_node($cluster, 1);
$number = 6;
enters(node_address($cluster, 2), 'late');
all_meet('a node is dead');
all_chat('still');
start_node($cluster, 1);
ok(node_serves($cluster, 1), 'it is back');
is(scalar(grep { $_->{nick} ne 'm6' && $_->{nick} ne 'm5' } map { events($_, { event => 'peer-left' }) } @members), 0,
    'nobody else was ever said to have left');
for my $member (grep { $_->{name} eq 'm3' } @members) {
    note "$member->{name} and m2, both behind symmetric NATs: " .
        join ' ', map { "$_->{event} $_->{path}" } events($member, { event => qr/^peer-(?:connected|path)$/, nick => 'm2' });
}
finish();
