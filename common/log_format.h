/* What a line of the log looks like. Nothing here writes, waits or reads a clock.
 *
 *   auto     in the journal "<6>area: text": it has a time and a level of its own; elsewhere as `text`
 *   text     "2026-11-29T23:20:41.123Z info: area: text"
 *   logfmt   time=2026-11-29T23:20:41.123Z level=info area=area msg="text"
 *   json     {"time":"2026-11-29T23:20:41.123Z","level":"info","area":"area","msg":"text"}
 *   plain    "info: area: text", for programs whose user sits before them
 *
 * Times are UTC with milliseconds (RFC 3339): lines of several machines, and those of one before and after a change to
 * summer time, can be put in order as text; and no file of time zones is read, which the sandbox would not allow. In
 * the journal every format has "<N>" (sd-daemon(3)) in front, so that its priorities work.
 *
 * The text passes text_filter as a whole: whatever the bytes, a line is one line of valid UTF-8 that moves no cursor,
 * and a JSON line is valid JSON. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The last one is no step of that order: what an operator asked for by name is told whatever the chosen level. */
enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG, LOG_LEVEL_TRACE };
enum log_format { LOG_FORMAT_AUTO, LOG_FORMAT_TEXT, LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON, LOG_FORMAT_PLAIN };

#define LOG_TEXT_MAX 1000   /* bytes of a text */
#define LOG_LEFT_OUT_MAX 64 /* and of what may follow it: " (… such lines left out before)" */
/* A line with its newline: in JSON a byte of the text may need two, and what is around takes less than this. */
#define LOG_AROUND_MAX 192
#define LOG_LINE_MAX (LOG_AROUND_MAX + 2 * (LOG_TEXT_MAX + LOG_LEFT_OUT_MAX))

struct log_entry {
    uint64_t wall_ms; /* since 1970 */
    enum log_level level;
    const char *area; /* of static storage, at most LOG_AREA_MAX bytes of it are shown */
    size_t size;
    char text[LOG_TEXT_MAX + LOG_LEFT_OUT_MAX]; /* any bytes */
};
#define LOG_AREA_MAX 32

/* What settings may choose; NULL-terminated. */
extern const char *const log_level_names[], *const log_format_names[];

/* The line, its newline last and no zero behind it. Returns its bytes. */
size_t log_format_line(enum log_format format, bool journal, const struct log_entry *entry,
                       char out[static LOG_LINE_MAX]);
