#!/usr/bin/perl
# Labs can be built in a chroot whose root is no mount point, and leave nothing in it; where not even /proc is mounted
# there, the reason is said.
use strict;
use warnings;
use Cwd qw(abs_path);
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Lab;
use GoChat::Test;
use Test::More;

GoChat::Lab::enter();

my $lab = abs_path("$FindBin::Bin/lab");
my $folder = temp_dir();
my $root = "$folder/root"; # a plain folder, into which the system's are mounted

# Both mounts and the chroot end with this shell.
my $build = <<'END';
root=$1 proc=$2
shift 2
mkdir -p "$root"/{run/netns,tmp,dev}
for folder in /usr /bin /sbin /lib /lib64 /etc /sys /dev "$LAB_FOLDER"; do
    [[ -d $folder ]] || continue
    mkdir -p "$root$folder"
    mount --rbind "$folder" "$root$folder" || exit 99
done
if [[ $proc == proc ]]; then
    mkdir -p "$root/proc"
    mount --rbind /proc "$root/proc" || exit 99
fi
exec chroot "$root" "$@"
END

# (status, output) of `lab enter COMMAND…` in there.
sub in_chroot {
    my ($proc, @command) = @_;
    my ($status, $out, $err) = run_program(name => "chroot-$proc", timeout => 30,
        command => ['env', "LAB_FOLDER=$FindBin::Bin", 'unshare', '-m', 'bash', '-c', $build, 'build', $root, $proc,
            $lab, 'enter', @command]);
    return ($status, $out . $err);
}

my ($status, $said) = in_chroot('none', 'true');
isnt($status, 0, 'without /proc: no labs');
like($said, qr{^lab: the root directory is no mount point, nor is /proc.*mount proc on /proc}, 'without /proc: why');
($status, $said) = in_chroot('proc', 'bash', '-c', "'$lab' up there full && '$lab' exec there a ip -4 -o address");
is($status, 0, 'with /proc: a lab') or diag($said);
like($said, qr/inet 10\.1\.0\.2/, 'with /proc: host a is there');
is_deeply([glob "$root/run/netns/*"], [], 'and nothing is left behind');

finish();
