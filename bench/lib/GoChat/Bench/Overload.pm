package GoChat::Bench::Overload;

# What living sessions and newcomers notice of floods: of each kind at twice what the worker takes of it, of their own
# beats at 1.2 times that, and of one source that sends as fast as it can while the limits are as in production.
#
# Four gochat-loads share the load core: the residents, all of whom beat every 4 s and who are never to be forgotten;
# the watch, sessions whose every beat is answered, for the answer times; newcomers, who register as fast as they can;
# and the flood. Only the flood comes from 127.0.0.1: to the bootnode all others are from elsewhere.
use strict;
use warnings;
use utf8;
use Exporter qw(import);
use GoChat::Bench::Generator;
use GoChat::Bench::Metrics qw(metrics_answer read_metrics);
use GoChat::Bench::Process qw(free_port read_file);
use GoChat::Bench::Servers qw(start_server);
use IO::Socket::IP;
use JSON::PP ();
use List::Util qw(max min sum0);
use Time::HiRes qw(clock_gettime sleep time CLOCK_MONOTONIC);

our @EXPORT_OK = qw(measure_overload);

use constant {
    FEW_SESSIONS => 20_000,
    ROOM_SIZE => 64,
    WATCH_SESSIONS => 1_000,
    WATCH_BEATS => '--answers every --rate 4000',
    ALL_BEAT => '--interval 4 --answers rare',
    SENDERS => 640, # sessions that RELAYs come from
    NEWCOMERS_PER_S => 10_000, # more than any worker registers
    NEWCOMER_THREADS => 4,
    NEWCOMER_WINDOW => 1024, # in flight, whatever is lost: each newcomer loses its own packets
    TIMES => 2,
    BEATS_TIMES => 1.2,
    AFTER => 20, # seconds after a flood, in which whoever was forgotten in it beats and hears of it
    LEAD => 15, # seconds that a flood may take to begin
    GONE_TIMEOUT => 60, # until sessions that nobody keeps alive have expired
    METRICS_TIMEOUT => 10,
    FLOWS_AFTER => 1_000, # packets
    WINDOW => 0.25, # seconds, in which answer times are looked at after a flood
    BACK_TO => 1.5, # idle p99s
    NOBODY => 0.001, # registrations a second that count as none
    HAMMER_SESSIONS => 4_000, # few enough for one address of each socket, as the limits are
    HAMMER_RATE => 5_000_000, # more than can be sent
    EVERYWHERE => ['--sources', '127.64.0.0/10'], # residents and the watch
    GIVING_WAY => ['nice', '-n', 10],
    NEWCOMERS_FROM => ['--sources', '127.128.0.0/10'],
};

# name, title, bytes of a packet, flags, the counter of what the worker took of it.
my @FLOODS = (
    { name => 'stun', title => 'STUN', size => 20, flags => ['--stun'], counter => 'gochat_stun_total' },
    { name => 'hello', title => 'HELLO', size => 96, flags => ['--hello'], counter => 'gochat_hello_total' },
    { name => 'register', title => 'REGISTER, valid cookies', size => 548, flags => ['--register'],
        counter => 'gochat_register_total' },
    { name => 'forged', title => 'REGISTER, forged handshakes', size => 548, flags => ['--register', '--forged'],
        counter => 'gochat_register_total' },
    { name => 'junk', title => 'junk', size => 40, flags => ['--junk', 'bytes'],
        counter => 'gochat_unknown_type_total' },
    { name => 'aimed', title => 'beats of no session', size => 40, flags => ['--junk', 'aimed'],
        counter => 'gochat_received_total' }, # and the sessions' own, so rather too many; RESETs are limited
    { name => 'relay', title => 'RELAY', size => 204, flags => ['--relay'],
        counter => 'gochat_relayed_total', sessions => SENDERS },
);

# { flood_seconds, sizes => [{ sessions, idle, floods => [...], beats }], hammer }; `keep` gets what there is so far.
sub measure_overload {
    my ($setup, undef, $keep) = @_;
    my %sizes = map { min($_, $setup->{sessions}) => 1 } FEW_SESSIONS, $setup->{sessions};
    my %found = (flood_seconds => $setup->{flood_seconds}, sizes => []);
    for my $sessions (sort { $a <=> $b } keys %sizes) {
        push @{ $found{sizes} }, my $size = { sessions => $sessions, floods => [] };
        _size($setup, $size, sub { $keep->(\%found) });
    }
    $found{hammer} = _hammer($setup);
    return \%found;
}

# --- The bootnode and who lives there ---

