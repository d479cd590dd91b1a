#!/usr/bin/perl
# Two families of addresses: people with IPv6 and IPv4 behind a firewall and a NAT, and one with IPv4 alone, meet
# directly by a bootnode's name that stands for an address of each; IPv6 that is blocked between them, or dies while they
# talk, is a matter of seconds, and nobody is said to have left.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Lab;
use GoChat::Test;
use Test::More;

GoChat::Lab::enter();

use constant { PORT => 9595, CONNECT_SECONDS => 15, DIRECT_SECONDS => 20, RESUME_SECONDS => 6 };
use constant { NET => '2001:db8:%s::', NUMBER => { a => 21, b => 22 } };

my $lab = GoChat::Lab->up(('port-restricted') x 3);
my $folder = temp_dir();
my $hosts = write_file("$folder/hosts", "127.0.0.1 localhost\n2001:db8::10 boot.test\n203.0.113.10 boot.test\n");

sub in_host {
    my ($host, @command) = @_;
    my @whole = (@{ $lab->host($host) }, @command);
    return system(@whole) == 0 || BAIL_OUT("@whole: failed");
}

sub rules {
    my ($host, $text) = @_;
    open my $nft, '|-', @{ $lab->host($host) }, qw(nft -f -) or BAIL_OUT("nft: $!");
    print { $nft } $text;
    return close($nft) || BAIL_OUT("$text: failed");
}

# A network of its own behind the router of a host, routed, with a firewall that lets in what was asked for.
sub add_ipv6 {
    my ($host, @others) = @_;
    my $router = "r$host";
    my $net = sprintf NET, $host;
    my ($card) = qx(@{ $lab->host($host) } ip -o link show) =~ /^\d+: (?!lo:)([^:@]+)/m;
    in_host($router, qw(sysctl -qw net.ipv6.conf.all.forwarding=1));
    in_host($router, qw(ip addr add), "${net}1/64", qw(dev lan nodad));
    in_host($host, qw(ip addr add), "${net}2/64", 'dev', $card, 'nodad');
    in_host($host, qw(ip route add default via), "${net}1");
    in_host($_, qw(ip route add), "$net/64", 'via', '2001:db8::' . NUMBER->{$host}) for @others;
    rules($router, 'delete table ip6 nat; table ip6 firewall { chain forward { type filter hook forward priority 0; policy drop;'
        . ' ct state established,related accept; iifname "lan" accept; meta l4proto icmpv6 accept; }; }');
    return;
}

# A router is asked for only by who has an address of the link.
sub settle {
    for my $host (@_) {
        my $deadline = now() + slow(10);
        watch_until(now() + 0.05) while qx(@{ $lab->host($host) } ip -6 addr show tentative) && now() < $deadline;
    }
    return;
}

sub enter_room {
    my ($name, $room, $host) = @_;
    my $in = [@{ $lab->host($host) }, 'unshare', '-m', 'sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"', $hosts];
    return start_client(name => $name, room => $room, bootnode => 'boot.test:' . PORT, in => $in);
}

sub direct {
    my ($client, $nick, $address, $what) = @_;
    my $event = wait_event($client, { event => 'peer-connected', nick => $nick }, CONNECT_SECONDS)
        or return fail("$what: connected");
    $event = wait_event($client, { event => 'peer-path', path => 'direct' }, DIRECT_SECONDS)
        if $event->{path} ne 'direct';
    return like(($event // {})->{address}, $address, "$what: directly");
}

sub hears {
    my ($listener, $speaker, $text, $what) = @_;
    send_line($speaker, $text);
    return ok(wait_event($listener, { event => 'message', text => $text }, RESUME_SECONDS), $what);
}

my $ipv4 = qr/^203\.0\.113\.2[123]:/;
my $ipv6 = qr/^\[2001:db8:[ab]::2\]:/;
add_ipv6('a', qw(boot rb));
add_ipv6('b', qw(boot ra));
settle(qw(boot a ra b rb));
start_bootnode(listen => '[::]:' . PORT, in => $lab->host('boot'));

# --- one with both, one with IPv4 alone ----------------------------------------------------------------------------------

my ($both, $old) = (enter_room('both', 'mixed', 'a'), enter_room('old', 'mixed', 'c'));
my $registered = wait_event($both, { event => 'registered' }, CONNECT_SECONDS) // {};
like($registered->{mapped}, $ipv6, 'registered over IPv6');
direct($both, 'old', $ipv4, 'IPv6 and IPv4 with IPv4 alone');
direct($old, 'both', $ipv4, 'the other way');
hears($old, $both, 'hello', 'and they talk');
stop_program($_) for $both, $old;

# --- IPv6 reaches the bootnode, but nobody else -----------------------------------------------------------------------

my ($to_a, $to_b) = map { sprintf(NET, $_) . '/64' } qw(a b);
rules('pub', "table bridge wall { chain forward { type filter hook forward priority 5;"
    . " ip6 saddr $to_a ip6 daddr $to_b drop; ip6 saddr $to_b ip6 daddr $to_a drop; }; }");
my ($left, $right) = (enter_room('left', 'walled', 'a'), enter_room('right', 'walled', 'b'));
direct($left, 'right', $ipv4, 'IPv6 blocked in between');
hears($right, $left, 'over the wall', 'and they talk');
stop_program($_) for $left, $right;
rules('pub', 'delete table bridge wall');

# --- IPv6 dies while they talk -----------------------------------------------------------------------------------------

my ($x, $y) = (enter_room('x', 'dying', 'a'), enter_room('y', 'dying', 'b'));
direct($x, 'y', $ipv6, 'both with IPv6');
hears($y, $x, 'before', 'they talk');
rules('ra', 'table ip6 dead { chain forward { type filter hook forward priority -5; policy drop; }; }');
hears($x, $y, 'after', 'IPv6 dies: heard within seconds');
hears($y, $x, 'after as well', 'and the other way');
is(scalar(grep { $_->{event} =~ /^(?:peer-left|bootnode-lost)$/ } map { events($_) } $x, $y), 0,
    'nobody was said to have left, and no bootnode to be lost');
finish();
