#!/usr/bin/perl
# How a client ends: 0 when everybody present got everything, 3 when somebody did not, 4 when nobody was there; a signal
# is a farewell. And what --ui plain prints.
use strict;
use warnings;
use Fcntl qw(O_RDWR);
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use POSIX qw(mkfifo);
use Test::More;

my $bootnode = start_bootnode();
my $rooms = 0;

# A client in the current room. A new room for each story.
sub new_room { $rooms++ }

sub enter_room {
    my ($name, %more) = @_;
    return start_client(name => $name, bootnode => $bootnode, room => "room $rooms", %more);
}

{
    new_room();
    my $bob = enter_room('bob');
    wait_event($bob, { event => 'registered' }, 5);
    my $alice = enter_room('alice');
    send_line($alice, "line $_") for 1 .. 20;
    close_input($alice);
    is(wait_exit($alice, 15), 0, 'input came before anybody was known, and all of it reached bob: 0');
    ok(wait_event($bob, { event => 'message', text => 'line 20' }, 5), 'bob has the last line');
    my @heard = map { $_->{text} } events($bob, { event => 'message' });
    is_deeply(\@heard, [map {"line $_"} 1 .. 20], 'and every other one, in order');
    is(wait_field($bob, { event => 'peer-left', nick => 'alice' }, 5, 'reason'), 'bye', 'alice said goodbye');
    is(events($alice, { event => 'delivered' }), 20, 'alice knows that bob has them');
}

{
    new_room();
    my $bob = enter_room('bob');
    my $alice = enter_room('alice');
    ok(wait_event($alice, { event => 'peer-connected', nick => 'bob' }, 10), 'alice is connected to bob');
    freeze_program($bob);
    my $start = clock_now();
    send_line($alice, 'are you there?');
    close_input($alice);
    is(wait_exit($alice, 14), 3, 'bob is present and does not answer: 3');
    cmp_ok(clock_now() - $start, '>=', 9, 'alice tried for 10 s');
    thaw_program($bob);
}

{
    new_room();
    my $alice = enter_room('alice');
    send_line($alice, 'hello?');
    close_input($alice);
    is(wait_exit($alice, 14), 4, 'nobody is there: 4');
}

{
    new_room();
    my $bob = enter_room('bob', ui => 'plain');
    my $alice = enter_room('alice', ui => 'json');
    ok(wait_event($alice, { event => 'peer-connected', nick => 'bob' }, 10), 'alice is connected to a plain bob');
    send_line($alice, 'good morning: a "line" like any other');
    ok(wait_line($bob, qr/^alice: good morning: a "line" like any other$/, 5), 'bob reads nick: text');
    send_line($bob, 'morning!');
    ok(wait_event($alice, { event => 'message', nick => 'bob', text => 'morning!' }, 5), 'and answers');
    close_input($bob);
    is(wait_exit($bob, 15), 0, 'the end of input ends bob');
}

# One of the two is connected first, and has nobody to say goodbye to as long as the other is not.
sub both_are_connected {
    my ($bob, $alice) = @_;
    ok(wait_event($bob, { event => 'peer-connected', nick => 'alice' }, 10), 'bob is connected to alice');
    ok(wait_event($alice, { event => 'peer-connected', nick => 'bob' }, 10), 'and alice to bob');
}

for my $signal ('TERM', 'INT') {
    new_room();
    my $bob = enter_room('bob');
    my $alice = enter_room('alice');
    both_are_connected($bob, $alice);
    send_signal($alice, $signal);
    my $reason = wait_field($bob, { event => 'peer-left', nick => 'alice' }, 5, 'reason');
    is($reason, 'bye', "SIG$signal: alice says goodbye");
    cmp_ok(wait_exit($alice, 5), '<', 128, "SIG$signal: alice ends by herself");
}

# Sends it, and returns once it was read: a second one would else be the same.
sub signal_is_taken {
    my ($program, $signal) = @_;
    my $deadline = now() + slow(5);
    send_signal($program, $signal);
    while (now() < $deadline && open my $status, '<', "/proc/$program->{pid}/status") {
        return if grep {/^ShdPnd:\s*0+$/} <$status>;
        watch_until(now() + 0.001);
    }
    return;
}

