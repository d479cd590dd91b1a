#!/usr/bin/perl
# The heartbeat path allocates nothing and takes no lock: counted in the running bootnode, thread by thread, while a
# load generator sends it heartbeats.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Basename qw(dirname);
use GoChat::Test;
use HTTP::Tiny;
use Test::More;

plan skip_all => 'the sanitizers have an allocator of their own' if $ENV{SAN};

use constant { RECORD_SIZE => 24, SESSIONS => 1000, RATE => 20_000, QUIET => 9, SECONDS => 3 };

my $folder = temp_dir();
my $counts = "$folder/counts";
my $bootnode = start_bootnode(
    config => "workers = 1\nlimit_loopback = no\nmetrics = 127.0.0.1:0",
    in => ['env', 'LD_PRELOAD=' . test_tool('count_calls.so'), "COUNT_CALLS_FILE=$counts"],
);
my $page = wait_log($bootnode, qr{metrics on http://\S+}, 5)->{text} =~ m{(http://\S+)} ? $1 : die 'no address';

sub metric {
    my ($name) = @_;
    return HTTP::Tiny->new->get($page)->{content} =~ /^$name (\d+)/m ? $1 : die "no metric $name\n";
}

# What the worker has allocated and locked until now.
sub worker_calls {
    my %calls;
    my $records = read_file($counts);
    for my $at (map { $_ * RECORD_SIZE } 0 .. length($records) / RECORD_SIZE - 1) {
        my ($thread, $allocations, $locks) = unpack 'Q3', substr $records, $at, RECORD_SIZE;
        my $name = "/proc/$bootnode->{pid}/task/$thread/comm";
        next if !-e $name || read_file($name) ne "worker 0\n"; # some threads only start others
        %calls = (allocations => $allocations, locks => $locks);
    }
    return \%calls;
}

# The first row lets the rooms come to rest: announcements, which take the lock, are repeated for seven seconds.
my $rows = write_file("$folder/rows", join "\n", '--name rest --idle --duration ' . QUIET,
    '--name beats --answers every --rate ' . RATE . ' --duration ' . SECONDS, '');
my $load = start_program(name => 'load', json => 1, command => [dirname(gochat()) . '/gochat-load', '--bootnode',
    $bootnode->{address}, '--sessions', SESSIONS, '--room-size', 10, '--json', '-', '--rows', $rows]);

ok(wait_event($load, { name => 'rest' }, 60), 'the sessions are registered and their rooms at rest');
my ($before, $beats) = (worker_calls(), metric('gochat_heartbeat_total'));
cmp_ok($before->{locks}, '>', SESSIONS, "registering took locks, and they were counted: $before->{locks}");
cmp_ok($before->{allocations}, '>', SESSIONS / 10, "so were allocations: $before->{allocations}");

my $row = wait_event($load, { name => 'beats' }, 30);
my ($after, $more) = (worker_calls(), metric('gochat_heartbeat_total') - $beats);
# A busy machine may cost some, and makes others late.
cmp_ok($more, '>=', RATE * SECONDS / 4, "$more heartbeats");
cmp_ok($row->{answered}, '>=', $more / 2, 'and their answers');
is($after->{locks} - $before->{locks}, 0, 'no lock was taken');
is($after->{allocations} - $before->{allocations}, 0, 'nothing was allocated or freed');
is(wait_exit($load, 20), 0, 'the load generator agrees with the bootnode');
finish();
