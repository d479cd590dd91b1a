#!/usr/bin/perl
# long/cluster.t in short: 150 clients, and a node and a NATS server that die at once.
use strict;
use warnings;
use FindBin;

local @ARGV = (150, 30, 'node-and-nats-killed');
do "$FindBin::Bin/../long/cluster.t" or die $@ || $!;
