#!/usr/bin/perl
# What operators see of a bootnode: metrics and health over HTTP, which no load, garbage or idling stops, and on which
# processors and with which priority its threads run.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use HTTP::Tiny;
use IO::Socket::IP;
use List::Util qw(min);
use Test::More;

use constant { IDLE => 100, NICE_STEP => 10, NICE_MAX => 19, EXPIRY => 15 };

# The address of its page, from its log.
sub page_of {
    my ($bootnode) = @_;
    my $line = wait_log($bootnode, qr{metrics on http://\S+/metrics}, 5) or die "no metrics\n";
    return $line->{text} =~ m{http://(\S+)/metrics} ? $1 : die 'no address';
}

sub ask {
    my ($page, $path, $method) = @_;
    return HTTP::Tiny->new(timeout => slow(10))->request($method // 'GET', "http://$page$path");
}

# { name or name{labels} => value }.
sub metrics {
    my ($page) = @_;
    my $answer = ask($page, '/metrics');
    die "no metrics: $answer->{status} $answer->{content}\n" if $answer->{status} != 200;
    return { map { /^([a-z]\S*) (\S+)$/ ? ($1 => $2) : () } split /\n/, $answer->{content} };
}

# Asks until the numbers are these. True in time.
sub wait_metrics {
    my ($page, $wanted, $timeout) = @_;
    my $deadline = now() + slow($timeout);
    my $got;
    do {
        $got = metrics($page);
        return 1 if !grep { ($got->{$_} // -1) != $wanted->{$_} } keys %$wanted;
        watch_until(now() + 0.05);
    } while (now() < $deadline);
    diag(map {"$_ $got->{$_}, expected $wanted->{$_}\n"} keys %$wanted);
    return 0;
}

sub lines { my ($page) = @_; return scalar split /\n/, ask($page, '/metrics')->{content} }

# One source keeps 8 places; so from 127.0.0.SOURCE.
sub connect_to {
    my ($page, $source) = @_;
    return IO::Socket::IP->new(PeerAddr => $page, LocalHost => "127.0.0.$source") // die "connect: $@";
}

# The nice value of each thread by its name: the 19th field of stat, counted from the one after the name.
sub nice_values {
    my ($pid) = @_;
    my %nice;
    for my $path (glob "/proc/$pid/task/*/stat") {
        my ($name, $rest) = read_file($path) =~ /\((.*)\) (.*)/s or next;
        $nice{$name} = (split ' ', $rest)[16];
    }
    return \%nice;
}

my $bootnode = start_bootnode(config => "metrics = 127.0.0.1:0\nworkers = 2\npin_workers = yes");
my $page = page_of($bootnode);

# --- before anybody comes --------------------------------------------------------------------------------------------

my $empty = metrics($page);
is($empty->{gochat_sessions}, 0, 'nobody is there');
is($empty->{gochat_workers}, 2, 'two workers');
cmp_ok($empty->{process_resident_memory_bytes}, '>', 1e5, 'memory is told');
cmp_ok(abs(time - $empty->{process_start_time_seconds}), '<', slow(10), 'and when it began');
my $files = () = glob "/proc/$bootnode->{pid}/fd/*";
like($empty->{process_open_fds} - $files, qr/^[01]$/, 'open files, with the connection that may be gone when we count');
is(read_file("/proc/$bootnode->{pid}/limits") =~ /Max open files\s+(\d+)/ ? $1 : 0, $empty->{process_max_fds},
    'and may be');
my ($version) = `@{[gochat()]} --version` =~ /(\S+)$/;
is($empty->{qq(gochat_build_info{version="$version"})}, 1, 'and its version');
is(ask($page, '/health')->{status}, 200, 'it is healthy');
is(ask($page, '/health', 'HEAD')->{headers}{'content-length'}, 3, 'HEAD');
is(ask($page, '/')->{status}, 200, 'people have a page');
is(ask($page, '/other')->{status}, 404, 'there is no other one');
is(ask($page, '/metrics', 'POST')->{status}, 405, 'and nothing to be told');

my $quiet = log_text($bootnode);
my @idle = map { connect_to($page, 2 + int($_ / 8)) } 1 .. IDLE;
for my $garbage ("\x16\x03\x01\x02\x00\x01", "GET / HTTP/1.0\r\n" . 'x' x 100_000, "\0" x 4096, "\r\n\r\n", ':') {
    my $socket = connect_to($page, 1);
    syswrite $socket, $garbage;
    push @idle, $socket;
}
is(ask($page, '/health')->{status}, 200, IDLE . ' idle connections and garbage do not disturb');
is(log_text($bootnode), $quiet, 'who asks is not in the log');

my @promtool = packaged('promtool');
SKIP: {
    skip 'no promtool', 1 if !@promtool;
    my ($status, $out, $err) = run_program(name => 'promtool', command => [@promtool, 'check', 'metrics'],
        input => ask($page, '/metrics')->{content});
    is("$status$out$err", 0, 'promtool has no complaint');
}

# --- people come and go ----------------------------------------------------------------------------------------------

my $lines = lines($page);
my %client = map {
    my ($name, $room) = @$_;
    ($name => start_client(name => $name, bootnode => $bootnode, room => $room));
} ['ada', 'tea'], ['bob', 'tea'], ['cy', 'coffee'];
wait_event($client{$_}, { event => 'registered' }, 10) for sort keys %client;
ok(wait_metrics($page, { gochat_sessions => 3, gochat_rooms => 2, gochat_sessions_confirmed_total => 3,
    gochat_sessions_provisional => 0 }, 5), 'three members in two rooms');
my $full = metrics($page);
cmp_ok($full->{gochat_received_total}, '>', 0, 'packets were received');
is($full->{gochat_received_total},
    $full->{'gochat_worker_received_total{worker="0"}'} + $full->{'gochat_worker_received_total{worker="1"}'},
    'by one worker or the other');
is(lines($page), $lines, 'the page is as long as it was');
ok(wait_until(sub {
    my $got = metrics($page);
    my $received = $got->{'gochat_lane_received_total{worker="0",lane="session"}'}
        + $got->{'gochat_lane_received_total{worker="1",lane="session"}'};
    return $received > 0 && $got->{'gochat_handling_seconds_count{lane="session"}'} == $received
        && $got->{'gochat_batch_datagrams_sum{lane="session"}'} == $received;
}, 5), 'each datagram of a session is in both histograms');

send_signal($client{cy}, 'KILL');
my $silent = clock_now();
wait_exit($client{cy}, 5);
stop_program($client{bob});
ok(wait_metrics($page, { gochat_sessions_left_total => 1, gochat_sessions => 2 }, 5), 'one says that it leaves');
ok(wait_metrics($page, { gochat_sessions_expired_total => 1, gochat_sessions => 1, gochat_rooms => 1,
    gochat_expiry_late_seconds_count => 1 }, EXPIRY + 10), 'one falls silent');
cmp_ok(clock_now() - $silent, '>', EXPIRY - 5, 'for long enough');
is(lines($page), $lines, 'the page is still as long');

# --- the threads -----------------------------------------------------------------------------------------------------

ok(wait_log($bootnode, qr/workers pinned to processors \d+ \d+$/, 1), 'the log says where the workers run');
my $nice = nice_values($bootnode->{pid});
my $base = $nice->{gochat};
is_deeply([@$nice{'worker 0', 'worker 1', 'reaper'}], [($base) x 3], 'workers and reaper have the priority of the process');
is($nice->{http}, min(NICE_MAX, $base + NICE_STEP), 'the page gives way to them');

# --- the end ---------------------------------------------------------------------------------------------------------

is(stop_program($bootnode), 0, 'it ends as always, with connections open');
ok(!IO::Socket::IP->new(PeerAddr => $page), 'and the page with it');

my $plain = start_bootnode();
unlike(log_text($plain), qr/metrics/, 'nobody asked for a page: there is none');
stop_program($plain);

my $open = start_bootnode(config => 'metrics = 0.0.0.0:0');
ok(wait_log($open, qr/ warning: .*can read the metrics/, 5), 'a page for everybody is warned about');

finish();
