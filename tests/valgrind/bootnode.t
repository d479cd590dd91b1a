#!/usr/bin/perl
# The unit tests of the bootnode under valgrind.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Valgrind;

check_units('bootnode');
