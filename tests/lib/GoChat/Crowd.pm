package GoChat::Crowd;

# Many real clients in one process (tests/tools/people), who come, go and talk, and the checker in it, which knows the
# truth.
#
#     my $crowd = start_crowd(rooms => 20, size => 100, churn => 2, bootnodes => ["127.0.0.1:$port"]);
#     crowd_fills($crowd, 20);
#     crowd_begins($crowd, 'a-fault');     # a new stretch of counting
#     …
#     crowd_is_right($crowd, 'a-fault', equal => 20);
#
# What must hold of each stretch: nobody alive was said to have left, no message was lost or came twice, every newcomer
# saw all living members in time (NEWCOMER_MS in tests/crowd/crowd.c), and the lists have been equal to the truth since
# `equal` seconds after the stretch began. A process that had to wait for a processor proves nothing about time: then
# (LAG_MS) who was late is told, and no fault.
use strict;
use warnings;
use Exporter qw(import);
use GoChat::Test;
use Test::More;

our @EXPORT = qw(start_crowd crowd_fills crowd_begins crowd_is_right crowd_check crowd_says outage);

use constant { ANSWER_TIMEOUT => 20, LAG_MS => 400, COMPLAINTS => 12 };

# start_crowd(name, rooms, size, fill (starts a second), churn (comings and goings a second), silent (per cent of those
# who go die), talk (messages a second), seed, from => 'ADDRESS/COUNT', bootnodes => [...], in => $lab->host('a'), trace).
sub start_crowd {
    my (%option) = @_;
    my $seed = $option{seed} // $ENV{CROWD_SEED} // 1;
    my @command = (test_tool('people'), '--seed', $seed, '--rooms', $option{rooms});
    push @command, '--from', $option{from} if $option{from};
    push @command, '--trace' if $option{trace} // $ENV{CROWD_TRACE};
    my $crowd = start_program(name => 'crowd', %option, json => 1, command => [@command, @{ $option{bootnodes} }]);
    $crowd->{size} = $option{size};
    $crowd->{stretch} = 'fill';
    send_line($crowd, "size $option{size} " . ($option{fill} // 50));
    send_line($crowd, 'talk ' . ($option{talk} // 10));
    send_line($crowd, 'churn ' . ($option{churn} // 0) . ' ' . ($option{silent} // 20));
    return $crowd;
}

sub crowd_says { my ($crowd, $command) = @_; send_line($crowd, $command) }
sub outage { my ($crowd, $on) = @_; send_line($crowd, 'outage ' . ($on ? 'on' : 'off')) }

# What there is to tell of the stretch so far.
sub crowd_check {
    my ($crowd) = @_;
    send_line($crowd, 'check check' . ++$crowd->{checks});
    return wait_event($crowd, { event => 'check', name => "check$crowd->{checks}" }, ANSWER_TIMEOUT)
        // die "the crowd does not answer\n";
}

# Whether they are all there, but for chance.
sub crowd_fills {
    my ($crowd, $timeout) = @_;
    my $deadline = now() + patience($timeout);
    while (now() < $deadline) {
        return pass("$crowd->{size} clients") if crowd_check($crowd)->{alive} >= 0.94 * $crowd->{size};
        watch_until(now() + 0.2);
    }
    return fail("$crowd->{size} clients");
}

sub crowd_begins {
    my ($crowd, $stretch) = @_;
    $crowd->{stretch} = $stretch;
    send_line($crowd, "begin $stretch");
    wait_event($crowd, { event => 'begin', name => $stretch }, ANSWER_TIMEOUT);
    $crowd->{complaints_before} = events($crowd, { event => 'complaint' });
}

sub _quantiles { my ($of) = @_; return $of->{count} ? "$of->{p50}/$of->{p99}/$of->{max} ms" : 'none' }

# equal => seconds after the beginning of the stretch, since when all lists are as the truth.
sub crowd_is_right {
    my ($crowd, %option) = @_;
    my $check = crowd_check($crowd);
    my $what = $crowd->{stretch};
    note sprintf '%s: %.1f s, %d alive, %d said, %d newcomers: seen %s, connected %s; equal after %.1f s; lag %d ms',
        $what, $check->{took} / 1000, $check->{alive}, $check->{said}, $check->{seen}{count},
        _quantiles($check->{seen}), _quantiles($check->{connected}), $check->{equal_after} / 1000, $check->{lag};
    is($check->{$_}, 0, "$what: $_") for qw(wrong-left stranger lost doubled missing ghost unconnected);
    if ($check->{late} && $check->{lag} > LAG_MS) {
        note "$what: $check->{late} newcomers were late, and so was the process itself";
    } else {
        is($check->{late}, 0, "$what: late");
    }
    cmp_ok($check->{equal_after}, '<=', 1000 * slow($option{equal}), "$what: equal to the truth in time")
        if defined $option{equal};
    _tell_complaints($crowd);
    return $check;
}

sub _tell_complaints {
    my ($crowd) = @_;
    my @complaints = events($crowd, { event => 'complaint' });
    splice @complaints, 0, $crowd->{complaints_before} // 0;
    for (@complaints[0 .. (@complaints < COMPLAINTS ? $#complaints : COMPLAINTS - 1)]) {
        diag "$crowd->{stretch}: at $_->{at} ms $_->{fault}: $_->{observer} about $_->{about}, $_->{age} ms old";
    }
    $crowd->{complaints_before} += @complaints;
}

1;
