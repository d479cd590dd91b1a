#!/usr/bin/perl
# The papers leave nothing out and invent nothing: each flag, command, key, setting, user interface and exit status stands
# in the manuals, each event and key in doc/json.md, what doc/operators.md names is on the metrics page, and each link
# leads somewhere.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Basename qw(dirname);
use GoChat::Test;
use HTTP::Tiny;
use List::Util qw(uniq);
use Test::More;

my $root = "$FindBin::Bin/../..";
sub paper { my ($name) = @_; return read_file("$root/$name") }

my $source = paper('conf/gochat.1');

# What a macro line says, as plain words: ".It Ic Left , Ctrl-B" → "Left , Ctrl-B".
sub plain {
    my ($line) = @_;
    $line =~ s/^\.(?:It )?(?:(?:Ic|Fl|Cm|Op|Ar) )*//;
    $line =~ s/ (?:Fl|Cm|Op|Ar|Ic|Ns) / /g for 1, 2;
    return $line;
}

sub section {
    my ($title, $manual) = @_;
    my ($text) = ($manual // $source) =~ /^\.S[hs] \Q$title\E\n(.*?)(?=^\.S[hs] |\z)/ms;
    return $text // '';
}

# --- gochat(1) ---------------------------------------------------------------------------------------------------------

my %said;
for my $line (split /\n/, (run_program(command => [test_tool('tables')]))[1]) {
    my ($kind, $name, $rest) = $line =~ /^(\w+) (.+?)(?:\t(.*))?$/;
    push @{ $said{$kind} }, [$name, $rest];
}

my %keys = map { $_ => 1 } map { split / , /, plain($_) } grep {/^\.It Ic/} split /\n/, section('Keys');
is_deeply([grep { !$keys{$_} } map { $_->[0] } @{ $said{key} }], [], 'every key');
my %bound = map { $_->[0] => 1 } @{ $said{key} };
is_deeply([grep { !$bound{$_} } sort keys %keys], [], 'and no other');

for (['action', 'Keys of your own'], ['role', 'Colours']) {
    my ($kind, $title) = @$_;
    my %named = map { $_ => 1 } map { split / *, */, plain($_) } grep {/^\.Cm /} split /\n/, section($title);
    is_deeply([grep { !$named{$_} } map { $_->[0] } @{ $said{$kind} }], [], "every $kind");
}

my @commands = map { plain($_) =~ m{^/(\w+) ?(.*)}; [$1, $2] } grep {m{^\.It Ic /}} split /\n/, section('COMMANDS');
is_deeply([sort map { $_->[0] } @commands], [sort map { $_->[0] } @{ $said{command} }], 'every command, and no other');

sub words { my ($arguments) = @_; return [map {lc} $arguments =~ /[\w-]+/g] }
my %arguments = map { @$_ } @commands;
is_deeply(words($arguments{ $_->[0] }), words($_->[1] // ''), "/$_->[0]: its arguments") for @{ $said{command} };

like(section('COMMANDS'), qr/\b\Q$_->[0]\E\b/, "setting $_->[0]") for @{ $said{setting} };
like(section('The client'), qr/\b$_\b/, "--ui $_") for qw(auto curses plain json);

my %synopsis = map { /-mode Cm (\w+)/ ? ($1 => $_) : () } split /^\.Nm\n/m, section('SYNOPSIS');
for my $mode (qw(client send doctor bootnode identity)) {
    my (undef, $help) = run_program(command => [gochat(), '--mode', $mode, '--help']);
    my @flags = grep { !/^(?:help|version)$/ } $help =~ /^  --([a-z-]+)/mg;
    cmp_ok(scalar @flags, '>', 2, "$mode has flags");
    like($source, qr/^\.It Fl -\Q$_\E\b/m, "--$_ of $mode") for @flags;
    my @shown = grep { $_ ne 'mode' } ($synopsis{$mode} // '') =~ /Fl -([a-z-]+)/g;
    is_deeply([uniq(sort @shown)], [sort @flags], "the usage of $mode");
}
like(section('EXIT STATUS'), qr/^\.It $_$/m, "exit status $_") for 0 .. 8;
like($source, qr/^\.It Ev .*\b$_\b/m, "the environment's $_") for qw(HOME NO_COLOR TERM XDG_CONFIG_HOME XDG_DATA_HOME);

# --- gochat-load(1) ----------------------------------------------------------------------------------------------------

my $load = paper('conf/gochat-load.1');
my (undef, $load_help) = run_program(command => [dirname(gochat()) . '/gochat-load', '--help']);
my @load_flags = map { /^  --([a-z-]+)/mg, /, --([a-z-]+)/g } $load_help;
cmp_ok(scalar @load_flags, '>', 20, 'gochat-load has flags');
is_deeply([sort $load =~ /^\.It Fl -([a-z-]+)/mg], [sort @load_flags], 'every flag of gochat-load, and no other');
like(section('EXIT STATUS', $load), qr/^\.It $_$/m, "exit status $_ of gochat-load") for 0 .. 3, 8, 130, 143;

# Every key that a result or a line of progress has.
my @keys = map { paper($_) =~ /(?:set_count|json_object_set_new|report_time)\(\w+, "(\w+)"|^ +\{"(\w+)", moment/mg } 'bench/load/report.c',
    'bench/load/moment.c';
@keys = grep { defined } @keys;
cmp_ok(scalar @keys, '>', 40, 'results have keys');
my $told = section('JSON', $load);
ok($told =~ /\b$_\b/, "gochat-load's key $_") for uniq(sort @keys);

# --- gochat-ctl(8) and doc/control.md ----------------------------------------------------------------------------------

my $ctl = paper('conf/gochat-ctl.8');
my (undef, $ctl_help) = run_program(command => [gochat(), '--mode', 'ctl', '--help']);
my ($ctl_flags, $ctl_commands) = $ctl_help =~ /(.*)^Commands:\n(.*)/ms;
is_deeply([sort $ctl =~ /^\.It Fl -([a-z-]+)/mg], [sort grep { !/^(?:help|version)$/ } $ctl_flags =~ /^  --([a-z-]+)/mg],
    'every flag of ctl, and no other');
my %usage = $ctl_commands =~ /^  ([a-z-]+)((?: \S+)*)/mg;
cmp_ok(scalar keys %usage, '>', 12, 'ctl has commands');
my @lines = section('COMMANDS', $ctl) =~ /^\.It Ic (.*)/mg;
is_deeply([sort map {/^([a-z-]+)/} @lines], [sort keys %usage], 'every one, and no other');
for my $line (@lines) {
    my ($name, @words) = map {lc} grep { !/^(?:Op|Ar|Cm|Ns|\|)$/ } split / /, $line;
    is_deeply(\@words, [map {lc} $usage{$name} =~ /[\w-]+/g], "$name: its arguments");
}
like(section('EXIT STATUS', $ctl), qr/^\.It $_$/m, "exit status $_ of ctl") for 0 .. 2;

my $control = paper('doc/control.md');
like($control, qr/\*\*$_\*\*|`$_`/, "the command $_") for sort keys %usage;
my @answered = map {/"([a-z_]+)"/g} map { $_ // '' } map {/json_pack\((.*?)\);/gs} map { paper("bootnode/ops/$_.c") }
    qw(control_answers control_lists control_access);
cmp_ok(scalar @answered, '>', 30, 'answers have members');
is_deeply([grep { $control !~ /[`"]$_\b/ } uniq(sort @answered)], [], 'each is described');

# --- gochat-bootnode.ini(5) --------------------------------------------------------------------------------------------

my $settings = paper('conf/gochat-bootnode.ini.5');
my @described = grep { $_ ne 'include' } map {/^\.It Ic (\w+)/} map { split /\n/, section($_, $settings) } 'SETTINGS', 'The cluster';
my @printed = (run_program(command => [gochat(), '--mode', 'bootnode', '--print-config']))[1] =~ /^;?(\w+) =/mg;
is_deeply([sort @described], [sort @printed], 'every setting of the bootnode, and no other');
is_deeply([sort(paper('conf/bootnode.ini') =~ /^;?(\w+) = /mg)], [sort @printed], 'and conf/bootnode.ini has them, too');
my (undef, $made) = run_program(command => ["$root/.ci/settings_manual"]);
is_deeply([split /\n/, $made], [split /\n/, $settings], 'both explain them in the same words (.ci/settings_manual)');

# --- doc/json.md -------------------------------------------------------------------------------------------------------

# The table of client/ui/json.c, in which a word stands for a field that several objects have: name → its keys.
my $table = paper('client/ui/json.c');
$table =~ s/\\\n//g;
my %key = $table =~ /^#define (\w+) +\{ "(\w+)", \w+ \}/mg;
my %objects = map {
    my ($name, $fields) = @$_;
    ($name => [map { $key{$_} // /"(\w+)"/ } $fields =~ /([A-Z_]+|\{"\w+", \w+\})/g]);
} map { [/^    \[EVENT_\w+\] = \{"([a-z-]+)", \{(.*)\}\},$/] } grep {/^    \[EVENT_/} split /\n/, $table;
cmp_ok(scalar keys %objects, '>=', 20, 'there are events');

my $json = paper('doc/json.md');
my ($events) = $json =~ /^## Events\n(.*?)^## /ms;
my ($block) = $events =~ /((?:^    .*\n)+)/m;
my %described = map { my ($name) = /^    \{"event":"([a-z-]+)"/; ($name => [/"(\w+)":/g]) } split /\n(?=    \{)/, $block;
is_deeply(\%described, { map { $_ => ['event', @{ $objects{$_} }] } keys %objects }, 'every event with its keys in order');
my %explained = map { $_ => 1 } map {/`([a-z-]+)`/g} $events =~ /^\| (`.*?) \|/mg;
is_deeply([grep { !$explained{$_} } sort keys %objects], [], 'and what it means');

my ($expected) = paper('client/ui/request.c') =~ /KEYS_EXPECTED "(.*?)"/;
my ($input) = $json =~ /^## Input\n(.*?)^## /ms;
is_deeply([sort $input =~ /^\| `(\w+)`/mg], [sort grep { $_ ne 'or' } $expected =~ /\w+/g], 'every key of input');

my $doctor = paper('client/doctor/report.c');
my ($examined) = $json =~ /^## The doctor's object\n(.*)/ms;
my @packed = map {/"([a-z][a-z0-9_]*)"/g} $doctor =~ /json_pack\((.*?)\);/gs;
cmp_ok(scalar @packed, '>', 20, 'the doctor has keys');
is_deeply([uniq(sort $examined =~ /"(\w+)":/g)], [uniq(sort @packed)], 'every key of the doctor');

# --- doc/operators.md --------------------------------------------------------------------------------------------------

my $operators = paper('doc/operators.md');
my $bootnode = start_bootnode(config => 'metrics = 127.0.0.1:0');
my $line = wait_log($bootnode, qr{metrics on http://\S+/metrics}, 5);
my ($url) = $line->{text} =~ m{(http://\S+)};
my $page = HTTP::Tiny->new(timeout => slow(10))->get($url)->{content};
my %shown = map { $_ => 1 } $page =~ /^# TYPE (\w+)/mg;
my @metrics = uniq($operators =~ /`((?:gochat|process)_[a-z_]+)`/g);
cmp_ok(scalar @metrics, '>', 10, 'metrics are described');
is_deeply([grep { !$shown{$_} } @metrics], [], 'which the page has');

my %default = paper('conf/bootnode.ini') =~ /^;?(\w+) = (.*)$/mg;
my @limits = map { [/^\| `(\w+)` \|.*\| (\S+) \|/] } grep {/^\| `relay_/} split /\n/, $operators;
cmp_ok(scalar @limits, '==', 3, 'the limits of relays');
is($_->[1], $default{ $_->[0] }, "the default of $_->[0]") for @limits;

# --- links -------------------------------------------------------------------------------------------------------------

# As GitHub and others make the name of a heading.
# Code is named with or without its ending.
sub stands { my ($file) = @_; return -e "$root/$file" || -e "$root/$file.c" || -e "$root/$file.h" }
sub anchor { my ($heading) = @_; return lc($heading) =~ s/[^\w -]//gr =~ tr/ /-/r }

sub leads {
    my ($from, $to) = @_;
    my ($file, $place) = $to =~ /^([^#]*)(?:#(.*))?$/;
    my $target = $file eq '' ? $from : dirname($from) . "/$file";
    return 0 if !-e "$root/$target";
    return !defined $place || grep { anchor($_) eq $place } paper($target) =~ /^#+ (.*)$/mg;
}

for my $paper (map {s{^\Q$root\E/}{}r} map { glob "$root/$_" } qw(*.md doc/*.md bench/*.md common/*.md)) {
    my @links = grep { !/^[a-z]+:/ } paper($paper) =~ /\]\(([^)\s]+)\)/g;
    is_deeply([grep { !leads($paper, $_) } @links], [], "the links of $paper");
    my @files = paper($paper) =~ m{`((?:\.ci|bench|bootnode|client|common|conf|doc|tests)/[\w./-]+)`}g;
    is_deeply([grep { !stands($_) } @files], [], "the files that $paper names");
}

finish();
