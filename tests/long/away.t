#!/usr/bin/perl
# natlab/away.t, where one is away for two minutes.
use strict;
use warnings;
use FindBin;

local @ARGV = @ARGV ? @ARGV : 120;
do "$FindBin::Bin/../natlab/away.t" or die $@ || $!;
