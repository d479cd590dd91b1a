package GoChat::Bench::Fleet;

# A bootnode and gochat-load, which fills it with sessions once and keeps them alive while row after row is measured.
#
#     my $fleet = GoChat::Bench::Fleet->new($setup, sessions => 100_000, room_size => 64);
#     my $result = $fleet->row('answered', '--max --answers every --duration 3');
#     $fleet->end;
use strict;
use warnings;
use GoChat::Bench::Metrics qw(metrics_answer read_metrics);
use GoChat::Bench::Process qw(free_port read_file);
use GoChat::Bench::Servers qw(start_server);
use JSON::PP ();
use POSIX qw(sysconf _SC_PAGESIZE);

# Whose announcements are judged. Each of them keeps a member when all others fall silent.
use constant WATCHED_ROOMS => 200;
# What is kept of how values are distributed.
use constant DISTRIBUTIONS => qw(rtt_us announce_us expiry_late_ms);
use constant QUANTILES => qw(p50 p99 p999 max);
use constant { METRICS_TIMEOUT => 10, END_TIMEOUT => 60 };
# Places for sessions that are being replaced, and for those that wait for their first beat: a REGISTER that is repeated
# because the bootnode is slow has one of its own each time.
use constant { SPARE => 1.1, WAITING => 4096 };

# sessions, room_size; cores: for the bootnode and the load together, instead of one each; workers;
# watched_rooms; apart: no segmented sends.
sub new {
    my ($class, $setup, %option) = @_;
    my $bootnode = _bootnode($setup, %option);
    my $self = bless { setup => $setup, bootnode => $bootnode }, $class;
    $bootnode->wait_until(sub { metrics_answer($bootnode->{metrics}) }, METRICS_TIMEOUT);
    $self->{load} = GoChat::Bench::Process->start(
        name => 'gochat-load',
        cores => $option{cores} // $setup->{load_core},
        piped => 1,
        command => [$setup->{gochat_load}, '--bootnode', $bootnode->{address}, '--metrics', $bootnode->{metrics},
            '--pid', $bootnode->{pid}, '--sessions', $option{sessions}, '--room-size', $option{room_size},
            '--watch', $option{watched_rooms} // WATCHED_ROOMS, ($option{apart} ? '--apart' : ()),
            '--rows', '-', '--json', '-', '--progress', 0],
    );
    return $self;
}

sub _bootnode {
    my ($setup, %option) = @_;
    my $metrics = '127.0.0.1:' . free_port('tcp');
    my $bootnode = start_server($setup, 'bootnode', cores => $option{cores}, keys => {
        listen => '127.0.0.1:@PORT@',
        key_file => '@FOLDER@/bootnode.key',
        metrics => $metrics,
        workers => $option{workers} // 1,
        sessions => int(SPARE * $option{sessions}) + WAITING,
    });
    $bootnode->{metrics} = $metrics;
    return $bootnode;
}

# One measurement: what gochat-load says of it, decoded. Its complaints are kept for the end.
sub row {
    my ($self, $name, $flags) = @_;
    print { $self->{load}{input} } "--name $name $flags\n";
    my $result = JSON::PP::decode_json($self->{load}->line);
    push @{ $self->{setup}{disagreements} }, map {"$name: $_"} @{ $result->{disagreements} };
    for my $distribution (grep { ref eq 'HASH' } @$result{ (DISTRIBUTIONS) }) {
        $distribution = { map { $_ => $distribution->{$_} } (QUANTILES) };
    }
    return $result;
}

# A counter or gauge of the bootnode.
sub metric {
    my ($self, $name) = @_;
    return read_metrics($self->{bootnode}{metrics})->{$name} // die "bench/run: the metrics do not tell $name\n";
}

sub rss_bytes {
    my ($self) = @_;
    return sysconf(_SC_PAGESIZE) * (split ' ', read_file("/proc/$self->{bootnode}{pid}/statm"))[1];
}

sub end {
    my ($self) = @_;
    close $self->{load}{input};
    $self->{load}->wait_until(sub { $self->{load}->ended }, END_TIMEOUT);
    $self->{bootnode}->stop;
    return;
}

1;
