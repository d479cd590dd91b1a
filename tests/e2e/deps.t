#!/usr/bin/perl
# .ci/deps makes nothing run as a service: what would be one is unpacked and not installed, and what it installs enables
# none. The first with an apt-get and a dpkg-query of the test's own, the second by looking at the packages of this machine.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Copy qw(copy);
use File::Path qw(make_path remove_tree);
use FindBin;
use lib "$FindBin::Bin/../lib";
use GoChat::Test;
use Test::More;

plan skip_all => 'no Debian system' unless grep { -x "$_/dpkg-deb" } split /:/, $ENV{PATH};

my $deps = abs_path("$FindBin::Bin/../../.ci/deps");
my @table = map {
    /^(build|cluster|test|lint|bench|package|fresh|peers) +([a-z0-9.+-]+)(!?) +\S/ ? { group => $1, name => $2, unpacked => $3 } : () }
    split /\n/, read_file($deps);
my @unpacked = map { $_->{name} } grep { $_->{unpacked} } @table;
my @installed = map { $_->{name} } grep { !$_->{unpacked} } @table;
cmp_ok(scalar @installed, '>', 20, 'the table is understood');
my %unpacked = map { $_ => 1 } @unpacked;
ok($unpacked{$_}, "$_ brings a service, and is unpacked") for qw(coturn knot opentracker);

# --- what .ci/deps asks for ------------------------------------------------------------------------------------------

my $folder = temp_dir();
make_path("$folder/checkout/.ci", "$folder/bin");
copy($deps, "$folder/checkout/.ci/deps") or die "copy: $!";
chmod 0755, "$folder/checkout/.ci/deps";

sub fake { my ($name, $text) = @_; chmod 0755, write_file("$folder/bin/$name", "#!/bin/bash\n$text\n"); return }

fake(sudo => 'exec "$@"');
fake('dpkg-query' => "test -e $folder/installed && grep -qsx \"\${!#}\" $folder/brought && echo installed && exit\n"
    . "test -e $folder/installed && ! [[ \" @unpacked \" == *\" \${!#} \"* ]] && echo installed");
