#!/usr/bin/perl
# A crowd that comes, goes and talks at a single bootnode, judged by a checker that knows the truth: at rest, and while
# the bootnode is killed and comes back. tests/long/crowd.t is the same with a thousand.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Crowd;
use GoChat::Test;
use Test::More;

use constant { OUTAGE => 5, EQUAL_SECONDS => 20 };

my ($size, $rooms, $stretch) = (@ARGV, 150, 30, 5);
my $bootnode = start_bootnode(config => "sessions_per_source = 0\nlimit_loopback = no");
my $crowd = start_crowd(rooms => $rooms, size => $size, churn => $size / 50, talk => $size / 20,
    bootnodes => [$bootnode->{address}]);
crowd_fills($crowd, 30);
crowd_begins($crowd, 'quiet');
watch_until(now() + $stretch);
crowd_is_right($crowd, equal => 0);

crowd_begins($crowd, 'killed');
outage($crowd, 1);
send_signal($bootnode, 'KILL');
wait_exit($bootnode, 5);
watch_until(now() + OUTAGE);
$bootnode = start_bootnode(again => $bootnode, config => "sessions_per_source = 0\nlimit_loopback = no");
crowd_is_right($crowd);

crowd_begins($crowd, 'back');
outage($crowd, 0);
watch_until(now() + EQUAL_SECONDS + $stretch);
crowd_is_right($crowd, equal => EQUAL_SECONDS);
send_line($crowd, 'quit');
is(wait_exit($crowd, 10), 0, 'the crowd ends');
finish();
