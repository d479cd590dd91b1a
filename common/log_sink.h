/* Where the lines go: a descriptor, standard error unless told otherwise, and in which format. Any thread. */
#pragma once

#include "common/log_format.h"

void log_sink_set_descriptor(int descriptor); /* -1: standard error */
void log_sink_set_format(enum log_format format);
int log_sink_descriptor(void);
/* The line as its reader wants it; see log_format_line. */
size_t log_sink_line(const struct log_entry *entry, char out[static LOG_LINE_MAX]);
/* Writes it with one write(2), here and now: it waits for a reader where the descriptor does. What is not taken is
 * lost. */
void log_sink_write(const struct log_entry *entry);
