#!/usr/bin/perl
# The operator's way in: gochat --mode ctl looks at a bootnode under load and has it do things, nobody who is slow at its
# socket stops anything, and whatever is wrong with a command line is said before anything is asked.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Basename qw(dirname);
use GoChat::Test;
use IO::Select;
use IO::Socket::IP;
use IO::Socket::UNIX;
use JSON::PP qw(decode_json);
use List::Util qw(min);
use Socket qw(SOCK_STREAM);
use Test::More;

use constant { SESSIONS => 2000, ROOM_SIZE => 20, STATUS_USAGE => 2, STUCK => 5, KEPT_OUT => 5, BAN_ACTS_S => 1.5 };

my $load = dirname(gochat()) . '/gochat-load';
my $folder = temp_dir();
my $path = "$folder/control";

# (status, standard output, standard error) of one command.
sub ctl {
    my (@words) = @_;
    return run_program(name => 'ctl', command => [gochat(), '--mode', 'ctl', '--control', $path, @words]);
}

# The result of a command that must be done.
sub result_of {
    my (@words) = @_;
    my ($status, $out, $err) = ctl('--json', @words);
    is($status, 0, "@words") or diag($err);
    return $status == 0 ? decode_json($out)->{result} : {};
}

# How many sessions there are, without a word about it.
sub session_count {
    my ($status, $out) = ctl('--json', 'status');
    return $status == 0 ? decode_json($out)->{result}{sessions} : -1;
}

sub connect_to { return IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $path) // die "connect: $!" }

my $bootnode = start_bootnode(config => "control = $path\nworkers = 2\nlimit_loopback = off");

# --- the socket -------------------------------------------------------------------------------------------------------

ok(wait_log($bootnode, qr/commands on \Q$path\E$/, 5), 'the log says where it listens');
is((stat $path)[2] & 07777, 0600, 'nobody else may connect');
my ($status, $out, $err) = run_program(name => 'second', command => [gochat(), '--mode', 'bootnode', '--listen',
    '127.0.0.1:' . free_port(), '--config', write_file("$folder/second.ini",
    "[bootnode]\nkey_file = $folder/second.key\ncontrol = $path\n")]);
is($status, 1, 'a second bootnode does not start at the socket of the first');
like($err, qr/\Q$path\E: another bootnode listens there/, 'and says why');

# --- under load -------------------------------------------------------------------------------------------------------

my $beats = start_program(name => 'load', json => 1, command => [$load, '--bootnode', $bootnode->{address}, '--json', '-',
    '--sessions', SESSIONS, '--room-size', ROOM_SIZE, '--sources', '127.1.0.0/22', '--duration', 8]);
ok(wait_until(sub { session_count() == SESSIONS }, 20), 'all sessions are counted');

my @stuck = map { connect_to() } 1 .. STUCK;
for my $socket (@stuck) {
    $socket->blocking(0);
    my $request = qq({"command":"sessions","prefix":"127.0.0.0/8","limit":1000}\n);
    1 while syswrite $socket, $request;
}
my $dripping = connect_to();
syswrite $dripping, '{"comm';

my $status_of = result_of('status');
is($status_of->{health}, 'ok', 'beside ' . STUCK . ' that take no answer: it is well');
is($status_of->{config_file}, "$bootnode->{folder}/bootnode.ini", 'and says where its settings are from');
like($status_of->{key}, qr/^[0-9a-f]{64}$/, 'and its key');

my $sessions = result_of('sessions');
is($sessions->{members}, SESSIONS, 'sessions are counted by network');
is(scalar @{ $sessions->{networks} }, 4, 'of which there are four');
my $sum = 0;
$sum += $_->{sessions} for @{ $sessions->{networks} };
is($sum, $sessions->{members} + $sessions->{registered}, 'with all of them');
my $part = result_of('sessions', '127.1.2.0/24', '--limit', '3');
cmp_ok($part->{members}, '<', SESSIONS, 'one network has fewer');
is(scalar @{ $part->{$_} }, 3, "its $_, as many as were asked for") for qw(networks sessions);
like($_->{network}, qr{^127\.1\.2\.\d+/32$}, "$_->{network} is one of its parts") for $part->{networks}[0];
my $rooms = result_of('rooms', '--limit', '3');
is($rooms->{rooms}, SESSIONS / ROOM_SIZE, 'rooms are counted');
is_deeply([map { $_->{members} } @{ $rooms->{largest} }], [(ROOM_SIZE) x 3], 'the largest first');
like($rooms->{largest}[0]{tag}, qr/^[0-9a-f]{32}$/, 'by their tags');
my ($used) = map { $_->{used} } grep { $_->{limit} eq 'sessions' } @{ result_of('limits')->{limits} };
is($used, SESSIONS, 'a limit says how much of it is used');
my ($top) = @{ result_of('top')->{sources} };
cmp_ok($top->{sessions}, '>=', SESSIONS / 1024, "$top->{source} has most sessions");

