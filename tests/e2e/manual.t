#!/usr/bin/perl
# The manual leaves nothing out: each flag, command, key, setting, user interface and exit status stands in it; and each
# flag in the usage of README.md.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use List::Util qw(uniq);
use Test::More;

my $source = read_file("$FindBin::Bin/../../conf/gochat.1");

# What a macro line says, as plain words: ".It Ic Left , Ctrl-B" → "Left , Ctrl-B".
sub plain {
    my ($line) = @_;
    $line =~ s/^\.(?:It )?(?:(?:Ic|Fl|Cm|Op|Ar) )*//;
    $line =~ s/ (?:Fl|Cm|Op|Ar|Ic|Ns) / /g for 1, 2;
    return $line;
}

sub section {
    my ($title) = @_;
    my ($text) = $source =~ /^\.S[hs] \Q$title\E\n(.*?)(?=^\.S[hs] |\z)/ms;
    return $text // '';
}

my %said;
for my $line (split /\n/, (run_program(command => [test_tool('tables')]))[1]) {
    my ($kind, $name, $rest) = $line =~ /^(\w+) (.+?)(?:\t(.*))?$/;
    push @{ $said{$kind} }, [$name, $rest];
}

my %keys = map { $_ => 1 } map { split / , /, plain($_) } grep {/^\.It Ic/} split /\n/, section('Keys');
is_deeply([grep { !$keys{$_} } map { $_->[0] } @{ $said{key} }], [], 'every key');
my %bound = map { $_->[0] => 1 } @{ $said{key} };
is_deeply([grep { !$bound{$_} } sort keys %keys], [], 'and no other');

my @commands = map { plain($_) =~ m{^/(\w+) ?(.*)}; [$1, $2] } grep {m{^\.It Ic /}} split /\n/, section('COMMANDS');
is_deeply([sort map { $_->[0] } @commands], [sort map { $_->[0] } @{ $said{command} }], 'every command, and no other');

sub words { my ($arguments) = @_; return [map {lc} $arguments =~ /[\w-]+/g] }
my %arguments = map { @$_ } @commands;
is_deeply(words($arguments{ $_->[0] }), words($_->[1] // ''), "/$_->[0]: its arguments") for @{ $said{command} };

like(section('COMMANDS'), qr/\b\Q$_->[0]\E\b/, "setting $_->[0]") for @{ $said{setting} };
like(section('The client'), qr/\b$_\b/, "--ui $_") for qw(auto curses plain json);

my ($usage) = read_file("$FindBin::Bin/../../README.md") =~ /^## Usage\n\n(.*?\n)\n/ms;
for my $mode (qw(client send doctor bootnode)) {
    my (undef, $help) = run_program(command => [gochat(), '--mode', $mode, '--help']);
    like($source, qr/Fl -\Q$_\E\b/, "--$_ of $mode") for $help =~ /--([a-z-]+)/g;
    my ($shown) = $usage =~ /^ +gochat \[?--mode \Q$mode\E\b(.*?)(?=^ +gochat|\z)/ms;
    is_deeply([sort grep { !/^(?:help|version)$/ } $help =~ /^  --([a-z-]+)/mg],
        [uniq(sort +($shown // '') =~ /--([a-z-]+)/g)], "the usage of $mode in README.md");
}
like(section('EXIT STATUS'), qr/^\.It $_$/m, "exit status $_") for 0 .. 8;
like($source, qr/^\.It Ev .*\b$_\b/m, "the environment's $_") for qw(HOME NO_COLOR TERM XDG_CONFIG_HOME XDG_DATA_HOME);

finish();
