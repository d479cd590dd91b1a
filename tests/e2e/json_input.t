#!/usr/bin/perl
# What a program can ask of --ui json: objects and lines, answers that it knows again, people by the ids of the events.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use JSON::PP;
use Test::More;

my $bootnode = start_bootnode();
my $json = JSON::PP->new->canonical;
my $bob = start_client(name => 'bob', bootnode => $bootnode, room => 'tea');
wait_event($bob, { event => 'registered' }, 5);
my $bot = start_client(name => 'bot', bootnode => $bootnode, room => 'tea');
my $id = wait_field($bot, { event => 'peer-connected', nick => 'bob' }, 10, 'peer');
ok($id, 'a bot meets bob');

sub asks { my (%object) = @_; send_line($bot, $json->encode(\%object)) }

sub answers {
    my ($criteria, $what) = @_;
    my $event = wait_event($bot, $criteria, 10);
    ok($event, $what);
    return $event // {};
}

sub hears {
    my ($criteria, $what) = @_;
    my $event = wait_event($bob, { event => 'message', %$criteria }, 10);
    ok($event, "bob: $what");
    return $event // {};
}

asks(say => "one\n\ttwo", ref => 1);
my $sent = answers({ event => 'sent', ref => 1 }, 'what was said is answered with the ref');
is(hears({ text => "one\n\ttwo" }, 'one message of two lines')->{id}, $sent->{id}, 'of that id');
asks(say => "$_", ref => "the $_") for '{"say":"x"}', '/quit', '//';
for my $text ('{"say":"x"}', '/quit', '//') {
    hears({ text => $text }, "'$text', which is text");
    is(answers({ event => 'sent', ref => "the $text" }, 'sent')->{text}, $text, 'with a ref that is text');
}
asks(say => 'psst', to => $id, ref => 2);
hears({ text => 'psst', kind => 'private' }, 'what is for him alone');
is(answers({ event => 'sent', ref => 2 }, 'sent to an id')->{peer}, $id, 'and to no other');
asks(say => 'nods', kind => 'action');
hears({ text => 'nods', kind => 'action' }, 'an action');

for my $wrong ([q({"say":"x","ref":3), qr/^line \d+: column \d+: not a JSON object/],
    [q({"say":17,"ref":3}), qr/^line \d+: say: 17, expected a string/],
    [q({"say":"x","room":"milk","ref":3}), qr/^line \d+: room 'milk': you are not there/],
    [q({"say":"x","to":"zoe","ref":3}), qr/^line \d+: to: 'zoe' is not here; here is bob#/],
    [q({"say":"x","colour":"red","ref":3}), qr/^line \d+: 'colour': no such key/],
    ["{\"say\":\"caf\xe9\"}", qr/^line \d+: not UTF-8/]) {
    send_line($bot, $wrong->[0]);
    answers({ event => 'error', text => $wrong->[1] }, "$wrong->[0] is an error that names the line");
}
is(events($bot, { event => 'error', ref => 3 }), 4, 'with the ref where it can be read');

send_line($bot, "/msg $id in a line");
hears({ text => 'in a line', kind => 'private' }, 'what a line says to an id');
asks(command => "info $id", ref => 4);
is(answers({ event => 'member', ref => 4 }, 'a command is answered with the ref')->{peer}, $id, 'about an id');
asks(command => "/ignore $id", ref => 5);
answers({ event => 'notice', ref => 5, text => qr/^bob#\w+ is ignored/ }, 'an id can be ignored');

asks(command => '/join milk', ref => 6);
is(answers({ event => 'joined', ref => 6 }, 'a second room')->{room}, 'milk', 'answered with the ref');
asks(say => 'back in tea', room => 'tea');
hears({ text => 'back in tea', room => 'tea' }, 'what is said in a room by its name');
send_line($bot, '{"say":"' . '\u0041' x 65536 . '","room":"tea"}');
hears({ text => 'A' x 65536 }, 'the longest text, in the longest way');

asks(command => 'quit');
is(wait_exit($bot, 15), 0, 'nothing of all that ended it but a command');
is(events($bob, { event => 'message', text => qr/\bref\b|colour|zoe/ }), 0, 'and nothing wrong was said to bob');

finish();