# How a closed terminal, or a service manager, ends a program: nobody is in a hurry. Bob, who does not answer, makes
# alice's goodbye last.
for my $first ('HUP', 'TERM') {
    new_room();
    my $bob = enter_room('bob');
    my $alice = enter_room('alice');
    both_are_connected($bob, $alice);
    freeze_program($bob);
    signal_is_taken($alice, $_) for $first, 'HUP', 'HUP';
    cmp_ok(wait_exit($alice, 8), '<', 128, "SIG$first and SIGHUPs after it: alice ends by herself");
    thaw_program($bob);
}

{
    new_room();
    my $alice = enter_room('alice', in => ['sh', '-c', 'exec "$@" <&- 2>&-', 'sh']);
    is(wait_exit($alice, 14), 4, 'closed standard input is at its end: nothing else is read in its place');
}

{
    new_room();
    my $folder = temp_dir();
    mkfifo("$folder/pipe", 0600) or die "mkfifo: $!";
    sysopen my $unread, "$folder/pipe", O_RDWR or die "$folder/pipe: $!";
    my $bob = enter_room('bob');
    my $alice = enter_room('alice', in => ['sh', '-c', "exec \"\$\@\" >$folder/pipe", 'sh']);
    ok(wait_event($bob, { event => 'peer-connected', nick => 'alice' }, 10), 'bob is connected to alice');
    send_line($alice, 'x' x 60_000) for 1 .. 3;
    ok(wait_event($bob, { event => 'message', nick => 'alice' }, 5), 'alice, whose output nobody reads, is heard');
    send_signal($alice, 'TERM');
    is(wait_field($bob, { event => 'peer-left', nick => 'alice' }, 5, 'reason'), 'bye', 'says goodbye');
    is(wait_exit($alice, 8), 143, 'and ends');
}

{
    new_room();
    my $alice = enter_room('alice', in => ['nohup']);
    ok(wait_event($alice, { event => 'registered' }, 5), 'alice runs under nohup');
    send_signal($alice, 'HUP');
    ok(no_event($alice, sub { 0 }, 1) && !defined $alice->{status}, 'SIGHUP does not end her');
    close_input($alice);
    is(wait_exit($alice, 14), 4, 'the end of input does');
}

# Where no bootnode answers nobody is left who could end it.
for my $ui ('plain', 'json') {
    my $nobody = { address => '127.0.0.1:' . free_port() };
    for my $lines ([], ['hello?', 'is anybody there?']) {
        new_room();
        my $alice = enter_room('alice', ui => $ui, bootnode => $nobody, config => 'timeout = 1s');
        send_line($alice, $_) for @$lines;
        close_input($alice);
        is(wait_exit($alice, 8), 4, "$ui: the end of input ends it without a bootnode");
        my $told = qr/input has ended, and no bootnode let us in within 1 s@{[@$lines ? ': what it had is not said' : '']}$/;
        my @said = $ui eq 'json' ? map { $_->{text} } events($alice, { event => 'error' }) : map { $_->{text} } @{ $alice->{lines} };
        is(scalar(grep { $_ =~ $told } @said), 1, 'and it says what came of that') or diag explain \@said;
    }
}

# Who starts before there is a bootnode, and is not done yet, is not hurried; and what was given is said once there is one.
{
    new_room();
    my $late = start_bootnode(name => 'late');
    is(stop_program($late), 0, 'a bootnode is away');
    my $alice = enter_room('alice', bootnode => $late, config => 'timeout = 1s');
    send_line($alice, 'good morning');
    ok(wait_event($alice, { event => 'bootnode-lost' }, 15) && !defined $alice->{status}, 'input that is open waits for it');
    start_bootnode(name => 'late', again => $late);
    ok(wait_event($alice, { event => 'sent', text => 'good morning' }, 15), 'and is said when it comes');
    close_input($alice);
    is(wait_exit($alice, 14), 4, 'to nobody');
}

send_signal($bootnode, 'INT');
is(wait_exit($bootnode, 5), 0, 'SIGINT ends the bootnode cleanly');
finish();
