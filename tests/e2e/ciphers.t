#!/usr/bin/perl
# Which cipher two peers agree on: AES-256-GCM when both have the hardware for it, ChaCha20-Poly1305 when one has not.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use Test::More;

my $aes = grep {/^(?:flags|Features)\b.*\baes\b/} split /\n/, read_file('/proc/cpuinfo');
my $bootnode = start_bootnode();

# Both say what was agreed, and a message passes.
sub agreed_test {
    my ($what, $cipher, %config) = @_;
    my %client = map {
        $_ => start_client(name => $_, bootnode => $bootnode, room => $what, config => $config{$_})
    } 'alice', 'bob';
    for (['alice', 'bob'], ['bob', 'alice']) {
        my ($own, $other) = @$_;
        my $agreed = wait_field($client{$own}, { event => 'peer-connected', nick => $other }, 10, 'cipher');
        is($agreed, $cipher, "$what: $own uses $cipher");
        send_line($client{$own}, "hello from $own");
        ok(wait_event($client{$other}, { event => 'message', text => "hello from $own" }, 5),
            "$what: $other hears $own");
    }
    stop_program(values %client);
}

SKIP: {
    skip 'this processor has no AES instructions', 1 unless $aes;
    agreed_test('both choose freely', 'AES-256-GCM');
}
agreed_test('alice without AES', 'ChaCha20-Poly1305', alice => 'ciphers = chacha20-poly1305');
agreed_test('bob without AES', 'ChaCha20-Poly1305', bob => 'ciphers = chacha20-poly1305');
agreed_test('both without AES', 'ChaCha20-Poly1305', map { $_ => 'ciphers = chacha20-poly1305' } 'alice', 'bob');

finish();
