#!/usr/bin/perl
# From the start of the second client's process to its `peer-connected`, between two port-restricted cones.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Lab;
use GoChat::Test;
use Test::More;

GoChat::Lab::enter();

use constant { RUNS => 5, LIMIT_MS => 150 };

my $lab = GoChat::Lab->up('port-restricted', 'port-restricted');
my $bootnode = start_bootnode(listen => '203.0.113.10:9595', in => $lab->host('boot'));

# Each run has a room of its own, whose first client has been there for a while.
sub connect_ms {
    my ($run) = @_;
    my %common = (bootnode => $bootnode, room => "room $run");
    my $first = start_client(%common, name => "first$run", in => $lab->host('a'));
    wait_event($first, { event => 'registered' }, 10) or return;
    watch_until(now() + 0.3);
    my $second = start_client(%common, name => "second$run", in => $lab->host('b'));
    my $event = wait_event($second, { event => 'peer-connected', nick => "first$run" }, 10) or return;
    stop_program($first, $second);
    return 1000 * ($event->{_at} - $second->{started});
}

my @times = sort { $a <=> $b } grep {defined} map { connect_ms($_) } 1 .. RUNS;
is(@times, RUNS, 'every run connected');
my $median = $times[@times / 2] // 'inf';
diag(sprintf 'start to peer-connected: median %.0f ms of %s', $median, join ' ', map { sprintf '%.0f', $_ } @times);
cmp_ok($median, '<=', slow(LIMIT_MS), 'the median is at most ' . slow(LIMIT_MS) . ' ms');

finish();
