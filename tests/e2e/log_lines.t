#!/usr/bin/perl
# What stands in the log: at info what an operator acts on, and nobody's address; at debug who comes and goes, and why
# packets are dropped; of whom the operator traces, every packet. As JSON and logfmt every line can be read by programs.
use strict;
use warnings;
use File::Basename qw(dirname);
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use IO::Socket::IP;
use JSON::PP qw(decode_json);
use Socket qw(SOCK_DGRAM);
use Test::More;

use constant { SESSIONS => 40, SECONDS => 2, PATIENCE => 10, HELLOS => 100 };

my $time = qr/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/;

sub load {
    my ($bootnode) = @_;
    my ($status) = run_program(name => 'load', timeout => 30, command => [dirname(gochat()) . '/gochat-load', '--bootnode',
        $bootnode->{address}, '--sessions', SESSIONS, '--duration', SECONDS, '--churn', 20, '--progress', 0]);
    return is($status, 0, "$bootnode->{name}: sessions came, beat and went");
}

sub send_packets {
    my ($bootnode, $count, $packet) = @_;
    my $socket = IO::Socket::IP->new(PeerAddr => $bootnode->{address}, Type => SOCK_DGRAM) // die "socket: $@";
    send $socket, $packet, 0 for 1 .. $count;
    return $socket->sockport;
}

sub lines_of { my ($bootnode) = @_; return split /\n/, log_text($bootnode) }

sub stop {
    my ($bootnode) = @_;
    send_signal($bootnode, 'TERM');
    return is(wait_exit($bootnode, PATIENCE), 0, "$bootnode->{name}: ends");
}

# --- info ----------------------------------------------------------------------------------------------------------------

my $hello = pack 'C2 x198', 0x80, 7; # of some version, so that REFUSED is the most that comes of it

my $json = start_bootnode(name => 'json', config => "log_format = json\nlimit_loopback = on\nrate_hello = 1");
send_packets($json, HELLOS, $hello);
ok(wait_log($json, qr/rate_hello was reached: \d+ packets turned away/, PATIENCE), 'a limit is told by its key');
stop($json);
my @objects = map { eval { decode_json($_) } // "no JSON: $_" } lines_of($json);
is_deeply([grep { ref ne 'HASH' || join(' ', sort keys %$_) ne 'area level msg time' || $_->{time} !~ /^$time$/ } @objects],
    [], 'every line is an object');
is((grep { $_->{msg} =~ /was reached/ } @objects), 1, 'a flood is one line');
is((grep { $_->{area} eq 'limits' && $_->{msg} =~ m{127\.0} } @objects), 0, 'with nobody\'s address');

my $info = start_bootnode(name => 'info', config => "limit_loopback = no\nlog_addresses = on");
my $before = grep { !/ reaper: / } lines_of($info);
load($info);
# That the machine was late is news, and none of who comes.
is(scalar(grep { !/ reaper: / } lines_of($info)), $before, 'who comes and goes is no news');
stop($info);

# --- debug ---------------------------------------------------------------------------------------------------------------

my $debug = start_bootnode(name => 'debug', log_level => 'debug', config => "limit_loopback = no\nlog_format = logfmt");
load($debug);
send_packets($debug, 1, "\x60nonsense");
ok(wait_log($debug, qr/msg="something, 9 bytes: unknown_type"/, PATIENCE), 'debug says why a packet is dropped');
stop($debug);
my @said = lines_of($debug);
is_deeply([grep { !/^time=$time level=\w+ area=\w+ msg="(?:[^"\\]|\\.)*"$/ } @said], [], 'logfmt can be read');
ok((grep {/level=debug area=bootnode msg="joined session [0-9a-f]{8}"/} @said), 'who joins');
ok((grep {/level=debug area=bootnode msg="left session [0-9a-f]{8}, as its client said"/} @said), 'who leaves');
cmp_ok(scalar @said, '<', 4 * SESSIONS * SECONDS, 'and not too much of it');
is((grep {/from 127\.0\.0\.1/} @said), 0, 'still without addresses');

# --- whom the operator follows -------------------------------------------------------------------------------------------

my $folder = temp_dir();
my $address = '127.0.0.1:' . free_port();
my $config = write_file("$folder/trace.ini",
    "[bootnode]\nkey_file = $folder/key\nlog_level = warning\ntrace = 127.0.0.0/8\nsessions_per_source = 1\n");
my $trace = start_program(name => 'trace', command => [gochat(), '--mode', 'bootnode', '--listen', $address, '--config', $config]);
my $client = start_client(name => 'ada', bootnode => $address, room => 'tea');
ok(wait_event($client, { event => 'registered' }, PATIENCE), 'somebody registers');
for my $step (qr/HELLO, 200 bytes from 127\.0\.0\.1:\d+: hello/, qr/REGISTER, 548 bytes from 127\.0\.0\.1:\d+: register, welcome/,
    qr/HEARTBEAT of session [0-9a-f]{8}, 40 bytes from 127\.0\.0\.1:\d+: heartbeat, beat_ack/) {
    ok(wait_log($trace, qr/^$time trace: packet: $step$/, PATIENCE), 'and is followed, though only warnings are logged');
}
start_client(name => 'bob', bootnode => $address, room => 'cafe');
ok(wait_log($trace, qr/REGISTER, .*: register, refused\{reason="source_limit"\} \(sessions_per_source\)$/, PATIENCE),
    'a refusal names the setting');
my $port = send_packets({ address => $address }, 1, 'nonsense');
ok(wait_log($trace, qr/something, 8 bytes from 127\.0\.0\.1:$port: unknown_type/, PATIENCE), 'so is what is dropped');

# --- other settings while it runs ----------------------------------------------------------------------------------------

write_file($config, "[bootnode]\nkey_file = $folder/key\nlog_level = debug\nlog_format = json\n");
my $until = lines_of($trace); # may have that port
send_signal($trace, 'HUP');
ok(wait_log($trace, qr/"msg":"reloaded /, PATIENCE), 'SIGHUP changes the format');
$port = send_packets({ address => $address }, 1, 'nonsense');
ok(wait_log($trace, qr/"level":"debug","area":"packet","msg":"something, 8 bytes: unknown_type"/, PATIENCE), 'and the level');
my @later = lines_of($trace);
is((grep {/127\.0\.0\.1:$port\b/} @later[$until .. $#later]), 0, 'and nobody is followed any more');
finish();
