#!/usr/bin/perl
# A running bootnode on the machine's bad days: no descriptors, no memory, no random numbers, clocks that jump. The log
# names what is short, and those who are there are served. (Full disks: log_readers.t, key files: bad_days.t.)
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Basename qw(dirname);
use GoChat::Test;
use HTTP::Tiny;
use POSIX ();
use Test::More;

plan skip_all => 'a preload would come before the sanitizers, which want memory without end' if $ENV{SAN};

my $load = dirname(gochat()) . '/gochat-load';

sub set_limit {
    my ($program, $limit) = @_;
    return system('prlimit', '--pid', $program->{pid}, $limit) == 0 || die "prlimit failed\n";
}

sub status_field {
    my ($program, $field) = @_;
    return read_file("/proc/$program->{pid}/status") =~ /^$field:\s*(\d+)/m ? $1 : die "no $field\n";
}

# Processor time, in seconds.
sub processor {
    my ($program) = @_;
    my @fields = split ' ', read_file("/proc/$program->{pid}/stat") =~ s/^.*\) //sr;
    return ($fields[11] + $fields[12]) / POSIX::sysconf(POSIX::_SC_CLK_TCK());
}

# A load that stays, of which one knows what it lost when it ends.
sub start_load {
    my ($node, @arguments) = @_;
    return start_program(name => 'load', json => 1, command => [$load, '--bootnode', $node->{address}, '--json', '-',
        '--answers', 'every', @arguments]);
}

sub lost_nothing {
    my ($program, $what) = @_;
    my $result = wait_event($program, {}, 30) // return;
    is(wait_exit($program, 5), 0, "$what: the load agrees");
    return is($result->{lost}, 0, "and lost nothing of $result->{sent}");
}

sub metric {
    my ($port, $name) = @_;
    my $answer = HTTP::Tiny->new(timeout => 5)->get("http://127.0.0.1:$port/metrics");
    return $answer->{success} && $answer->{content} =~ /^\Q$name\E (\S+)$/m ? $1 : undef;
}

# --- No random numbers -------------------------------------------------------------------------------------------------

{
    my @in = ('env', 'LD_PRELOAD=' . test_tool('entropy.so'));
    my $late = start_bootnode(name => 'late', in => [@in, 'ENTROPY=late']);
    like(log_text($late), qr/warning: bootnode: waits for the kernel's random numbers/, 'a start that waits says for what');
    is(stop_program($late), 0, 'and goes on');
    my $none = start_program(name => 'none', in => [@in, 'ENTROPY=none'], command => [gochat(), '--mode', 'bootnode',
        '--listen', '127.0.0.1:0']);
    is(wait_exit($none, 10), 1, 'none at all');
    like(log_text($none), qr{error: bootnode: no random numbers: getrandom: .*, and no /dev/urandom}, 'is said');
}

# --- Clocks ------------------------------------------------------------------------------------------------------------

{
    my $folder = temp_dir();
    my $file = write_file("$folder/clock", pack 'q', 0);
    my $node = start_bootnode(name => 'clocks', config => 'limit_loopback = no',
        in => ['env', 'LD_PRELOAD=' . test_tool('wall_clock.so'), "WALL_CLOCK_FILE=$file"]);
    my $program = start_load($node, '--sessions', 200, '--rate', 400, '--duration', 4);
    for my $step ([3600, 'forward by 3600.'], [-86400, 'back by 90000.']) {
        open my $out, '+<', $file or die "$file: $!";
        syswrite $out, pack('q', $step->[0]) or die "$file: $!";
        close $out or die "$file: $!";
        wait_log($node, qr/warning: bootnode: the clock was set \Q$step->[1]\E\d s/, 5);
    }
    lost_nothing($program, 'while the clock jumped');
    is(stop_program($node), 0, 'the bootnode ends well');
}

# --- Descriptors -------------------------------------------------------------------------------------------------------

{
    my $port = free_port();
    my $node = start_bootnode(name => 'descriptors', config => "metrics = 127.0.0.1:$port\nlimit_loopback = no");
    my $program = start_load($node, '--sessions', 200, '--rate', 400, '--duration', 6);
    wait_until(sub { (metric($port, 'gochat_sessions') // 0) == 200 }, 10);
    my ($most) = read_file("/proc/$node->{pid}/limits") =~ /^Max open files\s+(\d+)/m;
    set_limit($node, '--nofile=8:');
    my $before = processor($node);
    my $begun = now();
    is(metric($port, 'gochat_sessions'), undef, 'no descriptor for who asks for metrics');
    send_signal($node, 'HUP');
    wait_log($node, qr/error: bootnode: reload: .*bootnode\.ini: Too many open files/, 5);
    wait_until(sub { now() - $begun > 1.5 }, 5);
    cmp_ok(processor($node) - $before, '<', 0.5 * (now() - $begun), 'nobody turns in circles for it');
    set_limit($node, "--nofile=$most:");
    ok(wait_until(sub { defined metric($port, 'gochat_sessions') }, 10), 'it answers again when there are some');
    lost_nothing($program, 'without descriptors');
    is(stop_program($node), 0, 'the bootnode ends well');
}

# --- Memory ------------------------------------------------------------------------------------------------------------

{
    my $port = free_port();
    my $node = start_bootnode(name => 'memory', config => "metrics = 127.0.0.1:$port\nlimit_loopback = no\n"
            . "sessions_per_source = 0\nrate_hello = 0\nrate_register = 0");
    my $program = start_load($node, '--sessions', 200, '--rate', 400, '--duration', 8);
    wait_until(sub { (metric($port, 'gochat_sessions') // 0) == 200 }, 10);
    set_limit($node, '--as=' . (status_field($node, 'VmSize') + 1024) * 1024 . ':');
    my $crowd = start_load($node, '--sessions', 50_000, '--duration', 1);
    wait_log($node, qr/warning: .*memory/, 20);
    send_signal($crowd, 'KILL');
    lost_nothing($program, 'without memory');
    set_limit($node, '--as=unlimited:');
    my $again = start_load($node, '--sessions', 2000, '--duration', 1);
    is(wait_exit($again, 40), 0, 'newcomers are let in again when there is some');
    ok(!defined $node->{status}, 'and it lives');
    is(stop_program($node), 0, 'to a good end');
}
finish();
