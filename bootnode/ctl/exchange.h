/* A request to the control socket, and its answer. */
#pragma once

#include <stdint.h>

#include "common/attributes.h"
#include "common/why.h"

/* Sends `line`, to which a newline is added, to the socket at `path`, and waits `patience_ms` for each piece of the
 * answer. Returns that without its newline, malloc'd, or NULL with one line in `why`. */
MUST_USE char *exchange_line(const char *path, const char *line, int patience_ms, struct why *why);