my $row = wait_event($beats, { name => qr/./ }, 30) // {};
is($row->{lost}, 0, 'no answer was lost meanwhile');
is_deeply($row->{disagreements}, [], 'and nothing disagrees');
close $_ for @stuck, $dripping;

# --- bans -------------------------------------------------------------------------------------------------------------

# How many sessions a network has.
sub sessions_in {
    my ($network) = @_;
    my ($status, $out) = ctl('--json', 'sessions', $network);
    my $result = $status == 0 ? decode_json($out)->{result} : {};
    return ($result->{members} // -1) + ($result->{registered} // 0);
}

$beats = start_program(name => 'load-2', json => 1, command => [$load, '--bootnode', $bootnode->{address}, '--json', '-',
    '--sessions', SESSIONS, '--room-size', ROOM_SIZE, '--sources', '127.2.0.0/22', '--duration', 60]);
ok(wait_until(sub { sessions_in('127.2.0.0/22') == SESSIONS }, 20), 'others come');
my $others = sessions_in('127.2.0.0/23');
cmp_ok(sessions_in('127.2.2.0/24'), '>', 100, 'also those of a network that is going to be banned');
my $banned = now();
is(result_of('ban', '127.2.2.0/24', '1m')->{prefix}, '127.2.2.0/24', 'it is banned');
ok(wait_until(sub { sessions_in('127.2.2.0/24') == 0 }, 5), 'and its sessions end');
my @took = (now() - $banned);
is(sessions_in('127.2.0.0/23'), $others, 'those of others stay');
like(result_of('why', '127.2.2.9')->{reason}, qr{127\.2\.2\.0/24}, 'why says what keeps it out');
result_of('reload');
ok(wait_log($bootnode, qr/control: ban by user $> *$/, 5), 'the log says that somebody was banned, and not who');
my ($ban) = @{ result_of('bans')->{bans} };
is($ban->{prefix}, '127.2.2.0/24', 'a reload lifts no ban');
cmp_ok($ban->{left_seconds}, '<=', 60, 'nor does it last longer for that');
is(sessions_in('127.2.2.0/24'), 0, 'nobody came back');
# Other networks where a machine that is busy for a moment made the first one late.
for my $network ('127.2.3.0/25', '127.2.3.128/25') {
    last if min(@took) < slow(BAN_ACTS_S);
    $banned = now();
    result_of('ban', $network, '1m');
    wait_until(sub { sessions_in($network) == 0 }, 5);
    push @took, now() - $banned;
    result_of('unban', $network);
}
cmp_ok(min(@took), '<', slow(BAN_ACTS_S), 'a ban acts within a second, and the time of two questions') or diag("@took");
result_of('unban', '127.2.2.0/24');
ok(wait_until(sub { sessions_in('127.2.2.0/24') > 0 }, 30), 'until it is lifted');
stop_program($beats);

# --- without descriptors ----------------------------------------------------------------------------------------------

# Hundredths of a second that its thread has had.
sub time_of_thread {
    my ($stat) = grep {/\(control\)/} map { read_file($_) } glob "/proc/$bootnode->{pid}/task/*/stat";
    my @fields = split ' ', $stat =~ s/.*\)//sr;
    return $fields[11] + $fields[12];
}

sub files_limit {
    my ($soft) = @_;
    return run_program(name => 'prlimit', command => ['prlimit', '--pid', $bootnode->{pid}, "--nofile=$soft:"]);
}

