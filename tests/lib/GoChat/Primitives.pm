package GoChat::Primitives;

# The primitives of PROTOCOL.md, written from their specifications and from nothing of ours, for tests that compute a
# second time what the programs did: BLAKE2b (RFC 7693), SipHash-2-4 with 128 bits (its authors' reference), ChaCha20
# and Poly1305 (RFC 8439), X25519 (RFC 7748), Ed25519 (RFC 8032), HKDF as Noise has it. Slow, and not for secrets.
#
# Everything goes in and comes out as strings of bytes.
use strict;
use warnings;
no warnings qw(portable); # words of 64 bits
use Digest::SHA qw(hmac_sha256 sha512);
use Exporter qw(import);
use Math::BigInt;

our @EXPORT_OK = qw(blake2b kdf siphash chacha_poly_seal x25519 x25519_base ed25519_secret ed25519_public ed25519_sign
    blinded blinded_secret hkdf);

# --- words ------------------------------------------------------------------------------------------------------------

sub add64 {
    use integer;
    my $sum = 0;
    $sum += $_ for @_;
    no integer;
    return $sum & ~0; # unsigned again
}
sub rotate_left { my ($word, $by) = @_; return $word << $by | $word >> 64 - $by }
sub rotate_right { my ($word, $by) = @_; return $word >> $by | $word << 64 - $by }

# --- BLAKE2b ----------------------------------------------------------------------------------------------------------

my @blake_start = (
    0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
    0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
);
my @sigma = map { [split / /] } (
    '0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15', '14 10 4 8 9 15 13 6 1 12 0 2 11 7 5 3',
    '11 8 12 0 5 2 15 13 10 14 3 6 7 1 9 4', '7 9 3 1 13 12 11 14 2 6 5 10 4 0 15 8',
    '9 0 5 7 2 4 10 15 14 1 11 12 6 8 3 13', '2 12 6 10 0 11 8 3 4 13 7 5 15 14 1 9',
    '12 5 1 15 14 13 4 10 0 7 6 3 9 2 8 11', '13 11 7 14 12 1 3 9 5 0 15 4 8 6 2 10',
    '6 15 14 9 11 3 0 8 12 2 13 7 1 4 10 5', '10 2 8 4 7 6 1 5 15 11 9 14 3 12 13 0',
);

sub blake_compress {
    my ($state, $block, $counter, $last) = @_;
    my @m = unpack 'Q<16', $block;
    my @v = (@$state, @blake_start);
    $v[12] ^= $counter;
    $v[14] ^= ~0 if $last;
    for my $round (0 .. 11) {
        my @s = @{ $sigma[$round % 10] };
        for my $mix ([0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15], [0, 5, 10, 15], [1, 6, 11, 12],
            [2, 7, 8, 13], [3, 4, 9, 14]) {
            my ($a, $b, $c, $d) = @$mix;
            for my $turns ([32, 24], [16, 63]) {
                $v[$a] = add64($v[$a], $v[$b], $m[shift @s]);
                $v[$d] = rotate_right($v[$d] ^ $v[$a], $turns->[0]);
                $v[$c] = add64($v[$c], $v[$d]);
                $v[$b] = rotate_right($v[$b] ^ $v[$c], $turns->[1]);
            }
        }
    }
    $state->[$_] ^= $v[$_] ^ $v[$_ + 8] for 0 .. 7;
    return;
}

# blake2b(size, message, key, salt, personal)
sub blake2b {
    my ($size, $message, $key, $salt, $personal) = @_;
    $key //= '';
    my @parameters = unpack 'Q<8', pack 'C4 x12 x16 a16 a16', $size, length $key, 1, 1, $salt // '', $personal // '';
    my @state = map { $blake_start[$_] ^ $parameters[$_] } 0 .. 7;
    my $data = (length $key ? pack 'a128', $key : '') . $message;
    my $blocks = int((length($data) + 127) / 128) || 1;
    for my $block (1 .. $blocks) {
        my $last = $block == $blocks;
        blake_compress(\@state, pack('a128', substr $data, 128 * ($block - 1), 128),
            $last ? length $data : 128 * $block, $last);
    }
    return substr pack('Q<8', @state), 0, $size;
}

# libsodium's crypto_kdf: the number of the subkey as salt, the context as personalisation.
sub kdf {
    my ($size, $number, $context, $key) = @_;
    return blake2b($size, '', $key, pack('Q<', $number), $context);
}

