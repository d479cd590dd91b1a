/* One line per event on standard error; log_format.h has how it looks. Levels are a total order; lines below the chosen
 * one are not formatted. The formatted text passes text_filter as a whole, so that no argument can break the line or
 * move a cursor; it is cut at LOG_TEXT_MAX bytes. Thread-safe: one write(2) a line; errno survives.
 *
 * Until log_hold, and after log_stop, a line is written by whoever has it, who may have to wait for its reader. In
 * between nobody waits but one thread (log_writer.h), and a line is lost where its reader is so far behind that the
 * queue is full (log_queue.h): the next line that gets through is preceded by one that says how many. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/log_format.h"

/* Default: LOG_LEVEL_INFO. */
void log_set_level(enum log_level level);
bool log_enabled(enum log_level level);
/* Where lines go instead of standard error, as while a screen owns the terminal. A line that it does not take at once
 * (non-blocking and full) is lost. -1: standard error again. */
void log_set_descriptor(int descriptor);

/* Default: LOG_FORMAT_PLAIN. */
void log_set_format(enum log_format format);

/* From now on lines are kept for the thread that log_start will start. 0 or a negative errno, and then all stays as it
 * is. */
MUST_USE int log_hold(void);
/* As soon as threads may be started: 0 or a negative errno. log_stop does where it was not. */
MUST_USE int log_start(void);
/* Writes what is left, for LOG_STOP_MS (log_writer.h) at most. Of a reader that did not take that in time nobody will
 * ask again: what is logged later is lost, too. No thread but the caller's may be left that logs. */
void log_stop(void);
/* Lines lost since log_hold; any thread. */
uint64_t log_lost(void);

__attribute__((format(printf, 3, 4))) void log_line(enum log_level level, const char *area, const char *format, ...);

/* For what an attacker can cause: at most `per_second` lines a second for this place; the next line that passes
 * says how many were left out. Each place owns a static `struct log_limit` (zero-initialised). */
struct log_limit {
    _Atomic uint64_t window; /* second, or period, << 32 | lines in it */
    _Atomic uint64_t suppressed;
};
__attribute__((format(printf, 5, 6))) void log_limited(struct log_limit *limit, unsigned per_second,
                                                       enum log_level level, const char *area, const char *format, ...);

/* The same, but at most one line in so many seconds. */
__attribute__((format(printf, 5, 6))) void log_seldom(struct log_limit *limit, unsigned seconds, enum log_level level,
                                                      const char *area, const char *format, ...);

#define log_error(area, ...) log_line(LOG_LEVEL_ERROR, area, __VA_ARGS__)
#define log_warning(area, ...) log_line(LOG_LEVEL_WARNING, area, __VA_ARGS__)
#define log_info(area, ...) log_line(LOG_LEVEL_INFO, area, __VA_ARGS__)
#define log_debug(area, ...)                                                                                           \
    do {                                                                                                               \
        if (log_enabled(LOG_LEVEL_DEBUG)) log_line(LOG_LEVEL_DEBUG, area, __VA_ARGS__);                                \
    } while (0)
