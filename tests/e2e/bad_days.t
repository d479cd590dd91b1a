#!/usr/bin/perl
# The machine's bad days: an allocation, a write or a descriptor that fails, one in each run, whichever it is. A program
# then says what failed and ends with a status that says so, or goes on and does its work all the same; without memory it
# may abort, too. It dies of no other signal, does not hang, leaves no half of a file, and claims no success that it had
# not.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Errno qw(EMFILE ENOMEM ENOSPC);
use GoChat::Test;
use Test::More;

plan skip_all => 'the sanitizers have an allocator of their own' if $ENV{SAN};

use constant { ABORTED => 128 + 6, PATIENCE => 20 };

my %error_of = (memory => ENOMEM, disk => ENOSPC, short => 0, descriptors => EMFILE);
my $bootnode = start_bootnode(config => 'limit_loopback = no');
my $bob = start_client(name => 'bob', bootnode => $bootnode, room => 'home');
wait_event($bob, { event => 'registered' }, 5);
my $runs = 0;

# The words in front of a program of which call number $at of that kind is to fail.
sub bad_day {
    my ($folder, $kind, $at) = @_;
    return ['env', 'LD_PRELOAD=' . test_tool('fail_calls.so'), "FAIL_CALLS=$kind", "FAIL_AT=$at",
        "FAIL_ERRNO=$error_of{$kind}", "FAIL_COUNT=$folder/count"];
}

sub content { my ($file) = @_; return -e $file ? read_file($file) : '' }

# --- what is wrong with how a run ended: '' or a complaint ------------------------------------------------------------

sub wrong_status {
    my ($run) = @_;
    my $status = $run->{status} // return 'it hangs';
    return '' if $status == ABORTED && $run->{kind} eq 'memory';
    return "it died of signal " . ($status - 128) if $status > 128;
    return '' if $status == 0 || $run->{said} =~ /\S/;
    return "it ends with $status and says nothing";
}