my $connected = connect_to();
syswrite $connected, qq({"command":"status"}\n);
like(scalar <$connected>, qr/"ok":true/, 'somebody is connected');
my ($soft) = read_file("/proc/$bootnode->{pid}/limits") =~ /^Max open files\s+(\d+)/m;
my $free = 0;
$free++ while -e "/proc/$bootnode->{pid}/fd/$free";
is((files_limit($free))[0], 0, "it may open no more than its $free files");
my $before = time_of_thread();
my $waiting = connect_to();
syswrite $waiting, qq({"command":"status"}\n);
ok(!IO::Select->new($waiting)->can_read(0.5), 'who comes now waits');
syswrite $connected, qq({"command":"status"}\n);
like(scalar <$connected>, qr/"ok":true/, 'who is connected is served');
cmp_ok(time_of_thread() - $before, '<', slow(5), 'and it does not try all the time');
is((files_limit($soft))[0], 0, 'when there are descriptors again');
like(scalar <$waiting>, qr/"ok":true/, 'who waited is served, too');
close $_ for $connected, $waiting;

# --- people read it ---------------------------------------------------------------------------------------------------

($status, $out) = ctl('status');
like($out, qr/^health +ok$/m, 'an answer is a page');
like($out, qr/^listen +\Q$bootnode->{address}\E$/m, 'that says where it listens');
($status, $out) = ctl('limits');
like($out, qr/^LIMIT +MOST +USED +SHARE +OVER +OF\nsessions +1000000 /m, 'or a table');
($status, $out) = run_program(name => 'ctl', command => [gochat(), '--mode', 'ctl', '--config',
    "$bootnode->{folder}/bootnode.ini", 'status']);
like($out, qr/^health +ok$/m, 'the settings say where to ask');

# --- what is wrong ----------------------------------------------------------------------------------------------------

for (['stauts', qr/stauts: no such command, did you mean status\?/], ['kick', qr/expected kick PREFIX\|SESSION \[TIME\]/],
    ['ban 192.0.2.1/24', qr{expected 192\.0\.2\.0/24}], ['ban 192.0.2.0/24 soon', qr/expected a time/],
    ['log-level loud', qr/expected error, warning, info or debug/], ['rooms --limit 0', qr/expected 1 to 10000/],
    ['status --jsno', qr/did you mean --json\?/], ['', qr/expected a command/]) {
    my ($words, $complaint) = @$_;
    ($status, $out, $err) = ctl(split / /, $words);
    is($status, STATUS_USAGE, "'$words' is wrong");
    like($err, $complaint, 'and it is said why');
}
($status, $out, $err) = ctl('kick', '0123456789abcdef');
is($status, 1, 'what cannot be done is another status');
like($err, qr/no such session/, 'with the reason');
($status, $out, $err) = run_program(name => 'ctl', command => [gochat(), '--mode', 'ctl', '--control', "$folder/none",
    'status']);
is($status, 1, 'so is a bootnode that does not run');
like($err, qr/does the bootnode run/, 'as is said');
($status, $out) = ctl('--help');
is($status, 0, 'help');
like($out, qr/^  ban PREFIX \[TIME\] +\S/m, 'has the commands');

# --- what is no text --------------------------------------------------------------------------------------------------

# The answer to one line, whatever that is; undef where there is none.
sub answer_to {
    my ($line) = @_;
    my $socket = connect_to();
    syswrite $socket, "$line\n";
    my $answer = IO::Select->new($socket)->can_read(5) ? <$socket> : undef;
    return defined $answer ? decode_json($answer) : undef;
}

