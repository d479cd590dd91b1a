#!/usr/bin/perl
# What begins with a slash: three people give commands in json, one in plain; what the others see of it, and what is
# still so after a restart.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use Test::More;

my $bootnode = start_bootnode();
my $folder = temp_dir();
my %client;

sub enter_room {
    my ($nick, %option) = @_;
    return $client{$nick} =
        start_client(name => $nick, bootnode => $bootnode, room => 'tea', data_dir => "$folder/$nick", %option);
}

sub sees {
    my ($nick, $criteria, $what) = @_;
    my $event = wait_event($client{$nick}, $criteria, 10);
    ok($event, "$nick: $what");
    return $event // {};
}

sub types { my ($nick, $line) = @_; send_line($client{$nick}, $line) }

sub reads {
    my ($nick, $pattern, $what) = @_;
    my $line = wait_line($client{$nick}, $pattern, 10);
    ok($line, "$nick: $what");
}

sub connected {
    my ($room, @nicks) = @_;
    for my $nick (@nicks) {
        sees($nick, { event => 'peer-connected', room => $room, nick => $_ }, "is connected to $_ in $room")
            for grep { $_ ne $nick } @nicks;
    }
}

enter_room($_) for qw(alice bob carol);
is(sees($_, { event => 'joined' }, 'joined')->{room}, 'tea', "$_ joined tea") for qw(alice bob carol);
connected('tea', qw(alice bob carol));

# --- /join, /part ----------------------------------------------------------------------------------------------------

types($_, '/join coffee') for qw(alice bob);
sees($_, { event => 'joined', room => 'coffee' }, 'joins a second room') for qw(alice bob);
connected('coffee', qw(alice bob));
types('alice', 'a cup of it');
sees('bob', { event => 'message', room => 'coffee', nick => 'alice', text => 'a cup of it' }, 'hears it there');
types('alice', '/join tea');
sees('alice', { event => 'notice', room => 'tea' }, 'goes back to the first');
types('alice', 'and tea');
sees($_, { event => 'message', room => 'tea', nick => 'alice', text => 'and tea' }, 'hears it here') for qw(bob carol);
is(events($client{carol}, { room => 'coffee' }), 0, 'carol: knows nothing of the other room');

types('alice', '/part coffee');
sees('alice', { event => 'parted', room => 'coffee' }, 'leaves the second room');
is(sees('bob', { event => 'peer-left', room => 'coffee' }, 'sees it')->{reason}, 'bye', 'bob: it was a goodbye');
types('bob', '/part');
types('bob', 'back again');
sees('bob', { event => 'parted', room => 'coffee' }, 'leaves the room where he is');
sees('carol', { event => 'message', room => 'tea', nick => 'bob', text => 'back again' }, 'hears what he says then');
types('bob', '/part milk');
sees('bob', { event => 'error', text => '/part: you are not in that room, expected one of tea' }, 'is in one room now');

# In the data directory, which the sandbox leaves (sandbox.t has another place).
for my $nick (qw(alice bob)) {
    my $secret = write_file("$folder/$nick/secret", "open sesame\n");
    chmod 0600, $secret or die "$secret: $!";
    types($nick, "/join cave $secret");
}
types('carol', '/join cave');
sees($_, { event => 'joined', room => 'cave' }, 'joins a third room') for qw(alice bob carol);
connected('cave', qw(alice bob));
is(events($client{carol}, { event => 'peer-joined', room => 'cave' }), 0, 'carol: without the secret it is another');
types($_, '/part') for qw(alice bob carol);
sees($_, { event => 'parted', room => 'cave' }, 'leaves it') for qw(alice bob carol);
types('alice', "/join cave $folder/none");
sees('alice', { event => 'error', text => qr{^/join: secret file \Q$folder\E/none: No such file} }, 'needs the file');

# --- /nick, /me, /msg ------------------------------------------------------------------------------------------------

types('bob', '/nick robert');
is(sees('bob', { event => 'nick' }, 'has another name')->{nick}, 'robert', 'bob is robert');
for my $nick (qw(alice carol)) {
    my $renamed = sees($nick, { event => 'peer-nick', room => 'tea' }, 'sees it');
    is("$renamed->{was} → $renamed->{nick}", 'bob → robert', "$nick: knows who it was");
}
types('bob', '/nick a:b');
sees('bob', { event => 'error', text => qr{^/nick: 'a:b' .3 bytes.: expected a nick of 1 to 32 bytes} }, 'cannot have any name');

types('bob', '/me pours tea');
for my $nick (qw(alice carol)) {
    my $action = sees($nick, { event => 'message', nick => 'robert', text => 'pours tea' }, 'sees what he does');
    is($action->{kind}, 'action', "$nick: it is an action");
}
is(sees('bob', { event => 'sent', text => 'pours tea' }, 'has said so')->{kind}, 'action', 'as an action');

