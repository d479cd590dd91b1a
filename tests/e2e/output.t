#!/usr/bin/perl
# Standard output that cannot be written (a full disk, a file that may not grow, no reader, a closed descriptor) is told in
# one line, and by status 8, in every mode. What a client was given to say is still said.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use Test::More;

my $load = gochat() . '-load';
plan skip_all => 'no /dev/full' if !-c '/dev/full';

my $folder = temp_dir();
my %outputs = (
    'a full disk' => { in => ['sh', '-c', 'exec "$@" >/dev/full', 'sh'], why => 'No space left on device' },
    'a file that may not grow' => {
        in => ['sh', '-c', 'ulimit -f 8 && exec "$@" >>"$0"', write_file("$folder/out", ' ' x 65_536)],
        why => 'File too large' },
    'no reader' => {
        in => [$^X, '-e', 'pipe my $r, my $w or die; open STDOUT, ">&", $w or die; close $r; close $w; exec @ARGV'],
        why => 'Broken pipe' },
    'a closed descriptor' => { in => ['sh', '-c', 'exec "$@" >&-', 'sh'], why => 'Bad file descriptor' },
);

sub fails_as_it_should {
    my ($output, $what, $status, $err) = @_;
    is($status, 8, "$what into $output: 8");
    like($err, qr/^gochat(?:-load)?: standard output: \Q$outputs{$output}{why}\E$/m, 'and the line says why');
    my $said = () = $err =~ /standard output/g;
    is($said, 1, 'once');
}

for my $output (sort keys %outputs) {
    for my $words ([gochat(), '--help'], [gochat(), '--version'], [gochat(), '--mode', 'client', '--help'],
        [gochat(), '--mode', 'send', '--help'], [gochat(), '--mode', 'doctor', '--help'],
        [gochat(), '--mode', 'bootnode', '--help'], [gochat(), '--mode', 'bootnode', '--check-config'],
        [$load, '--help'], [$load, '--version']) {
        my ($status, undef, $err) = run_program(command => [@{ $outputs{$output}{in} }, @$words]);
        fails_as_it_should($output, "@$words[1 .. $#$words]", $status, $err);
    }
}

my $bootnode = start_bootnode();

for my $words ([gochat(), '--mode', 'doctor', '--bootnode', $bootnode->{address}],
    [gochat(), '--mode', 'doctor', '--json', '--bootnode', $bootnode->{address}],
    [$load, '--bootnode', $bootnode->{address}, '--sessions', '1', '--duration', '0.2'],
    [$load, '--bootnode', $bootnode->{address}, '--sessions', '1', '--duration', '0.2', '--json', '-']) {
    my ($status, undef, $err) = run_program(command => [@{ $outputs{'a full disk'}{in} }, @$words], timeout => 20);
    fails_as_it_should('a full disk', "@$words[1 .. $#$words]", $status, $err);
}

my $bob = start_client(name => 'bob', bootnode => $bootnode, room => 'tea');
wait_event($bob, { event => 'registered' }, 5);

for my $ui ('plain', 'json') {
    for my $output (sort keys %outputs) {
        my $nick = join '-', $ui, split / /, $output;
        my ($status, undef, $err) = run_program(name => $nick, timeout => 20, input => "$nick: one\r\n$nick: two",
            command => [@{ $outputs{$output}{in} }, gochat(), '--mode', 'client', '--bootnode', $bootnode->{address},
                '--room', 'tea', '--nick', substr($nick, 0, 20), '--ui', $ui, '--data-dir', temp_dir()]);
        fails_as_it_should($output, "--ui $ui", $status, $err);
        wait_event($bob, { event => 'message', text => "$nick: two" }, 5);
        my @texts = map { $_->{text} } events($bob, { event => 'message', text => qr/^\Q$nick\E:/ });
        is_deeply(\@texts, ["$nick: one", "$nick: two"], 'and bob has what it was given');
    }
}

# A sender prints nothing, so nothing is lost.
{
    my ($status, undef, $err) = run_program(timeout => 20, command => [@{ $outputs{'a closed descriptor'}{in} },
        gochat(), '--mode', 'send', '--bootnode', $bootnode->{address}, '--room', 'tea', '--data-dir', temp_dir(), 'x']);
    is($status, 0, 'a sender needs no output: 0') or diag $err;
}

finish();
