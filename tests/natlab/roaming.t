#!/usr/bin/perl
# What happens to a path while people talk: the member that relays dies, an address changes, a NAT forgets, a process
# stands still for a minute. Five seconds later at the latest everyone hears everyone again; nothing is lost or doubled.
# Each case has a laboratory of its own; all run at the same time.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Conversation;
use GoChat::Lab;
use GoChat::Test;
use Test::More;

GoChat::Lab::enter();

use constant { TICK => 0.1, RESUME_SECONDS => 5, STOPPED_SECONDS => 60, CHAT_TIMEOUT => 20 };
use constant { CONNECT_TIMEOUT => 15, BEFORE => 3 };

# The first two hosts talk to each other; `change` happens, and where there is an `undo`, that follows `after` seconds.
my @CASES = (
    { name => 'relay killed', kinds => [qw(symmetric symmetric open)], change => \&kill_relay },
    { name => 'cone moved', kinds => [qw(port-restricted restricted)], change => \&move },
    { name => 'open moved', kinds => [qw(open port-restricted)], change => \&move },
    { name => 'cone forgot', kinds => [qw(port-restricted port-restricted)], change => \&forget },
    { name => 'symmetric forgot', kinds => [qw(symmetric restricted)], change => \&forget },
    { name => 'relayed forgot', kinds => [qw(symmetric symmetric)], change => \&forget },
    { name => 'relayed moved', kinds => [qw(symmetric symmetric)], change => \&move },
    { name => 'stopped', kinds => [qw(port-restricted full)], change => \&stop, undo => \&go_on,
        after => STOPPED_SECONDS },
);

sub kill_relay {
    my ($case) = @_;
    is(path_to($case->{talking}[0], 'b'), 'relay', "$case->{name}: there was one");
    send_signal($case->{relay}, 'KILL');
}

sub move { $_[0]{lab}->renumber('a') }
sub forget { $_[0]{lab}->rebind('a') }

# What the other says meanwhile is within what members keep for somebody who was away.
sub stop {
    my ($case) = @_;
    $case->{stopped} = $case->{talking}[0];
    freeze_program($case->{stopped});
}

sub go_on {
    my ($case) = @_;
    thaw_program(delete $case->{stopped});
}

sub start_case {
    my ($case) = @_;
    my $lab = $case->{lab} = GoChat::Lab->up(@{ $case->{kinds} });
    my $name = $case->{name} =~ tr/ /-/r;
    my $bootnode = start_bootnode(name => "$name-bootnode", listen => '203.0.113.10:9595', in => $lab->host('boot'));
    my @speakers = map {
        start_speaker(name => "$name-$_", nick => $_, bootnode => $bootnode, room => 'road', in => $lab->host($_))
    } ('a', 'b', 'c')[0 .. $#{ $case->{kinds} }];
    @{$case}{ 'speakers', 'talking', 'relay' } = (\@speakers, [@speakers[0, 1]], $speakers[2]);
}

sub last_heard {
    my ($speaker, $nick) = @_;
    return ($speaker->{heard}{$nick} // [0])->[-1];
}

# The path is good again when each end heard something that the other said after the change.
sub resumed {
    my ($case) = @_;
    my ($a, $b) = @{ $case->{talking} };
    return last_heard($b, 'a') > $case->{said}[0] && last_heard($a, 'b') > $case->{said}[1];
}

sub mark_change {
    my ($case) = @_;
    $case->{changed_at} = now();
    $case->{said} = [map { $_->{said} } @{ $case->{talking} }];
}

sub change {
    my ($case) = @_;
    $case->{change}->($case);
    return mark_change($case) unless $case->{undo};
    $case->{undo_at} = now() + $case->{after};
}

sub step {
    my ($case) = @_;
    if ($case->{undo_at} && now() >= $case->{undo_at}) {
        $case->{undo}->($case);
        mark_change($case);
        delete $case->{undo_at};
    }
    say_numbers($_, 1) for grep { $_ != ($case->{stopped} // 0) } @{ $case->{talking} };
    $case->{seconds} //= now() - $case->{changed_at} if $case->{changed_at} && resumed($case);
}

sub talk_until {
    my ($end) = @_;
    while (now() < $end && grep { !defined $_->{seconds} } @CASES) {
        my $next = now() + TICK;
        step($_) for @CASES;
        watch_until($next);
    }
}

start_case($_) for @CASES;
all_connected(CONNECT_TIMEOUT, @{ $_->{speakers} }) for @CASES;
talk_until(now() + BEFORE);
change($_) for @CASES;
talk_until(now() + STOPPED_SECONDS + slow(2 * RESUME_SECONDS));
for my $case (@CASES) {
    my $seconds = $case->{seconds} // 'inf';
    cmp_ok($seconds, '<=', slow(RESUME_SECONDS), sprintf '%s: chat resumed after %.1f s', $case->{name}, $seconds);
    all_heard($case->{name}, CHAT_TIMEOUT, @{ $case->{talking} });
}
finish();
