#include "common/suite.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

#define NONCE_SIZE 12

static_assert(SUITE_KEY_SIZE == crypto_aead_chacha20poly1305_ietf_KEYBYTES, "key size");
static_assert(SUITE_KEY_SIZE == crypto_aead_aes256gcm_KEYBYTES, "key size");
static_assert(SUITE_TAG_SIZE == crypto_aead_chacha20poly1305_ietf_ABYTES, "tag size");
static_assert(SUITE_TAG_SIZE == crypto_aead_aes256gcm_ABYTES, "tag size");
static_assert(NONCE_SIZE == crypto_aead_chacha20poly1305_ietf_NPUBBYTES, "nonce size");
static_assert(NONCE_SIZE == crypto_aead_aes256gcm_NPUBBYTES, "nonce size");

struct aead {
    const char *name;
    bool big_endian_counter;
    int (*encrypt)(unsigned char *out, unsigned long long *out_size, const unsigned char *plain,
                   unsigned long long size, const unsigned char *ad, unsigned long long ad_size,
                   const unsigned char *secret_nonce, const unsigned char *nonce, const unsigned char *key);
    int (*decrypt)(unsigned char *out, unsigned long long *out_size, unsigned char *secret_nonce,
                   const unsigned char *sealed, unsigned long long size, const unsigned char *ad,
                   unsigned long long ad_size, const unsigned char *nonce, const unsigned char *key);
};

static const struct aead aeads[] = {
    [SUITE_CHACHA20_POLY1305] = {"ChaCha20-Poly1305", false, crypto_aead_chacha20poly1305_ietf_encrypt,
                                 crypto_aead_chacha20poly1305_ietf_decrypt},
    [SUITE_AES256_GCM] = {"AES-256-GCM", true, crypto_aead_aes256gcm_encrypt, crypto_aead_aes256gcm_decrypt},
};

static const struct aead *aead_of(enum suite suite) {
    assert(suite == SUITE_CHACHA20_POLY1305 || suite == SUITE_AES256_GCM);
    return &aeads[suite];
}

uint8_t suite_mask_available(void) {
    return crypto_aead_aes256gcm_is_available() ? SUITE_CHACHA20_POLY1305 | SUITE_AES256_GCM : SUITE_CHACHA20_POLY1305;
}

enum suite suite_choose(uint8_t mask_a, uint8_t mask_b) {
    uint8_t both = mask_a & mask_b;

    return both & SUITE_AES256_GCM ? SUITE_AES256_GCM : (enum suite)(both & SUITE_CHACHA20_POLY1305);
}

const char *suite_name(enum suite suite) {
    return aead_of(suite)->name;
}

static void nonce_make(const struct aead *aead, uint64_t counter, uint8_t nonce[static NONCE_SIZE]) {
    for (unsigned i = 0; i < NONCE_SIZE; i++) nonce[i] = 0;
    for (unsigned i = 0; i < 8; i++) nonce[4 + i] = (uint8_t)(counter >> 8 * (aead->big_endian_counter ? 7 - i : i));
}

void suite_seal(enum suite suite, const uint8_t key[static SUITE_KEY_SIZE], uint64_t counter, const void *ad,
                size_t ad_size, const void *plain, size_t size, uint8_t *out) {
    const struct aead *aead = aead_of(suite);
    uint8_t nonce[NONCE_SIZE];
    nonce_make(aead, counter, nonce);
    /* libsodium refuses only where AES is not built in; going on would send plain text. */
    if (aead->encrypt(out, NULL, plain, size, ad, ad_size, NULL, nonce, key) != 0) abort();
}

bool suite_open(enum suite suite, const uint8_t key[static SUITE_KEY_SIZE], uint64_t counter, const void *ad,
                size_t ad_size, const uint8_t *sealed, size_t size, uint8_t *out) {
    const struct aead *aead = aead_of(suite);
    uint8_t nonce[NONCE_SIZE];
    nonce_make(aead, counter, nonce);
    return aead->decrypt(out, NULL, NULL, sealed, size, ad, ad_size, nonce, key) == 0;
}
