#!/usr/bin/perl
# Settings as people write them, from the file that is read without being named: quotes, a comment and ~ mean what they
# mean elsewhere, and no --mode is a chat. What the screen of somebody who begins says.
use strict;
use warnings;
use File::Path qw(make_path);
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use Test::More;

my $home = temp_dir();
my $bootnode = start_bootnode();
make_path("$home/.config/gochat");
my $own = "$home/.config/gochat/client.ini";
my @user = ('env', '-u', 'XDG_CONFIG_HOME', '-u', 'XDG_DATA_HOME', "HOME=$home");

# gochat as somebody who lives in $home: (status, standard output, standard error).
sub at_home {
    my (@arguments) = @_;
    return run_program(name => 'home', command => [@user, gochat(), @arguments], timeout => 30);
}

# --- a page to begin with ----------------------------------------------------------------------------------------------

my ($status, $out, $err) = at_home();
is($status, 2, 'gochat alone has done nothing');
is($err, '', 'and has nothing to complain about');
my @tries = $out =~ /^ +(gochat .*)/mg;
is(@tries, 4, 'but tells four commands to try') or diag $out;
cmp_ok(scalar(() = $out =~ /\n/g), '<=', 12, 'on a short page');
ok((grep {/^gochat --bootnode \S+ --room tea$/} @tries), 'one of them chats');

($status, $out) = at_home('--help');
is($status, 0, '--help: status 0');
for my $mode (qw(client send bootnode doctor)) {
    like($out, qr/^  $mode +\w.*\n +gochat .*\n/m, "--help: $mode, with an example");
    my (undef, $page) = at_home('--mode', $mode, '--help');
    like($page, qr/^For example: +gochat /m, "--mode $mode --help: with an example");
}

# --- settings that nobody names ----------------------------------------------------------------------------------------

write_file($own, <<"END");
[client]
bootnode = "$bootnode->{address}" # ours
room     = 'tea'                  ; where we meet
data_dir = ~/chat
nick     = ada
END
my $ada = start_program(name => 'ada', command => [@user, gochat()], json => 0);
my $bob = start_client(name => 'bob', bootnode => $bootnode, room => 'tea');
ok(wait_event($bob, { event => 'peer-connected', nick => 'ada' }, 20), 'gochat alone is then a chat, in the room meant');
ok(-e "$home/chat/identity", 'its key is below the home directory');
is_deeply([glob "$home/.config/gochat/*"], [$own], 'and nothing beside the settings');

($status, $out, $err) = at_home('--mode', 'send', '--nick', 'carl', 'hello', 'from', 'home');
is($status, 0, 'send reads them, too') or diag $err;
ok(wait_event($bob, { event => 'message', nick => 'carl', text => 'hello from home' }, 10), 'and says it there');

write_file($own, "[client]\nroom = tea\nnik = ada\n");
($status, undef, $err) = at_home('--bootnode', $bootnode->{address});
is($status, 2, 'a mistake in them ends it');
is($err, "$own:3: nik = ada: unknown key, did you mean nick?\n", 'and its line is told');

finish();
