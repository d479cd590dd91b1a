#!/usr/bin/perl
# Whatever anybody sends to a bootnode and to a client, in whoever's name, neither breaks nor stops them: 1,000,000
# mutated, copied and random datagrams at the two, from every address that ever talked to them, while people chat; then
# a bad client with true cookies. The program is a sanitized one: the one under test when it is, else the one in
# san-address-undefined, which `make check` builds for this. The thread sanitizer gets 100,000: it takes far longer.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";

BEGIN {
    if (!$ENV{SAN}) {
        my $out = $ENV{OUT} // "$FindBin::Bin/../../build";
        $ENV{GOCHAT} = "$out/san-address-undefined/gochat";
        $ENV{GOCHAT_SLOW} //= 4;
    }
}
use GoChat::Lab;
use GoChat::Test;
use Socket;
use Test::More;

GoChat::Lab::enter();
-x gochat() or BAIL_OUT('no sanitized program (' . gochat() . '): run "make SAN=address,undefined"');

use constant {
    DATAGRAMS => ($ENV{SAN} // '') =~ /thread/ ? 100_000 : 1_000_000,
    SPARE => 1.02, # lost on the way, and answers that are counted with them
    REGISTERS => 400, # within the burst that a bootnode allows one address
    BOOTNODE => '203.0.113.10:9595',
    ATTACKER => '203.0.113.23',
    TALK_EVERY => 1,
    FLOOD_TIMEOUT => 60,
};

my $seed = $ENV{HOSTILE_SEED} // int rand 2**31;
my $lab = GoChat::Lab->up(('open') x 4); # a and b chat, c is the attacker's, d is for guests
my $folder = temp_dir();
my %client;
my $bootnode;
my $said = 0;

sub start_at {
    my ($host, $nick) = @_;
    return start_client(name => $nick, bootnode => $bootnode, room => 'under fire', in => $lab->host($host));
}

sub connected {
    my ($own, @nicks) = @_;
    ok(wait_event($own, { event => 'peer-connected', nick => $_ }, 10), "$own->{name} is connected to $_") for @nicks;
}

# A new message each way; the first that is missing ends the test.
sub talk {
    my ($when) = @_;
    $said++;
    send_line($client{$_}, "$_ says $said") for 'a', 'b';
    for (['a', 'b'], ['b', 'a']) {
        my ($own, $other) = @$_;
        return fail("$other hears $own $when")
            unless wait_event($client{$other}, { event => 'message', text => "$own says $said" }, 10);
        my $id = wait_field($client{$own}, { event => 'sent', text => "$own says $said" }, 10, 'id');
        return fail("$own knows it $when")
            unless $id && wait_event($client{$own}, { event => 'delivered', id => $id }, 10);
    }
    return 1;
}

# A Binding request (RFC 8489), so that mutations of one come, too.
sub ask_stun {
    my $socket = $lab->udp_socket('d', '203.0.113.24', 7000);
    send $socket, pack('n n N a12', 1, 0, 0x2112a442, 'transaction.'), 0, sockaddr_in(9595, inet_aton('203.0.113.10'));
    recv $socket, my $answer, 2048, 0;
    like($answer, qr/^\x01\x01/, 'STUN is answered');
}

# Everything that is said on the wire at least once, but for what needs a fault.
sub capture_a_conversation {
    $lab->capture_start("$folder/wire.pcap");
    $bootnode = start_bootnode(listen => BOOTNODE, in => $lab->host('boot'));
    $client{$_} = start_at($_, $_) for 'a', 'b';
    connected($client{a}, 'b');
    connected($client{b}, 'a');
    ask_stun();
    talk('before the attack');
    my $guest = start_at('d', 'guest');
    connected($guest, 'a', 'b');
    send_line($guest, 'hello from the guest');
    wait_event($client{$_}, { event => 'message', nick => 'guest' }, 10) for 'a', 'b';
    stop_program($guest);
    wait_event($client{$_}, { event => 'peer-left', nick => 'guest' }, 10) for 'a', 'b';
    watch_until(now() + 9); # the third beat, which is answered
    $lab->capture_stop;
}

# Where the client `own` is, as the other sees it.
sub address_of {
    my ($own, $other) = @_;
    return (events($client{$other}, { event => 'peer-connected', nick => $own }))[0]{address};
}

sub attack {
    my $each = int(DATAGRAMS * SPARE / 2);
    my %target = ($bootnode->{address} => $bootnode, address_of('a', 'b') => $client{a});
    my $flood = start_program(name => 'hostile', in => $lab->host('c'), command => [test_tool('hostile'),
        "$folder/wire.pcap", $seed, $each, map {"$_=$target{$_}{pid}"} sort keys %target]);
    my $start = now();
    my $talks = 0;
    while (!defined $flood->{status} && now() - $start < slow(FLOOD_TIMEOUT)) {
        talk('during the attack') or last;
        $talks++;
        watch_until(now() + TALK_EVERY);
    }
    is($flood->{status}, 0, 'the attack is over') or fail_about($flood, "seed $seed");
    cmp_ok($talks, '>=', 2, "they talked $talks times meanwhile");
    diag(sprintf 'seed %s, %d each in %.0f s', $seed, $each, now() - $start);
    my $total = 0;
    for my $address (sort keys %target) {
        my $line = wait_line($flood, qr/^\Q$address\E /, 1) or next;
        diag("$target{$address}{name} at $line->{text}");
        my ($received) = $line->{text} =~ / received (\d+)/;
        cmp_ok($received, '>=', 0.45 * DATAGRAMS, "$target{$address}{name} received its share");
        $total += $received;
    }
    cmp_ok($total, '>=', DATAGRAMS, 'the two received ' . DATAGRAMS . ' together');
}

sub attack_with_cookies {
    my ($status, $out, $err) = run_program(name => 'hostile_member', in => $lab->host('c'), timeout => 30,
        command => [test_tool('hostile_member'), BOOTNODE, $seed, REGISTERS]);
    is($status, 0, 'a bad client with true cookies') or diag($err);
    my ($members) = $out =~ /members (\d+)/;
    cmp_ok($members // 0, '>=', REGISTERS / 8, 'whose true REGISTERs are accepted');
    diag($out);
}

# What the bootnode counted, all of it: of what has labels the sum. The last counter ends it.
sub counters {
    send_signal($bootnode, 'USR2');
    wait_log($bootnode, qr/bootnode: rate_limited\{kind="move"\} \d+/, 5);
    my ($text, %count) = log_text($bootnode);
    $count{$1} += $2 while $text =~ /bootnode: (\w+)(?:\{[^}]*\})? (\d+)$/mg;
    return \%count;
}

# The members that the attack made are in rooms of their own.
sub nobody_was_harmed {
    for my $own ('a', 'b') {
        my $other = $own eq 'a' ? 'b' : 'a';
        is(events($client{$own}, { event => 'peer-left', nick => $other }), 0, "$own never missed $other");
        is(events($client{$own}, { event => 'bootnode-lost' }), 0, "$own never missed the bootnode");
        is(events($client{$own}, { event => 'peer-joined' }), 2, "$own saw nobody join but the other and the guest");
        my @astray = grep {/^\Q${\ATTACKER}\E:/} map { $_->{address} // () } events($client{$own});
        is("@astray", '', "no path of ${own}'s leads to the attacker");
    }
}

capture_a_conversation();
attack();
attack_with_cookies();
my $count = counters();
cmp_ok($count->{received} // 0, '>=', 0.45 * DATAGRAMS, 'the bootnode itself counted its share');
cmp_ok($count->{$_} // 0, '>', 0, "some were counted as $_")
    for qw(oversize unknown_type malformed cookie_bad handshake_bad heartbeat_forged sealed_forged relay_no_target
        stun);
ok(talk('after the attack'), 'both still hear each other');
nobody_was_harmed();
my $newcomer = start_at('d', 'newcomer');
connected($newcomer, 'a', 'b');
send_line($newcomer, 'what happened?');
ok(wait_event($client{$_}, { event => 'message', nick => 'newcomer' }, 10), "$_ hears the newcomer") for 'a', 'b';
diag(join ' ', map {"$_ $count->{$_}"} sort keys %$count);

finish();
