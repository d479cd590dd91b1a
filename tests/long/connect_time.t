#!/usr/bin/perl
# The benchmark of the connection time, and its limit: a time that means something on a quiet machine alone.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Lab;
use GoChat::Test;
use Test::More;

GoChat::Lab::enter();

use constant LIMIT_MS => 150;

my $report = qx{'$FindBin::Bin/../../bench/connect-time' 5};
is($?, 0, 'every run connected');
my ($median) = $report =~ /median ([0-9.]+) /;
diag($report);
cmp_ok($median // 'inf', '<=', slow(LIMIT_MS), 'the median is at most ' . slow(LIMIT_MS) . ' ms');

done_testing();
