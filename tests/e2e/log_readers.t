#!/usr/bin/perl
# Whoever reads the log does not hold the bootnode up: one who stops, goes away, has no room, is slow, or presses Ctrl-S.
# It serves meanwhile, loses no beat, and ends within a second. Who reads again is told how much is missing.
use strict;
use warnings;
use Fcntl qw(F_GETFL F_SETFL O_NOCTTY O_NONBLOCK O_RDONLY O_RDWR);
use File::Basename qw(dirname);
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use HTTP::Tiny;
use POSIX qw(mkfifo);
use Test::More;

use constant { SESSIONS => 200, SECONDS => 2, CALLS => 40, START => 10, ENDS => 1, ENDS_LATE => 4, PIPE_SIZE => 16_384 };
use constant { F_SETPIPE_SZ => 1031, TIOCSPTLCK => 0x40045431, TIOCGPTN => 0x80045430, XOFF => "\x13" };

my $folder = temp_dir();

# A pipe with a name, of a few pages (one that has a single one is full with a single line, for poll); and our end of it.
sub make_pipe {
    my ($name, $how) = @_;
    my $path = "$folder/$name";
    mkfifo($path, 0600) or die "$path: $!";
    sysopen my $end, $path, $how | O_NONBLOCK or die "$path: $!";
    fcntl $end, F_SETPIPE_SZ, PIPE_SIZE or die "$path: $!";
    return ($path, $end);
}

# A terminal whose user has stopped its output.
sub stopped_terminal {
    sysopen my $master, '/dev/ptmx', O_RDWR | O_NOCTTY or die "ptmx: $!";
    my ($unlocked, $number) = (pack('i', 0), pack 'i', 0);
    ioctl $master, TIOCSPTLCK, $unlocked or die "ptmx: $!";
    ioctl $master, TIOCGPTN, $number or die "ptmx: $!";
    my $path = '/dev/pts/' . unpack('i', $number);
    sysopen my $slave, $path, O_RDWR | O_NOCTTY or die "$path: $!";
    syswrite $master, XOFF;
    return ($path, [$master, $slave]);
}

my %reader;
@{ $reader{stopped} }{qw(path end)} = make_pipe('stopped', O_RDWR);
@{ $reader{gone} }{qw(path end)} = make_pipe('gone', O_RDONLY);
@{ $reader{slow} }{qw(path end)} = make_pipe('slow', O_RDWR);
@{ $reader{terminal} }{qw(path end)} = stopped_terminal();
$reader{full}{path} = '/dev/full';

sub start_node {
    my ($name, $reader) = @_;
    @$reader{qw(address page)} = ('127.0.0.1:' . free_port(), '127.0.0.1:' . free_port());
    my $config = write_file("$folder/$name.ini", join "\n", '[bootnode]', "key_file = $folder/$name.key", 'workers = 1',
        'log_level = debug', 'drain = 0s', 'limit_loopback = no', 'sessions_per_source = 0', "metrics = $reader->{page}", '');
    return start_program(name => $name, command => ['sh', '-c', 'exec "$@" 2>"$0"', $reader->{path},
        gochat(), '--mode', 'bootnode', '--listen', $reader->{address}, '--config', $config]);
}

sub is_up { my ($reader) = @_; return HTTP::Tiny->new(timeout => 1)->get("http://$reader->{page}/health")->{success} }

for my $name (sort keys %reader) {
    $reader{$name}{node} = start_node($name, $reader{$name});
    ok(wait_until(sub { is_up($reader{$name}) }, START), "$name: serves");
}
close $reader{gone}{end};
my $sips = start_program(name => 'sips', command => [$^X, '-e',
    'open my $in, "<", shift or die; select(undef, undef, undef, 0.05) while sysread $in, my $sip, 100',
    $reader{slow}{path}]);

# Each call has it say a line for every counter: far more than a pipe or the queue holds.
for my $name (sort keys %reader) {
    my $reader = $reader{$name};
    $reader->{load} = start_program(name => "load-$name", json => 1, command => [dirname(gochat()) . '/gochat-load',
        '--bootnode', $reader->{address}, '--sessions', SESSIONS, '--duration', SECONDS, '--churn', 5,
        '--answers', 'every', '--json', '-', '--progress', 0]);
}
for my $call (1 .. CALLS) {
    send_signal($reader{$_}{node}, 'USR2') for sort keys %reader;
    watch_until(now() + 0.02);
}
for my $name (sort keys %reader) {
    my ($node, $load) = @{ $reader{$name} }{qw(node load)};
    my $row = wait_event($load, { name => 'beats' }, 20) // { lost => 'unknown', answered => 0, disagreements => ['no row'] };
    is($row->{lost}, 0, "$name: no beat is lost");
    cmp_ok($row->{answered}, '>', 0, "$name: of $row->{answered}");
    is_deeply($row->{disagreements}, [], "$name: and nothing else is wrong");
    is(wait_exit($load, 10), 0, "$name: so it was served");
    is($node->{status}, undef, "$name: and it runs");
}

my ($lost) = HTTP::Tiny->new(timeout => slow(5))->get("http://$reader{stopped}{page}/metrics")->{content}
    =~ /^gochat_log_lost_total (\d+)$/m;
cmp_ok($lost // 0, '>', 0, 'the metrics say what is lost, too');

# --- who comes back ----------------------------------------------------------------------------------------------------

my $said = '';
my $read_on = sub {
    while (sysread $reader{stopped}{end}, my $bytes, 65_536) { $said .= $bytes }
    return $said;
};
ok(wait_until(sub { $read_on->() =~ /warning: log: [1-9]\d* lines were lost here/ }, 10), 'who reads again is told what is missing')
    or diag length($said), " bytes: ", substr $said, -500;
like($said, qr/^\S+Z info: bootnode: listening on .*, key [0-9a-f]{64}, version \d/m, 'and has what came before it');

# --- the end -----------------------------------------------------------------------------------------------------------

# Half a second of it is spent on who does not read, so that a busy machine may have one or two end late.
my @took;
for my $name (sort keys %reader) {
    my $node = $reader{$name}{node};
    my $began = now();
    send_signal($node, 'TERM');
    is(wait_exit($node, 5), 0, "$name: ends at SIGTERM");
    my $took = now() - $began;
    cmp_ok($took, '<=', slow(ENDS_LATE), sprintf '%s: after %.2f s', $name, $took);
    push @took, $took;
}
cmp_ok((sort { $b <=> $a } @took)[2], '<=', slow(ENDS), 'within a second, but two of them at most') or diag("@took");
like($read_on->(), qr/^\S+Z info: bootnode: stopped\n\z/m, 'and who reads sees the last line');
send_signal($sips, 'TERM');
finish();
