#!/usr/bin/perl
# Machines whose clocks are days off: what they say is had by who comes after they have left, and they have what others
# said; and where nobody can know whose clock is right, it is told what was left out.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use Test::More;

plan skip_all => 'a preload would come before the sanitizers' if $ENV{SAN};

use constant { DAYS => 86_400, TIMEOUT => 10 };

sub clock { my ($days) = @_; return ['env', 'LD_PRELOAD=' . test_tool('wall_clock.so'), 'WALL_CLOCK_AHEAD_S=' . $days * DAYS] }

# The author says two things to a listener and leaves; the newcomer comes. Clocks are days ahead.
sub newcomer {
    my ($room, %days) = @_;
    my $bootnode = start_bootnode(name => "$room-bootnode", in => clock($days{bootnode} // 0));
    my ($author, $listener) = map {
        start_client(name => "$room-$_", bootnode => $bootnode, room => $room, in => clock($days{$_} // 0))
    } qw(author listener);
    wait_event($author, { event => 'peer-connected' }, TIMEOUT);
    send_line($author, $_) for qw(one two);
    wait_event($listener, { event => 'message', text => 'two' }, TIMEOUT);
    close_input($author);
    wait_event($listener, { event => 'peer-left' }, TIMEOUT);
    return start_client(name => "$room-newcomer", bootnode => $bootnode, room => $room, in => clock($days{newcomer} // 0));
}

my %case = (
    'author-behind' => [author => -3],
    'author-ahead' => [author => 3],
    'newcomer-behind' => [newcomer => -3],
    'newcomer-ahead' => [newcomer => 300],
    'both-off' => [author => -3, newcomer => 5],
    'listener-off' => [listener => 3],
    'bootnode-off' => [bootnode => -3],
);
my %newcomer = map { $_ => newcomer($_, @{ $case{$_} }) } sort keys %case;
for my $name (sort keys %case) {
    my ($one, $two) = map { wait_event($newcomer{$name}, { event => 'message', text => $_ }, TIMEOUT) } qw(one two);
    ok($one && $two && $two->{history}, "$name: the newcomer has what was said");
    is(events($newcomer{$name}, { event => 'lost' }), 0, "$name: and is told of nothing else");
}

my $told = newcomer('nobody-knows', author => -3, bootnode => 9);
my $lost = wait_event($told, { event => 'lost' }, TIMEOUT);
is_deeply([@{$lost}{qw(nick count reason)}], ['nobody-knows-author', 2, 'clock'], 'where nobody knows, it is told');
is(events($told, { event => 'message' }), 0, 'and not shown');

finish();
