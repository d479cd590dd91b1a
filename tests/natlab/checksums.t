#!/usr/bin/perl
# Packets of sessions whose checksums are wrong, from a forger on the Internet: they are no lost datagrams of the
# living, so no silence is doubted for them (bootnode/steering.h, rule 2). By loopback, where other tests send, nothing
# is steered by its length.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Lab;
use GoChat::Test;
use Socket;
use Test::More;

GoChat::Lab::enter();

use constant { BOOTNODE => '203.0.113.10:9595', FORGED => 50, TIMEOUT => 10, LONGEST => 68, UDP_HEADER => 8 };

my $lab = GoChat::Lab->up('open');
my $bootnode = start_bootnode(listen => BOOTNODE, in => $lab->host('boot'),
    config => "workers = 1\nmetrics = 127.0.0.1:0");
my ($page) = wait_log($bootnode, qr{metrics on http://\S+}, TIMEOUT)->{text} =~ m{(http://\S+)};

sub metrics {
    my $code = 'print HTTP::Tiny->new->get(shift)->{content}';
    my @command = (@{ $lab->host('boot') }, $^X, '-MHTTP::Tiny', '-e', $code, $page);
    open my $pipe, '-|', @command or die "metrics: $!";
    my $text = join '', <$pipe>;
    return { map { /^gochat_(\S+) (\S+)$/ ? ($1 => $2) : () } split /\n/, $text };
}

# HEARTBEATs of so many bytes of sessions that are not, of the first worker; host a's own address is their source. A
# checksum of zero says that there is none.
sub forge {
    my ($size, $checksum) = @_;
    my ($address, $port) = split /:/, BOOTNODE;
    my $payload = pack "C x3 N n C2 x@{[$size - 12]}", 0x84, 1, 1, 0, 0;
    my $packet = pack('n4', 5000, $port, UDP_HEADER + $size, $checksum) . $payload;
    my $code = 'use Socket; my ($where, $times, $packet) = @ARGV; socket my $raw, AF_INET, SOCK_RAW, 17 or die $!;'
        . 'send $raw, pack("H*", $packet), 0, sockaddr_in(0, inet_aton $where) or die $! for 1 .. $times';
    system(@{ $lab->host('a') }, $^X, '-e', $code, $address, FORGED, unpack 'H*', $packet) == 0
        or die 'nothing was sent';
    return;
}

sub come {
    my ($metric) = @_;
    return wait_until(sub { (metrics()->{$metric} // 0) >= FORGED }, TIMEOUT);
}

forge(LONGEST, 0);
ok(come('lane_received_total{worker="0",lane="session"}'), 'short packets of sessions come by their lane');
forge(LONGEST + 1, 0);
ok(come('lane_received_total{worker="0",lane="relay"}'), 'longer ones by that of RELAY');
forge($_, 0xdead) for LONGEST, LONGEST + 1, 500;
ok(come('worker_overflowed_total{worker="0",lane="relay"}'), 'there the kernel counts wrong checksums as losses');
watch_until(now() + 1);
my $metrics = metrics();
is($metrics->{'worker_overflowed_total{worker="0",lane="session"}'}, 0, 'in the lane of sessions it counts none');
is($metrics->{'lane_received_total{worker="0",lane="session"}'}, FORGED, 'and lets none come');
is($metrics->{'hearing_doubts_total{worker="0"}'}, 0, 'so nobody is believed later');
is(stop_program($bootnode), 0, 'it ends as always');
finish();
