/* Configuration as a table: each key's section, type, range, default and help stand once, and drive loading, checking
 * and the command line. Files are read through inih. Values land in a caller's struct at the key's offset. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "common/attributes.h"
#include "common/ini_origins.h"
#include "common/ini_value.h"
#include "common/why.h"

/* A section whose keys no table can list. */
struct ini_section {
    const char *name;
    /* False with one line in `why`, "expected …", and nothing changed. */
    bool (*take)(const char *key, const char *value, void *target, struct why *why);
};

struct ini_table {
    const struct ini_key *keys;
    size_t count;
    size_t target_size;                 /* sizeof the caller's struct */
    const struct ini_section *sections; /* beside those of the keys */
    size_t section_count;
};

/* Zeroes `target` and applies every default. A default that its own key refuses is a bug: aborts. */
void ini_table_defaults(const struct ini_table *table, void *target);

/* Sets one key from text (the command line). False with one line in `why`, "expected …" or "unknown …, expected …". */
MUST_USE bool ini_table_set(const struct ini_table *table, const char *section, const char *name, const char *value,
                            void *target, struct why *why);

/* Has the key of that row the same value in both targets? */
bool ini_table_equal(const struct ini_table *table, size_t row, const void *target, const void *other);
/* Gives it the other one's value. */
void ini_table_copy(const struct ini_table *table, size_t row, const void *from, void *to);
/* The row of that key, or the table's count. */
size_t ini_table_row(const struct ini_table *table, const char *section, const char *name);
/* Writes every key as a file that gives the same values when it is loaded, each with its origin as a comment where
 * `origins` is not NULL. A key without value stands there as a comment. */
void ini_table_print(const struct ini_table *table, const void *target, const struct ini_origins *origins, FILE *out);

/* Loads `file` over `target`. Prints every problem (unknown section or key, key given twice, bad value, key before any
 * section, what ini_lines.h refuses) as one line "FILE:LINE: …, expected …" to `problems`, and returns how many there
 * were; a file that cannot be read is one problem, "FILE: reason". Keys of an unknown section are not looked at.
 *
 * `include = NAME`, in any section and before the first, reads what ini_include.h finds as if it stood there, but for
 * relative paths, which start at the folder of the file that they stand in. It begins in the section that the line
 * stands in, and that goes on behind it. Files within each other are 8 at most, in all INI_FILES_MAX; one within itself
 * is a problem. A key stands once in all of them, and lists add up over all. */
MUST_USE size_t ini_table_load(const struct ini_table *table, const char *file, void *target, FILE *problems);
/* The same, with whence each value came; `origins`, made for this table, is the caller's. */
MUST_USE size_t ini_table_read(const struct ini_table *table, const char *file, void *target,
                               struct ini_origins *origins, FILE *problems);
