#!/usr/bin/perl
# natlab/probing.t with 12 pairs at once.
use strict;
use warnings;
use FindBin;

local @ARGV = @ARGV ? @ARGV : 12;
do "$FindBin::Bin/../natlab/probing.t" or die $@ || $!;
