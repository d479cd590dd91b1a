/* Names derived from secrets: what the bootnode sees of a room and of its members.
 * All keyed BLAKE2b (crypto_generichash, crypto_kdf); a room with a secret goes through Argon2id first, because the
 * bootnode sees the tag and could otherwise try passwords at hash speed. PROTOCOL.md §1 repeats this table:
 *
 *   name                 hash           message                             key
 *   K, open room         BLAKE2b-256    room name                           "gochat room v1"
 *   K, secret room       BLAKE2b-256    room name                           Argon2id(secret, salt), 32 bytes
 *   salt                 BLAKE2b-256    "gochat salt v1" || room name       none; the first 16 bytes are used
 *   K with a passphrase  as K, secret room, but with "gochat salt p1" and more work
 *   tag, blinding_key,   crypto_kdf     context "gcroom01", ids 1, 2,       K
 *     mac_key, psk                      3, 4 of 16, 32, 16, 32 bytes
 *   room id                                                                 the tag
 *
 * of a private room, which is its owner's and has a secret for each of its epochs, and for invites:
 *   root R               BLAKE2b-256    owner's Ed25519 key || nonce (32)   "gochat owned v1"
 *   N, in place of K     BLAKE2b-256    room name                           R
 *   room id,             crypto_kdf     context "gcroom01", ids 5, 2,       N
 *     blinding_key,                       6 of 16, 32, 32 bytes
 *     first secret
 *   K of a secret s      BLAKE2b-256    R || s (32)                         "gochat epoch v1"
 *   tag, mac_key, psk    crypto_kdf     as above                            K of the secret
 *
 * and of members, in every room:
 *   blinding factor h    BLAKE2b-512    Ed25519 public key A                blinding_key
 *   member id            BLAKE2b-128    member key                          "gochat member v1"
 *   fingerprint          BLAKE2b-128    Ed25519 public key                  "gochat print v1"
 *   safety number        BLAKE2b-512    lower || higher Ed25519 public key  "gochat safety v1"
 *
 * h is taken modulo l, the order of the group. The member key is the Montgomery form of the point h A, an X25519 key;
 * its secret is one of the two of X25519 that stand for h a and -h a, a being the scalar of A: see
 * member_secret_derive.
 *
 * Argon2id 1.3 runs with libsodium's INTERACTIVE limits (2 passes, 64 MiB); for a passphrase, which people choose and
 * speak, with its MODERATE ones (3 passes, 256 MiB). Public keys are ordered as byte strings.
 * A safety number is 12 groups of 5 digits: 5 bytes each of the first 60, big-endian, modulo 100,000.
 * Who has R can check who the owner is that it is said to have, by the owner's key and nonce. Room id and member ids
 * stay what they are when the secret changes. A private room's secrets are random, so none goes through Argon2id.
 * A room name has 1 to ROOM_NAME_MAX bytes and is one as room_name_parse (room_name.h) makes it; here that is not
 * checked again. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"

#define ROOM_TAG_SIZE 16
#define ROOM_ID_SIZE 16
/* The part of a room's tag by which a cluster finds its homes. It travels in the clear. */
#define BUCKET_BITS 10
#define BUCKETS (1 << BUCKET_BITS)
#define MEMBER_ID_SIZE 16
#define MEMBER_KEY_SIZE 32
#define ROOM_MAC_KEY_SIZE 16
#define ROOM_NAME_MAX 256 /* bytes */
#define ROOM_SECRET_MAX 4096
#define PRIVATE_ROOT_SIZE 32
#define PRIVATE_NONCE_SIZE 32
#define PRIVATE_SECRET_SIZE 32 /* of an epoch, or an invite's token */
#define KEY_PRINT_SIZE 16
#define PRIVATE_INVITE_SIZE 40     /* such a secret, and the stamp of the epoch that there was, u64 */
#define FINGERPRINT_TEXT_SIZE 33   /* 32 hex digits and the zero */
#define SAFETY_NUMBER_TEXT_SIZE 72 /* 60 digits in 12 groups of 5, and the zero */

