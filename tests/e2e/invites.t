#!/usr/bin/perl
# Invites: those of appendix B of PROTOCOL.md, made a second time from the text and with primitives that are not ours.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Primitives qw(blake2b);
use GoChat::Test;
use MIME::Base64 qw(encode_base64url);
use Test::More;

my $root = "$FindBin::Bin/../..";

# --- appendix B -------------------------------------------------------------------------------------------------------

sub bytes_from { my ($first, $count) = @_; return join '', map { chr(($first + $_) % 256) } 0 .. $count - 1 }
sub encoded { my ($text, $plain) = @_; return $text =~ s/([^A-Za-z0-9._~\-$plain])/sprintf '%%%02X', ord $1/ger }

my $chat = 'chat.example.org';
my ($key, $other) = map { blake2b(16, bytes_from($_, 32), 'gochat print v1') } 0x40, 0x60;
my ($none, $private) = ("\0" x 16, bytes_from(0x80, 32));
my @invites = (
    ['open room', [$chat], 'tea', 0, ''],
    ['open room, with the key', [$chat], 'tea', 0, '', $key],
    ['secret room', [$chat], 'tea', 0, bytes_from(0, 32)],
    ['a short secret', ['192.0.2.1:4000', '[2001:db8::1]'], "lobby \xc3\xa9", 0, 'open sesame', $key, $none],
    ['passphrase', ['localhost'], 'tea', 8, ''],
    ['private room', [$chat], 'tea & cake', 1, $private, $key],
    ['with an epoch', [$chat], 'tea', 2, $private . bytes_from(0, 32), $key],
    ['by a door', ['a.example', 'b.example:1', 'c.example', 'd.example:65535'], 'tea', 3, $private . bytes_from(0x20, 32),
        $key, $none, $other, $none],
);

sub made {
    my ($hosts, $name, $kind, $secrets, @prints) = @_;
    my $payload = join '', chr($kind | (@prints ? 4 : 0)), $secrets, @prints;
    my $sum = substr blake2b(16, join("\0", join(',', @$hosts), $name, $payload), 'gochat invite v1'), 0, 4;
    return 'gochat://' . encoded(join(',', @$hosts), '\[\]:,') . '/' . encoded($name, '') . '#'
        . encode_base64url($payload . $sum);
}

my ($appendix) = read_file("$root/common/PROTOCOL.md") =~ /^(## Appendix B.*?)(?=^## |\z)/ms;
my %shown;
while ($appendix =~ /^ {4}(\S.*)\n((?: {8}\S+\n)+)/mg) {
    my ($what, $lines) = ($1, $2);
    $shown{$what} = $lines =~ s/\s+//gr;
}
for my $invite (@invites) {
    my ($what, @parts) = @$invite;
    is($shown{$what}, made(@parts), "appendix B: $what");
}
my ($list) = read_file("$root/tests/unit/client/invite/test_invite.c") =~ /vectors\[\] = \{(.*?)\};/s;
my @tested = map { s/"\s*"//gr =~ s/\s*"\s*//gr } split /,\n/, $list;
is_deeply([grep {/\S/} @tested], [map { $shown{ $_->[0] } } @invites], 'and unit/client/invite/test_invite has them');

done_testing;
