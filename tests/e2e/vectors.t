#!/usr/bin/perl
# The Noise and X25519 vectors: the official files where they lie beside the project, else the project's own.
use strict;
use warnings;
use File::Temp qw(tempdir);
use FindBin;
use Test::More;

my $root = "$FindBin::Bin/../..";
my $tools = $ENV{BUILD_TESTS} // ($ENV{OUT} // "$root/build") . '/tests';
my $scratch = tempdir(CLEANUP => 1);

sub vectors {
    my ($name) = @_;
    my ($found) = grep { -e } "$root/../shared/vectors/$name", "$root/tests/vectors/$name";
    die "no $name" if !$found;
    return $found;
}

sub slurp {
    my ($file) = @_;
    open my $in, '<', $file or die "$file: $!";
    local $/;
    return scalar <$in>;
}

sub spew {
    my ($name, $text) = @_;
    open my $out, '>', "$scratch/$name" or die "$scratch/$name: $!";
    print $out $text;
    close $out or die "$scratch/$name: $!";
    return "$scratch/$name";
}

# The exit status and everything said.
sub tool {
    my ($name, @arguments) = @_;
    my $pid = open(my $said, '-|') // die "fork: $!";
    if (!$pid) {
        open STDERR, '>&', \*STDOUT or die "dup: $!";
        exec "$tools/$name", @arguments or die "$tools/$name: $!";
    }
    local $/;
    my $text = <$said> // '';
    close $said;
    return ($? & 127 ? "signal $?" : $? >> 8, $text);
}

# Changes the first hex digit of the last string of that name.
sub flip {
    my ($text, $key) = @_;
    $text =~ s/(.*"\Q$key\E": ?")([0-9a-f])/$1 . sprintf('%x', hex($2) ^ 1)/se or die "no $key";
    return $text;
}

for my $file (vectors('noise.json')) {
    my ($rc, $said) = tool('noise_vectors', $file);
    is($rc, 0, "Noise vectors of $file") or diag($said);
    my ($passed, $failed) = $said =~ /(\d+) passed, (\d+) failed/;
    cmp_ok($passed, '>', 0, "some are known ($passed)");
    is($failed, 0, 'none fails');
    diag($said) if $said !~ /, 0 skipped/;

    for my $key (qw(ciphertext payload handshake_hash)) {
        ($rc, $said) = tool('noise_vectors', spew('flipped.json', flip(slurp($file), $key)));
        is($rc, 1, "a flipped bit in a $key is found");
        like($said, qr/vector \d+: Noise_\w+: message \d+: /, 'and said where');
    }
    my $unknown = slurp($file) =~ s/"Noise_XX_/"Noise_IX_/gr;
    ($rc, $said) = tool('noise_vectors', spew('unknown.json', $unknown));
    is($rc, 0, 'unknown patterns are no failure');
    like($said, qr/\(2 of an unknown protocol/, 'but counted');
}

my %malformed = (
    'no JSON' => '{"vectors": [',
    'no vectors' => '{}',
    'bad hex' => flip(slurp(vectors('noise.json')), 'payload') =~ s/"payload": ?"../"payload": "zz/r,
    'a short key' => slurp(vectors('noise.json')) =~ s/("init_ephemeral": ?")../$1/r,
    'a missing key' => slurp(vectors('noise.json')) =~ s/"resp_static"/"resp_other"/r,
);
for my $case (sort keys %malformed) {
    my ($rc, $said) = tool('noise_vectors', spew('malformed.json', $malformed{$case}));
    is($rc, 2, "$case: exit 2");
    is(scalar(() = $said =~ /\n/g), 1, "$case: one line") or diag($said);
}
is((tool('noise_vectors', "$scratch/absent.json"))[0], 2, 'no file: exit 2');

SKIP: {
    my ($rc, $said) = tool('noise_vectors', '--generate');
    skip 'without AES hardware no vectors are made', 1 if $rc == 2;
    is((tool('noise_vectors', spew('generated.json', $said)))[0], 0, 'generated vectors pass');
}

for my $file (vectors('x25519.json')) {
    my ($rc, $said) = tool('x25519_vectors', $file);
    is($rc, 0, "X25519 vectors of $file") or diag($said);
    my ($passed, $refused) = $said =~ /(\d+) passed \((\d+) of them/;
    cmp_ok($refused, '>', 10, "bad points are refused ($refused)");
    cmp_ok($passed - $refused, '>', 5, 'good ones are not');
    ($rc, $said) = tool('x25519_vectors', spew('flipped.json', flip(slurp($file), 'shared')));
    is($rc, 1, 'a flipped bit in a shared secret is found');
}

done_testing;
