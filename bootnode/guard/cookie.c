#include "bootnode/guard/cookie.h"

#include <assert.h>
#include <sodium.h>
#include <stdatomic.h>
#include <string.h>

#include "common/bytes.h"
#include "common/holds.h"

static_assert(sizeof(((struct cookie_secret *)0)->words) == crypto_shorthash_siphashx24_KEYBYTES, "key size");
static_assert(COOKIE_KEYS == 1 << (32 - COOKIE_TIME_BITS), "bits of a cookie's time");
static_assert(TAG_SIZE == crypto_shorthash_siphashx24_BYTES, "tag size");

void cookie_jar_init(struct cookie_jar *jar) {
    memset(jar->secrets, 0, sizeof jar->secrets);
    pthread_mutex_init(&jar->rotating, NULL);
}

void cookie_jar_destroy(struct cookie_jar *jar) {
    pthread_mutex_destroy(&jar->rotating);
    sodium_memzero(jar->secrets, sizeof jar->secrets);
}

/* The words are loaded with acquire and stored with release: a reader that saw a new word also sees that the slot
 * changed its owner, so equal owners before and after mean words of one secret. */
static bool secret_load(const struct cookie_secret *secret, uint64_t owner, uint64_t words[static 2]) {
    if (atomic_load_explicit(&secret->owner, memory_order_acquire) != owner) return false;
    words[0] = atomic_load_explicit(&secret->words[0], memory_order_acquire);
    words[1] = atomic_load_explicit(&secret->words[1], memory_order_acquire);
    return atomic_load_explicit(&secret->owner, memory_order_relaxed) == owner;
}

static void secret_replace(struct cookie_secret *secret, uint64_t owner) {
    uint64_t words[2];
    randombytes_buf(words, sizeof words);
    atomic_store_explicit(&secret->owner, 0, memory_order_relaxed);
    atomic_store_explicit(&secret->words[0], words[0], memory_order_release);
    atomic_store_explicit(&secret->words[1], words[1], memory_order_release);
    atomic_store_explicit(&secret->owner, owner, memory_order_release);
    sodium_memzero(words, sizeof words);
}

bool cookie_jar_holds(const struct cookie_jar *jar) {
    for (uint64_t i = 0; i < 2; i++) {
        uint64_t owner = atomic_load_explicit(&jar->secrets[i].owner, memory_order_relaxed);
        if (owner != 0 && (owner - 1) % 2 != i) return false;
    }
    return true;
}

static void rotate(struct cookie_jar *jar, struct cookie_secret *secret, uint64_t owner) {
    pthread_mutex_lock(&jar->rotating);
    if (atomic_load_explicit(&secret->owner, memory_order_relaxed) < owner) secret_replace(secret, owner);
    HOLDS(cookie_jar_holds(jar));
    pthread_mutex_unlock(&jar->rotating);
}

static void tag_of(const uint64_t words[static 2], const struct address *address, uint32_t time,
                   uint8_t tag[static TAG_SIZE]) {
    uint8_t message[sizeof address->ip + 2 + 4], key[crypto_shorthash_siphashx24_KEYBYTES];
    struct writer writer = writer_over(message, sizeof message);
    write_bytes(&writer, address->ip, sizeof address->ip);
    write_u16(&writer, address->port);
    write_u32(&writer, time);
    memcpy(key, words, sizeof key);
    crypto_shorthash_siphashx24(tag, message, sizeof message, key);
}

static uint32_t second_of(const struct cookie *cookie) {
    return cookie->time & ((UINT32_C(1) << COOKIE_TIME_BITS) - 1);
}

bool cookie_make(struct cookie_jar *jar, const struct address *address, uint32_t second, struct cookie *out) {
    return cookie_make_for(jar, address, second, 0, out);
}

bool cookie_make_for(struct cookie_jar *jar, const struct address *address, uint32_t second, unsigned key,
                     struct cookie *out) {
    uint64_t period = second / COOKIE_PERIOD_S, words[2];
    if (second >> COOKIE_TIME_BITS != 0) return false;
    struct cookie_secret *secret = &jar->secrets[period % 2];
    if (!secret_load(secret, period + 1, words)) {
        rotate(jar, secret, period + 1);
        if (!secret_load(secret, period + 1, words)) return false;
    }
    out->time = second | (uint32_t)key << COOKIE_TIME_BITS;
    tag_of(words, address, out->time, out->tag);
    return true;
}

bool cookie_check(const struct cookie_jar *jar, const struct address *address, uint32_t second,
                  const struct cookie *cookie) {
    uint32_t made = second_of(cookie);
    uint64_t period = made / COOKIE_PERIOD_S, words[2];
    uint8_t tag[TAG_SIZE];
    if (made > second || second - made > COOKIE_AGE_MAX_S) return false;
    if (!secret_load(&jar->secrets[period % 2], period + 1, words)) return false;
    tag_of(words, address, cookie->time, tag);
    return sodium_memcmp(tag, cookie->tag, sizeof tag) == 0;
}
