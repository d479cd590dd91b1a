#!/usr/bin/perl
# The load generator at a real cluster, found by one of its nodes: every member has its sessions at both homes of its
# room, what the nodes say together agrees with what was done, and with the sum of their counters; and a node that is
# killed takes nobody out.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Basename qw(dirname);
use File::Copy qw(copy);
use GoChat::NatsServer;
use GoChat::Test;
use JSON::PP;
use List::Util qw(sum);
use Test::More;

use constant { NODES => 3, SESSIONS => 300, ROOM_SIZE => 10, REPLICAS => 2, START_TIMEOUT => 30, STATUS_DISAGREED => 1 };

my $missing = nats_missing();
plan skip_all => $missing if $missing;

my $load = dirname(gochat()) . '/gochat-load';
my $nats = start_nats(nodes => [1 .. NODES]);
my $key;

# All have the first one's key.
sub start_node {
    my ($number) = @_;
    my $address = '127.0.0.1:' . free_port();
    my $folder = temp_dir();
    if ($key) {
        copy($key, "$folder/bootnode.key") or die "$folder/bootnode.key: $!";
        chmod 0600, "$folder/bootnode.key" or die "$folder/bootnode.key: $!";
    }
    my $node = start_bootnode(name => "node$number", again => { folder => $folder, address => $address },
        config => join "\n", "node_id = $number", 'workers = 1', 'limit_loopback = no', 'metrics = 127.0.0.1:0',
        '[cluster]', "addresses = $address", "state_file = $folder/state", nats_settings($nats, $number));
    my $line = wait_log($node, qr{metrics on http://\S+/metrics}, 5) or die "no metrics\n";
    ($node->{metrics}) = $line->{text} =~ m{http://(\S+)/metrics};
    $key //= "$folder/bootnode.key";
    return $node;
}

sub start_load {
    my ($name, $bootnode, @arguments) = @_;
    return start_program(name => $name, json => 1, command => [$load, '--bootnode', $bootnode->{address}, '--sessions',
        SESSIONS, '--room-size', ROOM_SIZE, '--json', '-', '--answers', 'every', @arguments]);
}

my @nodes = map { start_node($_) } 1 .. NODES;
for my $index (0 .. $#nodes) {
    wait_log($nodes[$index], qr/node $_ is there/, START_TIMEOUT) or die "node $_ is not seen\n"
        for grep { $_ != $index + 1 } 1 .. NODES;
}
watch_until(now() + 2); # all others have seen it, too

{
    my $program = start_load('churn', $nodes[0], '--duration', 4, '--interval', 2, '--churn', 3, '--metrics',
        join(',', map { $_->{metrics} } @nodes));
    my $row = wait_event($program, { name => 'beats' }, slow(60)) // die "no row\n";
    is_deeply($row->{disagreements}, [], 'nothing disagrees');
    is($row->{sessions}, SESSIONS, 'all members');
    is(sum(map { $_->{sessions} } @{ $row->{nodes} }), REPLICAS * SESSIONS, 'each has a session at both homes');
    is_deeply([map { $_->{id} } @{ $row->{nodes} }], [1 .. NODES], 'all nodes have some');
    ok($row->{announce_us}{count} > 0, 'joins are seen');
    is($row->{announce_missing} + $row->{expired_wrong}, 0, 'nothing is missing or wrong');
    is(wait_exit($program, slow(10)), 0, 'exit status 0');
}

{
    my $program = start_load('kill', $nodes[0], '--duration', 20, '--interval', 2, '--progress-json', '-');
    wait_event($program, { progress => 'beats' }, slow(60)) // die "no row begins\n";
    kill 'KILL', $nodes[NODES - 1]{pid};
    my $row = wait_event($program, { name => 'beats' }, slow(90)) // die "no row\n";
    is($row->{announce_missing}, 0, 'a node is killed: everybody is listed all the while');
    is($row->{expired_wrong}, 0, 'nobody is said to have left');
    is(sum(map { $_->{sessions} } grep { $_->{id} != NODES } @{ $row->{nodes} }), REPLICAS * SESSIONS,
        'all have both sessions at the others');
    is($row->{comeback}{never}, 0, 'none is missing');
    wait_exit($program, slow(10));
}

done_testing();
