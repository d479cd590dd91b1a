package GoChat::Browser;

# A real Chromium without a screen, driven through its DevTools protocol over a pair of pipes (--remote-debugging-pipe:
# JSON, each message ended by a zero byte). Its profile is a temporary folder, and it ends with the test.
#
#     my $browser = GoChat::Browser->start or plan skip_all => 'no Chromium';
#     my $page = $browser->open('http://127.0.0.1:9596/', width => 360, height => 800, scheme => 'dark');
#     $page->evaluate('document.title');
#     $page->wait_for('document.title !== ""', 5) or fail 'never';
#     $page->picture('page.png');
#     @{ $page->{complaints} }, @{ $page->{requests} }   # what its console said, and what it asked for
use strict;
use warnings;
use Fcntl qw(F_DUPFD);
use File::Temp ();
use JSON::PP;
use MIME::Base64 qw(decode_base64);
use POSIX qw(WNOHANG);
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

use constant { START_S => 30, ANSWER_S => 20, HIGH => 100 };

my $json = JSON::PP->new->utf8->allow_nonref;
my $owner = $$;
my @running;

END {
    if ($$ == $owner) {
        my $status = $?; # of the test
        $_->stop for @running;
        $? = $status; ## no critic (RequireLocalizedPunctuationVars)
    }
}

# Debian's browser without a screen, which needs no desktop; or the one with.
sub _program {
    for my $name (qw(chromium-headless-shell chromium)) {
        return $name if grep { -x "$_/$name" } split /:/, $ENV{PATH};
    }
    return;
}

sub _exec {
    my ($program, $in, $out, $profile) = @_;
    my ($from, $to) = map { fcntl($_, F_DUPFD, HIGH) or POSIX::_exit(126) } $in, $out;
    POSIX::dup2($from, 3) && POSIX::dup2($to, 4) or POSIX::_exit(126);
    open STDOUT, '>', "$profile/log" or POSIX::_exit(126);
    open STDERR, '>&', \*STDOUT or POSIX::_exit(126);
    # It writes into all of these, also where --user-data-dir says otherwise.
    local @ENV{qw(HOME XDG_CONFIG_HOME XDG_CACHE_HOME XDG_DATA_HOME)} = ("$profile") x 4;
    # As root it has no sandbox of its own; it opens nothing here but pages of ours.
    exec $program, '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run',
        '--disable-extensions', '--disable-background-networking', '--disable-component-update', '--disable-sync',
        '--no-proxy-server', '--remote-debugging-pipe', "--user-data-dir=$profile", 'about:blank'
        or POSIX::_exit(127);
}

# undef where there is none.
sub start {
    my ($class) = @_;
    my $program = _program() or return;
    my $profile = File::Temp->newdir('gochat-browser-XXXXXX', TMPDIR => 1);
    pipe my $their_in, my $our_out or die "pipe: $!";
    pipe my $our_in, my $their_out or die "pipe: $!";
    my $pid = fork // die "fork: $!";
    _exec($program, $their_in, $their_out, $profile) if $pid == 0;
    close $_ for $their_in, $their_out;
    $our_out->autoflush(1);
    my $self = bless { pid => $pid, in => $our_in, out => $our_out, profile => $profile, buffer => '', next => 1,
        pages => {} }, $class;
    push @running, $self;
    $self->call('Browser.getVersion', {}, undef, START_S);
    return $self;
}

# It ends when its pipe does.
sub stop {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    close $self->{out};
    my $deadline = clock_gettime(CLOCK_MONOTONIC) + 5;
    while (waitpid($pid, WNOHANG) == 0) {
        if (clock_gettime(CLOCK_MONOTONIC) > $deadline) { kill 'KILL', $pid; waitpid $pid, 0; last }
        select undef, undef, undef, 0.05;
    }
    return;
}

# The next message, or undef at the deadline.
sub _message {
    my ($self, $deadline) = @_;
    while ($self->{buffer} !~ /\0/) {
        my $left = $deadline - clock_gettime(CLOCK_MONOTONIC);
        return if $left <= 0;
        vec(my $ready = '', fileno $self->{in}, 1) = 1;
        next if select($ready, undef, undef, $left) <= 0;
        sysread($self->{in}, $self->{buffer}, 65536, length $self->{buffer}) or die "Chromium ended\n";
    }
    $self->{buffer} =~ s/^([^\0]*)\0//;
    return $json->decode($1);
}

