package GoChat::Bench::Spread;

# What repeated measurements come to, and numbers for people.
use strict;
use warnings;
use Exporter qw(import);

our @EXPORT_OK = qw(spread ratios thousands);

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

# 1234567 as 1,234,567
sub thousands {
    my ($number) = @_;
    my $text = sprintf '%.0f', $number;
    1 while $text =~ s/^(-?\d+)(\d{3})/$1,$2/;
    return $text;
}

1;
