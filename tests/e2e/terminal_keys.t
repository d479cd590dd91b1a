#!/usr/bin/perl
# Every key binding and every command of the screen does what its help says. The lists come from the program's own
# tables: a key, command or setting without a check here is a failed test.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Terminal;
use GoChat::Test;
use Test::More;

use constant { ROWS => 24, COLUMNS => 100, LINES_SAID => 60 };

my %table;
for my $line (split /\n/, (run_program(command => [test_tool('tables')]))[1]) {
    my ($kind, $name, $rest) = $line =~ /^(\w+) (.+?)(?:\t(.*))?$/ or die "tables: $line\n";
    push @{ $table{$kind} }, $name;
}

my $bootnode = start_bootnode();
my $folder = temp_dir();
my $alice = start_terminal(name => 'alice', bootnode => $bootnode, room => 'tea', rows => ROWS, columns => COLUMNS,
    data_dir => "$folder/alice");
my $bob = start_client(name => 'bob', bootnode => $bootnode, room => 'tea');
ok(wait_screen($alice, qr/bob#\w+ is here/, 10), 'alice and bob are connected');

# --- what the screen shows -------------------------------------------------------------------------------------------

# The text of the input line and the cursor's place in it.
sub input_of {
    my ($state) = @_;
    my ($prompt, $text) = $state->{rows}[-1] =~ /^(.*?> ?)(.*)$/ or return ('', -1);
    return ($text, $state->{cursor}[1] - length $prompt);
}

sub input_is {
    my ($text, $cursor, $what) = @_;
    my $met = wait_state($alice, sub {
        my ($shown, $place) = input_of($_[0]);
        return $shown eq $text =~ s/ +$//r && ($place == $cursor || $text eq '');
    }, 5, "$what: \"$text\", cursor at $cursor");
    ok($met, $what) if $met;
    return;
}

sub shows { my ($pattern, $what) = @_; my $met = wait_screen($alice, $pattern, 5); ok($met, $what) if $met; return }

sub shows_no_more {
    my ($pattern, $what) = @_;
    my $met = wait_state($alice, sub { join("\n", @{ $_[0]{rows} }) !~ $pattern }, 5, "$what: no more $pattern");
    ok($met, $what) if $met;
    return;
}

sub clear_input { press($alice, 'Alt-R'); input_is('', 0, 'a clear input line'); return }
sub enter_line { my ($line) = @_; type_text($alice, $line); press($alice, 'Enter'); return }
sub room_is { my ($room, $what) = @_; return shows(qr/\A \Q$room\E [^\n]*·/, $what) }

# --- keys that edit: typed first, pressed before, then the key → the input, the cursor -------------------------------

my $words = 'alpha beta gamma';
my %edits = (
    'Left' => [$words, [], $words, 15], 'Ctrl-B' => [$words, [], $words, 15],
    'Right' => [$words, ['Home'], $words, 1], 'Ctrl-F' => [$words, ['Home'], $words, 1],
    'Ctrl-Left' => [$words, [], $words, 11], 'Alt-B' => [$words, [], $words, 11],
    'Ctrl-Right' => [$words, ['Home'], $words, 5], 'Alt-F' => [$words, ['Home'], $words, 5],
    'Home' => [$words, [], $words, 0], 'Ctrl-A' => [$words, [], $words, 0],
    'End' => [$words, ['Home'], $words, 16], 'Ctrl-E' => [$words, ['Home'], $words, 16],
    'Backspace' => [$words, [], 'alpha beta gamm', 15], 'Ctrl-H' => [$words, [], 'alpha beta gamm', 15],
    'Delete' => [$words, ['Home'], 'lpha beta gamma', 0], 'Ctrl-D' => [$words, ['Home'], 'lpha beta gamma', 0],
    'Ctrl-W' => ['alpha be-ta', [], 'alpha ', 6],
    'Alt-Backspace' => ['alpha be-ta', [], 'alpha be-', 9], 'Alt-Ctrl-H' => ['alpha be-ta', [], 'alpha be-', 9],
    'Alt-D' => [$words, ['Home'], ' beta gamma', 0],
    'Ctrl-U' => [$words, ['Left'], 'a', 0],
    'Ctrl-K' => [$words, ['Home', 'Right'], 'a', 1],
    'Ctrl-Y' => [$words, ['Ctrl-W', 'Home'], 'gammaalpha beta ', 5],
    'Alt-Y' => [$words, ['Ctrl-W', 'Left', 'Ctrl-U', 'Ctrl-E', 'Ctrl-Y'], ' gamma', 6],
    'Ctrl-T' => ['alpah', [], 'alpha', 5],
    'Ctrl-_' => [$words, ['Ctrl-W'], $words, 16],
    'Alt-_' => [$words, ['Ctrl-W', 'Ctrl-_'], 'alpha beta ', 11],
    'Alt-/' => [$words, ['Ctrl-W', 'Ctrl-_'], 'alpha beta ', 11],
    'Alt-R' => [$words, ['Left'], '', 0],
    'Alt-Enter' => ['one', [], 'one↵', 4], 'Alt-Ctrl-J' => ['one', [], 'one↵', 4],
    'Tab' => ['/he', [], '/help ', 6],
    'Shift-Tab' => ['/m', ['Tab', 'Tab'], '/me ', 4],
    'Ctrl-C' => [$words, [], '', 0],
);

sub check_edit {
    my ($key) = @_;
    my ($text, $before, $expected, $cursor) = @{ $edits{$key} };
    clear_input();
    type_text($alice, $text);
    press($alice, @$before, $key);
    input_is($expected, $cursor, "$key");
    return;
}

# --- keys that do something else -------------------------------------------------------------------------------------

sub check_enter {
    my ($key) = @_;
    type_text($alice, "said with $key");
    press($alice, $key);
    ok(wait_event($bob, { event => 'message', text => "said with $key" }, 5), "$key: sent");
    input_is('', 0, "$key: the input line is empty");
    return;
}

my $round = 0;

# "row 1 of …" to "row 60 of …", and of which round they are. What is still in the input has no author beside it.
sub say_lines {
    $round++;
    enter_line('/clear');
    enter_line("row $_ of round $round") for 1 .. LINES_SAID;
    shows(qr/│ row ${\LINES_SAID} of round $round/, 'many lines were said');
    return;
}

sub check_page {
    my ($key, $back) = @_;
    say_lines();
    press($alice, $key);
    shows_no_more(qr/row ${\LINES_SAID} of/, "$key: scrolls up");
    press($alice, $back);
    shows(qr/row ${\LINES_SAID} of/, "$back: scrolls down");
    return;
}

# Up and Down would bring what was entered before.
sub check_wheel {
    check_page('Wheel-Up', 'Wheel-Down');
    input_is('', 0, 'the wheel leaves the input line alone');
    return;
}

sub check_end {
    my ($key, $back) = @_;
    say_lines();
    press($alice, $key);
    shows(qr/row 1 of/, "$key: the oldest line");
    press($alice, $back);
    shows(qr/row ${\LINES_SAID} of/, "$back: the newest line");
    return;
}

# Rooms r2 … r9 beside tea; in tea.
my $joined = 0;

sub join_rooms {
    unless ($joined++) {
        for my $number (2 .. 9) {
            enter_line("/join r$number");
            room_is("r$number", "/join: in r$number");
        }
    }
    press($alice, 'Alt-1');
    room_is('tea', 'in tea');
    return;
}

sub check_room {
    my ($key, $room) = @_;
    join_rooms();
    press($alice, $key);
    room_is($room, $key);
    return;
}

my %others = (
    'Enter' => \&check_enter, 'Ctrl-J' => \&check_enter,
    'Up' => sub {
        enter_line("/me was here $_") for 1, 2;
        press($alice, 'Up', 'Up');
        input_is('/me was here 1', 14, 'Up: what was entered before');
    },
    'Down' => sub {
        enter_line("/me was here $_") for 1, 2;
        type_text($alice, 'draft');
        press($alice, 'Up', 'Up', 'Down');
        input_is('/me was here 2', 14, 'Down: what came after that');
        press($alice, 'Down');
        input_is('draft', 5, 'Down: what was being typed');
    },
    'Ctrl-R' => sub {
        enter_line("/me likes $_") for qw(apples pears apricots);
        press($alice, 'Ctrl-R');
        type_text($alice, 'likes ap');
        shows(qr/likes apricots\z/, 'Ctrl-R: the newest with these letters');
        press($alice, 'Ctrl-R');
        shows(qr/likes apples\z/, 'Ctrl-R again: further back');
        press($alice, 'Enter');
        input_is('/me likes apples', 16, 'Enter takes it');
        press($alice, 'Ctrl-A', 'Ctrl-K');
        type_text($alice, 'typed before');
        press($alice, 'Ctrl-R');
        type_text($alice, 'pears');
        shows(qr/likes pears\z/, 'Ctrl-R over a line that was begun');
        press($alice, 'Ctrl-C');
        input_is('typed before', 12, 'Ctrl-C: what was typed before');
    },
    'Wheel-Up' => \&check_wheel, 'Wheel-Down' => \&check_wheel,
    'PgUp' => sub { check_page('PgUp', 'PgDn') }, 'PgDn' => sub { check_page('PgUp', 'PgDn') },
    map({ my ($up, $down) = @$_; ($up => sub { check_end($up, $down) }, $down => sub { check_end($up, $down) }) }
        ['Alt-<', 'Alt->'], ['Alt-PgUp', 'Alt-PgDn'], ['Alt-Home', 'Alt-End']),
    'Ctrl-N' => sub { check_room('Ctrl-N', 'r2') }, 'Alt-Right' => sub { check_room('Alt-Right', 'r2') },
    'Ctrl-P' => sub { check_room('Ctrl-P', 'r9') }, 'Alt-Left' => sub { check_room('Alt-Left', 'r9') },
    'Alt-1' => sub { join_rooms(); press($alice, 'Alt-2'); room_is('r2', 'Alt-2'); check_room('Alt-1', 'tea') },
    map({ my $number = $_; ("Alt-$number" => sub { check_room("Alt-$number", "r$number") }) } 2 .. 9),
    'Alt-A' => sub {
        join_rooms();
        send_line($bob, '/join r4');
        ok(wait_event($bob, { event => 'peer-connected', room => 'r4' }, 10), 'bob comes to r4');
        send_line($bob, 'anybody here?');
        shows(qr/4:r4\(1\)/, 'one message is unread in r4');
        press($alice, 'Alt-A');
        room_is('r4', 'Alt-A: the room with something unread');
        shows_no_more(qr/4:r4\(/, 'which is read now');
        send_line($bob, '/join tea');
        press($alice, 'Alt-1');
        room_is('tea', 'back in tea');
    },
    'Alt-M' => sub {
        shows(qr/\d members *$/m, 'members are listed');
        press($alice, 'Alt-M');
        shows_no_more(qr/│ \d members *$/m, 'Alt-M: not any more');
        press($alice, 'Alt-M');
        shows(qr/│ \d members *$/m, 'Alt-M: again');
    },
    'Ctrl-L' => sub {
        settle($alice);
        my $before = screen_cells($alice);
        press($alice, 'Ctrl-L');
        settle($alice);
        my $after = screen_cells($alice);
        cmp_ok($after->{written} - $before->{written}, '>', COLUMNS, 'Ctrl-L: the whole screen is written');
        is(steady_cells($after), steady_cells($before), 'Ctrl-L: and is as before');
    },
    'Ctrl-Z' => sub {
        press($alice, 'Ctrl-Z');
        is(wait_stopped($alice, 5), 20, 'Ctrl-Z: stopped');
        continue_terminal($alice);
        shows(qr/alice>/, 'fg: goes on');
    },
    'F1' => sub {
        press($alice, 'F1');
        shows(qr{/join ROOM}, 'F1: the commands, from the first');
        press($alice, 'Enter');
        shows(qr{/quit: .*//TEXT}s, 'F1: to the last');
    },
);

my @order = (sort(keys %edits), sort { $a cmp $b } keys %others);
my %bound = map { $_ => 1 } @{ $table{key} };
is_deeply([grep { !$edits{$_} && !$others{$_} } sort keys %bound], [], 'every binding has a check');
is_deeply([grep { !$bound{$_} } @order], [], 'and every check a binding');
for my $key (@order) {
    note($key);
    press($alice, 'Alt-1');
    clear_input();
    $edits{$key} ? check_edit($key) : $others{$key}->($key);
}
press($alice, 'Alt-1');
clear_input();

# --- commands --------------------------------------------------------------------------------------------------------

# What is decided in a private room is e2e/private_rooms'; here is none.
sub has_no_owner {
    my ($line) = @_;
    enter_line('/clear');
    enter_line($line);
    shows(qr/this is no private room/, $line);
    return;
}

my %commands = (
    join => sub {
        enter_line('/join coffee');
        room_is('coffee', '/join: another room');
        enter_line('/join tea');
        room_is('tea', '/join: one where we are');
    },
    part => sub {
        enter_line('/part coffee');
        shows_no_more(qr/:coffee/, '/part: left');
    },
    nick => sub {
        enter_line('/nick alicia');
        shows(qr/tea alicia> *\z/, '/nick: the new name');
        is(wait_field($bob, { event => 'peer-nick', room => 'tea' }, 5, 'nick'), 'alicia', 'and others know');
        enter_line('/nick alice');
        shows(qr/tea alice> *\z/, '/nick: and back');
    },
    me => sub {
        enter_line('/me waves');
        ok(wait_event($bob, { event => 'message', text => 'waves', kind => 'action' }, 5), '/me: an action');
        shows(qr/alice\S* waves/, '/me: shown');
    },
    msg => sub {
        enter_line('/msg bob psst');
        ok(wait_event($bob, { event => 'message', text => 'psst', kind => 'private' }, 5), '/msg: to bob alone');
        shows(qr/: psst/, '/msg: shown');
    },
    who => sub {
        enter_line('/clear');
        enter_line('/who');
        shows(qr/bob#\w+.*direct/, '/who: bob, and how');
    },
    info => sub {
        enter_line('/clear');
        enter_line('/info');
        shows(qr/fingerprint/, '/info: about us');
        enter_line('/info bob');
        shows(qr/number( \d{5}){4}\s/, '/info PEER: the number to compare');
    },
    verify => sub {
        enter_line('/clear');
        enter_line('/verify bob');
        shows(qr/(?: \d{5}){4}.*█{20}/s, '/verify: the number to compare, and its code');
        enter_line('/verify bob yes');
        shows(qr/bob#\w+ is verified/, '/verify PEER yes: is remembered');
    },
    unverify => sub { enter_line('/unverify bob'); shows(qr/bob#\w+ .*(?:not|no longer).* verified/s, '/unverify: forgotten') },
    trust => sub { enter_line('/trust nobody'); shows(qr/'nobody' is not here/, '/trust: nobody') },
    invite => sub { enter_line('/clear'); enter_line('/invite'); shows(qr/█{20}/, '/invite: the code to scan') },
    (map { my ($name, $line) = @$_; ($name => sub { has_no_owner($line) }) }
        [topic => '/topic tea'], [kick => '/kick bob'], [ban => '/ban bob'], [unban => '/unban 0123abcd'], [op => '/op bob'],
        [deop => '/deop bob'], [lock => '/lock on']),
    unfold => sub {
        send_line($bob, "spam $_ of 40") for 1 .. 40;
        shows(qr/\d more lines of bob#\w+: /, '/unfold: what bob says too much is one line');
        my $last = wait_field($bob, { event => 'sent', text => 'spam 40 of 40' }, 5, 'id');
        ok(wait_event($bob, { event => 'delivered', id => $last }, 5), '/unfold: alice has all of it');
        settle($alice);
        enter_line('/clear');
        enter_line('/unfold bob');
        shows(qr/spam 31 of 40.*spam 40 of 40.*nothing of bob#\w+ is folded for 10 minutes/s, 'and all of it, when asked for');
    },
    ignore => sub {
        enter_line('/ignore bob');
        shows(qr/bob#\w+ is ignored from now on/, '/ignore: bob');
        send_line($bob, '/msg alice nobody hears this');
        my $id = wait_field($bob, { event => 'sent', text => 'nobody hears this' }, 5, 'id');
        ok(wait_event($bob, { event => 'delivered', id => $id }, 5), 'what bob says is acknowledged all the same');
        settle($alice);
        enter_line('/ignore bob');
        shows(qr/bob#\w+ is heard again/, '/ignore: not any more');
        send_line($bob, '/msg alice but this');
        shows(qr/but this/, 'bob is heard again');
        unlike(screen_text($alice), qr/nobody hears this/, 'what he said meanwhile is not');
    },
    find => sub {
        enter_line('/clear');
        enter_line('a needle in the haystack');
        enter_line("hay $_") for 1 .. LINES_SAID;
        shows(qr/│ hay ${\LINES_SAID}/, 'much is said');
        enter_line('/find needle');
        shows(qr/│ a needle in the haystack/, '/find: goes there');
        press($alice, 'Alt->');
    },
    clear => sub {
        enter_line('something to clear');
        shows(qr/│ something to clear/, 'something is there');
        enter_line('/clear');
        shows_no_more(qr/something to clear/, '/clear: nothing');
    },
    log => sub {
        enter_line('/log on');
        shows(qr/is logged in/, '/log on');
        enter_line('for the record');
        shows(qr/│ for the record/, 'something is said');
        my ($file) = glob "$folder/alice/transcripts/tea.log";
        settle($alice);
        like(read_file($file), qr/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d alice#\w{4}: for the record$/m, 'and stands in the file');
        is((stat $file)[2] & 0777, 0600, 'which is ours alone');
        enter_line('/log off');
        shows(qr/is not logged/, '/log off');
    },
    set => sub {
        enter_line('/set members off');
        shows_no_more(qr/│ \d members *$/m, '/set members off');
        enter_line('/set members auto');
        shows(qr/│ \d members *$/m, '/set members auto');
    },
    help => sub {
        enter_line('/clear');
        enter_line('/help join');
        shows(qr{/join ROOM}, '/help COMMAND');
        enter_line('/help keys');
        shows(qr/Enter, Ctrl-J: sends the message/, '/help keys: from the first');
        press($alice, 'Enter');
        shows(qr/F1: shows the\s/, 'to the last');
    },
    quit => sub {
        enter_line('/quit');
        is(wait_end($alice, 15), 0, '/quit: everything was delivered');
    },
);
is_deeply([sort keys %commands], [sort @{ $table{command} }], 'every command has a check');

my %settings = (
    bell => sub {
        forget($alice);
        send_line($bob, '/msg alice ring'); # once for both: it rings once in a while
        ok(wait_state($alice, sub { $_[0]{bells} == 1 }, 5, 'rings'), 'bell = on: rings');
    },
    notify => sub {
        ok(wait_state($alice, sub { $_[0]{commands} =~ /^OSC 9;.*ring/m }, 5, 'OSC 9'), 'notify = on: a note');
    },
    title => sub { ok(wait_state($alice, sub { $_[0]{title} =~ /tea/ }, 5, 'has a title'), 'title = on: the room') },
    members => sub { shows(qr/│ \d members *$/m, 'members = on') },
    joins => sub {
        enter_line('/clear');
        my $guest = start_client(name => 'guest', bootnode => $bootnode, room => 'tea');
        shows(qr/guest#\w+ is here/, 'joins = on: somebody comes');
        send_line($guest, '/quit');
        shows(qr/guest left/, 'and leaves on a line of its own');
    },
    mouse => sub {
        ok(wait_state($alice, sub { $_[0]{modes} !~ /\?100[0-367]/ }, 5, 'leaves the mouse'), 'mouse = off');
    },
    clock => sub { shows(qr/^\d\d:\d\d:\d\d /m, 'clock = seconds') },
    links => sub {
        enter_line('see https://example.org/a');
        ok(wait_state($alice, sub { $_[0]{commands} =~ m{^OSC 8;id=[0-9a-f]{8};https://example\.org/a$}m }, 5, 'OSC 8'),
            'links = on: the terminal can open it');
    },
    flood => sub { enter_line('/set flood'); shows(qr/flood = on/, 'flood = on (/unfold has what it does)') },
    theme => sub { enter_line('/set theme'); shows(qr/theme = dark/, 'theme = dark (terminal_life.t has its colours)') },
    colours => sub {
        my $state = screen_cells($alice);
        is_deeply([grep { $_->[2] != -1 || $_->[3] != -1 } map {@$_} @{ $state->{cells} }], [], 'colours = none');
    },
);
my %value = (mouse => 'off', members => 'on', clock => 'seconds', theme => 'dark', colours => 'none');
is_deeply([sort keys %settings], [sort @{ $table{setting} }], 'every setting has a check');
for my $name (sort keys %settings) {
    my $value = $value{$name} // 'on';
    enter_line("/set $name $value");
    shows(qr/\Q$name = $value\E/, "/set $name: shown");
}
settle($alice);
$settings{$_}->() for sort keys %settings;

for my $wrong (
    ['/join', '/join: expected /join ROOM'],
    ['/nick', '/nick: expected /nick NAME'],
    ['/msg', '/msg: expected /msg PEER TEXT'],
    ['/log maybe', '/log: expected /log [on|off]'],
    map({ my $name = $_; ["/set $name 7", "/set: $name '7': expected on or off"] } qw(bell notify title)),
    ['/set members 7', "/set: members '7': expected auto, on or off"],
    ['/quti', '/quti: no such command, expected /quit?'],
    ['/m x', '/m: expected /me or /msg'],
    ['/info nobody', "/info: 'nobody' is not here; here is"],
) {
    my ($line, $expected) = @$wrong;
    enter_line('/clear');
    enter_line($line);
    shows(sentence($expected), "$line: told what was expected");
}
for my $name ((grep { $_ ne 'quit' && $_ ne 'part' } sort keys %commands), 'part', 'quit') {
    note("/$name");
    $commands{$name}->();
}

finish();