# --- SipHash ----------------------------------------------------------------------------------------------------------

sub sip_round {
    my ($v) = @_;
    $v->[0] = add64($v->[0], $v->[1]);
    $v->[2] = add64($v->[2], $v->[3]);
    $v->[1] = rotate_left($v->[1], 13) ^ $v->[0];
    $v->[3] = rotate_left($v->[3], 16) ^ $v->[2];
    $v->[0] = rotate_left($v->[0], 32);
    $v->[2] = add64($v->[2], $v->[1]);
    $v->[0] = add64($v->[0], $v->[3]);
    $v->[1] = rotate_left($v->[1], 17) ^ $v->[2];
    $v->[3] = rotate_left($v->[3], 21) ^ $v->[0];
    $v->[2] = rotate_left($v->[2], 32);
    return;
}

# SipHash-2-4 with 128 bits.
sub siphash {
    my ($key, $message) = @_;
    my @k = unpack 'Q<2', $key;
    my @v = (0x736f6d6570736575 ^ $k[0], 0x646f72616e646f6d ^ $k[1] ^ 0xee, 0x6c7967656e657261 ^ $k[0],
        0x7465646279746573 ^ $k[1]);
    my $padded = $message . "\0" x (7 - length($message) % 8) . chr(length($message) % 256);
    for my $word (unpack 'Q<*', $padded) {
        $v[3] ^= $word;
        sip_round(\@v) for 1, 2;
        $v[0] ^= $word;
    }
    my $out = '';
    for my $mark ([2, 0xee], [1, 0xdd]) {
        $v[$mark->[0]] ^= $mark->[1];
        sip_round(\@v) for 1 .. 4;
        $out .= pack 'Q<', $v[0] ^ $v[1] ^ $v[2] ^ $v[3];
    }
    return $out;
}

# --- ChaCha20-Poly1305 ------------------------------------------------------------------------------------------------

sub chacha_block {
    my ($key, $counter, $nonce) = @_;
    my @start = (unpack('V4', 'expand 32-byte k'), unpack('V8', $key), $counter, unpack('V3', $nonce));
    my @x = @start;
    for (1 .. 10) {
        for my $quarter ([0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15], [0, 5, 10, 15], [1, 6, 11, 12],
            [2, 7, 8, 13], [3, 4, 9, 14]) {
            my ($a, $b, $c, $d) = @$quarter;
            for my $step ([$a, $b, $d, 16], [$c, $d, $b, 12], [$a, $b, $d, 8], [$c, $d, $b, 7]) {
                my ($sum, $with, $turned, $by) = @$step;
                $x[$sum] = $x[$sum] + $x[$with] & 0xffffffff;
                my $word = $x[$turned] ^ $x[$sum];
                $x[$turned] = ($word << $by | $word >> 32 - $by) & 0xffffffff;
            }
        }
    }
    return pack 'V16', map { $x[$_] + $start[$_] & 0xffffffff } 0 .. 15;
}

sub number { my ($bytes) = @_; return Math::BigInt->from_hex(unpack 'H*', scalar reverse $bytes) }

sub bytes_of {
    my ($number, $size) = @_;
    my $hex = $number->to_hex;
    return scalar reverse pack 'H*', '0' x (2 * $size - length $hex) . $hex;
}

my $poly_prime = Math::BigInt->new(2)->bpow(130)->bsub(5);

sub poly1305 {
    my ($key, $message) = @_;
    my $r = number(substr($key, 0, 16) & pack 'H*', 'ffffff0ffcffff0ffcffff0ffcffff0f');
    my $sum = Math::BigInt->bzero;
    $sum->badd(number("$_\1"))->bmul($r)->bmod($poly_prime) for unpack '(a16)*', $message;
    $sum->badd(number(substr $key, 16, 16));
    return substr bytes_of($sum, 20), 0, 16;
}

sub pad16 { my ($text) = @_; return $text . "\0" x (-length($text) % 16) }

# With the nonce that Noise makes of a counter.
sub chacha_poly_seal {
    my ($key, $counter, $associated, $plain) = @_;
    my $nonce = pack 'x4 Q<', $counter;
    my $stream = join '', map { chacha_block($key, $_, $nonce) } 1 .. int((length($plain) + 63) / 64);
    my $sealed = $plain ^ substr $stream, 0, length $plain;
    my $lengths = pack 'Q< Q<', length $associated, length $sealed;
    return $sealed . poly1305(chacha_block($key, 0, $nonce), pad16($associated) . pad16($sealed) . $lengths);
}

