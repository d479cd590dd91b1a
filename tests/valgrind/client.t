#!/usr/bin/perl
# The unit tests of the client under valgrind.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Valgrind;

check_units('client');
