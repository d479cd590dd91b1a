#!/usr/bin/perl
# A bootnode under a service manager: what it tells it, and that nobody who sends to it is refused while it is started
# anew, by word or by force, with the same workers or with others; and sockets that the manager bound itself.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Errno qw(ECONNREFUSED EAGAIN);
use GoChat::Test;
use HTTP::Tiny;
use IO::Socket::IP;
use Socket qw(SOCK_DGRAM SOL_SOCKET SO_RCVBUF);
use Test::More;

use constant { IN_HAND => 1, KILLS => 4, HUP => 1, TERM => 15, KILL => 9, WORKERS => 2, LANES => 6, PROBE_EVERY => 0.004, STUN_MAGIC => 0x2112a442 };

my $folder = temp_dir();

# A service manager with a bootnode: manager(name, settings, [flags of the manager], [words in front of the bootnode]).
sub manager {
    my ($name, $settings, $flags, $words) = @_;
    my $file = "$folder/$name.ini";
    write_settings($name, $settings);
    my $manager = start_program(name => $name, command => [test_tool('service_manager'), @{ $flags // [] }, '--',
        @{ $words // [] }, gochat(), '--mode', 'bootnode', '--config', $file]);
    send_line($manager, 'start');
    return $manager;
}

sub write_settings {
    my ($name, $settings) = @_;
    return write_file("$folder/$name.ini", join "\n", '[bootnode]', "key_file = $folder/bootnode.key",
        'limit_loopback = no', 'rate_stun = 0', $settings, '');
}

sub count_lines { my ($manager, $pattern) = @_; return scalar grep { $_->{text} =~ $pattern } @{ $manager->{lines} } }

# Whether it said so that often by now, or says so in time.
sub said {
    my ($manager, $pattern, $times, $seconds) = @_;
    return wait_until(sub { count_lines($manager, $pattern) >= $times }, $seconds)
        || fail_about($manager, "$manager->{name} says $pattern, $times times");
}

sub ready { my ($manager, $times) = @_; return said($manager, qr/^told READY=1/, $times, 10) }

sub end {
    my ($manager) = @_;
    my $ended = count_lines($manager, qr/^exited/) + 1;
    send_line($manager, 'signal ' . TERM);
    my $status = said($manager, qr/^exited/, $ended, 10) && (grep { $_->{text} =~ /^exited/ } @{ $manager->{lines} })[-1]{text};
    send_line($manager, 'quit');
    wait_exit($manager, 5);
    return $status;
}

# Somebody who sends a STUN request every few milliseconds, and looks at what comes back.
sub prober {
    my ($port) = @_;
    my $socket = IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => $port, Type => SOCK_DGRAM) or die "socket: $@\n";
    $socket->blocking(0);
    setsockopt $socket, SOL_SOCKET, SO_RCVBUF, 1 << 20 or die "setsockopt: $!\n"; # answers to all that waited come at once
    return { socket => $socket, sent => 0, answered => {}, refused => 0 };
}

sub take_answers {
    my ($prober) = @_;
    while (1) {
        my $came = $prober->{socket}->recv(my $packet, 2048);
        if (!defined $came) {
            return if $! == EAGAIN;
            $prober->{refused}++ if $! == ECONNREFUSED;
            next;
        }
        $prober->{answered}{ unpack 'x8 N', $packet } = 1;
    }
}

sub probe_until {
    my ($prober, $condition, $seconds) = @_;
    my $deadline = now() + slow($seconds);
    while (!$condition->() && now() < $deadline) {
        my $request = pack 'n n N N x8', 1, 0, STUN_MAGIC, ++$prober->{sent};
        $prober->{refused}++ if !defined $prober->{socket}->send($request) && $! == ECONNREFUSED;
        watch_until(now() + PROBE_EVERY);
        take_answers($prober);
    }
    return $condition->();
}

sub unanswered {
    my ($prober) = @_;
    my $deadline = now() + slow(2);
    take_answers($prober) || watch_until(now() + PROBE_EVERY)
        while keys %{ $prober->{answered} } < $prober->{sent} && now() < $deadline;
    return grep { !$prober->{answered}{$_} } 1 .. $prober->{sent};
}

# Starts it anew while somebody asks all the time.
sub again_under_probes {
    my ($manager, $prober, $signal) = @_;
    my $next = count_lines($manager, qr/^told READY=1/) + 1;
    my $later = now() + 0.1;
    probe_until($prober, sub { now() > $later }, 5);
    send_line($manager, "again $signal");
    my $back = probe_until($prober, sub { count_lines($manager, qr/^told READY=1/) >= $next }, 15);
    $later = now() + 0.1;
    probe_until($prober, sub { now() > $later }, 5);
    return $back;
}

# --- a thread that hangs: what comes of it is looked at in the end ---------------------------------------------------

my $stalled = $ENV{SAN} ? undef : manager('stalled', "workers = 1\nlisten = 127.0.0.1:0", ['--watchdog', 1000],
    ['env', 'LD_PRELOAD=' . test_tool('stall.so'), 'STALL_AFTER_MS=1500']);

# --- what it tells -------------------------------------------------------------------------------------------------

my $port = free_port();
my $count = WORKERS * LANES;
my $manager = manager('manager', "listen = 127.0.0.1:$port\nworkers = " . WORKERS, ['--watchdog', 400]);
ok(ready($manager, 1), 'it says when it serves');
like((grep { $_->{text} =~ /^told READY/ } @{ $manager->{lines} })[0]{text}, qr/STATUS=0 sessions, on 127\.0\.0\.1:$port$/,
    'and what people read of it');
ok(said($manager, qr/^told WATCHDOG=1/, 3, 5), 'and gives signs of life');
is(count_lines($manager, qr/^kept/), $count, "$count sockets are kept");
ok(wait_log($manager, qr/listening on 127\.0\.0\.1:$port/, 5), 'it serves what its settings say');

send_line($manager, 'signal ' . HUP);
ok(said($manager, qr/^told RELOADING=1 MONOTONIC_USEC=\d+ /, 1, 10), 'SIGHUP: it reads its settings anew');
ok(ready($manager, 2), 'and says when it has');

# --- a reload that takes long ----------------------------------------------------------------------------------------

# What it tells of it, and the signs of life in between: a letter each.
sub words {
    my ($manager) = @_;
    my %letters = (READY => 'r', RELOADING => 'b', WATCHDOG => 'w');
    return join '', map { $_->{text} =~ /^told (READY|RELOADING|WATCHDOG)=1/ ? $letters{$1} : () } @{ $manager->{lines} };
}

SKIP: {
    skip 'no preloads in a sanitized build', 4 if $ENV{SAN};
    write_file("$folder/deny", "192.0.2.0/24\n");
    my $slow = manager('slow', "workers = 1\nlisten = 127.0.0.1:0\ndeny_file = $folder/deny", ['--watchdog', 400],
        ['env', 'LD_PRELOAD=' . test_tool('slow_file.so'), "SLOW_FILE=$folder/deny", 'SLOW_MS=2000']);
    ready($slow, 1);
    send_line($slow, 'signal ' . HUP);
    said($slow, qr/^told RELOADING=1/, 1, 10);
    send_line($slow, 'signal ' . HUP);
    ok(ready($slow, 3), 'a file on a slow disk: read anew, and once more for a second SIGHUP meanwhile');
    like(words($slow), qr/^rw*bw{5,}rw*bw{5,}rw*$/, 'one after the other, with signs of life all the time');
    ok(wait_until(sub { 2 == (() = log_text($slow) =~ / reloaded /g) }, 5), 'as the log says');
    is(end($slow), 'exited 0', 'and it ends as always');
}

# --- a restart, and a crash ----------------------------------------------------------------------------------------

# What a bootnode had in its hands when it was killed is lost with it; what waited is not. It has more in its hands where
# a busy machine had it wait, but not each time.
my $prober;
for my $signal (TERM, KILL) {
    my ($most, $tries) = $signal == KILL ? (IN_HAND, KILLS) : (0, 1);
    my @unanswered = (1) x ($most + 1);
    while (@unanswered > $most && $tries-- > 0) {
        $prober = prober($port);
        ok(again_under_probes($manager, $prober, $signal), "signal $signal: it is back");
        is($prober->{refused}, 0, 'and meanwhile nobody was refused');
        @unanswered = unanswered($prober);
    }
    cmp_ok(scalar @unanswered, '<=', $most, "$prober->{sent} requests, and their answers");
}
send_line($manager, 'list');
ok(said($manager, qr/^list $count (?!.*(lane\.\S+) .*\g1\b)/, 1, 5), 'the sockets that are kept are still the same');
unlike(log_text($manager), qr/not steered|do not suit/, 'and its packets are steered');
like((grep { $_->{text} =~ /STOPPING=1/ } @{ $manager->{lines} })[0]{text}, qr/EXTEND_TIMEOUT_USEC=\d{7,8} STATUS=leaves/,
    'it said that it ends, and how long it may take');

# --- other settings ------------------------------------------------------------------------------------------------

write_settings('manager', "listen = 127.0.0.1:$port\nworkers = " . (WORKERS + 1));
$prober = prober($port);
ok(again_under_probes($manager, $prober, TERM), 'another number of workers: it is back');
is($prober->{refused}, 0, 'and nobody was refused');
ok(wait_log($manager, qr/$count sockets that were kept for 127\.0\.0\.1:$port do not suit 3 workers/, 5), 'which it says');
my $first = $prober->{sent};
my $more = now() + 0.2;
probe_until($prober, sub { now() > $more }, 5);
is_deeply([grep { $_ > $first } unanswered($prober)], [], 'those who come later are all answered');
$count = (WORKERS + 1) * LANES;
send_line($manager, 'list');
ok(said($manager, qr/^list $count lane/, 1, 5), "now $count sockets are kept");

my $other = free_port();
write_settings('manager', "listen = 127.0.0.1:$other\nworkers = " . (WORKERS + 1));
$prober = prober($other);
my $starts = count_lines($manager, qr/^told READY=1/);
send_line($manager, 'again ' . TERM);
ok(ready($manager, $starts + 1), 'another address');
probe_until($prober, sub { keys %{ $prober->{answered} } }, 5);
ok(scalar keys %{ $prober->{answered} }, 'is served');
$prober = prober($port);
ok(probe_until($prober, sub { $prober->{refused} }, 5), 'and the old one is given back');
is(end($manager), 'exited 0', 'it ends as always');

# --- sockets that the manager bound --------------------------------------------------------------------------------

for my $case ([1, qr/1 handed over for \S+ \(LISTEN_FDS\), shared by 2 workers; 12 of them let/], [WORKERS * LANES, undef]) {
    my ($sockets, $line) = @$case;
    $port = free_port();
    my $own = manager("own-$sockets", "listen = 127.0.0.1:1\nworkers = " . WORKERS,
        ['--socket', "127.0.0.1:$port", '--count', $sockets, '--path', "$folder/notify-$sockets"]);
    ok(ready($own, 1), "$sockets of the manager's sockets: it serves");
    ok(wait_log($own, qr/listening on 127\.0\.0\.1:$port,/, 5), 'them, and not what its settings say');
    $line ? ok(wait_log($own, $line, 5), 'and says how') : unlike(log_text($own), qr/steered/, 'all steered');
    $prober = prober($port);
    ok(again_under_probes($own, $prober, TERM), 'and again');
    is_deeply([$prober->{refused}, unanswered($prober)], [0], 'where nobody is refused, and all are answered');
    my $client = start_client(name => "client-$sockets", bootnode => "127.0.0.1:$port", room => 'tea');
    ok(wait_event($client, { event => 'registered' }, 10), 'a client registers');
    is(count_lines($own, qr/^kept/), 0, 'and none of them is kept a second time');
    stop_program($client);
    end($own);
}
my $wrong = manager('wrong', 'workers = ' . WORKERS, ['--socket', '127.0.0.1:' . free_port(), '--count', 3]);
ok(said($wrong, qr/^exited 1/, 1, 10), 'another number of sockets is refused');
ok(wait_log($wrong, qr/3 sockets were handed over for \S+, expected 1 to 2, or 12 for 2 workers/, 5), 'with the reason');
send_line($wrong, 'quit');
wait_exit($wrong, 5);

# --- a manager that keeps too few -------------------------------------------------------------------------------------

my $few = manager('few', "listen = 127.0.0.1:0\nworkers = 1", ['--keep', 3]);
my $listens = wait_log($few, qr/listening on \S+/, 10) // die "no bootnode\n";
($port) = $listens->{text} =~ /listening on 127\.0\.0\.1:(\d+)/;
write_settings('few', "listen = 127.0.0.1:$port\nworkers = 1");
ready($few, 1);
ok(again_under_probes($few, prober($port), TERM), 'a manager that keeps too few: it serves all the same');
is(end($few), 'exited 0', 'and ends as always');

# --- the thread that hangs -----------------------------------------------------------------------------------------

SKIP: {
    skip 'no preloads in a sanitized build', 3 if !$stalled;
    ok(said($stalled, qr/^told WATCHDOG=1/, 2, 10), 'while all have their turns there are signs of life');
    ok(wait_log($stalled, qr/error: bootnode: (?:worker|announcer) 0 has had no turn for 5 s/, 20), 'one that hangs is named');
    watch_until(now() + 0.5); # what was said before has come by then
    my $signs = count_lines($stalled, qr/^told WATCHDOG=1/);
    my $until = now() + 1.5;
    watch_until($until);
    is(count_lines($stalled, qr/^told WATCHDOG=1/), $signs, 'and there is no sign of life any more');
    send_line($stalled, 'quit');
    wait_exit($stalled, 5);
}

finish();
