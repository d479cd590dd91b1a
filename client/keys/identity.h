/* Who we are: one Ed25519 key in the data directory, and its X25519 form for Noise.
 *
 * File `identity`: the 32-byte seed as 64 hex digits and a newline; mode 0600; made under another name, synced, linked.
 * Locked (flock) while in use: a second client with the same data directory takes `identity.<nick>` instead (made when
 * missing), because two clients with one identity would take each other's place in the room. Once there,
 * `identity.<nick>` is preferred for that nick.
 *
 * Each may be sealed with a passphrase (sealed_seed.h): then its public key is known when it is opened, and the rest
 * once it is unsealed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/keys/identity_file.h"
#include "common/attributes.h"
#include "common/why.h"

struct identity {
    bool temporary; /* its file could be neither found nor made: it ends with this run */
    bool sealed;    /* there is but the public key yet, and: */
    struct sealed_seed box;
    uint8_t seed[32];
    uint8_t public[32];       /* Ed25519 */
    uint8_t secret[64];       /* Ed25519, libsodium's form */
    uint8_t noise_secret[32]; /* X25519 */
    uint8_t noise_public[32];
    int lock; /* descriptor that holds the lock; -1 in tests */
};

void identity_from_seed(const uint8_t seed[static 32], struct identity *out);
/* Opens or makes it. Where it is not there and cannot be made (a directory that is read-only, or not there either; a
 * full disk), the key is a temporary one, and `why` says what failed. False with one line in `why` that names the file:
 * there is one, but it cannot be read, or others can read it. */
MUST_USE bool identity_open(const char *directory, const char *nick, struct identity *out, struct why *why);
/* The key of `gochat --mode send`, which must not take the place of its user's client: `identity-send`, or
 * `identity-send.<nick>` for a nick that was chosen (empty: none was), since in each room a nick belongs to one key.
 * While another one uses the same, waits up to `wait_s` seconds. Else as identity_open. */
MUST_USE bool identity_open_sender(const char *directory, const char *nick, unsigned wait_s, struct identity *out,
                                   struct why *why);
/* Of a sealed one, with the seed that was in its box. */
void identity_unseal(struct identity *identity, const uint8_t seed[static 32]);
/* Wipes and unlocks. */
void identity_close(struct identity *identity);
/* Does the X25519 key belong to the Ed25519 key? False for invalid points. */
MUST_USE bool identity_matches(const uint8_t identity_public[static 32], const uint8_t noise_public[static 32]);
