#!/usr/bin/perl
# The exchange in appendix A of PROTOCOL.md: our programs make just that (tests/tools/exchange.c), and it is computed
# here a second time, from the secrets in the text, the layouts as the text has them, and primitives that are not ours.
use strict;
use warnings;
no warnings qw(portable); # words of 64 bits
use Digest::SHA qw(sha256);
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Primitives qw(blake2b kdf siphash chacha_poly_seal x25519 x25519_base ed25519_secret ed25519_public
    ed25519_sign blinded blinded_secret hkdf);
use GoChat::Test;
use Test::More;

# --- the primitives: their own specifications' examples ---------------------------------------------------------------

sub hex_of { my ($bytes) = @_; return unpack 'H*', $bytes }
sub bytes { return pack 'H*', join '', @_ }

is(hex_of(blake2b(64, 'abc')), 'ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5'
        . 'de4533cc9518d38aa8dbf1925ab92386edd4009923', 'BLAKE2b: RFC 7693');
is(hex_of(siphash(pack('C*', 0 .. 15), pack 'C*', 0 .. 14)), '5493e99933b0a8117e08ec0f97cfc3d9',
    'SipHash: its authors');
is(hex_of(x25519(bytes('a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4'),
    bytes('e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c'))),
    'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552', 'X25519: RFC 7748');
is(hex_of(ed25519_sign(bytes('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb'), 'r')),
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aee'
        . 'b00d291612bb0c00', 'Ed25519: RFC 8032');
# Made with OpenSSL: RFC 8439 has no example with a nonce as Noise makes it.
is(hex_of(chacha_poly_seal(pack('C*', 0x80 .. 0x9f), 1, 'ad', 'text')), '97740c79644cb33cc3e49c4aa96e34cb13606f25',
    'ChaCha20-Poly1305');

# --- the text and our programs ----------------------------------------------------------------------------------------

my ($appendix) = read_file("$FindBin::Bin/../../common/PROTOCOL.md") =~ /^(## Appendix A.*?)(?=^## |\z)/ms;
my $shown = join '', map {"$_\n"} grep {/^    /} split /\n/, $appendix // '';
my ($status, $made) = run_program(command => [test_tool('exchange')]);
is($status, 0, 'our programs make the exchange');
is($made =~ s/\n+/\n/gr, $shown, 'and it is the one of the text');

# Blocks of names with their bytes.
my @blocks;
for my $paragraph (split /\n\s*\n/, $appendix // '') {
    my ($name, %block);
    for my $line (grep {/^    /} split /\n/, $paragraph) {
        $name = $1 if $line =~ /^    (\S.*?)  /;
        my ($value) = $line =~ /(\S+(?: zeros\))?)$/;
        $block{$name} .= $value =~ /^\((\d+) zeros\)$/ ? '00' x $1 : $value;
    }
    push @blocks, \%block if %block;
}
is(scalar @blocks, 17, 'blocks of values');

# --- what is computed -------------------------------------------------------------------------------------------------

