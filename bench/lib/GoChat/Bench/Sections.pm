package GoChat::Bench::Sections;

# What is measured besides the time per packet, the mass expiry and the overload. Each measure_… is given the setup, a
# fleet where it shares one, and a function that keeps what it has so far; it returns what goes into the results.
use strict;
use warnings;
use Exporter qw(import);
use GoChat::Bench::Competitors;
use GoChat::Bench::Expiry qw(expiries);
use GoChat::Bench::Fleet;
use GoChat::Bench::Spread qw(quantiles ratios spread total);
use List::Util qw(max min);

our @EXPORT_OK = qw(measure_residents measure_cycles measure_joins measure_registrations measure_workers
    measure_competitors);

use constant {
    ROOM_SIZE => 64,
    REGISTRATIONS => 50_000, # of a fill that is measured for its registrations alone
    CYCLES => 10,
    CYCLE_SESSIONS => 100_000,
    SETTLE_TIMEOUT => 30,
    JOIN_RATE => 100_000, # heartbeats a second while members come and go
    # So few that a room seldom changes twice in 100 ms: then announcements wait for each other, as they shall.
    JOIN_CHURN => 0.02,
    JOIN_SECONDS => 10, # of one round
    WORKERS_SESSIONS => 100_000,
    STEERED_RATE => 100_000, # heartbeats a second whose way to a worker is followed
    # With a competitor on each core everything takes twice as long, and some of it is measured at fewer sessions.
    COMPETED_SESSIONS => 100_000,
    COMPETED_REGISTRATIONS => 10_000,
    COMPETED_ROUNDS => 3,
};

# How much the bootnode grew by, for each session of the big fill.
sub measure_residents {
    my ($setup, $fleet) = @_;
    my $result = $fleet->row('residents', "--idle --duration $setup->{seconds}");
    return {
        sessions => $result->{sessions},
        registered_per_s => $result->{registered_per_s},
        rss_bytes => $result->{server}{rss_bytes},
        bytes_per_session => $result->{server}{rss_bytes_per_session},
    };
}

# Fills and empties one bootnode again and again: memory is reused when the first cycle's is enough for all.
sub measure_cycles {
    my ($setup, undef, $keep) = @_;
    my $sessions = min(CYCLE_SESSIONS, $setup->{sessions});
    my $fleet = GoChat::Bench::Fleet->new($setup, sessions => $sessions, room_size => ROOM_SIZE, watched_rooms => 0);
    my (@full, @empty);
    my $summary = sub {
        return { sessions => $sessions, full_bytes => [@full], empty_bytes => [@empty],
            growth => max(max(@full) / $full[0], max(@empty) / $empty[0]) };
    };
    for my $cycle (1 .. CYCLES) {
        $fleet->row("full-$cycle", '--idle --duration 1');
        push @full, $fleet->rss_bytes;
        $fleet->row("emptied-$cycle", '--idle --silent 100');
        $fleet->{bootnode}->wait_until(sub { $fleet->metric('gochat_sessions') == 0 }, SETTLE_TIMEOUT);
        push @empty, $fleet->rss_bytes;
        $keep->($summary->());
        $setup->{say}->("memory: cycle $cycle of " . CYCLES);
    }
    $fleet->end;
    return $summary->();
}

# How soon a join is known to all members of its room, while heartbeats flow.
sub measure_joins {
    my ($setup, $fleet, $keep) = @_;
    return _joins($setup, $fleet, 'joins', $setup->{runs}, $keep);
}

sub _joins {
    my ($setup, $fleet, $name, $rounds, $keep) = @_;
    my @rounds;
    for my $round (1 .. $rounds) {
        my $result = $fleet->row($name,
            '--rate ' . JOIN_RATE . ' --churn ' . JOIN_CHURN . ' --duration ' . JOIN_SECONDS);
        push @rounds, {
            sessions => $result->{sessions},
            beats_per_s => $result->{sent_per_s},
            joins => $result->{registered},
            joins_per_s => $result->{registered_per_s},
            announce_us => $result->{announce_us},
            missing => $result->{announce_missing},
            lost => $result->{lost},
            dropped => $result->{server}{dropped},
        };
        $keep->(_joins_summary(@rounds));
        $setup->{say}->("$name: round $round of $rounds");
    }
    return _joins_summary(@rounds);
}

sub _joins_summary {
    my (@rounds) = @_;
    return {
        rounds => \@rounds,
        rooms => int($rounds[0]{sessions} / ROOM_SIZE),
        beats_per_s => spread(map { $_->{beats_per_s} } @rounds),
        joins_per_s => spread(map { $_->{joins_per_s} } @rounds),
        announce_us => quantiles(map { $_->{announce_us} } @rounds),
        map({ $_ => total($_, @rounds) } qw(joins missing lost dropped)),
    };
}

# Registrations in rooms of 1 and of 64, each into an empty bootnode, and four multiplications before them.
sub measure_registrations {
    my ($setup, undef, $keep) = @_;
    return _registrations($setup, 'registrations', min(REGISTRATIONS, $setup->{sessions}), $setup->{runs}, $keep);
}

sub _registrations {
    my ($setup, $name, $sessions, $rounds, $keep) = @_;
    my (%fills, @yardstick);
    my $summary = sub {
        return {
            sessions => $sessions,
            yardstick_ns => spread(@yardstick),
            rooms => [map { _registration_summary($_, $fills{$_}, \@yardstick) } 1, ROOM_SIZE],
        };
    };
    for my $round (1 .. $rounds) {
        my $multiplied = _four_multiplications_ns($setup);
        my %fill = map { $_ => _fill($setup, "$name-rooms-of-$_", $sessions, $_) } 1, ROOM_SIZE;
        push @yardstick, $multiplied;
        push @{ $fills{$_} }, $fill{$_} for keys %fill;
        $keep->($summary->());
        $setup->{say}->("$name: round $round of $rounds");
    }
    return $summary->();
}

