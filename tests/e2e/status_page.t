#!/usr/bin/perl
# The status page in a real browser: figures and plots that move with the load, on a phone and on a wide screen, in light
# and dark; nothing in the console, and nobody else is asked. The pictures stay in OUT/test-logs/status_page.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Basename qw(dirname);
use File::Path qw(make_path);
use GoChat::Browser;
use GoChat::NatsServer;
use GoChat::Test;
use HTTP::Tiny;
use Test::More;

plan skip_all => 'the page is the same in a sanitized build' if $ENV{SAN};

my $port = free_port();
my $node = start_bootnode(config => "metrics = 127.0.0.1:$port\nlimit_loopback = off\nsessions_per_source = 0");
my $url = "http://127.0.0.1:$port/";

# --- The answer ------------------------------------------------------------------------------------------------------

my $answer = HTTP::Tiny->new->get($url);
is($answer->{status}, 200, 'the page is there');
is($answer->{headers}{'content-type'}, 'text/html; charset=utf-8', 'as HTML');
like($answer->{headers}{'content-security-policy'}, qr/^default-src 'none';.* connect-src 'self';/, 'that loads nothing');
is($answer->{content}, read_file(dirname(__FILE__) . '/../../bootnode/ops/status_page.html'), 'whole');
unlike($answer->{content}, qr{(?:https?:)?//(?!www\.w3\.org/2000/svg)[a-z]}, 'with no address of anybody else');
unlike(HTTP::Tiny->new->get("${url}health")->{content}, qr/</, 'and health is text');

# --- In a browser ------------------------------------------------------------------------------------------------------

my $browser = GoChat::Browser->start;
if (!$browser) {
    diag 'no Chromium here';
    finish();
    exit 0;
}
my $pictures = ($ENV{OUT} // 'build') . '/test-logs/status_page';
make_path($pictures);

# What a person reads, as text; the plots' paths.
my $TILE = sub { "document.querySelector('#tile-$_[0] b')?.textContent" };
my $PATHS = '[...document.querySelectorAll("#plot-0 path")].map(path => path.getAttribute("d")).join(" ")';

my @screens = (['phone', 360, 800, 'light'], ['phone-dark', 360, 800, 'dark'], ['wide', 1440, 900, 'light'],
    ['wide-dark', 1440, 900, 'dark']);
my %pages = map { $_->[0] => $browser->open($url, width => $_->[1], height => $_->[2], scheme => $_->[3]) } @screens;
ok($_->wait_for($TILE->('sessions') . ' === "0"', slow(10)), 'nobody is there at first') for values %pages;

my $load = start_program(name => 'load', command => [dirname(gochat()) . '/gochat-load', '--bootnode', $node->{address},
    '--sessions', 300, '--rate', 600, '--churn', 5, '--duration', 300]);
for my $screen (@screens) {
    my ($name, $width, undef, $scheme) = @$screen;
    my $page = $pages{$name};
    my $before = $page->evaluate($PATHS);
    ok($page->wait_for($TILE->('sessions') . '?.match(/^(?:2\d\d|300)$/)', slow(20)), "$name: people came");
    ok($page->wait_for($TILE->('beats') . '?.match(/^[1-9]\d*\/s$/)', slow(10)), 'their beats are counted');
    ok($page->wait_for("($PATHS) !== " . JSON::PP->new->allow_nonref->encode($before), slow(10)), 'the plot moves');
    ok($page->wait_for($TILE->('joined') . ' !== "0/s"', slow(10)), 'and others come and go');
    is($page->evaluate('document.getElementById("state").textContent'), 'ok', 'all is well');
    cmp_ok($page->evaluate('document.documentElement.scrollWidth'), '<=', $width, 'nothing is wider than the screen');
    my $light = $page->evaluate('getComputedStyle(document.body).backgroundColor');
    my ($red) = $light =~ /rgb\((\d+)/;
    ok($scheme eq 'dark' ? $red < 80 : $red > 180, "the page is $scheme: $light");
    $page->picture("$pictures/$name.png");
    cmp_ok(-s "$pictures/$name.png", '>', 10_000, 'a picture of it');
}

# --- A cluster -------------------------------------------------------------------------------------------------------

ok($_->evaluate('document.getElementById("cluster").hidden'), 'of a bootnode alone nobody says how its cluster is') for $pages{phone};
SKIP: {
    skip nats_missing(), 1 if nats_missing();
    my $nats = start_nats();
    my $page_port = free_port();
    my $home = '127.0.0.1:' . free_port();
    my $member = start_bootnode(name => 'member', listen => $home, config => join "\n", "metrics = 127.0.0.1:$page_port",
        'node_id = 1', '[cluster]', nats_settings($nats, 1), "addresses = $home", 'state_file = ' . temp_dir() . '/state');
    for my $screen (@screens) {
        my ($name, $width, $height, $scheme) = @$screen;
        my $page = $browser->open("http://127.0.0.1:$page_port/", width => $width, height => $height, scheme => $scheme);
        ok($page->wait_for($TILE->('view') . ' === "1"', slow(30)), "$name: it sees itself");
        ok($page->wait_for('document.getElementById("cluster-state")?.textContent?.match(/serves, NATS is there/)', slow(10)),
            'and serves');
        is($page->evaluate($TILE->('share')), '100 %', 'all rooms live here');
        cmp_ok($page->evaluate('document.documentElement.scrollWidth'), '<=', $width, 'nothing is wider than the screen');
        is_deeply($page->{complaints}, [], 'the console is empty');
        $page->picture("$pictures/cluster-$name.png");
    }
    kill_nats($nats, 0);
    my $page = $browser->open("http://127.0.0.1:$page_port/", width => 360, height => 800, scheme => 'light');
    ok($page->wait_for('document.getElementById("cluster-state")?.textContent?.match(/NATS is away/)', slow(20)), 'NATS is away');
    stop_program($member);
}

# --- Its end -----------------------------------------------------------------------------------------------------------

for my $name (map { $_->[0] } @screens) {
    my $page = $pages{$name};
    is_deeply([grep { !/^\Q$url\E(?:metrics)?$/ } grep { !/^(?:data:|about:)/ } @{ $page->{requests} }], [],
        "$name: nobody else was asked");
    is_deeply($page->{complaints}, [], 'and the console is empty');
}
stop_program($node);
ok($pages{phone}->wait_for('document.getElementById("state").textContent === "does not answer"', slow(10)),
    'a bootnode that is gone is told');
send_signal($load, 'KILL');
$browser->stop;
finish();
