#!/usr/bin/perl
# The floods of gochat-load are what they claim to be: beside living sessions each is sent at a rate that the bootnode
# takes whole, and the bootnode counts every packet of it as what it is, and none as anything else.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Basename qw(dirname);
use GoChat::Test;
use HTTP::Tiny;
use Test::More;

use constant { SESSIONS => 64, RATE => 400, SECONDS => 1, SOCKETS => 16, STOCK => 64 };
use constant SENT => RATE * SECONDS;

my $bootnode = start_bootnode(config => "workers = 1\nlimit_loopback = no\nmetrics = 127.0.0.1:0");
my $page = wait_log($bootnode, qr{metrics on http://\S+}, 5)->{text} =~ m{http://(\S+)/} ? $1 : die 'no address';
my $program = start_program(name => 'load', json => 1, command => [dirname(gochat()) . '/gochat-load', '--bootnode',
    $bootnode->{address}, '--metrics', $page, '--sessions', SESSIONS, '--room-size', 8, '--json', '-', '--rate', RATE,
    '--duration', SECONDS, '--stock', STOCK, '--rows', '-']);

sub metrics {
    my $text = HTTP::Tiny->new(timeout => slow(5))->get("http://$page/metrics")->{content};
    my %sum;
    $sum{$1} += $2 while $text =~ /^gochat_(\w+)_total(?:\{(?:reason|kind)="\w+"\})? (\d+)/mg;
    return \%sum;
}

# Sends a row; what came of it, and by how much the bootnode's counters grew.
sub flood {
    my ($name, $flags) = @_;
    my $before = metrics();
    send_line($program, "--name $name $flags");
    my $row = wait_event($program, { name => $name }, 30) // die "no row $name\n";
    my $after = metrics();
    cmp_ok($row->{sent}, '>', 0, "$name: some, as many as a busy machine lets it");
    cmp_ok($row->{sent}, '<=', SENT, "$name: and no more");
    is_deeply($row->{disagreements}, [], "$name: nothing disagrees");
    return ($row, { map { $_ => $after->{$_} - $before->{$_} } keys %$after });
}

# What the bootnode dropped, by reason. Living sessions give it none.
my @REASONS = qw(unknown_type malformed oversize foreign cookie_bad handshake_bad heartbeat_forged sealed_forged
    relay_forged relay_limited relay_no_target relay_elsewhere rate_limited refused);

sub dropped_as {
    my ($grown, $name, %expected) = @_;
    is(scalar(grep { defined $grown->{$_} } @REASONS), scalar @REASONS, "$name: each reason is told");
    is_deeply({ map { $_ => $grown->{$_} } grep { $grown->{$_} } @REASONS }, \%expected, "$name: dropped as what it is");
    return;
}

my ($row, $grown) = flood('idle-beats', '--answers every');
is($row->{answered}, $row->{sent}, 'beats are answered');

($row, $grown) = flood('hello', '--hello');
is($row->{answered}, $row->{sent}, 'each HELLO brings its COOKIE');
is($grown->{hello}, $row->{sent}, 'hello: counted as answered HELLOs');
dropped_as($grown, 'hello');

($row, $grown) = flood('register', '--register');
is($row->{expected}, 0, 'register: no answer is expected');
is($grown->{register}, $row->{sent}, 'register: each has a valid cookie');
is($grown->{hello}, SOCKETS, 'register: which each socket asked for once');
is($grown->{sessions_registered}, STOCK, 'register: each of the stock made a provisional session');
is($grown->{sessions_confirmed}, 0, 'register: which nobody confirms');
dropped_as($grown, 'register');

($row, $grown) = flood('register-forged', '--register --forged');
is($grown->{register}, $row->{sent}, 'register-forged: each has a valid cookie');
dropped_as($grown, 'register-forged', handshake_bad => $row->{sent});

($row, $grown) = flood('relay', '--relay');
is($row->{answered}, $row->{sent}, 'each RELAY arrives at the other member');
is($grown->{relayed}, $row->{sent}, 'relay: counted as passed on');
dropped_as($grown, 'relay');

($row, $grown) = flood('relay-forged', '--relay --forged');
is($row->{expected}, 0, 'relay-forged: nothing is expected');
dropped_as($grown, 'relay-forged', relay_forged => $row->{sent});

($row, $grown) = flood('junk', '--junk bytes');
dropped_as($grown, 'junk', unknown_type => $row->{sent});

($row, $grown) = flood('beats-aimed', '--junk aimed');
is($grown->{reset}, $row->{sent}, 'beats-aimed: each met no session at the right worker');
is($grown->{strayed}, 0, 'beats-aimed: and at no other');
dropped_as($grown, 'beats-aimed');

($row, $grown) = flood('beats-random', '--junk beats');
cmp_ok($grown->{foreign}, '>', 0.9 * $row->{sent}, 'beats-random: most are of another bootnode');
cmp_ok($grown->{strayed}, '>', 0.9 * $row->{sent}, 'beats-random: and of another worker');
is($grown->{foreign} + $grown->{reset}, $row->{sent}, 'beats-random: none met a session');

close_input($program);
is(wait_exit($program, 10), 0, 'the living never noticed');
is(metrics()->{sessions_expired}, 0, 'and nobody expired');
finish();
