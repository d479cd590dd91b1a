#!/usr/bin/perl
# The doctor on loopback: what it says, as a page and as JSON, its exit statuses, what one can get wrong; and that it
# understands other people's STUN servers, as their clients do our bootnode.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use IO::Select;
use IO::Socket::IP;
use JSON::PP;
use Socket qw(SOCK_DGRAM);
use Test::More;

use constant { DIRECT => 0, USAGE => 2, UNSURE => 6, BLOCKED => 7 };

sub doctor {
    my (@arguments) = @_;
    return run_program(name => 'doctor', timeout => 30, command => [gochat(), '--mode', 'doctor', @arguments]);
}

sub examined {
    my (@arguments) = @_;
    my ($status, $out, $err) = doctor('--json', @arguments);
    is(scalar(() = $out =~ /\n/g), 1, 'JSON is one line') or diag($out, $err);
    return ($status, eval { decode_json($out) } // {});
}

# --- two addresses ---------------------------------------------------------------------------------------------------

my $port = free_port();
my $other_port = free_port('127.0.0.2');
my $two = start_bootnode(name => 'two', listen => "127.0.0.1:$port", config => "stun_alternate = 127.0.0.2:$other_port");
my ($status, $said) = examined('--bootnode', $two->{address});
is($status, DIRECT, 'two addresses: direct with everyone');
is_deeply([sort keys %$said], [sort qw(bootnode named udp nat offered ipv4 ipv6 lifetime clock carrier_grade_nat nat64 port_mapping
    verdict status)], 'two addresses: every key');
is($said->{bootnode}, $two->{address}, 'the bootnode as it was named');
is($said->{nat}, 'open', 'an open network');
like($said->{verdict}, qr/^Everyone can reach you directly\.$/, 'everyone can reach us');
my $ipv4 = $said->{ipv4};
is_deeply([@{$ipv4}{qw(server reachable translated mapping filtering other_address hairpinning)}],
    [$two->{address}, JSON::PP::true, JSON::PP::false, ('endpoint-independent') x 2, JSON::PP::true, undef],
    'reachable, and nothing in between');
is($ipv4->{mapped}, $ipv4->{local}, 'the bootnode sees the address that we have');
cmp_ok($ipv4->{answered}, '>', 0, 'pings are answered');
cmp_ok($ipv4->{rtt_ms}{best}, '<=', $ipv4->{rtt_ms}{worst}, 'the best round trip is no longer than the worst');
cmp_ok(abs $said->{clock}{offset_ms}, '<=', slow(100), 'the clocks agree');
is_deeply([@{$said}{qw(ipv6 lifetime port_mapping)}], [undef, undef, undef], 'what was not looked at is null');

($status, my $page) = doctor('--bootnode', $two->{address});
is($status, DIRECT, 'the page: the same status');
like($page, qr/^$_ +\S/m, "the page: $_") for qw(IPv4 Address NAT Mapping Filtering IPv6 Clock);
like($page, qr/\nEveryone can reach you directly\.\n\z/, 'the page: the sentence comes last');
ok(!(grep { length > 80 } split /\n/, $page), 'the page: fits 80 columns') or diag($page);

my $own = free_port();
(undef, $said) = examined('--bootnode', $two->{address}, '--port', $own);
is($said->{ipv4}{local}, "127.0.0.1:$own", '--port is where it asks from');
my $config = write_file(temp_dir() . '.ini', "[client]\nbootnode = $two->{address}\nroom = tea\n");
($status) = examined('--config', $config);
is($status, DIRECT, 'the bootnode may stand in the client\'s settings');
unlink $config;

# --- the attributes, byte by byte ------------------------------------------------------------------------------------

# The answer to a Binding with these attributes, as (whence, type, attributes by type).
sub binding {
    my ($attributes, $to) = @_;
    my $socket = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0, Type => SOCK_DGRAM, Proto => 'udp')
        or die "socket: $@";
    my $packet = pack('n n N a12', 1, length $attributes, 0x2112A442, 'transaction!') . $attributes;
    $socket->send($packet, 0, Socket::pack_sockaddr_in($to // $port, Socket::inet_aton('127.0.0.1')));
    return unless IO::Select->new($socket)->can_read(slow(2));
    my ($from_port, $from) = Socket::unpack_sockaddr_in($socket->recv(my $answer, 2048));
    my ($type, $rest) = unpack 'n x18 a*', $answer;
    my %attribute;
    while ($rest =~ s/\A(..)(..)//s) {
        my ($name, $size) = (unpack('n', $1), unpack 'n', $2);
        $attribute{ sprintf '%04x', $name } = substr $rest, 0, ($size + 3) & ~3, '';
    }
    return (Socket::inet_ntoa($from) . ":$from_port", $type, \%attribute, length($answer) - length($packet));
}

sub place { my ($ip, $at) = @_; return pack 'n n a4', 1, $at, Socket::inet_aton($ip) }

my ($from, $type, $told) = binding('');
is($from, "127.0.0.1:$port", 'a plain Binding is answered from where it went');
is_deeply([sort keys %$told], [qw(0020 802b 802c)], 'with XOR-MAPPED-ADDRESS, RESPONSE-ORIGIN, OTHER-ADDRESS');
is($told->{'802b'}, place('127.0.0.1', $port), 'RESPONSE-ORIGIN is its address');
is($told->{'802c'}, place('127.0.0.2', $other_port), 'OTHER-ADDRESS is the configured one');
my %corner = (2 => "127.0.0.1:$other_port", 4 => "127.0.0.2:$port", 6 => "127.0.0.2:$other_port");
for my $change (sort keys %corner) {
    my ($whence, undef, $more) = binding(pack 'n n N', 3, 4, $change);
    is($whence, $corner{$change}, "CHANGE-REQUEST $change is answered from $corner{$change}");
    is($more->{'802b'}, place(split /:/, $corner{$change}), 'and says so');
}
($from, $type, $told) = binding('', $other_port);
is_deeply([$from, $told->{'802c'}], ["127.0.0.1:$other_port", place('127.0.0.2', $port)], 'so at its other port');

my (undef, undef, $clock, $longer) = binding(pack 'n n Q>', 0xc0f1, 8, 0);
cmp_ok(abs(unpack('Q>', $clock->{c0f1}) / 1000 - time), '<', 5, 'CLOCK tells the time');
my (undef, undef, undef, $plain_longer) = binding('');
is($longer, $plain_longer, 'and makes the answer no longer than its request did');

# --- one address -----------------------------------------------------------------------------------------------------

my $one = start_bootnode(name => 'one');
($status, $said) = examined('--bootnode', $one->{address});
is($status, UNSURE, 'one address: unsure');
is($said->{ipv4}{filtering}, undef, 'one address: the filter is not known');
like($said->{verdict}, qr/Cannot tell .* second bootnode/, 'one address: says what would help');
(undef, $page) = doctor('--bootnode', $one->{address});
like($page, qr/^Filtering +cannot tell$/m, 'one address: the page says so');

my ($one_port) = $one->{address} =~ /:(\d+)/;
($from, $type, $told) = binding('', $one_port);
is_deeply([$type, sort keys %$told], [0x0101, '0020'], 'one address: the answer is the shortest');
($from, $type, $told) = binding(pack('n n N', 3, 4, 6), $one_port);
is_deeply([$type, $told->{'0009'}, $told->{'000a'}], [0x0111, pack('N', 0x414), pack('n n', 3, 0)],
    'one address: CHANGE-REQUEST is not known');

# --- nobody, and nonsense --------------------------------------------------------------------------------------------

($status, $said) = examined('--bootnode', '127.0.0.1:' . free_port());
is($status, BLOCKED, 'no bootnode: its own status');
ok(!$said->{udp}, 'no bootnode: no UDP');
($status, $said) = examined('--bootnode', '127.0.0.1:' . free_port(), '--bootnode', $two->{address});
is($status, DIRECT, 'one dead, one alive: an answer');
is($said->{ipv4}{server}, $two->{address}, 'one dead, one alive: the other one is asked');

for my $wrong (
    ['no bootnode', qr/--bootnode/], ['half a port', qr/--bootnode/, '--bootnode', 'localhost:'],
    ['a wrong port', qr/--port.*70000/, '--bootnode', $one->{address}, '--port', '70000'],
    ['an unknown flag', qr/--loud/, '--bootnode', $one->{address}, '--loud'],
    ['a stray word', qr/hello/, '--bootnode', $one->{address}, 'hello'],
    ['a flag without its value', qr/--port/, '--bootnode', $one->{address}, '--port'],
    ['an impossible host', qr/no\.\.such/, '--bootnode', 'no..such:9595'],
    ['an impossible time', qr/--timeout.*soon/, '--bootnode', $one->{address}, '--timeout', 'soon'],
    ['a config file that is not there', qr/none\.ini/, '--config', '/nowhere/none.ini'],
) {
    my ($what, $pattern, @arguments) = @$wrong;
    my ($code, $out, $err) = doctor(@arguments);
    is($code, USAGE, "$what: status 2");
    like($err, $pattern, "$what: says so");
    is(scalar(() = $err =~ /\n/g), 1, "$what: in one line") or diag($err);
    is($out, '', "$what: and nothing else");
}
($status, $said) = examined('--bootnode', 'no-such-host.invalid:9595', '--timeout', '1');
is_deeply([$status, $said->{status}], [1, 1], 'an unknown host, for programs: status 1, in the object, too');
is_deeply([sort keys %$said], [qw(bootnode error status)], 'an unknown host, for programs: one object says so');
like($said->{error}, qr/no-such-host\.invalid/, 'an unknown host, for programs: which');
($status, $said) = examined('--bootnode', $two->{address}, '--port', $port);
is_deeply([$status, $said->{status}], [1, 1], 'a port that is taken, for programs: status 1, in the object, too');
($status, $said) = examined('--bootnode', 'no-such-host.invalid:9595', '--bootnode', $two->{address});
is($status, DIRECT, 'an unknown host beside a known one: the other one is asked');

my ($code, $help) = doctor('--help');
is($code, 0, '--help');
like($help, qr/$_/, "$_ is explained") for qw(--bootnode --json --lifetime --port --timeout --config);

# A second address that is not another one.
my $free = free_port();
for my $bad (["127.0.0.1:$other_port", 2, qr/another address and another port/],
    ["127.0.0.9:$free", 2, qr/another address and another port/]) {
    my ($alternate, $status, $pattern) = @$bad;
    my $folder = temp_dir();
    my $file = write_file("$folder/b.ini", "[bootnode]\nkey_file = $folder/key\nstun_alternate = $alternate\n");
    ($code, undef, my $err) = run_program(name => 'refused',
        command => [gochat(), '--mode', 'bootnode', '--listen', "127.0.0.1:$free", '--config', $file]);
    is($code, $status, "stun_alternate = $alternate: refused");
    like($err, qr/stun_alternate .*$pattern/, "stun_alternate = $alternate: says so");
}

# One that is not ours may come later; until then the log says so.
my $early = start_bootnode(name => 'early', listen => '127.0.0.1:' . free_port(), config => 'stun_alternate = 192.0.2.77:9');
ok((grep {/192\.0\.2\.77:9\b/ && /this machine has no/} split /\n/, log_text($early)), 'stun_alternate is not here yet')
    or diag log_text($early);

# --- other people's servers and clients ------------------------------------------------------------------------------

SKIP: {
    skip 'turnutils_natdiscovery (package coturn) is not installed', 1 unless packaged('turnutils_natdiscovery');
    my ($code, $out, $err) = run_program(name => 'natdiscovery', timeout => 60,
        command => [packaged('turnutils_natdiscovery'), '-m', '-f', '-p', $port, '127.0.0.1']);
    like($out . $err, qr/NAT with Endpoint Independent $_!/, "turnutils_natdiscovery: $_") for qw(Mapping Filtering);
}

SKIP: {
    skip 'stun (package stun-client) is not installed', 1 unless packaged('stun');
    my ($code, $out, $err) = run_program(name => 'stun', command => [packaged('stun'), "127.0.0.1:$port"], timeout => 60);
    like($out . $err, qr/Primary: Open/, 'stun: open');
}

SKIP: {
    skip 'turnserver (package coturn) is not installed', 1 unless packaged('turnserver');
    my $folder = temp_dir();
    my ($turn_port, $turn_other) = (free_port(), free_port());
    my $coturn = start_program(name => 'coturn', command => [packaged('turnserver'), '-n', '--stun-only', '--no-tls',
        '--no-dtls', '--no-tcp', '--no-cli', '-L', '127.0.0.1', '-L', '127.0.0.2', '-p', $turn_port,
        "--alt-listening-port=$turn_other", '--log-file=stdout', "--pidfile=$folder/pid", "--userdb=$folder/db"]);
    wait_line($coturn, qr/Total General servers/, 10);
    ($status, $said) = examined('--bootnode', "127.0.0.1:$turn_port");
    is($status, DIRECT, 'coturn: understood');
    is($said->{nat}, 'open', 'coturn: open');
    is($said->{clock}, undef, 'coturn: does not tell the time');
    stop_program($coturn);
}

finish();
