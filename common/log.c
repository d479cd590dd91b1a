#include "common/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/text.h"

#define PREFIX_MAX 100  /* bytes of "level: area: " */
#define LEFT_OUT_MAX 64 /* bytes of " (… lines left out before)" */

static const struct {
    const char *name;
    int priority; /* sd-daemon(3) */
} levels[] = {
    [LOG_LEVEL_ERROR] = {"error", LOG_ERR},
    [LOG_LEVEL_WARNING] = {"warning", LOG_WARNING},
    [LOG_LEVEL_INFO] = {"info", LOG_INFO},
    [LOG_LEVEL_DEBUG] = {"debug", LOG_DEBUG},
};

/* Stands alone: nothing is published through it. */
static _Atomic int chosen = LOG_LEVEL_INFO;
static _Atomic int destination = STDERR_FILENO;

void log_set_level(enum log_level level) {
    atomic_store_explicit(&chosen, (int)level, memory_order_relaxed);
}

void log_set_descriptor(int descriptor) {
    atomic_store_explicit(&destination, descriptor < 0 ? STDERR_FILENO : descriptor, memory_order_relaxed);
}

bool log_enabled(enum log_level level) {
    return (int)level <= atomic_load_explicit(&chosen, memory_order_relaxed);
}

/* A service's children inherit JOURNAL_STREAM even where their standard error goes elsewhere: systemd.exec(5) says to
 * compare the file. */
static bool journal_listens(int descriptor) {
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat file;
    char ours[48];
    if (!stream || fstat(descriptor, &file) != 0) return false;
    snprintf(ours, sizeof ours, "%ju:%ju", (uintmax_t)file.st_dev, (uintmax_t)file.st_ino);
    return strcmp(stream, ours) == 0;
}

static void write_line(enum log_level level, const char *area, const char *text, size_t size) {
    char line[PREFIX_MAX + LOG_TEXT_MAX + LEFT_OUT_MAX];
    int descriptor = atomic_load_explicit(&destination, memory_order_relaxed);
    if (journal_listens(descriptor))
        snprintf(line, PREFIX_MAX, "<%d>%s: ", levels[level].priority, area);
    else
        snprintf(line, PREFIX_MAX, "%s: %s: ", levels[level].name, area);
    size_t length = strlen(line);
    length += text_filter(text, size, false, line + length, sizeof line - length);
    line[length++] = '\n';
    while (write(descriptor, line, length) < 0 && errno == EINTR) continue;
}

__attribute__((format(printf, 4, 0))) static void log_text(enum log_level level, const char *area, uint64_t left_out,
                                                           const char *format, va_list arguments) {
    int error = errno;
    char text[LOG_TEXT_MAX + LEFT_OUT_MAX] = "";
    vsnprintf(text, LOG_TEXT_MAX, format, arguments);
    size_t size = strlen(text);
    if (left_out > 0)
        size += (size_t)snprintf(text + size, LEFT_OUT_MAX, " (%" PRIu64 " such lines left out before)", left_out);
    write_line(level, area, text, size);
    errno = error;
}

void log_line(enum log_level level, const char *area, const char *format, ...) {
    if (!log_enabled(level)) return;
    va_list arguments;
    va_start(arguments, format);
    log_text(level, area, 0, format, arguments);
    va_end(arguments);
}

/* Counts one line more in the current second. The word carries its second, so relaxed order is enough. */
static bool passes(struct log_limit *limit, unsigned per_second) {
    uint64_t second = clock_monotonic_ms() / 1000 & UINT32_MAX;
    uint64_t window = atomic_load_explicit(&limit->window, memory_order_relaxed), next;
    do {
        if (window >> 32 == second && (window & UINT32_MAX) >= per_second) return false;
        next = window >> 32 == second ? window + 1 : second << 32 | 1;
    } while (!atomic_compare_exchange_weak_explicit(&limit->window, &window, next, memory_order_relaxed,
                                                    memory_order_relaxed));
    return true;
}

void log_limited(struct log_limit *limit, unsigned per_second, enum log_level level, const char *area,
                 const char *format, ...) {
    if (!log_enabled(level)) return;
    if (!passes(limit, per_second)) {
        atomic_fetch_add_explicit(&limit->suppressed, 1, memory_order_relaxed);
        return;
    }
    uint64_t left_out = atomic_exchange_explicit(&limit->suppressed, 0, memory_order_relaxed);
    va_list arguments;
    va_start(arguments, format);
    log_text(level, area, left_out, format, arguments);
    va_end(arguments);
}
