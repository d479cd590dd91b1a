/* What a key of a configuration file takes, and the shapes that values have in the caller's struct. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/address.h"

#define INI_TEXT_SIZE 512 /* char[INI_TEXT_SIZE] for INI_TEXT and INI_PATH */
#define INI_ADDRESS_LIST_MAX 16
#define INI_PATH_LIST_MAX 8
#define INI_LIST_MAX 16 /* items of any list */

struct ini_address_list {
    struct address items[INI_ADDRESS_LIST_MAX];
    size_t count;
};

struct ini_path_list {
    char items[INI_PATH_LIST_MAX][INI_TEXT_SIZE];
    size_t count;
};

enum ini_type {
    INI_TEXT,      /* char[INI_TEXT_SIZE]; min and max bound its length in bytes */
    INI_PATH,      /* the same; ~ is a home directory (home_expand); a relative one from a file is taken relative to
                      that file's folder */
    INI_PATH_LIST, /* struct ini_path_list: as INI_PATH, separated by commas, each once; min, max and further lines as
                      with INI_ADDRESS_LIST */
    INI_INTEGER,   /* long long, min … max; with a `unit` as units_parse reads it */
    INI_BOOLEAN,   /* bool: on/off, as documents and errors say; also yes/no, true/false, 1/0 */
    INI_CHOICE,    /* int: index into `choices` (NULL-terminated) */
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
    const char *unit;     /* of units.h: what the field is in; min and max, too. NULL: a plain number */
    bool bare;            /* a number without its unit is one of `unit`, as it was before there were others */
    uint16_t port;        /* of addresses: what one without a port means; 0: it needs one */
    const char *fallback; /* the default, as it would stand in a file; NULL leaves the field zeroed */
    const char *help;
    bool restart; /* read at the start alone: a change in a running program's file waits for the next one */
    /* Optional, for what the type does not say: whether a value will do, and what is expected where it does not. */
    bool (*check)(const char *value);
    const char *expected;
};
