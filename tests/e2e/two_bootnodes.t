#!/usr/bin/perl
# Ten clients at two bootnodes, of which one is killed: nobody notices anything but that, and newcomers are still found,
# who know both bootnodes or only the other. When it is back, it is as good as before: the other may die.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Conversation;
use GoChat::Test;
use Test::More;

use constant { CLIENTS => 10, WITHOUT => 20, TICK => 1, BACK_SECONDS => 20 };
use constant { CONNECT_TIMEOUT => 15, CHAT_TIMEOUT => 10 };

my %bootnode = map { $_ => start_bootnode(name => $_) } 'first', 'second';
my @speakers;

sub enter_room {
    my ($name, @bootnodes) = @_;
    my ($one, @more) = map { $bootnode{$_}{address} } @bootnodes;
    push @speakers,
        start_speaker(name => $name, bootnode => $one, room => 'hall', arguments => [map { ('--bootnode', $_) } @more]);
}

sub chat_for {
    my ($seconds) = @_;
    my $end = now() + $seconds;
    while (now() < $end) {
        say_numbers($_, 1) for @speakers;
        watch_until(now() + TICK);
    }
}

sub kill_bootnode {
    my ($name) = @_;
    send_signal($bootnode{$name}, 'KILL');
    wait_exit($bootnode{$name}, 5);
}

# Everything that somebody was told about somebody else.
sub changes {
    return map { events($_, { event => qr/^peer-/ }) } @speakers;
}

enter_room("client$_", 'first', 'second') for 1 .. CLIENTS;
all_connected(CONNECT_TIMEOUT, @speakers);
chat_for(3 * TICK);

my $before = changes();
kill_bootnode('first');
chat_for(WITHOUT);
all_heard('with one of two', CHAT_TIMEOUT, @speakers);
is(changes(), $before, 'nobody was told anything of anybody');
enter_room('both', 'first', 'second');
enter_room('other', 'second');
all_connected(CONNECT_TIMEOUT, @speakers);

$bootnode{first} = start_bootnode(name => 'first', again => $bootnode{first});
my $back_at = now();
my @everywhere = grep { $_->{name} ne 'other' } @speakers;
my $at_first = sub { events($_[0], { event => 'registered', bootnode => $bootnode{first}{address} }) };
wait_until(sub { !grep { $at_first->($_) < ($_->{name} eq 'both' ? 1 : 2) } @everywhere }, BACK_SECONDS);
cmp_ok(now() - $back_at, '<=', slow(BACK_SECONDS), 'in time');
is((grep { !$at_first->($_) } @everywhere), 0, 'all are at the first one again');

$before = changes();
kill_bootnode('second');
chat_for(WITHOUT);
all_heard('with the other one', CHAT_TIMEOUT, @speakers[0 .. CLIENTS - 1]);
is(changes(), $before, 'and nobody misses the one that was there all the time');
enter_room('late', 'first', 'second');
all_connected(CONNECT_TIMEOUT, @everywhere, $speakers[-1]);
is((map { events($_, { event => 'peer-left' }) } @speakers), 0, 'nobody ever left');
finish();
