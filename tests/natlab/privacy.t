#!/usr/bin/perl
# Whoever watches the public segment or runs the bootnode learns neither the room's name, nor a nick, nor a message:
# searched for as they are and in the usual disguises, in a capture of every packet and in the bootnode's log at debug.
# The same search finds a marker that is sent in the clear, in each disguise, so it would find the others.
use strict;
use warnings;
use Encode qw(encode);
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Lab;
use GoChat::Test;
use MIME::Base64 qw(encode_base64);
use Socket;
use Test::More;

GoChat::Lab::enter();

use constant MARKER => 'plain marker 5d41402abc';

my $room = 'wintergarten-zq83kd';
my %nick = (a => 'Ottilie-xk20v', b => 'Eduard-pw71m');
my %text = (a => 'the bridge at noon, bring qvf9931', b => 'understood, signal is jhw4407 twice');

my %DISGUISE = (
    'as it is' => sub { lc $_[0] },
    'in hex' => sub { unpack 'H*', $_[0] },
    'in hex of lower case' => sub { unpack 'H*', lc $_[0] },
    'in UTF-16 LE' => sub { lc encode('UTF-16LE', $_[0]) },
    'in UTF-16 BE' => sub { lc encode('UTF-16BE', $_[0]) },
    map { my $shift = $_; ("in base64, shift $shift" => sub { lc base64_core($_[0], $shift) }) } 0 .. 2,
);

# The part of the base64 form that does not depend on what stands before (`shift` bytes, modulo 3) and after.
sub base64_core {
    my ($text, $shift) = @_;
    my $whole = encode_base64(("\0" x $shift) . $text, '');
    return substr $whole, 4, 4 * int((length($text) + $shift) / 3) - 4;
}

# The disguises in which `secret` stands in `haystack` (lower case).
sub found_in {
    my ($haystack, $secret) = @_;
    return grep { index($$haystack, $DISGUISE{$_}->($secret)) >= 0 } sort keys %DISGUISE;
}

sub send_in_the_clear {
    my ($lab) = @_;
    my $server = $lab->udp_socket('boot', '203.0.113.10', 7000);
    my $socket = $lab->udp_socket('a', '10.1.0.2', 7000);
    my @forms = (MARKER, unpack('H*', MARKER), unpack('H*', lc MARKER), encode('UTF-16LE', MARKER),
        encode('UTF-16BE', MARKER), map { encode_base64(('x' x $_) . MARKER, '') } 0 .. 2);
    for my $form (@forms) {
        send $socket, $form, 0, sockaddr_in(7000, inet_aton('203.0.113.10'));
        recv $server, my $got, 2048, 0;
    }
}

my $lab = GoChat::Lab->up('full', 'port-restricted');
my $folder = temp_dir();
$lab->capture_start("$folder/segment.pcap");

my $bootnode = start_bootnode(listen => '203.0.113.10:9595', log_level => 'debug', in => $lab->host('boot'));
my %client = map {
    $_ => start_client(name => $_, nick => $nick{$_}, bootnode => $bootnode, room => $room, in => $lab->host($_))
} 'a', 'b';
for (['a', 'b'], ['b', 'a']) {
    my ($own, $other) = @$_;
    ok(wait_event($client{$own}, { event => 'peer-connected', nick => $nick{$other} }, 10), "$own sees $other");
    send_line($client{$own}, $text{$own});
}
for (['a', 'b'], ['b', 'a']) {
    my ($own, $other) = @$_;
    ok(wait_event($client{$other}, { event => 'message', text => $text{$own}, nick => $nick{$own} }, 10),
        "$other heard what $own said");
    ok(wait_event($client{$own}, { event => 'delivered' }, 10), "$own knows");
}
stop_program($client{a});
ok(wait_event($client{b}, { event => 'peer-left' }, 10), 'b saw a leave');
stop_program($client{b});
send_in_the_clear($lab);
stop_program($bootnode);
$lab->capture_stop;

my $capture = lc read_file("$folder/segment.pcap");
my $log = lc log_text($bootnode);
cmp_ok(length $capture, '>', 2000, 'the capture has the conversation');
is_deeply([found_in(\$capture, MARKER)], [sort keys %DISGUISE], 'the marker is found in the capture in every disguise');
like($log, qr/listening on/, 'the log is there');
like($log, qr/joined/, 'and tells of the members');
for my $secret ($room, values %nick, values %text) {
    is(join(', ', found_in(\$capture, $secret)), '', "not in the capture: $secret");
    is(join(', ', found_in(\$log, $secret)), '', "not in the log: $secret");
}

finish();
