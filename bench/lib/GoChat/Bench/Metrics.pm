package GoChat::Bench::Metrics;

# A bootnode's metrics page, as numbers by name. A sample with labels has them in its name, in the order of the page;
# the name without them has the sum of all.
#
#     my $metrics = read_metrics('127.0.0.1:9596');
#     $metrics->{gochat_sessions}, $metrics->{'gochat_worker_overflowed_total{worker="0",lane="stun"}'}
use strict;
use warnings;
use Exporter qw(import);
use IO::Socket::IP;

our @EXPORT_OK = qw(read_metrics metrics_answer);

use constant TIMEOUT => 10;

sub _connect {
    my ($address) = @_;
    return IO::Socket::IP->new(PeerAddr => $address, Timeout => TIMEOUT);
}

# Whether somebody listens there.
sub metrics_answer {
    my ($address) = @_;
    return defined _connect($address);
}

sub read_metrics {
    my ($address) = @_;
    my $http = _connect($address) or die "bench/run: metrics at $address: $@\n";
    print $http "GET /metrics HTTP/1.1\r\nHost: $address\r\nConnection: close\r\n\r\n";
    my $page = do { local $/; readline $http } // '';
    my %value;
    while ($page =~ /^([a-z_0-9]+)(\{[^}]*\})? (\S+)\r?$/mg) {
        my ($name, $labels, $value) = ($1, $2, $3);
        $value{$name} = $labels ? ($value{$name} // 0) + $value : $value + 0;
        $value{"$name$labels"} = $value + 0 if $labels;
    }
    return \%value;
}

1;
