#!/usr/bin/perl
# A room that lets nobody in any more must not be one that nobody can leave.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use Test::More;

my $bootnode = start_bootnode(config => 'room_members = 2');
my $folder = temp_dir();
my %client = map { $_ => start_client(name => $_, bootnode => $bootnode, room => 'full', data_dir => "$folder/$_") }
    qw(alice bob);
ok(wait_event($client{$_}, { event => 'peer-connected' }, 10), "$_ is in the room") for qw(alice bob);

my $carol = start_client(name => 'carol', bootnode => $bootnode, room => 'tea', data_dir => "$folder/carol");
ok(wait_event($carol, { event => 'registered', room => 'tea' }, 10), 'carol is in another');
send_line($carol, $_) for '/join full', 'said once there is somebody to hear it';
ok(wait_event($carol, { event => 'error', room => 'full', text => qr/the room is full/ }, 10), 'the room is full');
stop_program($client{bob});
ok(wait_event($carol, { event => 'peer-connected', room => 'full' }, 90), 'until somebody leaves');
ok(wait_event($client{alice}, { event => 'message', text => qr/^said once/ }, 10), 'what was typed goes there then');

my $dave = start_client(name => 'dave', bootnode => $bootnode, room => 'tea', data_dir => "$folder/dave");
ok(wait_event($dave, { event => 'registered', room => 'tea' }, 10), 'dave is in the other');
send_line($dave, '/join full');
ok(wait_event($dave, { event => 'error', room => 'full' }, 10), 'the room is full again');
send_line($dave, '/part');
ok(wait_event($dave, { event => 'parted', room => 'full' }, 5), 'it can be left all the same');
send_line($dave, '/join full');
ok(wait_event($dave, { event => 'joined', room => 'full' }, 5), 'and joined again');
send_line($dave, '/quit');
is(wait_exit($dave, 5), 0, 'and the client can end');
finish();
