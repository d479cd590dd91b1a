#!/usr/bin/perl
# What operators put around a bootnode, in a real Prometheus: it scrapes three bootnodes, takes conf/alerts.yml, and its
# rules fire where they should: one bootnode is full, and then its members fall silent at once; the second one loses
# datagrams of sessions, and is gone in the end; the third is a node of a cluster, without NATS. It evaluates the
# dashboard, too.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Basename qw(dirname);
use GoChat::Test;
use HTTP::Tiny;
use IO::Socket::IP;
use JSON::PP;
use List::Util qw(first);
use Socket qw(SOCK_DGRAM);
use Test::More;

use constant { SESSIONS => 64, FLOOD => 4_000, BUFFER => 65_536, EXPIRY => 15, START => 30, SOON => 10 };

my @prometheus = packaged('prometheus');
my @promtool = packaged('promtool');
plan skip_all => 'no Prometheus' if !@prometheus || !@promtool;

my $conf = "$FindBin::Bin/../../conf";
my $http = HTTP::Tiny->new(timeout => slow(SOON));

# --- as promtool sees it ---------------------------------------------------------------------------------------------

sub promtool_takes {
    my ($what, @arguments) = @_;
    my ($status, $out, $err) = run_program(name => 'promtool', command => [@promtool, @arguments], timeout => START);
    is($status, 0, "promtool: $what") or diag($out, $err);
    return;
}

promtool_takes('the configuration', 'check', 'config', "$conf/prometheus.yml");
promtool_takes('the rules', 'check', 'rules', "$conf/alerts.yml");
promtool_takes('each rule fires after its own time, and not before', 'test', 'rules', "$FindBin::Bin/alerts.yml");

my @rules = read_file("$conf/alerts.yml") =~ /^\s+- alert: (\w+)$/mg;
my $tested = read_file("$FindBin::Bin/alerts.yml");
is(join(' ', grep { $tested !~ /^      - expr: ALERTS\{alertname="$_",alertstate="firing"\}$/m } @rules), '', 'and each rule is tested');

# --- three bootnodes, and Prometheus ---------------------------------------------------------------------------------

