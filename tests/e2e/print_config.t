#!/usr/bin/perl
# The settings that hold, printed: as a file that gives the same, with the place where each was given. And what is said of
# files with which a bootnode does start.
use strict;
use warnings;
use File::Path qw(make_path);
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use Test::More;

my $folder = temp_dir();
make_path("$folder/more.d", "$folder/elsewhere");

# What gochat in bootnode mode answers: (status, standard output, standard error).
sub bootnode_says {
    my (@arguments) = @_;
    return run_program(name => 'config', command => [gochat(), '--mode', 'bootnode', @arguments]);
}

# --- printed -----------------------------------------------------------------------------------------------------------

my $main = write_file("$folder/main.ini", <<'END');
[bootnode]
listen = 127.0.0.1, 127.0.0.2:9596
listen = [::1]:9595
key_file = keys/bootnode.key # beside this file
restart_ms = 1500
relay_rate = 512 kbit/s
metrics_host = "a.example.org"
include = more.d/*.conf
END
write_file("$folder/more.d/a.conf", "\nsessions = 5000\n");
my ($status, $printed, $err) = bootnode_says('--config', $main, '--print-config');
is($status, 0, 'printed') or diag $err;
is($err, '', 'without a complaint');
for my $line (
    "listen = 127.0.0.1:9595  # $main:2",
    "listen = 127.0.0.2:9596  # $main:2",
    "listen = [::1]:9595  # $main:3",
    "key_file = $folder/keys/bootnode.key  # $main:4",
    "restart_ms = 1500ms  # $main:5",
    "relay_rate = 64kB/s  # $main:6",
    "metrics_host = a.example.org  # $main:7",
    "sessions = 5000  # $folder/more.d/a.conf:2",
    'relay_total_rate = 100Mbit/s  # default',
    'sessions_per_source = 512  # default',
    ';stun_alternate =  # default')
{
    like($printed, qr/^\Q$line\E$/m, $line);
}

my %known = map { $_ => 1 } read_file("$FindBin::Bin/../../conf/bootnode.ini") =~ /^;?(\w+) = /mg;
my %shown = map { $_ => 1 } $printed =~ /^;?(\w+) =/mg;
is_deeply([sort keys %shown], [sort keys %known], 'every key, and no other');

sub values_of { my ($text) = @_; return join "\n", map {s/  # .*//r} split /\n/, $text }
my $again = write_file("$folder/elsewhere/again.ini", $printed);
($status, my $second, $err) = bootnode_says('--config', $again, '--print-config');
is($status, 0, 'what was printed is read') or diag $err;
is(values_of($second), values_of($printed), 'and gives the same');
like($second, qr/^sessions = 5000  # \Q$again\E:\d+$/m, 'from its own file');

(undef, $printed) = bootnode_says('--config', $main, '--listen', '127.0.0.9:77', '--print-config');
like($printed, qr/^listen = 127\.0\.0\.9:77  # command line \(--listen\)$/m, 'the command line');
is(scalar(() = $printed =~ /^listen/mg), 1, 'in the place of the file');
($status, $printed) = bootnode_says('--print-config');
is($status, 0, 'without a file');
is_deeply([grep { /^\w/ && !/  # default$/ } split /\n/, $printed], [], 'all are defaults');

write_file("$folder/bad.ini", "[bootnode]\nworkers = many\n");
($status, $printed, $err) = bootnode_says('--config', "$folder/bad.ini", '--print-config');
is($status, 2, 'what is wrong is not printed');
is($printed, '', 'at all');
like($err, qr/bad\.ini:2: workers = many: /, 'but told');

# --- checked -----------------------------------------------------------------------------------------------------------

# A file that a bootnode runs with is looked at without disturbing it.
my $bootnode = start_bootnode(name => 'running', config => 'metrics = 127.0.0.1:0');
my ($port) = $bootnode->{address} =~ /:(\d+)$/;
my $same = write_file("$folder/same.ini", "[bootnode]\nlisten = $bootnode->{address}\nkey_file = new.key\nmetrics = 127.0.0.1:$port\n");
($status, my $out, $err) = bootnode_says('--config', $same, '--check-config');
is($status, 0, 'a port that a bootnode has') or diag $err;
is($out, "$same: ok\n", 'is no fault');
ok(!-e "$folder/new.key", 'and no key was made');

my %good = (
    'both families and an address of each' => 'listen = [::], 0.0.0.0, 127.0.0.1, [::1]',
    'corners that are listened on' => "listen = 127.0.0.1, 127.0.0.2:9596\nstun_alternate = 127.0.0.2:9596",
    'corners beside what is listened on' => "listen = 127.0.0.1, 127.0.0.1:9597\nstun_alternate = 127.0.0.2:9596",
    'ports of the kernel' => 'listen = 127.0.0.1:0, 127.0.0.1:0',
    'a folder that will be made' => 'key_file = a/b/c/bootnode.key',
    'limits at each other' => "sessions = 200\nroom_members = 200\nsessions_per_source = 200",
    'no limits' => "relay_rate = 100MB/s\nrelay_source_rate = 0\nrelay_total_rate = 0\nsessions_per_source = 0",
    'less than the defaults of others' => "sessions = 10\nrelay_source_rate = 1kB/s",
);
for my $name (sort keys %good) {
    my $file = write_file("$folder/good.ini", "[bootnode]\nkey_file = new.key\n$good{$name}\n" =~ s/key_file = new\.key\n(?=.*key_file)//sr);
    ($status, $out, $err) = bootnode_says('--config', $file, '--check-config');
    is($status, 0, "$name: no fault") or diag $err;
}
ok(!-e "$folder/a", 'no folder was made');

finish();
