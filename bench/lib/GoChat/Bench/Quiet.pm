package GoChat::Bench::Quiet;

# Whether the machine was ours: how much of the cores that we measure on others had meanwhile, by the kernel's counts.
#
#     my $before = look(0, 1);
#     ... # measure
#     my $shares = since($before); # { seconds, others_percent, stolen_percent }
use strict;
use warnings;
use Exporter qw(import);
use GoChat::Bench::Process qw(read_file running_s);
use List::Util qw(max min sum0);
use POSIX qw(sysconf _SC_CLK_TCK);
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

our @EXPORT_OK = qw(look since noise);

use constant {
    LOAD_MOST => 1.0, # a build that has just ended leaves as much behind
    OTHERS_MOST => 5, # per cent: the kernel's own threads, and what we cannot tell apart from others
    STOLEN_MOST => 2,
};
# Fields of a line of /proc/stat behind its name.
use constant { IDLE => 3, WAITING => 4, STOLEN => 7 };

# A look at these cores, and at what our programs and we have used so far.
sub look {
    my (@cores) = @_;
    my $stat = read_file('/proc/stat');
    my @lines = map { [$stat =~ /^cpu$_\s+(.*)$/m ? split(' ', $1) : ()] } @cores;
    my $sum = sub { my (@fields) = @_; return sum0(map { @$_[@fields] } @lines) / sysconf(_SC_CLK_TCK) };
    return {
        cores => \@cores,
        at => clock_gettime(CLOCK_MONOTONIC),
        idle => $sum->(IDLE, WAITING),
        stolen => $sum->(STOLEN),
        ours => sum0(times) + running_s(),
    };
}

# What was neither idle, nor stolen by other virtual machines, nor ours. In per cent of the cores' time. The kernel's
# counts are of ticks, and may go back by one.
sub since {
    my ($before, $now) = @_;
    $now //= look(@{ $before->{cores} });
    my %passed = map { $_ => $now->{$_} - $before->{$_} } qw(at idle stolen ours);
    my $time = max($passed{at}, 1e-3) * @{ $now->{cores} };
    my $others = $time - $passed{idle} - $passed{stolen} - $passed{ours};
    return {
        seconds => $passed{at},
        others_percent => 100 * max(0, min($others, $time)) / $time,
        stolen_percent => 100 * max(0, $passed{stolen}) / $time,
    };
}

# What disturbed a measurement, a line for each cause; none: it was quiet. `steps` are what since() said, by name.
sub noise {
    my ($machine, $steps) = @_;
    my @causes;
    push @causes, sprintf 'load %.1f before', $machine->{load_before} if $machine->{load_before} > LOAD_MOST;
    my $governor = $machine->{governor} // 'performance';
    push @causes, "the processor's governor is $governor" if $governor ne 'performance';
    for my $name (sort keys %{ $steps // {} }) {
        my $step = $steps->{$name};
        push @causes, sprintf 'others used %.0f %% of the cores during %s', $step->{others_percent}, $name
            if $step->{others_percent} > OTHERS_MOST;
        push @causes, sprintf 'the hypervisor took %.0f %% of the cores during %s', $step->{stolen_percent}, $name
            if $step->{stolen_percent} > STOLEN_MOST;
    }
    return @causes;
}

1;
