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

sub start_doctor {
    my ($lab, $name, @arguments) = @_;
    return start_program(name => $name, json => 1, in => $lab->host('a'),
        command => [gochat(), '--mode', 'doctor', '--json', @arguments]);
}

# What it said, and its status; once it has ended.
sub outcome {
    my ($doctor) = @_;
    my $status = wait_exit($doctor, 60);
    my ($said) = events($doctor);
    return ($status, $said // {});
}

sub outcome_of_kind {
    my ($kind, $way, $doctor) = @_;
    my ($status, $said) = outcome($doctor);
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

my @kinds = sort keys %EXPECTED;
my %lab = map { $_ => GoChat::Lab->up($_) } @kinds;

# In all labs at once.
sub start_bootnodes {
    my ($name, %option) = @_;
    return map { start_bootnode(%option, name => "$_-$name", in => $lab{$_}->host('boot')) } @kinds;
}

sub diagnoses_test {
    my ($way, @bootnodes) = @_;
    my %doctor = map { $_ => start_doctor($lab{$_}, "$_-$way", map { ('--bootnode', $_) } @bootnodes) } @kinds;
    outcome_of_kind($_, $way, $doctor{$_}) for @kinds;
}

my @two = start_bootnodes('two', listen => ONE, config => 'stun_alternate = 203.0.113.11:9596');
diagnoses_test(two => ONE);
stop_program(@two);
my @everywhere = start_bootnodes('all', listen => '[::]:9595', config => 'stun_alternate = 203.0.113.11:9596');
diagnoses_test(two => ONE);
stop_program(@everywhere);
start_bootnodes('one', listen => ONE);
diagnoses_test(one => ONE);
start_bootnodes('another', listen => ANOTHER);
diagnoses_test(pair => ONE, ANOTHER);

$lab{full}->block('a');
my ($status, $said) = outcome(start_doctor($lab{full}, 'blocked', '--bootnode', ONE, '--bootnode', ANOTHER));
is($status, BLOCKED, 'blocked: the status');
is($said->{udp}, JSON::PP::false, 'blocked: UDP does not get through');
like($said->{verdict}, qr/UDP is blocked/, 'blocked: says so');
$_->down for values %lab;

my $dual = GoChat::Lab->up('open');
start_bootnode(name => 'dual', listen => '[::]:9595', in => $dual->host('boot'));
($status, $said) = outcome(start_doctor($dual, 'both families', '--bootnode', ONE, '--bootnode', '[2001:db8::10]:9595'));
ok($said->{ipv6}{reachable}, 'IPv6: reachable');
like($said->{ipv6}{mapped}, qr/^\[2001:db8::21\]:\d+$/, 'IPv6: the address');
is($said->{ipv6}{translated}, JSON::PP::false, 'IPv6: nothing is translated');
ok($said->{ipv4}{reachable}, 'IPv6: and IPv4, too');
is($status, UNSURE, 'IPv6: what filters is not known');
is_deeply($said->{named}, { ipv4 => JSON::PP::true, ipv6 => JSON::PP::true }, 'both families: the bootnode has them');
is_deeply([map { $said->{$_}{status} } qw(ipv4 ipv6)], [UNSURE, UNSURE], 'both families: each has its own status');
like("@{ $said->{offered} }", qr/\[2001:db8::21\]:\d+/, 'both families: the address of the interface is offered');
($status, $said) = outcome(start_doctor($dual, 'one dead', '--bootnode', ONE, '--bootnode', '[2001:db8::99]:9595'));
is($said->{ipv6}{reachable}, JSON::PP::false, 'a family that does not answer: says so');
is($said->{ipv6}{status}, BLOCKED, 'a family that does not answer: its status');
is($status, UNSURE, 'a family that does not answer: the other one decides');
$dual->down;

# --- both families, and what stands before a bootnode -----------------------------------------------------------------

sub nft {
    my ($lab, $rules) = @_;
    my ($status, undef, $err) = run_program(command => [@{ $lab->host('boot') }, 'nft', $rules]);
    is($status, 0, 'nft') or diag($err);
}

sub ip_of_boot {
    my ($lab, @words) = @_;
    my ($status, undef, $err) = run_program(command => [@{ $lab->host('boot') }, 'ip', @words]);
    is($status, 0, "ip @words") or diag($err);
}

# A 1:1 NAT as clouds have it: the bootnode knows its private addresses alone.
my %cloud = map { $_ => GoChat::Lab->up($_) } 'full', 'port-restricted', 'symmetric';
for my $kind (sort keys %cloud) {
    ip_of_boot($cloud{$kind}, qw(address add), "172.31.0.$_/32", qw(dev lo)) for 5, 6;
    nft($cloud{$kind}, 'table ip cloud {
        chain in { type nat hook prerouting priority dstnat;
            ip daddr 203.0.113.10 dnat to 172.31.0.5; ip daddr 203.0.113.11 dnat to 172.31.0.6; };
        chain out { type nat hook postrouting priority srcnat;
            ip saddr 172.31.0.5 snat to 203.0.113.10; ip saddr 172.31.0.6 snat to 203.0.113.11; }; }');
    start_bootnode(name => "$kind-cloud", listen => '172.31.0.5:9595', in => $cloud{$kind}->host('boot'),
        config => 'stun_alternate = 172.31.0.6:9596');
}
my %clouded = map { $_ => start_doctor($cloud{$_}, "$_-cloud", '--bootnode', ONE) } keys %cloud;
for my $kind (sort keys %cloud) {
    ($status, $said) = outcome($clouded{$kind});
    my %nat = (full => 'full-cone', 'port-restricted' => 'port-restricted', symmetric => 'symmetric');
    is($said->{nat}, $nat{$kind}, "$kind, bootnode behind a 1:1 NAT: the NAT");
    my $hidden = $said->{ipv4}{hidden_address} // '';
    like($hidden, $kind eq 'full' ? qr/^$/ : qr/:9596$/, "$kind: the address that cannot be asked");
}
$_->down for values %cloud;

# Something in front of the bootnode that shows it one address for all its clients.
my $proxied = GoChat::Lab->up('port-restricted');
ip_of_boot($proxied, qw(address add 172.17.0.1/32 dev lo));
nft($proxied, 'table ip proxy { chain in { type nat hook input priority 100; udp dport 9595 snat to 172.17.0.1; }; }');
start_bootnode(name => 'proxied', listen => ONE, in => $proxied->host('boot'));
($status, $said) = outcome(start_doctor($proxied, 'proxied', '--bootnode', ONE));
like($said->{ipv4}{mapped}, qr/^172\.17\.0\.1:/, 'behind a proxy: the bootnode sees the proxy');
is($said->{ipv4}{hidden_source}, JSON::PP::true, 'behind a proxy: noticed');
like($said->{verdict}, qr/userland-proxy/, 'behind a proxy: says what may be the matter');
is($status, HELPED, 'behind a proxy: relayed');
$proxied->down;

local @ENV{qw(LAB_UDP_TIMEOUT LAB_UDP_STREAM_TIMEOUT)} = (12, 12);
my %forgetful = map { $_ => GoChat::Lab->up($_) } 'port-restricted', 'symmetric';
start_bootnode(name => "$_-lifetime", listen => ONE, in => $forgetful{$_}->host('boot')) for keys %forgetful;
sub measure_lifetime {
    my ($kind) = @_;
    return start_doctor($forgetful{$kind}, "$kind-lives", '--bootnode', ONE, '--lifetime');
}

my %measuring = map { $_ => measure_lifetime($_) } keys %forgetful;
# Those with 10 and 15 s of silence have 2 to 3 s to spare. Where the machine had them come later it is measured anew.
for my $kind (keys %measuring) {
    (undef, $said) = outcome($measuring{$kind});
    my $lives = sub { join ' to ', map { $_ // 'unknown' } @{ $said->{lifetime} }{qw(alive_s dead_s)} };
    (undef, $said) = outcome(measure_lifetime($kind)) if $lives->() ne '10 to 15';
    is($lives->(), '10 to 15', "$kind: a mapping lives 12 s") or diag(explain($said->{lifetime}));
}

finish();
