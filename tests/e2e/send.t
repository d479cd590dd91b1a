#!/usr/bin/perl
# gochat --mode send: 0 when everybody who answers has it, 3 when somebody has not, 4 when nobody is there, 1 when no
# bootnode lets it in, 2 for wrong usage; nothing on standard output, one line on standard error unless it is 0.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use Test::More;

my $bootnode = start_bootnode();
my $rooms = 0;
my $data = temp_dir();

sub enter_room {
    my ($name, %more) = @_;
    return start_client(name => $name, bootnode => $bootnode, room => "room $rooms", %more);
}

sub sender {
    my (%option) = @_;
    return ($option{bootnode} // $bootnode->{address}, $option{data_dir} // $data);
}

# (status, standard error) of a sender to the current room. `input`: standard input; `words`: flags and text; `warned`:
# a line on standard error is expected, whatever the status.
sub send_it {
    my (%option) = @_;
    my ($address, $folder) = sender(%option);
    my ($status, $out, $err) = run_program(name => 'send', input => $option{input} // '', timeout => 20, command => [
        gochat(), '--mode', 'send', '--bootnode', $address, '--room', "room $rooms", '--data-dir', $folder,
        @{ $option{words} // [] } ]);
    is($out, '', 'nothing on standard output');
    my $lines = () = $err =~ /\n/g;
    my $expected = $status || $option{warned} ? 1 : 0;
    is($lines, $expected, $expected ? 'one line on standard error' : 'nothing on standard error') or diag $err;
    return ($status, $err);
}

{
    $rooms++;
    my @present = map { enter_room($_) } qw(alice bob);
    ok(wait_event($_, { event => 'peer-connected' }, 10), "$_->{name} is there") for @present;
    my ($status) = send_it(words => ['the', 'build  is', 'green']);
    is($status, 0, 'both have it: 0');
    for my $client (@present) {
        my $event = wait_event($client, { event => 'message' }, 10);
        is($event->{text}, 'the build  is green', "$client->{name} has the words, with blanks between");
        like($event->{nick}, qr/-send-[0-9a-f]{4}$/, 'from somebody who is called a sender');
        is(wait_field($client, { event => 'peer-left', nick => $event->{nick} }, 5, 'reason'), 'bye', 'who said bye');
    }

    ($status) = send_it(input => "one\n\n/quit\nthree", words => ['--nick', 'ci']);
    is($status, 0, 'standard input: 0');
    for my $client (@present) {
        wait_event($client, { event => 'message', nick => 'ci', text => 'three' }, 10);
        my @texts = map { $_->{text} } events($client, { event => 'message', nick => 'ci' });
        is_deeply(\@texts, ['one', '/quit', 'three'], "$client->{name} has each line, and none is a command");
    }

    ($status) = send_it(words => ['--nick', 'ci', '--', '--again', 'x']);
    is($status, 0, 'the same nick again, now known by its key: 0');
    is(wait_field($_, { event => 'message', text => qr/^--again/ }, 10, 'text'), '--again x', 'what is after --')
        for @present;

    ($status) = send_it(input => "\xef\xbb\xbfdos one\r\n\r\ndos\rtwo\r\ndos three\r", words => ['--nick', 'ci']);
    is($status, 0, 'lines of another system: 0');
    ($status) = send_it(words => ['--nick', 'ci', "dos a\r\nb\r"]);
    is($status, 0, 'such words: 0');
    for my $client (@present) {
        wait_event($client, { event => 'message', text => qr/^dos a/ }, 10);
        my @texts = map { $_->{text} } events($client, { event => 'message', text => qr/^dos/ });
        is_deeply(\@texts, ['dos one', "dos\rtwo", 'dos three', "dos a\nb"], 'arrive without what ends them there');
    }

    ($status, my $err) = send_it(words => ['--nick', 'ci', "men\xc3\xbc:", "caf\xe9", "\xff"], warned => 1);
    is($status, 0, 'words that are no UTF-8 are sent: 0');
    like($err, qr/^gochat: 'caf\xef\xbf\xbd' is not UTF-8: what is wrong is sent as U\+FFFD$/, 'and it is said of which');
    ($status, $err) = send_it(input => "latin:\n\ncaf\xe9\ncaf\xe9s\n", words => ['--nick', 'ci'], warned => 1);
    is($status, 0, 'so are such lines: 0');
    like($err, qr/^gochat: standard input, line 3: not UTF-8: what is wrong is sent as U\+FFFD$/, 'and it is said where');
    for my $client (@present) {
        wait_event($client, { event => 'message', text => qr/s$/ }, 10);
        my @texts = map { $_->{text} } events($client, { event => 'message', text => qr/^men|caf/ });
        is_deeply(\@texts, ["men\x{fc}: caf\x{fffd} \x{fffd}", "caf\x{fffd}", "caf\x{fffd}s"], 'what is wrong is visible');
    }

    my ($address, $folder) = sender();
    my @many = map {
        start_program(name => "many$_", command => [gochat(), '--mode', 'send', '--bootnode', $address, '--room',
            "room $rooms", '--data-dir', $folder, '--nick', 'ci', "many $_"])
    } 1 .. 3;
    is(wait_exit($_, 20), 0, 'three at once, one after the other') for @many;
    ok(wait_event($present[0], { event => 'message', nick => 'ci', text => "many $_" }, 10), "$_ arrived") for 1 .. 3;
}

{
    $rooms++;
    my $bob = enter_room('bob');
    wait_event($bob, { event => 'registered' }, 5);
    my $mine = enter_room('mine', data_dir => "$data");
    ok(wait_event($mine, { event => 'peer-connected', nick => 'bob' }, 10), 'a client of the same user runs');
    my ($status) = send_it(words => ['psst']);
    is($status, 0, 'a sender beside it: 0');
    ok(wait_event($_, { event => 'message', text => 'psst' }, 10), "$_->{name} has it") for $bob, $mine;
    is(events($bob, { event => 'peer-left', nick => 'mine' }), 0, 'the client did not leave for it');
    is(events($mine, { event => 'registered' }), 1, 'nor register again');
}

# One file for both: its port is taken, and its nick belongs to the client's key.
{
    $rooms++;
    my $port = free_port();
    my $file = write_file("$data/shared.ini", "[client]\nport = $port\nnick = anna\n");
    my $bob = enter_room('bob');
    wait_event($bob, { event => 'registered' }, 5);
    my $anna = enter_room('anna', data_dir => "$data", port => $port);
    ok(wait_event($bob, { event => 'peer-connected', nick => 'anna' }, 10), 'a client with that port and nick runs');
    my ($status, $err) = send_it(words => ['--config', $file, '--timeout', '8', 'psst']);
    is($status, 0, 'a sender with the same settings: 0') or diag $err;
    my $event = wait_event($bob, { event => 'message', text => 'psst' }, 10);
    like($event->{nick}, qr/^anna-send-[0-9a-f]{4}$/, 'under a nick of its own');
    is(events($bob, { event => 'error' }), 0, 'which nobody takes for a stolen one');
}

{
    $rooms++;
    my $bob = enter_room('bob');
    wait_event($bob, { event => 'registered' }, 5);
    my $carl = enter_room('carl');
    ok(wait_event($bob, { event => 'peer-connected', nick => 'carl' }, 10), 'bob and carl are there');
    my ($address, $folder) = sender();
    my $sender = start_program(name => 'stream', command => [gochat(), '--mode', 'send', '--bootnode', $address,
        '--room', "room $rooms", '--data-dir', $folder, '--timeout', '3']);
    send_line($sender, 'first');
    ok(wait_event($_, { event => 'message', text => 'first' }, 10), "$_->{name} is reached") for $bob, $carl;
    freeze_program($bob);
    my $began = clock_now();
    send_line($sender, 'are you there?');
    close_input($sender);
    is(wait_exit($sender, 20), 3, 'bob does not answer any more: 3');
    like(log_text($sender), qr/^gochat: bob#\w+ did not get everything$/m, "and the line says so, but not of carl");
    cmp_ok(clock_now() - $began, '>=', 3, 'it tried as long as it should');
    thaw_program($bob);
}

# Bob is in the bootnode's list, and never answers: as anybody can have members listed who are not there.
{
    $rooms++;
    my $bob = enter_room('bob');
    wait_event($bob, { event => 'registered' }, 5);
    my $carl = enter_room('carl');
    ok(wait_event($bob, { event => 'peer-connected', nick => 'carl' }, 10), 'bob and carl are there');
    freeze_program($bob);
    my $began = clock_now();
    my ($status, $err) = send_it(words => ['--timeout', '3', 'are you there?'], warned => 1);
    is($status, 0, 'one has it, and one never answered: 0');
    like($err, qr/^gochat: \?[0-9a-f]{8} never answered, so did not get it$/, 'and the line says who');
    ok(wait_event($carl, { event => 'message', text => 'are you there?' }, 10), 'carl has it');
    cmp_ok(clock_now() - $began, '>=', 3, 'it tried as long as it should');
    thaw_program($bob);
}

{
    $rooms++;
    my $bob = enter_room('bob');
    wait_event($bob, { event => 'registered' }, 5);
    my $carl = enter_room('carl');
    ok(wait_event($carl, { event => 'peer-connected', nick => 'bob' }, 10), 'bob is in the list');
    close_input($carl);
    wait_exit($carl, 15);
    freeze_program($bob);
    my ($status, $err) = send_it(words => ['--timeout', '3', 'is anybody there?']);
    is($status, 4, 'nobody is there who answers: 4');
    like($err, qr/^gochat: nobody who answers is in room $rooms: \?[0-9a-f]{8} never did$/, 'and the line says who did not');
    thaw_program($bob);
}

{
    $rooms++;
    my ($status, $err) = send_it(words => ['hello?']);
    is($status, 4, 'nobody is there: 4');
    like($err, qr/nobody.*room $rooms/, 'in that room');

    ($status, $err) = send_it(input => '');
    is($status, 2, 'nothing to send: 2');
    like($err, qr/standard input/, 'and where it is missing');

    my ($address, $folder) = sender();
    ($status, undef, $err) = run_program(timeout => 20, command => ['sh', '-c', 'exec "$@" </', 'sh', gochat(),
        '--mode', 'send', '--bootnode', $address, '--room', "room $rooms", '--data-dir', $folder]);
    is($status, 2, 'a folder as standard input: 2');
    is($err, "gochat: standard input: Is a directory\n", 'and that is said');

    my $nowhere = '127.0.0.1:' . free_port();
    ($status, $err) = send_it(bootnode => $nowhere, words => ['--timeout', '2', 'x']);
    is($status, 1, 'no bootnode: 1');
    like($err, qr/no bootnode.*2 s/, 'within the time given');

    my $pinned = write_file("$data/pin.ini", "[client]\nbootnode_key = " . '01' x 32 . "\n");
    ($status, $err) = send_it(words => ['--config', $pinned, 'x']);
    is($status, 1, 'a wrong key: 1');
    like($err, qr/\Q$bootnode->{address}\E/, 'of that bootnode');

    for my $wrong (['--ui', 'json', 'x'], ['--timeout', 'soon', 'x'], [''], ['--loud', 'x']) {
        ($status, $err) = send_it(words => $wrong);
        is($status, 2, "'@$wrong': wrong usage: 2");
    }
    my ($status_client, undef, $why) = run_program(command => [gochat(), '--mode', 'client', '--timeout', '3']);
    is($status_client, 2, 'a client that chats has no --timeout');
    like($why, qr/--timeout/, 'and says so');
}

{
    $rooms++;
    my $bob = enter_room('bob');
    wait_event($bob, { event => 'registered' }, 5);
    my ($address, $folder) = sender();
    my $sender = start_program(name => 'stream', command => [gochat(), '--mode', 'send', '--bootnode', $address,
        '--room', "room $rooms", '--data-dir', $folder]);
    ok(no_event($bob, { event => 'peer-joined' }, 1), 'who has nothing to say yet does not come');
    send_line($sender, 'first');
    ok(wait_event($bob, { event => 'message', text => 'first' }, 10), 'a line is sent as it comes');
    send_signal($sender, 'TERM');
    is(wait_exit($sender, 5), 3, 'a signal before the end of input: not everything was sent');
}

finish();
