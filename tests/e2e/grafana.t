#!/usr/bin/perl
# conf/grafana.json is a dashboard that Grafana takes: the fields that its documentation of the dashboard's JSON model
# asks for, with their types, panels that do not overlap, and no variable that it does not have. What it asks Prometheus
# for is e2e/prometheus.t's to check. Copies with a fault each are refused, so that the check is one.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use JSON::PP;
use Test::More;

use constant { COLUMNS => 24, UID_MOST => 40 };

my $text = read_file("$FindBin::Bin/../../conf/grafana.json");

my %TYPES = map { $_ => 1 } qw(row stat timeseries state-timeline);
my %UNITS = map { $_ => 1 } qw(none short percentunit s ops pps bps bytes);
my %BUILT_IN = map { $_ => 1 } qw(__rate_interval __interval __range);

sub is_number { my ($value) = @_; return defined $value && !ref $value && $value =~ /\A-?\d+(?:\.\d+)?\z/ }
sub is_count { my ($value) = @_; return is_number($value) && $value =~ /\A\d+\z/ }
sub is_text { my ($value) = @_; return defined $value && !ref $value && length $value }
sub is_list { my ($value) = @_; return ref $value eq 'ARRAY' }
sub is_map { my ($value) = @_; return ref $value eq 'HASH' }
sub is_flag { my ($value) = @_; return JSON::PP::is_bool($value) }

