#!/usr/bin/perl
# The doctor names each of the five NATs where the bootnode has two addresses, or where there are two bootnodes; with one
# address it says what it cannot tell. A lifetime is measured, blocked UDP is noticed.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Lab;
use GoChat::Test;
use JSON::PP;
use Test::More;

GoChat::Lab::enter();

use constant { DIRECT => 0, HELPED => 5, UNSURE => 6, BLOCKED => 7 };
use constant { ONE => '203.0.113.10:9595', ANOTHER => '203.0.113.11:9700' };

my @APART = ('address-and-port-dependent', 'endpoint-independent', 'address-dependent');
my ($BOTH, $FREE, $ADDRESS) = @APART;

# What is expected with a second address of the bootnode; with a second bootnode; with one address.
my %EXPECTED = (
    'open' => {
        two => ['open', $FREE, $FREE, DIRECT],
        pair => ['open', $FREE, $FREE, DIRECT],
        one => ['no NAT', $FREE, undef, UNSURE],
    },
    'full' => {
        two => ['full-cone', $FREE, $FREE, DIRECT],
        pair => ['full-cone', $FREE, $FREE, DIRECT],
        one => ['unknown', undef, undef, UNSURE],
    },
    'restricted' => {
        two => ['restricted', $FREE, $ADDRESS, DIRECT],
        pair => ['restricted or port-restricted', $FREE, 'dependent', HELPED],
        one => ['unknown', undef, undef, UNSURE],
    },
    'port-restricted' => {
        two => ['port-restricted', $FREE, $BOTH, HELPED],
        pair => ['restricted or port-restricted', $FREE, 'dependent', HELPED],
        one => ['unknown', undef, undef, UNSURE],
    },
    'symmetric' => {
        two => ['symmetric', $BOTH, $BOTH, HELPED],
        pair => ['symmetric', 'dependent', undef, HELPED],
        one => ['unknown', undef, undef, UNSURE],
    },
);

sub doctor {
    my ($lab, $name, @arguments) = @_;
    my ($status, $out) = run_program(name => $name, in => $lab->host('a'), timeout => 40,
        command => [gochat(), '--mode', 'doctor', '--json', @arguments]);
    return ($status, eval { decode_json($out) } // {});
}

sub diagnosis_test {
    my ($lab, $kind, $way, @bootnodes) = @_;
    my ($status, $said) = doctor($lab, "$kind-$way", map { ('--bootnode', $_) } @bootnodes);
    my ($nat, $mapping, $filtering, $expected) = @{ $EXPECTED{$kind}{$way} };
    my $what = "$kind, " . { two => 'two addresses', pair => 'two bootnodes', one => 'one address' }->{$way};
    is($said->{nat}, $nat, "$what: the NAT");
    is($said->{ipv4}{mapping}, $mapping, "$what: its mapping");
    is($said->{ipv4}{filtering}, $filtering, "$what: its filtering");
    is($status, $expected, "$what: the status");
    is($said->{status}, $status, "$what: the same in words");
    like($said->{verdict}, qr/annot tell/, "$what: says that it cannot tell") if $way eq 'one';
    like($said->{ipv4}{mapped}, qr/^203\.0\.113\.21:\d+$/, "$what: the address");
    is($said->{ipv6}, undef, "$what: no IPv6");
}

for my $kind (sort keys %EXPECTED) {
    my $lab = GoChat::Lab->up($kind);
    my %in = (in => $lab->host('boot'));
    my $two = start_bootnode(%in, name => "$kind-two", listen => ONE, config => 'stun_alternate = 203.0.113.11:9596');
    diagnosis_test($lab, $kind, two => ONE);
    stop_program($two);
    my $everywhere = start_bootnode(%in, name => "$kind-all", listen => '[::]:9595',
        config => 'stun_alternate = 203.0.113.11:9596');
    diagnosis_test($lab, $kind, two => ONE);
    stop_program($everywhere);
    start_bootnode(%in, name => "$kind-one", listen => ONE);
    diagnosis_test($lab, $kind, one => ONE);
    start_bootnode(%in, name => "$kind-another", listen => ANOTHER);
    diagnosis_test($lab, $kind, pair => ONE, ANOTHER);
    if ($kind eq 'restricted') {
        $lab->block('a');
        my ($status, $said) = doctor($lab, 'blocked', '--bootnode', ONE, '--bootnode', ANOTHER);
        is($status, BLOCKED, 'blocked: the status');
        ok(!$said->{udp}, 'blocked: UDP does not get through');
        like($said->{verdict}, qr/UDP is blocked/, 'blocked: says so');
    }
    $lab->down;
}

{
    my $lab = GoChat::Lab->up('open');
    start_bootnode(name => 'dual', listen => '[::]:9595', in => $lab->host('boot'));
    my ($status, $said) = doctor($lab, 'dual', '--bootnode', ONE, '--bootnode', '[2001:db8::10]:9595');
    ok($said->{ipv6}{reachable}, 'IPv6: reachable');
    like($said->{ipv6}{mapped}, qr/^\[2001:db8::21\]:\d+$/, 'IPv6: the address');
    is($said->{ipv6}{translated}, JSON::PP::false, 'IPv6: nothing is translated');
    ok($said->{ipv4}{reachable}, 'IPv6: and IPv4, too');
    is($status, UNSURE, 'IPv6: what filters is not known');
    $lab->down;
}

for my $kind ('port-restricted', 'symmetric') {
    local @ENV{qw(LAB_UDP_TIMEOUT LAB_UDP_STREAM_TIMEOUT)} = (12, 12);
    my $lab = GoChat::Lab->up($kind);
    start_bootnode(name => "$kind-lifetime", listen => ONE, in => $lab->host('boot'));
    my ($status, $said) = doctor($lab, "$kind-lives", '--bootnode', ONE, '--lifetime');
    is_deeply($said->{lifetime}, { alive_s => 10, dead_s => 15 }, "$kind: a mapping lives 12 s")
        or diag(explain($said->{lifetime}));
    $lab->down;
}

finish();
