#!/usr/bin/perl
# A cluster under a crowd, and what may happen to it: nodes are killed, stopped, drained, cut off, added, made heavier,
# restarted in turn; NATS servers die, or all are out of reach; and two of these at once. Nobody alive is said to have
# left, every newcomer sees all living members in time, and all lists are as the truth 20 s after each fault. Three
# NATS servers with routes, three nodes and a fourth. With two numbers: that many clients in that many rooms.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Cluster;
use GoChat::Crowd;
use GoChat::Lab;
use GoChat::NatsServer;
use GoChat::Test;
use Test::More;

GoChat::Lab::enter();
if (my $why = cluster_missing()) { plan skip_all => $why }

use constant { EQUAL => 20, QUIET => 5, STOPPED => 30, WITHOUT_NATS => 60 };

my ($size, $rooms, @only) = (@ARGV ? @ARGV : (1000, 200));
my $cluster = start_cluster(nodes => 3, spare => 1);
my $crowd = start_cluster_crowd($cluster, rooms => $rooms, size => $size, churn => $size / 100, talk => $size / 25);
ok(crowd_fills($crowd, 60), 'all are there');

# A fault, and how it is over; `lasts` seconds in between.
sub happens {
    my ($name, $fault, $lasts, $end) = @_;
    return if @only && !grep { $name =~ /$_/ } @only;
    for ([$name, $fault, $lasts], [$name . '-over', $end, 0]) {
        my ($stretch, $what, $for) = @$_;
        next if !$what;
        crowd_begins($crowd, $stretch);
        my $start = now();
        $what->();
        my $took = now() - $start; # several faults, one after the other
        watch_until(now() + ($for > EQUAL ? $for : EQUAL + QUIET));
        crowd_is_right($crowd, equal => EQUAL + $took);
    }
    return;
}

sub back { my ($id) = @_; start_node($cluster, $id); node_serves($cluster, $id) }

happens('quiet', sub { }, 0);
happens('node-killed', sub { kill_node($cluster, 2) }, 0, sub { back(2) });
happens('node-stopped', sub { freeze_program($cluster->{nodes}{1}) }, STOPPED, sub { thaw_program($cluster->{nodes}{1}) });
happens('node-drained', sub { stop_node($cluster, 3, 'INT', 90) }, 0, sub { back(3) });
happens('nats-killed', sub { kill_nats($cluster->{nats}, 0) }, 0, sub { restart_nats($cluster->{nats}, 0) });
happens('nats-cut', sub { cut_nats($cluster) }, WITHOUT_NATS, sub { mend_nats($cluster) });
happens('node-cut', sub { cut_node($cluster, 2) }, STOPPED, sub { mend_node($cluster, 2) });
happens('node-added', sub { back(4) }, 0);
happens('weight-changed', sub { set_node($cluster, 1, 300) }, 0, sub { set_node($cluster, 1, 100) });
happens('all-restarted', sub {
    for my $id (1 .. 4) {
        stop_node($cluster, $id, 'TERM');
        back($id);
    }
}, 0);
happens('all-nats-restarted', sub {
    for my $index (0 .. 2) {
        stop_nats($cluster->{nats}, $index);
        restart_nats($cluster->{nats}, $index);
    }
}, 0);
happens('node-and-nats-killed', sub { kill_node($cluster, 1); kill_nats($cluster->{nats}, 1) }, 0,
    sub { restart_nats($cluster->{nats}, 1); back(1) });
happens('node-killed-without-nats', sub { cut_nats($cluster); kill_node($cluster, 3) }, STOPPED,
    sub { mend_nats($cluster); back(3) });
send_line($crowd, 'quit');
is(wait_exit($crowd, 10), 0, 'the crowd ends');
finish();
