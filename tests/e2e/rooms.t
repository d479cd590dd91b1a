#!/usr/bin/perl
# Three people in one room and two in another, at one bootnode: who hears whom, who sees whom come, go and vanish.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use List::Util qw(max min);
use Test::More;

use constant { ANNOUNCED => 0.1, TRIES => 5, QUIET => 0.5, EXPIRY => 15.0, EXPIRY_SLACK => 0.5,
    EXPIRY_LATE => 3 };

# Who falls silent is told at debug.
my $bootnode = start_bootnode(log_level => 'debug');
my %members = (tea => [qw(alice bob carol)], coffee => [qw(dave erin)]);
my %client;

sub join_room {
    my ($nick, $room) = @_;
    return $client{$nick} = start_client(name => $nick, bootnode => $bootnode, room => $room);
}

sub others { my ($nick, @all) = @_; return grep { $_ ne $nick } @all }

# A room is quiet when it has not changed for 100 ms; then changes go out at once.
sub quiet { watch_until(now() + QUIET) }

for my $room (sort keys %members) {
    join_room($_, $room) for @{ $members{$room} };
}
for my $room (sort keys %members) {
    for my $nick (@{ $members{$room} }) {
        is(wait_field($client{$nick}, { event => 'registered' }, 5, 'room'), $room, "$nick is in $room");
        ok(wait_event($client{$nick}, { event => 'peer-connected', nick => $_ }, 10), "$nick is connected to $_")
            for others($nick, @{ $members{$room} });
    }
}

for my $room (sort keys %members) {
    send_line($client{$_}, "$_ likes $room") for @{ $members{$room} };
}
for my $room (sort keys %members) {
    for my $nick (@{ $members{$room} }) {
        my @others = others($nick, @{ $members{$room} });
        ok(wait_event($client{$nick}, { event => 'message', room => $room, nick => $_, text => "$_ likes $room" }, 5),
            "$nick hears $_") for @others;
        ok(wait_event($client{$nick}, { event => 'delivered' }, 5), "$nick was heard") for @others;
    }
}

# --- joining and leaving, in a quiet room ----------------------------------------------------------------------------

# How late the last one is to see him come, and to see him go.
sub frank_comes_and_goes {
    my (@seen_coming, @seen_going);
    quiet();
    my $frank = join_room('frank', 'tea');
    my $registered = wait_event($frank, { event => 'registered' }, 5);
    for my $nick (qw(alice bob carol)) {
        my $new = sub { $_[0] > $frank->{started} };
        push @seen_coming, wait_field($client{$nick}, { event => 'peer-joined', room => 'tea', _at => $new }, 5, '_at');
        ok(wait_event($client{$nick}, { event => 'peer-connected', nick => 'frank' }, 5), "$nick is connected to frank");
        ok(wait_event($frank, { event => 'peer-connected', nick => $nick }, 5), "and frank to $nick");
    }
    quiet();
    my $leaving = now();
    send_signal($frank, 'TERM');
    for my $nick (qw(alice bob carol)) {
        my $left = wait_event($client{$nick}, { event => 'peer-left', nick => 'frank' }, 5);
        is($left->{reason}, 'bye', "$nick sees frank say goodbye");
        push @seen_going, $left->{_at};
    }
    return (max(@seen_coming) - $registered->{_at}, max(@seen_going) - $leaving);
}

# Any one of six programs may have to wait for a processor: the best of some tries tells what is due to us.
my ($coming, $going) = frank_comes_and_goes();
for (2 .. TRIES) {
    last if max($coming, $going) <= slow(ANNOUNCED);
    my ($came, $went) = frank_comes_and_goes();
    ($coming, $going) = (min($coming, $came), min($going, $went));
}
cmp_ok($coming, '<=', slow(ANNOUNCED), 'all see frank join within 100 ms');
cmp_ok($going, '<=', slow(ANNOUNCED), 'and leave');

# --- vanishing -------------------------------------------------------------------------------------------------------

# Three at once, each with a last beat of its own: each in time, but for what a busy machine adds to some of them.
my @vanishing = qw(carol gus hal);
for my $nick (qw(gus hal)) {
    join_room($nick, 'tea');
    ok(wait_event($client{$_}, { event => 'peer-connected', nick => $nick }, 10), "$_ is connected to $nick")
        for qw(alice bob);
}
my $killed = now();
send_signal($client{$_}, 'KILL') for @vanishing;
my (@due, @late);
for my $number (1 .. @vanishing) {
    my $expired = wait_log($bootnode, qr/expired .* silent [0-9.]+ s/, 25);
    my ($silent) = $expired->{text} =~ /silent ([0-9.]+) s/;
    cmp_ok($silent, '>=', EXPIRY, 'the bootnode waits 15 s');
    push @late, $silent - EXPIRY;
    push @due, max($expired->{_at}, $killed + EXPIRY);
}
cmp_ok(max(@late), '<=', slow(EXPIRY_LATE), 'and not much longer');
cmp_ok(min(@late), '<=', slow(EXPIRY_SLACK), 'nor much longer than it takes') or diag("@late");
for my $nick (qw(alice bob)) {
    my @left = map { wait_event($client{$nick}, { event => 'peer-left', nick => $_ }, 10) } @vanishing;
    is(scalar(grep { $_->{reason} ne 'timeout' } @left), 0, "$nick sees that they vanished");
    my @seen = sort { $a <=> $b } map { $_->{_at} } @left;
    cmp_ok($seen[0] - $killed, '>=', 10, "$nick did not see it early");
    my @after = map { $seen[$_] - $due[$_] } 0 .. $#due;
    cmp_ok(max(@after), '<=', slow(EXPIRY_LATE), "$nick sees it soon when it is sure");
    cmp_ok(min(@after), '<=', slow(EXPIRY_SLACK), 'and at once') or diag("@after");
}

send_line($client{alice}, 'just the two of us');
ok(wait_event($client{bob}, { event => 'message', text => 'just the two of us' }, 5), 'alice and bob chat on');

# --- what never happened ---------------------------------------------------------------------------------------------

my %room_of = (map({ $_ => 'tea' } qw(frank gus hal)), map { my $room = $_; map { $_ => $room } @{ $members{$room} } } keys %members);
for my $nick (sort keys %client) {
    my $own = $room_of{$nick};
    my @foreign = grep { ($_->{room} // $own) ne $own || ($room_of{ $_->{nick} // $nick } // '?') ne $own }
        events($client{$nick});
    is(@foreign, 0, "$nick saw nothing of the other room") or diag(explain(\@foreign));
    next if !grep { $_ eq $nick } @{ $members{$own} };
    my @likes = events($client{$nick}, { event => 'message', text => qr/likes/ });
    is(@likes, @{ $members{$own} } - 1, "$nick heard everybody once");
}
is(events($client{$_}, { event => 'peer-left' }), 0, "$_ saw nobody leave") for @{ $members{coffee} };

is(stop_program($bootnode), 0, 'SIGTERM ends the bootnode cleanly');
finish();