/* What changes with a room's secret, while the room stays the same. Handshakes are made under one. */
struct key_set {
    uint8_t tag[ROOM_TAG_SIZE];         /* what the bootnode sees */
    uint8_t mac_key[ROOM_MAC_KEY_SIZE]; /* SipHash key of handshake packets and pair tags */
    uint8_t psk[32];                    /* XXpsk3 */
};

/* What stays as long as the room does, and the set that it is begun with. */
struct room_keys {
    uint8_t key[32];          /* K; of a private room N */
    uint8_t id[ROOM_ID_SIZE]; /* stands for the room in what is signed and remembered */
    uint8_t blinding_key[32]; /* what an identity becomes another key with, in this room */
    bool has_secret;          /* handshakes are XXpsk3 */
    struct key_set set;       /* of an open room and one with a secret the only one */
};

/* `secret` NULL or empty: an open room. False when the name is empty, one of the two too long, or
 * Argon2id found no memory; `out` is then of no use. */
MUST_USE bool room_keys_derive(const char *name, const void *secret, size_t secret_size, struct room_keys *out);
/* The same with a passphrase, which must not be empty: 256 MiB. As secret it would give another room. */
MUST_USE bool room_keys_derive_passphrase(const char *name, const char *passphrase, size_t size, struct room_keys *out);
/* The root of a private room. */
void private_root(const uint8_t owner[static 32], const uint8_t nonce[static PRIVATE_NONCE_SIZE],
                  uint8_t out[static PRIVATE_ROOT_SIZE]);
/* What stays of a private room, and as `set` that of its first epoch. False when the name is empty or too long. */
MUST_USE bool private_keys_derive(const char *name, const uint8_t root[static PRIVATE_ROOT_SIZE],
                                  struct room_keys *out);
/* The secret of a private room's first epoch. */
void private_first_secret(const struct room_keys *room, uint8_t out[static PRIVATE_SECRET_SIZE]);
/* The set of one of a private room's secrets. */
void key_set_derive(const uint8_t root[static PRIVATE_ROOT_SIZE], const uint8_t secret[static PRIVATE_SECRET_SIZE],
                    struct key_set *out);
/* The key of an identity in this room. False, and zeros, when that is no identity: no point, or one outside the group
 * of prime order, where several keys would have one secret. */
MUST_USE bool member_key_derive(const struct room_keys *room, const uint8_t identity_public[static 32],
                                uint8_t out[static MEMBER_KEY_SIZE]);
/* Its X25519 secret, clamped, from the Ed25519 one in libsodium's form. False where there is none: that has a chance of
 * 2^-126. Who has this and the room's keys can compute the identity's own secret. */
MUST_USE bool member_secret_derive(const struct room_keys *room, const uint8_t identity_secret[static 64],
                                   uint8_t out[static MEMBER_KEY_SIZE]);
void member_id_of_key(const uint8_t member_key[static MEMBER_KEY_SIZE], uint8_t out[static MEMBER_ID_SIZE]);
/* That of the identity's key in this room, at the cost of three scalar multiplications. Zeros, which is nobody's id,
 * when it is no identity. */
void member_id_derive(const struct room_keys *room, const uint8_t identity_public[static 32],
                      uint8_t out[static MEMBER_ID_SIZE]);
/* The fingerprint of a key: of an identity's Ed25519 key, or of a bootnode's, which invites name so. */
void key_print_derive(const uint8_t key[static 32], uint8_t out[static KEY_PRINT_SIZE]);
/* Of an Ed25519 key: hex of its BLAKE2b-128. */
void fingerprint_format(const uint8_t identity_public[static 32], char out[static FINGERPRINT_TEXT_SIZE]);
/* The same for both people, whoever is a: 60 decimal digits from both keys. */
void safety_number_format(const uint8_t a[static 32], const uint8_t b[static 32],
                          char out[static SAFETY_NUMBER_TEXT_SIZE]);

/* The first BUCKET_BITS bits of a tag. */
static inline uint16_t room_bucket(const uint8_t tag[static ROOM_TAG_SIZE]) {
    return (uint16_t)((tag[0] << 8 | tag[1]) >> (16 - BUCKET_BITS));
}
