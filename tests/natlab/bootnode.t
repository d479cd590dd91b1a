#!/usr/bin/perl
# A bootnode among NATs: its address comes after its start; it is restarted while two talk through it; and the operator's
# own client, which it sees at 127.0.0.1, is reached directly.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Lab;
use GoChat::Test;
use Test::More;

GoChat::Lab::enter();

use constant RESTARTS => 3;
use constant { LATE => '203.0.113.77:9595', CONNECT_SECONDS => 15, DIRECT_SECONDS => 15, BACK_SECONDS => 3 };

my $lab = GoChat::Lab->up(qw(symmetric symmetric port-restricted));

sub enter_room {
    my ($name, $room, $bootnode, $host) = @_;
    return start_client(name => $name, room => $room, bootnode => $bootnode, in => $lab->host($host // $name));
}

sub hears {
    my ($listener, $speaker, $text, $seconds) = @_;
    send_line($speaker, $text);
    return wait_event($listener, { event => 'message', text => $text }, $seconds);
}

# --- an address that comes later ---------------------------------------------------------------------------------------

my $bootnode = start_bootnode(listen => LATE, in => $lab->host('boot'));
like(log_text($bootnode), qr/this machine has no address \Q${\LATE}\E now/, 'not there yet: the log says so');
my ($a, $b) = map { enter_room($_, 'inn', LATE) } qw(a b);
my (undef, $links) = run_program(name => 'links', command => [@{ $lab->host('boot') }, qw(ip -o -4 address show)]);
my ($link) = $links =~ /^\d+: (\S+) +inet 203\.0\.113\.10\//m or die "no link: $links\n";
run_program(name => 'late', command => [@{ $lab->host('boot') }, qw(ip address add 203.0.113.77/24 dev), $link]);
ok(wait_event($_, { event => 'registered' }, CONNECT_SECONDS), "$_->{name}: registered once it is") for $a, $b;

# --- a restart ---------------------------------------------------------------------------------------------------------

ok(wait_event($_, { event => 'peer-connected' }, CONNECT_SECONDS), "$_->{name}: connected") for $a, $b;
ok(hears($b, $a, 'before', CONNECT_SECONDS), 'two behind symmetric NATs talk through it');
my $took;
# Again where the machine was busy elsewhere: who comes back late does so each time.
for my $restart (1 .. RESTARTS) {
    is(stop_program($bootnode), 0, 'SIGTERM ends it');
    $bootnode = start_bootnode(again => $bootnode, in => $lab->host('boot'));
    my $started = now();
    ok(hears($b, $a, "after $restart", CONNECT_SECONDS), 'a to b, after the restart');
    ok(hears($a, $b, "as well $restart", CONNECT_SECONDS), 'b to a');
    $took = now() - $started;
    note(sprintf 'after %.1f s', $took);
    last if $took <= slow(BACK_SECONDS);
}
cmp_ok($took, '<=', slow(BACK_SECONDS), 'within ' . BACK_SECONDS . ' s');
is(scalar(grep { $_->{event} eq 'peer-left' } map { events($_) } $a, $b), 0, 'and nobody was said to have left');

# --- the operator's own client -----------------------------------------------------------------------------------------

my $node = start_bootnode(name => 'own', listen => '[::]:9600', in => $lab->host('boot'));
my $operator = enter_room('operator', 'own', '127.0.0.1:9600', 'boot');
my $friend = enter_room('c', 'own', '203.0.113.10:9600');
my $direct = wait_event($friend, { event => qr/^peer-(?:connected|path)$/, path => 'direct' }, DIRECT_SECONDS);
like(($direct // {})->{address}, qr/^203\.0\.113\.(10|11|77):/, 'the operator is reached directly, from 127.0.0.1');
ok(hears($operator, $friend, 'hello', CONNECT_SECONDS), 'and hears the friend');

$lab->down;
finish();
