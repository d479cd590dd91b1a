#include "common/log_sink.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Each stands alone: nothing is published through it. */
static _Atomic int destination = STDERR_FILENO;
static _Atomic int chosen_format = LOG_FORMAT_PLAIN;

void log_sink_set_descriptor(int descriptor) {
    atomic_store_explicit(&destination, descriptor < 0 ? STDERR_FILENO : descriptor, memory_order_relaxed);
}

void log_sink_set_format(enum log_format format) {
    atomic_store_explicit(&chosen_format, (int)format, memory_order_relaxed);
}

int log_sink_descriptor(void) {
    return atomic_load_explicit(&destination, memory_order_relaxed);
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

size_t log_sink_line(const struct log_entry *entry, char out[static LOG_LINE_MAX]) {
    return log_format_line((enum log_format)atomic_load_explicit(&chosen_format, memory_order_relaxed),
                           journal_listens(log_sink_descriptor()), entry, out);
}

void log_sink_write(const struct log_entry *entry) {
    char line[LOG_LINE_MAX];
    size_t size = log_sink_line(entry, line);
    while (write(log_sink_descriptor(), line, size) < 0 && errno == EINTR) continue;
}
