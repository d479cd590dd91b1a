#!/usr/bin/perl
# What surrounds the bootnode does not end it: a low limit of open files, a reader of its log that went away.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use Test::More;

{
    my $bootnode = start_bootnode(in => ['prlimit', '--nofile=64:4096'], config => 'workers = 32');
    my $client = start_client(name => 'ada', bootnode => $bootnode, room => 'many workers');
    ok(wait_event($client, { event => 'registered' }, 5), '32 workers where 64 files may be open at first');
}

{
    my $bootnode = start_bootnode();
    my $client = start_client(name => 'bob', bootnode => $bootnode, room => 'no log');
    ok(wait_event($client, { event => 'registered' }, 5), 'a client is registered');
    close $bootnode->{streams}{log_lines}{handle};
    delete $bootnode->{streams}{log_lines};
    send_signal($bootnode, 'TERM');
    is(wait_exit($bootnode, 5), 0, 'nobody reads its log: it ends as always');
}

finish();
