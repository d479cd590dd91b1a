#!/usr/bin/perl
# The board of a cluster, between real NATS servers: what is published is heard, once and in time or never; servers die,
# freeze, refuse, fall silent; strangers publish; the process dies.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::NatsServer;
use GoChat::Test;
use IO::Socket::IP;
use POSIX ();
use Test::More;

plan skip_all => nats_missing() if nats_missing();

my $folder = temp_dir();
my $count = 0;

# A node's end of the board; `more`: lines of [cluster], `bootnode`: of [bootnode].
sub start_node {
    my ($nats, $id, %option) = @_;
    my $settings = $option{settings} // nats_settings($nats, $id, @{ $option{servers} // [] });
    my $file = write_file("$folder/" . ++$count . '.ini', join "\n", '[bootnode]', 'node_id = ' . ($option{as} // $id), 'sandbox = tell',
        '[cluster]', 'addresses = 192.0.2.1', $settings);
    my $node = start_program(name => "node-$id", command => [test_tool('board'), $file]);
    wait_line($node, qr/^process (\d+)/, 10) or return $node;
    ($node->{keeper}) = map { $_->{text} =~ /^process (\d+)/ ? $1 : () } @{ $node->{lines} };
    ($node->{board}) = children_of($node->{keeper});
    return $node;
}

sub children_of { my ($pid) = @_; return split ' ', read_file("/proc/$pid/task/$pid/children") }

sub there { my ($node, $what) = @_; return ok(wait_line($node, qr/^there /, 10), "$node->{name}: $what") }
sub heard { my ($node, $text) = @_; return ok(wait_line($node, qr/^heard \Q$text\E$/, 5), "$node->{name} hears '$text'") }
sub lines { my ($node, $pattern) = @_; return scalar grep { $_->{text} =~ $pattern } @{ $node->{lines} } }

# name => number
sub counters {
    my ($node) = @_;
    my $before = lines($node, qr/^counters/);
    send_line($node, 'counters');
    wait_until(sub { lines($node, qr/^counters/) > $before }, 5);
    my ($last) = reverse grep { $_->{text} =~ /^counters/ } @{ $node->{lines} };
    return $last->{text} =~ /(\w+) (\d+)/g;
}

sub end { my (@nodes) = @_; close_input($_) for @nodes; return is(wait_exit($_, 5), 0, "$_->{name} ends") for @nodes }

# Somebody with a connection of their own.
sub stranger {
    my ($nats, @lines) = @_;
    my $socket = IO::Socket::IP->new(PeerHost => $nats->{servers}[0]{host}, PeerPort => $nats->{servers}[0]{port}) or die "$@";
    $socket->autoflush(1);
    my $info = <$socket>;
    print $socket "CONNECT {\"verbose\":false}\r\n", @lines, "PING\r\n";
    while (my $line = <$socket>) { last if $line =~ /^PONG/ }
    return $socket;
}
sub publication { my ($subject, $text) = @_; return "PUB $subject " . length($text) . "\r\n$text\r\n" }

# --- three servers, no passwords ----------------------------------------------------------------------------------------

my $nats = start_nats(servers => 3);
my ($one, $two) = (start_node($nats, 1, servers => [0, 1]), start_node($nats, 2, servers => [2]));
there($_, 'connects') for $one, $two;

my $status = read_file("/proc/$one->{board}/status");
like($status, qr/^Name:\s+gochat-board$/m, 'the process has a name of its own');
like($status, qr/^Seccomp:\s+2$/m, 'and is shut off') if !$ENV{SAN};
unlike(read_file("/proc/$one->{board}/cmdline"), qr/ini/, 'its command line is none of ours');
my @open = map { readlink($_) // () } glob "/proc/$one->{board}/fd/*";
is_deeply([grep {m{^/} && !m{^/dev/null}} @open], [], 'it has no file open') or diag "@open";

# Routes between servers come later than their clients.
sub is_heard {
    my ($word) = @_;
    return wait_until(sub { send_line($one, "beacon $word"); watch_until(now() + 0.2); lines($two, qr/^heard beacon 1 $word/) > 0 }, 10);
}
ok(is_heard('test'), 'there is a way from one to the other');

send_line($one, "beacon first word $_") for 1 .. 20;
send_line($two, 'orders ban 192.0.2.0/24');
heard($two, "beacon 1 first word $_") for 1, 20;
heard($one, 'orders 2 ban 192.0.2.0/24');
is(lines($two, qr/^heard (?!beacon 1 test)/), 20, 'each once');
is_deeply([map { $_->{text} =~ /^heard beacon 1 first word (\d+)/ ? $1 : () } @{ $two->{lines} }], [1 .. 20], 'and in order');
is(lines($one, qr/^heard beacon 1 /), 0, 'none hears itself');

my ($used) = map { $_->{text} =~ /^there nats:\S+:(\d+)/ ? $1 : () } @{ $one->{lines} };
my ($first) = grep { $nats->{servers}[$_]{port} == $used } 0, 1;
kill_nats($nats, $first);
my $killed = now();
ok(wait_line($one, qr/^away /, 5), 'a server dies: NATS is away');
ok(wait_until(sub { lines($one, qr/^there /) == 2 }, 5), 'and there again, by another one');
cmp_ok(now() - $killed, '<', slow(3), 'within 3 s');
send_line($one, 'beacon by another way');
heard($two, 'beacon 1 by another way');
restart_nats($nats, $first);

# A server that stands still answers no PING.
freeze_program($nats->{servers}[1 - $first]{program});
ok(wait_until(sub { lines($one, qr/^there /) == 3 }, 10), 'a server that freezes is left for another');
like((grep { $_->{text} =~ /^away/ } @{ $one->{lines} })[-1]{text}, qr/Stale Connection/i, 'with the reason');
send_line($one, 'beacon once more');
heard($two, 'beacon 1 once more');
thaw_program($nats->{servers}[1 - $first]{program});

# --- nothing comes late -------------------------------------------------------------------------------------------------

# All at once: whoever loses one server goes to another that still lives.
send_signal($_->{program}, 'KILL') for @{ $nats->{servers} };
wait_exit($_->{program}, 5) for @{ $nats->{servers} };
ok(wait_until(sub { lines($one, qr/^away/) == 3 && lines($two, qr/^away/) == 1 }, 10), 'all servers die: away for both');
send_line($one, "beacon from a time without $_") for 1 .. 50;
ok(wait_until(sub { lines($one, qr/^dropped/) == 50 }, 5), 'what is published meanwhile is dropped');
restart_nats($nats, $_) for 0 .. 2;
ok(wait_until(sub { lines($one, qr/^there/) == 4 && lines($two, qr/^there/) == 2 }, 10), 'they come back: there for both');
ok(is_heard('of now'), 'what is said now is heard');
is(lines($two, qr/without/), 0, 'and nothing of what was said without them');
is(lines($one, qr/^away/), 3, 'away is said once each time');
is(scalar(() = log_text($one) =~ /NATS is away/g), 3, 'in the log as well');
my %counters = counters($one);
cmp_ok($counters{dropped}, '>=', 50, 'dropped is counted');

# --- strangers ----------------------------------------------------------------------------------------------------------

my $before = { counters($two) };
stranger($nats, publication('gochat.town.beacon.256', 'x'), publication('gochat.town.beacon.007', 'x'), publication('gochat.town.secrets.1', 'x'),
    publication('gochat.village.beacon.1', 'x'), publication('gochat.town.beacon.1.1', 'x'), publication('gochat.town.beacon.-1', 'x'),
    publication('gochat.town.beacon.9', 'well said'));
heard($two, 'beacon 9 well said');
%counters = counters($two);
is(lines($two, qr/^heard .* x$/), 0, 'foreign subjects are not heard');
cmp_ok(wait_until(sub { %counters = counters($two); $counters{refused} > $before->{refused} }, 5) ? $counters{refused} : 0, '>', 0, 'but counted');
ok(wait_log($two, qr/warning: cluster: NATS: a message of 1 bytes on gochat\.town\.\w+\.\S+, expected/, 5), 'and one is named');

# --- a flood ------------------------------------------------------------------------------------------------------------

%counters = counters($two);
$before = {%counters};
my $many = 3_000;
stranger($nats, map { publication('gochat.town.beacon.8', "flood $_" . 'x' x 300) } 1 .. $many);
stranger($nats, publication('gochat.town.beacon.8', 'after it'));
ok(wait_until(sub { %counters = counters($two); $counters{heard} + $counters{lost} - $before->{heard} - $before->{lost} >= $many }, 15),
    'a flood: each is heard, or counted as lost') or diag "heard $counters{heard}, lost $counters{lost}";
# Who has the flood to read still loses what comes behind it.
ok(wait_until(sub { send_line($two, 'orders still here'); watch_until(now() + 0.2); lines($one, qr/^heard orders 2 still here/) > 0 }, 10),
    'and who was flooded hears again');
end($one, $two);
stop_nats($nats, $_) for 0 .. 2;

# --- by password --------------------------------------------------------------------------------------------------------

$nats = start_nats(users => 'password');
($one, $two) = (start_node($nats, 1), start_node($nats, 2));
there($_, 'connects by password') for $one, $two;
my $liar = start_node($nats, 3, as => 1);
there($liar, 'connects, with the number of another');
send_line($liar, 'beacon I am 1');
ok(wait_log($liar, qr/cluster: NATS: .*Permissions Violation for Publish to "gochat\.town\.beacon\.1"/i, 5), 'and is refused by name');
send_line($one, 'beacon I am I');
heard($two, 'beacon 1 I am I');
is(lines($two, qr/I am 1/), 0, 'nobody heard it');
my $wrong = nats_settings($nats, 3);
write_file("$nats->{folder}/node-3.creds", "node-3:a guess\n");
my $guest = start_node($nats, 3, settings => $wrong);
ok(wait_log($guest, qr/warning: cluster: NATS is away: nats:\S+: Authorization Violation;/i, 10), 'a wrong password is said');
write_file("$nats->{folder}/node-3.creds", "node-3:word-3\n");
chmod 0644, "$nats->{folder}/node-3.creds";
my ($status_open, undef, $err) = run_program(name => 'open', command => [test_tool('board'), "$folder/$count.ini"]);
is($status_open, 1, 'a password that others may read is not used');
like($err, qr/^nats_credentials = \S+: mode 0644 lets others in, expected 0600/m, 'and why');
end($one, $two, $liar, $guest);
stop_nats($nats, 0);

# --- by certificate, as conf/cluster has it ---------------------------------------------------------------------------------

$nats = start_nats(servers => 2, users => 'tls');
($one, $two) = (start_node($nats, 1, servers => [0]), start_node($nats, 2, servers => [1]));
there($_, 'connects by certificate') for $one, $two;
ok(is_heard('over TLS'), 'heard over two servers');
$liar = start_node($nats, 3, as => 2);
there($liar, 'connects, with the number of another');
send_line($liar, 'orders of 2');
ok(wait_log($liar, qr/Permissions Violation for Publish to "gochat\.town\.orders\.2"/i, 5), 'and is refused by name');
is(lines($one, qr/^heard orders/), 0, 'nobody heard it');

my $settings = nats_settings($nats, 1);
my $bare = start_node($nats, 1, settings => $settings =~ s/^nats_(?:cert|key).*\n//mgr);
ok(wait_log($bare, qr/cluster: NATS is away: tls:\S+: .*certificate/, 10), 'without a certificate nobody is let in') or diag log_text($bare);
my ($other) = (temp_dir());
run_program(name => 'keys', timeout => 30, command => ["$FindBin::Bin/../../conf/cluster/make-keys", "$other", 'node', 1]);
my $fooled = start_node($nats, 1, settings => $settings =~ s{\Q$nats->{folder}\E}{$other}gr);
ok(wait_log($fooled, qr/cluster: NATS is away: tls:\S+: SSL handshake error: \S.*(?:certificate|issuer)/i, 10), 'a server that nobody vouches for is not used')
    or diag log_text($fooled);
my $misled = start_node($nats, 1, settings => $settings =~ s/127\.0\.0\.1/localhost/gr);
ok(wait_log($misled, qr/cluster: NATS is away: tls:\S+: SSL handshake error: .*(?:name|address) mismatch/i, 10), 'nor one with a certificate for another name')
    or diag log_text($misled);
my $trusting = start_node($nats, 1, settings => $settings =~ s/^nats_ca.*\n//mr);
ok(wait_log($trusting, qr/cluster: NATS is away: tls:\S+: SSL handshake error: .*(?:certificate|issuer)/i, 10), 'nor one that this machine does not trust')
    or diag log_text($trusting);
unlike(log_text($_), qr/NATS is there/, "$_->{name}: never there") for $bare, $fooled, $misled, $trusting;

# With what a node has nobody becomes a server.
my $text = read_file($nats->{servers}[0]{config});
my $rogue_port = free_port();
$text =~ s/^listen: .*/listen: "127.0.0.1:$rogue_port"/m;
$text =~ s/^    listen: .*/'    listen: "127.0.0.1:' . free_port() . '"'/me;
$text =~ s/"nats1"/"rogue"/;
$text =~ s{route-127\.0\.0\.1}{node-3}g;
$text =~ s/^( +routes: \[\n).*?(^ +\]\n)/$1        "tls:\/\/127.0.0.1:$nats->{servers}[0]{route_port}"\n$2/ms;
my $rogue = start_program(name => 'rogue', command => [packaged('nats-server'), '-c', write_file("$nats->{folder}/rogue.conf", $text)]);
ok(wait_log($nats->{servers}[0]{program}, qr/TLS route handshake error: /, 10),
    'a node is no server') or diag log_text($nats->{servers}[0]{program});
stop_program($rogue);
end($one, $two, $liar, $bare, $fooled, $misled, $trusting);

# --- who falls silent in the midst ------------------------------------------------------------------------------------------

# A server whose INFO is of these more fields, and who says nothing after it. Its process and its port.
sub start_silent {
    my ($more) = @_;
    my $socket = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0, Listen => 8) or die "$@";
    my $pid = fork // die;
    return ($pid, $socket->sockport) if $pid;
    my @kept;
    while (my $caller = $socket->accept) {
        $caller->autoflush(1);
        print $caller qq(INFO {"server_id":"x","version":"2.9.10","proto":1,"max_payload":1024$more}\r\n);
        push @kept, $caller;
    }
    POSIX::_exit(0);
}

# Processor time, in seconds.
sub processor {
    my ($pid) = @_;
    my @fields = split ' ', read_file("/proc/$pid/stat") =~ s/^.*\) //sr;
    return ($fields[11] + $fields[12]) / POSIX::sysconf(POSIX::_SC_CLK_TCK());
}

my %silent = (tls => ',"tls_required":true', nats => '');
for my $scheme (sort keys %silent) {
    my ($pid, $port) = start_silent($silent{$scheme});
    my $of_scheme = $settings =~ s{^nats = .*}{nats = $scheme://127.0.0.1:$port}mr;
    $of_scheme =~ s/^nats_.*\n//mg if $scheme eq 'nats';
    $one = start_node($nats, 1, settings => $of_scheme);
    ok(wait_log($one, qr/NATS is away: $scheme:\S+:$port: does not answer/, slow(15)),
        "$scheme: a server that says no more is given up, and that is the reason") or diag log_text($one);
    cmp_ok(processor($one->{board}), '<', slow(3), 'nobody turned in circles for it until the end of all patience');
    kill 'KILL', $pid;
    waitpid $pid, 0;
    end($one);
}

# --- who says that much is to come --------------------------------------------------------------------------------------------

SKIP: {
    skip 'sanitizers have memory without end', 2 if $ENV{SAN};
    my $liar_socket = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0, Listen => 8) or die "$@";
    my $liar_port = $liar_socket->sockport;
    my $pid = fork // die;
    if (!$pid) {
        local $SIG{PIPE} = 'IGNORE';
        while (my $caller = $liar_socket->accept) {
            $caller->autoflush(1);
            print $caller qq(INFO {"server_id":"x","version":"2.9.10","proto":1,"max_payload":1024}\r\n);
            for my $answered (1, 2) {
                while (my $line = <$caller>) { last if $line =~ /^PING/ }
                print $caller "PONG\r\n";
            }
            print $caller "MSG gochat.town.beacon.9 1 2000000000\r\n";
            for (1 .. 2000) { print $caller 'x' x 100_000 or last }
        }
        POSIX::_exit(0);
    }
    my $of_liar = $settings =~ s{^nats = .*}{nats = nats://127.0.0.1:$liar_port}mr =~ s/^nats_.*\n//mgr;
    $one = start_node($nats, 1, settings => $of_liar);
    ok(wait_log($one, qr/NATS is away: nats:\S+:$liar_port: \S/, slow(15)), 'a server that announces 2 GB is given up') or diag log_text($one);
    my ($most) = read_file("/proc/$one->{board}/status") =~ /^VmHWM:\s+(\d+) kB/m;
    cmp_ok($most, '<', 100_000, 'and nobody makes room for that');
    kill 'KILL', $pid;
    waitpid $pid, 0;
    end($one);
}

# --- the process ------------------------------------------------------------------------------------------------------------

$one = start_node($nats, 1);
there($one, 'connects');
kill $_, $one->{board} for qw(TERM INT HUP);
send_line($one, 'beacon still here');
ok(wait_line($one, qr/^published/, 5), 'what ends a service does not end it');
is(kill(0, $one->{board}), 1, 'it lives');
kill 'KILL', $one->{board};
ok(wait_line($one, qr/^away the process for NATS has ended \(signal 9\)/, 5), 'killed: its bootnode is told');
like(log_text($one), qr/error: cluster: the process for NATS has ended \(signal 9\), and is started anew in 1 s/, 'and says so');
send_line($one, 'beacon for nobody');
ok(wait_line($one, qr/^dropped/, 5), 'what is published goes nowhere');
ok(wait_until(sub { lines($one, qr/^there /) == 2 }, 10), 'it is started anew');
my ($second) = children_of($one->{keeper});
isnt($second, $one->{board}, 'another one');
like(read_file("/proc/$second/status"), qr/^Seccomp:\s+2$/m, 'which is shut off as well') if !$ENV{SAN};
send_line($one, 'beacon of the second');
ok(wait_until(sub { lines($one, qr/^published/) == 2 }, 5), 'what is published goes out');
kill 'KILL', $one->{keeper};
ok(wait_line($one, qr/^ended/, 5), 'its keeper is killed: that is the end');
end($one);

sub is_gone { my ($pid) = @_; my ($state) = (-e "/proc/$pid/stat" ? read_file("/proc/$pid/stat") : '') =~ /\) (\S)/; return !$state || $state eq 'Z' }
$one = start_node($nats, 1);
there($one, 'connects');
send_signal($one, 'KILL');
ok(wait_until(sub { is_gone($one->{board}) && is_gone($one->{keeper}) }, 5), 'a bootnode is killed: so are they');

# --- beside a whole bootnode, the first process of a container, that becomes another user --------------------------------

SKIP: {
    my @namespaces = qw(unshare --pid --fork --kill-child --mount --mount-proc);
    skip 'needs root and namespaces', 10 if $> != 0 || system("@namespaces true 2>/dev/null") != 0;
    my ($user, $group) = (getpwnam 'nobody')[2, 3];
    mkdir "$folder/state" or die "mkdir: $!";
    chmod 0711, $folder, $nats->{folder};
    chown $user, $group, "$folder/state", "$nats->{folder}/node-1.key";
    chmod 0644, map {"$nats->{folder}/$_.pem"} qw(ca node-1);
    my $port = free_port();
    my $file = write_file("$folder/whole.ini", join "\n", '[bootnode]', 'node_id = 1', "listen = 127.0.0.1:$port", "key_file = $folder/state/key",
        'control = off', "user = nobody:$group", '[cluster]', "addresses = 127.0.0.1:$port", "state_file = $folder/state/cluster", nats_settings($nats, 1));
    my $whole = start_program(name => 'whole', command => [@namespaces, gochat(), '--mode', 'bootnode', '--config', $file]);
    ok(wait_log($whole, qr/NATS is there/, 10), 'a bootnode has its board');
    ok(wait_log($whole, qr/cluster: serves as node 1/, 15), 'and serves');
    my ($first) = split ' ', read_file("/proc/$whole->{pid}/task/$whole->{pid}/children");
    my ($keeper) = children_of($first);
    my ($board) = children_of($keeper);
    my %of_board = map { /^(\w+):\s+(.*)/ ? ($1 => $2) : () } split /\n/, read_file("/proc/$board/status");
    like($of_board{Uid}, qr/^$user\t$user\t$user\t$user$/, 'the process is that user');
    is(hex $of_board{CapEff}, 0, 'without capabilities');
    like($of_board{Groups} // '', qr/^(?:$group\s*)?$/, 'or other groups');
    kill 'KILL', $board;
    ok(wait_log($whole, qr/cluster: the process for NATS has ended \(signal 9\)/, 10), 'killed: that is said');
    kill 'KILL', $keeper;
    ok(wait_log($whole, qr/cluster: the process for NATS has ended, and so has/, 10), 'and so is the end of its keeper');
    ok(wait_until(sub { !children_of($first) }, 5), 'and nobody stays as a zombie');
    is($whole->{status}, undef, 'the bootnode lives');
    kill 'TERM', $first;
    is(wait_exit($whole, 15), 0, 'and ends as ever');
}

finish();
