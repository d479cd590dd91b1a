#!/usr/bin/perl
# What no bootnode could start with: each file is refused by --check-config with all that is wrong in it, a line each, and
# no bootnode starts with it.
use strict;
use warnings;
use File::Path qw(make_path remove_tree);
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use Test::More;

my $folder = temp_dir();
$ENV{HOME} = "$folder/home";
delete @ENV{qw(STATE_DIRECTORY CREDENTIALS_DIRECTORY XDG_STATE_HOME)};
make_path("$folder/home", "$folder/kept/inner");
write_file("$folder/short.key", 'short');
chmod 0600, "$folder/short.key";
write_file("$folder/open.key", ('ab' x 32) . "\n");
chmod 0666, "$folder/open.key";
write_file("$folder/denied.txt", "192.0.2.0/24\n192.0.2\n");
write_file("$folder/closed.creds", "node-1:word\n");
chmod 0600, "$folder/closed.creds";
write_file("$folder/open.creds", "node-1:word\n");
chmod 0644, "$folder/open.creds";
symlink 'nowhere', "$folder/dangling.key";
write_file("$folder/wrong.ini", "workers = 2\nworkers = 3\nnonsense\n");
write_file("$folder/again.ini", "include = faulty.ini\n");
write_file("$folder/kept/10-first.conf", "listen = 127.0.0.1\n");
write_file("$folder/kept/20-second.conf", "listen = 127.0.0.2\nlisten = 127.0.0.1\n");
write_file("$folder/kept/30-third.conf", "[bootnode]\nrate_stun = lots\n");
write_file("$folder/kept/inner/deep.conf", "include = none.conf\n");

# What stands for more in what follows: reasons, and the start of a node's settings.
my %stands_for = (
    size => 'expected a size from 0 to 1GiB in B, KiB, MiB, GiB, kB, MB or GB; a number alone is in B',
    time => 'expected a time from 0 to 50s in ms, s, min, h or d; a number alone is in ms',
    rate => 'expected a rate from 0 to 100MB/s in B/s, KiB/s, MiB/s, GiB/s, kB/s, MB/s, GB/s, bit/s, kbit/s, Mbit/s or Gbit/s; a number alone is in B/s',
    packets => 'expected a number a second from 0 to 10000/s',
    listen => 'expected 1 to 16 times ADDR[:PORT], as in 192.0.2.1:9595 or [2001:db8::1]:9595, separated by commas',
    other => 'expected another address and another port than those listened on, of the same family',
    alternate => 'expected ADDR:PORT, another address and another port than those listened on, or nothing',
    metrics => 'expected ADDR:PORT, as in 127.0.0.1:9596, or nothing',
    public => 'expected public IP addresses without a port, one of each family, or LOCAL=PUBLIC, as in 192.0.2.1, 10.0.0.6=192.0.2.2, or nothing',
    user => 'expected a user of this machine, as in gochat or gochat:gochat',
    line => 'expected key = value, [section], or a comment after # or ;',
    node => "[bootnode]\nlisten = 127.0.0.1:0\nkey_file = kept/bootnode.key\nnode_id = 1\n[cluster]\nname = town",
);

