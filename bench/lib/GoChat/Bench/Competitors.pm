package GoChat::Bench::Competitors;

# One process on each core that never waits and has our own priority, so that whoever runs there gets half of it. It
# ends with the measurement, however that ends (GoChat::Bench::Process).
#
#     my $competitors = GoChat::Bench::Competitors->start(0, 1);
#     ... # a row
#     my $share = $competitors->stop; # of the cores' time, what they had: 0.5 beside one that never waits either
use strict;
use warnings;
use GoChat::Bench::Process;
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

sub start {
    my ($class, @cores) = @_;
    my @running = map {
        GoChat::Bench::Process->start(name => 'competitor', cores => $_, command => [$^X, '-e', '1 while 1'],
            log => '/dev/null')
    } @cores;
    return bless { running => \@running, since => clock_gettime(CLOCK_MONOTONIC) }, $class;
}

# Processor time that they had, by the time that there was.
sub stop {
    my ($self) = @_;
    my @running = @{ $self->{running} };
    my $passed = (clock_gettime(CLOCK_MONOTONIC) - $self->{since}) * @running;
    my $used = 0;
    for my $competitor (@running) {
        $competitor->fail("ended with status $competitor->{status}, and so it was none") if $competitor->ended;
        $used += $competitor->used_s;
        $competitor->stop;
    }
    return $used / $passed;
}

1;
