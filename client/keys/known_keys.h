/* Keys remembered on first use, as ssh's known_hosts: lines "NAME KEY-IN-HEX". Two files in the data directory:
 * `known_bootnodes` (name = host:port as given) and `known_peers` (name = room tag in hex, a colon, nick in hex). Small
 * files, read whole when asked, appended with O_APPEND under flock: several clients may share them. What cannot be
 * written there (a read-only directory, a full disk, a link to /dev/null) is remembered until the end of the program.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/why.h"

#define KNOWN_KEYS_NOTED_MAX (1024 * 1024)

struct known_keys {
    char file[4096]; /* empty: remembers nothing (tests) */
    bool unread;     /* there is no such file to read: what is noted is all that is known */
    bool hidden;     /* unread, but there is something: whoever was met before seems new, which is to be told */
    bool told;       /* that it cannot be written */
    bool unsynced;   /* what was written last may be lost where the power fails: known_keys_sync */
    char *noted;     /* what could not be, as lines of the file; malloc'd */
    size_t noted_size;
};

enum known_result { KNOWN_SAME, KNOWN_NEW, KNOWN_CHANGED };

/* False with one line in `why`: it cannot be written, or not even read. It can be used all the same. */
MUST_USE bool known_keys_open(struct known_keys *known, const char *directory, const char *name, struct why *why);
void known_keys_close(struct known_keys *known);
/* Compares. For KNOWN_CHANGED `line` is where the old key stands, 0 when the file cannot be read any
 * more, or the key is only noted. A malformed line is skipped. */
MUST_USE enum known_result known_keys_check(const struct known_keys *known, const char *name,
                                            const uint8_t key[static 32], unsigned *line);
/* For telling KNOWN_CHANGED: where the old key is ("FILE:LINE", if it is in the file), and what one can do where the
 * new one is right. */
#define KNOWN_KEYS_PLACE_SIZE 512
void known_keys_place(const struct known_keys *known, unsigned line, char out[static KNOWN_KEYS_PLACE_SIZE]);
const char *known_keys_remedy(unsigned line);
/* Appends; whether it outlasts a power cut is known_keys_sync's. False with one line in `why` when another key is
 * remembered, maybe by another client meanwhile; and, once, when the file cannot be written: then the key is noted. */
MUST_USE bool known_keys_remember(struct known_keys *known, const char *name, const uint8_t key[static 32],
                                  struct why *why);
/* Waits until the disk has what was written, which may take as long as many packets do: not for each key. False with
 * one line in `why`, once, when it does not take it. */
MUST_USE bool known_keys_sync(struct known_keys *known, struct why *why);