sub top_faults {
    my ($it) = @_;
    my %asked = (title => \&is_text, uid => \&is_text, schemaVersion => \&is_count, version => \&is_count,
        panels => \&is_list, tags => \&is_list, links => \&is_list, editable => \&is_flag, refresh => \&is_text,
        templating => \&is_map, annotations => \&is_map, time => \&is_map, timepicker => \&is_map);
    my @faults = map { $asked{$_}->($it->{$_}) ? () : "$_ is missing or of a wrong type" } sort keys %asked;
    return @faults if @faults;
    push @faults, 'id: a dashboard that is shared has none' if defined $it->{id};
    push @faults, 'uid' if $it->{uid} !~ /\A[\w-]{1,${\UID_MOST}}\z/;
    push @faults, 'schemaVersion: before panels had gridPos, or not yet there' if $it->{schemaVersion} < 16 || $it->{schemaVersion} > 41;
    push @faults, 'time' if grep { ($it->{time}{$_} // '') !~ /\Anow(?:-\d+[smhd])?\z/ } qw(from to);
    push @faults, 'lists' if !is_list($it->{templating}{list}) || !is_list($it->{annotations}{list});
    return @faults;
}

sub variable_faults {
    my ($it) = @_;
    my (@faults, %names);
    for my $variable (@{ $it->{templating}{list} }) {
        my $name = $variable->{name} // '';
        push @faults, "variable '$name'" if $name !~ /\A\w+\z/ || $names{$name}++ || !is_text($variable->{type});
        push @faults, "variable $name: hide" if !is_count($variable->{hide}) || $variable->{hide} > 2;
        push @faults, "variable $name: query" if $variable->{type} eq 'query' && !is_text($variable->{definition});
    }
    push @faults, 'no variable for the source' if !grep { $_->{type} eq 'datasource' && $_->{query} eq 'prometheus' } @{ $it->{templating}{list} };
    return @faults;
}

# The place of each panel, by the cells that it takes.
sub place_faults {
    my ($it) = @_;
    my (@faults, %taken);
    for my $panel (@{ $it->{panels} }) {
        my $grid = $panel->{gridPos};
        if (!is_map($grid) || grep { !is_count($grid->{$_}) } qw(x y w h)) { push @faults, "$panel->{title}: gridPos"; next }
        push @faults, "$panel->{title}: beyond the edge" if $grid->{w} < 1 || $grid->{h} < 1 || $grid->{x} + $grid->{w} > COLUMNS;
        push @faults, "$panel->{title}: a row is as wide as all" if $panel->{type} eq 'row' && "$grid->{x} $grid->{w} $grid->{h}" ne '0 24 1';
        for my $x ($grid->{x} .. $grid->{x} + $grid->{w} - 1) {
            for my $y ($grid->{y} .. $grid->{y} + $grid->{h} - 1) {
                my $other = $taken{"$x,$y"} //= $panel->{title};
                push @faults, "$panel->{title}: over $other" if $other ne $panel->{title};
            }
        }
    }
    return @faults;
}

sub source_faults {
    my ($it, $where, $source) = @_;
    my %sources = map { ('${' . "$_->{name}}" => 1) } grep { $_->{type} eq 'datasource' } @{ $it->{templating}{list} };
    return is_map($source) && ($source->{type} // '') eq 'prometheus' && $sources{ $source->{uid} // '' } ? () : "$where: datasource";
}

sub target_faults {
    my ($it, $panel) = @_;
    my %variables = (%BUILT_IN, map { $_->{name} => 1 } @{ $it->{templating}{list} });
    my (@faults, %refs);
    for my $target (@{ $panel->{targets} }) {
        push @faults, "$panel->{title}: refId" if ($target->{refId} // '') !~ /\A[A-Z]\z/ || $refs{ $target->{refId} }++;
        push @faults, "$panel->{title}: expr" if !is_text($target->{expr});
        push @faults, "$panel->{title}: legendFormat" if !is_text($target->{legendFormat});
        push @faults, "$panel->{title}: variable $_" for grep { !$variables{$_} } ($target->{expr} // '') =~ /\$\{?(\w+)/g;
        push @faults, source_faults($it, "$panel->{title}: target", $target->{datasource});
    }
    return @faults;
}

sub threshold_faults {
    my ($panel) = @_;
    my $thresholds = $panel->{fieldConfig}{defaults}{thresholds} // return;
    my @steps = @{ $thresholds->{steps} // [] };
    return "$panel->{title}: thresholds" if !@steps || defined $steps[0]{value} || grep { !is_text($_->{color}) } @steps;
    return map { $steps[$_]{value} > ($steps[$_ - 1]{value} // 0) ? () : "$panel->{title}: thresholds rise" } 1 .. $#steps;
}

sub panel_faults {
    my ($it) = @_;
    my (@faults, %ids, %titles);
    for my $panel (@{ $it->{panels} }) {
        my $title = $panel->{title};
        if (!is_text($title) || !$TYPES{ $panel->{type} // '' }) { push @faults, 'a panel without title or type'; next }
        push @faults, "$title: id" if !is_count($panel->{id}) || $ids{ $panel->{id} }++;
        push @faults, "$title: twice" if $titles{$title}++;
        next if $panel->{type} eq 'row';
        if (!is_list($panel->{targets}) || !@{ $panel->{targets} }) { push @faults, "$title: targets"; next }
        push @faults, "$title: $_" for grep { !is_map($panel->{$_}) } qw(fieldConfig options);
        my $unit = ($panel->{fieldConfig} // {})->{defaults}{unit};
        push @faults, "$title: unit" if $panel->{type} ne 'state-timeline' && !$UNITS{ $unit // '' };
        push @faults, source_faults($it, $title, $panel->{datasource}), target_faults($it, $panel), threshold_faults($panel);
    }
    return @faults;
}

sub faults {
    my ($it) = @_;
    my @faults = top_faults($it);
    return @faults if @faults;
    return (variable_faults($it), panel_faults($it), place_faults($it));
}

my $dashboard = decode_json($text);
is(join("\n", faults($dashboard)), '', 'the dashboard has all that Grafana asks for');
my @panels = @{ $dashboard->{panels} };
cmp_ok(scalar(grep { $_->{type} ne 'row' } @panels), '>=', 20, 'and shows much');
my @rates = map { $_->{expr} =~ /(?:rate|increase)\((.*?)\)/g } map { @{ $_->{targets} // [] } } @panels;
is(join(', ', grep { !/\[(?:\$__rate_interval|1m)\]\z/ } @rates), '',
    'rates are over as long as the scrapes and the screen ask for');

# The index of the first panel that is no row.
my ($first) = grep { $panels[$_]{type} ne 'row' } 0 .. $#panels;
my %faulty = (
    'no title' => sub { delete $_[0]{title} },
    'an id of its own' => sub { $_[0]{id} = 1 },
    'an old schema' => sub { $_[0]{schemaVersion} = 14 },
    'no variable for the source' => sub { shift @{ $_[0]{templating}{list} } },
    'a source that is fixed' => sub { $_[0]{panels}[$first]{datasource}{uid} = 'P1234' },
    'an unknown variable' => sub { $_[0]{panels}[$first]{targets}[0]{expr} .= ' + $room' },
    'no question' => sub { $_[0]{panels}[$first]{targets} = [] },
    'an empty question' => sub { $_[0]{panels}[$first]{targets}[0]{expr} = '' },
    'panels over each other' => sub { $_[0]{panels}[$first + 1]{gridPos} = $_[0]{panels}[$first]{gridPos} },
    'a panel beyond the edge' => sub { $_[0]{panels}[$first]{gridPos}{x} = 23 },
    'ids twice' => sub { $_[0]{panels}[$first]{id} = $_[0]{panels}[$first + 1]{id} },
    'an unknown panel' => sub { $_[0]{panels}[$first]{type} = 'graph3d' },
    'thresholds that fall' => sub { $_[0]{panels}[$first]{fieldConfig}{defaults}{thresholds}{steps}[1]{value} = 9 },
);
for my $fault (sort keys %faulty) {
    my $copy = decode_json($text);
    $faulty{$fault}->($copy);
    isnt(join(' ', faults($copy)), '', "refused: $fault");
}
done_testing();