# --- Curve25519 -------------------------------------------------------------------------------------------------------

# Elements of the field are lists of 16 digits to the base 65536, lowest first, which may be negative or a little large.
my $prime = Math::BigInt->new(2)->bpow(255)->bsub(19);

sub carried {
    use integer;
    my (@digits) = @_;
    for (1, 2) {
        for my $i (0 .. 15) {
            my $carry = $digits[$i] >> 16;
            $digits[$i] -= $carry << 16;
            if ($i < 15) { $digits[$i + 1] += $carry }
            else { $digits[0] += 38 * $carry }
        }
    }
    return \@digits;
}

sub product {
    use integer;
    my ($x, $y) = @_;
    my @sums = (0) x 32;
    for my $i (0 .. 15) {
        my ($digit, $at) = ($x->[$i], $i);
        $sums[$at++] += $digit * $_ for @$y;
    }
    return carried(map { $sums[$_] + 38 * $sums[$_ + 16] } 0 .. 15);
}

sub sum { my ($x, $y) = @_; return [map { $x->[$_] + $y->[$_] } 0 .. 15] }
sub difference { my ($x, $y) = @_; return [map { $x->[$_] - $y->[$_] } 0 .. 15] }
sub element { my ($number) = @_; return [unpack 'v16', bytes_of($number->copy->bmod($prime), 32)] }

sub value_of {
    my ($element) = @_;
    my $value = Math::BigInt->bzero;
    $value->bmul(65536)->badd($_) for reverse @$element;
    return $value->bmod($prime);
}
sub inverse { my ($element) = @_; return element(value_of($element)->bmodinv($prime)) }

my ($zero, $one) = map { element(Math::BigInt->new($_)) } 0, 1;

sub clamped {
    my ($secret) = @_;
    my @bytes = unpack 'C32', $secret;
    $bytes[0] &= 248;
    $bytes[31] = $bytes[31] & 127 | 64;
    return pack 'C32', @bytes;
}

sub x25519 {
    my ($secret, $public) = @_;
    my @bits = split //, unpack 'b256', clamped($secret);
    my $x1 = element(number($public & "\xff" x 31 . "\x7f"));
    my ($x2, $z2, $x3, $z3) = ($one, $zero, $x1, $one);
    my $a24 = element(Math::BigInt->new(121665));
    for my $bit (reverse @bits[0 .. 254]) {
        ($x2, $x3, $z2, $z3) = ($x3, $x2, $z3, $z2) if $bit;
        my ($a, $b) = (sum($x2, $z2), difference($x2, $z2));
        my ($aa, $bb) = (product($a, $a), product($b, $b));
        my ($da, $cb) = (product(difference($x3, $z3), $a), product(sum($x3, $z3), $b));
        my $e = difference($aa, $bb);
        my ($both, $apart) = (sum($da, $cb), difference($da, $cb));
        ($x3, $z3) = (product($both, $both), product($x1, product($apart, $apart)));
        ($x2, $z2) = (product($aa, $bb), product($e, sum($aa, product($a24, $e))));
        ($x2, $x3, $z2, $z3) = ($x3, $x2, $z3, $z2) if $bit;
    }
    return bytes_of(value_of(product($x2, inverse($z2))), 32);
}

sub x25519_base { my ($secret) = @_; return x25519($secret, "\x09" . "\0" x 31) }

# Ed25519: points as (X, Y, Z, T) with x = X/Z, y = Y/Z, x * y = T/Z.
my $order = Math::BigInt->new(2)->bpow(252)->badd('27742317777372353535851937790883648493');
my $d = product(element(Math::BigInt->new(-121665)), inverse(element(Math::BigInt->new(121666))));
my $base_x = element(
    Math::BigInt->new('15112221349535400772501151409588531511454012693041857206046113283949847762202'));
my $base_y = product(element(Math::BigInt->new(4)), inverse(element(Math::BigInt->new(5))));

