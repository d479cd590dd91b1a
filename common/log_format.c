#include "common/log_format.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "common/append.h"
#include "common/text.h"

#define TIME_SIZE 48 /* more than "2026-11-29T23:20:41.123Z": a compiler knows no calendar */

const char *const log_level_names[] = {[LOG_LEVEL_ERROR] = "error",
                                       [LOG_LEVEL_WARNING] = "warning",
                                       [LOG_LEVEL_INFO] = "info",
                                       [LOG_LEVEL_DEBUG] = "debug",
                                       NULL};
/* `plain` is no operator's choice. */
const char *const log_format_names[] = {[LOG_FORMAT_AUTO] = "auto",
                                        [LOG_FORMAT_TEXT] = "text",
                                        [LOG_FORMAT_LOGFMT] = "logfmt",
                                        [LOG_FORMAT_JSON] = "json",
                                        NULL};

static const char *const levels[] = {[LOG_LEVEL_ERROR] = "error",
                                     [LOG_LEVEL_WARNING] = "warning",
                                     [LOG_LEVEL_INFO] = "info",
                                     [LOG_LEVEL_DEBUG] = "debug",
                                     [LOG_LEVEL_TRACE] = "trace"};

static const int priorities[] = {[LOG_LEVEL_ERROR] = LOG_ERR,
                                 [LOG_LEVEL_WARNING] = LOG_WARNING,
                                 [LOG_LEVEL_INFO] = LOG_INFO,
                                 [LOG_LEVEL_DEBUG] = LOG_DEBUG,
                                 [LOG_LEVEL_TRACE] = LOG_INFO};

/* Not gmtime_r(3), which may read a file of time zones first. The days of the calendar in years that begin in March,
 * so that a leap day is a year's last, counted from the year 0 (Hinnant, "chrono-compatible low-level date algorithms",
 * civil_from_days). */
static void format_time(uint64_t wall_ms, char out[static TIME_SIZE]) {
    uint64_t days = wall_ms / 86400000 + 719468, ms = wall_ms % 86400000;
    uint64_t era = days / 146097, day_of_era = days % 146097;
    uint64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    uint64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint64_t month = (5 * day_of_year + 2) / 153, day = day_of_year - (153 * month + 2) / 5 + 1;
    uint64_t year = era * 400 + year_of_era + (month >= 10);
    month = month < 10 ? month + 3 : month - 9;
    snprintf(out, TIME_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", (unsigned)(year % 10000), (unsigned)month,
             (unsigned)day, (unsigned)(ms / 3600000), (unsigned)(ms / 60000 % 60), (unsigned)(ms / 1000 % 60),
             (unsigned)(ms % 1000));
}

/* What quotes and backslashes stand for, in both formats that have them; text_filter left no control character. */
static void append_quoted(char *out, const char *text) {
    size_t at = strlen(out);
    out[at++] = '"';
    for (; *text && at < LOG_LINE_MAX - sizeof "\\\"\"}\n"; text++) {
        if (*text == '"' || *text == '\\') out[at++] = '\\';
        out[at++] = *text;
    }
    out[at++] = '"';
    out[at] = '\0';
}

static void append_line(enum log_format format, const struct log_entry *entry, const char *text, char *out) {
    char time[TIME_SIZE];
    const char *level = levels[entry->level];
    format_time(entry->wall_ms, time);
    switch (format) {
    case LOG_FORMAT_LOGFMT:
        append_text(out, LOG_LINE_MAX, "time=%s level=%s area=%.*s msg=", time, level, LOG_AREA_MAX, entry->area);
        append_quoted(out, text);
        break;
    case LOG_FORMAT_JSON:
        append_text(out, LOG_LINE_MAX, "{\"time\":\"%s\",\"level\":\"%s\",\"area\":\"%.*s\",\"msg\":", time, level,
                    LOG_AREA_MAX, entry->area);
        append_quoted(out, text);
        append_text(out, LOG_LINE_MAX, "}");
        break;
    case LOG_FORMAT_PLAIN:
        append_text(out, LOG_LINE_MAX, "%s: %.*s: %s", level, LOG_AREA_MAX, entry->area, text);
        break;
    default: append_text(out, LOG_LINE_MAX, "%s %s: %.*s: %s", time, level, LOG_AREA_MAX, entry->area, text); break;
    }
}

size_t log_format_line(enum log_format format, bool journal, const struct log_entry *entry,
                       char out[static LOG_LINE_MAX]) {
    char text[LOG_TEXT_MAX + LOG_LEFT_OUT_MAX];
    text_filter(entry->text, entry->size, false, text, sizeof text);
    out[0] = '\0';
    if (journal) append_text(out, LOG_LINE_MAX, "<%d>", priorities[entry->level]);
    if (journal && (format == LOG_FORMAT_AUTO || format == LOG_FORMAT_PLAIN))
        append_text(out, LOG_LINE_MAX, "%.*s: %s", LOG_AREA_MAX, entry->area, text);
    else
        append_line(format, entry, text, out);
    size_t size = strlen(out);
    out[size++] = '\n';
    return size;
}
