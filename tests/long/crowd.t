#!/usr/bin/perl
# e2e/crowd.t with a thousand clients in two hundred rooms.
use strict;
use warnings;
use FindBin;

local @ARGV = (1000, 200, 60);
do "$FindBin::Bin/../e2e/crowd.t" or die $@ || $!;
