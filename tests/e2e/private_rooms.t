#!/usr/bin/perl
# A private room as its people have it: made, joined by its invite, one of them removed, and come back to; invites for one
# person.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use Test::More;

my $bootnode = start_bootnode();
my %folder;

sub enter {
    my ($name, @how) = @_;
    $folder{$name} //= temp_dir();
    return start_program(name => $name, json => 1,
        command => [gochat(), @how, '--config', '/dev/null', '--nick', $name, '--ui', 'json', '--data-dir', $folder{$name}]);
}

sub see_each_other {
    my (%people) = @_;
    for my $name (sort keys %people) {
        for my $other (grep { $_ ne $name } sort keys %people) {
            ok(wait_event($people{$name}, { event => 'peer-connected', nick => $other }, 10), "$name sees $other");
        }
    }
    return;
}

my $anna = enter('anna', '--bootnode', $bootnode->{address}, '--new-room', 'tea house');
my $invite = wait_event($anna, { event => 'invite' }, 10)->{invite};
like($invite, qr{^gochat://[^/]+/tea%20house#\w}, 'a new room shows its invite');
my $bert = enter('bert', $invite);
my $eve = enter('eve', $invite);
see_each_other(anna => $anna, bert => $bert, eve => $eve);

send_line($bert, '/kick eve');
ok(wait_event($bert, { event => 'error', text => qr/owner and ops/ }, 5), 'a member removes nobody');
send_line($anna, '/topic tea at five');
ok(wait_event($_, { event => 'decided', decision => 'topic', text => 'tea at five' }, 5), 'the owner says the topic')
    for $bert, $eve;

# Who decides is shown.
is(scalar(events($bert, { event => 'peer-connected', nick => 'anna', standing => 'owner' })), 1, 'the owner is shown as such');
send_line($anna, '/op bert');
ok(wait_event($eve, { event => 'decided', decision => 'op', nick => 'bert' }, 5), 'all hear who is an op');
send_line($eve, '/who');
ok(wait_event($eve, { event => 'member', nick => $_->[0], standing => $_->[1] }, 5), "and see it: $_->[1]")
    for ['anna', 'owner'], ['bert', 'op'];
send_line($anna, '/deop bert');
ok(wait_event($_, { event => 'decided', decision => 'member', fingerprint => qr/./ }, 5), 'and who is none any more')
    for $bert, $eve;
send_line($eve, '/who');
is(wait_event($eve, { event => 'member', nick => 'bert' }, 5)->{standing}, undef, 'which is shown, too');
send_line($eve, '/info');
ok(wait_event($eve, { event => 'notice', text => 'topic: tea at five' }, 5), '/info has the topic');

send_line($anna, '/kick eve');
ok(wait_event($eve, { event => 'refused', reason => 'removed' }, 5), 'who is removed is told');
ok(wait_event($bert, { event => 'peer-left', nick => 'eve' }, 5), 'and is gone for the others');
send_line($anna, 'we are alone');
ok(wait_event($bert, { event => 'message', text => 'we are alone' }, 5), 'who go on talking');
is(scalar(events($eve, { event => 'message' })), 0, 'and are not heard any more');

close_input($eve);
wait_exit($eve, 20);
$eve = enter('eve', $invite);
ok(wait_event($eve, { event => 'refused', reason => 'removed' }, 30), 'nor by the invite of before');
is(scalar(events($eve, { event => 'peer-connected' })), 0, 'to whoever comes by it');

close_input($bert);
wait_exit($bert, 20);
$bert = enter('bert', $invite);
ok(wait_event($bert, { event => 'peer-connected', nick => 'anna' }, 10), 'a member comes back by it');
ok(wait_event($bert, { event => 'decided', decision => 'topic', text => 'tea at five' }, 5), 'hears the topic');
send_line($anna, 'welcome back');
ok(wait_event($bert, { event => 'message', text => 'welcome back' }, 5), 'and hears what is said');

send_line($anna, '/invite once');
my $once = wait_event($anna, { event => 'invite', invite => qr/^(?!\Q$invite\E$)/ }, 5)->{invite};
my $carl = enter('carl', $once);
ok(wait_event($carl, { event => 'peer-connected', nick => 'bert' }, 10), 'an invite for one lets one in');
my $dora = enter('dora', $once);
ok(wait_event($dora, { event => 'refused', reason => 'used' }, 30), 'and nobody else');

# Its name is enough for whoever was there, with the bootnode of then.
for my $name ('anna', 'carl') {
    my $left = { anna => $anna, carl => $carl }->{$name};
    close_input($left);
    wait_exit($left, 20);
    my $back = enter($name, 'tea house');
    ok(wait_event($back, { event => 'peer-connected', nick => 'bert' }, 10), "$name comes back by the room's name");
    send_line($back, "hello from $name");
    ok(wait_event($bert, { event => 'message', text => "hello from $name" }, 5), 'and is heard');
}
send_line($bert, '/part tea house');
ok(wait_event($bert, { event => 'parted', room => 'tea house' }, 15), 'who parts');
send_line($bert, '/join "tea house"');
ok(wait_event($bert, { event => 'peer-connected', room => 'tea house', nick => 'carl' }, 15),
    'and joins by the name is in the private room, not in an open one');
my ($refused, undef, $kept) = run_program(name => 'nowhere', command => [gochat(), 'tee house', '--config', '/dev/null',
    '--data-dir', $folder{carl}]);
is($refused, 2, 'a room that is not kept is refused');
like($kept, qr/^gochat: argument 'tee house': expected an invite, or the name of a private room that is kept \(tea house\)/,
    'and told from those that are');

# A second room: joined from a running client, and written to by a script.
my $emil = enter('emil', '--bootnode', $bootnode->{address}, '--new-room', 'kitchen');
$invite = wait_event($emil, { event => 'invite' }, 10)->{invite};
send_line($bert, "/join $invite");
ok(wait_event($bert, { event => 'peer-connected', nick => 'emil', room => 'kitchen' }, 10), '/join takes an invite');
my ($status, undef, $err) = run_program(name => 'send', timeout => 20, command => [gochat(), '--mode', 'send', '--config',
    '/dev/null', '--nick', 'cook', '--data-dir', temp_dir(), $invite, 'dinner']);
is($status, 0, "--mode send takes one: $err");
ok(wait_event($emil, { event => 'message', text => 'dinner' }, 5), 'and is heard');
ok(wait_event($bert, { event => 'message', text => 'dinner' }, 5), 'by all');
send_line($emil, '/invite once');
$once = wait_event($emil, { event => 'invite', invite => qr/^(?!\Q$invite\E$)/ }, 5)->{invite};
for my $run (['first', 0, qr/^$/], ['second', 1, qr/^gochat: this invite was for one person, who has come: ask for another one$/]) {
    my ($name, $expected, $says) = @$run;
    ($status, undef, $err) = run_program(name => $name, timeout => 20, command => [gochat(), '--mode', 'send', '--config',
        '/dev/null', '--nick', $name, '--data-dir', temp_dir(), '--timeout', '15', $once, 'psst']);
    is($status, $expected, "the $name sender by an invite for one: $expected");
    like($err, $says, 'and its word');
}

# A room whose first invite is for one, and for an hour.
my $olga = enter('olga', '--bootnode', $bootnode->{address}, '--new-room', 'den', '--once', '--for', '1h');
my $first = wait_event($olga, { event => 'invite' }, 10)->{invite};
ok(wait_event(enter('paul', $first), { event => 'peer-connected', nick => 'olga' }, 10), '--once lets one in');
ok(wait_event(enter('quinn', $first), { event => 'refused', reason => 'used' }, 30), 'and nobody else');

# What could not be written is written later, at the end at the latest: as where the disk was full for a while.
my $rooms = "$folder{olga}/rooms";
rename $rooms, "$rooms.away" or die "rename: $!";
write_file($rooms, '');
send_line($olga, '/topic den talk');
ok(wait_event($olga, { event => 'error', text => qr/cannot be written/ }, 10), 'a decision that cannot be written is told');
unlink $rooms and rename "$rooms.away", $rooms or die "rename: $!";
close_input($olga);
is(wait_exit($olga, 20), 0, 'who decided it ends');
$olga = enter('olga', 'den');
ok(wait_event($olga, { event => 'joined' }, 10), 'and comes back');
send_line($olga, '/info');
ok(wait_event($olga, { event => 'notice', text => 'topic: den talk' }, 5), 'and has it');

for (['--for', '1h'], ['--new-room', 'x', '--for', '0s'], ['--new-room', 'x', '--for', 'soon'], ['--new-room', 'x', '--room', 'y']) {
    my ($status, undef, $said) = run_program(name => 'wrong', command => [gochat(), '--bootnode', 'b', @$_, '--config', '/dev/null']);
    is($status, 2, "@$_ is refused");
    like($said, qr/^gochat: --(for|room)/, 'and named');
}

finish();