sub _note {
    my ($self, $message) = @_;
    my $page = $self->{pages}{ $message->{sessionId} // '' } or return;
    my ($method, $params) = @$message{qw(method params)};
    push @{ $page->{requests} }, $params->{request}{url} if $method eq 'Network.requestWillBeSent';
    push @{ $page->{complaints} }, $params->{entry}{text} . ' ' . ($params->{entry}{url} // '') if $method eq 'Log.entryAdded';
    push @{ $page->{complaints} }, $json->encode($params->{args}) if $method eq 'Runtime.consoleAPICalled';
    push @{ $page->{complaints} }, $params->{exceptionDetails}{exception}{description} // $params->{exceptionDetails}{text}
        if $method eq 'Runtime.exceptionThrown';
    return;
}

sub call {
    my ($self, $method, $params, $session, $seconds) = @_;
    my $id = $self->{next}++;
    my $deadline = clock_gettime(CLOCK_MONOTONIC) + ($seconds // ANSWER_S);
    my %message = (id => $id, method => $method, params => $params // {}, $session ? (sessionId => $session) : ());
    print { $self->{out} } $json->encode(\%message) . "\0" or die "Chromium does not listen\n";
    while (my $answer = $self->_message($deadline)) {
        if (($answer->{id} // 0) != $id) { $self->_note($answer) if $answer->{method}; next }
        die "$method: $answer->{error}{message}\n" if $answer->{error};
        return $answer->{result};
    }
    die "Chromium does not answer $method\n";
}

sub open { ## no critic (ProhibitBuiltinHomonyms)
    my ($self, $url, %option) = @_;
    my $target = $self->call('Target.createTarget', { url => 'about:blank' })->{targetId};
    my $session = $self->call('Target.attachToTarget', { targetId => $target, flatten => JSON::PP::true })->{sessionId};
    my $page = bless { browser => $self, session => $session, requests => [], complaints => [] }, 'GoChat::Browser::Page';
    $self->{pages}{$session} = $page;
    $page->call("$_.enable") for qw(Page Runtime Log Network);
    $page->call('Emulation.setDeviceMetricsOverride', { width => $option{width}, height => $option{height},
        deviceScaleFactor => 1, mobile => $option{width} < 600 ? JSON::PP::true : JSON::PP::false });
    $page->call('Emulation.setEmulatedMedia',
        { features => [{ name => 'prefers-color-scheme', value => $option{scheme} // 'light' }] });
    $page->call('Page.navigate', { url => $url });
    return $page;
}

package GoChat::Browser::Page;
use strict;
use warnings;
use MIME::Base64 qw(decode_base64);
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

sub call { my ($self, $method, $params) = @_; return $self->{browser}->call($method, $params, $self->{session}) }

sub evaluate {
    my ($self, $expression) = @_;
    my $result = $self->call('Runtime.evaluate', { expression => $expression, returnByValue => JSON::PP::true });
    die "$expression: $result->{exceptionDetails}{exception}{description}\n" if $result->{exceptionDetails};
    return $result->{result}{value};
}

# Asks again and again until it is so; what the page says meanwhile is noted.
sub wait_for {
    my ($self, $expression, $seconds) = @_;
    my $deadline = clock_gettime(CLOCK_MONOTONIC) + $seconds;
    until ($self->evaluate($expression)) {
        return 0 if clock_gettime(CLOCK_MONOTONIC) > $deadline;
        select undef, undef, undef, 0.1;
    }
    return 1;
}

sub picture {
    my ($self, $file) = @_;
    my $data = $self->call('Page.captureScreenshot', { format => 'png', captureBeyondViewport => JSON::PP::true })->{data};
    open my $out, '>:raw', $file or die "$file: $!";
    print $out decode_base64($data) or die "$file: $!";
    close $out or die "$file: $!";
    return $file;
}

1;
