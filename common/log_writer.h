/* The thread that writes the log, so that no other one waits for whoever reads it.
 *
 * Invariant: between log_writer_hold and log_writer_stop only this thread touches the sink's descriptor, and nobody
 * waits for it. It keeps a line until it is written, and goes on where a write left off: a reader that stops (a pager,
 * a stuck journal, a terminal after Ctrl-S), goes away (EPIPE) or has no room (ENOSPC) gets, when it is back, what the
 * queue could hold, and then in one line how many were lost after that. The descriptor's flags are not ours to change,
 * since others may share it: so it is waited for with poll(2), and a write that blocks all the same (others filled the
 * pipe in between) is left behind at the end. */
#pragma once

#include <stdbool.h>

#include "common/attributes.h"
#include "common/log_format.h"

#define LOG_RETRY_MS 1000 /* after a write that failed */
#define LOG_STOP_MS 500   /* for which the end waits at most until the rest is written */
#define LOG_CRASH_MS 200  /* and a crash */

/* From now on lines are kept for the thread. 0 or a negative errno. */
MUST_USE int log_writer_hold(void);
/* Starts it. 0 or a negative errno; log_writer_stop is due either way. A crash (SIGSEGV and its like) has the rest
 * written first, as far as LOG_CRASH_MS goes. */
MUST_USE int log_writer_start(void);
/* Writes the rest, for LOG_STOP_MS at most, and ends; no other thread may be using the log. False: a reader did not
 * take it, and would keep us waiting. Nothing without log_writer_hold. */
bool log_writer_stop(void);
/* Any thread: hands a copy over. False where lines are not kept. */
MUST_USE bool log_writer_take(const struct log_entry *entry);
/* Lines lost so far. */
uint64_t log_writer_lost(void);
