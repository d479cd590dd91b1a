package GoChat::Bench::Goals;

# What the bootnode is to reach at a million sessions, and whether it does.
use strict;
use warnings;
use utf8;
use Exporter qw(import);
use JSON::PP ();

our @EXPORT_OK = qw(judge);

# what, the limit, where the figure is in the results (undef: it was not measured). A figure above its limit is missed.
my @GOALS = (
    ['heartbeat, one way: time per packet / one-way floor', 1.15, sub { _row($_[0], 'one-way', 'ratio') }],
    ['heartbeat, answered: time per packet / echo floor', 1.12, sub { _row($_[0], 'answered', 'ratio') }],
    ['STUN: time per packet / echo floor', 1.10, sub { _row($_[0], 'stun', 'ratio') }],
    ['STUN: time per packet / coturn', 0.72, sub { _row($_[0], 'stun', 'against_coturn') }],
    ['heartbeat, answered: ratio to the floor / that of Knot DNS', 1, \&_against_knot],
    ['registration, rooms of 1: time / four X25519', 1.33, sub { _registration($_[0], 1) }],
    ['registration, rooms of 64: time / four X25519', 1.6, sub { _registration($_[0], 64) }],
    ['memory: bytes per session', 320, sub { _at($_[0], qw(residents bytes_per_session)) }],
    ['memory: most of 10 cycles / first', 1.02, sub { _at($_[0], qw(cycles growth)) }],
    ['mass expiry: disagreements about who expired', 0, sub { _at($_[0], qw(expiry disagreements)) }],
    ['mass expiry: sessions not announced as gone', 0, sub { _at($_[0], qw(expiry unseen)) }],
    ['mass expiry: sessions that expired and should not', 0, sub { _at($_[0], qw(expiry wrong)) }],
    ['mass expiry: late, ms, p99', 250, sub { _at($_[0], qw(expiry late_ms p99)) }],
    ['mass expiry: answer time of the living, p99 / idle p99', 3, \&_expiry_rtt],
    ['joins: announced after, µs, p99', 20_000, sub { _at($_[0], qw(joins announce_us p99)) }],
    ['joins: announcements missing', 0, sub { _at($_[0], qw(joins missing)) }],
    ['2 workers, half of one\'s most: packets lost', 0, sub { _at($_[0], qw(workers half lost)) }],
    ['2 workers: heartbeats at the wrong worker, %', 1, sub { _at($_[0], qw(workers same-port strayed_percent)) }],
    ['2 workers, new ports: heartbeats at the wrong worker, %', 1,
        sub { _at($_[0], qw(workers new-port strayed_percent)) }],
    ['2 workers, new ports: packets lost', 0, sub { _at($_[0], qw(workers new-port lost)) }],
);

sub _at {
    my ($place, @path) = @_;
    for my $key (@path) {
        return undef unless $place;
        $place = $place->{$key};
    }
    return $place;
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

sub _registration {
    my ($results, $room_size) = @_;
    my ($rooms) = grep { $_->{room_size} == $room_size } @{ _at($results, qw(registrations rooms)) // [] };
    return _at($rooms, qw(ratio median));
}

sub _expiry_rtt {
    my ($results) = @_;
    my $idle = _at($results, qw(idle rtt_us p99));
    my $meanwhile = _at($results, qw(expiry rtt_us p99));
    return $idle && $meanwhile && $meanwhile / $idle;
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
