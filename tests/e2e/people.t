#!/usr/bin/perl
# Two people with one nick are both heard and told apart, in plain and in JSON; somebody verified who comes with another
# key is blocked until trusted.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use Test::More;

my $bootnode = start_bootnode();

sub enter {
    my ($name, %option) = @_;
    return start_client(name => $name, bootnode => $bootnode, room => 'tea', %option);
}

my $anna = enter('anna', ui => 'plain');
my $zoe = enter('zoe');
ok(wait_event($zoe, { event => 'peer-connected', nick => 'anna' }, 10), 'anna and zoe meet');
my %sam;
my $said = 0;

# Comes under the nick of sam with a key of its own; returns its fingerprint, as zoe knows it.
sub another_sam {
    my ($name) = @_;
    my $before = now();
    $sam{$name} = enter($name, nick => 'sam');
    my $connected = wait_event($zoe, { event => 'peer-connected', nick => 'sam', _at => sub { $_[0] > $before } }, 10);
    ok($connected, "$name is there") or return '';
    ok(wait_event($sam{$name}, { event => 'peer-connected', nick => 'anna' }, 10), "$name sees anna");
    return $connected->{fingerprint};
}

my %print = map { $_ => another_sam($_) } qw(first second);
isnt($print{first}, $print{second}, 'two keys');
my $newer = substr $print{second}, 0, 8;
my $older = substr $print{first}, 0, 8;
ok(wait_event($zoe, { event => 'notice', text => qr/^sam#$newer has the nick of sam#$older,/ }, 5), 'which is told');

for my $name (qw(first second)) {
    my $digits = substr $print{$name}, 0, 8;
    send_line($sam{$name}, "from the $name");
    my $message = wait_event($zoe, { event => 'message', text => "from the $name" }, 5);
    is("$message->{nick} $message->{fingerprint}", "sam $print{$name}", "JSON says that it is the $name");
    ok(wait_line($anna, qr/^sam#$digits: from the $name$/, 5), 'plain does, too');
}

send_line($zoe, '/msg sam hello');
ok(wait_event($zoe, { event => 'error', text => qr/'sam' may be sam#[0-9a-f]{8}, sam#[0-9a-f]{8}$/ }, 5), 'sam may be two');
send_line($zoe, "/msg sam#$newer hello");
ok(wait_event($sam{second}, { event => 'message', kind => 'private', text => 'hello' }, 5), 'digits say which');

# --- verified ----------------------------------------------------------------------------------------------------------

send_line($zoe, "/verify sam#$older yes");
ok(wait_event($zoe, { event => 'error', text => qr/was not shown yet/ }, 5), 'first the number is shown');
send_line($zoe, "/verify sam#$older");
ok(wait_event($zoe, { event => 'notice', text => qr/^ {4}\d{5} \d{5} \d{5} \d{5}$/ }, 5), 'in groups of five') for 1 .. 3;
send_line($zoe, "/verify sam#$older yes");
ok(wait_event($zoe, { event => 'notice', text => qr/^sam#$older is verified/ }, 5), 'then it was compared');
send_line($zoe, '/who');
ok(wait_event($zoe, { event => 'member', fingerprint => $print{first} }, 5)->{verified}, 'who was verified is so in /who');
ok(!wait_event($zoe, { event => 'member', fingerprint => $print{second} }, 5)->{verified}, 'and nobody else');
send_line($sam{first}, 'still me');
ok(wait_event($zoe, { event => 'message', text => 'still me' }, 5)->{verified}, 'and so is what they say');

close_input($sam{first});
ok(wait_event($zoe, { event => 'peer-left', fingerprint => $print{first} }, 10), 'the first one leaves');
$print{third} = another_sam('third');
my $digits = substr $print{third}, 0, 8;
my $alarm = wait_event($zoe, { event => 'error', reason => 'key-changed' }, 5);
is("$alarm->{fingerprint} $alarm->{was}", "$print{third} $print{first}", 'a new key of a verified one is an alarm');
send_line($sam{third}, 'my new machine');
ok(wait_line($anna, qr/^sam#$digits: my new machine$/, 5), 'anna, who verified nobody, hears it');
send_line($zoe, "/msg sam#$digits who are you?");
ok(wait_event($zoe, { event => 'error', text => qr/^\/msg: sam#$digits is blocked/ }, 5), 'to zoe it is blocked');
is(scalar(events($zoe, { event => 'message', text => 'my new machine' })), 0, 'who has not heard it');
send_line($zoe, "/trust sam#$digits");
ok(wait_event($zoe, { event => 'notice', text => qr/^sam#$digits has the place of sam#$older, but is not verified yet/ }, 5),
    'until it is trusted');
ok(wait_event($zoe, { event => 'message', text => 'my new machine', fingerprint => $print{third} }, 5), 'then it is shown');

finish();
