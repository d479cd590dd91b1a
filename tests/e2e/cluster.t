#!/usr/bin/perl
# Three bootnodes of a cluster and a NATS server: they find each other, and one that dies, stops, restarts, lies or takes
# another's id is known for it; without NATS, too.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::NatsServer;
use GoChat::Test;
use IO::Socket::IP;
use List::Util qw(min);
use Test::More;

plan skip_all => nats_missing() if nats_missing();

# A death is found after 5 s of silence, of which one may have passed before it, and a turn; later where a busy machine
# has the node or us wait, but not each time.
use constant { FOUND_FROM => 3.5, FOUND_TO => 7, FOUND_LATE => 15, SOON => 3, JOINED => 15 };

my $nats = start_nats();
my $seed = join('', map { sprintf '%02x', ($_ * 37 + 11) % 256 } 1 .. 32) . "\n";

sub start_node {
    my ($id, %option) = @_;
    my $folder = $option{folder} // temp_dir();
    if (!-e "$folder/bootnode.key") {
        write_file("$folder/bootnode.key", $seed);
        chmod 0600, "$folder/bootnode.key";
    }
    my $address = $option{address} // '127.0.0.1:' . free_port();
    my $metrics = free_port();
    my $settings = $option{settings} // nats_settings($nats, $id);
    my $node = start_bootnode(name => $option{name} // "node-$id", again => { folder => $folder, address => $address },
        config => join "\n", "node_id = $id", 'workers = 1', "metrics = 127.0.0.1:$metrics", 'sandbox = tell', '[cluster]',
        "addresses = $address", "state_file = $folder/view", $settings);
    @$node{qw(id metrics)} = ($id, $metrics);
    return $node;
}

sub again { my ($node) = @_; return start_node($node->{id}, folder => $node->{folder}, address => $node->{address}) }

# name and labels => value
sub metrics {
    my ($node) = @_;
    my $socket = IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => $node->{metrics}, Timeout => 5) or die "$@";
    print $socket "GET /metrics HTTP/1.0\r\n\r\n";
    local $/ = undef;
    return <$socket> =~ /^(gochat_cluster_\S+) (\S+)$/mg;
}

sub refused {
    my ($node, $reason) = @_;
    my %is = metrics($node);
    return $is{"gochat_cluster_beacons_refused_total{reason=\"$reason\"}"};
}

# Lines of a log so far.
sub said { my ($node, $pattern) = @_; return scalar(() = log_text($node) =~ /$pattern/g) }

sub sees { my ($node, $id, $seconds) = @_; return ok(wait_log($node, qr/node $id is there/, $seconds), "$node->{name} sees node $id") }

my @found;

sub found_dead {
    my ($died, $id, @by) = @_;
    for my $node (@by) {
        my $line = wait_log($node, qr/node $id is out: it was silent/, FOUND_LATE);
        ok($line, "$node->{name} finds that node $id is gone") or next;
        my $took = $line->{_at} - $died;
        ok($took >= FOUND_FROM && $took <= slow(FOUND_LATE), sprintf 'after %.1f s', $took);
        push @found, $took;
    }
    return;
}

# --- they find each other -----------------------------------------------------------------------------------------------

my ($one, $two, $three) = my @nodes = map { start_node($_) } 1 .. 3;
ok(wait_log($_, qr/serves as node $_->{id}/, JOINED), "$_->{name} serves") for @nodes;
for my $node (@nodes) { sees($node, $_->{id}, SOON) for grep { $_ != $node } @nodes }
for my $node (@nodes) {
    ok(wait_until(sub { my %is = metrics($node); $is{gochat_cluster_in_view} == 3 && $is{gochat_cluster_disagreeing} == 0 }, 5),
        "$node->{name}: three in view, and all agree");
}

# --- one dies, and is back ----------------------------------------------------------------------------------------------

my $died = now();
send_signal($three, 'KILL');
wait_exit($three, 5);
found_dead($died, 3, $one, $two);
$three = again($three);
ok(wait_log($three, qr/serves as node 3/, JOINED), 'it joins again');
sees($_, 3, SOON) for $one, $two;

# --- a restart of less than 5 s moves nothing ---------------------------------------------------------------------------