sub start_node {
    my ($name, @settings) = @_;
    my $node = start_bootnode(name => $name, config => join "\n", 'workers = 1', 'metrics = 127.0.0.1:0', @settings);
    my $line = wait_log($node, qr{metrics on http://\S+/metrics}, SOON) or die "no metrics\n";
    ($node->{page}) = $line->{text} =~ m{http://(\S+)/metrics};
    return $node;
}

# As in conf/, but for the addresses, once a second, and with rules that wait for a second.
sub write_configuration {
    my ($folder, @pages) = @_;
    my $configuration = read_file("$conf/prometheus.yml");
    my $targets = join ', ', map {"'$_'"} @pages;
    $configuration =~ s/_interval: 15s$/_interval: 1s/mg == 2 or die "no intervals\n";
    $configuration =~ s/targets: \['127.0.0.1:9596'\]/targets: [$targets]/ == 1 or die "no targets\n";
    my $rules = read_file("$conf/alerts.yml");
    $rules =~ s/^( +for:) \d+\w$/$1 1s/mg or die "no rule waits\n";
    write_file("$folder/alerts.yml", $rules);
    return write_file("$folder/prometheus.yml", $configuration);
}

my $full = start_node('full', 'sessions = ' . SESSIONS);
my $flooded = start_node('flooded', 'receive_buffer = ' . BUFFER);
# A node of a cluster that nobody has: it waits for NATS.
my $clustered = start_node('clustered', 'node_id = 1', '[cluster]', 'name = town', 'addresses = 127.0.0.1:9595',
    'nats = nats://127.0.0.1:' . free_port(), 'state_file = ' . temp_dir() . '/state');
my $folder = temp_dir();
my $address = '127.0.0.1:' . free_port();
my $prometheus = start_program(name => 'prometheus', command => [@prometheus,
    '--config.file=' . write_configuration($folder, map { $_->{page} } $full, $flooded, $clustered), "--storage.tsdb.path=$folder/data",
    "--web.listen-address=$address", '--log.level=warn']);

# The data of an answer; undef and the error where it is one.
sub api {
    my ($path, %form) = @_;
    my $answer = %form ? $http->post_form("http://$address/api/v1/$path", \%form) : $http->get("http://$address/api/v1/$path");
    my $told = eval { decode_json($answer->{content}) } // {};
    return ($told->{status} // '') eq 'success' ? $told->{data} : wantarray ? (undef, $told->{error} // $answer->{content}) : undef;
}

# Whether it becomes true in time; asked again and again.
sub comes {
    my ($condition, $timeout) = @_;
    my $deadline = now() + slow($timeout);
    until ($condition->()) {
        return 0 if now() >= $deadline || defined $prometheus->{status};
        watch_until(now() + 0.1);
    }
    return 1;
}

sub scraped {
    my $targets = (api('targets') // {})->{activeTargets} // [];
    return @$targets == 3 && !grep { $_->{health} ne 'up' } @$targets;
}

# The state of a rule for a bootnode: 'firing', 'pending' or ''.
sub state_of {
    my ($rule, $node) = @_;
    my $alerts = (api('alerts') // {})->{alerts} // [];
    my $alert = first { $_->{labels}{alertname} eq $rule && $_->{labels}{instance} eq $node->{page} } @$alerts;
    return $alert ? $alert->{state} : '';
}

sub fires {
    my ($rule, $node, $timeout) = @_;
    my $fired = comes(sub { state_of($rule, $node) eq 'firing' }, $timeout);
    ok($fired, "$rule fires") or diag(encode_json(api('alerts') // {}));
    return;
}

ok(comes(\&scraped, START), 'it scrapes all bootnodes') or die "nothing works without it\n";
is_deeply([grep { $_->{labels}{instance} ne $clustered->{page} } @{ (api('alerts') // {})->{alerts} // [] }], [],
    'no rule fires without a reason');

# --- the rules -------------------------------------------------------------------------------------------------------

my $load = start_program(name => 'load', command => [dirname(gochat()) . '/gochat-load', '--bootnode', $full->{address},
    '--sessions', SESSIONS, '--idle', '--duration', 600]);
fires('GochatFull', $full, START);
fires('GochatNearlyFull', $full, SOON);

# HEARTBEATs of sessions that are not, while nobody takes them.
sub overflow {
    my $socket = IO::Socket::IP->new(PeerAddr => $flooded->{address}, Type => SOCK_DGRAM) // die "socket: $@";
    freeze_program($flooded);
    send $socket, pack('C x3 N n C2 x28', 0x84, $_, 0, 0, 0), 0 for 1 .. FLOOD;
    thaw_program($flooded);
    return;
}

send_signal($load, 'KILL');
overflow();
fires('GochatOverloaded', $flooded, SOON);
is(state_of('GochatOverloaded', $full), '', 'of the one that is, and no other');

# --- the dashboard, meanwhile ----------------------------------------------------------------------------------------

sub metric_names {
    my ($page) = @_;
    return map { $_ => 1 } $http->get("http://$page/metrics")->{content} =~ /^([a-z_0-9]+)[{ ]/mg;
}

# What Grafana puts in for its variables.
sub expression {
    my ($text) = @_;
    my %variable = (instance => '.*', __rate_interval => '1m', __interval => '1m');
    $text =~ s/\$(\w+)/$variable{$1} \/\/ die "unknown variable \$$1\n"/ge;
    return $text;
}

my $dashboard = decode_json(read_file("$conf/grafana.json"));
my @panels = @{ $dashboard->{panels} };
my %known = map { metric_names($_->{page}) } $full, $clustered;
my @notes = grep { $_->{expr} } @{ $dashboard->{annotations}{list} };
my @expressions = map { [$_->{name}, expression($_->{expr})] } @notes;
for my $panel (@panels) {
    push @expressions, map { [$panel->{title}, expression($_->{expr})] } @{ $panel->{targets} // [] };
}
cmp_ok(scalar @expressions, '>', 20, 'the dashboard asks for much');
my (@wrong, @unknown, @empty);
for my $asked (@expressions) {
    my ($title, $expression) = @$asked;
    my ($data, $error) = api('query', query => $expression);
    push @wrong, "$title: $expression: $error" if !$data;
    push @unknown, map {"$title: $_"} grep { !$known{$_} } $expression =~ /\b((?:gochat|process)_[a-z_]+)\b/g;
    push @empty, $title if $data && !@{ $data->{result} } && $title ne 'Starts';
}
is("@wrong", '', 'Prometheus understands each question of the dashboard');
is("@unknown", '', 'each metric in it is on the page');
is("@empty", '', 'and has an answer');
my @asked_by_rules = read_file("$conf/alerts.yml") =~ /\b(gochat_[a-z_]+|process_[a-z_]+)\b(?!\.yml)/g;
is(join(' ', grep { !$known{$_} } @asked_by_rules), '', 'so is each metric that a rule asks for');

fires('GochatClusterOut', $clustered, SOON);
fires('GochatClusterNatsAway', $clustered, SOON);

# --- who is gone -----------------------------------------------------------------------------------------------------

fires('GochatExpiryStorm', $full, EXPIRY + SOON);
ok(comes(sub { state_of('GochatFull', $full) eq '' }, SOON), 'GochatFull ends where there is place again');
send_signal($flooded, 'KILL');
fires('GochatDown', $flooded, SOON);
is(state_of('GochatDown', $full), '', 'and the other one is there');

finish();
