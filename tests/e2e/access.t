#!/usr/bin/perl
# Who is kept out by a file: read with the settings, whole or not at all, and acting within a second while others are
# served. In the sandbox, as an operator runs it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Basename qw(dirname);
use GoChat::Test;
use HTTP::Tiny;
use List::Util qw(min);
use Test::More;

use constant { SESSIONS => 300, TRIES => 3, ACTS_S => 1 };

my $folder = temp_dir();
my $port = free_port();
write_file("$folder/deny.txt", "# nobody here\n192.0.2.0/24\n");
write_file("$folder/allow.txt", "");
write_file("$folder/bootnode.ini", <<"END");
[bootnode]
listen = 127.0.0.1:$port
key_file = bootnode.key
metrics = 127.0.0.1:0
workers = 2
limit_loopback = off
deny_file = deny.txt
allow_file = allow.txt
END

my @bootnode = (gochat(), '--mode', 'bootnode', '--config', "$folder/bootnode.ini");
my $bootnode = start_program(name => 'bootnode', command => [@bootnode]);
my $page = wait_log($bootnode, qr{metrics on http://\S+}, 10)->{text} =~ m{http://(\S+)/} ? $1 : die 'no address';
wait_log($bootnode, qr/listening on/, 10);

sub metric {
    my ($name) = @_;
    my $text = HTTP::Tiny->new(timeout => slow(5))->get("http://$page/metrics")->{content};
    return $text =~ /^gochat_\Q$name\E (\d+)$/m ? $1 : die "no $name\n";
}

# Gives what the log said, and when that was.
sub reload {
    my $before = length log_text($bootnode);
    send_signal($bootnode, 'HUP');
    wait_until(sub { substr(log_text($bootnode), $before) =~ /bootnode: (?:not )?reloaded/ }, 5)
        or fail_about($bootnode, 'it says what came of it');
    return (substr(log_text($bootnode), $before), now());
}

sub load {
    my ($name, $network, $sessions, @flags) = @_;
    my $load = start_program(name => $name, json => 1, command => [dirname(gochat()) . '/gochat-load', '--bootnode',
        "127.0.0.1:$port", '--sources', $network, '--sessions', $sessions, '--room-size', 30, '--answers', 'every',
        '--json', '-', '--progress', 0.2, @flags]);
    wait_log($load, qr/sent/, 20) or die "$name does not begin\n";
    return $load;
}

# --- Under load ------------------------------------------------------------------------------------------------------

my $seconds = slow(8);
my $others = load('others', '127.5.0.0/24', SESSIONS, '--rate', 1500, '--duration', $seconds);
my @kept_out = map { load("kept out $_", "127.6.$_.0/24", SESSIONS / TRIES, '--rate', 100, '--duration', $seconds) }
    1 .. TRIES;
is(metric('sessions'), 2 * SESSIONS, 'all are there');

write_file("$folder/deny.txt", "192.0.2.0/24\n127.6.0.0/16 # those\n127.6.0.0/33\n");
my ($said) = reload();
like($said, qr/error: .*reload: \Q$folder\E\/deny\.txt:3: 127\.6\.0\.0\/33: expected a length of 0 to 32/,
    'a fault is told with its line');
like($said, qr/not reloaded.* all stays as it was/, 'and nothing changes');
is(metric('denied_total{list="deny"}'), 0, 'nobody is kept out');

# One network after another: where a machine that is busy for a moment makes one late, another is in time.
my @took;
for my $try (1 .. TRIES) {
    write_file("$folder/deny.txt", join '', "192.0.2.0/24\n", map {"127.6.$_.0/24 # those\n"} 1 .. $try);
    ($said, my $then) = reload();
    like($said, qr/deny_file has @{[$try + 1]} networks, allow_file 0\b/, 'the list holds');
    my $left = 2 * SESSIONS - $try * SESSIONS / TRIES;
    ok(wait_until(sub { metric('sessions') == $left }, 5), 'their sessions end')
        or fail_about($bootnode, 'sessions: ' . metric('sessions'));
    push @took, now() - $then;
}
cmp_ok(min(@took), '<=', slow(ACTS_S), 'within a second') or diag("@took");
cmp_ok(metric('sessions_evicted_total'), '>=', SESSIONS, 'each of them');
ok(wait_until(sub { metric('denied_total{list="deny"}') > 100 }, 5), 'and what they send is dropped, and counted');

# What is let in goes first.
write_file("$folder/allow.txt", "127.6.1.0/25\n");
($said) = reload();
like($said, qr/deny_file has @{[TRIES + 1]} networks, allow_file 1\b/, 'another reload, and the list holds still');
cmp_ok(metric('sessions'), '<=', SESSIONS + SESSIONS / TRIES,
    'nobody comes back by it but those who are allowed, when they ask');

stop_program(@kept_out);
is(wait_exit($others, slow(20)), 0, 'the others agree with all they were told');
my $result = wait_event($others, {}, 5);
cmp_ok($result->{lost}, '<=', $result->{sent} / 200, "and lost next to nothing of $result->{sent}")
    or fail_about($bootnode, 'what it says');
cmp_ok($result->{sent}, '>', 300 * $seconds, 'which was much');

# --- A list for everybody -----------------------------------------------------------------------------------------------

write_file("$folder/deny.txt", "0.0.0.0/0\n");
write_file("$folder/allow.txt", "");
($said) = reload();
like($said, qr/deny\.txt:1: every address of IPv4 is denied, expected some of it in an allow_file/, 'nobody by a slip');
write_file("$folder/allow.txt", "198.51.100.0/24\n");
($said) = reload();
like($said, qr/reloaded \Q$folder/, 'but those who are named');
my $here = load('here', '127.0.0.0/24', SESSIONS, '--rate', 100, '--duration', 1);
is(wait_exit($here, slow(20)), 0, 'and the machine itself, which is kept out by its own name alone');

is(stop_program($bootnode), 0, 'it ends well');

# --- At the start ---------------------------------------------------------------------------------------------------------

write_file("$folder/deny.txt", "192.0.2.0/24\nexample.org\n");
my ($status, $out, $err) = run_program(name => 'check', command => [@bootnode, '--check-config'], timeout => 10);
is($status, 2, '--check-config reads the lists, too');
like($err, qr/^\Q$folder\E\/deny\.txt:2: example\.org: expected a network/m, 'and says what is wrong');
($status, $out, $err) = run_program(name => 'start', command => [@bootnode], timeout => 10);
is($status, 1, 'nothing starts with a list that is none');
like($err, qr/deny\.txt:2: example\.org: expected a network/, 'and the log says why');
finish();
