#!/usr/bin/perl
# .ci/includes refuses an include against the order of the house, a circle of files, and a header that declares what others
# define: small trees of the test's own, with the real order.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Path qw(make_path);
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use Test::More;

my $check = abs_path("$FindBin::Bin/../../.ci/includes");

# What is said of such a tree, and whether it is let pass.
sub said_of {
    my (%tree) = @_;
    my $folder = temp_dir();
    for my $file (sort keys %tree) {
        make_path(dirname("$folder/$file"));
        write_file("$folder/$file", $tree{$file});
    }
    my ($status, $out, $err) =
        run_program(name => 'includes', command => ['env', '-C', "$folder", $check, sort keys %tree]);
    is($err, '', 'nothing went wrong');
    is($status, $out eq '' ? 0 : 1, 'the status says whether there was something to say');
    return $out;
}

my %good = (
    'common/ground.h' => "#pragma once\n/* Long. */\nMUST_USE int ground_level(int metres,\n                          int feet);\nstruct ground;\n",
    'common/ground.c' => "#include \"common/ground.h\"\n\nint ground_level(int metres,\n                 int feet) {\n"
        . "    return metres + feet;\n}\n",
    'client/peer/peer.h' => "#pragma once\n#include \"common/ground.h\"\n/*\n#include \"client/main.h\"\n*/\n"
        . "static inline int peer_zero(void) {\n    return 0;\n}\n",
    'client/main.c' => "#include \"client/peer/peer.h\"\n#include <stdio.h>\nstatic int start(void);\nint main(void) {\n"
        . "    goto out;\nout:\n    return start();\n}\n",
    'tests/unit/test_peer.c' => "#include \"client/peer/peer.h\"\n#include \"tests/support/folder.h\"\n",
    'tests/support/folder.h' => "#pragma once\n",
);
is(said_of(%good), '', 'a tree in order');

# --- the order -------------------------------------------------------------------------------------------------------

like(said_of(%good, 'common/ground.h' => "#pragma once\n\n#include \"client/peer/peer.h\"\n"),
    qr{^common/ground\.h:3: includes client/peer/peer\.h, but common may include only itself$}m, 'the ground includes a house');
like(said_of(%good, 'client/keys/secret.c' => "#include \"client/peer/peer.h\"\n"),
    qr{^client/keys/secret\.c:1: .* but client/keys may include only itself and what stands below it: common$}m,
    'one floor includes a higher one');
like(said_of(%good, 'bootnode/server.c' => "#include \"client/peer/peer.h\"\n"),
    qr{^bootnode/server\.c:1: includes client/peer/peer\.h, but }m, 'one program includes the other');
like(said_of(%good, 'client/room/room.c' => "#  include \"tests/support/folder.h\"\n"),
    qr{^client/room/room\.c:1: includes tests/support/folder\.h, but }m, 'what is sold includes a test');
is(said_of('somewhere/else.c' => "\n"), "somewhere/else.c:1: has no place in the order of .ci/includes\n", 'no place');
is(said_of('client/else.c' => "\n"), "client/else.c:1: has no place in the order of .ci/includes\n", 'a place beside others');

# --- circles ---------------------------------------------------------------------------------------------------------

is(said_of(
        'client/room/a.h' => "#pragma once\n",
        'client/room/a.c' => "#include \"client/room/a.h\"\n#include \"client/room/b.h\"\n",
        'client/room/b.h' => "#include \"client/room/c.h\"\n",
        'client/room/c.h' => "#pragma once\n",
        'client/room/c.c' => "\n\n#include \"client/room/a.h\"\n",
        'client/room/d.c' => "#include \"client/room/a.h\"\n"
    ),
    <<'END', 'three files in a circle, partly of headers and partly of sources');
a circle:
    client/room/a.c:2: client/room/a includes client/room/b
    client/room/b.h:1: client/room/b includes client/room/c
    client/room/c.c:3: client/room/c includes client/room/a
END

# --- calls -----------------------------------------------------------------------------------------------------------

like(said_of(%good, 'common/ground.c' => "#include \"common/ground.h\"\n"),
    qr{^common/ground\.h:3: declares ground_level, which common/ground\.c does not define$}m,
    'a header declares what no source of its name defines');
is(said_of('common/other.c' => "void ground_dig(void);\nvoid other(void) {\n    ground_dig();\n}\n"),
    "common/other.c:1: declares ground_dig, which is a header's to do\n", 'a source declares what it calls');

# --- names -----------------------------------------------------------------------------------------------------------

my %words = (
    'client/room/seat.h' => "void seat_take(void);\nvoid room_sit(void);\n",
    'client/room/seat.c' => "void seat_take(void) {\n}\nvoid room_sit(void) {\n}\n",
    'client/room/room.h' => "void room_open(void);\n",
    'client/room/room.c' => "void room_open(void) {\n}\n",
    'client/room/seat_plan.h' => "void seat_free(void);\nvoid other(void);\n",
    'client/room/seat_plan.c' => "void seat_free(void) {\n}\nvoid other(void) {\n}\n",
    'bootnode/table/board.h' => "void seat_at_board(void);\n",
    'bootnode/table/board.c' => "void seat_at_board(void) {\n}\n",
);
is(said_of(%words), '', 'the words of its own name, of its beginning, of its folder, of nobody, of another program');
$_ =~ s/seat_free/board_seat/ for @words{qw(client/room/seat_plan.h client/room/seat_plan.c)};
$_ =~ s/seat_at_board/board_at/ for @words{qw(bootnode/table/board.h bootnode/table/board.c)};
is(said_of(%words, 'client/ui/board.h' => "void board_show(void);\n", 'client/ui/board.c' => "void board_show(void) {\n}\n"),
    "client/room/seat_plan.h:1: declares board_seat, but board_ belongs to client/ui/board.h\n", 'the words of another file');

finish();
