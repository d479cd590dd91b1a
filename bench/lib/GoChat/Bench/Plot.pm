package GoChat::Bench::Plot;

# The plots, by gnuplot.
use strict;
use warnings;
use utf8;
use Exporter qw(import);
use GoChat::Bench::Spread qw(thousands);

our @EXPORT_OK = qw(plot_packets plot_expiry);

use constant STYLE => <<'END';
set encoding utf8
set border 3 linecolor '#888888'
set tics nomirror textcolor '#444444'
set grid ytics linecolor '#e4e4e4' linetype 1
set style fill solid 1 noborder
END

my $OTHERS = 0xd08a3c;

# One bar a row with its least and its most; the floors are lines, so that every bar shows what it adds to its own.
sub plot_packets {
    my ($results, $path) = @_;
    my @rows = @{ $results->{packets} };
    my %color = (GoChat => 0x1f6fb2, receive => 0x9aa5ad);
    my $at = 0;
    my $data = join '', map {
        my ($family) = $_->{title} =~ /^(\w+)/;
        join("\t", $at++, @{ $_->{cpu_ns} }{qw(median min max)}, $color{$family} // $OTHERS, _label($_),
            sprintf '%.0f', $_->{cpu_ns}{median}) . "\n"
    } @rows;
    my @floors = grep { !$_->{floor} } @rows;
    my $sessions = thousands($results->{settings}{sessions});
    my $arrows = join '', map { _floor_line($_, \@rows) } @floors;
    return _gnuplot($path, 900, 460, <<"END");
set title "Processor time of the server per packet, $sessions sessions"
set ylabel 'ns per packet'
set yrange [0:*]
set xrange [-0.6:$#rows.6]
set boxwidth 0.62
set bmargin 5
unset key
$arrows
\$rows << EOD
${data}EOD
set datafile separator "\\t"
plot \$rows using 1:2:5:xtic(6) with boxes linecolor rgb variable, \\
     '' using 1:3:(0):(\$4-\$3) with vectors nohead linewidth 2 linecolor '#333333', \\
     '' using 1:4:7 with labels offset 0,0.8 textcolor '#333333'
END
}

# "heartbeat, one way" over two lines under its bar
sub _label {
    my ($row) = @_;
    my $label = $row->{title};
    $label =~ s/ \(.*//;
    $label =~ s/, /\\n/g;
    $label .= '\nfloor' unless $row->{floor};
    return $label;
}

# From the floor's own bar to the last one that is compared with it.
sub _floor_line {
    my ($floor, $rows) = @_;
    my @over = grep { ($rows->[$_]{floor} // $rows->[$_]{name}) eq $floor->{name} } 0 .. $#$rows;
    my $height = $floor->{cpu_ns}{median};
    return sprintf "set arrow from %g,%g to %g,%g nohead front dashtype 2 linecolor '#c0392b'\n",
        $over[0] - 0.4, $height, $over[-1] + 0.4, $height;
}

# How late those that fell silent were found, and the answer times of the living meanwhile and of others in peace.
sub plot_expiry {
    my ($results, $path) = @_;
    my $expiry = $results->{expiry};
    my $sessions = thousands($expiry->{expired});
    my @quantiles = ([p50 => '50 %'], [p99 => '99 %'], [p999 => '99.9 %'], [max => 'all']);
    my $at = 0;
    my $data = join '', map {
        my ($key, $label) = @$_;
        join("\t", $at++, $label, $expiry->{idle_rtt_us}{$key}{median} / 1000, $expiry->{rtt_us}{$key}{median} / 1000,
            $expiry->{late_ms}{$key}{median}) . "\n"
    } @quantiles;
    return _gnuplot($path, 700, 400, <<"END");
set title "$sessions sessions fall silent within one beat"
set ylabel 'ms, at most'
set xlabel 'so many of all'
set logscale y
set format y '%g'
set key above left vertical maxrows 3 reverse Left
set xrange [-0.3:3.3]
\$quantiles << EOD
${data}EOD
set datafile separator "\\t"
set style data linespoints
plot \$quantiles using 1:5:xtic(2) linewidth 2 pointtype 7 linecolor '#d08a3c' title 'expired late by', \\
     '' using 1:4 linewidth 2 pointtype 7 linecolor '#1f6fb2' title 'answer to the living, meanwhile', \\
     '' using 1:3 linewidth 2 pointtype 7 linecolor '#9aa5ad' title 'answer where nothing happens'
END
}

sub _gnuplot {
    my ($path, $width, $height, $script) = @_;
    open my $gnuplot, '|-:utf8', 'gnuplot' or die "gnuplot: $!\n";
    print $gnuplot "set terminal svg size $width,$height font 'sans-serif,12' background '#ffffff'\n",
        "set output '$path'\n", STYLE, $script;
    close $gnuplot or die "bench/run: gnuplot could not write $path\n";
    return;
}

1;
