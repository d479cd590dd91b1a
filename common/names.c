#include "common/names.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define KDF_CONTEXT "gcroom01"
#define KEY_SIZE 32

static_assert(sizeof(KDF_CONTEXT) - 1 == crypto_kdf_CONTEXTBYTES, "context size");
static_assert(KEY_SIZE == crypto_kdf_KEYBYTES, "key size");

enum subkey { SUBKEY_TAG = 1, SUBKEY_MEMBER_KEY = 2, SUBKEY_MAC_KEY = 3, SUBKEY_PSK = 4 };

/* BLAKE2b of two parts, one after the other, under a key that may be empty. libsodium fails only on sizes. */
static void hash_parts(uint8_t *out, size_t out_size, const void *key, size_t key_size, const void *first,
                       size_t first_size, const void *second, size_t second_size) {
    crypto_generichash_state state;
    crypto_generichash_init(&state, key, key_size, out_size);
    crypto_generichash_update(&state, first, first_size);
    crypto_generichash_update(&state, second, second_size);
    crypto_generichash_final(&state, out, out_size);
    sodium_memzero(&state, sizeof(state));
}

static void hash_labelled(uint8_t *out, size_t out_size, const char *label, const void *data, size_t size) {
    crypto_generichash(out, out_size, data, size, (const uint8_t *)label, strlen(label));
}

static bool room_key_with_secret(const char *name, const void *secret, size_t secret_size,
                                 uint8_t out[static KEY_SIZE]) {
    static const char label[] = "gochat salt v1";
    uint8_t salt[32], stretched[KEY_SIZE];
    static_assert(sizeof(salt) >= crypto_pwhash_SALTBYTES, "salt size");
    hash_parts(salt, sizeof(salt), NULL, 0, label, strlen(label), name, strlen(name));
    if (crypto_pwhash(stretched, sizeof(stretched), secret, secret_size, salt, crypto_pwhash_OPSLIMIT_INTERACTIVE,
                      crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13) != 0)
        return false;
    crypto_generichash(out, KEY_SIZE, (const uint8_t *)name, strlen(name), stretched, sizeof(stretched));
    sodium_memzero(stretched, sizeof(stretched));
    return true;
}

static void derive_subkey(const uint8_t key[static KEY_SIZE], enum subkey id, uint8_t *out, size_t size) {
    crypto_kdf_derive_from_key(out, size, id, KDF_CONTEXT, key);
}

bool room_keys_derive(const char *name, const void *secret, size_t secret_size, struct room_keys *out) {
    size_t name_size = strnlen(name, ROOM_NAME_MAX + 1);
    memset(out, 0, sizeof(*out));
    if (name_size == 0 || name_size > ROOM_NAME_MAX || secret_size > ROOM_SECRET_MAX) return false;
    out->has_secret = secret != NULL && secret_size > 0;
    if (!out->has_secret)
        hash_labelled(out->key, sizeof(out->key), "gochat room v1", name, name_size);
    else if (!room_key_with_secret(name, secret, secret_size, out->key))
        return false;
    derive_subkey(out->key, SUBKEY_TAG, out->tag, sizeof(out->tag));
    derive_subkey(out->key, SUBKEY_MEMBER_KEY, out->member_key, sizeof(out->member_key));
    derive_subkey(out->key, SUBKEY_MAC_KEY, out->mac_key, sizeof(out->mac_key));
    derive_subkey(out->key, SUBKEY_PSK, out->psk, sizeof(out->psk));
    return true;
}

void member_id_derive(const struct room_keys *room, const uint8_t identity_public[static 32],
                      uint8_t out[static MEMBER_ID_SIZE]) {
    crypto_generichash(out, MEMBER_ID_SIZE, identity_public, 32, room->member_key, sizeof(room->member_key));
}

void owner_token_derive(const uint8_t identity_seed[static 32], const uint8_t room_tag[static ROOM_TAG_SIZE],
                        const uint8_t bootnode_public[static 32], uint8_t out[static OWNER_TOKEN_SIZE]) {
    static const char label[] = "gochat owner v1";
    uint8_t key[KEY_SIZE];
    crypto_generichash(key, sizeof(key), (const uint8_t *)label, strlen(label), identity_seed, 32);
    hash_parts(out, OWNER_TOKEN_SIZE, key, sizeof(key), room_tag, ROOM_TAG_SIZE, bootnode_public, 32);
    sodium_memzero(key, sizeof(key));
}

void fingerprint_format(const uint8_t identity_public[static 32], char out[static FINGERPRINT_TEXT_SIZE]) {
    uint8_t digest[16];
    hash_labelled(digest, sizeof(digest), "gochat print v1", identity_public, 32);
    sodium_bin2hex(out, FINGERPRINT_TEXT_SIZE, digest, sizeof(digest));
}

static unsigned safety_group(const uint8_t bytes[static 5]) {
    uint64_t value = 0;
    for (unsigned i = 0; i < 5; i++) value = value << 8 | bytes[i];
    return (unsigned)(value % 100000);
}

void safety_number_format(const uint8_t a[static 32], const uint8_t b[static 32],
                          char out[static SAFETY_NUMBER_TEXT_SIZE]) {
    static const char label[] = "gochat safety v1";
    bool a_is_low = memcmp(a, b, 32) < 0;
    uint8_t digest[64];
    hash_parts(digest, sizeof(digest), label, strlen(label), a_is_low ? a : b, 32, a_is_low ? b : a, 32);
    for (size_t i = 0; i < 12; i++) {
        char *group = out + 6 * i;
        snprintf(group, 6, "%05u", safety_group(digest + 5 * i));
        if (i < 11) group[5] = ' ';
    }
}
