/* One line per event on standard error: "level: area: text". Levels are a total order; lines below the chosen one
 * are not formatted. The formatted text passes text_filter as a whole, so that no argument can break the line or move a
 * cursor; it is cut at LOG_TEXT_MAX bytes. Thread-safe: one write(2) a line; errno survives.
 * Under systemd (JOURNAL_STREAM names standard error) lines start with <N> instead of the level's name. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define LOG_TEXT_MAX 1000

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Default: LOG_LEVEL_INFO. */
void log_set_level(enum log_level level);
bool log_enabled(enum log_level level);
/* Where lines go instead of standard error, as while a screen owns the terminal. A line that it does not take at once
 * (non-blocking and full) is lost. -1: standard error again. */
void log_set_descriptor(int descriptor);

__attribute__((format(printf, 3, 4))) void log_line(enum log_level level, const char *area, const char *format, ...);

/* For what an attacker can cause: at most `per_second` lines a second for this place; the next line that passes
 * says how many were left out. Each place owns a static `struct log_limit` (zero-initialised). */
struct log_limit {
    _Atomic uint64_t window; /* second << 32 | lines in it */
    _Atomic uint64_t suppressed;
};
__attribute__((format(printf, 5, 6))) void log_limited(struct log_limit *limit, unsigned per_second,
                                                       enum log_level level, const char *area, const char *format, ...);

#define log_error(area, ...) log_line(LOG_LEVEL_ERROR, area, __VA_ARGS__)
#define log_warning(area, ...) log_line(LOG_LEVEL_WARNING, area, __VA_ARGS__)
#define log_info(area, ...) log_line(LOG_LEVEL_INFO, area, __VA_ARGS__)
#define log_debug(area, ...)                                                                                           \
    do {                                                                                                               \
        if (log_enabled(LOG_LEVEL_DEBUG)) log_line(LOG_LEVEL_DEBUG, area, __VA_ARGS__);                                \
    } while (0)
