package GoChat::Bench::Generator;

# One of several gochat-loads at one bootnode. Each knows only its own packets, so none is told of the metrics.
#
#     my $residents = GoChat::Bench::Generator->rows($setup, 'residents', $where, '--sessions', 1000);
#     my $result = $residents->row('full', '--idle --duration 1');
#     $residents->begin('beats', '--interval 4'); ...; $result = $residents->result;
#     my $flood = GoChat::Bench::Generator->single($setup, 'flood', '--to', $address, '--stun');
#     $result = $flood->cut;
use strict;
use warnings;
use File::Temp ();
use GoChat::Bench::Process;
use JSON::PP ();

use constant END_TIMEOUT => 30;

sub _start {
    my ($class, $setup, $name, @words) = @_;
    my $folder = File::Temp->newdir('gochat-bench-load-XXXXXX', TMPDIR => 1);
    my $load = GoChat::Bench::Process->start(name => "gochat-load ($name)", cores => $setup->{load_core}, piped => 1,
        folder => $folder, log => "$folder/log",
        command => [@{ $setup->{before_load} // [] }, $setup->{gochat_load}, @words, '--json', '-']);
    return bless { load => $load, name => $name }, $class;
}

# A fleet that lives from row to row.
sub rows {
    my ($class, $setup, $name, @words) = @_;
    return $class->_start($setup, $name, @words, '--rows', '-');
}

# What the flags say, at once.
sub single {
    my ($class, $setup, $name, @words) = @_;
    return $class->_start($setup, $name, @words);
}

sub begin {
    my ($self, $name, $flags) = @_;
    print { $self->{load}{input} } "--name $name $flags\n";
    return;
}

# Waits for the row to end.
sub result {
    my ($self) = @_;
    my $result = JSON::PP::decode_json($self->{load}->line);
    delete $_->{buckets} for grep { ref eq 'HASH' } values %$result;
    return $result;
}

sub row {
    my ($self, @row) = @_;
    $self->begin(@row);
    return $self->result;
}

sub ended {
    my ($self) = @_;
    return $self->{load}->ended;
}

# Sends no more from now on; what was measured so far is its `result`.
sub cut {
    my ($self) = @_;
    kill INT => $self->{load}{pid} unless $self->ended;
    return;
}

sub end {
    my ($self) = @_;
    close $self->{load}{input};
    $self->{load}->wait_until(sub { $self->{load}->ended }, END_TIMEOUT);
    return;
}

# What is cut or single has said all there is to say with its result.
sub finish {
    my ($self) = @_;
    my $result = $self->result;
    $self->{load}->wait_until(sub { $self->{load}->ended }, END_TIMEOUT);
    return $result;
}

# Without a word, and without its result.
sub stop {
    my ($self) = @_;
    return $self->{load}->stop;
}

1;
