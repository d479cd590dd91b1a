#!/usr/bin/perl
# The days on the screen: every weekday, midnight, a leap day, a new year, and the hours that summer time leaves out and
# has twice. libfaketime gives the client its clock; timers, which go by the monotonic clock, are real.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Terminal;
use GoChat::Test;
use Test::More;
use Time::Local qw(timegm);

my ($faketime) = glob '/usr/lib/*/faketime/libfaketimeMT.so.1';
plan skip_all => 'a sanitized build: sanitizers want to be loaded first, and so does libfaketime' if $ENV{SAN};
plan skip_all => 'libfaketime (package faketime) is not installed' unless $faketime;
# All this may itself run under faketime: for the client, and for date(1), which says the true time, that ends here.
delete @ENV{qw(LD_PRELOAD FAKETIME FAKETIME_SHARED)};

my $bootnode = start_bootnode();
my $folder = temp_dir();

# A terminal in that time zone (as POSIX writes it: there may be no files of zones), whose clock set_clock sets.
sub open_terminal {
    my ($name, $zone, $at, %env) = @_;
    my $terminal = { clock => "$folder/$name" };
    set_clock($terminal, $at);
    %env = (%env, TZ => $zone, LD_PRELOAD => $faketime, FAKETIME_TIMESTAMP_FILE => $terminal->{clock},
        FAKETIME_NO_CACHE => 1, DONT_FAKE_MONOTONIC => 1);
    %$terminal = (%$terminal, %{ start_terminal(name => $name, bootnode => $bootnode, room => $name, env => \%env,
        # libfaketime reads its file again and again, in a place that is not the client's.
        config => 'sandbox = off') });
    ok(wait_screen($terminal, qr/registered at/, 10), "$name: registered");
    return $terminal;
}

# To 'YYYY-MM-DD hh:mm:ss' of UTC, from which it goes on.
sub set_clock {
    my ($terminal, $utc) = @_;
    my ($year, $month, $day, $hour, $minute, $second) = $utc =~ /(\d+)/g;
    my $offset = timegm($second, $minute, $hour, $day, $month - 1, $year) - `date +%s`;
    write_file("$terminal->{clock}.new", sprintf "%+d\n", $offset);
    rename "$terminal->{clock}.new", $terminal->{clock} or die "rename: $!";
    return;
}

my $said = 0;

# What is said at that time stands beside `clock`, on `day`, and days so far are as many as were asked for.
sub says_at {
    my ($terminal, $utc, $clock, $day, $days) = @_;
    set_clock($terminal, $utc);
    my $text = 'line ' . ++$said;
    type_text($terminal, "$text\r");
    my $state = wait_state($terminal, sub { grep { /^\d\d:\d\d .*\Q$text\E(?!\d)/ } @{ $_[0]{rows} } }, 5, "shows $text")
        or return;
    my @rows = @{ $state->{rows} };
    my ($row) = grep { $rows[$_] =~ /\Q$text\E(?!\d)/ } 0 .. $#rows;
    is(substr($rows[$row], 0, 5), $clock, "$utc: the time of day");
    my @shown = map { /── (\w+, \d+ \w+ \d{4}) ──/ ? $1 : () } @rows[0 .. $row];
    is($shown[-1], $day, "$utc: the day above it");
    is(scalar @shown, $days, "$utc: which has one line") if $days;
    return;
}

# --- one day after the other ------------------------------------------------------------------------------------------

my $utc = open_terminal('utc', 'UTC0', '2026-11-23 10:00:00');
my @week = qw(Monday Tuesday Wednesday Thursday Friday Saturday Sunday);
says_at($utc, sprintf('2026-11-%02d 10:00:00', 23 + $_), '10:00', sprintf('%s, %d November 2026', $week[$_], 23 + $_),
    1 + $_) for 0 .. 6;
type_text($utc, "/clear\r");
says_at($utc, '2026-12-31 23:59:00', '23:59', 'Thursday, 31 December 2026', 1);
says_at($utc, '2027-01-01 00:00:00', '00:00', 'Friday, 1 January 2027', 2);
says_at($utc, '2027-01-01 23:59:00', '23:59', 'Friday, 1 January 2027', 2);
says_at($utc, '2028-02-28 12:00:00', '12:00', 'Monday, 28 February 2028', 3);
says_at($utc, '2028-02-29 12:00:00', '12:00', 'Tuesday, 29 February 2028', 4);
says_at($utc, '2028-03-01 12:00:00', '12:00', 'Wednesday, 1 March 2028', 5);

# --- summer time ------------------------------------------------------------------------------------------------------

my $berlin = open_terminal('berlin', 'CET-1CEST,M3.5.0,M10.5.0/3', '2026-03-29 00:58:00',
    LC_ALL => 'C');
says_at($berlin, '2026-03-29 00:59:00', '01:59', 'Sunday, 29 March 2026', 1);
says_at($berlin, '2026-03-29 01:00:00', '03:00', 'Sunday, 29 March 2026', 1);
says_at($berlin, '2026-03-29 21:59:00', '23:59', 'Sunday, 29 March 2026', 1);
says_at($berlin, '2026-03-29 22:00:00', '00:00', 'Monday, 30 March 2026', 2);
type_text($berlin, "/clear\r");
says_at($berlin, '2026-10-25 00:59:00', '02:59', 'Sunday, 25 October 2026', 1);
says_at($berlin, '2026-10-25 01:00:00', '02:00', 'Sunday, 25 October 2026', 1);
says_at($berlin, '2026-10-25 22:59:00', '23:59', 'Sunday, 25 October 2026', 1);
says_at($berlin, '2026-10-25 23:00:00', '00:00', 'Monday, 26 October 2026', 2);

my $york = open_terminal('york', 'EST5EDT,M3.2.0,M11.1.0', '2026-03-08 06:58:00',
    LC_ALL => '', LANG => 'de_DE.UTF-8');
says_at($york, '2026-03-08 06:59:00', '01:59', 'Sunday, 8 March 2026', 1);
says_at($york, '2026-03-08 07:00:00', '03:00', 'Sunday, 8 March 2026', 1);
says_at($york, '2026-11-01 05:59:00', '01:59', 'Sunday, 1 November 2026', 2);
says_at($york, '2026-11-01 06:00:00', '01:00', 'Sunday, 1 November 2026', 2);
says_at($york, '2026-11-02 05:00:00', '00:00', 'Monday, 2 November 2026', 3);

finish();
