#!/usr/bin/perl
# PROTOCOL.md and the sources say the same: each section and rule that anybody refers to is there.
use strict;
use warnings;
use File::Find qw(find);
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use Test::More;

my $root = "$FindBin::Bin/../..";
my $protocol = read_file("$root/common/PROTOCOL.md");

# --- sections and rules -----------------------------------------------------------------------------------------------

# Numbers of sections, each with those of its rules: a rule is an item of a numbered list.
my %rules;
my $section;
for my $line (split /\n/, $protocol) {
    if ($line =~ /^#+ (?:(\d+(?:\.\d+)*)\.? )?/) {
        $section = $1;
        $rules{$section} = {} if defined $section;
    } elsif (defined $section && $line =~ /^(\d+)\. /) {
        ok(!$rules{$section}{$1}, "§$section has one rule $1");
        $rules{$section}{$1} = 1;
    }
}
is_deeply([sort { $a <=> $b } keys %{ $rules{$_} }], [1 .. keys %{ $rules{$_} }], "the rules of §$_ have no gap")
    for sort keys %rules;

my $one_rule = qr/\d+(?: \([a-z]\))?/;
my $some_rules = qr/,? rules? ($one_rule(?:(?:, | and )$one_rule)*)/;

sub check_reference {
    my ($where, $number, $named) = @_;
    return fail("$where: §$number is there") if !$rules{$number};
    my @missing = grep { !$rules{$number}{$_} } ($named // '') =~ /(\d+)/g;
    is_deeply(\@missing, [], "$where: §$number" . (defined $named ? " rule $named" : ''));
}

# A comment's lines as one.
sub joined { my ($text) = @_; return $text =~ s{\n\s*(?:\*|#|//)?\s*}{ }gr }

my @sources;
find({ no_chdir => 1, wanted => sub {
    $File::Find::prune = 1 if m{/(?:\.git|build|shared)$};
    push @sources, $_ if -f && /(?:\.[cht]|\.pm|\.md|\.1|\.ini|\.pl)$/ && !m{/PROTOCOL\.md$};
} }, $root);
my $references = 0;
for my $file (sort @sources) {
    my $text = joined(read_file($file));
    my $name = $file =~ s{^\Q$root\E/}{}r;
    while ($text =~ /PROTOCOL\.md((?:(?:, | and | )§\d+(?:\.\d+)*(?:$some_rules)?)+)/g) {
        my $list = $1;
        while ($list =~ /§(\d+(?:\.\d+)*)(?:$some_rules)?/g) {
            check_reference($name, $1, $2);
            $references++;
        }
    }
}
cmp_ok($references, '>', 40, "references to PROTOCOL.md were found ($references)");

# Within PROTOCOL.md itself, where "rule 5" alone is one of the section that it stands in.
my $own = 0;
for my $part (split /^(?=#+ )/m, $protocol) {
    my ($here) = $part =~ /^#+ (\d+(?:\.\d+)*)/;
    my $text = joined($part) =~ s/(?:RFC \d+|Noise|WireGuard) §[\d.]+//gr;
    while ($text =~ /§(\d+(?:\.\d+)*)(?:$some_rules)?|(?<!\d )rules? ($one_rule)/g) {
        check_reference('PROTOCOL.md', $1 // $here, $2 // $3);
        $own++;
    }
}
cmp_ok($own, '>', 10, "references within PROTOCOL.md were found ($own)");

finish();