types('alice', '/msg carol psst');
my $private = sees('carol', { event => 'message', nick => 'alice', text => 'psst' }, 'is told alone');
is($private->{kind}, 'private', 'carol: it is private');
my $sent = sees('alice', { event => 'sent', text => 'psst' }, 'has told her');
my ($carol) = events($client{alice}, { event => 'peer-connected', room => 'tea', nick => 'carol' });
is("$sent->{kind} $sent->{peer}", "private $carol->{peer}", 'alice: and nobody else');
sees('alice', { event => 'delivered', id => $sent->{id}, peer => $carol->{peer} }, 'knows that it arrived');
types('alice', 'aloud');
my $aloud = sees('alice', { event => 'sent', text => 'aloud' }, 'speaks to all');
sees('alice', { event => 'delivered', id => $aloud->{id} }, 'is heard') for 1, 2;
sees('bob', { event => 'message', text => 'aloud' }, 'hears what is for all');
is(events($client{bob}, { event => 'message', text => 'psst' }), 0, 'bob: but not what was for carol');
types('alice', '/msg dave hello');
sees('alice', { event => 'error', text => qr{^/msg: 'dave' is not here; here is carol#[0-9a-f]{4}, robert#[0-9a-f]{4}$} },
    'is told who is here');

# --- /who, /info -----------------------------------------------------------------------------------------------------

types('alice', '/who');
for my $nick (qw(carol robert)) {
    my $member = sees('alice', { event => 'member', nick => $nick }, "sees how $nick is reached");
    is("$member->{state} $member->{path}", 'connected direct', "alice: $nick is connected");
    like($member->{address}, qr/^127\.0\.0\.1:\d+$/, 'at an address');
    like($member->{fingerprint}, qr/^[0-9a-f]{32}$/, 'with a key');
}
types('alice', '/info carol');
types('carol', '/info alice');
my $number = sees('alice', { event => 'member', safety_number => qr/^\d{5}( \d{5}){11}$/ }, 'has a number')->{safety_number};
is(sees('carol', { event => 'member', safety_number => qr/./ }, 'has one')->{safety_number}, $number, 'the same');
types('alice', '/info');
sees('alice', { event => 'notice', room => 'tea', text => qr/^$_/ }, "is told: $_")
    for 'room: tea', 'you: alice#', "bootnode: registered at \Q$bootnode->{address}\E",
    'members: 2 besides us, 2 connected', 'last message: 2 of 2 have it';

# --- /ignore, /log, and a restart ------------------------------------------------------------------------------------

types('alice', '/log on');
my $log = sees('alice', { event => 'notice', text => qr/^tea is logged in / }, 'keeps a log')->{text} =~ s/^.* in //r;
types('alice', '/ignore robert');
sees('alice', { event => 'notice', text => qr/^robert#[0-9a-f]{4} is ignored from now on$/ }, 'ignores robert');
types('bob', 'am I heard?');
my $question = sees('bob', { event => 'sent', text => 'am I heard?' }, 'asks');
sees('bob', { event => 'delivered', id => $question->{id} }, 'is not told of it') for 1, 2;
types('carol', 'of course');
sees('alice', { event => 'message', nick => 'carol', text => 'of course' }, 'hears carol');
is(events($client{alice}, { event => 'message', text => 'am I heard?' }), 0, 'alice: but not robert');
types('alice', 'indeed');
sees('carol', { event => 'message', text => 'indeed' }, 'hears alice');

types('alice', '/quit');
is(wait_exit($client{alice}, 15), 0, '/quit ends alice');
is(sees('carol', { event => 'peer-left', nick => 'alice' }, 'sees it')->{reason}, 'bye', 'with a goodbye');
my $logged = read_file($log);
like($logged, qr/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d carol#[0-9a-f]{4}: of course$/m, 'the log has carol');
like($logged, qr/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d alice#[0-9a-f]{4}: indeed$/m, 'and alice');
unlike($logged, qr/am I heard/, 'and not who was ignored');
is(sprintf('%04o', (stat $log)[2] & 07777), '0600', 'it is for alice alone');

enter_room('alice', ui => 'plain', config => 'joins = on');
reads('alice', qr/^\* joined tea$/, 'is back, in plain');
reads('alice', qr/^\* \d{4}-\d\d-\d\d \d\d:\d\d:\d\d alice#[0-9a-f]{4}: indeed$/, 'reads what was said last');
reads('alice', qr/^\* $_#[0-9a-f]{4} is here \(direct, \d+ ms\)$/, "meets $_") for qw(carol robert);
sees($_, { event => 'peer-connected', room => 'tea', nick => 'alice' }, 'meets her') for qw(bob carol);
types('bob', 'still?');
types('carol', '/me nods');
reads('alice', qr/^\*\* carol nods$/, 'sees carol nod');
is((grep { $_->{text} =~ /still\?/ } @{ $client{alice}{lines} }), 0, 'alice: robert is still ignored');
types('alice', '/ignore robert');
reads('alice', qr/^\* robert#[0-9a-f]{4} is heard again$/, 'forgives');
types('bob', '/msg alice thanks');
reads('alice', qr/^\*private\* robert: thanks$/, 'is thanked');
like(read_file($log), qr/carol#[0-9a-f]{4} nods$/m, 'the log goes on');
types('alice', '/log off');
reads('alice', qr/^\* tea is not logged$/, 'keeps it no more');

# --- the rest, in plain ----------------------------------------------------------------------------------------------

types('alice', '/who');
reads('alice', qr/^\* carol#[0-9a-f]{4}: direct, \d+ ms, 127\.0\.0\.1:\d+$/, 'sees who is here');
types('alice', '/join coffee');
reads('alice', qr/^\[coffee\] \* joined coffee$/, 'is in two rooms');
types('carol', 'where are you?');
reads('alice', qr/^\[tea\] carol: where are you\?$/, 'is told which one is meant');
types('alice', '/set clock seconds');
reads('alice', qr/^\* clock = seconds /, 'changes a setting');
types('alice', '/help me');
reads('alice', qr{^\* /me TEXT: \S}, 'is helped');
types('alice', '/find tea');
reads('alice', qr{^! /find: expected a screen \(--ui curses\)$}, 'has no screen');
types('alice', '/jion');
reads('alice', qr{^! /jion: no such command, expected /join\?$}, 'is told what is near');
types('alice', '/quit');
is(wait_exit($client{alice}, 15), 0, '/quit ends her in both rooms');

types($_, '/quit') for qw(bob carol);
is(wait_exit($client{$_}, 15), 0, "/quit ends $_") for qw(bob carol);
is(stop_program($bootnode), 0, 'SIGTERM ends the bootnode cleanly');
finish();
