/* A program on a terminal of its own, as a shell with job control would run it: a pseudo-terminal, a session whose
 * leader watches the program, and the program as its foreground job. So Ctrl-C and Ctrl-Z reach it through the line
 * discipline, it may be stopped and continued, and closing the terminal hangs it up. Knows nothing of cmocka. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct pty {
    int terminal; /* the master's end, non-blocking */
    int reports;  /* readable when there is a report; at its end when there will be none */
    int orders;
    pid_t leader, program;
};

struct pty_report {
    enum { PTY_STOPPED, PTY_ENDED } what;
    int status; /* the exit status as a shell counts it: 128 + n after signal n; stopped: the signal */
};

/* `errors`: what the program has as standard error, -1: the terminal. False with errno set: nothing was started. */
bool pty_start(struct pty *pty, unsigned rows, unsigned columns, int errors, char **command);
void pty_resize(const struct pty *pty, unsigned rows, unsigned columns);
/* False: nothing to be reported (yet). */
bool pty_next_report(const struct pty *pty, struct pty_report *out);
/* After PTY_STOPPED: to the foreground again. */
void pty_continue(const struct pty *pty);
/* Closes the terminal: the leader passes the SIGHUP on. */
void pty_hang_up(struct pty *pty);
/* Kills what still runs, and waits for it. */
void pty_end(struct pty *pty);
