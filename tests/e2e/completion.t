#!/usr/bin/perl
# Bash, zsh and fish complete what the programs take: at a terminal, somebody types all but the last letter of each flag of
# each mode, of each mode, and of each word that a flag takes, and presses the tabulator and return. What is run then is
# compared. A shell that is not here is skipped; bash is everywhere.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Copy qw(copy);
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use Test::More;

my $completion = abs_path("$FindBin::Bin/../../conf/completion");
my $real = dirname(gochat());

# What is run says with what, unless it is asked for help: then it is the program.
my $folder = temp_dir();
mkdir "$folder/bin" or die "mkdir: $!";
for my $name (qw(gochat gochat-load)) {
    my $program = $name eq 'gochat' ? gochat() : "$real/gochat-load";
    chmod 0755, write_file("$folder/bin/$name", <<"END");
#!/bin/sh
for word; do case \$word in --help) exec '$program' "\$@" ;; esac; done
printf 'ran:%s:' $name; printf ' <%s>' "\$@"; echo ' end'
END
}
write_file("$folder/settings.file", '');
mkdir "$folder/datafolder" or die "mkdir: $!";

# --- what there is to complete -----------------------------------------------------------------------------------------

# A page of help as a list of [flag, what it takes, help].
sub flags_of {
    my (@command) = @_;
    my (undef, $page) = run_program(command => [@command, '--help']);
    return map { /^  --([a-z-]+)(?: ([^ ,]+))? +(.*)/ ? [$1, $2 // '', $3] : () } split /\n/, $page;
}

my (undef, $modes_page) = run_program(command => [gochat(), '--help']);
my @modes = $modes_page =~ /^  ([a-z]+)  +\S/mg;
cmp_ok(scalar @modes, '>=', 4, 'there are modes');

# [typed, what is run]. Where what is typed begins several words, they are completed as far as they are the same.
my @lines = (['gochat --mod', 'gochat: <--mode>']);

sub expect_words {
    my ($line, $before, @words) = @_;
    for my $word (@words) {
        my $typed = substr $word, 0, -1;
        my ($same, @others) = grep {/^\Q$typed\E/} @words;
        for my $other (@others) { chop $same while index($other, $same) != 0 }
        push @lines, ["$line$typed", join ' ', @$before, "<$same>"];
    }
    return;
}
sub expect_flags {
    my ($line, $before, @flags) = @_;
    expect_words("$line ", $before, map {"--$_->[0]"} grep { $_->[0] ne 'help' } @flags);
    for (@flags) {
        my ($flag, $takes, $help) = @$_;
        my @words = $takes eq 'LEVEL' ? grep { $_ ne 'or' } $help =~ /\w+/g : $takes =~ /\|/ ? split /\|/, $takes : ();
        expect_words("$line --$flag ", [@$before, "<--$flag>"], @words);
    }
    return;
}

expect_words('gochat --mode ', ['gochat:', '<--mode>'], @modes);
expect_flags("gochat --mode $_", ['gochat:', '<--mode>', "<$_>"], flags_of(gochat(), '--mode', $_)) for @modes;
expect_flags('gochat-load', ['gochat-load:'], flags_of("$real/gochat-load"));
cmp_ok(scalar @lines, '>', 80, 'and flags');

# Commands have the form of modes, on the page of the mode that has them; behind some stands one of a few words.
my ($commands) = map { (run_program(command => [gochat(), '--mode', $_, '--help']))[1] } grep { $_ eq 'ctl' } @modes;
my @commands = $commands =~ /^  ([a-z][a-z-]*)(?: \S+)*  /mg;
cmp_ok(scalar @commands, '>=', 10, 'and commands');
my @ctl = ('gochat:', '<--mode>', '<ctl>');
expect_words('gochat --mode ctl ', \@ctl, @commands);
expect_words('gochat --mode ctl --json ', [@ctl, '<--json>'], @commands);
while ($commands =~ /^  ([a-z-]+) ([a-z]+(?:\|[a-z]+)+)  /mg) {
    expect_words("gochat --mode ctl $1 ", [@ctl, "<$1>"], split /\|/, $2);
}
push @lines,
    ['gochat --mode=bootnode --listen=::1 --confi', 'gochat: <--mode=bootnode> <--listen=::1> <--config>'],
    ['gochat --ui=plai', 'gochat: <--ui=plain>'],
    ['gochat --mode bootnode --config settings.f', 'gochat: <--mode> <bootnode> <--config> <settings.file>'],
    ['gochat --data-dir dataf', 'gochat: <--data-dir> <datafolder/>'],
    ['gochat --mode identity restore settings.f', 'gochat: <--mode> <identity> <restore> <settings.file>'],
    ['gochat-load --rows settings.f', 'gochat-load: <--rows> <settings.file>'],
    ['gochat-load --merge settings.f', 'gochat-load: <--merge> <settings.file>'],
    # What another mode has is not offered.
    ['gochat --mode doctor --nic', 'gochat: <--mode> <doctor> <--nic>'],
    ['gochat --mode bootnode --u', 'gochat: <--mode> <bootnode> <--u>'];

# --- at a terminal -----------------------------------------------------------------------------------------------------

my %shells = (
    bash => ['bash --noprofile --norc -i', "source $completion/bash/gochat"],
    zsh => ['zsh -f -i', "fpath=($completion/zsh \$fpath); autoload -Uz compinit; compinit -u -d $folder/zcompdump; "
            . 'setopt no_auto_remove_slash no_beep no_list_ambiguous; unsetopt auto_menu'],
    fish => ['fish -N -i', "set fish_greeting; set fish_autosuggestion_enabled 0; "
            . "source $completion/fish/gochat.fish; source $completion/fish/gochat-load.fish"],
);

sub open_terminal {
    my ($shell) = @_;
    my ($command, $setup) = @{ $shells{$shell} };
    local $ENV{PATH} = "$folder/bin:$ENV{PATH}";
    local $ENV{HOME} = $folder;
    local $ENV{TERM} = 'dumb';
    local $ENV{XDG_CONFIG_HOME} = "$folder/none";
    local $ENV{XDG_DATA_HOME} = "$folder/none";
    my $terminal = start_program(name => $shell, command => ['script', '-qec', "cd $folder && exec $command", '/dev/null']);
    send_line($terminal, "$setup; echo re''ady");
    return wait_line($terminal, qr/^\W*ready\b|\bready\r?$/, 20) && $terminal;
}

my %terminals;
for my $shell (sort keys %shells) {
    SKIP: {
        skip "no $shell here", 1 unless grep { -x "$_/$shell" } split /:/, $ENV{PATH};
        $terminals{$shell} = open_terminal($shell);
        ok($terminals{$shell}, "$shell runs");
    }
}

# All shells at once: each line takes some processes.
my %wrong = map { $_ => [] } keys %terminals;
LINE: for (@lines) {
    my ($typed, $wanted) = @$_;
    send_line($_, "$typed\t") for values %terminals;
    for my $shell (sort keys %terminals) {
        my $line = wait_line($terminals{$shell}, qr/ran:.* end/, 20) or last LINE;
        my ($ran) = $line->{text} =~ /ran:(.*) end/;
        $ran =~ s/=>$/>/; # a flag may be completed with what stands between it and its value
        push @{ $wrong{$shell} }, "$typed: $ran" if $ran ne $wanted;
    }
}
is_deeply($wrong{$_}, [], "$_ completes " . @lines . ' lines') for sort keys %terminals;

finish();