my @before = map { my %is = metrics($_); $is{gochat_cluster_homes_version} } $one, $three;
my $stopped = clock_now();
is(stop_program($two), 0, 'node 2 ends');
$two = again($two);
my $back = now();
ok(wait_until(sub { my %is = metrics($two); $is{gochat_cluster_serves} }, SOON), 'and serves again');
cmp_ok(now() - $back, '<', slow(SOON), 'at once');
my $away = clock_now() - $stopped;
watch_until(now() + 7);
SKIP: {
    skip sprintf('this machine took %.1f s for a restart', $away), 1 if $away > 4;
    is_deeply([map { my %is = metrics($_); $is{gochat_cluster_homes_version} } $one, $three], \@before, 'nobody saw it gone');
}

# --- one is stopped -----------------------------------------------------------------------------------------------------

$died = now();
freeze_program($one);
found_dead($died, 1, $two, $three);
thaw_program($one);
sees($_, 1, SOON) for $two, $three;
is(said($one, qr/node 2 is out/), 0, 'and took nobody for dead itself');

# --- lies ---------------------------------------------------------------------------------------------------------------

my $server = $nats->{servers}[0];
my $wire = IO::Socket::IP->new(PeerHost => $server->{host}, PeerPort => $server->{port}) or die "$@";
$wire->autoflush(1);
<$wire>;
print $wire qq(CONNECT {"verbose":false}\r\nSUB gochat.town.beacon.2 1\r\n);
my $beacon;
while (!defined $beacon && defined(my $line = <$wire>)) {
    read $wire, $beacon, $1 if $line =~ /^MSG gochat\.town\.beacon\.2 1 (\d+)/;
}
sub publish { my ($id, $bytes) = @_; return print $wire "PUB gochat.town.beacon.$id " . length($bytes) . "\r\n$bytes\r\n" }
my $forged = $beacon;
substr($forged, 12, 1) ^= "\x01";
publish(2, $beacon);           # again
publish(3, $beacon);           # under another's id
publish(2, $forged);
publish(2, 'garbage ' x 20);
publish(2, '');
publish($_, $beacon) for 256 .. 300;
my %refused = (replayed => qr/node 2 is refused: it is a copy/, subject => qr/node 3 is refused: node 2 has made it/,
    forged => qr/node 2 is refused: nobody with the cluster's key/, malformed => qr/refused: it is malformed/);
for my $reason (sort keys %refused) { ok(wait_until(sub { refused($one, $reason) }, 5), "refused as $reason") }
ok(scalar(grep { said($one, $_) } values %refused) > 0, 'the log says so');
ok(wait_log($one, qr/NATS: a message of \d+ bytes on gochat\.town\.beacon\.\d+, expected/, 5), 'a 300th node is none, and that is said');
is(said($_, qr/node \d\d+ is there/), 0, "$_->{name}: nobody came of it") for @nodes;
close $wire;

# --- an id twice --------------------------------------------------------------------------------------------------------

my $rival = start_node(1, name => 'rival');
ok(wait_log($rival, qr/two nodes have id 1: the other one is at \Q$one->{address}\E/, JOINED), 'the second node 1 says so');
ok(wait_log($rival, qr/node 1 stays out until nobody else has its id/, SOON), 'and stays out');
ok(wait_log($one, qr/two nodes have id 1: the other one is at \Q$rival->{address}\E/, SOON), 'the first one says so, too');
my %first = metrics($one);
is($first{gochat_cluster_serves}, 1, 'and serves');
stop_program($rival);

# --- without NATS -------------------------------------------------------------------------------------------------------

@before = map { my %is = metrics($_); $is{gochat_cluster_homes_version} } $one, $two, $three;
kill_nats($nats, 0);
ok(wait_log($_, qr/NATS is away/, 10), "$_->{name} says that NATS is away") for $one, $two, $three;
watch_until(now() + 12);
is_deeply([map { my %is = metrics($_); $is{gochat_cluster_homes_version} } $one, $two, $three], \@before, 'nothing else changes');
$died = now();
send_signal($three, 'KILL');
wait_exit($three, 5);
found_dead($died, 3, $one, $two);
my $stranger = start_node(7);
ok(wait_log($stranger, qr/node 7 joins; it waits until NATS is there/, 10), 'who knows nobody waits');
stop_program($two);
$two = again($two);
ok(wait_until(sub { my %is = metrics($two); $is{gochat_cluster_serves} && $is{gochat_cluster_in_view} == 2 }, SOON),
    'who had a view serves by it');
restart_nats($nats, 0);
ok(wait_log($stranger, qr/serves as node 7/, 30), 'with NATS it joins');
sees($_, 7, SOON) for $one, $two;
cmp_ok(min(@found), '<=', slow(FOUND_TO), 'deaths were found in time') or diag("@found");
is(stop_program($one, $two, $stranger), 0, 'all end');
finish();
