#!/usr/bin/perl
# Links as long as those over satellites, or longer: a packet takes 1 s, or 2 s, from one client to the other. They meet,
# are connected directly soon, and what they say arrives; nobody is taken for gone, though every answer takes seconds.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Lab;
use GoChat::Test;
use Test::More;

GoChat::Lab::enter();

use constant { CONNECT_TIMEOUT => 15, DIRECT_TIMEOUT => 30, LINES => 5, TALK_TIMEOUT => 30 };

# In ms, each way. Each pair is in a lab of its own.
my @pairs = map { start_pair($_) } 1000, 2000;

sub start_pair {
    my ($delay) = @_;
    my $lab = GoChat::Lab->up('port-restricted', 'port-restricted');
    $lab->weather($_, delay => $delay / 2) for 'a', 'b';
    my $bootnode = start_bootnode(name => "bootnode-$delay", listen => '203.0.113.10:9595', in => $lab->host('boot'));
    my @ends = map {
        start_client(name => "$_-$delay", nick => $_, bootnode => $bootnode, room => 'far', in => $lab->host($_))
    } 'a', 'b';
    return { name => "$delay ms", ends => \@ends };
}

# A relay may be faster by chance: whoever is told of the other later punches later.
sub path {
    my ($end) = @_;
    my @paths = map { events($end, { event => $_ }) } 'peer-connected', 'peer-path';
    return $paths[-1]{path};
}

for my $pair (@pairs) {
    for my $end (@{ $pair->{ends} }) {
        ok(wait_event($end, { event => 'peer-connected' }, CONNECT_TIMEOUT), "$pair->{name}: the two are connected");
    }
}
for my $pair (@pairs) {
    wait_until(sub { path($_) eq 'direct' }, DIRECT_TIMEOUT) for @{ $pair->{ends} };
}
for my $line (1 .. LINES) {
    send_line($_, "line $line") for map { @{ $_->{ends} } } @pairs;
    for my $end (map { @{ $_->{ends} } } @pairs) {
        wait_event($end, { event => 'message', text => "line $line" }, TALK_TIMEOUT);
    }
}
for my $pair (@pairs) {
    for my $end (@{ $pair->{ends} }) {
        my @heard = map { $_->{text} } events($end, { event => 'message' });
        is_deeply(\@heard, [map {"line $_"} 1 .. LINES], "$pair->{name}: all arrived once and in order");
        is(path($end), 'direct', "$pair->{name}: directly");
        is(scalar events($end, { event => 'peer-left' }), 0, "$pair->{name}: nobody was taken for gone");
    }
}
finish();