sub _bootnode {
    my ($setup, %keys) = @_;
    my $metrics = '127.0.0.1:' . free_port('tcp');
    my $bootnode = start_server($setup, 'bootnode', keys => {
        listen => '127.0.0.1:@PORT@',
        key_file => '@FOLDER@/bootnode.key',
        metrics => $metrics,
        workers => 1,
        %keys,
    });
    $bootnode->{metrics} = $metrics;
    $bootnode->wait_until(sub { metrics_answer($metrics) }, METRICS_TIMEOUT);
    return $bootnode;
}

# No limits, as though a flood came from very many sources, but the limiter sees loopback, too: so what it does without
# a limit (which source registers how often) it does here.
sub _unlimited {
    my ($setup, $sessions) = @_;
    return (
        sessions => $sessions + NEWCOMERS_PER_S * ($setup->{flood_seconds} + LEAD + AFTER),
        limit_loopback => 'on',
        map { $_ => 0 } qw(relay_rate relay_source_rate relay_total_rate),
    );
}

# What conf/bench.ini switches off, as conf/bootnode.ini has it.
sub _as_in_production {
    my ($setup) = @_;
    my %production = read_file("$setup->{root}/conf/bootnode.ini") =~ /^;?(\w+) = (.*)$/mg;
    my @limits = grep { /^(?:rate_|relay|limit_|sessions_per_source|room_source_share)/ } keys %production;
    return map { $_ => $production{$_} } @limits;
}

sub _fill {
    my ($setup, $bootnode, $sessions) = @_;
    my @where = ('--bootnode', $bootnode->{address}, '--room-size', ROOM_SIZE, @{ +EVERYWHERE });
    my $self = { setup => $setup, bootnode => $bootnode, sessions => $sessions };
    $setup->{say}->("overload: filling the bootnode with $sessions sessions");
    $self->{residents} = GoChat::Bench::Generator->rows($setup, 'residents', @where, '--sessions', $sessions,
        '--watch', 200);
    $self->{residents}->row('full', '--idle --duration 1');
    $self->{progress} = "$bootnode->{folder}/watch.jsonl";
    $self->{watch} = GoChat::Bench::Generator->rows($setup, 'watch', @where, '--sessions', WATCH_SESSIONS,
        '--progress-json', $self->{progress}, '--progress', WINDOW);
    $self->{watch}->row('full', '--idle --duration 1');
    return $self;
}

sub _leave {
    my ($self) = @_;
    $self->{$_}->end for qw(watch residents);
    $self->{bootnode}->stop;
    return;
}

# The counters, and when they were so.
sub _counted {
    my ($self) = @_;
    return { %{ read_metrics($self->{bootnode}{metrics}) }, at => clock_gettime(CLOCK_MONOTONIC) };
}

