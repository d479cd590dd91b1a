#!/usr/bin/perl
# natlab/lossy.t with 100,000 messages.
use strict;
use warnings;
use FindBin;

local @ARGV = @ARGV ? @ARGV : 100_000;
do "$FindBin::Bin/../natlab/lossy.t" or die $@ || $!;
