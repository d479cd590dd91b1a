#!/usr/bin/perl
# `make run` and `make check` build with all processors, or with the jobs that they are given, and say what they build.
# With MAKE=echo the inner make is told and not run. `make install` puts everything where it belongs, and `make uninstall`
# leaves nothing of it.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Find;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use Test::More;

my $root = abs_path("$FindBin::Bin/../..");
my $processors = `nproc`;
chomp $processors;

sub told {
    my (@arguments) = @_;
    my ($status, $out, $err) = run_program(name => 'make', timeout => 30,
        command => [qw(env -u MAKEFLAGS -u MAKELEVEL -u MAKEOVERRIDES -u JOBS -u SAN -u T -u OUT), 'make', '-n', '-C', $root,
            'MAKE=echo inner', @arguments]);
    is($status, 0, "make @arguments") or diag($out, $err);
    return $out;
}

for my $target (qw(run check)) {
    my $said = told($target);
    like($said, qr/^inner -j$processors all\b/m, "make $target: a job for each processor");
    like($said, qr/^echo 'make: building the program/m, "make $target: says what it builds");
    like($said, qr/^inner .*address/m, 'make check: natlab/hostile gets its sanitized program') if $target eq 'check';
    like(told($target, '-j5'), qr/^inner all\b/m, "make -j5 $target: the five of the outer make");
}
my $said = told('check', 'T=unit/test_text', 'JOBS=3');
like($said, qr/^inner -j3 all\b/m, 'make check JOBS=3: three');
unlike($said, qr/^inner .*address/m, 'make check T=unit/test_text: needs no sanitized program');

$said = told('coverage', 'T=unit/common');
like($said, qr/^inner -j$processors OUT=build\/coverage CFLAGS=.*--coverage/m, 'make coverage: a build of its own');
like($said, qr/tests\/run unit\/common$/m, 'make coverage T=unit/common: the tests named');
like(told('dist'), qr/^git archive --prefix=gochat-[0-9.]+\/ -o build\/gochat-[0-9.]+\.tar\.gz HEAD$/m, 'make dist: the version');

# --- install -----------------------------------------------------------------------------------------------------------

# The names of all files below the folder. The program that is tested is installed as it is.
my $target = temp_dir();

sub installed {
    my (@goal) = @_;
    my ($status, $out, $err) = run_program(name => "make @goal", timeout => 30,
        command => [qw(env -u MAKEFLAGS -u MAKELEVEL -u MAKEOVERRIDES -u SAN -u OUT make -o all -C), $root,
            'PREFIX=/opt/chat', "DESTDIR=$target", 'PROGRAM=' . gochat(), @goal]);
    is($status, 0, "make @goal") or diag($out, $err);
    my @files;
    find({ no_chdir => 1, wanted => sub { push @files, s/^\Q$target\E//r if -f } }, "$target");
    return { map { $_ => 1 } @files };
}

my $doc = '/opt/chat/share/doc/gochat';
my $files = installed('install');
ok($files->{$_}, $_)
    for map({"/opt/chat/bin/$_"} qw(gochat gochat-load)), map({"/opt/chat/share/man/man1/$_.1"} qw(gochat gochat-load)),
    map {"$doc/$_"} qw(README.md NEWS LICENSE doc/json.md doc/operators.md conf/client.ini conf/gochat-bootnode.service);
like(read_file("$target$doc/conf/gochat-bootnode.service"), qr{^ExecStart=/opt/chat/bin/gochat --mode bootnode }m,
    'the unit starts the program that was installed');
for my $paper (grep {/\.md$/} sort keys %$files) {
    my ($folder) = $paper =~ m{(.*)/};
    my @links = grep {/\.(?:md|ini|svg|txt|json|service)$|^[A-Z]+$/} read_file("$target$paper") =~ /\]\(([^)#\s]+)/g;
    is_deeply([grep { !-e "$target$folder/$_" } @links], [], "the documents that $paper links to");
}
is_deeply(installed('uninstall'), {}, 'nothing is left of it');

finish();