sub add_points {
    my ($p, $q) = @_;
    my $a = product(difference($p->[1], $p->[0]), difference($q->[1], $q->[0]));
    my $b = product(sum($p->[1], $p->[0]), sum($q->[1], $q->[0]));
    my $c = product(sum($p->[3], $p->[3]), product($q->[3], $d));
    my $zz = product(sum($p->[2], $p->[2]), $q->[2]);
    my ($e, $f, $g, $h) = (difference($b, $a), difference($zz, $c), sum($zz, $c), sum($b, $a));
    return [product($e, $f), product($g, $h), product($f, $g), product($e, $h)];
}

sub multiple {
    my ($scalar, $point) = @_;
    my ($sum, $power) = ([$zero, $one, $one, $zero], $point);
    for my $bit (split //, unpack 'b256', $scalar) {
        $sum = add_points($sum, $power) if $bit;
        $power = add_points($power, $power);
    }
    return $sum;
}

sub times_base {
    my ($scalar) = @_;
    my $point = multiple($scalar, [$base_x, $base_y, $one, product($base_x, $base_y)]);
    my $z = inverse($point->[2]);
    my ($x, $y) = map { value_of(product($point->[$_], $z)) } 0, 1;
    return bytes_of($x->is_odd ? $y->badd(Math::BigInt->new(2)->bpow(255)) : $y, 32);
}

# The secret scalar, which is also the X25519 form of the seed.
sub ed25519_secret { my ($seed) = @_; return clamped(substr sha512($seed), 0, 32) }
sub ed25519_public { my ($seed) = @_; return times_base(ed25519_secret($seed)) }

sub ed25519_sign {
    my ($seed, $message) = @_;
    my ($scalar, $public) = (ed25519_secret($seed), ed25519_public($seed));
    my $r = number(sha512(substr(sha512($seed), 32) . $message))->bmod($order);
    my $point = times_base(bytes_of($r, 32));
    my $challenge = number(sha512($point . $public . $message))->bmod($order);
    return $point . bytes_of($challenge->bmul(number($scalar))->badd($r)->bmod($order), 32);
}

# The point of a public key (RFC 8032 §5.1.3).
sub point_of {
    my ($public) = @_;
    my $y = element(number($public & "\xff" x 31 . "\x7f"));
    my $yy = product($y, $y);
    my $xx = value_of(product(difference($yy, $one), inverse(sum(product($d, $yy), $one))));
    my $x = $xx->copy->bmodpow($prime->copy->badd(3)->brsft(3), $prime);
    $x->bmul(Math::BigInt->new(2)->bmodpow($prime->copy->bsub(1)->brsft(2), $prime))->bmod($prime)
        if $x->copy->bmul($x)->bmod($prime) != $xx;
    die "no point\n" if $x->copy->bmul($x)->bmod($prime) != $xx;
    $x = $prime->copy->bsub($x) if $x->is_odd != ord(substr $public, 31) >> 7;
    $x = element($x);
    return [$x, $y, $one, product($x, $y)];
}

# blinded(factor of 64 bytes, Ed25519 key): the X25519 form, (1 + y) / (1 - y), of the key's point times the factor.
sub blinded {
    my ($factor, $public) = @_;
    my $point = multiple(bytes_of(number($factor)->bmod($order), 32), point_of($public));
    my ($y, $z) = @$point[1, 2];
    return bytes_of(value_of(product(sum($z, $y), inverse(difference($z, $y)))), 32);
}

# The X25519 secret that belongs to it: a multiple of eight, congruent to plus or minus factor times secret, which X25519
# does not change.
sub blinded_secret {
    my ($factor, $secret) = @_;
    my $eighth = Math::BigInt->new(8)->bmodinv($order);
    my $y = number($factor)->bmul(number($secret))->bmul($eighth)->bmod($order);
    my @fitting = grep { clamped($_) eq $_ } map { bytes_of($_->copy->bmul(8), 33) =~ s/\0\z//r } $y, $order - $y;
    die "no secret\n" if @fitting != 1 || length $fitting[0] != 32;
    return $fitting[0];
}

# --- Noise ------------------------------------------------------------------------------------------------------------

# hkdf(count, chaining key, input): that many outputs of 32 bytes.
sub hkdf {
    my ($count, $chaining_key, $input) = @_;
    my $extracted = hmac_sha256($input, $chaining_key);
    my @out = ('');
    push @out, hmac_sha256($out[-1] . chr(scalar @out), $extracted) for 1 .. $count;
    return @out[1 .. $count];
}

1;
