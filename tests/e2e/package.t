#!/usr/bin/perl
# What debian/ says again is what the sources say: the version, the libraries to build with, and what belongs to which
# package. make check-fresh builds and installs them.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Find;
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use Test::More;

my $root = abs_path("$FindBin::Bin/../..");
sub paper { my ($name) = @_; return read_file("$root/$name") }

my ($version) = paper('common/version.h') =~ /^#define GOCHAT_VERSION "(.*)"/m;
like(paper('debian/changelog'), qr/\Agochat \(\Q$version\E(?:[-+~][^)]*)?\) /, 'the version of debian/changelog');
for my $program (gochat(), gochat() =~ s/gochat$/gochat-load/r) {
    my ($status, $out) = run_program(command => [$program, '--version']);
    is($out, ($program =~ m{([^/]+)$})[0] . " $version\n", "the version that $program tells");
}

my ($build) = paper('debian/control') =~ /^Build-Depends: (.*?)\n\n/ms;
my %needed = map { s/ .*//r => 1 } split /,\s*/, $build;
my @libraries = grep {/^lib(?!c6-dev)/} paper('.ci/deps') =~ /^build +(\S+)/mg;
cmp_ok(scalar @libraries, '>', 8, 'there are libraries');
is_deeply([sort grep {/^lib/} keys %needed], [sort @libraries], 'debian/control has those of .ci/deps');

my ($valid, @faults) = run_program(command => ['desktop-file-validate', "$root/conf/gochat.desktop"]);
is("$valid @faults", '0  ', 'the file by which a desktop opens invites');

# --- whose is what -----------------------------------------------------------------------------------------------------

my $folder = temp_dir();
mkdir "$folder/debian" or die "mkdir: $!";
for my $name (qw(gochat.install gochat-load.install not-installed gochat-bootnode.install)) {
    chmod 0755, write_file("$folder/debian/$name", paper("debian/$name"));
}
my ($places) = paper('debian/rules') =~ /^INSTALLATION = (.*?[^\\])\n/ms;
my @places = map {s{\$\(CURDIR\)}{$folder}r} grep { $_ ne '\\' } split ' ', $places;
my ($status, $out, $err) = run_program(name => 'make', timeout => 30, command =>
    [qw(env -u MAKEFLAGS -u MAKELEVEL -u MAKEOVERRIDES -u SAN -u OUT make -o all -C), $root, 'PROGRAM=' . gochat(),
        'install', @places]);
is($status, 0, 'make install as debian/rules has it') or diag($out, $err);

my @installed;
find({ no_chdir => 1, wanted => sub { push @installed, s{^\Q$folder\E/debian/tmp/}{}r if !-d || -l } }, "$folder/debian/tmp");
sub entries { my ($name) = @_; return grep { !/^#/ } split /\n/, paper("debian/$name") }
sub has { my ($entry, $file) = @_; return $file eq $entry || index($file, "$entry/") == 0 }

my %owners;
for my $package (qw(gochat.install gochat-load.install not-installed)) {
    for my $entry (entries($package)) {
        my @files = grep { has($entry, $_) } @installed;
        ok(@files > 0, "$package: $entry is installed");
        push @{ $owners{$_} }, $package for @files;
    }
}
my (undef, $rest) = run_program(in => [], command => ['sh', '-c', "cd $folder && debian/gochat-bootnode.install"]);
push @{ $owners{$_} }, 'gochat-bootnode.install' for split /\n/, $rest;
is_deeply([grep { @{ $owners{$_} // [] } != 1 } @installed], [], 'each file is in one package');
my @servers = grep { $owners{$_}[0] eq 'gochat-bootnode.install' } @installed;
cmp_ok(scalar @servers, '>', 5, 'the server has its own');
is_deeply([grep {/client|load|completion|\.1$/} @servers], [], 'and nothing of the others');
ok((grep { $_ eq $owners{"usr/bin/$_"}[0] =~ s/\.install//r } qw(gochat gochat-load)) == 2, 'each program is in its package');

finish();
