#!/usr/bin/perl
# Five clients who say 100 messages a second over paths that lose 20 % each way, delay 50 ms each way, reorder and
# Five clients who say 100 messages a second over paths that lose 20 % each way, delay by 50 ms each way, reorder and
# messages. Every path leads over two links, the sender's and the receiver's, and each does half of the damage.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Conversation;
use GoChat::Lab;
use GoChat::Test;
use Test::More;

GoChat::Lab::enter();

use constant { TICK => 0.05, ROUND_TRIP_MS => 100, ROUND_TRIPS => 8, CONNECT_TIMEOUT => 30, CHAT_TIMEOUT => 20 };
use constant HALF => (delay => 25, jitter => 2, loss => 100 * (1 - sqrt 0.8), duplicate => 2.5, reorder => 5);

my $messages = $ARGV[0] // ($ENV{SAN} ? 1500 : 10_000);
my @kinds = qw(open full restricted port-restricted port-restricted);
my @hosts = ('a' .. 'e');

my $lab = GoChat::Lab->up(@kinds);
$lab->weather($_, HALF, seed => ord) for 'boot', @hosts;
my $bootnode = start_bootnode(listen => '203.0.113.10:9595', in => $lab->host('boot'));
my @speakers = map {
    start_speaker(name => $_, bootnode => $bootnode, room => 'storm', in => $lab->host($_))
} @hosts;

all_connected(CONNECT_TIMEOUT, @speakers);
my $start = now();
for my $tick (1 .. $messages / @speakers) {
    say_numbers($_, 1) for @speakers;
    watch_until($start + $tick * TICK);
}
all_heard("$messages messages", CHAT_TIMEOUT, @speakers);
all_delivered("$messages messages", CHAT_TIMEOUT, @speakers);

my @delays = map { @{ $_->{delays} } } @speakers;
my @quantiles = map { quantile($_, @delays) } 0.5, 0.9, 0.99, 1;
note(sprintf 'milliseconds: half within %.0f, 90 %% within %.0f, 99 %% within %.0f, all within %.0f', @quantiles);
cmp_ok($quantiles[2], '<=', slow(ROUND_TRIPS * ROUND_TRIP_MS), '99 % within eight round trips');
finish();
