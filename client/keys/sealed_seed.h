/* A seed behind a passphrase, as text: a backup, and the key file when it is locked. What it looks like is in
 * doc/identity.md. Argon2id with libsodium's moderate limits makes a key of the passphrase (passphrase_unify), with
 * which XChaCha20-Poly1305 seals the seed; all lines above the last are authenticated with it. The public key stands
 * there for all to read, so that one can tell whose it is.
 *
 * There is one way to write it, and any other is refused: a byte that was changed is found by its line, or when it is
 * opened. Its costs are no numbers to be read, so nobody's file makes us spend more. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/seed_file.h"
#include "common/why.h"

#define SEALED_SEED_KEY 32
#define SEALED_SEED_TEXT_MAX 600 /* with the zero */

struct sealed_seed {
    uint8_t public[32]; /* Ed25519, of the seed */
    uint8_t salt[16], nonce[24];
    uint8_t box[SEED_SIZE + 16];
};

/* Does the text begin like one? */
bool sealed_seed_is(const char *text, size_t size);
/* False with `why`, which begins with the line: "line 5: expected …". */
MUST_USE bool sealed_seed_parse(const char *text, size_t size, struct sealed_seed *out, struct why *why);
/* Returns its size, without the zero. */
size_t sealed_seed_write(const struct sealed_seed *sealed, char out[static SEALED_SEED_TEXT_MAX]);

/* Half a second, and 256 MiB. The passphrase is a unified one; the caller wipes the key. False: out of memory. */
MUST_USE bool sealed_seed_derive(const char *passphrase, const uint8_t salt[static 16],
                                 uint8_t key[static SEALED_SEED_KEY]);
/* Seals with the salt and the nonce that are there. */
void sealed_seed_close(struct sealed_seed *sealed, const uint8_t seed[static SEED_SIZE],
                       const uint8_t key[static SEALED_SEED_KEY]);
/* False, and nothing in `seed`: it is another key, or something was changed. */
MUST_USE bool sealed_seed_open(const struct sealed_seed *sealed, const uint8_t key[static SEALED_SEED_KEY],
                               uint8_t seed[static SEED_SIZE]);

/* The same with a passphrase, and chance. False with `why`. The caller wipes the seed. */
MUST_USE bool sealed_seed_seal(const uint8_t seed[static SEED_SIZE], const char *passphrase, struct sealed_seed *out,
                               struct why *why);
MUST_USE bool sealed_seed_unseal(const struct sealed_seed *sealed, const char *passphrase,
                                 uint8_t seed[static SEED_SIZE], struct why *why);
