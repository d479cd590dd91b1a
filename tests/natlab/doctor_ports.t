#!/usr/bin/perl
# Behind a symmetric NAT whose router opens ports (a real miniupnpd) the doctor says so, and expects everyone to be
# reached directly; it opens none itself.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Lab;
use GoChat::Test;
use Test::More;

use constant { PUBLIC => '11.22.33', DIRECT => 0 };

$ENV{LAB_PUBLIC} = PUBLIC;
GoChat::Lab::enter();

for my $protocol ('natpmp', 'upnp') {
    my $lab = GoChat::Lab->up('symmetric');
    my $folder = temp_dir();
    my $mapper = start_program(name => "$protocol-miniupnpd", command => $lab->port_mapper('a', $protocol, $folder));
    wait_log($mapper, $protocol eq 'upnp' ? qr/HTTP listening/ : qr/Listening for NAT-PMP/, 5);
    start_bootnode(name => "$protocol-bootnode", listen => PUBLIC . '.10:9595', in => $lab->host('boot'),
        config => 'stun_alternate = ' . PUBLIC . '.11:9596');
    my $doctor = start_program(name => "$protocol-doctor", json => 1, in => $lab->host('a'),
        command => [gochat(), '--mode', 'doctor', '--json', '--bootnode', PUBLIC . '.10:9595']);
    is(wait_exit($doctor, 40), DIRECT, "$protocol: direct with everyone");
    my ($said) = events($doctor);
    is($said->{nat}, 'symmetric', "$protocol: though the NAT is symmetric");
    is($said->{port_mapping}{external}, PUBLIC . '.21', "$protocol: the router's own address");
    ok($said->{port_mapping}{ $protocol eq 'upnp' ? 'upnp' : 'nat_pmp' }, "$protocol: is found");
    like($said->{verdict}, qr/opens a port/, "$protocol: says so");
    is(`@{ $lab->host('ra') } nft list chain inet ports redirected` =~ /dnat/ ? 1 : 0, 0, "$protocol: nothing was opened");
    stop_program($mapper);
    $lab->down;
}

finish();
