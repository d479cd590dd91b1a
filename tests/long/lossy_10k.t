#!/usr/bin/perl
# natlab/lossy.t with 10,000 messages.
use strict;
use warnings;
use FindBin;

local @ARGV = @ARGV ? @ARGV : 10_000;
do "$FindBin::Bin/../natlab/lossy.t" or die $@ || $!;
