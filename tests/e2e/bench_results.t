#!/usr/bin/perl
# What bench/run makes of figures: medians, goals, the table, what disturbed it, and what bench/README.md says of it.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib", "$FindBin::Bin/../../bench/lib";
use GoChat::Bench::Figures qw(refreshed);
use GoChat::Bench::Goals qw(judge);
use GoChat::Bench::Quiet qw(look noise since);
use GoChat::Bench::Spread qw(quantiles ratios spread total);
use GoChat::Bench::Table qw(table);
use GoChat::Test;
use Test::More;

is_deeply(spread(9, 1, 2), { median => 2, min => 1, max => 9 }, 'the middle one of three');
is_deeply(spread(4, 2), { median => 3, min => 2, max => 4 }, 'between the two of two');
is_deeply(ratios([2, 30, 8], [1, 10, 2]), { median => 3, min => 2, max => 4 }, 'ratios are of one round');
is(total('lost', { lost => 1 }, { lost => 0 }, { lost => 5 }), 6, 'losses add up');

sub distribution { my ($p99) = @_; return { p50 => 1, p99 => $p99, p999 => $p99, max => 2 * $p99 } }

my $quantiles = quantiles(map { distribution($_) } 10, 1000, 30);
is_deeply($quantiles->{p99}, { median => 30, min => 10, max => 1000 }, 'one bad round does not move a p99');
is_deeply($quantiles->{max}, { median => 60, min => 20, max => 2000 }, 'nor the rest');

# A mass expiry of three rounds, in the second of which one session too many left.
sub expiries {
    my (%other) = @_;
    my @rounds = map { { refilled => 100, refilled_per_s => 1000 * $_ } } 1 .. 3;
    return {
        rounds => \@rounds, sessions => 1000, latest_ms => 90, expired => 2997, watched => 300, unseen => 0, wrong => 0,
        lost => 0, disagreements => 0, rtt_ratio => spread(2, 2.5, 9),
        map({ $_ => quantiles(map { distribution($_) } 100, 200, 240) } qw(late_ms rtt_us idle_rtt_us)), %other,
    };
}

my %found = (
    packets => [
        { name => 'one-way-floor', title => 'receive (the one-way floor)', map({ $_ => spread(800) } qw(cpu_ns per_s)),
            rtt_us => quantiles(distribution(0)) },
        { name => 'one-way', title => 'GoChat, heartbeat, one way', floor => 'one-way-floor',
            map({ $_ => spread(640) } qw(cpu_ns per_s)), ratio => spread(0.7, 0.8, 1.3),
            rtt_us => quantiles(distribution(1234)) },
    ],
    residents => { sessions => 1000, rss_bytes => 1, bytes_per_session => 301, registered_per_s => 1 },
    expiries => expiries(wrong => 1),
    competitors => { expiries => expiries(competitors_share => spread(0.5)) },
);
my %goals = map { $_->{what} => $_ } @{ judge(\%found) };
is(scalar keys %goals, 2 + 5 + 5, 'the goals of what was measured');
my $one_way = $goals{'heartbeat, one way: time per packet / one-way floor'};
is($one_way->{measured}, 0.8, 'the median is judged');
ok($one_way->{met}, 'and at most its floor');
ok(!$goals{'memory: bytes per session'}{met}, 'a byte too many');
ok($goals{'mass expiry, repeated: late, ms, p99'}{met}, 'in time');
is($goals{'mass expiry, repeated: late, ms, p99'}{measured}, 200, 'by the median of the p99s');
ok(!$goals{'mass expiry, repeated: sessions that expired and should not'}{met}, 'one wrong in one round is too many');
ok($goals{'competitors, mass expiry: sessions that expired and should not'}{met}, 'each place has its own');

my %machine = (commit => 'abc', date => 'today', cpu => 'a processor', cores => 2, kernel => 'Linux', compiler => 'cc',
    load_before => 0.2);
my $results = {
    machine => \%machine, settings => { sessions => 1000, runs => 3, seconds => 1, server_core => 0, load_core => 1 },
    %found, goals => judge(\%found), disagreements => [], minutes => 27.2,
    steps => { packets => { seconds => 1, others_percent => 0.3, stolen_percent => 0 } },
};
my $table = table($results);
like($table, qr/heartbeat, one way +640 \(640–640\) +0\.80 \(0\.70–1\.30\) +640 +1,234/, 'a row');
like($table, qr/p99 200 \(100–240\)/, 'a quantile, and how it spreads');
like($table, qr/process on each core .*it had 50 % of the core/, 'which rows had competitors');
like($table, qr/bytes per session +300 +301 +NOT MET/, 'what was missed');
unlike($table, qr/not quiet|NOT WHOLE|disagree:/, 'a quiet and whole run');

is_deeply([noise({ %machine, load_before => 3.2 })], ['load 3.2 before'], 'a load before');
is_deeply([noise({ %machine, governor => 'performance' })], [], 'a governor that keeps still');
is_deeply([noise({ %machine, governor => 'powersave' })], ["the processor's governor is powersave"], 'or does not');
my $disturbed = { joins => { others_percent => 41, stolen_percent => 7 } };
is_deeply([noise(\%machine, $disturbed)],
    ['others used 41 % of the cores during joins', 'the hypervisor took 7 % of the cores during joins'], 'others');
like(table({ %$results, steps => $disturbed, cut => 'by hand' }), qr/^NOT WHOLE: by hand\nnot quiet: others used 41/m,
    'the table says so');

my %look = (cores => [0, 1], at => 10, idle => 5, stolen => 1, ours => 3);
is_deeply(since(\%look, { %look, at => 20, idle => 11, stolen => 2, ours => 11 }),
    { seconds => 10, others_percent => 25, stolen_percent => 5 }, 'of two cores for 10 s: idle 6, stolen 1, ours 8');
is(since(\%look, { %look, at => 20, idle => 4.9, ours => 24 })->{others_percent}, 0, 'counts that do not fit');
cmp_ok(look(0)->{idle}, '>', 0, 'a core was idle some time');
cmp_ok(look(0)->{ours}, '<', look(0)->{at}, 'and we did not use more than there was');

my $document = "before\n<!-- of results/bench.json, by bench/figures -->\nold\n<!-- until here -->\nbehind\n";
my $new = refreshed($document, $results);
like($new, qr/\Abefore\n<!--[^\n]*-->\nCommit abc, today.*\n<!-- until here -->\nbehind\n\z/s,
    'the text between the marks is made of the results');
like($new =~ s/\s+/ /gr, qr/1,000 sessions\. It took 27 minutes\. /, 'how long it takes');
like($new =~ s/\s+/ /gr, qr/floors: a heartbeat one way 0\.80 \(0\.70–1\.30\)\. /, 'a row');
like($new =~ s/\s+/ /gr, qr/Of 12 goals 2 were missed: memory: bytes per session \(301, at most 300\)/,
    'what was missed');
unlike($new, qr/^old$/m, 'and nothing is left of what stood there');
is(refreshed($new, $results), $new, 'once more changes nothing');
ok(!eval { refreshed("no marks\n", $results); 1 }, 'a document without marks is none of these');

my ($status, undef, $errors) = run_program(name => 'figures', timeout => 10,
    command => ["$FindBin::Bin/../../bench/figures", '--check']);
is($status, 0, 'bench/README.md says what the last results do') or diag($errors);

finish();
