package GoChat::Bench::Table;

# The results as text.
use strict;
use warnings;
use utf8;
use Exporter qw(import);
use GoChat::Bench::Quiet qw(noise);
use GoChat::Bench::Spread qw(spread thousands);

our @EXPORT_OK = qw(table);

use constant NOTE => <<'END';
Processor time of the server alone, from the scheduler; per packet that it took (sent, less what its socket dropped).
Medians, and from the least to the most, of interleaved runs; ratios are of one round. A quantile is the median of the
rounds' quantiles, and behind p99 stand their least and their most. Losses, and what was wrong or missing, are of all
rounds together.
END

sub table {
    my ($results) = @_;
    my @sections = ([packets => \&_packets], [registrations => \&_registrations], [residents => \&_residents],
        [cycles => \&_cycles], [joins => \&_joins], [expiry => \&_expiry], [expiries => \&_expiry],
        [competitors => \&_competitors], [workers => \&_workers], [overload => \&_overload]);
    my @found = map { $_->[1]->($results->{ $_->[0] }) } grep { $results->{ $_->[0] } } @sections;
    return join "\n", _head($results), @found, _goals($results->{goals}), _disagreements($results->{disagreements});
}

sub _head {
    my ($results) = @_;
    my ($machine, $settings) = @$results{qw(machine settings)};
    my @noise = noise($machine, $results->{steps});
    return join "\n", "GoChat bootnode $machine->{commit}, $machine->{date}",
        "$machine->{cpu}, $machine->{cores} cores; $machine->{kernel}; $machine->{compiler}",
        thousands($settings->{sessions}) . " sessions; $settings->{runs} runs of $settings->{seconds} s; one worker on "
        . "core $settings->{server_core}, load on core $settings->{load_core}",
        map({"NOT WHOLE: $_"} $results->{cut} // ()), map({"not quiet: $_"} @noise), NOTE;
}

# Whole when it is large.
sub _number {
    my ($number) = @_;
    return $number == int $number || $number >= 100 ? thousands($number) : sprintf '%.3f', $number;
}

sub _spread {
    my ($format, $spread) = @_;
    return $spread ? sprintf "$format ($format–$format)", @$spread{qw(median min max)} : '';
}

sub _packets {
    my ($rows) = @_;
    my $text = sprintf "%-36s %-20s %-18s %12s %9s\n", 'per packet', 'ns', 'of its floor', 'packets/s', 'p99, µs';
    for my $row (@$rows) {
        my $p99 = $row->{rtt_us}{p99}{median};
        $text .= sprintf "%-36s %-20s %-18s %12s %9s\n", $row->{title}, _spread('%.0f', $row->{cpu_ns}),
            _spread('%.2f', $row->{ratio}), thousands($row->{per_s}{median}), $p99 ? thousands($p99) : '';
    }
    return $text;
}

sub _registrations {
    my ($found) = @_;
    my $text = sprintf "%-36s %-20s %-18s %16s\n", 'per registration', 'µs', 'of the yardstick', 'bytes, resident';
    my $us = sub { my ($spread) = @_; return { map { $_ => $spread->{$_} / 1000 } keys %$spread } };
    $text .= sprintf "%-36s %-20s\n", 'four X25519 (the yardstick)', _spread('%.1f', $us->($found->{yardstick_ns}));
    $text .= sprintf "%-36s %-20s %-18s %16s\n", "rooms of $_->{room_size}, " . thousands($found->{sessions}),
        _spread('%.1f', $us->($_->{cpu_ns})), _spread('%.2f', $_->{ratio}), _spread('%.0f', $_->{bytes_per_session})
        for @{ $found->{rooms} };
    return $text;
}

sub _residents {
    my ($found) = @_;
    return sprintf "memory: %s sessions, %s bytes, %.0f a session; filled at %s a second\n",
        map({ thousands($_) } @$found{qw(sessions rss_bytes)}), $found->{bytes_per_session},
        thousands($found->{registered_per_s});
}

sub _cycles {
    my ($found) = @_;
    my $mib = sub { join ' ', map { sprintf '%.1f', $_ / 2**20 } @_ };
    return sprintf "filled and emptied again and again, %s sessions, MiB\n  full:    %s\n  emptied: %s\n",
        thousands($found->{sessions}), $mib->(@{ $found->{full_bytes} }), $mib->(@{ $found->{empty_bytes} });
}

sub _joins {
    my ($found) = @_;
    return sprintf "joins: %s rooms, %s heartbeats a second, %.0f joins a second, %d rounds\n"
        . "  announced to a member after, µs:        %s; missing %d\n", thousands($found->{rooms}),
        thousands($found->{beats_per_s}{median}), $found->{joins_per_s}{median}, scalar @{ $found->{rounds} },
        _quantiles($found->{announce_us}), $found->{missing};
}

sub _expiry {
    my ($found) = @_;
    my @rounds = @{ $found->{rounds} };
    my $text = sprintf "mass expiry of %s sessions, %d %s: %s expired, the latest %s ms late; wrong %d\n",
        thousands($found->{sessions}), scalar @rounds, @rounds == 1 ? 'round' : 'rounds',
        map({ thousands($_) } @$found{qw(expired latest_ms)}), $found->{wrong};
    $text .= sprintf "  late, ms, seen in watched rooms:        %s; not seen %d of %s\n",
        _quantiles($found->{late_ms}), $found->{unseen}, thousands($found->{watched});
    $text .= sprintf "  answer time of the living, µs:          %s; lost %d\n", _quantiles($found->{rtt_us}),
        $found->{lost};
    $text .= sprintf "  where nothing happens, µs:              %s\n", _quantiles($found->{idle_rtt_us});
    $text .= sprintf "  p99 of the living, of that:             %s\n", _spread('%.2f', $found->{rtt_ratio});
    my @refills = map { $_->{refilled_per_s} } grep { $_->{refilled} } @rounds;
    $text .= sprintf "  registered before a round, a second:    %s\n", _spread('%.0f', spread(@refills))
        if @refills > 1;
    return $text;
}

sub _competitors {
    my ($found) = @_;
    my $share = $found->{expiries}{competitors_share};
    my $title = 'beside one process on each core that never waits, and has our priority';
    $title .= sprintf ' (it had %.0f %% of the core)', 100 * $share->{median} if $share;
    my @parts = ([joins => \&_joins], [expiries => \&_expiry], [registrations => \&_registrations]);
    my $text = join '', map { $_->[1]->($found->{ $_->[0] }) } grep { $found->{ $_->[0] } } @parts;
    return "$title:\n" . $text =~ s/^/  /gmr;
}

# Medians; the least and the most of the p99s, where there are several.
sub _quantiles {
    my ($found) = @_;
    my ($p99, @range) = @{ $found->{p99} }{qw(median min max)};
    return sprintf 'p50 %s, p99 %s%s, p99.9 %s, max %s', thousands($found->{p50}{median}), thousands($p99),
        $range[0] == $range[1] ? '' : sprintf(' (%s–%s)', map { thousands($_) } @range),
        map { thousands($found->{$_}{median}) } qw(p999 max);
}

sub _workers {
    my ($found) = @_;
    my $text = sprintf "2 workers and the load on 2 cores, %s sessions\n", thousands($found->{sessions});
    $text .= sprintf "  %s heartbeats a second, half of one worker's most: lost %d, answer time, µs: %s\n",
        thousands($found->{rate}), $found->{half}{lost}, _quantiles($found->{half}{rtt_us}) if $found->{half};
    $text .= sprintf "  %s a second, one by one, %-9s: lost %d, at the wrong worker %.2f %%, answer time, µs: %s\n",
        thousands($found->{steered_rate}), $_, @{ $found->{$_} }{qw(lost strayed_percent)},
        _quantiles($found->{$_}{rtt_us}) for grep { $found->{$_} } qw(same-port new-port);
    return $text;
}

sub _overload {
    my ($found) = @_;
    my $text = sprintf "overload: one worker, floods of %s s\n", $found->{flood_seconds};
    $text .= join '', map { _overload_size($_) } @{ $found->{sizes} };
    my $hammer = $found->{hammer} // return $text;
    $text .= sprintf "  one source hammers, limits as in production, %s sessions; p99 of the others, µs\n",
        thousands($hammer->{sessions});
    $text .= sprintf "    %-28s %10s %6s %9s %9s\n", 'kind', 'a second', 'idle', 'hammered', 'ratio';
    $text .= sprintf "    %-28s %10s %6s %9s %9.2f\n", $_->{title}, map({ thousands($_) } $_->{sent_per_s},
        $_->{idle_rtt_us}{p99}, $_->{rtt_us}{p99}), $_->{ratio} for @{ $hammer->{kinds} };
    return $text;
}

# `times`: what was sent, in capacities.
sub _overload_size {
    my ($found) = @_;
    my $text = sprintf "  %s sessions; where nothing happens p99 %s µs, %s newcomers a second\n",
        map { thousands($_) } $found->{sessions}, $found->{idle}{rtt_us}{p99}, $found->{idle}{newcomers_per_s};
    $text .= sprintf "    %-28s %10s %5s %6s %9s %9s %9s %11s %8s\n", 'flood', 'capacity', 'busy', 'times',
        'forgotten', 'announced', 'newcomers', 'p99, µs', 'back, ms';
    $text .= sprintf "    %-28s %10s %5.2f %6.2f %9d %9d %9.2f %11s %8s\n", $_->{title},
        thousands($_->{capacity_per_s}), @$_{qw(busy_at_capacity reached forgotten announced newcomers)},
        map({ thousands($_) } $_->{rtt_us}{p99}, $_->{back_ms}) for @{ $found->{floods} };
    my $beats = $found->{beats} // return $text;
    $text .= sprintf "    %-28s %10s       %6.2f %9d %9d\n", 'their own beats', thousands($beats->{capacity_per_s}),
        @$beats{qw(reached forgotten announced)};
    return $text;
}

sub _goals {
    my ($goals) = @_;
    my $text = sprintf "%-66s %8s %10s\n", 'goal', 'at most', 'measured';
    $text .= sprintf "%-66s %8s %10s  %s\n", $_->{what}, map({ _number($_) } @$_{qw(limit measured)}),
        $_->{met} ? 'met' : 'NOT MET' for @$goals;
    return $text;
}

sub _disagreements {
    my ($lines) = @_;
    return @$lines ? join '', "The load generator and the bootnode disagree:\n", map {"  $_\n"} @$lines : ();
}

1;
