package GoChat::Lab;

# The NAT laboratory (tests/natlab/lab) for tests in Perl. A test that uses it begins with GoChat::Lab::enter(), which
# starts the test again where labs can be built, or skips it and says why.
#
#     my $lab = GoChat::Lab->up('full', 'symmetric');       # hosts boot, a, b
#     start_client(in => $lab->host('a'), …);
#     my $socket = $lab->udp_socket('b', '10.2.0.2', 5000);
#     $lab->loss('a', 20);
use strict;
use warnings;
use Cwd qw(abs_path);
use Errno;
use File::Basename qw(dirname);
use Socket;
use Test::More;

my $LAB = abs_path(dirname(__FILE__) . '/../../natlab/lab');
use constant CLONE_NEWNET => 0x40000000;

my $owner = $$;
my @labs;

sub enter {
    return if $ENV{GOCHAT_IN_LAB};
    my $reason = `'$LAB' enter true 2>&1`;
    if ($? != 0) {
        $reason =~ s/\s+/ /g;
        plan skip_all => $reason || 'no network namespaces here';
    }
    $ENV{GOCHAT_IN_LAB} = 1;
    exec $LAB, 'enter', $^X, (map { "-I$_" } @INC), $0, @ARGV;
}

sub up {
    my ($class, @kinds) = @_;
    my $self = bless { name => 't' . @labs, kinds => \@kinds, paths => {} }, $class;
    push @labs, $self;
    $self->_run('up', @kinds);
    return $self;
}

sub loss { my ($self, $host, $percent) = @_; $self->_run('loss', $host, $percent) }
sub rate { my ($self, $host, $bytes) = @_; $self->_run('rate', $host, $bytes) }
sub mtu { my ($self, $host, $bytes) = @_; $self->_run('mtu', $host, $bytes) }
sub rebind { my ($self, $host) = @_; $self->_run('rebind', $host) }
sub renumber { my ($self, $host) = @_; $self->_run('renumber', $host) }

# weather('a', delay => 50, loss => 20, …): the options of tests/tools/wire.
sub weather {
    my ($self, $host, %options) = @_;
    $self->_run('weather', $host, map { ("--$_", $options{$_}) } sort keys %options);
}

# Words that start a miniupnpd on the host's router, which speaks natpmp or upnp; its files are in the folder.
sub port_mapper {
    my ($self, $host, $protocol, $folder) = @_;
    $self->_run('ports', $host, "$folder/miniupnpd.conf", $protocol);
    return [@{ $self->host("r$host") }, 'miniupnpd', '-d', '-f', "$folder/miniupnpd.conf", '-P', "$folder/miniupnpd.pid"];
}

sub block { my ($self, $host) = @_; $self->_run('block', $host) }
sub unblock { my ($self, $host) = @_; $self->_run('unblock', $host) }
sub capture_start { my ($self, $file) = @_; $self->_run('capture', 'start', $file) }
sub capture_stop { my ($self) = @_; $self->_run('capture', 'stop') }

sub down {
    my ($self) = @_;
    $self->_run('down') unless $self->{down}++;
}

# The words in front of a command that runs it on that host.
sub host {
    my ($self, $host) = @_;
    return ['nsenter', '--net=' . $self->_path($host), '--'];
}

# A UDP socket of this process that lives on that host.
sub udp_socket {
    my ($self, $host, $address, $port) = @_;
    open my $home, '<', '/proc/self/ns/net' or die "own network namespace: $!";
    open my $there, '<', $self->_path($host) or die "$host: $!";
    _enter_namespace($there);
    my $made = socket my $socket, AF_INET, SOCK_DGRAM, 0;
    my $bound = $made && bind $socket, sockaddr_in($port, inet_aton($address));
    my $problem = $!;
    _enter_namespace($home);
    die "UDP socket at $host, $address:$port: $problem" unless $bound;
    return $socket;
}

sub _enter_namespace {
    my ($handle) = @_;
    require 'syscall.ph';
    syscall(SYS_setns(), fileno $handle, CLONE_NEWNET) == 0 or die "setns: $!";
}

sub _path {
    my ($self, $host) = @_;
    return $self->{paths}{$host} //= do {
        my $path = `'$LAB' path $self->{name} $host`;
        die "lab $self->{name}: no path to $host" if $? != 0;
        chomp $path;
        $path;
    };
}

sub _run {
    my ($self, $verb, @arguments) = @_;
    system($LAB, $verb, $self->{name}, @arguments) == 0
        or die "lab $verb $self->{name} @arguments: status $?";
}

END {
    if ($$ == $owner) {
        local $?;
        $_->down for @labs;
    }
}

1;
