#!/usr/bin/perl
# kill -9 under a hundred thousand sessions, and then a restart as a service manager makes it: 20 s after the bootnode is
# back, all of them are registered again. They come back in any order, so all rooms grow at once and tell their members of
# each other; and the clients' share of the work is done on the same machine: about 0.7 ms of a processor a session. With
# fewer than seven there are fewer sessions.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Basename qw(dirname);
use GoChat::Test;
use HTTP::Tiny;
use List::Util qw(min);
use Test::More;

use constant { SESSIONS_MOST => 100_000, SESSIONS_PER_CORE => 15_000, FILL_TIMEOUT => 240, BACK_SECONDS => 20 };

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

sub start_node {
    my $node = start_program(name => 'bootnode', command => [gochat(), '--mode', 'bootnode', '--config', $config]);
    wait_log($node, qr/listening on/, 10) or die "no bootnode\n";
    return $node;
}

sub sessions {
    my $text = HTTP::Tiny->new(timeout => 5)->get("http://$addresses[1]/metrics")->{content};
    return $text =~ /^gochat_sessions (\d+)/m ? $1 : 0;
}

sub all_are_there {
    my ($seconds) = @_;
    my $deadline = now() + $seconds;
    while (now() < $deadline) {
        return 1 if sessions() == $sessions;
        watch_until(now() + 0.1);
    }
    return 0;
}

my $bootnode = start_node();
my $load = start_program(name => 'load', json => 1, command => [dirname(gochat()) . '/gochat-load', '--bootnode',
    $addresses[0], '--sessions', $sessions, '--interval', 4, '--duration', FILL_TIMEOUT, '--json', '-']);
ok(all_are_there(FILL_TIMEOUT), "$sessions sessions");

for my $signal ('KILL', 'TERM') {
    send_signal($bootnode, $signal);
    wait_exit($bootnode, slow(5));
    my $start = now();
    $bootnode = start_node();
    ok(all_are_there(slow(BACK_SECONDS)), "all are back after SIG$signal");
    note(sprintf 'after %.1f s', now() - $start);
}
finish();
