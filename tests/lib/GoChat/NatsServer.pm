package GoChat::NatsServer;

# NATS servers for a test, on loopback and on ports that nobody has, ended with the test's other programs:
#
#     my $nats = start_nats();                          # one server, open to all of this machine
#     my $nats = start_nats(servers => 3, users => 'password');  # three with routes; nodes by password
#     my $nats = start_nats(servers => 3, users => 'tls');       # by certificate, with the files of conf/cluster
#
#     nats_settings($nats, 2)      the lines of [cluster] that a node with node_id 2 needs for them
#     kill_nats($nats, 0)          SIGKILL; restart_nats($nats, 0) starts it again on its ports
#     freeze_program($nats->{servers}[0]{program}), thaw_program(…)
#
# nats_missing says why there are none here, or nothing: skip_all with that.
use strict;
use warnings;
use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use GoChat::Test;

our @EXPORT = qw(nats_missing start_nats nats_settings nats_urls kill_nats stop_nats restart_nats);

use constant START_TIMEOUT => 15;

my $conf = abs_path(dirname(__FILE__) . '/../../../conf/cluster');

sub nats_missing { return packaged('nats-server') ? undef : 'nats-server is neither installed nor unpacked (make deps)' }

# start_nats(servers => 1, users => none | 'password' | 'tls', cluster => 'town', nodes => [1 .. 3], more => 'lines for each
# server', hosts => addresses to listen on (127.0.0.1), in => where, as start_program has it, a list for each server).
sub start_nats {
    my (%option) = @_;
    my $count = $option{servers} // 1;
    my $nats = { users => $option{users} // 'none', cluster => $option{cluster} // 'town', nodes => $option{nodes} // [1 .. 3],
        folder => temp_dir(), more => $option{more} // '', in => $option{in} // [] };
    for my $index (0 .. $count - 1) {
        my $host = $option{hosts} ? $option{hosts}[$index] : '127.0.0.1';
        my $known = $option{in} ? 1 : 0; # elsewhere these are free
        push @{ $nats->{servers} }, { index => $index, host => $host, port => $known ? 4222 : free_port($host),
            route_port => $known ? 6222 : free_port($host) };
    }
    _make_keys($nats) if $nats->{users} eq 'tls';
    _write_config($nats, $_) for @{ $nats->{servers} };
    _launch($nats, $_) for @{ $nats->{servers} };
    _await($_) for @{ $nats->{servers} };
    return $nats;
}

sub _make_keys {
    my ($nats) = @_;
    my %hosts = map { $_->{host} => 1 } @{ $nats->{servers} };
    for my $what (['server', sort keys %hosts], ['node', @{ $nats->{nodes} }]) {
        my ($status, undef, $err) = run_program(name => 'make-keys', timeout => 30,
            command => ["$conf/make-keys", "$nats->{folder}", @$what]);
        die "make-keys: $err" if !defined $status || $status != 0;
    }
    return;
}

# Who may do what: the shipped file, for other cluster names, nodes, and ways to be known.
sub _users {
    my ($nats) = @_;
    return '' if $nats->{users} eq 'none';
    my $text = read_file("$conf/nodes.conf");
    my ($user) = $text =~ /^( *\{ user: "CN=gochat-node-1".*?\} \} \}\n)/ms or die 'nodes.conf';
    my @users = map {
        my ($id, $own) = ($_, $user);
        $own =~ s/\.1"/.$id"/g;
        $own =~ s/gochat\.town\./gochat.$nats->{cluster}./g;
        $own =~ s/"CN=gochat-node-1"/"CN=gochat-node-$id"/;
        $own =~ s/"CN=gochat-node-$id"/"node-$id", password: "word-$id"/ if $nats->{users} eq 'password';
        $own;
    } @{ $nats->{nodes} };
    $text =~ s/^( +users: \[\n).*?(^ +\]\n)/$1 . join('', @users) . $2/mse or die 'nodes.conf';
    return $text;
}

# The shipped file of such a server, with other places and ports; what is asked for without TLS has none.
sub _write_config {
    my ($nats, $server) = @_;
    my $folder = $nats->{folder};
    my $text = read_file("$conf/nats-1.conf");
    my $index = $server->{index} + 1;
    my @others = grep { $_ != $server } @{ $nats->{servers} };
    my $scheme = $nats->{users} eq 'tls' ? 'tls' : 'nats';
    my $routes = join '', map {"        \"$scheme://$_->{host}:$_->{route_port}\"\n"} @others;
    $text =~ s/"nats1"/"nats$index"/;
    $text =~ s/^listen: .*/listen: "$server->{host}:$server->{port}"/m;
    $text =~ s/^    listen: .*/    listen: "$server->{host}:$server->{route_port}"/m;
    $text =~ s/^( +routes: \[\n).*?(^ +\]\n)/$1$routes$2/ms;
    $text =~ s{/etc/nats/}{$folder/}g;
    $text =~ s/nats1\.example\.org/$server->{host}/g;
    $text =~ s/^ *tls \{.*?^ *\}\n//msg if $scheme eq 'nats';
    $text =~ s/^cluster \{.*?^\}\n//ms if !@others;
    $text =~ s/^include "nodes\.conf"$/include "nodes-$index.conf"/m;
    write_file("$folder/nodes-$index.conf", _users($nats));
    $server->{config} = write_file("$folder/nats-$index.conf", "$text\n$nats->{more}\n");
    return;
}

sub _launch {
    my ($nats, $server) = @_;
    my $in = $nats->{in}[$server->{index}];
    $server->{program} = start_program(name => 'nats-' . ($server->{index} + 1), ($in ? (in => $in) : ()),
        command => [packaged('nats-server'), '-c', $server->{config}]);
    return;
}

sub _await {
    my ($server) = @_;
    wait_log($server->{program}, qr/Server is ready/, START_TIMEOUT) or die "nothing works without a NATS server\n";
    return;
}

sub nats_urls {
    my ($nats, @indexes) = @_;
    my $scheme = $nats->{users} eq 'tls' ? 'tls' : 'nats';
    @indexes = 0 .. $#{ $nats->{servers} } if !@indexes;
    return join ', ', map {"$scheme://$_->{host}:$_->{port}"} map { $nats->{servers}[$_] } @indexes;
}

# For a node; `indexes`: of the servers that it knows, all of them without any.
sub nats_settings {
    my ($nats, $id, @indexes) = @_;
    my $folder = $nats->{folder};
    my @lines = ("name = $nats->{cluster}", 'nats = ' . nats_urls($nats, @indexes));
    if ($nats->{users} eq 'password') {
        push @lines, "nats_credentials = " . write_file("$folder/node-$id.creds", "node-$id:word-$id\n");
        chmod 0600, "$folder/node-$id.creds";
    }
    push @lines, "nats_ca = $folder/ca.pem", "nats_cert = $folder/node-$id.pem", "nats_key = $folder/node-$id.key"
        if $nats->{users} eq 'tls';
    return join("\n", @lines) . "\n";
}

sub kill_nats {
    my ($nats, $index) = @_;
    my $program = $nats->{servers}[$index]{program};
    send_signal($program, 'KILL');
    return wait_exit($program, 5);
}

sub stop_nats { my ($nats, $index) = @_; return stop_program($nats->{servers}[$index]{program}) }

sub restart_nats {
    my ($nats, $index) = @_;
    _launch($nats, $nats->{servers}[$index]);
    return _await($nats->{servers}[$index]);
}

1;
