#!/usr/bin/perl
# Two clients, of which one has a link that takes packets of 900 bytes, then of 600, then of 1,500 again, and says nothing
# of those that it drops. Long messages, and what is said after them, arrive either way.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Conversation;
use GoChat::Lab;
use GoChat::Test;
use Test::More;

GoChat::Lab::enter();

use constant { CONNECT_TIMEOUT => 20, TIMEOUT => 20, LONG => 5000 };

my $lab = GoChat::Lab->up('port-restricted', 'full');
my $bootnode = start_bootnode(listen => '203.0.113.10:9595', in => $lab->host('boot'));
$lab->mtu('a', 900);
my @ends = map { start_speaker(name => $_, bootnode => $bootnode, room => 'narrow', in => $lab->host($_)) } 'a', 'b';
all_connected(CONNECT_TIMEOUT, @ends);

sub talk {
    my ($what) = @_;
    for (@ends) {
        say_numbers($_, 3, 'x' x LONG);
        say_numbers($_, 1);
    }
    return all_heard($what, slow(TIMEOUT), @ends);
}

talk('900 bytes');
talk('900 bytes, again');
for my $bytes (600, 1500, 700) {
    $lab->mtu('a', $bytes);
    talk("$bytes bytes");
}
finish();
