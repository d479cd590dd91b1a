#!/usr/bin/perl
# What was said before is read as it was said, in each UI; a restart neither writes nor shows anything twice.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Terminal;
use GoChat::Test;
use Test::More;

# Nobody answers within a few milliseconds: what is said closer together than that, by two whose words come from
# different members, may change places.
use constant { ROUNDS => 4, TIMEOUT => 10, PACE => 0.3 };

my $bootnode = start_bootnode();

sub enter {
    my ($name, %more) = @_;
    return start_client(name => $name, bootnode => $bootnode, room => 'tea', %more);
}

# Each turn is heard by the others before the next one is said.
my @speakers = map { enter($_) } qw(ann ben cid);
for my $one (@speakers) {
    for my $other (grep { $_ != $one } @speakers) {
        wait_event($one, { event => 'peer-connected', nick => $other->{name} }, TIMEOUT);
    }
}
my @said;
for my $round (1 .. ROUNDS) {
    for my $one (@speakers) {
        push @said, "$one->{name} in round $round";
        send_line($one, $said[-1]);
        for my $other (grep { $_ != $one } @speakers) {
            wait_event($other, { event => 'message', text => $said[-1] }, TIMEOUT);
        }
        watch_until(now() + PACE);
    }
}

my $sentence = qr/\w+ in round \d+/;

sub texts { my ($text) = @_; return [$text =~ /($sentence)/g] }

# --- in each UI ------------------------------------------------------------------------------------------------------

my $json = enter('dan');
my @heard = map { wait_event($json, { event => 'message' }, TIMEOUT) } @said;
is_deeply([map { $_->{text} } @heard], \@said, 'json: in the order in which it was said');
is(scalar(grep { $_->{history} && !$_->{late} } @heard), scalar @said, 'all of it is history, none late');
is(scalar(grep { abs($_->{said_ms} - $_->{sent_ms}) > 1000 * slow(5) } @heard), 0, 'our time of it, all clocks being one');
my @times = map { $_->{said_ms} } @heard;
is_deeply(\@times, [sort { $a <=> $b } @times], 'which rises');

my $plain = enter('eve', ui => 'plain');
my @lines = map { wait_line($plain, $sentence, TIMEOUT)->{text} } @said;
is_deeply([map { @{ texts($_) } } @lines], \@said, 'plain: in the order in which it was said');
like($lines[0], qr/^\[\d\d:\d\d\] ann#[0-9a-f]{4}: ann in round 1$/, 'with its time');

my $screen = start_terminal(name => 'fay', bootnode => $bootnode, room => 'tea', rows => 40);
wait_screen($screen, qr/$said[-1]/, TIMEOUT);
is_deeply(texts(screen_text($screen)), \@said, 'curses: in the order in which it was said');
stop_program($_) for $json, $plain, $screen;

# --- after a restart -------------------------------------------------------------------------------------------------

# What goes out is in the transcript, too; said by ourselves, it comes back from others.
my $folder = temp_dir();
my $log = "$folder/transcripts/tea.log";
my $first = enter('gil', ui => 'plain', data_dir => "$folder");
wait_line($first, qr/$said[-1]/, TIMEOUT);
send_line($first, '/log on');
wait_line($first, qr/log/, TIMEOUT);
push @said, 'ann in round 5', 'gil in round 5';
send_line($speakers[0], $said[-2]);
wait_line($first, qr/$said[-2]/, TIMEOUT);
send_line($first, $said[-1]);
wait_event($_, { event => 'message', text => $said[-1] }, TIMEOUT) for @speakers;
close_input($first);
is(wait_exit($first, TIMEOUT), 0, 'gil leaves');
is_deeply(texts(read_file($log)), [@said[-2, -1]], 'the transcript has what was said since');

for my $ui (qw(plain curses plain json)) {
    my $again = $ui eq 'curses' ? start_terminal(name => 'gil', bootnode => $bootnode, room => 'tea', rows => 40,
        data_dir => "$folder") : enter('gil', ui => $ui, data_dir => "$folder");
    # What others pass on comes in the order of time: once this is there, all before it has been.
    my $mark = "ben in round $again->{pid}";
    if ($ui eq 'curses') {
        wait_screen($again, qr/$said[0]/, TIMEOUT);
        send_line($speakers[1], $mark);
        wait_screen($again, qr/$mark/, TIMEOUT);
        my %shown;
        $shown{$_}++ for @{ texts(screen_text($again)) };
        is(scalar(grep { ($shown{$_} // 0) != 1 } @said), 0, 'curses: each is on the screen once');
        press($again, 'Ctrl-C', 'Ctrl-C');
    } else {
        $ui eq 'json' ? wait_event($again, { event => 'message', text => $said[0] }, TIMEOUT)
            : wait_line($again, qr/$said[0]/, TIMEOUT);
        send_line($speakers[1], $mark);
        $ui eq 'json' ? wait_event($again, { event => 'message', text => $mark }, TIMEOUT)
            : wait_line($again, qr/$mark/, TIMEOUT);
    }
    stop_program($again);
    push @said, $mark;
    my %written;
    $written{$_}++ for @{ texts(read_file($log)) };
    is(scalar(grep { $_ != 1 } values %written), 0, "$ui: nothing is in the transcript twice");
    is(scalar keys %written, scalar @said, "$ui: all of it is there");
}
finish();
