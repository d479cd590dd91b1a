/* One setting: what its key takes, from text into a field of the caller's struct and back. Pure, but for paths (home
 * directories) and link-local addresses (interfaces).
 *
 * What ini_value_format writes, ini_value_set takes for the same value again, in a file of any folder. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
    bool restart; /* read at the start alone: a change in a running program's file waits for the next one */
    /* Optional, for what the type does not say: whether a value will do, and what is expected where it does not. */
    bool (*check)(const char *value);
    const char *expected;
};

/* Takes `value` into `target`'s field. Relative paths start at `folder`; NULL: at the working directory. False with one
 * line in `why`, "expected …", and nothing changed. */
MUST_USE bool ini_value_set(const struct ini_key *key, const char *value, const char *folder, void *target,
                            struct why *why);
/* May a list go on in further lines? Then this adds one's items to those that are there; all or none. */
bool ini_value_adds_up(const struct ini_key *key);
MUST_USE bool ini_value_add(const struct ini_key *key, const char *value, void *target, struct why *why);

bool ini_value_equal(const struct ini_key *key, const void *target, const void *other);
/* How many lines of a file say it: one, or one for each item of a list. 0: nothing is there to be said, as with an
 * empty list, or a text without a default that nobody gave. */
size_t ini_value_lines(const struct ini_key *key, const void *target);
#define INI_LINE_SIZE (2 * INI_TEXT_SIZE)
/* What stands behind the = in line `index` of those, with quotes where it needs them. False where no file can say it:
 * both kinds of quotes beside what needs some. */
MUST_USE bool ini_value_format(const struct ini_key *key, const void *target, size_t index,
                               char out[static INI_LINE_SIZE]);
