package GoChat::Bench::Servers;

# Starts the bootnode, the floors and the servers that it is compared with: each alone on its core, on a free port of
# 127.0.0.1, with its configuration in a folder of its own.
use strict;
use warnings;
use Exporter qw(import);
use File::Basename qw(basename);
use File::Temp ();
use GoChat::Bench::Process qw(free_port read_file udp_bound write_file);

our @EXPORT_OK = qw(start_server PEERS);

use constant { START_TIMEOUT => 15, TORRENTS => 1000 };
use constant PEERS => qw(coturn knot opentracker);

# @PORT@, @FOLDER@, @OUT@, @ROOT@ and @GOCHAT@ are filled in, in the files, too. The peers are where .ci/deps left them.
my %SERVERS = (
    floor => { command => [qw(@OUT@/bench/floor --listen 127.0.0.1:@PORT@)] },
    echo => { command => [qw(@OUT@/bench/floor --echo --listen 127.0.0.1:@PORT@)] },
    bootnode => { command => [qw(@GOCHAT@ --mode bootnode --config @FOLDER@/bench.ini)], files => ['conf/bench.ini'] },
    coturn => { command => [qw(@ROOT@/tests/packaged turnserver -c @FOLDER@/turnserver.conf)],
        files => ['bench/peers/turnserver.conf'] },
    knot => { command => [qw(@ROOT@/tests/packaged knotd -c @FOLDER@/knot.conf)],
        files => ['bench/peers/knot.conf', 'bench/peers/bench.test.zone'] },
    opentracker => { command => [qw(@ROOT@/tests/packaged opentracker -f @FOLDER@/opentracker.conf)],
        files => ['bench/peers/opentracker.conf'], made => { whitelist => \&_whitelist } },
);

# start_server($setup, 'bootnode', cores => '0', keys => { workers => 2 }): a process with {port} and {address} that
# listens already. `keys` take the place of those that its configuration has, or join them.
sub start_server {
    my ($setup, $name, %option) = @_;
    my $folder = File::Temp->newdir("gochat-bench-$name-XXXXXX", TMPDIR => 1);
    chmod 0755, "$folder" or die "$folder: $!\n"; # opentracker turns into nobody before it reads its whitelist
    my $port = free_port('udp');
    my %values = (PORT => $port, FOLDER => "$folder", OUT => $setup->{out}, ROOT => $setup->{root},
        GOCHAT => $setup->{gochat});
    for my $file (@{ $SERVERS{$name}{files} // [] }) {
        my $text = _fill(read_file("$setup->{root}/$file"), \%values);
        $text = _set($text, $_, _fill($option{keys}{$_}, \%values)) for sort keys %{ $option{keys} // {} };
        write_file("$folder/" . basename($file), $text);
    }
    my $made = $SERVERS{$name}{made} // {};
    write_file("$folder/$_", $made->{$_}->()) for keys %$made;
    my $server = GoChat::Bench::Process->start(name => $name, cores => $option{cores} // $setup->{server_core},
        command => [map { _fill($_, \%values) } @{ $SERVERS{$name}{command} }], in => "$folder",
        log => "$folder/log", folder => $folder, port => $port, address => "127.0.0.1:$port");
    $server->wait_until(sub { udp_bound($port) }, START_TIMEOUT);
    return $server;
}

# The torrents that gochat-load announces (bench/load/traffic_tracker.c).
sub _whitelist {
    return join '', map { unpack('H*', pack 'Q> Q> N', _mix($_), _mix($_ + TORRENTS), $_) . "\n" } 0 .. TORRENTS - 1;
}

# SplitMix64's finalizer. Sums and products wrap around as integers only; shifts are unsigned only without.
sub _mix {
    my ($value) = @_;
    no warnings 'portable';
    { use integer; $value += 0x9e3779b97f4a7c15 }
    $value ^= $value >> 30;
    { use integer; $value *= 0xbf58476d1ce4e5b9 }
    $value ^= $value >> 27;
    { use integer; $value *= 0x94d049bb133111eb }
    return $value ^ $value >> 31;
}

sub _fill {
    my ($text, $values) = @_;
    $text =~ s/\@([A-Z]+)\@/$values->{$1}/g;
    return $text;
}

sub _set {
    my ($text, $key, $value) = @_;
    return $text if $text =~ s/^\Q$key\E = .*$/$key = $value/m;
    return "$text\n$key = $value\n";
}

1;
