package GoChat::Valgrind;

# Unit tests under valgrind: no error, and not a byte left at the end.
#
#     check_units('client', 'crowd'); # folders of tests/unit: every test in them, and the end of the plan
use strict;
use warnings;
use Exporter qw(import);
use Test::More;

our @EXPORT = qw(check_units);

use constant SHARE => 8; # tests/support/rounds.h

my @VALGRIND = qw(valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=all
    --errors-for-leak-kinds=all --fair-sched=try --suppressions=tests/suppressions/valgrind);

sub check_units {
    my @folders = @_;
    plan skip_all => 'a sanitized build' if $ENV{SAN};
    my $out = $ENV{OUT} || 'build';
    my @names = map {m{^tests/unit/(.+)\.c$}} map { sort glob "tests/unit/$_/test_*.c tests/unit/$_/*/test_*.c" } @folders;
    plan skip_all => "no unit tests in @folders" if !@names;
    local $ENV{GOCHAT_SHARE} = SHARE;
    for my $name (@names) {
        my $report = qx{@VALGRIND $out/tests/unit/$name 2>&1};
        ok($? == 0, $name) or diag "status @{[$? >> 8]}\n$report";
    }
    done_testing();
    return;
}

1;
