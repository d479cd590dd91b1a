/* Small files of lines in the data directory, the first word of each its key: what is ignored, what is logged. Mode
 * 0600; changed by replacing the whole file (written aside, synced, renamed), under a lock on its directory, so that
 * several clients may share it and a crash leaves the old or the new one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attributes.h"
#include "common/why.h"

#define LINE_FILE_BYTES (1024 * 1024) /* a larger one is refused */

/* One call per line, without its newline. A missing file has none. False with one line in `why` that names the file. */
MUST_USE bool line_file_read(const char *path, void (*each)(void *context, const char *line), void *context,
                             struct why *why);
/* Takes out the lines with that key, and adds `line` at the end (NULL: none). False with one line in `why`: unchanged.
 */
MUST_USE bool line_file_set(const char *path, const char *key, const char *line, struct why *why);
