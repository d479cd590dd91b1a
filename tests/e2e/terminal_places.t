#!/usr/bin/perl
# What one looks at on the screen: long answers are read from their top, what comes below meanwhile is told, /find begins
# where one looks, the text has its columns, and what was refused is had back.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Terminal;
use GoChat::Test;
use Test::More;

use constant { ROWS => 24, COLUMNS => 80, TEXT_COLUMNS => 50, LONGEST => 65_536 };

my $bootnode = start_bootnode();
my $folder = temp_dir();
my $alice = start_terminal(name => 'alice', bootnode => $bootnode, room => 'tea', rows => ROWS, columns => COLUMNS,
    data_dir => "$folder/alice");
my $bob = start_client(name => 'bob', bootnode => $bootnode, room => 'tea');
ok(wait_screen($alice, qr/bob#\w+ is here/, 10), 'alice and bob are connected');

sub shows { my ($pattern, $what) = @_; my $met = wait_screen($alice, $pattern, 5); ok($met, $what) if $met; return }
sub enter_line { my ($line) = @_; type_text($alice, $line); press($alice, 'Enter'); return }
sub says { my ($text) = @_; send_line($bob, $text); ok(wait_event($bob, { event => 'sent', text => $text =~ s{^/msg \w+ }{}r }, 5), "bob says: $text"); return }

# The last line stands in the input first: it was said once it stands beside its author.
sub fill {
    my ($what) = @_;
    enter_line("$what $_") for 1 .. 2 * ROWS;
    shows(qr/│ $what ${\(2 * ROWS)}\b/, "many lines of $what");
    return;
}

# The row below the title, when it is this one.
sub begins_with {
    my ($pattern, $what) = @_;
    my $met = wait_state($alice, sub { $_[0]{rows}[1] =~ $pattern }, 5, "$what: $pattern below the title");
    ok($met, $what) if $met;
    return;
}

# --- the text's columns ----------------------------------------------------------------------------------------------

says('x' x 200);
shows(qr/bob#\w+ │ x{${\TEXT_COLUMNS}}/, 'a text has 50 columns of 80');
says('/msg alice this is private');
shows(qr/bob#\w+ → you: this is private/, 'a private message names its sender in full');
enter_line('/msg bob and this');
shows(qr/ you → bob#\w+: and this/, 'and ours whom it is for');

# --- pages -----------------------------------------------------------------------------------------------------------

fill('before');
for my $rows (ROWS, 10) {
    resize($alice, $rows, COLUMNS);
    for my $case (['/help', qr{— │ /join ROOM}, qr{/help keys: }], ['/help keys', qr{— │ Enter, Ctrl-J: sends}, qr{F1: }]) {
        my ($command, $first, $last) = @$case;
        my $fits = $command eq '/help' && $rows == ROWS;
        enter_line($command);
        $fits ? shows($first, "$command on $rows rows") : begins_with($first, "$command on $rows rows: from its first line");
        shows(qr/\d+ more below: PgDn; Enter: back/, "$command: and that there is more") if !$fits;
        press($alice, ('PgDn') x 20);
        shows($last, "$command: to its last line");
        enter_line($command);
        begins_with($first, "$command: again") if !$fits;
        press($alice, 'Enter');
        shows($last, "$command: Enter goes back");
    }
}
press($alice, 'F1');
begins_with(qr{— │ /join ROOM}, 'F1: the same');
resize($alice, 7, 40);
begins_with(qr{— /join ROOM}, 'and stays where it is in another size');
resize($alice, ROWS, COLUMNS);
enter_line('/who');
shows(qr/— │ bob#\w+/, 'a short answer is below all else');

# --- what comes meanwhile --------------------------------------------------------------------------------------------

fill('lines');
press($alice, 'PgUp');
shows(qr{↑\d+}, 'one looks further up');
says('hello there');
shows(qr/1 new line below: Alt->/, 'what comes below is told');
says('alice: are you there?');
shows(qr/2 new lines below, 1 mention: Alt->/, 'and a mention');
press($alice, 'Alt->');
shows(qr/alice: are you there\?.*\n.*\[1:tea\] +\d\d:\d\d/, 'the key goes there');
unlike(screen_text($alice), qr/new lines? below/, 'and there is nothing more to tell');
like(screen_text($alice), qr/── new ──/, 'a line marks where it began');

# --- /find -----------------------------------------------------------------------------------------------------------

enter_line('needle one');
fill('hay');
enter_line('needle two');
fill('straw');
my ($one, $two) = (qr/│ needle one/, qr/│ needle two/);
enter_line('/find needle');
shows($two, '/find: the newest');
for my $other ('something else', '/who', '/nosuch', '/msg nobody hello') {
    enter_line($other);
    enter_line('/find needle');
    shows($two, "after $other: the newest again");
}
enter_line('/find needle');
shows($one, 'twice: the older one');
enter_line('/find');
shows(qr/"needle" is not there, or not further up/, 'and none further up');
enter_line('/find');
shows($two, 'then from the newest again; what was told is not found');
enter_line('/find');
shows($one, 'without words: the same');
press($alice, 'Alt->');
enter_line('/find');
shows($two, 'and after a look at the newest');
enter_line('/join coffee');
shows(qr/\A coffee /, 'another room');
enter_line('the needle of the other room');
fill('grounds');
enter_line('/find');
shows(qr/│ the needle of the other room/, '/find: the same words in another room');
press($alice, 'Alt-1');
shows(qr/\A tea /, 'back');

# --- what was refused ------------------------------------------------------------------------------------------------

sub is_had_back {
    my ($line, $why) = @_;
    press($alice, 'Alt-R', 'Up');
    my $shown = substr $line, -20;
    shows(qr/> .*\Q$shown\E *\z/, "Up brings back $why");
    press($alice, 'Alt-R');
    return;
}

for my $case (['/nosuch command', 'no such command'], ['/msg nobody hello', 'nobody'], ['/join', 'expected'],
    ['/nick', 'expected'], ['/set bell perhaps', 'perhaps'], ['/log perhaps', 'expected']) {
    my ($line, $why) = @$case;
    enter_line($line);
    shows(qr/! │.*\Q$why\E/, "$line: refused");
    is_had_back($line, "\"$line\"");
}
paste($alice, 'too long ' x (LONGEST / 8));
shows(sentence('not pasted: a message has at most 65536 bytes; Up has the beginning'), 'a paste that is too long');
press($alice, 'Up', 'Ctrl-A');
shows(qr/alice> too long too long/, 'has its beginning brought back');
press($alice, 'Alt-R');
type_text($alice, 'y' x 100);
my $fits = 'fits alone ' x (LONGEST / 11);
paste($alice, $fits);
shows(sentence('Up has what was pasted'), 'a paste that does not fit behind what is typed');
press($alice, 'Alt-R', 'Up', 'Ctrl-A');
shows(qr/alice> fits alone/, 'is had back');
press($alice, 'Alt-R');
enter_line('/part coffee');
enter_line('/part tea');
shows(qr/\A GoChat/, 'in no room');
enter_line('said to nobody');
shows(qr/not sent: you are in no room/, 'nothing can be said');
shows(qr/> said to nobody *\z/, 'and stays in the input');
is_had_back('said to nobody', 'also after it was cleared');

finish();
