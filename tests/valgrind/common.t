#!/usr/bin/perl
# All other unit tests under valgrind.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Valgrind;

check_units(grep { !/^(?:bootnode|client)$/ } map {m{([^/]+)$}} glob 'tests/unit/*');
