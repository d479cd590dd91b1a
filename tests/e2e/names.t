#!/usr/bin/perl
# Bootnodes' names that are not found now: a client tries until they are, send and doctor until their time is out; and
# whatever the name servers do, nothing else waits for them.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use Test::More;

plan skip_all => 'a preload would come before the sanitizers' if $ENV{SAN};

my $data = temp_dir();
my $names = "$data/names";
my @bad_network = ('env', 'LD_PRELOAD=' . test_tool('name_server.so'), "NAMES_FILE=$names");
my $bootnode = start_bootnode();
my ($port) = $bootnode->{address} =~ /:(\d+)$/;
my ($silent, $late) = ("silent.test:$port", "late.test:$port");

sub enter_room {
    my ($name, $bootnodes, %more) = @_;
    return start_client(name => $name, bootnode => $bootnodes, room => 'tea', in => \@bad_network, %more);
}

# (status, output, errors, seconds) of `gochat --mode MODE` in the bad network.
sub in_bad_network {
    my ($mode, @arguments) = @_;
    my $began = now();
    my @said = run_program(name => $mode, command => [@bad_network, gochat(), '--mode', $mode, @arguments], timeout => 20);
    return (@said, now() - $began);
}

sub send_to {
    my ($address, @words) = @_;
    return in_bad_network('send', '--bootnode', $address, '--room', 'tea', '--data-dir', "$data/send", @words);
}

my $anna = enter_room('anna', $late);
my $bert = enter_room('bert', "$silent,$bootnode->{address}");
my $carl = enter_room('carl', $silent, ui => 'plain');

my $told = wait_event($anna, { event => 'bootnode-lost', name => $late }, 5);
is($told->{text}, 'its name is not found: Temporary failure in name resolution; trying again', 'a client is told why');
is($told->{bootnode}, '', 'of no address');
my ($status, $out, $err) = send_to($late, '--timeout', 5, 'x');
is($status, 1, 'send, not known now: status 1');
like($err, qr/within 5 s: \Q$late\E: its name is not found: Temporary failure.*\n\z/, 'whose name, and why, in one line');

is(events($anna, { event => 'registered' }), 0, 'the client is still outside');
write_file($names, "late.test is here\n");
ok(wait_event($anna, { event => 'registered', name => $late }, 20), 'until the name is found');
ok(wait_event($anna, { event => 'peer-connected', nick => 'bert' }, 10), 'and meets the other');
is(events($anna, { event => 'bootnode-lost' }), 1, 'having been told once');
($status) = send_to($late, 'hello');
is($status, 0, 'send finds it');
ok(wait_event($bert, { event => 'message', text => 'hello' }, 5), 'and is heard');

ok(wait_event($bert, { event => 'registered', name => $bootnode->{address} }, 1),
    'a name that is not answered keeps nobody from the other bootnode');
ok(wait_event($bert, { event => 'bootnode-lost', name => $silent }, 6), 'and is told');
ok(wait_line($carl, qr/^\* bootnode \Q$silent\E lost: its name is not found; trying again$/, 6), 'by its name');
my $ending = now();
send_signal($carl, 'TERM');
is(wait_exit($carl, 3), 0, 'a signal ends who waits for a name');
cmp_ok(now() - $ending, '<', slow(3), 'and does not wait itself');

($status, $out, $err, my $took) = send_to($silent, '--timeout', 1, 'x');
is($status, 1, 'send, no answer: status 1');
ok($took >= 0.9 && $took < slow(3), 'within the time given') or diag("$took s");
like($err, qr/^gochat: no bootnode let us in within 1 s.*\n\z/, 'and says so');
($status, $out, $err, $took) = in_bad_network('doctor', '--bootnode', $silent, '--timeout', 1, '--json');
is($status, 1, 'doctor, no answer: status 1');
ok($took >= 0.9 && $took < slow(3), 'within the time given') or diag("$took s");
like($out, qr/"error":"--bootnode \Q$silent\E: not found within 1 s: no name server answers"/, 'and says so');
($status, $out, $err) = in_bad_network('doctor', '--bootnode', $silent, '--bootnode', $bootnode->{address});
is($status, 6, 'doctor: beside one that is known it is left out');
like($err, qr/^gochat: --bootnode \Q$silent\E: no name server answers; left out\n\z/, 'with a word');

finish();