# Files as they stand here, from their first line on; and behind each ">" what is said of it, from its line on. FOLDER is
# where the file lies. A ~ at the end: more follows. A row in "|" is a file of one key: its line | name | what is said.
my (@files, $file);
for my $line (map {s/\{(\w+)\}/$stands_for{$1} \/\/ die "$1\n"/ger} <DATA>) {
    if ($line =~ /^\| (.*?) \| (.*?) \| (.*)/) { push @files, { name => $2, text => "[bootnode]\n$1\n", said => ["2: $1: $3"] } }
    elsif ($line =~ /^# (.*)/) { push @files, $file = { name => $1, text => '', said => [] } }
    elsif ($line =~ /^> (.*)/) { push @{ $file->{said} }, $1 }
    else { $file->{text} .= $line }
}
cmp_ok(scalar @files, '>=', 131, 'faulty files');

# Bytes that cannot stand in a source.
push @files,
    { name => 'a zero byte', text => "[bootnode]\nworkers = 1\0\n", said => ['2: a zero byte, expected text'] },
    { name => 'a line without end', text => "[bootnode]\n;" . 'x' x 70_000, said => ['2: a line of 65536 bytes or more, expected less'] },
    { name => 'control characters', text => "[bootnode]\n\e[2J = 1\n", said => ["2: \xef\xbf\xbd[2J = 1: unknown key, expected one of ~"] };

sub lines_of { my ($text) = @_; return map {s{\Q$folder\E}{FOLDER}gr} split /\n/, $text }

my $made = 0; # by a check
for my $case (@files) {
    my $path = write_file("$folder/faulty.ini", $case->{text} =~ s/FOLDER/$folder/gr);
    my @gochat = (gochat(), '--mode', 'bootnode', '--config', $path);
    my ($status, undef, $err) = run_program(name => 'check', command => [@gochat, '--check-config']);
    is($status, 2, "$case->{name}: refused");
    $made ||= -e "$folder/home/.local" || -e "$folder/kept/bootnode.key";
    my @said = map {s{^FOLDER/faulty\.ini:}{}r} lines_of($err);
    my @expected = @{ $case->{said} };
    my @shown = map { ($expected[$_] // '') =~ /^(.*)~$/ && index($said[$_], $1) == 0 ? "$1~" : $said[$_] } 0 .. $#said;
    is_deeply(\@shown, \@expected, "$case->{name}: with each reason") or diag $err;
    ($status) = run_program(name => 'start', command => \@gochat, timeout => 10);
    cmp_ok($status, '>', 0, "$case->{name}: and nothing starts");
    remove_tree("$folder/home/.local", map {"$folder/kept/bootnode.key$_"} '', '.pub');
}
# A network's broadcast address, where this machine has such a network.
my ($broadcast) = (`ip -o -4 address show 2>/dev/null` // '') =~ / brd ([\d.]+) /;
SKIP: {
    skip 'no network here has a broadcast address', 2 if !$broadcast;
    my $path = write_file("$folder/faulty.ini", "[bootnode]\nlisten = $broadcast:9595\n");
    my ($status, undef, $err) = run_program(name => 'check', command => [gochat(), '--mode', 'bootnode', '--config', $path, '--check-config']);
    is($status, 2, 'a broadcast address: refused');
    is($err, "$path:2: listen = $broadcast:9595: a network's broadcast address, expected one of this machine's own\n", 'with the reason');
}

ok(!$made, 'no key was made by a check');

# What no file says has no line, and no value to show.
write_file("$folder/home/.local", '');
my ($status, undef, $err) =
    run_program(name => 'check', command => [gochat(), '--mode', 'bootnode', '--config', write_file("$folder/faulty.ini", ''), '--check-config']);
is($status, 2, 'a default that cannot be: refused');
like($err, qr{^default: key_file: \Q$folder\E/home/\.local/state/gochat[^:]*: .*Not a directory$}m, 'with the key and the reason');

finish();

__DATA__
| workers = 0 | no number of workers | expected auto or a number from 1 to 256
| workers = 257 | too many workers | expected auto or a number from 1 to 256
| workers = four | workers in words | expected auto or a number from 1 to 256
| sessions = 99999999999999999999999 | a number that no machine holds | expected a number from 1 to 1073741824
| sessions = 1M | sessions with a unit | expected a number from 1 to 1073741824
| sessions = -1 | less than no sessions | expected a number from 1 to 1073741824
| node_id = 0x10 | a hexadecimal number | expected a number from 0 to 255
| node_id = 256 | a node that is none of 256 | expected a number from 0 to 255
| room_members = 1 | a room for one | expected a number from 2 to 512
| room_source_share = 101% | a share of more than all | expected a percentage from 1% to 100%
| room_source_share = 25s | a share of what is no share | expected a percentage from 1% to 100%; s is a unit of a time
| receive_buffer = 4 Megabytes | a size that is none | {size}; Megabytes is no unit of a size
| receive_buffer = 64kib | a size with letters of the wrong case | {size}; kib is no unit of a size, did you mean KiB?
| receive_buffer = 5s | a size in seconds | {size}; s is a unit of a time
| receive_buffer = 2GiB | a size beyond what the kernel takes | {size}
| receive_buffer = 99999999999GiB | a size that overflows | {size}; too large
| receive_buffer = 0.5B | a size of half a byte | {size}; no whole number of B
| restart_ms = 1h | a time that is too long | {time}
| restart_ms = -5s | a time before now | {time}; no number
| restart_ms = 0.0001s | a time of a fraction of a millisecond | {time}; no whole number of ms
| restart_ms = 1m | minutes by their wrong name | {time}; m is no unit of a time
| drain = 30 | a drain without a unit | expected auto, or a time of an hour at most, as in 30s or 5min
| relay_rate = 64KiB | a rate without time | {rate}; KiB is a unit of a size
| relay_total_rate = 100Mbps | a rate as others write it | {rate}; Mbps is no unit of a rate
| relay_total_rate = 100mbit/s | a rate in small letters | {rate}; mbit/s is no unit of a rate, did you mean Mbit/s?
| relay_rate = 7bit/s | a rate of single bits | {rate}; no whole number of B/s
| relay_total_rate = 10Gbit/s | a rate beyond the limit | {rate}
| rate_hello = 100/min | packets a minute | {packets}; /min is no unit of a number a second
| rate_stun = /s | packets without number | {packets}; no number
# an empty value
[bootnode]
rate_reset =
> 2: rate_reset = : {packets}; no number
| limit_loopback = maybe | a switch that is neither | expected on or off
| relay = always | a choice that there is not | expected auto or never
| log_level = verbose | a level that there is not | expected error, warning, info or debug
| sandbox = strict | a sandbox that there is not | expected on, tell or off
# listening on nothing
[bootnode]
listen =
> 2: listen = : {listen}
| listen = localhost:9595 | listening on a name | {listen}
| listen = 127.0.0.1:65536 | a port that is none | {listen}
| listen = 127.0.0.1.1:9595 | an address of five numbers | {listen}
| listen = 127.0.0.1, 127.0.0.256, 127.0.0.3 | an item of a list | {listen}; 127.0.0.256 is none
| listen = 127.0.0.1,, 127.0.0.3 | an empty item of a list | {listen}; nothing is none
| listen = 127.0.0.1, 127.0.0.2, 127.0.0.1:9595 | an address twice in a line | {listen}; 127.0.0.1:9595 stands there twice
# an address twice in two lines
[bootnode]
listen = 127.0.0.1
listen = 127.0.0.2, 127.0.0.1
> 3: listen = 127.0.0.2, 127.0.0.1: expected 16 addresses at most, each once, in all lines of this key; 127.0.0.1:9595 is there already
| listen = 127.0.0.1:9595, [::ffff:127.0.0.1]:9595 | an address twice in two ways to write it | {listen}; [::ffff:127.0.0.1]:9595 stands there twice
# a multicast address
[bootnode]
listen = 127.0.0.1, 224.0.0.251:5353
> 2: listen = 224.0.0.251:5353: a multicast address, expected one of this machine's own
# a multicast address of IPv6
[bootnode]
listen = 127.0.0.1
listen = [ff02::1]:9595
> 3: listen = [ff02::1]:9595: a multicast address, expected one of this machine's own
| listen = 255.255.255.255:9595 | the broadcast address | the broadcast address, expected one of this machine's own
| listen = 0.0.0.1:9595 | an address of this network | no address of a machine, expected one of this machine's own
| listen = [fe80::1]:9595 | a link-local address without its interface | a link-local address, expected its interface, too, as in [fe80::1%eth0]:9595
| listen = 127.0.0.1, [fe80::1%none0]:9595 | an interface that there is not | {listen}; there is no interface none0
# another address that is the same
[bootnode]
listen = 127.0.0.1
stun_alternate = 127.0.0.1:9596
> 3: stun_alternate = 127.0.0.1:9596: {other}
# another port that is the same
[bootnode]
listen = 127.0.0.1
stun_alternate = 127.0.0.2:9595
> 3: stun_alternate = 127.0.0.2:9595: {other}
# another address of the other family
[bootnode]
listen = 127.0.0.1
stun_alternate = [::1]:9596
> 3: stun_alternate = [::1]:9596: {other}
| stun_alternate = 0.0.0.0:9596 | another address that is every address | {alternate}
| stun_alternate = 239.1.2.3:9596 | another address that is multicast | {alternate}
# another port that is listened on in part
[bootnode]
listen = 0.0.0.0, 127.0.0.1:9596
stun_alternate = 127.0.0.2:9596
> 3: stun_alternate = 127.0.0.2:9596: its port is opened at every address, too, and overlaps there with listen = 127.0.0.1:9596 (FOLDER/faulty.ini:2)
| stun_alternate = 127.0.0.2 | another address without a port | {alternate}
| metrics = localhost:9596 | metrics at a name | {metrics}
| metrics = 127.0.0.1:http | metrics at a port by name | {metrics}
| metrics = 127.0.0.1 | metrics without a port | {metrics}
| metrics = 127.0.0.1:9596, 127.0.0.2:9596 | metrics at two addresses | {metrics}
| metrics = 224.0.0.1:9596 | metrics for a group | a multicast address, expected one of this machine's own
# metrics at somebody else's address
[bootnode]
listen = 127.0.0.1
metrics = 203.0.113.77:9596
> 3: metrics = 203.0.113.77:9596: cannot be listened on: Cannot assign requested address
| metrics_host = bootnode.example.org:9596 | a host with a port | expected host names without a port, separated by commas, or nothing
| public_address = 10.0.0.1 | a private address as a public one | {public}
| public_address = 203.0.113.1:9595 | a public address with a port | {public}
| public_address = 203.0.113.1, 203.0.113.2 | two public addresses of one family | {public}
| user = no-such-user | a user who is not here | {user}; no user no-such-user here
| user = root:no-such-group | a group that is not here | {user}; no group no-such-group here
| user = :users | a user without a name | {user}, with a group, or nothing
# a folder as key
[bootnode]
listen = 127.0.0.1:0
key_file = FOLDER
> 3: key_file = FOLDER: a folder, expected a file
# a key below a file
[bootnode]
listen = 127.0.0.1:0
key_file = short.key/deeper/bootnode.key
> 3: key_file = FOLDER/short.key/deeper/bootnode.key: Not a directory
# a key where no folder can be made
[bootnode]
listen = 127.0.0.1:0
key_file = /proc/self/gochat/bootnode.key
> 3: key_file = /proc/self/gochat/bootnode.key: cannot be made: /proc/self: ~
# a key that is too short
[bootnode]
listen = 127.0.0.1:0
key_file = short.key
> 3: key_file = FOLDER/short.key: malformed, expected 64 hex digits and a newline
# a key for everybody
[bootnode]
listen = 127.0.0.1:0
key_file = open.key
> 3: key_file = FOLDER/open.key: mode 0666 lets others in, expected 0600, or 0640 for a group of its own
# a key that leads nowhere
[bootnode]
listen = 127.0.0.1:0
key_file = dangling.key
> 3: key_file = FOLDER/dangling.key: a symbolic link that leads nowhere
| key_file = ~no-such-user/bootnode.key | a key at somebody's home who is not here | expected a known home directory for ~, and a path of at most 511 bytes in all
# a previous key that is not there
[bootnode]
listen = 127.0.0.1:0
key_file = kept/bootnode.key
previous_keys = none.key
> 4: previous_keys = none.key: FOLDER/kept/none.key: No such file or directory
# a previous key that is none
[bootnode]
listen = 127.0.0.1:0
key_file = kept/bootnode.key
previous_keys = FOLDER/short.key
> 4: previous_keys = FOLDER/short.key: FOLDER/short.key: malformed, expected 64 hex digits and a newline
# a control socket in no folder
[bootnode]
listen = 127.0.0.1:0
control = FOLDER/none/control
> 3: control = FOLDER/none/control: No such file or directory
# a control socket in the place of a file
[bootnode]
listen = 127.0.0.1:0
control = FOLDER/short.key
> 3: control = FOLDER/short.key: there is something that is no socket
# a list of nobody that is not there
[bootnode]
listen = 127.0.0.1:0
deny_file = denied.txt
deny_file = none.txt
allow_file = kept
> 4: deny_file = FOLDER/none.txt: No such file or directory
> 5: allow_file = FOLDER/kept: expected a file
# a list with a fault
[bootnode]
listen = 127.0.0.1:0
deny_file = denied.txt
> FOLDER/denied.txt:2: 192.0.2: expected a network, as in 192.0.2.0/24 or 2001:db8::/48, or an address
# a list twice
[bootnode]
deny_file = denied.txt, ./denied.txt
deny_file = denied.txt
> 3: deny_file = denied.txt: expected 8 paths at most, each once, in all lines of this key; FOLDER/denied.txt is there already
# a room larger than all rooms
[bootnode]
sessions = 100
room_members = 101
> 3: room_members = 101: expected no more than sessions = 100 (FOLDER/faulty.ini:2)
# a source with more than there is
[bootnode]
sessions_per_source = 2000
sessions = 1000
> 2: sessions_per_source = 2000: expected no more than sessions = 1000 (FOLDER/faulty.ini:3)
# a session with more than its source
[bootnode]
relay_source_rate = 1Mbit/s
relay_rate = 2Mbit/s
> 3: relay_rate = 2Mbit/s: expected no more than relay_source_rate = 1Mbit/s (FOLDER/faulty.ini:2)
| relay_rate = 1MiB/s | a session with more than the default of its source | expected no more than relay_source_rate = 512KiB/s (default)
# a source with more than all
[bootnode]
relay_rate = 0
relay_source_rate = 90MB/s
relay_total_rate = 100Mbit/s
> 3: relay_source_rate = 90MB/s: expected no more than relay_total_rate = 100Mbit/s (FOLDER/faulty.ini:4)
# a cluster whose name is no word
[cluster]
name = old town
> 2: name = old town: expected at most 32 letters, digits, - and _, as in town, or nothing
# a cluster whose name is a subject
[cluster]
name = town.beacon
> 2: name = town.beacon: expected at most 32 letters, digits, - and _, as in town, or nothing
# a cluster without all that a node needs
[cluster]
name = town
> 2: name = town: expected a node_id in [bootnode], which no other node has
# a node of a cluster without addresses
[bootnode]
node_id = 0
[cluster]
name = town
nats = nats://127.0.0.1
> 4: name = town: expected addresses, too: those by which clients reach this node
# a node of a cluster without a board
[bootnode]
node_id = 0
[cluster]
name = town
addresses = 192.0.2.1
> 4: name = town: expected nats, too: the servers by which the nodes hear each other
# a cluster without a name
[cluster]
addresses = 192.0.2.1
nats = nats://127.0.0.1
> 2: addresses = 192.0.2.1:9595: expected name, too: which cluster is that?
> 3: nats = nats://127.0.0.1: expected name, too: which cluster is that?
# more homes than a client has
[cluster]
replicas = 5
> 2: replicas = 5: expected a number from 1 to 4
# no weight
[cluster]
weight = 0
> 2: weight = 0: expected a number from 1 to 1000
| replicas = 2 | a cluster's key in the wrong section | unknown key, expected one of ~
# every address as one of one's own
{node}
addresses = 0.0.0.0
nats = nats://127.0.0.1
> 7: addresses = 0.0.0.0:9595: every address, expected the one that others reach
# two addresses of one family
{node}
addresses = 192.0.2.1, 192.0.2.2
nats = nats://127.0.0.1
> 7: addresses = 192.0.2.2:9595: expected one IPv4 address and one IPv6 address at most
# an address with no port
{node}
addresses = 192.0.2.1:0
nats = nats://127.0.0.1
> 7: addresses = 192.0.2.1:0: expected a port from 1 to 65535
# three addresses
{node}
addresses = 192.0.2.1, [2001:db8::1], 192.0.2.2
nats = nats://127.0.0.1
> 7: addresses = 192.0.2.1, [2001:db8::1], 192.0.2.2: expected 0 to 2 times ADDR[:PORT], as in 192.0.2.1:9595 or [2001:db8::1]:9595, separated by commas; 192.0.2.2 is one too many
# a state file that is a folder
{node}
addresses = 192.0.2.1
nats = nats://127.0.0.1
state_file = kept
> 9: state_file = FOLDER/kept: expected a regular file
# a state file below a file
{node}
addresses = 192.0.2.1
nats = nats://127.0.0.1
state_file = denied.txt/inner/view
> 9: state_file = FOLDER/denied.txt/inner/view: Not a directory
# a server that is no URL
{node}
addresses = 192.0.2.1
nats = nats1.example.org
> 8: nats = nats1.example.org: expected up to 8 servers, ~
# a server with a user in its URL
{node}
addresses = 192.0.2.1
nats = nats://me:word@127.0.0.1
> 8: nats = nats://…@127.0.0.1: expected up to 8 servers, ~
# a server in the clear beside others
{node}
addresses = 192.0.2.1
nats = tls://127.0.0.1, nats://127.0.0.2
> 8: nats = tls://127.0.0.1, nats://127.0.0.2: expected up to 8 servers, ~
# certificates in the clear
{node}
addresses = 192.0.2.1
nats = nats://127.0.0.1
nats_ca = closed.creds
> 9: nats_ca = FOLDER/closed.creds: expected tls:// in nats
# a certificate without its key
{node}
addresses = 192.0.2.1
nats = tls://127.0.0.1
nats_cert = closed.creds
> 9: nats_cert = FOLDER/closed.creds: expected nats_key, too
# two ways to be known
{node}
addresses = 192.0.2.1
nats = tls://127.0.0.1
nats_cert = closed.creds
nats_key = closed.creds
nats_credentials = closed.creds
> 11: nats_credentials = FOLDER/closed.creds: expected either this or nats_cert: a server takes a node by one of them
# credentials for everybody
{node}
addresses = 192.0.2.1
nats = nats://127.0.0.1
nats_credentials = open.creds
> 9: nats_credentials = FOLDER/open.creds: mode 0644 lets others in, expected 0600, or 0640 for a group of its own
# credentials that are not there
{node}
addresses = 192.0.2.1
nats = nats://127.0.0.1
nats_credentials = none.creds
> 9: nats_credentials = FOLDER/none.creds: No such file or directory
| session = 100 | a key that there is not | unknown key, did you mean sessions?
# another section's key
[client]
room = tea
> 1: [client]: unknown section, expected [bootnode] or [cluster]
# a key before any section
workers = 1
[bootnode]
> 1: workers = 1: expected a [section] first
# a section that is not closed
[bootnode
workers = 1
> 1: [bootnode: expected [section] alone
# something behind a section
[bootnode] workers = 1
> 1: [bootnode] workers = 1: expected [section] alone
| = 5 | no key | {line}
| workers | no value | {line}
| workers: 1 | a colon | {line}
| metrics_host = "bootnode.example.org | a quote without its pair | expected a second " at the end, or other quotes around it all
| metrics_host = "a" b | something behind quotes | expected nothing but a comment after the second "
# a key given twice
[bootnode]
workers = 1
log_level = info
workers = 1
> 4: workers = 1: given already in line 2, expected once
| include = none.ini | an included file that is not there | No such file or directory
| include = kept | an included folder | expected a file
# nothing included
[bootnode]
include =
> 2: include = : expected a file, or a name with *
# an included file within itself
[bootnode]
include = again.ini
> FOLDER/again.ini:1: include = faulty.ini: expected no file within itself: FOLDER/faulty.ini → FOLDER/again.ini → FOLDER/faulty.ini
# what an included file has
[bootnode]
workers = 1
include = wrong.ini
> FOLDER/wrong.ini:1: workers = 2: given already in FOLDER/faulty.ini:2, expected once
> FOLDER/wrong.ini:2: workers = 3: given already in FOLDER/faulty.ini:2, expected once
> FOLDER/wrong.ini:3: nonsense: {line}
# what several included files have
[bootnode]
include = kept/*.conf
> FOLDER/kept/20-second.conf:2: listen = 127.0.0.1: expected 16 addresses at most, each once, in all lines of this key; 127.0.0.1:9595 is there already
> FOLDER/kept/30-third.conf:2: rate_stun = lots: {packets}; no number
# what a file has that is included by one that is included
include = kept/inner/*.conf
> FOLDER/kept/inner/deep.conf:1: include = none.conf: No such file or directory
| include = */10-first.conf | a wildcard for folders | expected *?[ in a file's name alone
# many at once
[bootnode]
wokers = 1
listen = 127.0.0.1, localhost
metrics = 127.0.0.1:65537
user = no-such-user
key_file = FOLDER
sessions = 100
room_members = 200
relay_rate = fast
[colours]
all = red
> 2: wokers = 1: unknown key, did you mean workers?
> 3: listen = 127.0.0.1, localhost: {listen}; localhost is none
> 4: metrics = 127.0.0.1:65537: {metrics}
> 9: relay_rate = fast: {rate}; no number
> 10: [colours]: unknown section, expected [bootnode] or [cluster]
> 5: user = no-such-user: {user}; no user no-such-user here
> 8: room_members = 200: expected no more than sessions = 100 (FOLDER/faulty.ini:7)
> 6: key_file = FOLDER: a folder, expected a file
