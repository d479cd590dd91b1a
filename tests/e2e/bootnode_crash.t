#!/usr/bin/perl
# kill -9 of the only bootnode under a crowd, for 30 s: nobody sees anybody leave, chat goes on without a gap, and 20 s
# after it is back everyone is registered again. With two numbers: that many clients in that many rooms.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Conversation;
use GoChat::Test;
use Test::More;

use constant { OUTAGE => 30, BACK_SECONDS => 20, AFTERWARDS => 20, TICK => 5 };
use constant { CONNECT_TIMEOUT => 60, CHAT_TIMEOUT => 20 };

my ($clients, $rooms) = (@ARGV, 40, 4);
my $bootnode = start_bootnode();
my @rooms = map { [] } 1 .. $rooms;

for my $number (0 .. $clients - 1) {
    my $room = $number % $rooms;
    push @{ $rooms[$room] }, start_speaker(name => "client$number", bootnode => $bootnode, room => "room$room",
        config => 'log_level = warning');
}
my @all = map { @$_ } @rooms;

sub registered_again {
    return grep { events($_, { event => 'registered' }) > 1 } @all;
}

sub chat_until {
    my ($end) = @_;
    while (now() < $end) {
        say_numbers($_, 1) for @all;
        watch_until(now() + TICK < $end ? now() + TICK : $end);
    }
}

all_connected(CONNECT_TIMEOUT, @$_) for @rooms;

send_signal($bootnode, 'KILL');
wait_exit($bootnode, 5);
chat_until(now() + OUTAGE);
all_heard('without a bootnode', CHAT_TIMEOUT, @$_) for @rooms;
is((grep { !events($_, { event => 'bootnode-lost' }) } @all), 0, 'everyone missed the bootnode');

my $back_at = now();
$bootnode = start_bootnode(again => $bootnode);
wait_until(sub { registered_again() == $clients }, BACK_SECONDS);
my $took = now() - $back_at;
is(registered_again(), $clients, sprintf 'all %d are registered again after %.1f s', $clients, $took);
cmp_ok($took, '<=', slow(BACK_SECONDS), 'in time');

# Whoever the bootnode did not know yet might now be taken for gone.
chat_until(now() + AFTERWARDS);
all_heard('with the bootnode again', CHAT_TIMEOUT, @$_) for @rooms;
is((map { events($_, { event => 'peer-left' }) } @all), 0, 'nobody saw anybody leave');
finish();
