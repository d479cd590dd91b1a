package GoChat::Conversation;

# People who count aloud, and what must come of it: everybody hears everybody else, each number once and in order. What
# they hear is tallied as it comes and not kept as events, so that a conversation may be long.
#
#     my @speakers = map { start_speaker(name => $_, bootnode => $bootnode, room => 'tea') } 'a', 'b';
#     all_connected(10, @speakers);
#     say_numbers($_, 100) for @speakers;
#     all_heard('at first', 10, @speakers);
#
# A speaker is a client (GoChat::Test) that also knows `nick`, `said` (how many numbers), `met` (the nicks it was ever
# connected to), `heard` (nick => numbers), `heard_at` (nick => when the last one came), `delays` (milliseconds from
# sending, of all) and `delivered` (how many acknowledgements). Everyone needs a nick of their own.
use strict;
use warnings;
use Exporter qw(import);
use GoChat::Test;
use Test::More;
use Time::HiRes qw(time);

our @EXPORT = qw(start_speaker say_numbers all_connected all_heard all_delivered path_to wait_path quantile);

sub start_speaker {
    my (%option) = @_;
    my $speaker = start_client(%option, on_event => \&_tally);
    $speaker->{nick} = $option{nick} // $option{name};
    $speaker->{said} = $speaker->{delivered} = 0;
    return $speaker;
}

sub _tally {
    my ($speaker, $event) = @_;
    if ($event->{event} eq 'message' && $event->{text} =~ /^(\d+)\b/) {
        push @{ $speaker->{heard}{ $event->{nick} } }, $1;
        push @{ $speaker->{delays} }, time * 1000 - $event->{sent_ms};
        $speaker->{heard_at}{ $event->{nick} } = $event->{_at};
        return 1;
    }
    $speaker->{met}{ $event->{nick} } = 1 if $event->{event} eq 'peer-connected';
    $speaker->{delivered}++ if $event->{event} eq 'delivered';
    return $event->{event} =~ /^(?:delivered|sent)$/;
}

# The next `count` numbers, each with `more` behind it.
sub say_numbers {
    my ($speaker, $count, $more) = @_;
    my $padding = defined $more ? " $more" : '';
    send_line($speaker, ++$speaker->{said} . $padding) for 1 .. $count;
}

# All ordered pairs.
sub _ways {
    my @speakers = @_;
    return map { my $one = $_; map { [$one, $_] } grep { $_ != $one } @speakers } @speakers;
}

# Everyone with everyone, whatever the path.
sub all_connected {
    my ($timeout, @speakers) = @_;
    my @ways = _ways(@speakers);
    my $missing = sub { grep { !$_->[0]{met}{ $_->[1]{nick} } } @ways };
    wait_until(sub { !$missing->() }, $timeout);
    fail_about($_->[0], "$_->[0]{name} is connected to $_->[1]{nick}") for $missing->();
    return is(scalar $missing->(), 0, 'everyone is connected to everyone');
}

# What is wrong with numbers that should be 1 to `count`, in order: '' if nothing is.
sub _faults {
    my ($numbers, $count) = @_;
    my (%times, @faults);
    $times{$_}++ for @$numbers;
    my @lost = grep { !$times{$_} } 1 .. $count;
    my @doubled = grep { $times{$_} > 1 } sort { $a <=> $b } keys %times;
    my @late = grep { $numbers->[$_] < $numbers->[$_ - 1] } 1 .. $#$numbers;
    push @faults, @lost . " of $count lost: " . _some(@lost) if @lost;
    push @faults, @doubled . ' doubled: ' . _some(@doubled) if @doubled;
    push @faults, @late . ' late: ' . _some(map { $numbers->[$_] } @late) if @late;
    return join '; ', @faults;
}

sub _some {
    my @numbers = @_;
    return "@numbers" if @numbers <= 10;
    return "@numbers[0 .. 8] … $numbers[-1]";
}

# Waits until the last of what was said has come. Then all of it has, once and in order.
sub all_heard {
    my ($what, $timeout, @speakers) = @_;
    my @ways = _ways(@speakers);
    my $heard = sub { my ($from, $to) = @_; return $to->{heard}{ $from->{nick} } // [] };
    wait_until(sub { !grep { @{ $heard->(@$_) } < $_->[0]{said} } @ways }, $timeout);
    my $right = 0;
    for (@ways) {
        my ($from, $to) = @$_;
        my $faults = _faults($heard->($from, $to), $from->{said});
        $right++ if $faults eq '';
        diag("$to->{name} of what $from->{name} said: $faults") if $faults ne '';
    }
    return is($right, @ways, "$what: everyone heard everyone else, each number once and in order");
}

# Every number was acknowledged by everyone else.
sub all_delivered {
    my ($what, $timeout, @speakers) = @_;
    my $due = sub { my ($speaker) = @_; return $speaker->{said} * (@speakers - 1) };
    wait_until(sub { !grep { $_->{delivered} < $due->($_) } @speakers }, $timeout);
    my @wrong = grep { $_->{delivered} != $due->($_) } @speakers;
    diag("$_->{name}: $_->{delivered} of " . $due->($_)) for @wrong;
    return is(@wrong, 0, "$what: everyone knows that it was delivered");
}

# 'direct', 'relay', or '' before there is one.
sub path_to {
    my ($speaker, $nick) = @_;
    my ($peer, $path) = ('', '');
    for my $event (@{ $speaker->{events} }) {
        $peer = $event->{peer} if $event->{event} eq 'peer-connected' && $event->{nick} eq $nick;
        $path = $event->{path} if $event->{event} =~ /^peer-(?:connected|path)$/ && $event->{peer} eq $peer;
    }
    return $path;
}

# Whether the path becomes that in time.
sub wait_path {
    my ($speaker, $nick, $path, $timeout) = @_;
    return wait_until(sub { path_to($speaker, $nick) eq $path }, $timeout);
}

sub quantile {
    my ($share, @values) = @_;
    @values = sort { $a <=> $b } @values;
    return $values[$share * $#values];
}

1;
