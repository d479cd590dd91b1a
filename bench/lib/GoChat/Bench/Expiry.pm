package GoChat::Bench::Expiry;

# Mass expiry: all but a few fall silent within one interval of their heartbeats, and the few go on and must not feel
# it. It ends a fill, so the full number expires once and fewer do again and again: whoever expired is registered again
# before the next round.
use strict;
use warnings;
use Exporter qw(import);
use GoChat::Bench::Competitors;
use GoChat::Bench::Fleet;
use GoChat::Bench::Spread qw(quantiles ratios spread total);
use List::Util qw(max min);

our @EXPORT_OK = qw(measure_expiry measure_expiries expiries);

use constant {
    ROOM_SIZE => 64,
    LIVING => 0.1, # per cent of the sessions that go on when all others fall silent
    ONE_BEAT => '--interval 4 --duration 4', # all beat once, evenly, so that all fall silent within one interval
    LIVING_BEATS => '--answers every --rate 1000', # of theirs
    IDLE_SESSIONS => 1_000,
    REPEATED_SESSIONS => 100_000,
    REPEATED => 3, # rounds of about a minute each, at most
};

# Of the big fill, once.
sub measure_expiry {
    my ($setup, $fleet) = @_;
    return expiries($setup, $fleet, name => 'expiry', rounds => 1);
}

sub measure_expiries {
    my ($setup, undef, $keep) = @_;
    my $sessions = min(REPEATED_SESSIONS, $setup->{sessions});
    my $fleet = GoChat::Bench::Fleet->new($setup, sessions => $sessions, room_size => ROOM_SIZE);
    my $found = expiries($setup, $fleet, name => 'expiries', rounds => min(REPEATED, $setup->{runs}), keep => $keep);
    $fleet->end;
    return $found;
}

# name, rounds; keep: is given what there is after each; competitors: cores on which somebody competes in each round.
# Behind each come the same heartbeats where nothing else happens, with the same competitors, for comparison.
sub expiries {
    my ($setup, $fleet, %option) = @_;
    my $idle = GoChat::Bench::Fleet->new($setup, sessions => IDLE_SESSIONS, room_size => ROOM_SIZE);
    my @rounds;
    for my $round (1 .. $option{rounds}) {
        push @rounds, _round($setup, $fleet, $idle, \%option);
        $option{keep}->(_summary(@rounds)) if $option{keep};
        $setup->{say}->("$option{name}: round $round of $option{rounds}");
    }
    $idle->end;
    return _summary(@rounds);
}

sub _round {
    my ($setup, $fleet, $idle, $option) = @_;
    my $refill = $fleet->row("$option->{name}-refill", '--idle --duration 1');
    my $competitors = $option->{competitors} && GoChat::Bench::Competitors->start(@{ $option->{competitors} });
    $fleet->row("$option->{name}-one-beat", ONE_BEAT);
    my $expired_before = $fleet->metric('gochat_sessions_expired_total');
    my $result = $fleet->row($option->{name}, LIVING_BEATS . ' --silent ' . (100 - LIVING));
    my $expired = $fleet->metric('gochat_sessions_expired_total') - $expired_before;
    my $peace = $idle->row("$option->{name}-idle", LIVING_BEATS . ' --duration ' . 3 * $setup->{seconds});
    my $share = $competitors && $competitors->stop;
    return {
        sessions => $result->{sessions},
        refilled => $refill->{registered},
        refilled_per_s => $refill->{registered_per_s},
        expired => $expired,
        latest_ms => 1000 * $fleet->metric('gochat_expiry_late_max_seconds'),
        watched => $result->{expired_expected},
        unseen => $result->{expired_expected} - $result->{expired_seen},
        wrong => $result->{expired_wrong},
        late_ms => $result->{expiry_late_ms},
        rtt_us => $result->{rtt_us},
        idle_rtt_us => $peace->{rtt_us},
        lost => $result->{lost},
        disagreements => scalar @{ $result->{disagreements} },
        defined $share ? (competitors_share => $share) : (),
    };
}

# What must not happen is summed over the rounds; the rest are medians of the rounds' quantiles.
sub _summary {
    my (@rounds) = @_;
    my @p99s = map { my $key = $_; [map { $_->{$key}{p99} } @rounds] } qw(rtt_us idle_rtt_us);
    return {
        rounds => \@rounds,
        sessions => $rounds[0]{sessions},
        latest_ms => max(map { $_->{latest_ms} } @rounds), # of all since the bootnode's start
        late_ms => quantiles(map { $_->{late_ms} } @rounds),
        rtt_us => quantiles(map { $_->{rtt_us} } @rounds),
        idle_rtt_us => quantiles(map { $_->{idle_rtt_us} } @rounds),
        rtt_ratio => ratios(@p99s),
        defined $rounds[0]{competitors_share}
            ? (competitors_share => spread(map { $_->{competitors_share} } @rounds)) : (),
        map({ $_ => total($_, @rounds) } qw(expired watched unseen wrong lost disagreements)),
    };
}

1;
