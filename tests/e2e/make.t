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
        command => [qw(env -u MAKEFLAGS -u MAKELEVEL -u MAKEOVERRIDES -u JOBS -u SAN -u T -u OUT -u CFLAGS), 'make', '-n', '-C', $root,
            'MAKE=echo inner', @arguments]);
    is($status, 0, "make @arguments") or diag($out, $err);
    return $out;
}

for my $target (qw(run run-cluster check)) {
    my $said = told($target);
    like($said, qr/^inner -j$processors all\b/m, "make $target: a job for each processor");
    like($said, qr/^echo 'make: building the program/m, "make $target: says what it builds");
    like($said, qr/^inner .*address/m, 'make check: natlab/hostile gets its sanitized program') if $target eq 'check';
    like(told($target, '-j5'), qr/^inner all\b/m, "make -j5 $target: the five of the outer make");
}
my $said = told('check', 'T=unit/test_text', 'JOBS=3');
like($said, qr/^inner -j3 all\b/m, 'make check JOBS=3: three');
unlike($said, qr/^inner .*address/m, 'make check T=unit/test_text: needs no sanitized program');

$said = told('check', 'SAN=thread');
like($said, qr/^inner .*unit\/common\/test_queue\b/m, 'make check SAN=thread: builds what will run');
unlike($said, qr/test_bytes/, 'and nothing else');
like(told('lint'), qr/^inner .*OUT=build\/lint .*-Werror all/m, 'make lint: a build of its own');
like(told('lint', 'CFLAGS=-O1 -Werror'), qr/^inner -j$processors all/m, 'make lint: the build of the tests where that has -Werror');

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

my $share = '/opt/chat/share';
my $doc = "$share/doc/gochat";
my $files = installed('install');
ok($files->{$_}, $_)
    for map({"/opt/chat/bin/$_"} qw(gochat gochat-load)),
    map({"$share/man/$_"} qw(man1/gochat.1 man1/gochat-load.1 man8/gochat-bootnode.8 man8/gochat-ctl.8)),
    map({"$share/$_"} qw(bash-completion/completions/gochat bash-completion/completions/gochat-load
        zsh/site-functions/_gochat fish/vendor_completions.d/gochat.fish fish/vendor_completions.d/gochat-load.fish)),
    map({"$share/gochat/$_"} qw(bootnode.ini client.ini)),
    map({"/opt/chat/lib/$_"} map({"systemd/system/gochat-bootnode.$_"} qw(service socket)),
        'sysusers.d/gochat-bootnode.conf'),
    map {"$doc/$_"} qw(README.md NEWS LICENSE doc/json.md doc/operators.md conf/client.ini conf/gochat-bootnode.service);
for (map {m{([^/]+)$}} glob "$root/conf/*.[1-8]") {
    my ($section) = /(\d)$/;
    ok($files->{"$share/man/man$section/$_"}, "the manual $_");
}
for my $unit (grep {m{/lib/systemd/}} sort keys %$files) {
    my @programs = grep { $_ ne '/bin/kill' } read_file("$target$unit") =~ /^Exec\w+=(\S+)/mg;
    is_deeply([grep { !$files->{$_} } @programs], [], "$unit starts what was installed");
}

# Whatever names another place than it is in would send people there; so would a build's.
for my $file (grep { !m{/bin/|^\Q$doc\E/(?!conf/)} } sort keys %$files) {
    unlike(read_file("$target$file"), qr{/usr/local/(?:bin|share)/|\Q$root\E}, "$file: names no other place");
    unlike(read_file("$target$file"), qr{^\.Pa (?:bench|conf|doc)/\S+\.(?:ini|md)\b}m, "$file: names no file of the sources")
        if $file =~ /\.\d$/;
    my @named = read_file("$target$file") =~ m{(/opt/chat/(?:bin|share)/[\w./-]*\w)}g;
    is_deeply([grep { !-e "$target$_" } @named], [], "$file: what it names is there");
}
for (['bootnode', 'bootnode.ini'], ['client', 'client.ini']) {
    my ($mode, $file) = @$_;
    my (undef, $help) = run_program(command => ["$target/opt/chat/bin/gochat", '--mode', $mode, '--help']);
    my ($named) = $help =~ m{^(/\S+) explains the settings}m;
    is($named, "$target$share/gochat/$file", "the help of $mode names the sample that was installed");
}
for my $paper (grep {/\.md$/} sort keys %$files) {
    my ($folder) = $paper =~ m{(.*)/};
    my @links = grep {/\.(?:md|ini|svg|txt|json|service|socket)$|^[A-Z]+$|Containerfile$/} read_file("$target$paper") =~ /\]\(([^)#\s]+)/g;
    is_deeply([grep { !-e "$target$folder/$_" } @links], [], "the documents that $paper links to");
}
is_deeply(installed('uninstall'), {}, 'nothing is left of it');

finish();
