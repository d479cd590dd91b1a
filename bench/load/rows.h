/* The lines of --rows, read as they come: whoever writes them may wait for one row's result before the next line. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attributes.h"
#include "common/why.h"

#define ROWS_LINE_MAX 4096

struct rows {
    int descriptor;
    unsigned number; /* of the line given last, from 1 */
    bool ended;
    size_t used, given; /* bytes in the buffer, and of these the line that was given */
    char buffer[ROWS_LINE_MAX];
};

enum rows_status { ROWS_LINE, ROWS_WAIT, ROWS_END, ROWS_FAILED };

/* '-' is standard input. False with `why`. */
MUST_USE bool rows_open(struct rows *rows, const char *path, struct why *why);
void rows_close(struct rows *rows);
/* The next line that is not empty nor a comment; `line` points into `rows` until the next call. ROWS_WAIT when none
 * came within `timeout_ms` (-1: no limit) or a signal did; ROWS_FAILED with `why`. */
enum rows_status rows_next(struct rows *rows, int timeout_ms, const char **line, struct why *why);
