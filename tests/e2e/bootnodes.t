#!/usr/bin/perl
# Two real bootnodes: either may die, nobody leaves for it, newcomers are found by all who share one with them.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use Test::More;

my @bootnodes = map { start_bootnode(name => "bootnode-$_") } 1, 2;
my $both = join ',', map { $_->{address} } @bootnodes;

sub enter_room {
    my ($name, $bootnode, %more) = @_;
    return start_client(name => $name, bootnode => $bootnode // $both, room => 'tea', %more);
}

my @couple = map { enter_room($_) } qw(alice bob);
my ($alice, $bob) = @couple;
for my $client (@couple) {
    my %names = map { $_->{name} => $_->{bootnode} } map { wait_event($client, { event => 'registered' }, 5) } 1, 2;
    is_deeply([sort keys %names], [sort map { $_->{address} } @bootnodes], "$client->{name} registers with both");
    ok(wait_event($client, { event => 'peer-connected' }, 10), 'and is connected');
    is(events($client, { event => 'peer-joined' }), 1, 'to one other, who came once');
}

send_signal($bootnodes[0], 'KILL');
ok(wait_event($_, { event => 'bootnode-lost', name => $bootnodes[0]{address} }, 20), "$_->{name} loses one")
    for @couple;
my $carl = enter_room('carl');
for my $client (@couple) {
    ok(wait_event($client, { event => 'peer-connected', nick => 'carl' }, 10), "$client->{name} still finds newcomers");
}
send_line($carl, 'hello');
ok(wait_event($_, { event => 'message', text => 'hello' }, 5), "and $_->{name} hears them") for @couple;

my $again = start_bootnode(name => 'again', again => $bootnodes[0]);
ok(wait_event($_, { event => 'registered', name => $again->{address} }, 20), "$_->{name} registers again")
    for @couple, $carl;
my $dora = enter_room('dora', $again->{address});
ok(wait_event($_, { event => 'peer-connected', nick => 'dora' }, 10), "$_->{name} finds who knows only that one")
    for @couple, $carl;

send_signal($bootnodes[1], 'INT');
ok(wait_event($_, { event => 'bootnode-lost', name => $bootnodes[1]{address} }, 5), "$_->{name} is told of a farewell")
    for @couple;
send_line($dora, 'all here');
ok(wait_event($_, { event => 'message', text => 'all here' }, 5), "$_->{name} hears dora") for @couple, $carl;
is(events($_, { event => 'peer-left' }), 0, "$_->{name} saw nobody leave") for @couple, $carl, $dora;

my $plain = enter_room('erna', undef, ui => 'plain', config => 'joins = on',
    arguments => ['--bootnode', 'no-such-host.invalid:9595']);
ok(wait_line($plain, qr/^\* bootnode no-such-host\.invalid:9595 lost: its name is not found/, 6),
    'a name that is not found is told');
ok(wait_line($plain, qr/^\* alice.* is here/, 10), 'and keeps nobody out');

finish();
