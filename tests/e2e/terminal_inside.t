#!/usr/bin/perl
# The client within tmux and screen: a note reaches the terminal outside where they pass it on, and the bell rings, for
# nobody can tell whether they did.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Terminal;
use GoChat::Test;
use Test::More;

my $bootnode = start_bootnode();
my $folder = temp_dir();
my $socket = "gochat-test-$$";
my $rooms = 0;
my @screen = packaged('screen');
my $screen_runs = 0;
$ENV{TMUX_TMPDIR} = $ENV{SCREENDIR} = "$folder"; # their sockets

# Their servers outlive what started them.
END {
    local $?;
    system "tmux -L $socket-$_ kill-server 2>/dev/null" for qw(on off);
    system { $screen[0] } @screen, '-S', $socket, '-X', 'quit' if $screen_runs;
}

# What runs within.
sub client_script {
    my ($room) = @_;
    return write_file("$folder/client-$room", join ' ', 'exec', gochat(), '--mode client --bootnode',
        $bootnode->{address}, "--room $room --nick alice --data-dir $folder/alice-$room --config $folder/client.ini\n");
}

write_file("$folder/client.ini", "[client]\nnotify = on\ntitle = on\n");

# Alice within what the command starts; bob says her name.
sub alice_is_called {
    my (%option) = @_;
    my $room = 'inside' . ++$rooms;
    my $script = client_script($room);
    my $alice = start_terminal(name => 'alice', command => [$option{command}->($script)]);
    my $bob = start_client(name => 'bob', bootnode => $bootnode, room => $room);
    ok(wait_screen($alice, qr/bob#\w+ is here/, 15), "$option{what}: bob and alice are connected") or return $alice;
    settle($alice);
    forget($alice);
    send_line($bob, 'alice: are you there?');
    wait_screen($alice, qr/are you there/, 10);
    ok(wait_state($alice, sub { $_[0]{bells} == 1 }, 5, 'rings'), "$option{what}: the bell rings, once");
    return $alice;
}

my $note = qr/^OSC 9;bob#\w+ in inside\d+: alice: are you there\?$/m;
for my $passes (qw(on off)) {
    my $config = write_file("$folder/tmux.conf", "set -g status off\nset -g default-terminal tmux-256color\n"
            . "set -g allow-passthrough $passes\nset -g set-titles on\nset -g set-titles-string '#T'\n");
    my $what = "tmux, allow-passthrough $passes";
    my $alice = alice_is_called(what => $what,
        command => sub { return ('tmux', '-L', "$socket-$passes", '-u', '-f', $config, 'new-session', "sh $_[0]") });
    if ($passes eq 'on') {
        ok(wait_state($alice, sub { $_[0]{commands} =~ $note }, 5, 'has a note'), "$what: the note is passed on");
    } else {
        settle($alice);
        unlike(screen_state($alice)->{commands}, $note, "$what: no note");
    }
    ok(wait_state($alice, sub { $_[0]{title} =~ /inside\d/ }, 5, 'has a title'), "$what: the title is passed on");
    unlike(screen_text($alice), qr/tmux;|\]9;/, "$what: nothing of it is text");
    run_program(command => ['tmux', '-L', "$socket-$passes", 'kill-server']);
    wait_end($alice, 10);
}

SKIP: {
    skip 'screen is not installed', 4 unless @screen;
    my $config = write_file("$folder/screenrc", "vbell off\nstartup_message off\n");
    $screen_runs = 1;
    my $alice = alice_is_called(what => 'screen',
        command => sub { return (@screen, '-U', '-c', $config, '-S', $socket, 'sh', $_[0]) });
    ok(wait_state($alice, sub { $_[0]{commands} =~ $note }, 5, 'has a note'), 'screen: the note is passed on');
    unlike(screen_text($alice), qr/\]9;/, 'screen: nothing of it is text');
    run_program(command => [@screen, '-S', $socket, '-X', 'quit']);
    $screen_runs = 0;
    wait_end($alice, 10);
}

finish();
