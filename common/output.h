/* Standard output that cannot be written is a fault in every mode: on a full disk, without a reader, on a descriptor
 * that was closed. It is told in one line on standard error, and by the exit status. (What coreutils' close_stdout
 * does, but also for a reader that went away.) */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attributes.h"

#define OUTPUT_STATUS 8 /* the exit status, whatever else there is to tell */

/* First of all in main: neither SIGPIPE nor SIGXFSZ (a file that reached RLIMIT_FSIZE), which would end the program
 * without a word; a write then says EPIPE or EFBIG. And no standard descriptor is free.
 * Where one was closed, the next file, socket or signalfd would take its place, and be read as input or written to as
 * output: /dev/null does instead, as an input at its end, and as an output that is in error when something is written.
 */
void output_open(void);

/* Without stdio, resumed after part of it and where a descriptor that does not wait is full. False with errno. */
MUST_USE bool output_write(int descriptor, const char *text, size_t size);

/* What is not stdio's, and so not seen by output_close, could not be written: tells it, the first time. Any thread. */
void output_failed(const char *program, int error);

/* Last of all in main: what stdio still holds is written, and the descriptor closed. Returns `status`, or OUTPUT_STATUS
 * where anything could not be written, and then it is told. */
MUST_USE int output_close(const char *program, int status);