sub _growth {
    my ($before, $after, @names) = @_;
    return sum0(map { ($after->{$_} // 0) - ($before->{$_} // 0) } @names);
}

sub _rate {
    my ($before, $after, $name) = @_;
    return _growth($before, $after, $name) / ($after->{at} - $before->{at});
}

# The share of a processor that the bootnode had.
sub _busy { my ($before, $after) = @_; return _rate($before, $after, 'process_cpu_seconds_total') }

# Whoever registered besides the fleets, and is kept alive by nobody any more, has gone.
sub _wait_for_calm {
    my ($self) = @_;
    my $known = $self->{sessions} + WATCH_SESSIONS;
    $self->{bootnode}->wait_until(sub { _counted($self)->{gochat_sessions} <= $known }, GONE_TIMEOUT);
    return;
}

# What the fleets were told, from their results: how many living sessions the bootnode forgot, and how many of watched
# rooms were announced as left.
sub _wronged {
    my (@results) = @_;
    my @lines = map { @{ $_->{disagreements} } } @results;
    return {
        forgotten => sum0(map { /^(\d+) living sessions were forgotten/ } @lines),
        announced => sum0(map { $_->{expired_wrong} } @results),
        said => [grep { !/^\d+ living sessions were forgotten|^\d+ sessions were announced as left though/ } @lines],
    };
}

# --- One size ---

sub _size {
    my ($setup, $found, $keep) = @_;
    my $self = _fill($setup, _bootnode($setup, _unlimited($setup, $found->{sessions})), $found->{sessions});
    $found->{idle} = _idle($self);
    for my $flood (@FLOODS) {
        push @{ $found->{floods} }, _flood($self, $flood, $found->{idle});
        $setup->{say}->(sprintf 'overload: %s sessions, %s', $found->{sessions}, _summary($found->{floods}[-1]));
        $keep->();
    }
    $found->{beats} = _beats($self);
    $keep->();
    _leave($self);
    return;
}

sub _summary {
    my ($flood) = @_;
    return sprintf '%s at %.2f times the capacity: forgotten %d, announced as left %d, newcomers %.2f of idle',
        @$flood{qw(title reached forgotten announced newcomers)};
}

# Answer times and registrations where nothing else happens.
sub _idle {
    my ($self) = @_;
    my $seconds = 2 * $self->{setup}{seconds};
    $self->{residents}->begin('idle', ALL_BEAT . ' --duration ' . ($seconds + 1));
    my $rtt_us = $self->{watch}->row('idle', WATCH_BEATS . " --duration $seconds")->{rtt_us};
    $self->{residents}->result;

    my $newcomers = _newcomers($self);
    my $per_s = _rate(_sampled($self, $seconds), 'gochat_sessions_confirmed_total');
    $newcomers->stop;
    _wait_for_calm($self);
    return { rtt_us => $rtt_us, newcomers_per_s => $per_s };
}

# The counters at the beginning and at the end of so many seconds, a second from now, when all have begun.
sub _sampled {
    my ($self, $seconds) = @_;
    sleep 1;
    my $before = _counted($self);
    sleep $seconds;
    return ($before, _counted($self));
}

# They register as fast as the bootnode answers, and there are more of them than there is time for. Registering costs them
# more than the flood costs its sender, which shall have the load core first.
sub _newcomers {
    my ($self) = @_;
    my $most = NEWCOMERS_PER_S * ($self->{setup}{flood_seconds} + LEAD);
    my $setup = { %{ $self->{setup} }, before_load => [@{ $self->{setup}{before_load} // [] }, @{ +GIVING_WAY }] };
    return GoChat::Bench::Generator->single($setup, 'newcomers', '--bootnode', $self->{bootnode}{address},
        '--threads', NEWCOMER_THREADS, '--window', NEWCOMER_WINDOW, '--sessions', $most, '--room-size', ROOM_SIZE,
        '--watch', 0,
        @{ +NEWCOMERS_FROM }, '--idle');
}

# What newcomers come to while the load core is as busy with a flood of that kind, but nobody receives it: else their
# own core would be what is measured.
sub _newcomers_beside_sink {
    my ($self, $flood, $per_s) = @_;
    my $sink = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0, Proto => 'udp') or die "sink: $@\n";
    my $generator = GoChat::Bench::Generator->single($self->{setup}, 'sink', '--to', '127.0.0.1:' . $sink->sockport,
        '--raw', $flood->{size}, '--rate', $per_s, '--duration', 3600);
    my $newcomers = _newcomers($self);
    my $found = _rate(_sampled($self, $self->{setup}{seconds}), 'gochat_sessions_confirmed_total');
    $_->stop for $newcomers, $generator;
    _wait_for_calm($self);
    return $found;
}

# Begins, and waits until it flows: cookies come first, and a stock of packets.
sub _start_flood {
    my ($self, $flood, @pace) = @_;
    my $before = _counted($self);
    my $generator = GoChat::Bench::Generator->single($self->{setup}, $flood->{name},
        ($flood->{sessions} ? '--bootnode' : '--to'), $self->{bootnode}{address}, @{ $flood->{flags} }, @pace,
        '--duration', $self->{setup}{flood_seconds} + LEAD + AFTER,
        ($flood->{sessions} ? ('--sessions', $flood->{sessions}, '--room-size', ROOM_SIZE, '--watch', 0) : ()));
    $generator->{load}->wait_until(sub { _growth($before, _counted($self), $flood->{counter}) >= FLOWS_AFTER }, LEAD);
    return $generator;
}

# How many the worker takes a second, when more of them wait all the time.
sub _capacity {
    my ($self, $flood) = @_;
    my $generator = _start_flood($self, $flood, '--max');
    my ($before, $after) = _sampled($self, $self->{setup}{seconds});
    $generator->cut;
    $generator->finish;
    return (_rate($before, $after, $flood->{counter}), _busy($before, $after));
}

sub _flood {
    my ($self, $flood, $idle) = @_;
    my $seconds = $self->{setup}{flood_seconds};
    my ($capacity, $busy) = _capacity($self, $flood);
    _wait_for_calm($self);
    my $calm_per_s = _newcomers_beside_sink($self, $flood, int(TIMES * $capacity));
    my $long = '--duration ' . ($seconds + LEAD + AFTER);
    $self->{residents}->begin($flood->{name}, ALL_BEAT . " $long");
    $self->{watch}->begin($flood->{name}, WATCH_BEATS . " $long");
    my $newcomers = _newcomers($self);
    my $generator = _start_flood($self, $flood, '--rate', int(TIMES * $capacity));
    my $before = _counted($self);
    sleep $seconds;
    my $after = _counted($self);
    $generator->cut;
    my $ended_ms = 1000 * time;
    $newcomers->stop;
    my $sent = $generator->finish;
    my @results = map { $self->{$_}->result } qw(residents watch);
    _wait_for_calm($self);
    my $newcomers_per_s = _rate($before, $after, 'gochat_sessions_confirmed_total');
    return {
        name => $flood->{name},
        title => $flood->{title},
        capacity_per_s => $capacity,
        busy_at_capacity => $busy,
        sent_per_s => $sent->{sent_per_s},
        reached => $sent->{sent_per_s} / $capacity,
        taken_per_s => _rate($before, $after, $flood->{counter}),
        newcomers_per_s => $newcomers_per_s,
        newcomers_beside_sink_per_s => $calm_per_s,
        newcomers => $newcomers_per_s / max($calm_per_s, NOBODY),
        newcomers_missed => $calm_per_s / max($newcomers_per_s, NOBODY),
        rtt_us => $results[1]{rtt_us},
        back_ms => _back_ms($self, $ended_ms, BACK_TO * $idle->{rtt_us}{p99}),
        %{ _wronged(@results, $flood->{sessions} ? $sent : ()) },
        map { $_ => _growth($before, $after, "gochat_sessions_${_}_total") } qw(expired replaced crowded_out),
    };
}

# How long after the flood's end the first window begins in which all but one in a hundred answers of the watch were as
# fast as that; as long as was looked, where none did.
sub _back_ms {
    my ($self, $ended_ms, $limit_us) = @_;
    my @lines = map { JSON::PP::decode_json($_) } split /\n/, read_file($self->{progress});
    my $window_ms = 1000 * WINDOW;
    for my $line (grep { $_->{time_ms} >= $ended_ms + $window_ms && $_->{rtt_us}{count} > 0 } @lines) {
        return $line->{time_ms} - $window_ms - $ended_ms if $line->{rtt_us}{p99} <= $limit_us;
    }
    return 1000 * AFTER;
}

# Their own beats, more than the worker takes.
sub _beats {
    my ($self) = @_;
    my $residents = $self->{residents};
    $residents->begin('beats-capacity', '--max --answers rare --duration ' . ($self->{setup}{seconds} + LEAD));
    my ($before, $after) = _sampled($self, $self->{setup}{seconds});
    my $capacity = _rate($before, $after, 'gochat_heartbeat_total');
    $residents->result;
    my $flooded = $residents->row('beats', '--answers rare --rate ' . int(BEATS_TIMES * $capacity)
        . " --duration $self->{setup}{flood_seconds}");
    my $later = $residents->row('after-beats', ALL_BEAT . ' --duration ' . AFTER);
    return {
        capacity_per_s => $capacity,
        sent_per_s => $flooded->{sent_per_s},
        reached => $flooded->{sent_per_s} / $capacity,
        %{ _wronged($flooded, $later) },
    };
}

# --- One source ---

# With the limits of production: what it costs others that one address sends as fast as the generator can.
sub _hammer {
    my ($setup) = @_;
    my $sessions = min(HAMMER_SESSIONS, $setup->{sessions});
    my $self = _fill($setup, _bootnode($setup, _as_in_production($setup), sessions => 100_000), $sessions);
    my $long = WATCH_BEATS . ' --duration ' . 2 * $setup->{seconds};
    my @kinds;
    for my $flood (grep { !$_->{sessions} } @FLOODS) {
        my $idle = $self->{watch}->row('idle', $long)->{rtt_us};
        my $generator = _hammering($self, $flood);
        my $result = $self->{watch}->row($flood->{name}, $long);
        $generator->cut;
        my $sent = $generator->finish;
        push @kinds, { name => $flood->{name}, title => $flood->{title}, sent_per_s => $sent->{sent_per_s},
            idle_rtt_us => $idle, rtt_us => $result->{rtt_us}, ratio => $result->{rtt_us}{p99} / $idle->{p99},
            %{ _wronged($result) } };
        $setup->{say}->(sprintf 'overload: one source, %s: p99 / idle %.2f', $flood->{title}, $kinds[-1]{ratio});
    }
    _leave($self);
    return { sessions => $sessions, kinds => \@kinds };
}

# At the priority of what has nothing better to do: so the watch is not kept from its own core by it.
sub _hammering {
    my ($self, $flood) = @_;
    my %setup = (%{ $self->{setup} }, before_load => [qw(chrt --idle 0)]);
    my $before = _counted($self);
    my $generator = GoChat::Bench::Generator->single(\%setup, "one source, $flood->{name}", '--to',
        $self->{bootnode}{address}, @{ $flood->{flags} }, '--rate', HAMMER_RATE, '--duration', 600);
    $generator->{load}->wait_until(
        sub { _growth($before, _counted($self), qw(gochat_received_total gochat_worker_overflowed_total)) >=
            FLOWS_AFTER + WATCH_SESSIONS }, LEAD);
    return $generator;
}

1;
