package GoChat::Bench::Rows;

# Processor time per packet: every server in turn, round after round, so that whatever the machine does to one it does
# to all. A row is judged by its ratio to its floor in the same round.
use strict;
use warnings;
use utf8;
use Exporter qw(import);
use GoChat::Bench::Servers qw(start_server);
use GoChat::Bench::Spread qw(quantiles ratios spread);
use List::Util qw(min);

our @EXPORT_OK = qw(measure_packets);

use constant {
    # Heartbeats a second that the bootnode takes at least.
    REFRESH_LEAST => 0.2, REFRESH_RATE => 500_000,
    IMPURE => 0.02, # so large a share of other packets a row may have
    # What a packet costs depends on how many a server finds when it wakes. So a floor and all that is compared with it
    # are measured at one rate: this share of what the slowest of them takes.
    SHARE => 0.75,
};

# A heartbeat has 40 bytes, and so have the datagrams of the floors.
my @ROWS = (
    { name => 'one-way-floor', title => 'receive (the one-way floor)', server => 'floor', flags => '--raw 40',
        unanswered => 1 },
    { name => 'one-way', title => 'GoChat, heartbeat, one way', server => 'bootnode', flags => '--answers rare',
        floor => 'one-way-floor' },
    { name => 'echo-floor', title => 'receive and send (the echo floor)', server => 'echo',
        flags => '--raw 40 --echoed' },
    { name => 'answered', title => 'GoChat, heartbeat, answered', server => 'bootnode', flags => '--answers every',
        floor => 'echo-floor' },
    { name => 'stun', title => 'GoChat, STUN', server => 'bootnode', flags => '--stun', floor => 'echo-floor' },
    { name => 'coturn', title => 'coturn, STUN', server => 'coturn', flags => '--stun', floor => 'echo-floor',
        peer => 1 },
    { name => 'knot', title => 'Knot DNS, A query', server => 'knot', flags => '--dns www.bench.test',
        floor => 'echo-floor', peer => 1 },
    { name => 'opentracker', title => 'opentracker, announce', server => 'opentracker', flags => '--tracker',
        floor => 'echo-floor', peer => 1 },
);

# [{ name, title, floor, cpu_ns, ratio, per_s (spreads), rounds => [...] }]
sub measure_packets {
    my ($setup, $fleet, $keep) = @_;
    my @rows = grep { $setup->{peers} || !$_->{peer} } @ROWS;
    my %servers = (bootnode => $fleet->{bootnode});
    $servers{ $_->{server} } //= start_server($setup, $_->{server}) for @rows;
    my $rates = _rates($setup, $fleet, \%servers, \@rows);
    my %rounds;
    for my $round (1 .. $setup->{runs}) {
        my %round = map { $_->{name} => _measure($setup, $fleet, $servers{ $_->{server} }, $_,
            '--rate ' . $rates->{ _floor($_) }) } @rows;
        push @{ $rounds{$_} }, $round{$_} for keys %round;
        $keep->([map { _summary($_, \%rounds) } @rows]);
        $setup->{say}->("packets: round $round of $setup->{runs}");
    }
    delete $servers{bootnode};
    $_->stop for values %servers;
    return [map { _summary($_, \%rounds) } @rows];
}

# All sessions beat once, so that for the 6.5 s that gochat-load leaves a session alone none needs to. Else beats that
# keep them alive, and are cheap since nobody answers them, would be among the packets of an answered row; and while
# another server is measured the bootnode would have something to do on its core.
sub _refresh {
    my ($setup, $fleet) = @_;
    $fleet->row('refresh', '--rate ' . REFRESH_RATE . ' --duration ' .
        (REFRESH_LEAST + $setup->{sessions} / REFRESH_RATE));
    return;
}

# A row is its own packets: others, of another cost, would make its figure that of a mixture.
sub _check_purity {
    my ($setup, $row, $result) = @_;
    my $took = $result->{server};
    my $others = ($took->{packets} + $took->{dropped}) / $result->{sent} - 1;
    push @{ $setup->{disagreements} }, sprintf '%s: %.1f %% of the packets kept sessions alive', $row->{name},
        100 * $others if $others > IMPURE;
    return;
}

sub _floor { my ($row) = @_; return $row->{floor} // $row->{name} }

# For each floor, the requests a second at which it and its rows are measured.
sub _rates {
    my ($setup, $fleet, $servers, $rows) = @_;
    my %least;
    for my $row (@$rows) {
        my $most = _measure($setup, $fleet, $servers->{ $row->{server} }, $row, '--max')->{per_s};
        $least{ _floor($row) } = min($most, $least{ _floor($row) } // $most);
    }
    return { map { $_ => int(SHARE * $least{$_}) } keys %least };
}

sub _measure {
    my ($setup, $fleet, $server, $row, $pace) = @_;
    _refresh($setup, $fleet);
    my $where = $row->{server} eq 'bootnode' ? '' : "--to $server->{address} --pid $server->{pid}";
    my $result = $fleet->row($row->{name}, "$row->{flags} $pace --duration $setup->{seconds} $where");
    my $took = $result->{server};
    die "bench/run: $row->{title}: no packet arrived\n" unless $took->{packets};
    die "bench/run: $row->{title}: nothing was answered\n" unless $row->{unanswered} || $result->{answered};
    _check_purity($setup, $row, $result);
    return {
        cpu_ns => $took->{cpu_ns_per_packet},
        per_s => $result->{sent_per_s} * $took->{packets} / $result->{sent},
        dropped => $took->{dropped},
        lost => $result->{lost},
        rtt_us => $result->{rtt_us},
    };
}

sub _summary {
    my ($row, $rounds) = @_;
    my $own = $rounds->{ $row->{name} };
    my %summary = (
        name => $row->{name},
        title => $row->{title},
        floor => $row->{floor},
        rounds => $own,
        cpu_ns => spread(map { $_->{cpu_ns} } @$own),
        per_s => spread(map { $_->{per_s} } @$own),
        rtt_us => quantiles(map { $_->{rtt_us} } @$own),
    );
    $summary{ratio} = _against($own, $rounds->{ $row->{floor} }) if $row->{floor};
    $summary{against_coturn} = _against($own, $rounds->{coturn}) if $row->{name} eq 'stun' && $rounds->{coturn};
    return \%summary;
}

sub _against {
    my ($own, $other) = @_;
    return ratios([map { $_->{cpu_ns} } @$own], [map { $_->{cpu_ns} } @$other]);
}

1;
