/* The descriptors of a terminal: its settings, what it sends, what it is sent. Never blocks: a terminal may stop
 * reading for good (Ctrl-S, a hung ssh), and the chat goes on behind it.
 *
 * Writes go through an open file description of our own that is O_NONBLOCK, so that the shell's is left as it is; where
 * none can be had (after su(1) the terminal is somebody else's), the flag is set for the moment of each write. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <termios.h>

#include "common/attributes.h"

struct tty {
    int input;  /* the caller's */
    int output; /* ours */
    struct termios saved;
    char *waiting; /* what the terminal has not taken yet */
    size_t first, end, capacity;
};

/* False with errno set: `input` is no terminal, or descriptors are out. */
MUST_USE bool tty_open(struct tty *tty, int input, int output);
void tty_close(struct tty *tty);

/* Bytes as they come, nothing echoed, no signals of the line; and back, in the foreground. At once, whatever waits to
 * be written. */
void tty_raw(const struct tty *tty);
void tty_restore(const struct tty *tty);

/* Bytes, 0: none are there or the terminal is gone, which tty_is_there tells. */
size_t tty_read(const struct tty *tty, void *buffer, size_t size);

/* Writes what it can, keeps the rest for tty_flush. */
void tty_write(struct tty *tty, const void *bytes, size_t size);
/* Something is kept: poll `output` for POLLOUT, then flush. */
bool tty_waits(const struct tty *tty);
void tty_flush(struct tty *tty);
/* Flushes until all is written, or nothing moves for `still_ms`, or `most_ms` are over. True: all is written; else the
 * rest is dropped. */
bool tty_drain(struct tty *tty, int still_ms, int most_ms);
/* At most 500 rows and 2000 columns: more is told by mistake (65535 by a serial line), and ncurses counts in shorts.
 * False: not told. */
MUST_USE bool tty_size(const struct tty *tty, unsigned *rows, unsigned *columns);
/* False: its other side is closed. That nothing could be read says no such thing: somebody else may have read it. */
bool tty_is_there(const struct tty *tty);

/* Async-signal-safe. False: another job has the terminal, such as the shell after Ctrl-Z. Who reads from it then, or
 * changes its settings, is stopped (SIGTTIN, SIGTTOU). */
bool tty_is_foreground(int descriptor);
/* Async-signal-safe, errno left alone, from any thread: the last that the terminal hears of us. What waits in its queue
 * is dropped where that keeps these bytes out, and nothing is written by tty_write and tty_flush from now on, by no
 * thread, until tty_raw takes the terminal again. Waits for other threads' writes alone, 500 ms at most. */
void tty_write_last(int output, const void *bytes, size_t size);