# A seed is 64 digits and a newline or not there at all; of the others each line is whole.
my @forms = (
    [qr/^(identity.*|bootnode\.key(\.pub)?)$/, qr/^[0-9a-f]{64}\n\z/],
    [qr/^people$/,                     qr/^(#.*\n|[0-9a-f]{64} (met [0-9a-f]+ [0-9a-f]+|verified|unverified|replaced [0-9a-f]{64}|keep)( .*)?\n)*\z/],
    [qr/^known_/,                      qr/^(\S+ [0-9a-f]{64}( \d{4} \d{4}-\d\d-\d\d)?\n)*\z/],
    [qr/^people$/,                     qr/^([0-9a-f]{64} met [0-9a-f]{32} [0-9a-f]{2,64} \d{4} \d{4}-\d\d-\d\d\n)*\z/],
    [qr/\.log$/,                       qr/^([\d-]{10} [\d:]{8} .*\n)*\z/],
    [qr/\.ids$/,                       qr/^([0-9a-f]{16} [0-9a-f]{32} [0-9a-f]{16}-\d+\n)*\z/],
    [qr/^rooms$/,                      qr/^(\S+\n)*\z/],
);

sub wrong_files {
    my ($run) = @_;
    for my $path (glob "$run->{folder}/{bootnode.key,bootnode.key.pub,data/*,data/*/*,data/.[!.]*,data/*/.[!.]*,.[!.]*}") {
        next if !-f $path;
        my ($name) = $path =~ m{([^/]+)$};
        my ($form) = grep { $name =~ $_->[0] } @forms;
        next if !$form && defined $run->{status} && $run->{status} == ABORTED;
        return "$name is left" if !$form;
        return "$name is not whole: " . read_file($path) if read_file($path) !~ $form->[1];
        return "others may look into $name" if (stat $path)[2] & 077 && $name !~ m{\.pub$};
    }
    return '';
}

sub wrong_claim {
    my ($run) = @_;
    return '' if !defined $run->{text} || !defined $run->{status} || $run->{status} != 0;
    my $heard = wait_until(sub { events($bob, { event => 'message', text => $run->{text} }) > 0 }, 5);
    return $heard ? '' : 'it claims success, and bob heard nothing';
}

# --- the programs -----------------------------------------------------------------------------------------------------

sub check_config {
    my ($run, @in) = @_;
    my $config = write_file("$run->{folder}/bootnode.ini", "[bootnode]\nlisten = 127.0.0.1:9595\nlog_level = error\n");
    @$run{qw(status out said)} = run_program(name => 'check', @in,
        command => [gochat(), '--mode', 'bootnode', '--check-config', '--config', $config]);
    $run->{said} ||= 'no success' if $run->{out} !~ /: ok$/;
}

sub serve {
    my ($run, @in) = @_;
    my $config = write_file("$run->{folder}/bootnode.ini",
        "[bootnode]\nkey_file = $run->{folder}/bootnode.key\nmetrics = 127.0.0.1:0\n");
    my $node = start_program(name => 'node', @in, command => [gochat(), '--mode', 'bootnode', '--listen',
        '127.0.0.1:' . free_port(), '--config', $config]);
    my $listens = sub { grep { $_->{text} =~ /listening on/ } @{ $node->{log_lines} } };
    wait_until(sub { defined $node->{status} || $listens->() }, PATIENCE);
    send_signal($node, 'TERM') if !defined $node->{status};
    $run->{status} = wait_exit($node, PATIENCE);
    $run->{said} = log_text($node);
    truncate $node->{log}, 0 if ($run->{status} // 0) == ABORTED; # a library's assertion, which finish() takes for a report
    $run->{status} = 'success, and it never listened' if ($run->{status} // 1) == 0 && !$listens->();
}

# In a room of its own, so that who was aborted there is nobody's ghost.
sub enter_with_bob {
    my ($run) = @_;
    $run->{room} = "room-$runs";
    $run->{text} = "words-$runs";
    send_line($bob, "/join $run->{room}");
    wait_event($bob, { event => 'registered', room => $run->{room} }, 5);
    return ('--bootnode', $bootnode->{address}, '--room', $run->{room}, '--data-dir', "$run->{folder}/data");
}

sub send_words {
    my ($run, @in) = @_;
    my @where = enter_with_bob($run);
    @$run{qw(status out said)} = run_program(name => 'send', @in, timeout => PATIENCE,
        command => [gochat(), '--mode', 'send', @where, '--timeout', 5, $run->{text}]);
    send_line($bob, '/part');
}

sub chat {
    my ($run, @in) = @_;
    my @where = enter_with_bob($run);
    @$run{qw(status out said)} = run_program(name => 'chat', @in, timeout => PATIENCE,
        input => "/log on\n$run->{text}\n",
        command => [gochat(), '--mode', 'client', @where, '--nick', "alice-$runs", '--ui', 'plain']);
    $run->{said} .= join "\n", grep {/^!/} split /\n/, $run->{out};
    send_line($bob, '/part');
}

# A backup is put in the place of another key, which is to be there all the same.
my ($old, $new) = ("2" x 64 . "\n", "1" x 64 . "\n");
my $phrase = "harbour violin seventeen cloud\n";
my $kept = temp_dir();
write_file("$kept/identity", $new);
chmod 0600, "$kept/identity" or die "chmod: $!";
my @identity = (gochat(), '--mode', 'identity', '--config', '/dev/null', '--passphrase-fd', 0);
run_program(command => [@identity, '--data-dir', $kept, 'backup', "$kept/backup"], input => $phrase);

sub bring_back {
    my ($run, @in) = @_;
    my $data = "$run->{folder}/data";
    mkdir $data or die "$data: $!";
    write_file("$data/identity", $old);
    chmod 0600, "$data/identity" or die "chmod: $!";
    @$run{qw(status out said)} = run_program(name => 'identity', @in, input => $phrase,
        command => [@identity, '--data-dir', $data, '--replace', 'restore', "$kept/backup"]);
    my @all = sort map { read_file($_) } glob "$data/identity*";
    my $lost = ($run->{status} // 1) == 0 ? "@all" ne "$new $old" : !grep { $_ eq $old } @all;
    $run->{said} = '' if $lost;
    $run->{status} = 99 if $lost;
}

# --- one run after the other, until the call that would fail is not made any more --------------------------------------

sub live_through {
    my ($name, $program, $kind) = @_;
    my ($at, @wrong) = (0);
    while (1) {
        $at++;
        my $folder = temp_dir();
        my $run = { kind => $kind, folder => "$folder" };
        $runs++;
        $program->($run, in => bad_day($folder, $kind, $at));
        my $calls = length content("$folder/count") == 8 ? unpack 'Q', content("$folder/count") : 0;
        for my $complaint (wrong_status($run), wrong_files($run), wrong_claim($run)) {
            push @wrong, "$kind $at: $complaint" if $complaint;
        }
        last if $calls < $at;
    }
    ok(!@wrong, "$name: $kind, $at runs") or diag join "\n", @wrong;
    cmp_ok($at, '>', 1, "$name: there was something to fail");
}

live_through('the configuration', \&check_config, $_) for qw(memory descriptors);
live_through('to restore', \&bring_back, $_) for qw(disk short);
for my $kind (qw(memory disk short descriptors)) {
    live_through('the bootnode', \&serve, $kind);
    live_through('to send', \&send_words, $kind);
    live_through('to chat', \&chat, $kind);
}
finish();
