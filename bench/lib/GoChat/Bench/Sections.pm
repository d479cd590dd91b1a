package GoChat::Bench::Sections;

# What is measured besides the time per packet. Each function returns what goes into the results.
use strict;
use warnings;
use Exporter qw(import);
use GoChat::Bench::Fleet;
use GoChat::Bench::Spread qw(ratios spread);
use List::Util qw(max min);

our @EXPORT_OK = qw(measure_residents measure_cycles measure_joins measure_expiry measure_idle
    measure_registrations measure_workers);

use constant {
    ROOM_SIZE => 64,
    REGISTRATIONS => 50_000, # of a fill that is measured for its registrations alone
    CYCLES => 10,
    CYCLE_SESSIONS => 100_000,
    SETTLE_TIMEOUT => 30,
    JOIN_RATE => 100_000, # heartbeats a second while members come and go
    # So few that a room seldom changes twice in 100 ms: then announcements wait for each other, as they shall.
    JOIN_CHURN => 0.02,
    JOIN_SECONDS => 30,
    LIVING => 0.1, # per cent of the sessions that go on when all others fall silent
    ONE_BEAT => '--interval 4 --duration 4', # all beat once, evenly, so that all fall silent within one interval
    LIVING_BEATS => '--answers every --rate 1000', # of theirs
    IDLE_SESSIONS => 1_000,
    WORKERS_SESSIONS => 100_000,
    STEERED_RATE => 100_000, # heartbeats a second whose way to a worker is followed
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
    my ($setup) = @_;
    my $sessions = min(CYCLE_SESSIONS, $setup->{sessions});
    my $fleet = GoChat::Bench::Fleet->new($setup, sessions => $sessions, room_size => ROOM_SIZE, watched_rooms => 0);
    my (@full, @empty);
    for my $cycle (1 .. CYCLES) {
        $fleet->row("full-$cycle", '--idle --duration 1');
        push @full, $fleet->rss_bytes;
        $fleet->row("emptied-$cycle", '--idle --silent 100');
        $fleet->{bootnode}->wait_until(sub { $fleet->metric('gochat_sessions') == 0 }, SETTLE_TIMEOUT);
        push @empty, $fleet->rss_bytes;
        $setup->{say}->("memory: cycle $cycle of " . CYCLES);
    }
    $fleet->end;
    return { sessions => $sessions, full_bytes => \@full, empty_bytes => \@empty,
        growth => max(max(@full) / $full[0], max(@empty) / $empty[0]) };
}

# How soon a join is known to all members of its room, while heartbeats flow.
sub measure_joins {
    my ($setup, $fleet) = @_;
    my $result = $fleet->row('joins',
        '--rate ' . JOIN_RATE . ' --churn ' . JOIN_CHURN . ' --duration ' . JOIN_SECONDS);
    return {
        rooms => int($result->{sessions} / ROOM_SIZE),
        beats_per_s => $result->{sent_per_s},
        joins => $result->{registered},
        joins_per_s => $result->{registered_per_s},
        announce_us => $result->{announce_us},
        missing => $result->{announce_missing},
        lost => $result->{lost},
        dropped => $result->{server}{dropped},
    };
}

# All but a few fall silent within one interval of their heartbeats; the few go on and must not feel it.
sub measure_expiry {
    my ($setup, $fleet) = @_;
    $fleet->row('one-beat', ONE_BEAT);
    my $expired_before = $fleet->metric('gochat_sessions_expired_total');
    my $result = $fleet->row('expiry', LIVING_BEATS . ' --silent ' . (100 - LIVING));
    return {
        sessions => $result->{sessions},
        expired => $fleet->metric('gochat_sessions_expired_total') - $expired_before,
        latest_ms => 1000 * $fleet->metric('gochat_expiry_late_max_seconds'),
        watched => $result->{expired_expected},
        unseen => $result->{expired_expected} - $result->{expired_seen},
        wrong => $result->{expired_wrong},
        late_ms => $result->{expiry_late_ms},
        rtt_us => $result->{rtt_us},
        lost => $result->{lost},
        disagreements => scalar @{ $result->{disagreements} },
    };
}

# The same heartbeats where nothing else happens.
sub measure_idle {
    my ($setup) = @_;
    my $fleet = GoChat::Bench::Fleet->new($setup, sessions => IDLE_SESSIONS, room_size => ROOM_SIZE);
    my $result = $fleet->row('idle', LIVING_BEATS . ' --duration ' . 3 * $setup->{seconds});
    $fleet->end;
    return { sessions => $result->{sessions}, rtt_us => $result->{rtt_us} };
}

# Registrations in rooms of 1 and of 64, each into an empty bootnode, and four multiplications before them.
sub measure_registrations {
    my ($setup) = @_;
    my $sessions = min(REGISTRATIONS, $setup->{sessions});
    my (%cpu_ns, @yardstick);
    for my $round (1 .. $setup->{runs}) {
        push @yardstick, _four_multiplications_ns($setup);
        push @{ $cpu_ns{$_} }, _registration_ns($setup, $sessions, $_) for 1, ROOM_SIZE;
        $setup->{say}->("registrations: round $round of $setup->{runs}");
    }
    return {
        sessions => $sessions,
        yardstick_ns => spread(@yardstick),
        rooms => [map { { room_size => $_, cpu_ns => spread(@{ $cpu_ns{$_} }),
            ratio => ratios($cpu_ns{$_}, \@yardstick) } } 1, ROOM_SIZE],
    };
}

sub _registration_ns {
    my ($setup, $sessions, $room_size) = @_;
    my $fleet = GoChat::Bench::Fleet->new($setup, sessions => $sessions, room_size => $room_size);
    my $result = $fleet->row("rooms-of-$room_size", '--idle --duration 1');
    $fleet->end;
    return $result->{server}{cpu_ns_per_registration};
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
    my ($setup) = @_;
    my %sizes = (sessions => min(WORKERS_SESSIONS, $setup->{sessions}), room_size => ROOM_SIZE);
    my $cores = "$setup->{server_core},$setup->{load_core}";
    my $alone = GoChat::Bench::Fleet->new($setup, %sizes);
    my $most = $alone->row('one-worker', "--max --answers rare --duration $setup->{seconds}");
    $alone->end;
    my $rate = int($most->{sent_per_s} * $most->{server}{packets} / $most->{sent} / 2);
    my $duration = '--answers rare --duration ' . 3 * $setup->{seconds};

    my $shared = GoChat::Bench::Fleet->new($setup, %sizes, workers => 2, cores => $cores);
    my %rows = (half => _steered($shared, 'half', "--rate $rate $duration"));
    $shared->end;

    my $apart = GoChat::Bench::Fleet->new($setup, %sizes, workers => 2, cores => $cores, apart => 1);
    my $steered = min($rate, STEERED_RATE);
    $rows{'same-port'} = _steered($apart, 'same-port', "--rate $steered $duration");
    $rows{'new-port'} = _steered($apart, 'new-port', "--rate $steered $duration --rebind");
    $apart->end;
    return { %sizes, rate => $rate, steered_rate => $steered, %rows };
}

sub _steered {
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

1;