fake('apt-get' => <<"END");
echo "\$*" >>$folder/calls
[[ "\$*" == *--download-only* ]] || { touch $folder/installed; exit 0; }
name=\${!#} made=\$(mktemp -d)
mkdir -p "\$made/DEBIAN" "\$made/usr/sbin" "\$made/lib/systemd/system"
printf '%s\\n' "Package: \$name" 'Version: 1' 'Architecture: all' 'Maintainer: x <x\@example.org>' 'Description: x' \\
    >"\$made/DEBIAN/control"
printf '#!/bin/sh\\ntouch $folder/started\\n' >"\$made/DEBIAN/postinst"
printf '#!/bin/sh\\necho this is %s \$*\\n' \$name >"\$made/usr/sbin/\$name"
chmod 755 "\$made" "\$made/DEBIAN/postinst" "\$made/usr/sbin/\$name"
archives=\$(grep -o 'Dir::Cache::archives=[^ ]*' <<<"\$*")
dpkg-deb --build "\$made" "\${archives#*=}/\$name.deb" >/dev/null
rm -rf "\$made"
END

sub run_deps {
    my (@groups) = @_;
    unlink "$folder/calls";
    my ($status, $out, $err) = run_program(name => 'deps', timeout => 30,
        command => ['env', "PATH=$folder/bin:$ENV{PATH}", "$folder/checkout/.ci/deps", @groups]);
    is($status, 0, "deps @groups") or diag($out, $err);
    return -e "$folder/calls" ? split /\n/, read_file("$folder/calls") : ();
}

my @calls = run_deps(qw(build cluster test lint bench package fresh peers));
my ($install) = grep { /\binstall\b/ && !/--download-only/ } @calls;
is_deeply([sort grep { $install =~ /(?<!\S)\Q$_\E(?!\S)/ } @installed, @unpacked], [sort @installed],
    'it installs the others');
is(scalar(grep { / --download-only / } @calls), scalar @unpacked, 'and only downloads these');
ok(-x "$folder/checkout/build/packages/usr/sbin/$_", "$_: unpacked") for @unpacked;
ok(!-e "$folder/started", 'no script of theirs ran');
is_deeply([run_deps(qw(build cluster test lint bench package fresh peers))], [], 'a second time nothing is to be done');

# A package to be unpacked comes as a dependency of one that is installed: nothing of it can be downloaded any more.
remove_tree("$folder/checkout/build");
unlink "$folder/installed";
write_file("$folder/brought", "$unpacked[0]\n");
@calls = run_deps(qw(build cluster test lint bench package fresh peers));
is(scalar(grep {/ --download-only \Q$unpacked[0]\E$/} @calls), 0, "$unpacked[0]: is used as somebody's dependency");
is(scalar(grep {/ --download-only /} @calls), @unpacked - 1, 'the others are unpacked');
unlink "$folder/brought";
remove_tree("$folder/checkout/build");
run_deps(qw(build cluster test lint bench package fresh peers));

make_path("$folder/checkout/tests");
copy(abs_path("$FindBin::Bin/../packaged"), "$folder/checkout/tests/packaged")
    or die "copy: $!";
chmod 0755, "$folder/checkout/tests/packaged";
my @packaged = ('env', 'PATH=/usr/bin:/bin', "$folder/checkout/tests/packaged");
is((run_program(command => [@packaged, 'opentracker', '-p', '1']))[1], "this is opentracker -p 1\n",
    'tests run it there');
is((run_program(command => [@packaged, 'no-such-program']))[0], 127, 'and hear of one that is nowhere');

# --- a chroot as it was made ------------------------------------------------------------------------------------------

# Nobody has mounted /proc there, so that bash has no <(…).
SKIP: {
    my @without_proc = ('unshare', $> == 0 ? '-m' : '-rm', 'sh', '-c', 'mount -t tmpfs tmpfs /proc && exec "$@"', 'sh');
    skip 'no mount namespaces here', 2 if (run_program(command => [@without_proc, 'true']))[0] != 0;
    my ($status, undef, $err) = run_program(timeout => 30, command => [@without_proc, 'env', "PATH=$folder/bin:$ENV{PATH}",
        "$folder/checkout/.ci/deps", 'build', 'peers']);
    is($status, 0, 'deps without /proc');
    is($err, '', 'and without a word');
}

# --- what is installed -----------------------------------------------------------------------------------------------

# Does a package's script make a service start at boot? debhelper's lines, where those between "if … debian-installed" and
# its end are for units that an older version had enabled.
sub enables {
    my ($script) = @_;
    $script =~ s/^(\s*)if deb-systemd-helper debian-installed.*?^\1fi$//msg;
    return $script =~ /was-enabled|update-rc\.d \S+ defaults(?!-disabled)/ ? 1 : 0;
}

ok(enables("if x; then\n\tif deb-systemd-helper --quiet was-enabled 'a.service'; then\n\t\tb\n\tfi\nfi\n"), 'a unit');
ok(enables("\tupdate-rc.d a defaults >/dev/null\n"), 'a script of init');
ok(!enables("\tif deb-systemd-helper debian-installed 'a.service'; then\n\t\tif deb-systemd-helper --quiet was-enabled "
    . "'a.service'; then\n\t\t\tb\n\t\tfi\n\tfi\n"), 'a unit that is off unless it was on');
ok(!enables("\tupdate-rc.d a defaults-disabled >/dev/null\n"), 'a script of init that is off');
for my $name (@installed) {
    my $path = `dpkg-query --control-path $name postinst 2>/dev/null`;
    chomp $path;
    is($path ? enables(read_file($path)) : 0, 0, "$name: enables no service");
}

finish();
