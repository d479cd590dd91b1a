#!/usr/bin/perl
# The benchmark of joins, and its limits: everybody meets everybody, nobody who lives is said to have left, and packets
# stay few. Answers that come late are asked for again, so the limits are three times what two quiet cores need
# (bench/README.md), which is less than what was needed while initiators did not wait for their turn.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Lab;
use GoChat::Test;
use Test::More;

GoChat::Lab::enter();

use constant { AT_ONCE_PACKETS => 60, STAGGERED_PACKETS => 70 };

sub joins {
    my ($what, $packets, @arguments) = @_;
    my $report = qx{'$FindBin::Bin/../../bench/joins' @arguments};
    diag($report);
    like($report, qr/all pairs connected/, "$what: everybody meets everybody");
    like($report, qr/\b0 said to have left/, "$what: and nobody is said to have left");
    my ($measured) = $report =~ /([0-9.]+) packets/;
    cmp_ok($measured // 'inf', '<=', $packets, "$what: at most $packets packets a pair");
    return;
}

joins('100 at once', AT_ONCE_PACKETS, '--limit', slow(90), 100);
joins('200, one every 300 ms', STAGGERED_PACKETS, '--every', 300, '--limit', slow(150), '--stay', 20, 200);

done_testing();
