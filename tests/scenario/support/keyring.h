/* What is needed to see whether somebody could read what others say: all that each person's engine ever had for a key,
 * and all that anybody sealed. libsodium's functions by which keys are made, and those that seal, stand here before its
 * own and note what passes. So nothing is missed because an engine has wiped it, or keeps it where a test does not
 * look.
 *
 * A key is whatever comes of HMAC-SHA256 (chaining keys and keys of Noise: those of handshakes that came to nothing,
 * too, and of sessions, both ways), what goes into crypto_kdf and comes of it (room keys, psks, MAC keys, the links
 * with bootnodes), and what a test adds. It is the person's for whom an engine was at work (world.h, `acting`). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/suite.h"
#include "common/wire/packet.h"
#include "tests/scenario/support/world.h"

#define SEALING_NONCE_SIZE 12
#define SEALING_AD_MAX 64

/* Something that was sealed, and all that one has to know to open it, but for the key. */
struct sealing {
    const struct person *by; /* NULL: a bootnode */
    enum suite suite;
    uint8_t nonce[SEALING_NONCE_SIZE];
    uint8_t ad[SEALING_AD_MAX];
    size_t ad_size;
    uint8_t sealed[PACKET_MAX]; /* with its tag */
    size_t size;
};

/* From now on what happens in this world is noted; NULL: nothing any more, and all is forgotten. */
void keyring_watch(const struct world *world);
/* The person has that, too. */
void keyring_add(const struct person *person, const uint8_t key[static SUITE_KEY_SIZE]);
size_t keyring_size(const struct person *person);

/* How many things were sealed so far, */
size_t keyring_sealed(void);
/* and one of them. Until another is noted. */
const struct sealing *keyring_sealing(size_t number);
/* The key of that person's which opens it, by trying each one; NULL: none does. The plain text, which is
 * SUITE_TAG_SIZE shorter, goes to `plain`. */
const uint8_t *keyring_open(const struct person *person, const struct sealing *sealing,
                            uint8_t plain[static PACKET_MAX]);
/* Does that person have the key of the MAC that the peer's packet (PROTOCOL.md §3.1) ends in? */
bool keyring_recognises(const struct person *person, const uint8_t *packet, size_t size);
