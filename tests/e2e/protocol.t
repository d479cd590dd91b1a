#!/usr/bin/perl
# PROTOCOL.md and the sources say the same: each section and rule that anybody refers to is there; each number in its
# tables is in the code under that name; and a bootnode answers with as many bytes as the table of amplification says.
use strict;
use warnings;
use File::Find qw(find);
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use IO::Select;
use IO::Socket::IP;
use List::Util qw(uniq);
use Socket qw(SOCK_DGRAM);
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

# --- numbers ----------------------------------------------------------------------------------------------------------

# What the sources define by a name: expressions, of macros and of enumerations.
my %defined;
for my $file (grep { m{^\Q$root\E/(?:common|client|bootnode)/.*\.[ch]$} } @sources) {
    my $text = read_file($file) =~ s{/\*.*?\*/}{}gsr =~ s/\\\n/ /gr;
    push @{ $defined{$1} }, $2 while $text =~ /^#define (\w+) +(\S.*?)\s*$/mg;
    for my $list ($text =~ /\benum(?: \w+)? \{(.*?)\}/sg) {
        my $next = 0;
        for my $item ($list =~ /\w[^,]*/g) {
            my ($name, $value) = $item =~ /^(\w+)(?:\s*=\s*(.*\S))?/s;
            $value //= $next;
            push @{ $defined{$name} }, $value;
            $next = "($value) + 1";
        }
    }
}