# An error repeats the start of a word, which may end within a character.
for my $line ('{"command":"%s"}', '{"command":"status","%s":1}') {
    my $answer = answer_to(sprintf $line, 'a' x 59 . "\xc3\xa9" . 'x') // {};
    like($answer->{error}, qr/^"?a{59}\x{fffd}.*: no such/, "a name that is cut is refused: $line");
}

# --- reload -----------------------------------------------------------------------------------------------------------

my $settings = read_file("$bootnode->{folder}/bootnode.ini");
write_file("$bootnode->{folder}/bootnode.ini", "${settings}rate_stun = lots\nrate_hello = many\n");
($status, $out, $err) = ctl('reload');
is($status, 1, 'settings with faults are not applied');
like($err, qr/bootnode\.ini:\d+: rate_stun = lots: .*\n.*bootnode\.ini:\d+: rate_hello = many: /, 'and each is told');
write_file("$bootnode->{folder}/bootnode.ini", "${settings}rate_stun = 7\n");
($status, $out) = ctl('reload');
like($out, qr/^changed rate_stun$/m, 'what changed is told');
ok(wait_log($bootnode, qr/control: reload by user $> failed$/, 5), 'the log says who had it reload, in vain');
ok(wait_log($bootnode, qr/control: reload by user $>$/, 5), 'and whose reload was done');
my ($stun) = grep { $_->{limit} eq 'rate_stun' } @{ result_of('limits')->{limits} };
is($stun->{most}, 7, 'and holds');

# --- trace ------------------------------------------------------------------------------------------------------------

result_of('trace', '127.0.0.1', '1m');
my $probe = IO::Socket::IP->new(PeerAddr => $bootnode->{address}, Proto => 'udp') // die "socket: $@";
my $from = $probe->sockhost . ':' . $probe->sockport;
$probe->send('no packet of ours');
ok(wait_log($bootnode, qr/\Q$from\E/, 5), 'the packets of a network are in the log');
result_of('trace', 'off');

# --- kick -------------------------------------------------------------------------------------------------------------

my %port = map { $_ => free_port() } qw(ada bob);
my %client = map {
    $_ => start_client(name => $_, bootnode => $bootnode, room => 'tea', port => $port{$_}, config => 'relay = never')
} qw(ada bob);
wait_event($client{$_}, { event => 'peer-connected' }, 10) for sort keys %client;
my ($ada) = grep { $_->{address} =~ /:$port{ada}$/ } @{ result_of('sessions', '127.0.0.1')->{sessions} };
is($ada->{state}, 'member', 'ada is there') or diag(explain($ada));
my $kicked = clock_now();
is(result_of('kick', $ada->{session}, KEPT_OUT . 's')->{ended}, 1, 'she is kicked');
is(sessions_in('127.0.0.1'), 1, 'and gone');
ok(wait_until(sub { sessions_in('127.0.0.1') == 2 }, 20), 'by and by she is back');
cmp_ok(clock_now() - $kicked, '>=', KEPT_OUT, 'not before the time');

# --- the log, and the end ---------------------------------------------------------------------------------------------

is(result_of('log-level', 'debug')->{level}, 'debug', 'the log tells more');
is(result_of('drain', '1s')->{for_seconds}, 1, 'it is told to end');
is(wait_exit($bootnode, 10), 0, 'and ends');
ok(!-e $path, 'the socket is gone with it');

# --- a name that is no text -------------------------------------------------------------------------------------------

{
    my $odd = "$folder/\xff.ini";
    write_file($odd, "[bootnode]\nlisten = 127.0.0.1:0\nkey_file = $folder/odd.key\ncontrol = $path\ndeny_file = $folder/\xfe\n");
    write_file("$folder/\xfe", "192.0.2.0/24\n");
    my $named = start_program(name => 'odd', command => [gochat(), '--mode', 'bootnode', '--config', $odd]);
    ok(wait_log($named, qr/listening on/, 10), 'settings of a name that is no text');
    my $status = result_of('status');
    is($status->{config_file}, "$folder/\x{fffd}.ini", 'are named as far as it is');
    my ($address) = log_text($named) =~ /listening on (\S+),/;
    is_deeply($status->{listen}, [$address], 'where it listens is what came of the settings');
    like(result_of('why', '192.0.2.1')->{reason}, qr{^denied by .*/\x{fffd}:1$}, 'as are those that deny');
    write_file($odd, "[bootnode]\nno_such_key = 1\n");
    ($status, $out, $err) = ctl('reload');
    like($err, qr/no_such_key/, 'and faults in it are told');
    stop_program($named);
}

# --- without a folder -------------------------------------------------------------------------------------------------

delete @ENV{qw(RUNTIME_DIRECTORY XDG_RUNTIME_DIR)};
my $plain = start_bootnode();
unlike(log_text($plain), qr/commands on/, 'without a folder for it there is no socket');
stop_program($plain);
{
    local $ENV{XDG_RUNTIME_DIR} = "$folder";
    my @two = map { start_bootnode(name => "users-$_") } 1 .. 2;
    ok(wait_log($two[0], qr{commands on \Q$folder\E/gochat/control}, 5), 'a user has a folder for it');
    like(log_text($two[1]), qr/another bootnode listens there: nobody can command it/, 'for one bootnode');
    ($status, $out) = run_program(name => 'ctl', command => [gochat(), '--mode', 'ctl', 'status']);
    like($out, qr/^listen +\Q$two[0]{address}\E$/m, 'which is found');
    stop_program($_) for @two;
}

finish();
