#include "tests/support/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* The leader ends by this when it is killed, and takes the program with it. */
static void end_with_parent(void) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static _Noreturn void become_program(int errors, char **command) {
    end_with_parent();
    setpgid(0, 0);
    signal(SIGTTOU, SIG_IGN); /* tcsetpgrp from the background */
    tcsetpgrp(STDIN_FILENO, getpgrp());
    static const int given[] = {SIGTTOU, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGPIPE, SIGCHLD};
    sigset_t none;
    sigemptyset(&none);
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) signal(given[i], SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (errors >= 0) dup2(errors, STDERR_FILENO);
    execvp(command[0], command);
    dprintf(STDERR_FILENO, "%s: %s\n", command[0], strerror(errno));
    _exit(127);
}

static void set_foreground(pid_t group) {
    int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC);
    if (terminal < 0) return;
    tcsetpgrp(terminal, group);
    close(terminal);
}

static int shell_status(int status) {
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Takes back the terminal, as a shell does before it shows its prompt, until it is told to go on. */
static void be_prompt(pid_t program, int orders) {
    char order;
    set_foreground(getpgrp());
    if (read(orders, &order, 1) != 1) return;
    set_foreground(program);
    kill(-program, SIGCONT);
}

static pid_t watched; /* by the leader */

static void pass_on(int number) {
    kill(watched, number);
}

/* Does not hold the terminal open: the master's reader finds the end once the program has ended and all was read. */
static _Noreturn void lead(pid_t program, int reports, int orders) {
    watched = program;
    signal(SIGTTOU, SIG_IGN);
    signal(SIGHUP, pass_on);
    for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++) close(i);
    for (;;) {
        int status;
        pid_t changed = waitpid(program, &status, WUNTRACED);
        if (changed < 0 && errno != ECHILD) continue; /* a signal, whose handler may have left its errno */
        if (changed < 0) _exit(1);
        struct pty_report report = {PTY_ENDED, 0};
        if (WIFSTOPPED(status)) report.what = PTY_STOPPED;
        report.status = WIFSTOPPED(status) ? WSTOPSIG(status) : shell_status(status);
        (void)!write(reports, &report, sizeof report);
        if (report.what == PTY_ENDED) _exit(0);
        be_prompt(program, orders);
    }
}

static _Noreturn void start_both(int reports, int orders, int errors, char **command) {
    end_with_parent();
    pid_t program = fork();
    if (program == 0) become_program(errors, command);
    (void)!write(reports, &program, sizeof program);
    if (program < 0) _exit(1);
    lead(program, reports, orders);
}

static bool start_leader(struct pty *pty, struct winsize *size, int errors, char **command) {
    int reports[2], orders[2];
    if (pipe2(reports, O_CLOEXEC) != 0) return false;
    if (pipe2(orders, O_CLOEXEC) != 0) {
        close(reports[0]);
        close(reports[1]);
        return false;
    }
    pty->leader = forkpty(&pty->terminal, NULL, NULL, size);
    if (pty->leader == 0) start_both(reports[1], orders[0], errors, command);
    close(reports[1]);
    close(orders[0]);
    pty->reports = reports[0];
    pty->orders = orders[1];
    return pty->leader > 0 && read(pty->reports, &pty->program, sizeof pty->program) == sizeof pty->program &&
           pty->program > 0;
}

bool pty_start(struct pty *pty, unsigned rows, unsigned columns, int errors, char **command) {
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};
    *pty = (struct pty){.terminal = -1, .reports = -1, .orders = -1, .leader = -1, .program = -1};
    if (start_leader(pty, &size, errors, command)) {
        fcntl(pty->terminal, F_SETFL, fcntl(pty->terminal, F_GETFL) | O_NONBLOCK);
        fcntl(pty->terminal, F_SETFD, FD_CLOEXEC);
        fcntl(pty->reports, F_SETFL, O_NONBLOCK);
        return true;
    }
    int error = errno;
    pty_end(pty);
    errno = error;
    return false;
}

void pty_resize(const struct pty *pty, unsigned rows, unsigned columns) {
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};
    ioctl(pty->terminal, TIOCSWINSZ, &size);
}

bool pty_next_report(const struct pty *pty, struct pty_report *out) {
    return read(pty->reports, out, sizeof *out) == sizeof *out;
}

void pty_continue(const struct pty *pty) {
    (void)!write(pty->orders, "", 1);
}

void pty_hang_up(struct pty *pty) {
    if (pty->terminal >= 0) close(pty->terminal);
    pty->terminal = -1;
}

void pty_end(struct pty *pty) {
    pty_hang_up(pty);
    if (pty->leader > 0) {
        kill(pty->leader, SIGKILL);
        waitpid(pty->leader, NULL, 0);
    }
    if (pty->reports >= 0) close(pty->reports);
    if (pty->orders >= 0) close(pty->orders);
    pty->reports = pty->orders = -1;
    pty->leader = -1;
}
