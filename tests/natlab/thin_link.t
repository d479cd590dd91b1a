#!/usr/bin/perl
# A flood of text through a thin link: 1,000,000 bytes in a hundred messages over 256 kbit/s with 5 % loss, behind a
# policer that drops what is too much and behind a wire that queues it, at the same time in two laboratories. It takes at
# least 70 % of the link.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Conversation;
use GoChat::Lab;
use GoChat::Test;
use POSIX ();
use Test::More;

GoChat::Lab::enter();

use constant { TEXT_BYTES => 1_000_000, MESSAGES => 100, LINK => 256_000 / 8, LOSS => 5, SHARE => 0.7 };
use constant { DELAY_MS => 20, CONNECT_TIMEOUT => 15 };

my %thin = (
    policer => sub {
        my ($lab) = @_;
        $lab->weather('a', delay => DELAY_MS);
        $lab->loss('a', LOSS);
        $lab->rate('a', LINK);
    },
    wire => sub {
        my ($lab) = @_;
        $lab->weather('a', delay => DELAY_MS, loss => LOSS, rate => LINK);
    },
);

sub start_pair {
    my ($kind) = @_;
    my $lab = GoChat::Lab->up('port-restricted', 'full');
    my $bootnode = start_bootnode(name => "$kind-bootnode", listen => '203.0.113.10:9595', in => $lab->host('boot'));
    my @ends = map {
        start_speaker(name => "$kind-$_", nick => $_, bootnode => $bootnode, room => 'thin', in => $lab->host($_))
    } 'a', 'b';
    return { kind => $kind, lab => $lab, ends => \@ends };
}

# In a process of its own, since the client may leave its input for later.
sub start_flood {
    my ($pair) = @_;
    my ($from) = @{ $pair->{ends} };
    $pair->{started} = now();
    $pair->{feeder} = fork // die "fork: $!";
    if ($pair->{feeder} == 0) {
        my $size = TEXT_BYTES / MESSAGES;
        print { $from->{input} } $_ . ' ' . 'x' x ($size - 1 - length), "\n" for 1 .. MESSAGES;
        $from->{input}->flush;
        POSIX::_exit(0);
    }
    $from->{said} = MESSAGES;
}

my @pairs = map { start_pair($_) } sort keys %thin;
for (@pairs) {
    all_connected(CONNECT_TIMEOUT, @{ $_->{ends} });
    $thin{ $_->{kind} }->($_->{lab});
}
start_flood($_) for @pairs;
my $longest = TEXT_BYTES / (SHARE * LINK);
wait_until(sub { !grep { @{ $_->{ends}[1]{heard}{a} // [] } < MESSAGES } @pairs }, $longest);
for my $pair (@pairs) {
    my $seconds = ($pair->{ends}[1]{heard_at}{a} // now()) - $pair->{started};
    all_heard($pair->{kind}, $longest, @{ $pair->{ends} });
    my $share = TEXT_BYTES / LINK / $seconds;
    my $what = sprintf '%s: %.0f %% of the link, %.1f s', $pair->{kind}, 100 * $share, $seconds;
    cmp_ok($share, '>=', SHARE / slow(1), $what);
    kill 'KILL', $pair->{feeder};
    waitpid $pair->{feeder}, 0;
}
finish();