my $block;
sub given { my ($name) = @_; return bytes($block->{$name} // die "no $name in the text\n") }

sub computed {
    my ($name, $bytes) = @_;
    is(hex_of($bytes), $block->{$name}, $name);
    return $bytes;
}

sub take { $block = shift @blocks; return }

sub key_set {
    my ($key) = @_;
    return (
        tag => computed('room tag', kdf(16, 1, 'gcroom01', $key)),
        mac_key => computed('MAC key', kdf(16, 3, 'gcroom01', $key)),
        psk => computed('psk', kdf(32, 4, 'gcroom01', $key)),
    );
}

sub subkeys {
    my ($key) = @_;
    return { key_set($key), blinding_key => computed('blinding key', kdf(32, 2, 'gcroom01', $key)) };
}

take();
my $room_name = given('room name');
my $room = subkeys(computed('room key K', blake2b(32, $room_name, 'gochat room v1')));

# enter(letter, person, room): the person's keys and id there.
sub enter {
    my ($who, $person, $where) = @_;
    my $factor = computed("$who blinding factor", blake2b(64, $person->{key}, $where->{blinding_key}));
    $person->{member_secret} = computed("$who member secret", blinded_secret($factor, $person->{secret}));
    $person->{member_key} = computed("$who member key", blinded($factor, $person->{key}));
    is(hex_of(x25519_base($person->{member_secret})), hex_of($person->{member_key}), "and its secret is $who\'s");
    $person->{id} = computed("$who member id", blake2b(16, $person->{member_key}, 'gochat member v1'));
    return $person->{id};
}

sub person {
    my ($who) = @_;
    my $seed = given("$who Ed25519 seed");
    my %person = (seed => $seed, key => computed("$who Ed25519 key", ed25519_public($seed)),
        secret => computed("$who X25519 secret", ed25519_secret($seed)));
    $person{public} = computed("$who X25519 key", x25519_base($person{secret}));
    computed("$who fingerprint", blake2b(16, $person{key}, 'gochat print v1'));
    enter($who, \%person, $room);
    return \%person;
}

take();
my $alice = person('A');
take();
my $bob = person('B');
my $digest = blake2b(64, join('', sort $alice->{key}, $bob->{key}), 'gochat safety v1');
is(join('', map { sprintf '%05d', hex(hex_of($_)) % 100_000 } unpack '(a5)12', $digest), $block->{'safety number'},
    'safety number');

take();
my $root = computed('root R', blake2b(32, $alice->{key} . given('nonce'), 'gochat owned v1'));
my $stable = computed('N', blake2b(32, $room_name, $root));
computed('room id', kdf(16, 5, 'gcroom01', $stable));
computed('blinding key', kdf(32, 2, 'gcroom01', $stable));
take();
key_set(blake2b(32, $root . computed('secret', kdf(32, 6, 'gcroom01', $stable)), 'gochat epoch v1'));
take();
key_set(blake2b(32, $root . given('secret'), 'gochat epoch v1'));

# --- Noise ------------------------------------------------------------------------------------------------------------

sub noise_mix_hash { my ($noise, $data) = @_; $noise->{h} = sha256($noise->{h} . $data); return $data }

sub noise_start {
    my ($name, $prologue) = @_;
    my $hash = length $name > 32 ? sha256($name) : pack 'a32', $name;
    my $noise = { h => $hash, ck => $hash };
    noise_mix_hash($noise, $prologue);
    return $noise;
}

sub noise_mix_key {
    my ($noise, $input) = @_;
    @$noise{qw(ck k)} = hkdf(2, $noise->{ck}, $input);
    $noise->{n} = 0;
    return;
}

sub noise_mix_psk {
    my ($noise, $psk) = @_;
    ($noise->{ck}, my $middle, $noise->{k}) = hkdf(3, $noise->{ck}, $psk);
    noise_mix_hash($noise, $middle);
    $noise->{n} = 0;
    return;
}

sub noise_encrypt {
    my ($noise, $plain) = @_;
    return noise_mix_hash($noise, $plain) if !$noise->{k};
    return noise_mix_hash($noise, chacha_poly_seal($noise->{k}, $noise->{n}++, $noise->{h}, $plain));
}

sub noise_ephemeral {
    my ($noise, $public) = @_;
    noise_mix_hash($noise, $public);
    noise_mix_key($noise, $public) if $noise->{psk};
    return $public;
}

sub noise_split { my ($noise) = @_; return hkdf(2, $noise->{ck}, '') }

# --- A and the bootnode -----------------------------------------------------------------------------------------------

sub address { my ($ip, $port) = @_; return bytes('00' x 10, 'ffff') . pack 'C4 n', split(/\./, $ip), $port }
# candidate(IP, port, seen)
sub candidate { my ($ip, $port, $seen) = @_; return pack 'C C4 n', $seen ? 0x14 : 4, split(/\./, $ip), $port }
my $other_ip = bytes('20010db8', '00' x 11, '01');
my $other_port = pack 'n', 4000;

take();
my $key_file = given('bootnode key file');
my $bootnode_secret = computed('bootnode secret', kdf(32, 2, 'gcnode01', $key_file));
my $bootnode_key = computed('bootnode key', x25519_base($bootnode_secret));
my $reset_key = computed('reset key', kdf(16, 1, 'gcnode01', $key_file));

take();
my $nonce = bytes('0102030405060708');
computed('HELLO', pack 'a200', "\x80\x01" . pack('n', unpack('n', $room->{tag}) >> 6) . $nonce);
my $cookie_secret = given('cookie secret');
my $second = pack 'N', 1000;
sub cookie { my ($address) = @_; return $second . siphash($cookie_secret, $address . $second) }
my $seen = address('192.0.2.1', 4000);
my $cookie = cookie($seen);
computed('COOKIE', "\x81\x01\0\0$nonce$bootnode_key$seen\0\0$cookie");

take();
my $claim = $room->{tag} . $alice->{member_key};
my $rest = pack('C C N', 1, 1, 1) . candidate('192.168.1.10', 4000) . "\x01$other_ip$other_port"
    . cookie($other_ip . $other_port);
my $register_secret = given('A ephemeral');
my $attempt = bytes('1112131415161718');
my $register = "\x82\x01" . pack('n', 32 + 16 + length($claim) + 16 + length $rest) . $attempt . $cookie;
my $link = noise_start('Noise_NK_25519_ChaChaPoly_SHA256', "gochat link 1$register");
noise_mix_hash($link, $bootnode_key);
$register .= noise_ephemeral($link, x25519_base($register_secret));
noise_mix_key($link, x25519($register_secret, $bootnode_key));
my $proven = "gochat member proof 1$link->{h}$claim$rest";
my $proof = computed('A proof', blake2b(16, $proven, x25519($alice->{member_secret}, $bootnode_key)));
my $register_payload = computed('REGISTER payload', $claim . $proof . $rest);
computed('REGISTER', pack 'a548', $register . noise_encrypt($link, $register_payload));

take();
my $session_id = bytes('0102030004050001');
my $version = bytes('0a0b0c0d00000002');
my $reset_token = siphash($reset_key, $session_id);
my ($token, $next_token) = (bytes('2122'), bytes('2324'));
my $bob_record = $bob->{id} . pack('C C N', 3, 1, 7) . "\x16" . bytes('20010db8', '00' x 11, '02') . pack 'n', 5000;
my $welcome_payload = computed('WELCOME payload',
    $session_id . $reset_token . pack('n n C C n', 4000, 15_000, 3, 3, 128)
        . $token . $version . pack('Q>', 1_767_225_600_000) . $bob_record);
my $welcome_secret = given('bootnode ephemeral');
my $welcome = "\x83\0\0\0$attempt" . noise_ephemeral($link, x25519_base($welcome_secret));
noise_mix_key($link, x25519($register_secret, x25519_base($welcome_secret)));
computed('WELCOME', $welcome . noise_encrypt($link, $welcome_payload));

take();
my ($k1, $k2) = noise_split($link);
my $session = computed('session secret S', blake2b(32, computed('k1', $k1) . computed('k2', $k2)));
my @subkey = (undef, map { computed("subkey $_", kdf($_ < 3 ? 32 : 16, $_, 'gclink01', $session)) } 1 .. 4);

# Also a packet with its MAC.
sub tagged { my ($key, $packet) = @_; return $packet . siphash($key, $packet) }

sub sealed {
    my ($type, $counter, $key, $body, $echoed) = @_;
    my $header = chr($type) . "\0" . ($echoed // "\0\0") . $session_id . pack 'Q>', $counter;
    return $header . chacha_poly_seal($key, $counter, $header, $body);
}

take();
computed('HEARTBEAT', tagged($subkey[3], "\x84\x01$token$session_id" . pack('N', 1) . $version));
computed('BEAT_ACK', tagged($subkey[4], "\x85\0$next_token$session_id" . pack('N', 1) . bytes('0a0b0c0d00000003')));
my $changes = computed('CHANGES body', "\0\0" . bytes('0a0b0c0d00000003') . pack('N C', 2, 1) . $alice->{id}
        . pack('C C N', 1, 3, 1) . candidate('192.0.2.1', 4000, 1) . "\x16$other_ip$other_port"
        . candidate('192.168.1.10', 4000));
computed('CHANGES', sealed(0x86, 1, $subkey[2], $changes, $next_token));
my $moved_cookie = cookie(address('192.0.2.1', 4001));
my $path = "\x89\0\0\0$session_id$moved_cookie";
computed('PATH', $path . substr siphash($subkey[4], $path), 0, 8);
computed('MOVE', sealed(0x8a, 1, $subkey[1], $moved_cookie));
my $pair_tag = computed('pair tag A to B', substr siphash($room->{mac_key}, "pair$alice->{id}$bob->{id}"), 0, 8);
my $probe = computed('PROBE', tagged($room->{mac_key}, "\x90\x01" . "\0" x 6 . $pair_tag . "\0" x 96));
computed('RELAY', tagged($subkey[3], "\x8f\0\0\0$session_id$bob->{id}$probe"));
computed('LEAVE', sealed(0x8b, 2, $subkey[1], "\x01"));
computed('RESET', "\x8c\0\0\0$session_id$reset_token");

# --- A and B ----------------------------------------------------------------------------------------------------------

sub introduction {
    my ($person, $run, $nick) = @_;
    return $person->{key} . $run x 8 . pack 'N Q> C/a', 1, 1_767_225_600_000, $nick;
}

sub frame { my ($type, $body) = @_; return pack 'C n/a', $type, $body }
sub padded { my ($frames) = @_; return $frames . "\0" x (-length($frames) % 16) }

sub data {
    my ($index, $counter, $key, $frames) = @_;
    my $header = "\x94\0\0\0$index" . pack 'Q>', $counter;
    return $header . chacha_poly_seal($key, $counter, $header, $frames);
}

sub second_mac { my ($initiation, $cookie) = @_; return siphash($cookie, substr $initiation, 0, 96) }

sub cookie_reply {
    my ($room, $a_index, $a_public, $initiation) = @_;
    my $cookie = given('cookie');
    computed('COOKIE_REPLY', tagged($room->{mac_key}, pack 'a112',
        "\x95\x01\0\0$a_index" . substr($a_public, 0, 16) . $cookie));
    computed('INITIATION with it', tagged($room->{mac_key}, $initiation . second_mac($initiation, $cookie)));
    return;
}

# handshake(room, number, the hash, B's index and the keys of the session that it renews): the hash and both keys.
sub handshake {
    my ($room, $number, $former, $former_index, @former_keys) = @_;
    my ($a_index, $b_index) = (pack('n n', 0xaaaa, $number), pack 'n n', 0xbbbb, $number);
    my ($a_secret, $b_secret) = (given('A ephemeral'), given('B ephemeral'));
    my ($a_public, $b_public) = map { x25519_base($_) } $a_secret, $b_secret;
    my $pattern = $room->{secret} ? 'XXpsk3' : 'XX';
    my $noise = noise_start("Noise_${pattern}_25519_ChaChaPoly_SHA256",
        "gochat peer 1$room->{tag}$room->{a}$room->{b}\x01\x03" . ($former // ''));
    $noise->{psk} = $room->{secret};

    my $tag = substr siphash($room->{mac_key}, "pair$room->{a}$room->{b}"), 0, 8;
    my $initiation = "\x91\x01" . ($former ? "\x01\0" : "\0\0") . $a_index . $tag . ($former_index // "\0" x 4)
        . noise_ephemeral($noise, $a_public) . noise_encrypt($noise, '');
    $initiation = pack 'a96', $initiation;
    my $renewal = $former ? blake2b(16, "gochat renewal 1$initiation", join '', @former_keys) : "\0" x 16;
    computed('INITIATION', tagged($room->{mac_key}, $initiation . $renewal));
    cookie_reply($room, $a_index, $a_public, $initiation) if !$former && !$room->{secret};

    my $response = "\x92\x01\0\0$b_index$a_index\0\0\0\0" . noise_ephemeral($noise, $b_public);
    noise_mix_key($noise, x25519($a_secret, $b_public));
    $response .= noise_encrypt($noise, $bob->{public});
    noise_mix_key($noise, x25519($a_secret, $bob->{public}));
    computed('RESPONSE', tagged($room->{mac_key}, $response . noise_encrypt($noise, '')));

    my $confirmation = "\x93\x01\0\0$a_index$b_index\0\0\0\0" . noise_encrypt($noise, $alice->{public});
    noise_mix_key($noise, x25519($alice->{secret}, $b_public));
    noise_mix_psk($noise, $room->{psk}) if $room->{secret};
    my $introduction = computed('A introduction', introduction($alice, 'A', 'ann'));
    computed('CONFIRMATION', tagged($room->{mac_key}, $confirmation . noise_encrypt($noise, $introduction . given('A token'))));

    my ($to_b, $to_a) = noise_split($noise);
    computed('handshake hash', $noise->{h});
    return ($noise->{h}, computed('key A to B', $to_b), computed('key B to A', $to_a));
}

take();
@$room{qw(a b)} = ($alice->{id}, $bob->{id});
my ($hash, $to_b, $to_a) = handshake($room, 1);
my ($a_index, $b_index) = (bytes('aaaa0001'), bytes('bbbb0001'));

take();
my $b_token = bytes('3132333435363738');
my $answer = computed('B frames 0',
    padded(frame(1, introduction($bob, 'B', 'ben')) . frame(5, bytes('5152535455565758')) . frame(4, $b_token)));
computed('B DATA 0', data($a_index, 0, $to_a, $answer));
my $message = "\x03\0$alice->{key}" . 'A' x 8 . pack('Q> Q> N C/a', 1, 1_767_225_600_000, 10, 'ann') . 'Hello, Ben';
$message .= ed25519_sign($alice->{seed}, "gochat message 3$room->{tag}$message");
computed('message', $message);
my $pong_token = bytes('2122232425262728');
my $said = computed('A frames 0',
    padded(frame(5, $b_token) . frame(4, $pong_token) . frame(2, pack('N N C', 1, 0, 3) . $message)));
computed('A DATA 0', data($b_index, 0, $to_b, $said));
my $heard = computed('B frames 1', padded(frame(5, $pong_token) . frame(3, pack 'N N Q>', 1, 1, 0)));
computed('B DATA 1', data($a_index, 1, $to_a, $heard));

take();
handshake($room, 2, $hash, $b_index, $to_b, $to_a);

# --- a room with a secret ---------------------------------------------------------------------------------------------

# Argon2id is taken from the text: tests/unit/common/test_names.c has the K that it leads to from OpenSSL.
take();
computed('salt', substr blake2b(32, "gochat salt v1$room_name"), 0, 16);
my $hidden = subkeys(computed('room key K', blake2b(32, $room_name, given('Argon2id'))));
$hidden->{secret} = 1;
$hidden->{a} = enter('A', {%$alice}, $hidden);
$hidden->{b} = enter('B', {%$bob}, $hidden);
take();
(undef, $to_b, $to_a) = handshake($hidden, 1);
computed('B DATA 0', data($a_index, 0, $to_a, computed('B frames 0', $answer)));

finish();
