#!/usr/bin/perl
# The units of systemd: what systemd itself makes of them, how far the service is shut off by its reckoning, and a socket
# that it hands over.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Cwd qw(abs_path);
use GoChat::Test;
use IO::Select;
use IO::Socket::IP;
use Socket qw(SOCK_DGRAM);
use Test::More;

use constant { SCORE_MOST => 1.3, STUN_MAGIC => 0x2112a442 };

my $conf = abs_path("$FindBin::Bin/../../conf");
my $folder = temp_dir();
my @analyze = packaged('systemd-analyze');
my @activate = packaged('systemd-socket-activate');

SKIP: {
    skip 'no systemd-analyze', 3 if !@analyze;
    # The programs that they name are those of an installation.
    my $program = gochat();
    for my $unit (qw(gochat-bootnode.service gochat-bootnode.socket)) {
        my $text = read_file("$conf/$unit") =~ s{^(Exec\w+=)\S+/gochat\b}{$1$program}gmr;
        write_file("$folder/$unit", $text);
    }
    my ($status, $out, $err) = run_program(name => 'verify', command => [@analyze, 'verify', '--man=no',
        "$folder/gochat-bootnode.service", "$folder/gochat-bootnode.socket"]);
    is($status, 0, 'systemd takes the units');
    is("$out$err", '', 'without a word');
    ($status, $out, $err) = run_program(name => 'security', command => [@analyze, 'security', '--offline=yes', '--no-pager',
        "$conf/gochat-bootnode.service"]);
    my ($score) = $out =~ /Overall exposure level for \S+: ([\d.]+)/;
    cmp_ok($score // 10, '<=', SCORE_MOST, 'by its reckoning the service is shut off as far as it was');
}

SKIP: {
    skip 'no systemd-socket-activate', 3 if !@activate;
    my $port = free_port();
    my $file = write_file("$folder/bootnode.ini", "[bootnode]\nlisten = 127.0.0.1:1\nkey_file = $folder/key\n");
    # It passes on no more of the environment than it is told to.
    my @options = map { ('--setenv', $_) } grep { defined $ENV{$_} } qw(ASAN_OPTIONS TSAN_OPTIONS UBSAN_OPTIONS LSAN_OPTIONS);
    my $systemd = start_program(name => 'activated', command => [@activate, '--datagram', @options, '--listen',
        "127.0.0.1:$port", gochat(), '--mode', 'bootnode', '--config', $file]);
    ok(wait_log($systemd, qr/Listening on/, 10), 'systemd has the socket');
    my $socket = IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => $port, Type => SOCK_DGRAM) or die "socket: $@\n";
    $socket->send(pack 'n n N a12', 1, 0, STUN_MAGIC, 'the first one');
    ok(wait_log($systemd, qr/listening on 127\.0\.0\.1:$port,/, 10), 'by which a datagram starts the bootnode');
    ok(IO::Select->new($socket)->can_read(slow(5)), 'that answers it');
    stop_program($systemd);
}

finish();
