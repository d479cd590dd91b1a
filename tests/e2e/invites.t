#!/usr/bin/perl
# Invites: those of appendix B of PROTOCOL.md, made a second time from the text and with primitives that are not ours;
# and people who join by one, mistype it, or are led to another bootnode than it says.
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
    ['with an epoch', [$chat], 'tea', 2, $private . bytes_from(0, 40), $key],
    ['by a door', ['a.example', 'b.example:1', 'c.example', 'd.example:65535'], 'tea', 3, $private . bytes_from(0x20, 40),
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

# --- joining ----------------------------------------------------------------------------------------------------------

my $bootnode = start_bootnode();
my $folder = temp_dir();
my $folders = 0;
my $secret = write_file("$folder/secret", bytes_from(0x33, 32));
chmod 0600, $secret or die "$secret: $!\n";
my $anna = start_client(name => 'anna', bootnode => $bootnode, room => 'tea & cake', arguments => ['--secret-file', $secret]);
wait_event($anna, { event => 'registered' }, 5);
send_line($anna, '{"command":"invite","ref":7}');
my $invite = wait_field($anna, { event => 'invite', ref => 7 }, 5, 'invite') // '';
my $print = blake2b(16, pack('H*', read_file("$bootnode->{folder}/bootnode.key.pub") =~ s/\n//r), 'gochat print v1');
is($invite, made([$bootnode->{address}], 'tea & cake', 0, bytes_from(0x33, 32), $print), 'the invite has what it is to have');

# The arguments of a client that has nothing else; '-' for the invite: it comes by standard input.
sub guest {
    my ($name, $by, @more) = @_;
    return start_program(name => $name, json => 1, command => [gochat(), $by, '--config', '/dev/null', '--ui', 'json',
        '--nick', $name, '--data-dir', "$folder/" . ++$folders, @more]);
}

my $bert = guest('bert', $invite);
ok(wait_event($bert, { event => 'peer-connected', nick => 'anna' }, 10), 'it is enough to join');
is(events($bert, { event => 'joined' }) ? (events($bert, { event => 'joined' }))[0]{room} : '', 'tea & cake', 'that room');
my $arguments = read_file("/proc/$bert->{pid}/cmdline");
unlike($arguments, qr/gochat:/, 'nobody sees it in the list of processes');
like($arguments, qr/\0--nick\0bert\0/, 'where the rest stands as it was');

my $carl = guest('carl', '-');
send_line($carl, "<$invite>");
send_line($carl, 'hello by a line');
ok(wait_event($bert, { event => 'message', text => 'hello by a line' }, 10), 'standard input may have it in front');
my ($status, $out, $err) = run_program(name => 'sender', timeout => 20,
    command => [gochat(), '--mode', 'send', '--config', '/dev/null', '--data-dir', "$folder/" . ++$folders, $invite, 'the', 'news']);
is("$status $out$err", '0 ', 'a sender takes it');
ok(wait_event($anna, { event => 'message', text => 'the news' }, 5), 'and says the rest');

# --- what goes wrong --------------------------------------------------------------------------------------------------

my $mistyped = $invite =~ s/(#.{4})(.)(.)/$1$3$2/r; # of the secret, which is the same each time
($status, $out, $err) = run_program(name => 'mistyped', command => [gochat(), $mistyped, '--config', '/dev/null']);
is($status, 2, 'a mistyped one is wrong usage');
like($err, qr/\Agochat: the invite is mistyped: its checksum does not fit [^\n]*\n\z/, 'and said in one line');

# As if the invite were of another bootnode at that address.
my $elsewhere = made([$bootnode->{address}], 'tea & cake', 0, bytes_from(0x33, 32), blake2b(16, 'x' x 32, 'gochat print v1'));
my $dora = guest('dora', $elsewhere);
ok(wait_event($dora, { event => 'error', text => qr/\Q$bootnode->{address}\E has the key [0-9a-f]{64}, which is not the one in the invite: refused/ }, 10),
    'a bootnode with another key is refused');
is(wait_exit($dora, 5), 1, 'which ends the client: there is no other');
ok(!events($dora, { event => 'registered' }), 'before it was told anything');

finish();
