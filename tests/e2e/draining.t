#!/usr/bin/perl
# A bootnode that is told to end: who polls /health sees it leave, who is here is served until then, newcomers are sent
# away, and a second word ends it at once.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use HTTP::Tiny;
use Test::More;

use constant { POLL_EVERY => 0.5, UNAVAILABLE => 503 };

my $page = '127.0.0.1:' . free_port();

sub start { my ($drain) = @_; return start_bootnode(config => "metrics = $page\ndrain = $drain\nlimit_loopback = no") }
sub ask { my ($path) = @_; return HTTP::Tiny->new(timeout => slow(2))->get("http://$page/$path") }
sub metric { my ($name) = @_; return ask('metrics')->{content} =~ /^gochat_\Q$name\E (\d+)/m ? $1 : 0 }

# Whether a counter passes that in time.
sub passes {
    my ($name, $least) = @_;
    my $deadline = now() + slow(10);
    watch_until(now() + 0.1) while metric($name) <= $least && now() < $deadline;
    return metric($name) > $least;
}

# --- as long as the settings say ---------------------------------------------------------------------------------

my $bootnode = start('30s');
my $member = start_client(name => 'member', bootnode => $bootnode, room => 'tea');
wait_event($member, { event => 'registered' }, 10);
is(ask('health')->{status}, 200, 'before, all is well');
send_signal($bootnode, 'TERM');
ok(wait_log($bootnode, qr/draining, clients expect us back; serves for 30\.0 s more/, 5), 'it says for how long');
is_deeply([@{ ask('health') }{qw(status content)}], [UNAVAILABLE, "draining\n"], '/health says that it leaves');
ok(passes('heartbeat_total', metric('heartbeat_total')), 'who is here is served');
my $newcomer = start_client(name => 'newcomer', bootnode => $bootnode, room => 'tea');
ok(passes('refused_total{reason="draining"}', 0), 'a newcomer is sent away');
is(metric('sessions'), 1, 'and not let in');
ok(!events($member, { event => 'bootnode-lost' }), 'the member noticed nothing');
my $start = now();
send_signal($bootnode, 'TERM');
is(wait_exit($bootnode, 5), 0, 'a second signal ends it');
cmp_ok(now() - $start, '<', slow(4), 'at once');
stop_program($_) for $member, $newcomer;

# --- as long as somebody looks -----------------------------------------------------------------------------------

$bootnode = start('auto');
is(ask('health')->{status}, 200, 'somebody polls');
send_signal($bootnode, 'TERM');
my ($told, $deadline) = (0, now() + slow(10));
while (!defined $bootnode->{status} && now() < $deadline) {
    my $next = now() + POLL_EVERY;
    $told++ if ask('health')->{status} == UNAVAILABLE;
    watch_until($next);
}
is(wait_exit($bootnode, 1), 0, 'and it ends');
cmp_ok($told, '>=', 2, "after he was told ($told times)");

finish();
