#include "tests/scenario/support/keyring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "common/names.h"
#include "common/wire/peer_packets.h"

struct keys {
    uint8_t *bytes; /* one after the other, of one size */
    size_t count, capacity;
};

static struct {
    const struct world *world;
    struct keys keys[WORLD_PEOPLE], mac_keys[WORLD_PEOPLE];
    struct sealing *sealings;
    size_t count, capacity;
} watched;

static void *grown(void *list, size_t count, size_t *capacity, size_t size) {
    if (count < *capacity) return list;
    *capacity = *capacity ? 2 * *capacity : 256;
    list = realloc(list, *capacity * size);
    assert_non_null(list);
    return list;
}

static void note_key(struct keys *keys, const uint8_t *key, size_t size) {
    keys->bytes = grown(keys->bytes, keys->count, &keys->capacity, size);
    memcpy(keys->bytes + keys->count++ * size, key, size);
}

/* Whose engine is at work? NULL: nobody's, or nobody watches. */
static const struct person *acting(void) {
    return watched.world ? watched.world->acting : NULL;
}

static size_t number_of(const struct person *person) {
    return (size_t)(person - watched.world->people);
}

static void note(const uint8_t *key, size_t size) {
    if (!acting()) return;
    if (size == SUITE_KEY_SIZE) note_key(&watched.keys[number_of(acting())], key, size);
    if (size == ROOM_MAC_KEY_SIZE) note_key(&watched.mac_keys[number_of(acting())], key, size);
}

static void note_sealing(enum suite suite, const uint8_t *sealed, size_t size, const uint8_t *ad, size_t ad_size,
                         const uint8_t *nonce) {
    if (!watched.world) return;
    assert_true(size <= PACKET_MAX && ad_size <= SEALING_AD_MAX);
    watched.sealings = grown(watched.sealings, watched.count, &watched.capacity, sizeof *watched.sealings);
    struct sealing *sealing = &watched.sealings[watched.count++];
    *sealing = (struct sealing){.by = acting(), .suite = suite, .ad_size = ad_size, .size = size};
    memcpy(sealing->nonce, nonce, sizeof sealing->nonce);
    if (ad_size) memcpy(sealing->ad, ad, ad_size);
    memcpy(sealing->sealed, sealed, size);
}

/* --- Before libsodium's own --- */

int crypto_auth_hmacsha256_final(crypto_auth_hmacsha256_state *state, unsigned char *out) {
    uint8_t inner[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_final(&state->ictx, inner);
    crypto_hash_sha256_update(&state->octx, inner, sizeof inner);
    crypto_hash_sha256_final(&state->octx, out);
    note(out, crypto_auth_hmacsha256_BYTES);
    return 0;
}

int crypto_kdf_derive_from_key(unsigned char *subkey, size_t size, uint64_t id,
                               const char context[crypto_kdf_CONTEXTBYTES],
                               const unsigned char key[crypto_kdf_KEYBYTES]) {
    int status = crypto_kdf_blake2b_derive_from_key(subkey, size, id, context, key);
    note(key, crypto_kdf_KEYBYTES);
    note(subkey, size);
    return status;
}

/* NOLINTBEGIN(readability-function-size): so many parameters are libsodium's. */
int crypto_aead_chacha20poly1305_ietf_encrypt(unsigned char *out, unsigned long long *out_size,
                                              const unsigned char *plain, unsigned long long size,
                                              const unsigned char *ad, unsigned long long ad_size,
                                              const unsigned char *secret_nonce, const unsigned char *nonce,
                                              const unsigned char *key) {
    int status = crypto_aead_chacha20poly1305_ietf_encrypt_detached(out, out + size, NULL, plain, size, ad, ad_size,
                                                                    secret_nonce, nonce, key);
    if (out_size) *out_size = size + SUITE_TAG_SIZE;
    note_sealing(SUITE_CHACHA20_POLY1305, out, size + SUITE_TAG_SIZE, ad, ad_size, nonce);
    return status;
}

int crypto_aead_aes256gcm_encrypt(unsigned char *out, unsigned long long *out_size, const unsigned char *plain,
                                  unsigned long long size, const unsigned char *ad, unsigned long long ad_size,
                                  const unsigned char *secret_nonce, const unsigned char *nonce,
                                  const unsigned char *key) {
    int status = crypto_aead_aes256gcm_encrypt_detached(out, out + size, NULL, plain, size, ad, ad_size, secret_nonce,
                                                        nonce, key);
    if (out_size) *out_size = size + SUITE_TAG_SIZE;
    note_sealing(SUITE_AES256_GCM, out, size + SUITE_TAG_SIZE, ad, ad_size, nonce);
    return status;
}
/* NOLINTEND(readability-function-size) */

/* --- Rings --- */

void keyring_watch(const struct world *world) {
    for (size_t i = 0; i < WORLD_PEOPLE; i++) {
        free(watched.keys[i].bytes);
        free(watched.mac_keys[i].bytes);
    }
    free(watched.sealings);
    memset(&watched, 0, sizeof watched);
    watched.world = world;
}

void keyring_add(const struct person *person, const uint8_t key[static SUITE_KEY_SIZE]) {
    note_key(&watched.keys[number_of(person)], key, SUITE_KEY_SIZE);
}

size_t keyring_size(const struct person *person) {
    return watched.keys[number_of(person)].count;
}

size_t keyring_sealed(void) {
    return watched.count;
}

const struct sealing *keyring_sealing(size_t number) {
    return &watched.sealings[number];
}

static bool opens(const struct sealing *sealing, const uint8_t *key, uint8_t *plain) {
    const bool aes = sealing->suite == SUITE_AES256_GCM;
    return (aes ? crypto_aead_aes256gcm_decrypt
                : crypto_aead_chacha20poly1305_ietf_decrypt)(plain, NULL, NULL, sealing->sealed, sealing->size,
                                                             sealing->ad, sealing->ad_size, sealing->nonce, key) == 0;
}

const uint8_t *keyring_open(const struct person *person, const struct sealing *sealing,
                            uint8_t plain[static PACKET_MAX]) {
    const struct keys *keys = &watched.keys[number_of(person)];
    for (size_t i = 0; i < keys->count; i++)
        if (opens(sealing, keys->bytes + i * SUITE_KEY_SIZE, plain)) return keys->bytes + i * SUITE_KEY_SIZE;
    return NULL;
}

bool keyring_recognises(const struct person *person, const uint8_t *packet, size_t size) {
    const struct keys *keys = &watched.mac_keys[number_of(person)];
    for (size_t i = 0; i < keys->count; i++)
        if (peer_mac_check(keys->bytes + i * ROOM_MAC_KEY_SIZE, packet, size)) return true;
    return false;
}
