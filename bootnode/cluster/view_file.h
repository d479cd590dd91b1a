/* The file in which a view is kept over restarts. It is opened before the sandbox, and no right is needed afterwards.
 *
 * It has two places, each for a whole record, which are written in turn: whoever dies in between leaves the one before.
 * It is written each second without a sync: what a crash of the machine takes is older than VIEW_ALIVE_MS anyway. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bootnode/cluster/view_record.h"
#include "common/attributes.h"
#include "common/why.h"

struct view_file {
    int descriptor;  /* -1: none */
    uint64_t number; /* of the last record */
};

/* Opens the file, or makes it (0600) with the folders above it. False with one line in `why`; view_file_close is due
 * either way. */
MUST_USE bool view_file_open(struct view_file *file, const char *path, struct why *why);
void view_file_close(struct view_file *file);
/* Is nothing in it? */
bool view_file_is_empty(const struct view_file *file);
/* The later one of its records; false: there is none of that cluster. */
MUST_USE bool view_file_read(struct view_file *file, const char *cluster, struct view_record *out);
/* Sets the record's number. False with errno. A disk may take its time: the caller is no reader of RCU that is online,
 * and holds no lock that others wait for. */
MUST_USE bool view_file_write(struct view_file *file, const char *cluster, struct view_record *record);
