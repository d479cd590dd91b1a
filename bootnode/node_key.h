/* The bootnode's key: 32 random bytes in a file, from which everything else is derived (crypto_kdf, context "gcnode01":
 * subkey 1 is the key of reset tokens, PROTOCOL.md §2.2; subkey 2 the Noise static secret). The file is as in
 * common/seed_file.h. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/seed_file.h"
#include "common/why.h"

struct node_key {
    uint8_t public[32], secret[32]; /* X25519 */
    uint8_t reset_key[16];
    uint8_t seed[SEED_SIZE]; /* what the file holds */
};

void node_key_derive(const uint8_t seed[static SEED_SIZE], struct node_key *out);
/* Reads the key file; where there is none, makes one with a new key, and the folders above it (0700). False with one
 * line in `why`. */
MUST_USE bool node_key_open(const char *file, struct node_key *out, struct why *why);
/* Where the key lies when the configuration does not say: bootnode.key in $STATE_DIRECTORY (systemd), else in
 * $XDG_STATE_HOME/gochat, else in ~/.local/state/gochat (home.h). False with one line in `why`. */
MUST_USE bool node_key_default_file(char *out, size_t size, struct why *why);
void node_key_wipe(struct node_key *key);
