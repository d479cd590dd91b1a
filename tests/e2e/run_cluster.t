#!/usr/bin/perl
# `make run-cluster` (conf/cluster/run): three servers and three nodes with certificates of their own serve, and nothing stays.
use strict;
use warnings;
use Cwd qw(abs_path);
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::NatsServer;
use GoChat::Test;
use Test::More;

plan skip_all => nats_missing() if nats_missing();

my $root = abs_path("$FindBin::Bin/../..");
my $folder = temp_dir();
my @environment = ('GOCHAT=' . gochat(), "PACKAGED=$root/tests/packaged", "TMPDIR=$folder");

sub start_cluster { my (@more) = @_; return start_program(name => 'cluster', command => ['env', @environment, @more, "$root/conf/cluster/run"]) }

# The files of the command lines of processes that work in the folder.
sub processes { return grep { (eval { read_file($_) } // '') =~ /\Q$folder\E/ } glob '/proc/[0-9]*/cmdline' }

sub is_quiet {
    my ($what) = @_;
    ok(wait_until(sub { !processes() && !glob "$folder/*" }, 15), "$what: nothing stays") or diag(processes(), glob "$folder/*");
    return;
}

my $cluster = start_cluster('ONCE=1');
is(wait_exit($cluster, 60), 0, 'three nodes serve') or diag log_text($cluster);
my @said = map { $_->{text} } @{ $cluster->{lines} };
is(scalar(grep {/^(?:nats|node)-[123]  process \d+, port \d+$/} @said), 6, 'each of six processes is named') or diag join "\n", @said;
is_quiet('at its end');

for my $signal (qw(INT TERM)) {
    $cluster = start_cluster();
    ok(wait_line($cluster, qr/^node-3  process/, 60), 'a cluster runs') or diag log_text($cluster);
    my ($port) = map { $_->{text} =~ /^node-2 .* port (\d+)/ ? $1 : () } @{ $cluster->{lines} };
    if ($signal eq 'INT') {
        my %room = (bootnode => "127.0.0.1:$port", room => 'lobby');
        my ($ada, $bob) = map { start_client(name => $_, %room) } qw(ada bob);
        wait_event($_, { event => 'peer-connected' }, 20) for $ada, $bob;
        send_line($ada, 'Hello.');
        ok(wait_event($bob, { event => 'message', text => 'Hello.' }, 10), 'and two people chat on it');
        stop_program($ada, $bob);
    }
    send_signal($cluster, $signal);
    ok(defined wait_exit($cluster, 20), "SIG$signal ends it");
    is_quiet("SIG$signal");
}

finish();
