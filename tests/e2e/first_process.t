#!/usr/bin/perl
# The bootnode as the first process of a container: in namespaces of its own for processes, mounts and the network, with a
# root that cannot be written to but its state, as a user without capabilities. It answers, is no parent of zombies, and
# ends on SIGTERM, which the kernel keeps from a first process that does not handle it.
use strict;
use warnings;
use File::Copy qw(copy);
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use Test::More;

plan skip_all => 'needs root' if $> != 0;
my $folder = temp_dir();
chmod 0755, $folder;
my $user = 9595;
mkdir "$folder/state" or die "mkdir: $!";
chown $user, $user, "$folder/state" or die "chown: $!";
# The user may have no way to where the program was built, as below /root.
copy(gochat(), "$folder/gochat") or die "copy: $!";
chmod 0755, "$folder/gochat";
write_file("$folder/b.ini", "[bootnode]\nlisten = 127.0.0.1:9595\n");

my @unprivileged = ('setpriv', '--reuid', $user, '--regid', $user, '--clear-groups', '--no-new-privs', '--bounding-set=-all');
my $enter = <<'END';
state=$1
shift
mount --bind "$state" "$state" && mount --rbind / / && mount -o remount,bind,ro / && ip link set lo up && exec "$@"
END
my @namespaces = qw(unshare --mount --pid --fork --net --kill-child --mount-proc);
if ((run_program(command => [@namespaces, 'true']))[0] != 0) { plan skip_all => 'no namespaces here' }
my $engine = start_program(name => 'engine', command => [@namespaces, 'bash', '-c', $enter, 'enter', "$folder/state",
    @unprivileged, 'env', "STATE_DIRECTORY=$folder/state", "$folder/gochat", '--mode', 'bootnode', '--config', "$folder/b.ini"]);
ok(wait_log($engine, qr/listening on/, 10), 'it starts');

my ($first) = split ' ', read_file("/proc/$engine->{pid}/task/$engine->{pid}/children");
my %status = map { /^(\w+):\s+(.*)/ ? ($1 => $2) : () } split /\n/, read_file("/proc/$first/status");
like($status{NSpid}, qr/\t1$/, 'it is the first process');
like($status{Uid}, qr/^$user\t$user\t/, 'as its user');
is(hex $status{$_}, 0, "and $_ is empty") for qw(CapEff CapPrm CapBnd);
# Its root, too: within a chroot that is not the root of the mounts.
my @inside = ('nsenter', '-t', $first, '--mount', '--pid', '--net', '--root', '--wd', @unprivileged);
isnt((run_program(name => 'touch', command => [@inside, 'touch', "$folder/written"]))[0], 0, 'its root cannot be written to');
my ($doctor) = run_program(name => 'doctor', timeout => 20, command => [@inside, 'env', "HOME=$folder", "$folder/gochat", '--mode',
    'doctor', '--config', '/dev/null', '--bootnode', '127.0.0.1', '--timeout', 5]);
like($doctor, qr/^[056]$/, 'it answers');

# Somebody looks in, and leaves a child behind: it is the bootnode's when its own parent ends. It waits for the end of its
# input, so that it ends when we say.
my $visitor = start_program(name => 'visitor', command => [@inside, 'sh', '-c', 'exec 3<&0; cat <&3 & echo here']);
ok(wait_line($visitor, qr/^here$/, 10), 'an orphan');
sub children { return split ' ', read_file("/proc/$first/task/$first/children") }
ok(wait_until(sub { children() == 1 }, 10), 'is adopted');
close_input($visitor);
ok(wait_until(sub { children() == 0 }, 10), 'and does not stay as a zombie');

kill TERM => $first;
is(wait_exit($engine, 10), 0, 'it ends on SIGTERM');
ok(-s "$folder/state/bootnode.key", 'its key is in its state');

finish();
