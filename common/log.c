#include "common/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/log_sink.h"
#include "common/log_writer.h"

/* Each stands alone: nothing is published through it. */
static _Atomic int chosen = LOG_LEVEL_INFO;
static atomic_bool stuck; /* its reader did not take the rest */

void log_set_level(enum log_level level) {
    atomic_store_explicit(&chosen, (int)level, memory_order_relaxed);
}

bool log_enabled(enum log_level level) {
    return level == LOG_LEVEL_TRACE || (int)level <= atomic_load_explicit(&chosen, memory_order_relaxed);
}

void log_set_descriptor(int descriptor) {
    log_sink_set_descriptor(descriptor);
}

void log_set_format(enum log_format format) {
    log_sink_set_format(format);
}

int log_hold(void) {
    return log_writer_hold();
}

int log_start(void) {
    return log_writer_start();
}

void log_stop(void) {
    if (!log_writer_stop()) atomic_store_explicit(&stuck, true, memory_order_relaxed);
}

uint64_t log_lost(void) {
    return log_writer_lost();
}

__attribute__((format(printf, 4, 0))) static void log_text(enum log_level level, const char *area, uint64_t left_out,
                                                           const char *format, va_list arguments) {
    int error = errno;
    struct log_entry entry;
    entry.wall_ms = clock_wall_ms();
    entry.level = level;
    entry.area = area;
    vsnprintf(entry.text, LOG_TEXT_MAX, format, arguments);
    entry.size = strlen(entry.text);
    if (left_out > 0)
        entry.size += (size_t)snprintf(entry.text + entry.size, LOG_LEFT_OUT_MAX,
                                       " (%" PRIu64 " such lines left out before)", left_out);
    if (!log_writer_take(&entry) && !atomic_load_explicit(&stuck, memory_order_relaxed)) log_sink_write(&entry);
    errno = error;
}

void log_line(enum log_level level, const char *area, const char *format, ...) {
    if (!log_enabled(level)) return;
    va_list arguments;
    va_start(arguments, format);
    log_text(level, area, 0, format, arguments);
    va_end(arguments);
}

/* Counts one line more in the current period. The word carries its period, so relaxed order is enough. */
static bool passes(struct log_limit *limit, unsigned lines, unsigned seconds) {
    uint64_t period = clock_monotonic_ms() / 1000 / seconds & UINT32_MAX;
    uint64_t window = atomic_load_explicit(&limit->window, memory_order_relaxed), next;
    do {
        if (window >> 32 == period && (window & UINT32_MAX) >= lines) return false;
        next = window >> 32 == period ? window + 1 : period << 32 | 1;
    } while (!atomic_compare_exchange_weak_explicit(&limit->window, &window, next, memory_order_relaxed,
                                                    memory_order_relaxed));
    return true;
}

__attribute__((format(printf, 6, 0))) static void log_some(struct log_limit *limit, unsigned lines, unsigned seconds,
                                                           enum log_level level, const char *area, const char *format,
                                                           va_list arguments) {
    if (passes(limit, lines, seconds))
        log_text(level, area, atomic_exchange_explicit(&limit->suppressed, 0, memory_order_relaxed), format, arguments);
    else
        atomic_fetch_add_explicit(&limit->suppressed, 1, memory_order_relaxed);
}

void log_limited(struct log_limit *limit, unsigned per_second, enum log_level level, const char *area,
                 const char *format, ...) {
    if (!log_enabled(level)) return;
    va_list arguments;
    va_start(arguments, format);
    log_some(limit, per_second, 1, level, area, format, arguments);
    va_end(arguments);
}

void log_seldom(struct log_limit *limit, unsigned seconds, enum log_level level, const char *area, const char *format,
                ...) {
    if (!log_enabled(level)) return;
    va_list arguments;
    va_start(arguments, format);
    log_some(limit, 1, seconds, level, area, format, arguments);
    va_end(arguments);
}
