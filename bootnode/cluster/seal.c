#include "bootnode/cluster/seal.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

static_assert(SEAL_KEY_SIZE == crypto_generichash_KEYBYTES, "a key of BLAKE2b");
static_assert(SEAL_MAC_SIZE == crypto_generichash_BYTES_MIN, "BLAKE2b-128");

#define KDF_CONTEXT "gcclus01"

enum { SUBKEY_SEAL = 1 };

void seal_keys_add(struct seal_keys *keys, const uint8_t seed[static 32], const char *cluster) {
    uint8_t subkey[SEAL_KEY_SIZE];
    if (keys->count == SEAL_KEYS_MAX) return;
    crypto_kdf_derive_from_key(subkey, sizeof subkey, SUBKEY_SEAL, KDF_CONTEXT, seed);
    crypto_generichash(keys->items[keys->count++], SEAL_KEY_SIZE, (const uint8_t *)cluster, strlen(cluster), subkey,
                       sizeof subkey);
    sodium_memzero(subkey, sizeof subkey);
}

void seal_keys_wipe(struct seal_keys *keys) {
    sodium_memzero(keys, sizeof *keys);
}

static void make_mac(uint8_t out[static SEAL_MAC_SIZE], const uint8_t *data, size_t size,
                     const uint8_t key[static SEAL_KEY_SIZE]) {
    crypto_generichash(out, SEAL_MAC_SIZE, data, size, key, SEAL_KEY_SIZE);
}

void seal_write(struct writer *writer, const struct seal_keys *keys) {
    const size_t content = writer_size(writer);
    if (keys->count < 1 || keys->count > SEAL_KEYS_MAX) writer->failed = true;
    write_u8(writer, (uint8_t)keys->count);
    for (size_t i = 0; i < keys->count && !writer->failed; i++) {
        uint8_t *mac = write_space(writer, SEAL_MAC_SIZE);
        if (mac) make_mac(mac, writer->data, content, keys->items[i]);
    }
}

/* In a time that does not depend on which it is. */
static bool any_is(const uint8_t *macs, size_t count, const uint8_t mac[static SEAL_MAC_SIZE]) {
    bool found = false;
    for (size_t i = 0; i < count; i++) found |= sodium_memcmp(macs + i * SEAL_MAC_SIZE, mac, SEAL_MAC_SIZE) == 0;
    return found;
}

enum seal_verdict seal_check(struct reader *reader, const struct seal_keys *keys) {
    const size_t content = reader->at;
    const size_t made = read_u8(reader);
    uint8_t mac[SEAL_MAC_SIZE];
    bool found = false;
    if (made < 1 || made > SEAL_KEYS_MAX) reader_fail(reader);
    const uint8_t *macs = read_view(reader, made * SEAL_MAC_SIZE);
    if (!macs || !reader_finished(reader)) return SEAL_MALFORMED;
    for (size_t i = 0; i < keys->count; i++) {
        make_mac(mac, reader->data, content, keys->items[i]);
        found |= any_is(macs, made, mac);
    }
    return found ? SEAL_HOLDS : SEAL_FORGED;
}
