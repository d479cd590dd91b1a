/* What bootnodes of a cluster hang on the board is sealed: behind the content stand MACs (BLAKE2b-128), one for each
 * key of whoever made it, of which one by a key of ours is enough. So while a key is replaced, and nodes have different
 * keyrings for a time, they believe each other. PROTOCOL.md §2.7. Pure.
 *
 * One key is for contents of all kinds: their first bytes differ. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/bytes.h"

#define SEAL_KEY_SIZE 32
#define SEAL_KEYS_MAX 5 /* a keyring: the present key and four previous ones */
#define SEAL_MAC_SIZE 16
#define SEAL_SIZE_MAX (1 + SEAL_KEYS_MAX * SEAL_MAC_SIZE)

/* The keys of one cluster that are made from a bootnode's keys. */
struct seal_keys {
    uint8_t items[SEAL_KEYS_MAX][SEAL_KEY_SIZE];
    size_t count;
};

/* Adds the key of the seed that a key file holds, for the cluster of that name, as far as there is room. */
void seal_keys_add(struct seal_keys *keys, const uint8_t seed[static 32], const char *cluster);
void seal_keys_wipe(struct seal_keys *keys);

enum seal_verdict { SEAL_HOLDS, SEAL_MALFORMED, SEAL_FORGED };

/* Behind all that the writer has: u8 number of MACs | MACs. Without a key the writer fails. */
void seal_write(struct writer *writer, const struct seal_keys *keys);
/* What the reader has read is the content; what is left must be a seal of it, and nothing else. */
MUST_USE enum seal_verdict seal_check(struct reader *reader, const struct seal_keys *keys);
