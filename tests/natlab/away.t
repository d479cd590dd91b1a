#!/usr/bin/perl
# One of five is away for 40 s, cut off from everybody; the others chat on, and a sixth comes and gets what was said
# before. When the first is back, all six have the same messages of each author. With a number: for so many seconds.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Conversation;
use GoChat::Lab;
use GoChat::Test;
use Test::More;

GoChat::Lab::enter();

use constant { TICK => 2, CONNECT_TIMEOUT => 15, BACK_TIMEOUT => 40 };

my ($away_seconds) = (@ARGV, 40);

my @hosts = ('a' .. 'f');
my ($away, $newcomer) = @hosts[2, 5];
my $lab = GoChat::Lab->up(qw(open full restricted port-restricted symmetric full));
my $bootnode = start_bootnode(listen => '203.0.113.10:9595', in => $lab->host('boot'));
my %speaker;

sub enter_room {
    my ($host) = @_;
    $speaker{$host} = start_speaker(name => $host, bootnode => $bootnode, room => 'inn', in => $lab->host($host));
}

sub chat_for {
    my ($seconds) = @_;
    my $end = now() + $seconds;
    while (now() < $end) {
        say_numbers($_, 1) for values %speaker;
        watch_until(now() + TICK);
    }
}

enter_room($_) for grep { $_ ne $newcomer } @hosts;
all_connected(CONNECT_TIMEOUT, values %speaker);
chat_for(2 * TICK);
all_heard('before', BACK_TIMEOUT, values %speaker);

$lab->block($away);
chat_for($away_seconds / 2);
enter_room($newcomer);
chat_for($away_seconds / 2);
$lab->unblock($away);
chat_for(2 * TICK);

all_heard('afterwards', BACK_TIMEOUT, values %speaker);
finish();
