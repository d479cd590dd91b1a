#!/usr/bin/perl
# A node that leaves a cluster: three bootnodes, a NATS server, and gochat-load with 200 members, each at two homes. Drained
# by its operator, the node goes on serving until all members are registered at their new homes, then ends; what
# gochat-load knows of who is where stays true all the while. A restart moves nothing.
use strict;
use warnings;
use File::Basename qw(dirname);
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::NatsServer;
use GoChat::Test;
use HTTP::Tiny;
use Test::More;

use constant { NODES => 3, HOMES => 2, MEMBERS => 200, UP => 30, SOON => 10, MOVED => 30, RUN => 60 };

my $missing = nats_missing();
plan skip_all => $missing if $missing;

my $nats = start_nats();
my $folder = temp_dir();
my (%node, %address);

sub start_node {
    my ($id) = @_;
    my $address = $address{$id} //= "127.0.0.$id:" . free_port("127.0.0.$id");
    my $config = write_file("$folder/node$id.ini", join "\n", '[bootnode]', "node_id = $id", "key_file = $folder/key",
        "listen = $address", 'metrics = 127.0.0.1:0', 'workers = 1', "control = $folder/control.$id",
        '[cluster]', nats_settings($nats, $id), "addresses = $address", "state_file = $folder/state.$id", '');
    my $node = start_program(name => "node$id", command => [gochat(), '--mode', 'bootnode', '--config', $config]);
    my $line = wait_log($node, qr{metrics on http://\S+/metrics}, SOON) or die "no metrics\n";
    ($node->{page}) = $line->{text} =~ m{http://(\S+)/metrics};
    return $node{$id} = $node;
}

sub metric {
    my ($id, $name) = @_;
    my $page = HTTP::Tiny->new(timeout => slow(SOON))->get("http://$node{$id}{page}/metrics");
    return $page->{content} =~ /^gochat_\Q$name\E (\S+)$/m ? $1 : 0;
}

sub sum { my ($name, @ids) = @_; my $sum = 0; $sum += metric($_, $name) for @ids; return $sum }

start_node($_) for 1 .. NODES;
ok(wait_until(sub { !grep { metric($_, 'cluster_in_view') != NODES } 1 .. NODES }, UP), 'all have all in view');

my $load = start_program(name => 'load', command => [dirname(gochat()) . '/gochat-load', '--bootnode', $address{1},
        '--sessions', MEMBERS, '--room-size', 8, '--duration', RUN, '--progress', 1]);
ok(wait_until(sub { sum('sessions', 1 .. NODES) == HOMES * MEMBERS }, UP), 'each member is at its homes');
my $there = metric(2, 'sessions');
cmp_ok($there, '>', 0, 'some at the second node');

my ($status) = run_program(name => 'drain', timeout => SOON,
    command => [gochat(), '--mode', 'ctl', '--control', "$folder/control.2", 'drain']);
is($status, 0, 'it is drained');
ok(wait_log($node{2}, qr/draining, rooms move to other nodes/, SOON), 'which it says');
ok(wait_log($node{2}, qr/the rooms have moved; 0 sessions are left/, MOVED), 'all go before it ends');
is(wait_exit($node{2}, SOON), 0, 'and it ends');
ok(wait_until(sub { sum('sessions', 1, 3) == HOMES * MEMBERS }, SOON), 'each member is at its homes again');
is(sum('sessions_expired_total', 1, 3), 0, 'nobody fell silent');
is(sum('moved_late_total', 1, 3), 0, 'nor was late');

send_signal($node{3}, 'TERM');
ok(wait_log($node{3}, qr/draining, clients expect us back/, SOON), 'a node that restarts moves nothing');
is(wait_exit($node{3}, SOON), 0, 'and ends');
start_node(3);
ok(wait_until(sub { sum('sessions', 1, 3) == HOMES * MEMBERS }, UP), 'its members come back');

is(wait_exit($load, RUN + SOON), 0, 'gochat-load found all where they should be') or diag($load->{out} // '');

for my $id (1, 3) {
    send_signal($node{$id}, 'TERM');
    wait_exit($node{$id}, SOON);
}
done_testing();
