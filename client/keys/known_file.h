/* The lines of known_peers or known_bootnodes on the disk (known_line.h): read from a place on, and written anew. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "client/keys/key_table.h"
#include "common/attributes.h"

#define KNOWN_FILE_REPLACED_MAX 8 /* lines of keys that a name had before; the oldest goes */

/* One key of a name takes another's place, which stays as one that was replaced. */
struct known_succession {
    const char *name;
    const uint8_t *old, *new; /* 32 bytes each */
    size_t replaced;          /* so many of its keys were replaced before */
    unsigned today;           /* days since 1970; 0: lines are without dates */
};

/* To read lines from there on; NULL: it cannot be. Leaves the lock with the descriptor's open file. */
MUST_USE FILE *known_file_lines(int file, off_t from);
/* A file of its own, with the lines of `file`, takes the place of the one at `path`, whose lock others may wait for:
 * they look again. Left out are those that the table marks as forgotten, and second lines of a name with one key.
 * `succession` may be NULL. False: all is as it was, but for the marks. */
MUST_USE bool known_file_rewrite(const char *path, int file, struct key_table *table,
                                 const struct known_succession *succession);
