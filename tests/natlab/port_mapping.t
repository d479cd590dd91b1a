#!/usr/bin/perl
# Two symmetric NATs, between which nothing but a relay would help, one of them with a real miniupnpd: its client has the
# port mapped, by NAT-PMP or by UPnP, and the two connect directly. The mapping goes when the client ends, even one that
# is killed. A miniupnpd that dies, and one that was never there, hold nobody up.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Lab;
use GoChat::Test;
use Test::More;

use constant { PUBLIC => '11.22.33', DIRECT_SECONDS => 15, GONE_SECONDS => 5 };
use constant { ENDS => 3, GIVE_BACK_SECONDS => 2, LEAVE_SECONDS => 1 };

$ENV{LAB_PUBLIC} = PUBLIC;
GoChat::Lab::enter();

sub start_pair {
    my ($protocol) = @_;
    my $lab = GoChat::Lab->up('symmetric', 'symmetric');
    my $folder = temp_dir();
    my $mapper = start_program(name => "$protocol-miniupnpd", command => $lab->port_mapper('a', $protocol, $folder));
    wait_log($mapper, $protocol eq 'upnp' ? qr/HTTP listening/ : qr/Listening for NAT-PMP/, 5);
    my $bootnode = start_bootnode(name => "$protocol-bootnode", listen => PUBLIC . '.10:9595', in => $lab->host('boot'));
    my %pair = (protocol => $protocol, lab => $lab, folder => $folder, mapper => $mapper, bootnode => $bootnode);
    $pair{$_} = start_inside(\%pair, $_, $_) for 'a', 'b';
    return \%pair;
}

sub start_inside {
    my ($pair, $host, $nick, $room) = @_;
    return start_client(name => "$pair->{protocol}-$nick", nick => $nick, bootnode => $pair->{bootnode},
        room => $room // 'ports', in => $pair->{lab}->host($host), arguments => ['--log-level', 'info']);
}

sub is_direct {
    my ($client) = @_;
    my ($last) = (grep { $_->{event} =~ /^peer-(?:connected|path|left)$/ } events($client))[-1];
    return $last && ($last->{path} // '') eq 'direct';
}

# The router's mappings, as its firewall has them.
sub mappings {
    my ($pair) = @_;
    my @command = (@{ $pair->{lab}->host('ra') }, qw(nft list chain inet ports redirected));
    open my $nft, '-|', @command or die "nft: $!";
    return grep {/dnat/} <$nft>;
}

sub hears {
    my ($pair, $from, $to, $text) = @_;
    send_line($pair->{$from}, $text);
    return ok(wait_event($pair->{$to}, { event => 'message', text => $text }, 5), "$pair->{protocol}: $to hears: $text");
}

# The router gets another public address: the mapping's is another one, too.
sub renumbered {
    my ($pair) = @_;
    my $address = PUBLIC . '.121';
    $pair->{lab}->renumber('a');
    ok(wait_log($pair->{a}, qr/others reach us at \Q$address\E:\d+/, 30), "$pair->{protocol}: a is told its new address");
    return hears($pair, 'b', 'a', 'wherever you are');
}

sub ends_after {
    my ($client) = @_;
    my $start = now();
    close_input($client);
    wait_exit($client, 10);
    return now() - $start;
}

# Where the machine held up one, another one's end counts; who waits at its end would do so each time.
sub ends_soon {
    my ($client, $seconds, $what, $another) = @_;
    my $took = ends_after($client);
    for (2 .. ENDS) {
        last if $took < slow($seconds);
        diag(sprintf '%s: took %.1f s', $what, $took);
        $took = ends_after($another->());
    }
    return cmp_ok($took, '<', slow($seconds), $what);
}

# One with a mapping of its own.
sub start_mapped {
    my ($pair, $nick) = @_;
    my $client = start_inside($pair, 'a', $nick, 'elsewhere');
    wait_log($client, qr/others reach us at/, DIRECT_SECONDS);
    return $client;
}

my @pairs = map { start_pair($_) } 'natpmp', 'upnp';
for my $pair (@pairs) {
    my $name = $pair->{protocol};
    for ('a', 'b') {
        my $client = $pair->{$_};
        ok(wait_until(sub { is_direct($client) }, DIRECT_SECONDS), "$name: $_ reaches the other directly")
            or fail_about($client, "$name: $_");
    }
    my $address = PUBLIC . '.21';
    ok(wait_log($pair->{a}, qr/others reach us at \Q$address\E:\d+/, DIRECT_SECONDS), "$name: a knows its address");
    is(scalar(mappings($pair)), 1, "$name: the router has one mapping");
    hears($pair, 'a', 'b', 'out of one');
    hears($pair, 'b', 'a', 'into the other');
}

for my $pair (@pairs) {
    my $name = $pair->{protocol};
    renumbered($pair);
    ends_soon($pair->{a}, GIVE_BACK_SECONDS, "$name: a ends soon", sub { start_mapped($pair, 'same') });
    is($pair->{a}{status}, 0, "$name: and well");
    ok(wait_until(sub { !mappings($pair) }, GONE_SECONDS), "$name: its mapping is gone");
}

for my $pair (@pairs) {
    my $name = $pair->{protocol};
    my $killed = start_mapped($pair, 'killed');
    is(scalar(mappings($pair)), 1, "$name: another one has its port mapped");
    send_signal($killed, 'KILL');
    ok(wait_until(sub { !mappings($pair) }, GONE_SECONDS), "$name: the mapping of one that is killed goes, too");
}

for my $pair (@pairs) {
    my $name = $pair->{protocol};
    my $again = $pair->{a} = start_inside($pair, 'a', 'another');
    for ($again, $pair->{b}) {
        my $client = $_;
        ok(wait_until(sub { is_direct($client) }, DIRECT_SECONDS), "$name: $client->{name}: directly again")
            or fail_about($client, $name);
    }
    wait_log($again, qr/others reach us at/, DIRECT_SECONDS);
    my @more = map { start_mapped($pair, "more-$_") } 2 .. ENDS;
    send_signal($pair->{mapper}, 'KILL');
    wait_exit($pair->{mapper}, 5);
    hears($pair, 'b', 'a', 'nobody minds');
    ends_soon($again, GIVE_BACK_SECONDS, "$name: with miniupnpd gone, a ends as soon", sub { shift @more });
    is($again->{status}, 0, "$name: and as well");
}

sub start_searching {
    my $alone = start_inside($pairs[0], 'b', 'alone', 'elsewhere');
    wait_event($alone, { event => 'registered' }, 5);
    return $alone;
}

my $searching = 'who is still searching for a gateway ends at once';
ends_soon(start_searching(), LEAVE_SECONDS, $searching, \&start_searching);

finish();