sub _registration_summary {
    my ($room_size, $fills, $yardstick) = @_;
    my @cpu_ns = map { $_->{cpu_ns_per_registration} } @$fills;
    return {
        room_size => $room_size,
        cpu_ns => spread(@cpu_ns),
        ratio => ratios(\@cpu_ns, $yardstick),
        bytes_per_session => spread(map { $_->{rss_bytes_per_session} } @$fills),
    };
}

# What the server spent on filling itself.
sub _fill {
    my ($setup, $name, $sessions, $room_size) = @_;
    my $fleet = GoChat::Bench::Fleet->new($setup, sessions => $sessions, room_size => $room_size);
    my $result = $fleet->row($name, '--idle --duration 1');
    $fleet->end;
    return $result->{server};
}

sub _four_multiplications_ns {
    my ($setup) = @_;
    my $said = `taskset -c $setup->{server_core} '$setup->{out}/bench/registration' 1 1000`;
    my ($us) = $said =~ /^four X25519.*?([\d.]+)\s/m
        or die "bench/run: bench/registration does not say what four X25519 cost\n";
    return 1000 * $us;
}

# Two workers and the load share two cores, at half of what one worker alone on a core takes at the most. Then, one
# datagram at a time (the kernel chooses one worker for a whole segmented send): at whose worker do heartbeats arrive?
sub measure_workers {
    my ($setup, undef, $keep) = @_;
    my %sizes = (sessions => min(WORKERS_SESSIONS, $setup->{sessions}), room_size => ROOM_SIZE);
    my $cores = "$setup->{server_core},$setup->{load_core}";
    my $alone = GoChat::Bench::Fleet->new($setup, %sizes);
    my $most = $alone->row('one-worker', "--max --answers rare --duration $setup->{seconds}");
    $alone->end;
    my $rate = int($most->{sent_per_s} * $most->{server}{packets} / $most->{sent} / 2);
    my $steered = min($rate, STEERED_RATE);
    my %found = (%sizes, rate => $rate, steered_rate => $steered);

    my $shared = GoChat::Bench::Fleet->new($setup, %sizes, workers => 2, cores => $cores);
    $found{half} = _steered($setup, $shared, 'half', "--rate $rate");
    $shared->end;
    $keep->({%found});

    my $apart = GoChat::Bench::Fleet->new($setup, %sizes, workers => 2, cores => $cores, apart => 1);
    $found{'same-port'} = _steered($setup, $apart, 'same-port', "--rate $steered");
    $keep->({%found});
    $found{'new-port'} = _steered($setup, $apart, 'new-port', "--rate $steered --rebind");
    $apart->end;
    return \%found;
}

# As often as a row is repeated: what is lost in all, and the most of one that strayed.
sub _steered {
    my ($setup, $fleet, $name, $flags) = @_;
    my @rounds = map { _steered_once($fleet, $name, "$flags --answers rare --duration $setup->{seconds}") }
        1 .. $setup->{runs};
    $setup->{say}->("workers: $name");
    return {
        rounds => \@rounds,
        per_s => spread(map { $_->{per_s} } @rounds),
        lost => total('lost', @rounds),
        strayed_percent => max(map { $_->{strayed_percent} } @rounds),
        rtt_us => quantiles(map { $_->{rtt_us} } @rounds),
    };
}

sub _steered_once {
    my ($fleet, $name, $flags) = @_;
    my @names = qw(gochat_heartbeat_total gochat_strayed_total);
    my @before = map { $fleet->metric($_) } @names;
    my $result = $fleet->row("two-workers-$name", $flags);
    my ($beats, $strayed) = map { $fleet->metric($names[$_]) - $before[$_] } 0, 1;
    return {
        per_s => $result->{sent_per_s},
        lost => $result->{lost} + $result->{server}{dropped},
        strayed_percent => 100 * $strayed / ($beats || 1),
        rtt_us => $result->{rtt_us},
    };
}

# Joins, mass expiry and registrations beside a process of equal priority on each core that never waits. What it has to
# hold is no more than without: the bootnode gets half of its core.
sub measure_competitors {
    my ($setup, undef, $keep) = @_;
    my @cores = ($setup->{server_core}, $setup->{load_core});
    my $rounds = min(COMPETED_ROUNDS, $setup->{runs});
    my %found;
    my $keep_as = sub { my ($key) = @_; return sub { $found{$key} = $_[0]; $keep->({%found}) } };

    my $sessions = min(COMPETED_SESSIONS, $setup->{sessions});
    my $fleet = GoChat::Bench::Fleet->new($setup, sessions => $sessions, room_size => ROOM_SIZE);
    $fleet->row('competitors-filled', '--idle --duration 1');
    my $competitors = GoChat::Bench::Competitors->start(@cores);
    $found{joins} = _joins($setup, $fleet, 'competitors-joins', $rounds, $keep_as->('joins'));
    $competitors->stop;
    $found{expiries} = expiries($setup, $fleet, name => 'competitors-expiry', rounds => $rounds,
        competitors => \@cores, keep => $keep_as->('expiries'));
    $fleet->end;

    $competitors = GoChat::Bench::Competitors->start(@cores);
    $found{registrations} = _registrations($setup, 'competitors-registrations',
        min(COMPETED_REGISTRATIONS, $setup->{sessions}), $rounds, $keep_as->('registrations'));
    $competitors->stop;
    # So few sessions say more of the process than of a session.
    delete $_->{bytes_per_session} for @{ $found{registrations}{rooms} };
    return \%found;
}

1;
