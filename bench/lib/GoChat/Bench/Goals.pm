package GoChat::Bench::Goals;

# What the bootnode is to reach at a million sessions, and whether it does.
use strict;
use warnings;
use utf8;
use Exporter qw(import);
use JSON::PP ();
use List::Util qw(max);

our @EXPORT_OK = qw(judge);

# what, the limit, where the figure is in the results (undef: it was not measured). A figure above its limit is missed.
# Of what was repeated it is the median, of the rounds' p99s, too; what must not happen is counted over all rounds.
my @GOALS = (
    ['heartbeat, one way: time per packet / one-way floor', 1, sub { _row($_[0], 'one-way', 'ratio') }],
    ['heartbeat, answered: time per packet / echo floor', 1, sub { _row($_[0], 'answered', 'ratio') }],
    ['STUN: time per packet / echo floor', 1.10, sub { _row($_[0], 'stun', 'ratio') }],
    ['STUN: time per packet / coturn', 0.72, sub { _row($_[0], 'stun', 'against_coturn') }],
    ['heartbeat, answered: ratio to the floor / that of Knot DNS', 1, \&_against_knot],
    ['memory: bytes per session', 300, sub { _at($_[0], qw(residents bytes_per_session)) }],
    ['memory: most of 10 cycles / first', 1.02, sub { _at($_[0], qw(cycles growth)) }],
    _registration_goals('registration', 1.25, 1.25),
    _join_goals('joins'),
    _expiry_goals('mass expiry', 'expiry'),
    _expiry_goals('mass expiry, repeated', 'expiries'),
    _registration_goals('competitors, registration', 1.33, 1.6, 'competitors'),
    _join_goals('competitors, joins', 'competitors'),
    _expiry_goals('competitors, mass expiry', qw(competitors expiries)),
    ['2 workers, half of one\'s most: packets lost', 0, sub { _at($_[0], qw(workers half lost)) }],
    ['2 workers: heartbeats at the wrong worker, %', 1, sub { _at($_[0], qw(workers same-port strayed_percent)) }],
    ['2 workers, new ports: heartbeats at the wrong worker, %', 1,
        sub { _at($_[0], qw(workers new-port strayed_percent)) }],
    ['2 workers, new ports: packets lost', 0, sub { _at($_[0], qw(workers new-port lost)) }],
    ['overload: living sessions forgotten in floods', 0, sub { _floods($_[0], 'forgotten') }],
    ['overload: living sessions announced as left in floods', 0, sub { _floods($_[0], 'announced') }],
    ['overload: registrations when idle / in floods', 5, sub { _floods($_[0], 'newcomers_missed') }],
    ['overload: answers as fast again after a flood, ms', 2000, sub { _floods($_[0], 'back_ms') }],
    ['overload: forgotten by more beats than the worker takes', 0, sub { _size_beats($_[0], 'forgotten') }],
    ['overload: announced as left by more beats than the worker takes', 0, sub { _size_beats($_[0], 'announced') }],
    ['overload: one source hammers, p99 of others / idle p99', 2,
        sub { max(map { $_->{ratio} } @{ _at($_[0], qw(overload hammer kinds)) // [] }) }],
);

# The same goals in several places of the results: `path` leads there.
sub _registration_goals {
    my ($what, $limit_of_1, $limit_of_64, @path) = @_;
    my $ratio = sub {
        my ($results, $room_size) = @_;
        my ($rooms) = grep { $_->{room_size} == $room_size } @{ _at($results, @path, qw(registrations rooms)) // [] };
        return _at($rooms, qw(ratio median));
    };
    return (
        ["$what, rooms of 1: time / four X25519", $limit_of_1, sub { $ratio->($_[0], 1) }],
        ["$what, rooms of 64: time / four X25519", $limit_of_64, sub { $ratio->($_[0], 64) }],
    );
}

sub _join_goals {
    my ($what, @path) = @_;
    return (
        ["$what: announced after, µs, p99", 20_000, sub { _at($_[0], @path, qw(joins announce_us p99 median)) }],
        ["$what: announcements missing", 0, sub { _at($_[0], @path, qw(joins missing)) }],
    );
}

sub _expiry_goals {
    my ($what, @path) = @_;
    return (
        ["$what: disagreements about who expired", 0, sub { _at($_[0], @path, 'disagreements') }],
        ["$what: sessions not announced as gone", 0, sub { _at($_[0], @path, 'unseen') }],
        ["$what: sessions that expired and should not", 0, sub { _at($_[0], @path, 'wrong') }],
        ["$what: late, ms, p99", 250, sub { _at($_[0], @path, qw(late_ms p99 median)) }],
        ["$what: answers of the living, p99 / idle p99", 3, sub { _at($_[0], @path, qw(rtt_ratio median)) }],
    );
}

sub _at {
    my ($place, @path) = @_;
    for my $key (@path) {
        return undef unless $place;
        $place = $place->{$key};
    }
    return $place;
}

# The worst of all sizes and kinds.
sub _floods {
    my ($results, $figure) = @_;
    return max(map { $_->{$figure} } map { @{ $_->{floods} } } @{ _at($results, qw(overload sizes)) // [] });
}

sub _size_beats {
    my ($results, $figure) = @_;
    return max(map { $_->{beats}{$figure} } grep { $_->{beats} } @{ _at($results, qw(overload sizes)) // [] });
}

sub _row {
    my ($results, $name, $figure) = @_;
    my ($row) = grep { $_->{name} eq $name } @{ $results->{packets} // [] };
    return _at($row, $figure, 'median');
}

sub _against_knot {
    my ($results) = @_;
    my $knot = _row($results, 'knot', 'ratio');
    return $knot && _row($results, 'answered', 'ratio') / $knot;
}

# [{ what, limit, measured, met }] of those that were measured.
sub judge {
    my ($results) = @_;
    my @judged;
    for (@GOALS) {
        my ($what, $limit, $figure) = @$_;
        my $measured = $figure->($results) // next;
        push @judged, { what => $what, limit => $limit, measured => $measured,
            met => $measured <= $limit ? JSON::PP::true : JSON::PP::false };
    }
    return \@judged;
}

1;
