package GoChat::Cluster;

# A cluster in a laboratory (GoChat::Lab): nodes, NATS servers and a crowd (GoChat::Crowd), each on a host of its own.
#
#     GoChat::Lab::enter();
#     my $cluster = start_cluster(nodes => 3, spare => 1, nats => 3, clients => ['full', 'symmetric']);
#     start_client(bootnode => $cluster->{entry}, in => client_host($cluster, 0), …)
#     kill_node($cluster, 2);
#
# Nodes have the numbers 1, 2 … of their node_id; `spare` ones have a host and are started later (start_node). What
# happens to a node's links (cut_node) is done on its host: others' beacons, NATS and STUN are lost, clients' packets are
# not.
use strict;
use warnings;
use Exporter qw(import);
use GoChat::Crowd;
use GoChat::Lab;
use GoChat::NatsServer;
use GoChat::Test;
use Test::More;

our @EXPORT = qw(cluster_missing start_cluster start_node kill_node stop_node node_serves cluster_serves cut_node mend_node
    cut_nats mend_nats set_node node_address start_cluster_crowd client_host cluster_on);

use constant { PORT => 9595, SERVE_TIMEOUT => 30, CROWD => '198.18.0.1', CROWD_NETWORK => '198.18.0.0/16' };

sub cluster_missing { return nats_missing() }

