#!/usr/bin/perl
# All nine ordered pairs of cones at once, each in a lab of its own: the two connect directly and exchange 50 messages
# each way; then their bootnode goes away, and they chat on for 20 s. With a number: for so many seconds. long/pairs has
# 200, past the new handshake that is due after 120 s (nothing sent under keys older than 180 s is accepted, so who still
# talks has made one).
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Lab;
use GoChat::Test;
use Test::More;

GoChat::Lab::enter();

use constant { MESSAGES => 50, TICK => 4 };

my ($chat_seconds) = (@ARGV, 20);

my @CONES = qw(full restricted port-restricted);

sub start_pair {
    my ($kind_a, $kind_b) = @_;
    my $lab = GoChat::Lab->up($kind_a, $kind_b);
    my $name = "$kind_a-$kind_b";
    my $bootnode = start_bootnode(name => "$name-bootnode", listen => '203.0.113.10:9595', in => $lab->host('boot'));
    my %client = map {
        $_ => start_client(name => "$name-$_", nick => $_, bootnode => $bootnode, room => $name, in => $lab->host($_))
    } 'a', 'b';
    return { name => $name, bootnode => $bootnode, %client };
}

# Where the machine is busy, a relay may be faster. There is one other in the room.
sub path {
    my ($client) = @_;
    return (grep { $_->{event} =~ /^peer-(?:connected|path)$/ } events($client))[-1] // {};
}

sub connected_directly {
    my ($pair, $own, $other, $public_address) = @_;
    my $what = "$pair->{name}: $own is connected to $other";
    my $client = $pair->{$own};
    wait_event($client, { event => 'peer-connected', nick => $other }, 15) or return fail($what);
    wait_until(sub { (path($client)->{path} // '') eq 'direct' }, 10);
    return is(path($client)->{path}, 'direct', "$what directly")
        && like(path($client)->{address}, qr/^\Q$public_address\E:\d+$/, "$what at its public address");
}

sub say_numbered {
    my ($pair, $own, $from, $to) = @_;
    send_line($pair->{$own}, "$own says $_") for $from .. $to;
}

# Waits for the arrival of the last one and for its acknowledgement; then all must be there, once and in order.
sub all_arrived {
    my ($pair, $own, $other, $count, $what) = @_;
    my ($sender, $receiver) = @{$pair}{ $own, $other };
    wait_event($receiver, { event => 'message', text => "$own says $count" }, 5);
    my %own_ids = map { $_->{id} => $_->{text} } events($sender, { event => 'sent' });
    my $last = (grep { $own_ids{$_} eq "$own says $count" } keys %own_ids)[0] // '';
    wait_event($sender, { event => 'delivered', id => $last }, 5);
    my @heard = map { $_->{text} } events($receiver, { event => 'message', nick => $own });
    is_deeply(\@heard, [map {"$own says $_"} 1 .. $count], "$pair->{name}: $other heard $own $count times $what");
    my %delivered = map { ($own_ids{ $_->{id} } // 'unknown') => 1 } events($sender, { event => 'delivered' });
    is(keys %delivered, $count, "$pair->{name}: $own knows that all $count were delivered $what");
}

# Without this the rest would only wait for nothing.
sub all_connected {
    my $failures = 0;
    for my $pair (@_) {
        connected_directly($pair, 'a', 'b', '203.0.113.22') or $failures++;
        connected_directly($pair, 'b', 'a', '203.0.113.21') or $failures++;
    }
    return $failures == 0;
}

my @pairs = map { my $a = $_; map { start_pair($a, $_) } @CONES } @CONES;

if (!all_connected(@pairs)) {
    finish();
    exit;
}

for my $pair (@pairs) {
    say_numbered($pair, $_, 1, MESSAGES) for 'a', 'b';
}
for my $pair (@pairs) {
    all_arrived($pair, 'a', 'b', MESSAGES, '');
    all_arrived($pair, 'b', 'a', MESSAGES, '');
}

stop_program(map { $_->{bootnode} } @pairs);
is($_->{bootnode}{status}, 0, "$_->{name}: the bootnode ended cleanly") for @pairs;

my $said = MESSAGES;
my $start = now();
my $tick = 0;
while (now() - $start < $chat_seconds) {
    $said++;
    for my $pair (@pairs) {
        say_numbered($pair, $_, $said, $said) for 'a', 'b';
    }
    watch_until($start + ++$tick * TICK);
}
for my $pair (@pairs) {
    all_arrived($pair, 'a', 'b', $said, 'without a bootnode');
    all_arrived($pair, 'b', 'a', $said, 'without a bootnode');
    for my $own ('a', 'b') {
        is(events($pair->{$own}, { event => 'peer-left' }), 0, "$pair->{name}: nobody left $own");
        is(events($pair->{$own}, { event => 'bootnode-lost' }), 1, "$pair->{name}: $own missed the bootnode, once");
    }
}

finish();
