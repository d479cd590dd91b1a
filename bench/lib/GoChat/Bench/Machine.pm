package GoChat::Bench::Machine;

# What the figures were measured on, and which of its cores serve and load.
use strict;
use warnings;
use Exporter qw(import);
use GoChat::Bench::Process qw(read_file);
use POSIX qw(strftime uname);

our @EXPORT_OK = qw(choose_cores facts);

# (core of the server, core of the load): two of those that we may run on, of which the second is not the first one's
# other half where hyper-threads are.
sub choose_cores {
    my @allowed = _list(read_file('/proc/self/status') =~ /^Cpus_allowed_list:\s*(\S+)/m);
    die "bench/run: one core is not enough: the server has one, the load another\n" if @allowed < 2;
    my $server = shift @allowed;
    my $siblings = "/sys/devices/system/cpu/cpu$server/topology/thread_siblings_list";
    my %halves = map { $_ => 1 } -e $siblings ? _list(read_file($siblings)) : ();
    my ($load) = ((grep { !$halves{$_} } @allowed), @allowed);
    return ($server, $load);
}

# "0-2,5" as a list
sub _list {
    my ($text) = @_;
    chomp $text;
    return map { /^(\d+)-(\d+)$/ ? $1 .. $2 : $_ } split /,/, $text;
}

sub _said_by {
    my ($command) = @_;
    my ($line) = `$command 2>/dev/null`;
    chomp($line //= 'unknown');
    return $line;
}

sub facts {
    my ($root) = @_;
    my ($model) = read_file('/proc/cpuinfo') =~ /^model name\s*:\s*(.*)$/m;
    my @processors = read_file('/proc/cpuinfo') =~ /^processor\s*:/mg;
    my ($load) = split ' ', read_file('/proc/loadavg');
    my $governor = '/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor';
    return {
        date => strftime('%Y-%m-%d %H:%M UTC', gmtime),
        kernel => join(' ', (uname())[0, 2]),
        cpu => $model // 'unknown',
        cores => scalar @processors,
        compiler => _said_by('cc --version'),
        commit => _said_by("git -C '$root' describe --always --dirty --abbrev=10"),
        load_before => $load + 0,
        governor => -r $governor ? read_file($governor) =~ s/\s+\z//r : undef, # none, or hidden
    };
}

1;
