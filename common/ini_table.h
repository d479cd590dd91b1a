/* Configuration as a table: each key's section, type, range, default and help stand once, and drive loading, checking
 * and the command line. Files are read through inih. Values land in a caller's struct at the key's offset. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/address.h"
#include "common/attributes.h"
#include "common/why.h"

#define INI_TEXT_SIZE 512 /* char[INI_TEXT_SIZE] for INI_TEXT and INI_PATH */
#define INI_ADDRESS_LIST_MAX 16

struct ini_address_list {
    struct address items[INI_ADDRESS_LIST_MAX];
    size_t count;
};

enum ini_type {
    INI_TEXT,         /* char[INI_TEXT_SIZE]; min and max bound its length in bytes */
    INI_PATH,         /* the same; ~ is a home directory (home_expand); a relative one from a file is taken relative to
                         that file's folder */
    INI_INTEGER,      /* long long, min … max */
    INI_BOOLEAN,      /* bool: on/off, as documents and errors say; also yes/no, true/false, 1/0 */
    INI_CHOICE,       /* int: index into `choices` (NULL-terminated) */
    INI_ADDRESS_LIST, /* struct ini_address_list: numeric ADDR:PORT, separated by commas, each once; min and max bound
                         their number; in a file, further lines of the key add to the first */
    INI_AUTO_INTEGER, /* long long; the word "auto" gives 0 */
};

struct ini_key {
    const char *section;
    const char *name;
    enum ini_type type;
    size_t offset;
    long long min, max; /* for texts, paths and lists a max of 0 is what the field holds */
    const char *const *choices;
    uint16_t port;        /* of addresses: what one without a port means; 0: it needs one */
    const char *fallback; /* the default, as it would stand in a file; NULL leaves the field zeroed */
    const char *help;
    /* Optional, for what the type does not say: whether a value will do, and what is expected where it does not. */
    bool (*check)(const char *value);
    const char *expected;
};

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

/* Loads `file` over `target`. Prints every problem (unknown section or key, key given twice, line without '=', bad
 * value, key before any section) as one line "FILE:LINE: …, expected …" to `problems`, and returns how many there
 * were; a file that cannot be read is one problem, "FILE: reason". Keys of an unknown section are not looked at.
 * The format is inih's, with these rules. A line has less than 65,536 bytes. Lines may be indented (no continuation
 * lines). A # or ; begins a comment at the start of a line and behind white space in it; but a value may begin with
 * one, as in #tea, where no white space follows. A value in "double" or 'single' quotes loses them, and keeps all that
 * is between; quotes without their pair are a problem, and what is between cannot have the same quotes in it. */
MUST_USE size_t ini_table_load(const struct ini_table *table, const char *file, void *target, FILE *problems);