# nodes, spare, nats (servers), clients => kinds of further hosts, replicas, weights => { id => weight }, settings =>
# 'lines of [bootnode]', late_nats => 1: the servers are not started.
sub start_cluster {
    my (%option) = @_;
    my $self = { %option, nodes_at_start => $option{nodes}, folder => temp_dir(), nodes => {}, replicas => $option{replicas} // 2 };
    $self->{all} = $option{nodes} + ($option{spare} // 0);
    my $nats = $option{nats} // 3;
    my @own = ('open') x ($self->{all} + $nats + 1);
    $self->{lab} = GoChat::Lab->up(@own, @{ $option{clients} // [] });
    my @hosts = ('a' .. 'z');
    $self->{node_hosts} = [splice @hosts, 0, $self->{all}];
    $self->{nats_hosts} = [splice @hosts, 0, $nats];
    $self->{crowd_host} = shift @hosts;
    $self->{client_hosts} = \@hosts;
    $self->{nats_addresses} = [map { '203.0.113.' . (20 + $self->{all} + $_) } 1 .. $nats];
    _route_crowd($self);
    $self->{nats} = start_nats(servers => $nats, users => $option{users} // 'password', nodes => [1 .. $self->{all}],
        hosts => $self->{nats_addresses}, in => [map { $self->{lab}->host($_) } @{ $self->{nats_hosts} }]);
    start_node($self, $_) for 1 .. $option{nodes};
    cluster_serves($self);
    return $self;
}

sub node_address { my ($self, $id) = @_; return '203.0.113.' . (20 + $id) . ':' . PORT }
sub client_host { my ($self, $number) = @_; return $self->{lab}->host($self->{client_hosts}[$number]) }

sub cluster_on {
    my ($self, $host, @command) = @_;
    my ($status, undef, $err) = run_program(name => 'on-host', command => [@{ $self->{lab}->host($host) }, @command]);
    die "@command: $err" if !defined $status || $status != 0;
    return;
}

# The crowd's clients are all over the world: each /24 has few of them.
sub _route_crowd {
    my ($self) = @_;
    my $via = '203.0.113.' . (20 + $self->{all} + @{ $self->{nats_hosts} } + 1);
    cluster_on($self, $self->{crowd_host}, qw(ip route add local), CROWD_NETWORK, qw(dev lo));
    cluster_on($self, $_, qw(ip route add), CROWD_NETWORK, 'via', $via) for @{ $self->{node_hosts} };
    return;
}

# --- nodes -----------------------------------------------------------------------------------------------------------

sub _config {
    my ($self, $id) = @_;
    my $folder = "$self->{folder}/node$id";
    mkdir $folder;
    my $weight = $self->{weights}{$id} // 100;
    return write_file("$folder/bootnode.ini", join "\n", '[bootnode]', "key_file = $self->{folder}/bootnode.key",
        "listen = [::]:" . PORT, "node_id = $id", "control = $folder/control", $self->{settings} // (), '[cluster]',
        "addresses = " . node_address($self, $id), "replicas = $self->{replicas}", "weight = $weight",
        "state_file = $folder/cluster.state", nats_settings($self->{nats}, $id));
}

# start_node($cluster, $id): does not wait until it serves.
sub start_node {
    my ($self, $id) = @_;
    my $node = start_program(name => "node$id", in => $self->{lab}->host($self->{node_hosts}[$id - 1]),
        command => [gochat(), '--mode', 'bootnode', '--config', _config($self, $id)]);
    $self->{nodes}{$id} = $node;
    wait_log($node, qr/listening on/, SERVE_TIMEOUT) or die "no node $id\n";
    return $node;
}

sub node_serves {
    my ($self, $id) = @_;
    return wait_log($self->{nodes}{$id}, qr/serves as node $id\b/, SERVE_TIMEOUT);
}

# All that were started and not ended.
sub cluster_serves {
    my ($self) = @_;
    return 0 + grep { !node_serves($self, $_) } sort keys %{ $self->{nodes} };
}

sub kill_node {
    my ($self, $id) = @_;
    my $node = delete $self->{nodes}{$id};
    send_signal($node, 'KILL');
    return wait_exit($node, 5);
}

# TERM: it will be back; INT: it ends for good.
sub stop_node {
    my ($self, $id, $signal, $timeout) = @_;
    my $node = delete $self->{nodes}{$id};
    send_signal($node, $signal);
    return wait_exit($node, $timeout // 10);
}

# set_node($cluster, $id, weight): a reload.
sub set_node {
    my ($self, $id, $weight) = @_;
    $self->{weights}{$id} = $weight;
    _config($self, $id);
    send_signal($self->{nodes}{$id}, 'HUP');
    return;
}

# --- links -----------------------------------------------------------------------------------------------------------

sub _cut {
    my ($self, $host, @addresses) = @_;
    my $set = '{ ' . join(', ', @addresses) . ' }';
    cluster_on($self, $host, 'nft', "add table ip cut; add chain ip cut in { type filter hook input priority 0; };"
            . " add chain ip cut out { type filter hook output priority 0; };"
            . " add rule ip cut in ip saddr $set drop; add rule ip cut out ip daddr $set drop");
    return;
}

sub _mend { my ($self, $host) = @_; return cluster_on($self, $host, qw(nft delete table ip cut)) }

# From all other nodes and NATS, but not from clients.
sub cut_node {
    my ($self, $id) = @_;
    my @others = map { '203.0.113.' . (20 + $_) } grep { $_ != $id } 1 .. $self->{all};
    return _cut($self, $self->{node_hosts}[$id - 1], @others, @{ $self->{nats_addresses} });
}

sub mend_node { my ($self, $id) = @_; return _mend($self, $self->{node_hosts}[$id - 1]) }

# Nodes from NATS: packets vanish, no connection is closed.
sub cut_nats {
    my ($self, @ids) = @_;
    _cut($self, $self->{node_hosts}[$_ - 1], @{ $self->{nats_addresses} }) for @ids ? @ids : 1 .. $self->{all};
    return;
}

sub mend_nats {
    my ($self, @ids) = @_;
    _mend($self, $self->{node_hosts}[$_ - 1]) for @ids ? @ids : 1 .. $self->{all};
    return;
}

# --- the crowd -------------------------------------------------------------------------------------------------------

# entry => BOOTNODE as tests/tools/people has it; a name that leads to all nodes that there are at first.
sub start_cluster_crowd {
    my ($self, %option) = @_;
    my $entry = $option{entry} // 'entry.example:9595=' . join ',', map { node_address($self, $_) } 1 .. $self->{nodes_at_start};
    return start_crowd(from => CROWD . '/4096', in => $self->{lab}->host($self->{crowd_host}), %option,
        bootnodes => [$entry]);
}

1;
