/* Configuration as a table: each key's section, type, range, default and help stand once, and drive loading, checking
 * and the command line. Files are read through inih. Values land in a caller's struct at the key's offset. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "common/attributes.h"
#include "common/ini_value.h"
#include "common/why.h"

struct ini_table {
    const struct ini_key *keys;
    size_t count;
    size_t target_size; /* sizeof the caller's struct */
};

/* Zeroes `target` and applies every default. A default that its own key refuses is a bug: aborts. */
void ini_table_defaults(const struct ini_table *table, void *target);

/* Sets one key from text (the command line). False with one line in `why`, "expected …" or "unknown …, expected …". */
MUST_USE bool ini_table_set(const struct ini_table *table, const char *section, const char *name, const char *value,
                            void *target, struct why *why);

/* Has the key of that row the same value in both targets? */
bool ini_table_equal(const struct ini_table *table, size_t row, const void *target, const void *other);
/* Writes every key as a file that gives the same values when it is loaded; where `origins` are given, with whence each
 * came as a comment. A key without value stands there as a comment. */
void ini_table_print(const struct ini_table *table, const void *target, FILE *out);

/* Loads `file` over `target`. Prints every problem (unknown section or key, key given twice, line without '=', bad
 * value, key before any section) as one line "FILE:LINE: …, expected …" to `problems`, and returns how many there
 * were; a file that cannot be read is one problem, "FILE: reason". Keys of an unknown section are not looked at.
 * The format is inih's, with these rules. A line has less than 65,536 bytes. Lines may be indented (no continuation
 * lines). A # or ; begins a comment at the start of a line and behind white space in it; but a value may begin with
 * one, as in #tea, where no white space follows. A value in "double" or 'single' quotes loses them, and keeps all that
 * is between; quotes without their pair are a problem, and what is between cannot have the same quotes in it. */
MUST_USE size_t ini_table_load(const struct ini_table *table, const char *file, void *target, FILE *problems);
