#!/usr/bin/perl
# natlab/pairs.t for 200 s, in which keys are renewed.
use strict;
use warnings;
use FindBin;

local @ARGV = @ARGV ? @ARGV : 200;
do "$FindBin::Bin/../natlab/pairs.t" or die $@ || $!;
