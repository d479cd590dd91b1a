#!/usr/bin/perl
# Ten million HELLO and REGISTER from forged sources: the bootnode keeps nothing of them, its memory stays what it was,
# who is there stays, and who comes meanwhile gets in.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use HTTP::Tiny;
use Test::More;

plan skip_all => 'forging sources takes a raw socket: run it as root' if $> != 0;

use constant { WARM_UP => 500_000, FLOOD => 10_000_000, MEMORY => 1 << 20, FLOOD_TIMEOUT => 900 };

my $bootnode = start_bootnode(config => "workers = 1\nmetrics = 127.0.0.1:0");
my $page = wait_log($bootnode, qr{metrics on http://\S+}, 5)->{text} =~ m{(http://\S+)} ? $1 : die 'no address';

sub metric {
    my ($name) = @_;
    return HTTP::Tiny->new->get($page)->{content} =~ /^$name (\S+)/m ? $1 : die "no metric $name\n";
}

sub start_flood {
    my ($count, $seed) = @_;
    return start_program(name => 'spoofer',
        command => [test_tool('spoofer'), $bootnode->{address}, $count, 0, $seed]);
}

my $bob = start_client(name => 'bob', bootnode => $bootnode, room => 'harbour');
ok(wait_event($bob, { event => 'registered' }, 5), 'bob is there before the flood');

# The tables of the limits have a fixed size; a first wave has the kernel back them with memory.
is(wait_exit(start_flood(WARM_UP, 1), FLOOD_TIMEOUT), 0, 'a first wave');
my %before = map { $_ => metric($_) } qw(process_resident_memory_bytes gochat_received_total gochat_welcome_total);

my $flood = start_flood(FLOOD, 2);
my $alice = start_client(name => 'alice', bootnode => $bootnode, room => 'harbour');
ok(wait_event($alice, { event => 'registered' }, 30), 'alice registers in the middle of it');
ok(wait_event($alice, { event => 'peer-connected', nick => 'bob' }, 30), 'and reaches bob');
is(wait_exit($flood, FLOOD_TIMEOUT), 0, 'the flood is over');

my $received = metric('gochat_received_total') - $before{gochat_received_total};
cmp_ok($received, '>', FLOOD / 20, "the bootnode took $received of the flood");
my $growth = metric('process_resident_memory_bytes') - $before{process_resident_memory_bytes};
cmp_ok($growth, '<=', MEMORY, "memory grew by $growth bytes");
is(metric('gochat_sessions'), 2, 'the two who are real have sessions');
is(metric('gochat_sessions_provisional'), 0, 'nobody else has');
is(metric('gochat_welcome_total') - $before{gochat_welcome_total}, 1, 'and only alice was answered with WELCOME');
ok(!events($bob, { event => 'bootnode-lost' }), 'bob never lost the bootnode');
finish();
