#!/usr/bin/perl
# e2e/bootnode_crash.t with 200 clients in ten rooms.
use strict;
use warnings;
use FindBin;

local @ARGV = (200, 10);
do "$FindBin::Bin/../e2e/bootnode_crash.t" or die $@ || $!;
