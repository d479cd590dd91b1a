#include "client/curses/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/memory.h"

#define ROWS_MOST 500
#define COLUMNS_MOST 2000
#define LAST_TRIES 500 /* a millisecond apart: whoever has the lock may have to wait for a processor */

/* The last was written. Another thread that looked before this was set has one write under way, not more. */
static _Atomic bool over;

static int own_description(int output) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", output);
    int own = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    return own >= 0 ? own : fcntl(output, F_DUPFD_CLOEXEC, 0);
}

bool tty_open(struct tty *tty, int input, int output) {
    *tty = (struct tty){.input = input, .output = -1};
    if (tcgetattr(input, &tty->saved) != 0) return false;
    tty->output = own_description(output);
    return tty->output >= 0;
}

void tty_close(struct tty *tty) {
    if (tty->output >= 0) close(tty->output);
    free(tty->waiting);
    *tty = (struct tty){.input = -1, .output = -1};
}

/* --- Settings --- */

/* TCSANOW in both: a terminal that does not read would never be drained. */
void tty_raw(const struct tty *tty) {
    struct termios raw = tty->saved;
    raw.c_iflag &= ~(tcflag_t)(BRKINT | PARMRK | INLCR | IGNCR | ICRNL | IXON);
    raw.c_oflag &= ~(tcflag_t)OPOST; /* ncurses moves down with a bare line feed */
    raw.c_lflag &= ~(tcflag_t)(ICANON | ISIG | IEXTEN | ECHO | ECHONL);
    raw.c_cc[VMIN] = 0; /* read returns with nothing, instead of waiting */
    raw.c_cc[VTIME] = 0;
    tcsetattr(tty->input, TCSANOW, &raw);
    atomic_store(&over, false);
}

void tty_restore(const struct tty *tty) {
    if (tty_is_foreground(tty->input)) tcsetattr(tty->input, TCSANOW, &tty->saved);
}

/* A terminal that does not control us has no job for us to be in. */
bool tty_is_foreground(int descriptor) {
    pid_t job = tcgetpgrp(descriptor);
    return job < 0 || job == getpgrp();
}

static unsigned least(unsigned a, unsigned b) {
    return a < b ? a : b;
}

bool tty_size(const struct tty *tty, unsigned *rows, unsigned *columns) {
    struct winsize size;
    if (ioctl(tty->output, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) return false;
    *rows = least(size.ws_row, ROWS_MOST);
    *columns = least(size.ws_col, COLUMNS_MOST);
    return true;
}

/* --- Bytes --- */

/* Asked first: VMIN holds only for as long as the terminal is raw, and somebody else may change that (stty -F). */
size_t tty_read(const struct tty *tty, void *buffer, size_t size) {
    struct pollfd input = {.fd = tty->input, .events = POLLIN};
    ssize_t got;
    if (poll(&input, 1, 0) <= 0) return 0;
    do got = read(tty->input, buffer, size);
    while (got < 0 && errno == EINTR);
    return got > 0 ? (size_t)got : 0;
}

static ssize_t write_some(int output, const char *bytes, size_t size) {
    ssize_t written;
    do written = write(output, bytes, size);
    while (written < 0 && errno == EINTR);
    return written;
}

/* As write(2) to a descriptor with O_NONBLOCK. */
static ssize_t write_without_waiting(int output, const char *bytes, size_t size) {
    int flags = fcntl(output, F_GETFL), error;
    bool shared = flags >= 0 && !(flags & O_NONBLOCK);
    if (shared) fcntl(output, F_SETFL, flags | O_NONBLOCK);
    ssize_t written = write_some(output, bytes, size);
    error = errno;
    if (shared) fcntl(output, F_SETFL, flags);
    errno = error;
    return written;
}

/* The queue is as full as the terminal is slow, and where another thread is about to write, it may be full again, or
 * have a lock on it (EAGAIN), right after it was emptied. */
void tty_write_last(int output, const void *bytes, size_t size) {
    int error = errno;
    atomic_store(&over, true);
    for (int tries = 0; tries < LAST_TRIES; tries++) {
        ssize_t written = write_without_waiting(output, bytes, size);
        if (written == (ssize_t)size || (written < 0 && errno != EAGAIN)) break;
        if (tcflush(output, TCOFLUSH) != 0) break;
        poll(NULL, 0, 1);
    }
    errno = error;
}

static void keep(struct tty *tty, const void *bytes, size_t size) {
    if (tty->end + size > tty->capacity) {
        size_t capacity = 2 * (tty->end + size);
        tty->waiting = grow(tty->waiting, capacity, 1);
        tty->capacity = capacity;
    }
    memcpy(tty->waiting + tty->end, bytes, size);
    tty->end += size;
}

bool tty_waits(const struct tty *tty) {
    return tty->first < tty->end;
}

void tty_flush(struct tty *tty) {
    while (tty_waits(tty) && !atomic_load(&over)) {
        ssize_t written = write_without_waiting(tty->output, tty->waiting + tty->first, tty->end - tty->first);
        if (written == 0 || (written < 0 && errno == EAGAIN)) return;
        if (written < 0) break; /* the terminal is gone */
        tty->first += (size_t)written;
    }
    tty->first = tty->end = 0;
}

void tty_write(struct tty *tty, const void *bytes, size_t size) {
    keep(tty, bytes, size);
    tty_flush(tty);
}

bool tty_drain(struct tty *tty, int still_ms, int most_ms) {
    uint64_t now = clock_boot_ms(), end = now + (uint64_t)most_ms, moved = now;
    for (tty_flush(tty); tty_waits(tty); now = clock_boot_ms()) {
        struct pollfd output = {.fd = tty->output, .events = POLLOUT};
        size_t before = tty->first;
        uint64_t until = moved + (uint64_t)still_ms < end ? moved + (uint64_t)still_ms : end;
        if (now >= until) break;
        poll(&output, 1, (int)(until - now));
        tty_flush(tty);
        if (tty->first != before) moved = clock_boot_ms();
    }
    bool drained = !tty_waits(tty);
    tty->first = tty->end = 0;
    return drained;
}

bool tty_is_there(const struct tty *tty) {
    struct pollfd sides[] = {{.fd = tty->input}, {.fd = tty->output}}; /* of no events: of hang-ups and errors alone */
    return poll(sides, 2, 0) <= 0;
}
