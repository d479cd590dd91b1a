/* Keys of bootnodes, remembered on first use, as ssh's known_hosts: lines as known_line.h has them, in the file
 * `known_bootnodes` of the data directory (name = host:port as given). What cannot be written there (a read-only
 * directory, a full disk, a link to /dev/null) is remembered until the end of the program.
 *
 * Invariant: the tables in memory are what the file said when it was last looked at, which each look-up does; several
 * clients share it (line_log.h). Lines that are not understood stay. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/keys/key_table.h"
#include "client/keys/line_log.h"
#include "common/attributes.h"
#include "common/names.h"
#include "common/why.h"

struct known_keys {
    struct line_log log; /* without a file nothing is remembered (tests) */
    bool told;           /* that it cannot be written */
    bool unsynced;       /* what was written last may be lost where the power fails: known_keys_sync */
    unsigned malformed;  /* the first line that was not understood; 0: none */
    unsigned today;      /* days since 1970, for known_keys_remember; 0: lines are without dates */
    struct key_table table;
    struct key_table noted;    /* what could not be written */
    struct key_table replaced; /* keys that names of the file had before others */
};

enum known_result { KNOWN_SAME, KNOWN_NEW, KNOWN_CHANGED };

/* False with one line in `why`: it cannot be written, or (log.unread) not even read, or a line in it (`malformed`) is
 * not understood. It can be used all the same. */
MUST_USE bool known_keys_open(struct known_keys *known, const char *directory, const char *name, struct why *why);
void known_keys_close(struct known_keys *known);
/* Compares. For KNOWN_CHANGED `line` is where the old key stands, 0 when the file cannot be read any
 * more, or the key is only noted. A malformed line is skipped. */
MUST_USE enum known_result known_keys_check(struct known_keys *known, const char *name, const uint8_t key[static 32],
                                            unsigned *line);
/* A key that is remembered for the name. False: none is, or the file cannot be read. */
MUST_USE bool known_keys_find(struct known_keys *known, const char *name, uint8_t key[static 32]);
/* Did this one give its place to another? */
bool known_keys_was_replaced(struct known_keys *known, const char *name, const uint8_t key[static 32]);
/* Did one with this print? */
bool known_keys_replaced_print(struct known_keys *known, const char *name, const uint8_t print[static KEY_PRINT_SIZE]);
/* For telling KNOWN_CHANGED: where the old key is ("FILE:LINE", if it is in the file), and what one can do where the
 * new one is right. */
#define KNOWN_KEYS_PLACE_SIZE 512
void known_keys_place(const struct known_keys *known, unsigned line, char out[static KNOWN_KEYS_PLACE_SIZE]);
const char *known_keys_remedy(unsigned line);
/* Appends it, with the day; whether that outlasts a power cut is known_keys_sync's. False with one
 * line in `why` when another key is remembered, maybe by another client meanwhile; and, once, when the file cannot be
 * written: then the key is noted. */
MUST_USE bool known_keys_remember(struct known_keys *known, const char *name, const uint8_t key[static 32],
                                  struct why *why);
/* The name has the key `new` from now on instead of `old`, which is remembered as replaced: whole or not at all, and on
 * the disk. Where the file cannot be written, until the end of the program: then `why` says so, else its text is empty.
 * False with one line in `why`: another key is remembered, and stays. */
MUST_USE bool known_keys_succeed(struct known_keys *known, const char *name, const uint8_t old[static 32],
                                 const uint8_t new[static 32], struct why *why);
/* Waits until the disk has what was written, which may take as long as many packets do: not for each key. False with
 * one line in `why`, once, when it does not take it. */
MUST_USE bool known_keys_sync(struct known_keys *known, struct why *why);
