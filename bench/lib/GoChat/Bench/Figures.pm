package GoChat::Bench::Figures;

# What a document says of the last whole run: text made of the results, so that the two cannot disagree.
#
#     my $new = refreshed($document, $results); # its block between the two marks is that text now
use strict;
use warnings;
use utf8;
use Exporter qw(import);
use GoChat::Bench::Quiet qw(noise);
use GoChat::Bench::Spread qw(thousands);
use Text::Wrap ();

our @EXPORT_OK = qw(refreshed);

use constant COLUMNS => 120;
use constant { BEGINS => '<!-- of results/bench.json, by bench/figures -->', ENDS => '<!-- until here -->' };

# Dies where the marks are missing.
sub refreshed {
    my ($document, $results) = @_;
    my ($begins, $ends) = (BEGINS, ENDS);
    my $text = _text($results);
    $document =~ s/^\Q$begins\E\n.*?^\Q$ends\E$/$begins\n$text$ends/ms or die "bench/figures: no '$begins' there\n";
    return $document;
}

sub _text {
    my ($results) = @_;
    my ($machine, $settings) = @$results{qw(machine settings)};
    my @sentences = (
        "Commit $machine->{commit}, $machine->{date}, $machine->{cpu}, $machine->{cores} cores, $machine->{kernel}, "
            . thousands($settings->{sessions}) . ' sessions.',
        defined $results->{minutes} ? sprintf('It took %.0f minutes.', $results->{minutes}) : (),
        map({ ucfirst "$_." } noise($machine, $results->{steps})),
        _packets($results->{packets}),
        _goals($results->{goals}),
    );
    local $Text::Wrap::columns = COLUMNS + 1;
    local $Text::Wrap::huge = 'overflow';
    return Text::Wrap::wrap('', '', join ' ', @sentences) . "\n";
}

sub _packets {
    my ($rows) = @_;
    my @against = map { _of_floor($_) } grep { $_->{ratio} } @{ $rows // [] };
    return @against ? 'Processor time per packet in floors: ' . join(', ', @against) . '.' : ();
}

sub _of_floor {
    my ($row) = @_;
    my $name = $row->{title} =~ s/^GoChat, //r;
    $name =~ s/^heartbeat/a heartbeat/;
    return sprintf '%s %.2f (%.2f–%.2f)', $name =~ s/, / /r, @{ $row->{ratio} }{qw(median min max)};
}

# Those that were missed, one by one.
sub _goals {
    my ($goals) = @_;
    my @missed = grep { !$_->{met} } @$goals;
    my $all = 'Of ' . @$goals . ' goals';
    return "$all all were met." unless @missed;
    my @said = map { "$_->{what} (" . _short($_->{measured}) . ', at most ' . _short($_->{limit}) . ')' } @missed;
    return "$all " . @missed . (@missed == 1 ? ' was' : ' were') . ' missed: ' . join('; ', @said) . '.';
}

sub _short {
    my ($number) = @_;
    return $number >= 100 ? thousands($number) : sprintf '%.3g', $number;
}

1;
