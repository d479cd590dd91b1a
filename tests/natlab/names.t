#!/usr/bin/perl
# Name servers that fail, and the real resolver: who waits for a name is let in once it is found; a family that is not
# answered for, and names that are not answered, hold up nothing; and the time that is given is kept.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Lab;
use GoChat::Test;
use Test::More;

GoChat::Lab::enter();

# The resolver waits for an answer twice as long as anything here may take.
use constant { IP => '203.0.113.10', IPV6 => '2001:db8::10', PORT => 9595, RESOLVER_SECONDS => 20, AT_ONCE => 10 };
use constant { GIVEN => 5, FOUND_TIMEOUT => 40, TOLD_TIMEOUT => 15 };

my $lab = GoChat::Lab->up('open');
my $folder = temp_dir();
my $numeric = IP . ':' . PORT;
my @silent = map { "silent$_.test:" . PORT } 1 .. 3;

# A host of its own files: what the resolver asks, and how long it waits.
sub in_network {
    my ($name, $seconds) = @_;
    my $config = write_file("$folder/$name.conf", 'nameserver ' . IP . "\noptions timeout:$seconds attempts:2\n");
    return [@{ $lab->host('a') }, 'unshare', '-m', 'sh', '-c', 'mount --bind "$0" /etc/resolv.conf && exec "$@"', $config];
}

my $patient = in_network('patient', RESOLVER_SECONDS);
my $quick = in_network('quick', 1);

# The server reads one of the two, never half a file.
my %told = map { ("silent$_.test" => 'silent') } 1 .. 3;

sub say_of {
    my (%changes) = @_;
    %told = (%told, %changes);
    write_file("$folder/names.new", join '', map { "$_ $told{$_}\n" } sort keys %told);
    rename "$folder/names.new", "$folder/names" or die "names: $!";
    return;
}

sub enter_room {
    my ($name, $bootnodes, $in) = @_;
    return start_client(name => $name, bootnode => $bootnodes, room => 'names', in => $in);
}

sub seconds_of {
    my ($mode, @arguments) = @_;
    my $began = now();
    my ($status, $out, $err) = run_program(name => $mode, timeout => slow(4 * GIVEN),
        command => [@$patient, gochat(), '--mode', $mode, @arguments]);
    return (now() - $began, $status, "$out$err");
}

sub keeps_time {
    my ($mode, @more) = @_;
    my @bootnodes = map { ('--bootnode', $_) } @silent;
    my ($took, $status, $said) = seconds_of($mode, @bootnodes, '--timeout', GIVEN, @more);
    is($status, 1, "$mode, no name is answered: status 1") or diag($said);
    return ok($took >= GIVEN - 0.1 && $took < slow(2 * GIVEN), "$mode: within the time given") || diag("$took s");
}

# What fails first, and is right later.
sub found_later {
    my @failures = ('silent', 'servfail', 'missing');
    say_of(map { ("$_-first.test" => $_) } @failures);
    my %waiting = map { $_ => enter_room($_, "$_-first.test:" . PORT, $quick) } @failures;
    for (@failures) {
        ok(wait_event($waiting{$_}, { event => 'bootnode-lost', name => "$_-first.test:" . PORT }, TOLD_TIMEOUT),
            "$_: told, and not ended");
        is(events($waiting{$_}, { event => 'registered' }), 0, "$_: outside");
    }
    say_of(map { ("$_-first.test" => IP) } @failures);
    ok(wait_event($waiting{$_}, { event => 'registered' }, FOUND_TIMEOUT), "$_: inside once it is found") for @failures;
    stop_program($_) for values %waiting;
    return;
}

# Who is let in although something of the answer is late, lost or too long, and whom nothing may hold up.
sub found_at_once {
    my %right = (
        'IPv4 alone is answered' => ['four.test', 'silent-AAAA ' . IP],
        'IPv6 alone is answered' => ['six.test', 'silent-A ' . IPV6],
        'a slow answer' => ['slow.test', 'slow ' . IP],
        'an answer in pieces' => ['long.test', 'truncated ' . IP],
    );
    say_of(map { @$_ } values %right);
    for my $what (sort keys %right) {
        my ($name) = @{ $right{$what} };
        my $client = enter_room($name, "$name:" . PORT, $patient);
        ok(wait_event($client, { event => 'registered' }, AT_ONCE), $what);
        stop_program($client);
    }
    my $client = enter_room('beside', join(',', @silent, $numeric), $patient);
    ok(wait_event($client, { event => 'registered', name => $numeric }, AT_ONCE), 'a number beside three silent names');
    my ($took, $status, $said) = seconds_of('send', (map { ('--bootnode', $_) } @silent, $numeric), '--room', 'names',
        '--data-dir', "$folder/sender", 'hello');
    is($status, 0, 'send finds it, too') or diag($said);
    ok($took < slow(AT_ONCE), 'and waits for none of them') or diag("$took s");
    ok(wait_event($client, { event => 'message', text => 'hello' }, 5), 'and is heard');
    stop_program($client);
    return;
}

say_of();
my $server = start_program(name => 'name-server', in => $lab->host('boot'),
    command => [$^X, "$FindBin::Bin/name_server", IP, "$folder/names"]);
wait_log($server, qr/answering on/, 5) or BAIL_OUT('no name server');
start_bootnode(listen => '[::]:' . PORT, in => $lab->host('boot'));
found_later();
found_at_once();
keeps_time('send', '--room', 'names', '--data-dir', "$folder/late", 'x');
keeps_time('doctor', '--json');
finish();