# The value of a constant expression, undef where it is none.
sub value_of {
    my ($expression) = @_;
    my $plain = $expression =~ s/\bU?INT(?:32|64)_C\b//gr =~ s/\b(0x[0-9a-fA-F]+|\d+)[uUlL]+\b/$1/gr;
    $plain =~ s{\b([A-Z_][A-Z_0-9]*)\b}{ value_of(($defined{$1} // [''])->[0]) // return }ge;
    return if $plain !~ m{^[\s\d()+*/x a-fA-F-]+$};
    return eval "use integer; $plain"; # of digits and signs
}

# Names of several files, which have nothing to do with each other.
my %several = map { $_ => 1 } qw(EVENTS_MOST PATH_SIZE SWEEP_EVERY_MS);

sub check_number {
    my ($name, $value) = @_;
    return fail("$name: PROTOCOL.md §6 has it, the code has not; a new name goes there, too") if !$defined{$name};
    my @values = uniq(grep {defined} map { value_of($_) } @{ $defined{$name} });
    return ok(grep({ $_ == $value } @values), "$name is $value") if $several{$name};
    return is("@values", $value =~ /^0x/ ? hex $value : $value, "$name is $value");
}

sub part { my ($title) = @_; return ($protocol =~ /^(#+ \Q$title\E.*?)(?=^## |\z)/ms)[0] // '' }

my $numbers = part('6. Constants');
my %tabled = $numbers =~ /^\| `([A-Z_0-9]+)` \| (\d+) \|/mg;
check_number($_, $tabled{$_}) for sort keys %tabled;
my %coded = map {/`(\w+)` (\w+)/g} $numbers =~ /^\| [\w ,:]+ \| (`.*) \|$/mg;
check_number($_, $coded{$_}) for sort keys %coded;
cmp_ok(scalar keys %tabled, '>', 150, 'numbers have a name');
cmp_ok(scalar keys %coded, '>', 60, 'and codes');

# Whatever has a code is described under it.
for my $name (grep {/^(?:MESSAGE|PEER)_/} sort keys %coded) {
    next if $name eq 'MESSAGE_VERSION';
    my $said = $coded{$name} . ' ' . $name =~ s/^[A-Z]+_//r;
    like($protocol, qr/\*\*\Q$said\E\b/, "$said has its layout");
}
for my $name (grep { /^FRAME_/ && !/_PADDING$/ } sort keys %coded) {
    my $said = "| $coded{$name} | " . lc $name =~ s/^FRAME_//r;
    like($protocol, qr/^\Q$said\E \|/m, "frame $said");
}

my $config = read_file("$root/bootnode/config.c");
my %settings = $numbers =~ /^\| `([a-z_]+)` \| (\d[\w\/]*) \|/mg;
for my $setting (sort keys %settings) {
    my ($default) = $config =~ /\b(?:RATE|BYTE_RATE)\($setting, "(\d[\w\/]*)"/;
    ($default) = $config =~ /\bKEY\($setting, [^;]*?\.fallback = "(\d[\w\/]*)"/s if !defined $default;
    is($default, $settings{$setting}, "the setting $setting");
}
cmp_ok(scalar keys %settings, '>', 10, 'settings are told');

# --- amplification ----------------------------------------------------------------------------------------------------

# Rows "request | bytes | answer | bytes | ratio", by request.
my %rows = map { $_->[0] => $_ } map { [/\| ([^|]+?) (?=\|)/g] } grep {/^\| .* \| \d+ \|.*\d\.\d\d \|$/}
    split /\n/, part('5. Security considerations');
for my $row (map { $rows{$_} } sort keys %rows) {
    my ($request, $sent, $answer, $got, $ratio) = @$row;
    is($ratio, sprintf('%.2f', $got / $sent + 1e-9), "$request: $got / $sent");
}

sub row_is {
    my ($request, $sent, $got) = @_;
    my $row = $rows{$request} // [];
    is_deeply([$row->[1], $row->[3]], [$sent, $got], "$request: as sent and received");
    return;
}

my $dead = pack 'Q>', 0x010203 << 40;
my %ask = (
    'HELLO' => pack('C C x2 a8 x188', 0x80, 1, 'a nonce!'),
    'HELLO of another version' => pack('C C x2 a8 x188', 0x80, 2, 'a nonce!'),
    'HEARTBEAT of a dead session' => "\x84\0\0\0$dead" . "\0" x 28,
    'LEAVE of a dead session' => "\x8b\0\0\0$dead" . pack('Q>', 1) . "\0" x 17,
    'RELAY of a dead session' => "\x8f\0\0\0$dead" . "\0" x 16 . "\x94" . "\0" x 31 . "\0" x 16,
    'STUN, IPv4' => pack('n n N a12', 1, 0, 0x2112a442, 'transaction.'),
    'STUN with an unknown attribute' => pack('n n N a12 n n', 1, 4, 0x2112a442, 'transaction.', 0x7777, 0),
);
my $bootnode = start_bootnode();
my ($host, $port) = $bootnode->{address} =~ /(.*):(\d+)/;
my $socket = IO::Socket::IP->new(PeerHost => $host, PeerPort => $port, Type => SOCK_DGRAM) or die "socket: $@\n";
for my $request (sort keys %ask) {
    $socket->send($ask{$request});
    my $answer = '';
    $socket->recv($answer, 2048) if IO::Select->new($socket)->can_read(slow(5));
    row_is($request, length $ask{$request}, length $answer);
}
my %number = map { $_ => value_of($_) } grep { defined $defined{$_} } qw(REGISTER_SIZE WELCOME_MAX BEAT_SIZE
    PEER_PROBE_SIZE PEER_HANDSHAKE_SIZE PEER_COOKIE_REPLY_SIZE PEER_CONFIRMATION_MAX CREDIT_FACTOR PEER_TOKEN_SIZE PEER_DATA_OVERHEAD PEER_FRAMES_MAX
    PEER_INTRODUCTION_MIN PEER_INTRODUCTION_MAX FRAME_HEADER_SIZE FRAMES_ALIGNMENT PACKET_MAX RECORD_CANDIDATES_MAX
    PING_ROOM TRIALS_NAMED_BURST TAG_SIZE NOISE_XX_3_OVERHEAD);

# The DATA packet of so many bytes of frames.
sub data_size {
    my ($frames) = @_;
    my $over = -$frames % $number{FRAMES_ALIGNMENT};
    return $frames + $over + $number{PEER_DATA_OVERHEAD};
}
my $ping = $number{FRAME_HEADER_SIZE} + 8;
my $named = $number{FRAME_HEADER_SIZE} + 3 + 7 * $number{RECORD_CANDIDATES_MAX};
row_is('REGISTER', @number{qw(REGISTER_SIZE WELCOME_MAX)});
row_is('HEARTBEAT, from elsewhere', $number{BEAT_SIZE}, $tabled{PATH_SIZE});
row_is('STUN, IPv6', 20, 20 + 4 + 4 + 16);
row_is('STUN, IPv6, `stun_alternate`', 20, 20 + 3 * (4 + 4 + 16));
row_is('PROBE', @number{qw(PEER_PROBE_SIZE PEER_HANDSHAKE_SIZE)});
row_is('INITIATION', @number{qw(PEER_HANDSHAKE_SIZE PEER_COOKIE_REPLY_SIZE)});
row_is('COOKIE_REPLY', @number{qw(PEER_COOKIE_REPLY_SIZE PEER_HANDSHAKE_SIZE)});
my $least_confirmation
    = 16 + $number{NOISE_XX_3_OVERHEAD} + $number{PEER_INTRODUCTION_MIN} + $number{PEER_TOKEN_SIZE} + $number{TAG_SIZE};
row_is('CONFIRMATION, repeated', $least_confirmation,
    data_size($number{FRAME_HEADER_SIZE} + $number{PEER_INTRODUCTION_MAX} + 2 * $ping));
row_is('RESPONSE, as responder', $number{PEER_HANDSHAKE_SIZE},
    int($number{CREDIT_FACTOR} * $number{PEER_HANDSHAKE_SIZE} / $number{PEER_CONFIRMATION_MAX})
        * $number{PEER_CONFIRMATION_MAX});
row_is('CONFIRMATION, as initiator', $least_confirmation, $number{CREDIT_FACTOR} * $least_confirmation);
row_is('DATA with PINGs, one or many', data_size($ping), data_size($ping));
row_is('DATA with CANDIDATES that name eight strangers, on a relayed path', data_size($named),
    $number{TRIALS_NAMED_BURST} * data_size($number{PING_ROOM}));
row_is('the same, from then on', data_size($named), data_size($number{PING_ROOM}));
row_is('DATA with BYEs, one or many', (data_size($number{FRAME_HEADER_SIZE})) x 2);
row_is('PROBE between two rounds, as responder', @number{qw(PEER_PROBE_SIZE PEER_HANDSHAKE_SIZE)});

finish();
