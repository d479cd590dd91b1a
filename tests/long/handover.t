#!/usr/bin/perl
# A service manager restarts a bootnode with 20,000 sessions, by word and by force. It keeps the sockets, so the next one
# has them before anybody noticed; and who was told when to ask is back sooner than who had to find out. The clients' share
# of the work is done on the same machine: with fewer than eight processors there are fewer sessions.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Basename qw(dirname);
use GoChat::Test;
use HTTP::Tiny;
use List::Util qw(min);
use Test::More;

use constant { SESSIONS_MOST => 20_000, SESSIONS_PER_CORE => 2_500, FILL_TIMEOUT => 120, BACK_TIMEOUT => 30,
    SETTLE => 6, GAP => 0.5, TERM => 15, KILL => 9 };

chomp(my $cores = `nproc`);
my $sessions = min(SESSIONS_MOST, $cores * SESSIONS_PER_CORE);
my $folder = temp_dir();
my @addresses = map { '127.0.0.1:' . free_port() } 1 .. 2;
my $config = write_file("$folder/bootnode.ini", <<"END");
[bootnode]
listen = $addresses[0]
metrics = $addresses[1]
key_file = $folder/bootnode.key
sessions_per_source = 0
limit_loopback = no
END

sub sessions {
    my $text = HTTP::Tiny->new(timeout => 5)->get("http://$addresses[1]/metrics")->{content};
    return $text =~ /^gochat_sessions (\d+)/m ? $1 : 0;
}

# Since when all are there; undef: they are not.
sub all_are_there {
    my ($seconds) = @_;
    my $deadline = now() + slow($seconds);
    while (now() < $deadline) {
        return now() if sessions() == $sessions;
        watch_until(now() + 0.05);
    }
    return;
}

my $manager = start_program(name => 'manager', command => [test_tool('service_manager'), '--', gochat(), '--mode',
    'bootnode', '--config', $config]);
sub starts { return scalar grep { $_->{text} =~ /^told READY/ } @{ $manager->{lines} } }
send_line($manager, 'start');
ok(wait_until(sub { starts() == 1 }, 10), 'a bootnode');
my $load = start_program(name => 'load', json => 1, command => [dirname(gochat()) . '/gochat-load', '--bootnode',
    $addresses[0], '--sessions', $sessions, '--interval', 4, '--duration', 3600, '--json', '-']);
ok(all_are_there(FILL_TIMEOUT), "$sessions sessions");

my %took;
for my $signal (TERM, KILL) {
    watch_until(now() + SETTLE);
    my ($start, $next) = (now(), starts() + 1);
    send_line($manager, "again $signal");
    ok(wait_until(sub { starts() == $next }, 10), "signal $signal: the next one serves");
    cmp_ok(now() - $start, '<', slow(GAP), sprintf 'after %.3f s', now() - $start);
    my $back = all_are_there(BACK_TIMEOUT);
    $took{$signal} = $back ? $back - $start : BACK_TIMEOUT;
    ok($back, sprintf 'and all are back after %.2f s', $took{$signal});
}
cmp_ok($took{ +TERM }, '<', $took{ +KILL }, 'who was told is back sooner');
send_signal($load, 'KILL');
wait_exit($load, 5);
send_line($manager, 'quit');
wait_exit($manager, 5);
finish();
