#!/usr/bin/perl
# What operators see of a cluster, and do: three bootnodes, a NATS server, and gochat --mode ctl at each. Bans that are
# given at one node hold at all, and end wherever somebody ends them; the nodes are listed with what is wrong with them;
# metrics and /ready tell it, too.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::NatsServer;
use GoChat::Test;
use HTTP::Tiny;
use JSON::PP qw(decode_json);
use Test::More;

use constant { NODES => 3, UP => 30, SOON => 10, DEAD => 15, BUCKETS => 1024 };

my $missing = nats_missing();
plan skip_all => $missing if $missing;

my $nats = start_nats();
my $folder = temp_dir();
my (%node, %address);

sub start_node {
    my ($id) = @_;
    my $address = $address{$id} //= "127.0.0.$id:" . free_port("127.0.0.$id");
    my $config = write_file("$folder/node$id.ini", join "\n", '[bootnode]', "node_id = $id", "key_file = $folder/key",
        "listen = $address", 'metrics = 127.0.0.1:0', 'workers = 1', "control = $folder/control.$id",
        'limit_loopback = no', '[cluster]', nats_settings($nats, $id), "addresses = $address",
        "state_file = $folder/state.$id", '');
    my $node = start_program(name => "node$id", command => [gochat(), '--mode', 'bootnode', '--config', $config]);
    my $line = wait_log($node, qr{metrics on http://\S+/metrics}, SOON) or die "no metrics\n";
    ($node->{page}) = $line->{text} =~ m{http://(\S+)/metrics};
    wait_log($node, qr/listening on/, SOON) or die "nothing works without a bootnode\n";
    return $node{$id} = $node;
}

# The result, or what was said instead.
sub ask {
    my ($id, @words) = @_;
    my ($status, $out, $err) = run_program(name => 'ctl', timeout => SOON,
        command => [gochat(), '--mode', 'ctl', '--control', "$folder/control.$id", '--json', @words]);
    my $answer = eval { decode_json($out) } // {};
    return $answer->{ok} ? $answer->{result} : $answer->{error} // $err;
}

sub shown {
    my ($id, @words) = @_;
    my (undef, $out) = run_program(name => 'ctl', timeout => SOON,
        command => [gochat(), '--mode', 'ctl', '--control', "$folder/control.$id", @words]);
    return $out;
}

sub page {
    my ($id, $path) = @_;
    return HTTP::Tiny->new(timeout => slow(SOON))->get("http://$node{$id}{page}$path");
}

sub metric {
    my ($id, $name) = @_;
    return page($id, '/metrics')->{content} =~ /^\Qgochat_cluster_$name\E (\S+)$/m ? $1 : undef;
}

sub row { my ($status, $id) = @_; return (grep { $_->{node} == $id } @{ $status->{nodes} })[0] // {} }

# { network => rule and node }
sub bans {
    my ($id) = @_;
    my $answer = ask($id, 'bans');
    return ref $answer ? { map { $_->{prefix} => "$_->{rule} $_->{node}" } @{ $answer->{bans} } } : {};
}

sub wait_bans {
    my ($network, $wanted, $what) = @_;
    my $held = wait_until(sub { !grep { (bans($_)->{$network} // '') ne $wanted } 1 .. NODES }, SOON);
    return ok($held, $what) || diag(explain({ map { $_ => bans($_) } 1 .. NODES }));
}

# --- what there is ---------------------------------------------------------------------------------------------------

start_node($_) for 1 .. NODES;
ok(wait_until(sub { !grep { (metric($_, 'in_view') // 0) != NODES || metric($_, 'disagreeing') } 1 .. NODES }, UP),
    'all have all in view') or diag(explain({ map { $_ => ask($_, 'cluster') } 1 .. NODES }));

my $status = ask(2, 'cluster');
is($status->{cluster}, 'town', 'its name');
is($status->{node}, 2, 'who is asked');
is($status->{state}, 'serves', 'and serves');
is($status->{waits_until}, undef, 'without waiting for anything');
is($status->{nats}, 'connected', 'NATS is there');
ok(!$status->{cut_off}, 'nobody is cut off');
is(join(' ', map { $_->{node} } @{ $status->{nodes} }), '1 2 3', 'the nodes');
is(join(' ', map { $_->{state} } @{ $status->{nodes} }), 'serves serves serves', 'all of them serve');
is(row($status, 2)->{heard_by}, 'itself', 'one is itself');
like(row($status, 1)->{heard_by}, qr/beacon/, 'others are heard');
is(row($status, 3)->{address}, $address{3}, 'where they are');
my $share = 0;
$share += $_->{share_percent} for @{ $status->{nodes} };
cmp_ok(abs($share - 100 * $status->{replicas}), '<', 1e-6, 'each room has so many homes');
my $buckets = 0;
$buckets += metric($_, 'buckets') for 1 .. NODES;
is($buckets, $status->{replicas} * BUCKETS, 'as the metrics have it, too');
like(shown(1, 'cluster'), qr/^NODE +SELF +STATE.*\n +1 +yes +serves .*\n +2 +no +serves .*\n +3 +no +serves /m, 'as a table');
is(page($_, '/ready')->{status}, 200, "node $_ is ready") for 1 .. NODES;

my @promtool = packaged('promtool');
SKIP: {
    skip 'no promtool', 1 if !@promtool;
    my ($tool_status, $out, $err) = run_program(name => 'promtool', command => [@promtool, 'check', 'metrics'],
        input => page(1, '/metrics')->{content});
    is("$tool_status$out$err", 0, 'promtool has no complaint');
}

# --- bans ------------------------------------------------------------------------------------------------------------

my $ban = ask(1, 'ban', '192.0.2.0/24', '2h');
is($ban->{prefix}, '192.0.2.0/24', 'one node is told of a ban');
wait_bans('192.0.2.0/24', 'banned 1', 'which holds at all, with who gave it');
is(ask(3, 'why', '192.0.2.7')->{rule}, 'banned', 'for whom asks');
like(ask(2, 'unban', '192.0.2.9'), qr/one of 192\.0\.2\.0\/24/, 'a ban is ended as it was given');
is(ask(2, 'unban', '192.0.2.0/24')->{prefix}, '192.0.2.0/24', 'which another node may');
wait_bans('192.0.2.0/24', '', 'at all');
ask(2, 'allow', '198.51.100.0/24');
wait_bans('198.51.100.0/24', 'allowed 2', 'an exception holds at all, too');
like(ask(3, 'ban', '198.51.100.9'), qr/198\.51\.100\.0\/24 lets it in/, 'also against a ban elsewhere');
ask(3, 'ban', '203.0.113.0/24', 'forever');
wait_bans('203.0.113.0/24', 'banned 3', 'and another ban');
# With the one that ended the first ban.
ok(wait_until(sub { metric(1, 'orders{author="others"}') == 3 }, SOON), 'the metrics count them');

# --- who is away -----------------------------------------------------------------------------------------------------

send_signal($node{3}, 'KILL');
wait_exit($node{3}, SOON);
ok(wait_until(sub { row(ask(1, 'cluster'), 3)->{state} eq 'silent' }, DEAD), 'who is silent is out of the view');
is(metric(1, 'nodes{state="silent"}'), 1, 'which the metrics count');
is(bans($_)->{'203.0.113.0/24'}, 'banned 3', "what it ordered stands at node $_") for 1, 2;
like(ask(1, 'cluster', 'forget', 2), qr/node 2 lives/, 'nobody forgets who lives');
like(ask(1, 'cluster', 'forget', 9), qr/no node 9/, 'nor whom there never was');
like(ask(1, 'cluster', 'forget'), qr/expected cluster \[forget NODE\]/, 'nor anybody');

# A node that starts again has what was ordered meanwhile, and what itself ordered.
stop_program($node{2});
ask(1, 'ban', '192.0.2.128/25', 'forever');
start_node($_) for 2, 3;
wait_bans('192.0.2.128/25', 'banned 1', 'who comes back hears of bans');
wait_bans('203.0.113.0/24', 'banned 3', 'and knows its own');
wait_bans('198.51.100.0/24', 'allowed 2', 'after a restart of either kind');
ask(1, 'unban', '203.0.113.0/24');
wait_bans('203.0.113.0/24', '', 'until somebody ends it');

# --- without NATS ----------------------------------------------------------------------------------------------------

kill_nats($nats, 0);
ok(wait_until(sub { !grep { metric($_, 'nats_connected') } 1 .. NODES }, SOON), 'NATS is away');
is(ask(1, 'cluster')->{nats}, 'away', 'which is told');
ask(2, 'ban', '192.0.2.64/26');
is(bans(2)->{'192.0.2.64/26'}, 'banned 2', 'a ban holds where it is given');
restart_nats($nats, 0);
wait_bans('192.0.2.64/26', 'banned 2', 'and at all when NATS is back');

# --- another id in the same place ------------------------------------------------------------------------------------

# As after the theft of its key: the others ask node 3 by STUN, and the next one answers there.
my $former = delete $node{3};
send_signal($former, 'KILL');
wait_exit($former, SOON);
$address{4} = $address{3};
start_node(4);
for my $id (1, 2) {
    ok(wait_until(sub { row(ask($id, 'cluster'), 4)->{in_view} }, DEAD), "node $id takes the next one in");
    is(row(ask($id, 'cluster'), 3)->{state}, 'replaced', 'for the one that was there');
}
stop_program($_) for values %node;
finish();
