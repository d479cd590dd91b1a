#include "common/names.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define KDF_CONTEXT "gcroom01"
#define KEY_SIZE 32
#define SCALAR_SIZE 32

static_assert(sizeof(KDF_CONTEXT) - 1 == crypto_kdf_CONTEXTBYTES, "context size");
static_assert(ROOM_ID_SIZE == ROOM_TAG_SIZE, "they are one where a room has one set");
static_assert(KEY_SIZE == crypto_kdf_KEYBYTES, "key size");
static_assert(SCALAR_SIZE == crypto_core_ed25519_SCALARBYTES, "scalar size");

enum subkey {
    SUBKEY_TAG = 1,
    SUBKEY_BLINDING_KEY = 2,
    SUBKEY_MAC_KEY = 3,
    SUBKEY_PSK = 4,
    SUBKEY_ID = 5,
    SUBKEY_FIRST_SECRET = 6
};

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

/* How a secret is made a key: the salt's label, and the work. */
struct stretching {
    const char *label;
    unsigned long long passes;
    size_t memory;
};
static const struct stretching of_secret = {"gochat salt v1", crypto_pwhash_OPSLIMIT_INTERACTIVE,
                                            crypto_pwhash_MEMLIMIT_INTERACTIVE};
static const struct stretching of_passphrase = {"gochat salt p1", crypto_pwhash_OPSLIMIT_MODERATE,
                                                crypto_pwhash_MEMLIMIT_MODERATE};

static bool room_key_with_secret(const char *name, const void *secret, size_t secret_size,
                                 const struct stretching *stretching, uint8_t out[static KEY_SIZE]) {
    uint8_t salt[32], stretched[KEY_SIZE];
    static_assert(sizeof(salt) >= crypto_pwhash_SALTBYTES, "salt size");
    hash_parts(salt, sizeof(salt), NULL, 0, stretching->label, strlen(stretching->label), name, strlen(name));
    if (crypto_pwhash(stretched, sizeof(stretched), secret, secret_size, salt, stretching->passes, stretching->memory,
                      crypto_pwhash_ALG_ARGON2ID13) != 0)
        return false;
    crypto_generichash(out, KEY_SIZE, (const uint8_t *)name, strlen(name), stretched, sizeof(stretched));
    sodium_memzero(stretched, sizeof(stretched));
    return true;
}

static void derive_subkey(const uint8_t key[static KEY_SIZE], enum subkey id, uint8_t *out, size_t size) {
    crypto_kdf_derive_from_key(out, size, id, KDF_CONTEXT, key);
}

static void derive_set(const uint8_t key[static KEY_SIZE], struct key_set *out) {
    derive_subkey(key, SUBKEY_TAG, out->tag, sizeof(out->tag));
    derive_subkey(key, SUBKEY_MAC_KEY, out->mac_key, sizeof(out->mac_key));
    derive_subkey(key, SUBKEY_PSK, out->psk, sizeof(out->psk));
}

static bool derive_room(const char *name, const void *secret, size_t secret_size, const struct stretching *stretching,
                        struct room_keys *out) {
    size_t name_size = strnlen(name, ROOM_NAME_MAX + 1);
    memset(out, 0, sizeof(*out));
    if (name_size == 0 || name_size > ROOM_NAME_MAX || secret_size > ROOM_SECRET_MAX) return false;
    out->has_secret = secret != NULL && secret_size > 0;
    if (!out->has_secret)
        hash_labelled(out->key, sizeof(out->key), "gochat room v1", name, name_size);
    else if (!room_key_with_secret(name, secret, secret_size, stretching, out->key))
        return false;
    derive_subkey(out->key, SUBKEY_BLINDING_KEY, out->blinding_key, sizeof(out->blinding_key));
    derive_set(out->key, &out->set);
    memcpy(out->id, out->set.tag, sizeof(out->id));
    return true;
}

bool room_keys_derive(const char *name, const void *secret, size_t secret_size, struct room_keys *out) {
    return derive_room(name, secret, secret_size, &of_secret, out);
}

bool room_keys_derive_passphrase(const char *name, const char *passphrase, size_t size, struct room_keys *out) {
    return derive_room(name, passphrase, size, &of_passphrase, out) && out->has_secret;
}

/* --- Private rooms --- */

void private_root(const uint8_t owner[static 32], const uint8_t nonce[static PRIVATE_NONCE_SIZE],
                  uint8_t out[static PRIVATE_ROOT_SIZE]) {
    static const char label[] = "gochat owned v1";
    hash_parts(out, PRIVATE_ROOT_SIZE, label, strlen(label), owner, 32, nonce, PRIVATE_NONCE_SIZE);
}

bool private_keys_derive(const char *name, const uint8_t root[static PRIVATE_ROOT_SIZE], struct room_keys *out) {
    uint8_t secret[PRIVATE_SECRET_SIZE];
    size_t name_size = strnlen(name, ROOM_NAME_MAX + 1);
    memset(out, 0, sizeof(*out));
    if (name_size == 0 || name_size > ROOM_NAME_MAX) return false;
    out->has_secret = true;
    crypto_generichash(out->key, sizeof(out->key), (const uint8_t *)name, name_size, root, PRIVATE_ROOT_SIZE);
    derive_subkey(out->key, SUBKEY_ID, out->id, sizeof(out->id));
    derive_subkey(out->key, SUBKEY_BLINDING_KEY, out->blinding_key, sizeof(out->blinding_key));
    private_first_secret(out, secret);
    key_set_derive(root, secret, &out->set);
    sodium_memzero(secret, sizeof(secret));
    return true;
}

