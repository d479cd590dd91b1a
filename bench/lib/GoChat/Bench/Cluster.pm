package GoChat::Bench::Cluster;

# Bootnodes that are a cluster, on loopback, and the NATS server that they have in common; gochat-load fills them.
#
#     my $cluster = GoChat::Bench::Cluster->new($setup, nodes => 3, sessions => 10_000);
#     my $before = $cluster->look;
#     my $result = $cluster->row('beats', '--duration 10');
#     my $spent = $cluster->since($before);     # cpu_ns of the nodes, in_msgs and out_msgs of NATS, seconds
#     $cluster->end;
#
# With nodes => 0 it is one bootnode in no cluster, and there is no NATS server.
use strict;
use warnings;
use File::Temp ();
use GoChat::Bench::Metrics qw(metrics_answer read_metrics);
use GoChat::Bench::Process qw(free_port read_file udp_bound write_file);
use HTTP::Tiny;
use JSON::PP ();
use Time::HiRes qw(clock_gettime sleep CLOCK_MONOTONIC);

use constant { START_TIMEOUT => 15, VIEW_TIMEOUT => 30, END_TIMEOUT => 60 };
use constant { WATCHED_ROOMS => 50, SPARE => 2, WAITING => 4096 };

# nodes, sessions (members that gochat-load has; it must be told when the bootnodes are there), room_size.
sub new {
    my ($class, $setup, %option) = @_;
    my $self = bless { setup => $setup, folder => File::Temp->newdir('gochat-bench-cluster-XXXXXX', TMPDIR => 1) },
        $class;
    $self->{nats} = $self->_nats if $option{nodes} > 0;
    my $count = $option{nodes} || 1;
    $self->{nodes} = [map { $self->_node($_, $option{nodes}, $option{sessions}) } 1 .. $count];
    $_->wait_until(sub { metrics_answer($_->{metrics}) }, START_TIMEOUT) for @{ $self->{nodes} };
    $self->_await_view($count) if $option{nodes} > 0;
    $self->{load} = $self->_load(%option);
    return $self;
}

sub _nats {
    my ($self) = @_;
    my ($port, $page) = (free_port('tcp'), free_port('tcp'));
    my $nats = GoChat::Bench::Process->start(name => 'nats-server', cores => $self->{setup}{load_core},
        command => ["$self->{setup}{root}/tests/packaged", 'nats-server', '-a', '127.0.0.1', '-p', $port, '-m', $page], log => "$self->{folder}/nats.log");
    $nats->{url} = "nats://127.0.0.1:$port";
    $nats->{page} = "http://127.0.0.1:$page/varz";
    $nats->wait_until(sub { HTTP::Tiny->new(timeout => 1)->get($nats->{page})->{success} }, START_TIMEOUT);
    return $nats;
}

sub _node {
    my ($self, $number, $nodes, $sessions) = @_;
    my ($port, $metrics) = (free_port('udp'), '127.0.0.1:' . free_port('tcp'));
    my $text = read_file("$self->{setup}{root}/conf/bench.ini");
    my %keys = (listen => "127.0.0.1:$port", metrics => $metrics, key_file => "$self->{folder}/bootnode.key",
        sessions => int(SPARE * $sessions) + WAITING, $nodes > 0 ? (node_id => $number) : ());
    for my $key (sort keys %keys) {
        $text .= "$key = $keys{$key}\n" unless $text =~ s/^\Q$key\E = .*$/$key = $keys{$key}/m;
    }
    $text .= "\n[cluster]\nname = bench\naddresses = 127.0.0.1:$port\nnats = $self->{nats}{url}\n"
        . "state_file = $self->{folder}/state-$number\n"
        if $nodes > 0;
    my $file = write_file("$self->{folder}/node-$number.ini", $text);
    my $node = GoChat::Bench::Process->start(name => "node $number", cores => $self->{setup}{server_core},
        command => [$self->{setup}{gochat}, qw(--mode bootnode --config), $file],
        log => "$self->{folder}/node-$number.log", address => "127.0.0.1:$port", metrics => $metrics);
    $node->wait_until(sub { udp_bound($port) }, START_TIMEOUT);
    return $node;
}

# Every node has all of them in view: until then rooms move.
sub _await_view {
    my ($self, $count) = @_;
    for my $node (@{ $self->{nodes} }) {
        $node->wait_until(sub { (read_metrics($node->{metrics})->{gochat_cluster_in_view} // 0) == $count },
            VIEW_TIMEOUT);
    }
    return;
}

sub _load {
    my ($self, %option) = @_;
    return GoChat::Bench::Process->start(
        name => 'gochat-load',
        cores => $self->{setup}{load_core},
        piped => 1,
        command => [$self->{setup}{gochat_load}, '--bootnode', $self->{nodes}[0]{address},
            '--metrics', join(',', map { $_->{metrics} } @{ $self->{nodes} }), '--sessions', $option{sessions},
            '--room-size', $option{room_size} // 64, '--watch', WATCHED_ROOMS, qw(--rows - --json - --progress 0)],
    );
}

# One measurement: what gochat-load says of it, decoded. Its complaints are kept for the end.
sub row {
    my ($self, $name, $flags) = @_;
    print { $self->{load}{input} } "--name $name $flags\n";
    my $result = JSON::PP::decode_json($self->{load}->line);
    push @{ $self->{setup}{disagreements} }, map {"$name: $_"} @{ $result->{disagreements} };
    return $result;
}

# The processes of a node: its board has one of its own.
sub _processes {
    my ($pid) = @_;
    my $children = "/proc/$pid/task/$pid/children";
    return ($pid, -e $children ? split(' ', read_file($children)) : ());
}

# Of all threads, in nanoseconds, as the scheduler counts them.
sub _cpu_ns {
    my ($pid) = @_;
    my $sum = 0;
    for my $process (_processes($pid)) {
        $sum += (split ' ', read_file($_))[0] for grep { -e } glob "/proc/$process/task/*/schedstat";
    }
    return $sum;
}

sub look {
    my ($self) = @_;
    my %seen = (at => clock_gettime(CLOCK_MONOTONIC), in_msgs => 0, out_msgs => 0);
    if ($self->{nats}) {
        my $page = JSON::PP::decode_json(HTTP::Tiny->new(timeout => 5)->get($self->{nats}{page})->{content});
        @seen{qw(in_msgs out_msgs)} = @$page{qw(in_msgs out_msgs)};
    }
    $seen{cpu_ns} = 0;
    $seen{cpu_ns} += _cpu_ns($_->{pid}) for @{ $self->{nodes} };
    return \%seen;
}

sub since {
    my ($self, $before) = @_;
    my $now = $self->look;
    return { seconds => $now->{at} - $before->{at}, map { $_ => $now->{$_} - $before->{$_} } qw(cpu_ns in_msgs out_msgs) };
}

sub end {
    my ($self) = @_;
    close $self->{load}{input};
    $self->{load}->wait_until(sub { $self->{load}->ended }, END_TIMEOUT);
    $_->stop for @{ $self->{nodes} }, $self->{nats} // ();
    return;
}

1;
