/* Keys remembered on first use, as ssh's known_hosts: lines "NAME KEY-IN-HEX". Two files in the data directory:
 * `known_bootnodes` (name = host:port as given) and `known_peers` (name = room tag in hex, a colon, nick in hex). Small
 * files, read whole when asked, appended with O_APPEND under flock: several clients may share them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct known_keys {
    char file[4096]; /* empty: remembers nothing (tests) */
};

enum known_result { KNOWN_SAME, KNOWN_NEW, KNOWN_CHANGED };

bool known_keys_open(struct known_keys *known, const char *directory, const char *name, char *why, size_t why_size);
/* Compares. For KNOWN_CHANGED `line` is where the old key stands, 0 when the file cannot be read. A malformed line is
 * skipped. */
enum known_result known_keys_check(const struct known_keys *known, const char *name, const uint8_t key[static 32],
                                   unsigned *line);
/* Appends. False with one line in `why`, also when another client has remembered another key meanwhile. */
bool known_keys_remember(const struct known_keys *known, const char *name, const uint8_t key[static 32], char *why,
                         size_t why_size);