void private_first_secret(const struct room_keys *room, uint8_t out[static PRIVATE_SECRET_SIZE]) {
    derive_subkey(room->key, SUBKEY_FIRST_SECRET, out, PRIVATE_SECRET_SIZE);
}

void key_set_derive(const uint8_t root[static PRIVATE_ROOT_SIZE], const uint8_t secret[static PRIVATE_SECRET_SIZE],
                    struct key_set *out) {
    static const char label[] = "gochat epoch v1";
    uint8_t key[KEY_SIZE];
    hash_parts(key, sizeof(key), label, strlen(label), root, PRIVATE_ROOT_SIZE, secret, PRIVATE_SECRET_SIZE);
    derive_set(key, out);
    sodium_memzero(key, sizeof(key));
}

/* --- Members --- */

static void blinding_factor(const struct room_keys *room, const uint8_t identity_public[static 32],
                            uint8_t out[static SCALAR_SIZE]) {
    uint8_t wide[crypto_core_ed25519_NONREDUCEDSCALARBYTES];
    crypto_generichash(wide, sizeof(wide), identity_public, 32, room->blinding_key, sizeof(room->blinding_key));
    crypto_core_ed25519_scalar_reduce(out, wide);
    sodium_memzero(wide, sizeof(wide));
}

bool member_key_derive(const struct room_keys *room, const uint8_t identity_public[static 32],
                       uint8_t out[static MEMBER_KEY_SIZE]) {
    uint8_t factor[SCALAR_SIZE], point[32];
    blinding_factor(room, identity_public, factor);
    bool made = crypto_scalarmult_ed25519_noclamp(point, factor, identity_public) == 0 &&
                crypto_sign_ed25519_pk_to_curve25519(out, point) == 0;
    if (!made) memset(out, 0, MEMBER_KEY_SIZE);
    sodium_memzero(factor, sizeof(factor));
    return made;
}

/* Eight times a scalar, as an integer: all that X25519 multiplies by is a multiple of eight. */
static void times_eight(const uint8_t scalar[static SCALAR_SIZE], uint8_t out[static SCALAR_SIZE]) {
    for (size_t i = SCALAR_SIZE; i-- > 0;) out[i] = (uint8_t)(scalar[i] << 3 | (i > 0 ? scalar[i - 1] >> 5 : 0));
}

/* Would X25519 multiply by just this? It sets bit 254 and clears bit 255. */
static bool is_clamped(const uint8_t scalar[static SCALAR_SIZE]) {
    return scalar[SCALAR_SIZE - 1] >> 6 == 1;
}

/* Eight times y, or eight times -y: whichever is clamped. Which one that is stays a secret. */
static bool choose_sign(const uint8_t y[static SCALAR_SIZE], uint8_t out[static SCALAR_SIZE]) {
    uint8_t negative[SCALAR_SIZE], other[SCALAR_SIZE];
    crypto_core_ed25519_scalar_negate(negative, y);
    times_eight(y, out);
    times_eight(negative, other);
    uint8_t mask = (uint8_t)(is_clamped(out) - 1); /* of the other one */
    for (size_t i = 0; i < SCALAR_SIZE; i++) out[i] ^= mask & (out[i] ^ other[i]);
    sodium_memzero(negative, sizeof(negative));
    sodium_memzero(other, sizeof(other));
    return is_clamped(out);
}

/* x = 8 (±h a / 8 mod l) has x B = ±h a B = ±h A, and both signs have the same Montgomery form. l is 2^252 and a
 * little, so of y and l - y just one lies in [2^251, 2^252), where 8 y is clamped; but for 2^-126 of all. */
bool member_secret_derive(const struct room_keys *room, const uint8_t identity_secret[static 64],
                          uint8_t out[static MEMBER_KEY_SIZE]) {
    static const uint8_t eight[SCALAR_SIZE] = {8};
    uint8_t factor[SCALAR_SIZE], scalar[SCALAR_SIZE], eighth[SCALAR_SIZE];
    crypto_sign_ed25519_sk_to_curve25519(scalar, identity_secret);
    blinding_factor(room, identity_secret + 32, factor);
    crypto_core_ed25519_scalar_mul(scalar, factor, scalar);
    crypto_core_ed25519_scalar_invert(eighth, eight);
    crypto_core_ed25519_scalar_mul(scalar, scalar, eighth);
    bool found = choose_sign(scalar, out);
    sodium_memzero(factor, sizeof(factor));
    sodium_memzero(scalar, sizeof(scalar));
    return found;
}

void member_id_of_key(const uint8_t member_key[static MEMBER_KEY_SIZE], uint8_t out[static MEMBER_ID_SIZE]) {
    hash_labelled(out, MEMBER_ID_SIZE, "gochat member v1", member_key, MEMBER_KEY_SIZE);
}

void member_id_derive(const struct room_keys *room, const uint8_t identity_public[static 32],
                      uint8_t out[static MEMBER_ID_SIZE]) {
    uint8_t key[MEMBER_KEY_SIZE];
    memset(out, 0, MEMBER_ID_SIZE);
    if (member_key_derive(room, identity_public, key)) member_id_of_key(key, out);
}

/* --- For people --- */

void key_print_derive(const uint8_t key[static 32], uint8_t out[static KEY_PRINT_SIZE]) {
    hash_labelled(out, KEY_PRINT_SIZE, "gochat print v1", key, 32);
}

void fingerprint_format(const uint8_t identity_public[static 32], char out[static FINGERPRINT_TEXT_SIZE]) {
    uint8_t digest[KEY_PRINT_SIZE];
    key_print_derive(identity_public, digest);
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
