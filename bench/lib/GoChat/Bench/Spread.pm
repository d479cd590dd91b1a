package GoChat::Bench::Spread;

# What repeated measurements come to, and numbers for people.
use strict;
use warnings;
use Exporter qw(import);
use List::Util qw(sum0);

our @EXPORT_OK = qw(spread ratios quantiles total thousands);

# { median, min, max }
sub spread {
    my @sorted = sort { $a <=> $b } @_;
    my $middle = ($sorted[$#sorted / 2] + $sorted[@sorted / 2]) / 2;
    return { median => $middle, min => $sorted[0], max => $sorted[-1] };
}

# The spread of the ratios of what was measured in the same round.
sub ratios {
    my ($numerators, $denominators) = @_;
    return spread(map { $numerators->[$_] / $denominators->[$_] } 0 .. $#$numerators);
}

# Of the distributions of several runs: how each of their quantiles spreads. The median of the runs' p99s is no p99 of
# all their values, and one bad run does not move it.
sub quantiles {
    my (@distributions) = @_;
    return { map { my $key = $_; $key => spread(map { $_->{$key} } @distributions) } qw(p50 p99 p999 max) };
}

# What one key of these hashes comes to.
sub total {
    my ($key, @hashes) = @_;
    return sum0(map { $_->{$key} } @hashes);
}

# 1234567 as 1,234,567
sub thousands {
    my ($number) = @_;
    my $text = sprintf '%.0f', $number;
    1 while $text =~ s/^(-?\d+)(\d{3})/$1,$2/;
    return $text;
}

1;
