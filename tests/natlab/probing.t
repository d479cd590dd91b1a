#!/usr/bin/perl
# A symmetric NAT and a port-restricted one: the pair chats through a relay at once, and becomes direct by guessing ports
# (PROTOCOL.md §3.4 rule 5), which 98 of 100 do. Nothing is lost or doubled on the way, and whoever stays relayed says why.
# The bootnode of every other pair has one address, so that nobody knows which NAT is the symmetric one.
# Argument: how many pairs (tests/long/probing.t takes more).
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Lab;
use GoChat::Test;
use Test::More;

GoChat::Lab::enter();

# Sought for 10 s, offered, probed for 10 s, and for another 10 s the other way round, with time to be scheduled.
use constant { RELAY_TIMEOUT => 15, PROBING_SECONDS => 45, TICK => 0.5, MOST_UNLUCKY => 0.2 };

my $count = $ARGV[0] // 2;

# Each in a lab of its own.
sub start_pair {
    my ($number) = @_;
    my $lab = GoChat::Lab->up('symmetric', 'port-restricted');
    my $bootnode = start_bootnode(name => "bootnode$number", listen => '203.0.113.10:9595', in => $lab->host('boot'),
        config => $number % 2 ? '' : 'stun_alternate = 203.0.113.11:9596');
    my %pair = (name => "pair $number", said => 0);
    my %host = (hard => 'a', easy => 'b');
    $pair{$_} = start_client(name => "$_$number", nick => "$_$number", bootnode => $bootnode, room => 'room',
        in => $lab->host($host{$_})) for 'hard', 'easy';
    return \%pair;
}

sub relayed_at_first {
    my ($pair, $own) = @_;
    my $event = wait_event($pair->{$own}, { event => 'peer-connected' }, RELAY_TIMEOUT)
        or return fail("$pair->{name}: the $own side is connected");
    return is($event->{path}, 'relay', "$pair->{name}: the $own side is connected through a relay");
}

sub is_direct {
    my ($pair, $own) = @_;
    my @changes = events($pair->{$own}, { event => 'peer-path' });
    return @changes && $changes[-1]{path} eq 'direct';
}

sub both_direct { my ($pair) = @_; return is_direct($pair, 'hard') && is_direct($pair, 'easy') }

sub say_more {
    my ($pair) = @_;
    $pair->{said}++;
    send_line($pair->{$_}, "$_ says $pair->{said}") for 'hard', 'easy';
}

sub heard_everything {
    my ($pair, $own, $other) = @_;
    wait_event($pair->{$own}, { event => 'message', text => "$other says $pair->{said}" }, 10);
    my @heard = map { $_->{text} } events($pair->{$own}, { event => 'message' });
    return is_deeply(\@heard, [map {"$other says $_"} 1 .. $pair->{said}],
        "$pair->{name}: the $own side heard all $pair->{said} once and in order");
}

sub says_why_not {
    my ($pair, $own, $other) = @_;
    my ($joined) = events($pair->{$own}, { event => 'peer-connected' });
    send_line($pair->{$own}, "/info $joined->{nick}");
    return wait_event($pair->{$own}, { event => 'path-note', text => qr/no port was guessed|does not take part/ }, 5);
}

my @pairs = map { start_pair($_) } 0 .. $count - 1;
for my $pair (@pairs) {
    relayed_at_first($pair, $_) for 'hard', 'easy';
}

my $start = now();
my $tick = 0;
while (now() - $start < slow(PROBING_SECONDS) && grep { !both_direct($_) } @pairs) {
    say_more($_) for @pairs;
    watch_until($start + ++$tick * TICK);
}
my $after = now() - $start;
for (1 .. 4) {
    say_more($_) for @pairs;
    watch_until($start + ++$tick * TICK);
}

my $direct = grep { both_direct($_) } @pairs;
diag sprintf '%d of %d pairs became direct, the last one after %.1f s', $direct, $count, $after;
for my $pair (@pairs) {
    heard_everything($pair, 'hard', 'easy');
    heard_everything($pair, 'easy', 'hard');
    next if both_direct($pair);
    ok(says_why_not($pair, $_), "$pair->{name}: the $_ side says why it is relayed") for 'hard', 'easy';
}
cmp_ok($count - $direct, '<=', $count * MOST_UNLUCKY, 'few are unlucky') if $count >= 1 / MOST_UNLUCKY;

finish();
