#!/usr/bin/perl
# The doctor at clusters: which homes it names, and which of them answer; what it says where they do not.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::NatsServer;
use GoChat::Test;
use JSON::PP;
use Test::More;

plan skip_all => nats_missing() if nats_missing();

use constant { USAGE => 2, UNSURE => 6, BLOCKED => 7, JOINED => 20 };

my $nats = start_nats();
my $seed = join('', map { sprintf '%02x', ($_ * 41 + 7) % 256 } 1 .. 32) . "\n";

# A node of the cluster of that name, which tells others that it is at `told`.
sub start_node {
    my ($cluster, $id, $told) = @_;
    my $folder = temp_dir();
    my $address = '127.0.0.1:' . free_port();
    $told //= $address;
    write_file("$folder/bootnode.key", $seed);
    chmod 0600, "$folder/bootnode.key";
    my $settings = nats_settings($nats, $id) =~ s/^name = .*/name = $cluster/mr;
    my $node = start_bootnode(name => "$cluster-$id", again => { folder => $folder, address => $address },
        config => join "\n", "node_id = $id", 'workers = 1', '[cluster]', "addresses = $told", "state_file = $folder/view", $settings);
    @$node{qw(id told)} = ($id, $told);
    return $node;
}

my @doctor = (gochat(), qw(--mode doctor --config /dev/null));

sub doctor {
    my (@arguments) = @_;
    return run_program(name => 'doctor', timeout => 30, command => [@doctor, @arguments]);
}

# Silence takes its time, so several examine at once.
sub examining { my (@arguments) = @_; return start_program(name => 'doctor', command => [@doctor, '--json', @arguments]) }

sub examined {
    my ($doctor) = @_;
    my $line = wait_line($doctor, qr/^\{/, 30) or return;
    my $said = decode_json($line->{text});
    return (wait_exit($doctor, 10), $said, exists $said->{cluster} ? $said->{cluster}[0] : undef);
}

sub nobody { return '127.0.0.1:' . free_port() }

# Each home: node => its address, and how it is.
sub homes {
    my ($cluster) = @_;
    return { map { $_->{node} => [@{ $_->{addresses}[0] }{qw(address state)}] } grep { $_->{home} } @{ $cluster->{nodes} } };
}

# All start at once. With two nodes both are homes of every room.
my @whole = map { start_node('whole', $_) } 1, 2;
my @half = (start_node('half', 1), start_node('half', 2, nobody()));
my $dead = start_node('dead', 1, nobody());
ok(wait_log($_, qr/serves as node $_->{id}/, JOINED), "$_->{name} serves") for @whole, @half, $dead;
for my $pair (\@whole, \@half) {
    ok(wait_log($pair->[0], qr/node 2 is there/, JOINED), "$pair->[0]{name} sees the other");
    ok(wait_log($pair->[1], qr/node 1 is there/, JOINED), "$pair->[1]{name} sees the other");
}

my @silent = map { examining(map { ('--bootnode', $_->{address}) } @$_) } [$half[0]], [$dead], [$dead, $half[0]];

# --- all homes answer ---------------------------------------------------------------------------------------------------

my @room = ('--room', "lobby \xc3\xa9"); # of bucket 511, as tests/unit/common/test_names.c has its tag
my ($status, $said, $cluster) = examined(examining('--bootnode', $whole[0]{address}, @room));
is($status, UNSURE, 'all homes answer: the status is the network\'s, as without a cluster');
is_deeply(homes($cluster), { map { $_->{id} => [$_->{address}, 'answers'] } @whole }, 'both homes are named, and answer');
is_deeply([@{$cluster}{qw(homes answering agree same_key)}], [2, 2, JSON::PP::true, JSON::PP::true], 'and agree');
is_deeply([@{$cluster}{qw(bucket drawn)}], [511, JSON::PP::false], 'of the room\'s bucket');
is_deeply([map { [@{$_}{qw(address state node)}] } @{ $cluster->{entries} }], [[$whole[0]{address}, 'answers', 1]], 'so does the entry');
like($cluster->{verdict}, qr/^All homes answer/, 'in words, too');
my (undef, $page) = doctor('--bootnode', $whole[0]{address}, @room);
like($page, qr/^Bucket +511, that of the room$/m, 'the page: the bucket');
like($page, qr/^Home +node \d, 127\.0\.0\.1:\d+, \d+ ms\n +node \d, 127\.0\.0\.1:\d+, \d+ ms$/m, 'the page: the homes');
like($page, qr/\nCluster: All homes answer\b.*\n\z/, 'the page: the sentence comes last');
ok(!(grep { length > 80 } split /\n/, $page), 'the page: fits 80 columns') or diag($page);

my $secret = write_file(temp_dir() . '.secret', "correct horse\n");
chmod 0600, $secret;
(undef, undef, my $other) = examined(examining('--bootnode', $whole[0]{address}, @room, '--secret-file', $secret));
is($other->{bucket}, 72, 'a room with a secret has another bucket');
(undef, undef, $other) = examined(examining('--bootnode', $whole[0]{address}));
is($other->{drawn}, JSON::PP::true, 'without a room the bucket is drawn');

# --- not all of them ----------------------------------------------------------------------------------------------------

($status, $said, $cluster) = examined($silent[0]);
is($status, UNSURE, 'one home alone: it works');
is_deeply(homes($cluster), { 1 => [$half[0]{told}, 'answers'], 2 => [$half[1]{told}, 'silent'] }, 'which of them is silent');
is($cluster->{answering}, 1, 'one answers');
like($cluster->{verdict}, qr/^One home alone answers/, 'in words, too');

($status, $said, $cluster) = examined($silent[1]);
is_deeply([$status, $said->{status}, $said->{udp}], [BLOCKED, BLOCKED, JSON::PP::true], 'no home: GoChat cannot work, though UDP does');
like($_->{verdict}, qr/none of the homes/, 'no home: the verdict says so') for $said, $cluster;
($status, $said) = examined($silent[2]);
is($status, UNSURE, 'no home of one, but of another one: it works');
is(scalar @{ $said->{cluster} }, 2, 'and both are told');

# --- no cluster, and nonsense -------------------------------------------------------------------------------------------

my $alone = start_bootnode(name => 'alone');
($status, $said) = examined(examining('--bootnode', $alone->{address}, @room));
is($status, UNSURE, 'no cluster: as ever');
ok(!exists $said->{cluster}, 'no cluster: no key');
(undef, $page) = doctor('--bootnode', $alone->{address});
unlike($page, qr/^(?:Cluster|Bucket|Entry|Home)\b/m, 'no cluster: no line');
($status, undef, my $err) = doctor('--bootnode', $alone->{address}, @room, '--secret-file', '/nowhere/secret');
is($status, USAGE, 'a secret that cannot be read: status 2');
like($err, qr{^gochat: --secret-file /nowhere/secret: .+\n\z}, 'and says so');

is(stop_program(@whole, @half, $dead, $alone), 0, 'all end');
finish();
