#include "bootnode/guard/cookie.h"

#include <assert.h>
#include <sodium.h>
#include <stdatomic.h>
#include <string.h>

#include "common/bytes.h"
#include "common/holds.h"

static_assert(sizeof(((struct cookie_secret *)0)->words) == crypto_shorthash_siphashx24_KEYBYTES, "key size");
static_assert(COOKIE_KEYS == 1 << (32 - COOKIE_TIME_BITS), "bits of a cookie's time");
static_assert(COOKIE_SHARED_TIME_BITS == COOKIE_TIME_BITS - 1, "the lent bit is between them");
static_assert(COOKIE_SHARED_KEY_SIZE == crypto_generichash_KEYBYTES, "key size");

#define LENT_BIT (UINT32_C(1) << COOKIE_SHARED_TIME_BITS)
#define OWN_SECRETS 2
static_assert(TAG_SIZE == crypto_shorthash_siphashx24_BYTES, "tag size");

void cookie_jar_init(struct cookie_jar *jar) {
    memset(jar, 0, sizeof *jar);
    pthread_mutex_init(&jar->rotating, NULL);
}

void cookie_jar_share(struct cookie_jar *jar, const uint8_t key[static COOKIE_SHARED_KEY_SIZE]) {
    jar->shared = true;
    memcpy(jar->key, key, sizeof jar->key);
}

void cookie_jar_destroy(struct cookie_jar *jar) {
    pthread_mutex_destroy(&jar->rotating);
    sodium_memzero(jar, sizeof *jar);
}

static size_t secret_count(const struct cookie_jar *jar) {
    return jar->shared ? COOKIE_SECRETS : OWN_SECRETS;
}

/* The words are loaded with acquire and stored with release: a reader that saw a new word also sees that the slot
 * changed its owner, so equal owners before and after mean words of one secret. */
static bool secret_load(const struct cookie_secret *secret, uint64_t owner, uint64_t words[static 2]) {
    if (atomic_load_explicit(&secret->owner, memory_order_acquire) != owner) return false;
    words[0] = atomic_load_explicit(&secret->words[0], memory_order_acquire);
    words[1] = atomic_load_explicit(&secret->words[1], memory_order_acquire);
    return atomic_load_explicit(&secret->owner, memory_order_relaxed) == owner;
}

static void secret_replace(struct cookie_secret *secret, uint64_t owner, const uint64_t words[static 2]) {
    atomic_store_explicit(&secret->owner, 0, memory_order_relaxed);
    atomic_store_explicit(&secret->words[0], words[0], memory_order_release);
    atomic_store_explicit(&secret->words[1], words[1], memory_order_release);
    atomic_store_explicit(&secret->owner, owner, memory_order_release);
}

bool cookie_jar_holds(const struct cookie_jar *jar) {
    for (uint64_t i = 0; i < COOKIE_SECRETS; i++) {
        uint64_t owner = atomic_load_explicit(&jar->secrets[i].owner, memory_order_relaxed);
        if (owner != 0 && (owner - 1) % secret_count(jar) != i) return false;
    }
    return true;
}

static void derive(const struct cookie_jar *jar, uint64_t period, uint64_t words[static 2]) {
    uint8_t number[sizeof period];
    struct writer writer = writer_over(number, sizeof number);
    write_u64(&writer, period);
    crypto_generichash((uint8_t *)words, 2 * sizeof *words, number, sizeof number, jar->key, sizeof jar->key);
}

/* A secret of an own jar is never replaced by an older one, which would be another one than it was. */
static void rotate(struct cookie_jar *jar, uint64_t period) {
    struct cookie_secret *secret = &jar->secrets[period % secret_count(jar)];
    uint64_t words[2];
    pthread_mutex_lock(&jar->rotating);
    if (jar->shared || atomic_load_explicit(&secret->owner, memory_order_relaxed) < period + 1) {
        if (jar->shared)
            derive(jar, period, words);
        else
            randombytes_buf(words, sizeof words);
        secret_replace(secret, period + 1, words);
        sodium_memzero(words, sizeof words);
    }
    HOLDS(cookie_jar_holds(jar));
    pthread_mutex_unlock(&jar->rotating);
}

/* False when there is none: of a period that is over, or in which none was made. */
static bool find_secret(const struct cookie_jar *jar, uint64_t period, uint64_t words[static 2]) {
    if (secret_load(&jar->secrets[period % secret_count(jar)], period + 1, words)) return true;
    if (jar->shared) derive(jar, period, words);
    return jar->shared;
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

static bool make_time(const struct cookie_jar *jar, uint64_t second, struct cookie_note note, uint32_t *time) {
    const uint32_t key = (uint32_t)note.key << COOKIE_TIME_BITS;
    *time = key | (jar->shared ? ((uint32_t)second & (LENT_BIT - 1)) | (note.lent ? LENT_BIT : 0) : (uint32_t)second);
    return jar->shared || second >> COOKIE_TIME_BITS == 0;
}

bool cookie_make(struct cookie_jar *jar, const struct address *address, uint64_t second, struct cookie *out) {
    return cookie_make_with(jar, address, second, (struct cookie_note){0}, out);
}

bool cookie_make_with(struct cookie_jar *jar, const struct address *address, uint64_t second, struct cookie_note note,
                      struct cookie *out) {
    const uint64_t period = second / COOKIE_PERIOD_S;
    uint64_t words[2];
    if (!make_time(jar, second, note, &out->time)) return false;
    if (!secret_load(&jar->secrets[period % secret_count(jar)], period + 1, words)) {
        rotate(jar, period);
        if (!find_secret(jar, period, words)) return false;
    }
    tag_of(words, address, out->time, out->tag);
    return true;
}

struct cookie_note cookie_note(const struct cookie_jar *jar, const struct cookie *cookie) {
    return (struct cookie_note){.key = cookie->time >> COOKIE_TIME_BITS,
                                .lent = jar->shared && (cookie->time & LENT_BIT) != 0};
}

/* The second that is nearest to `second` among those that end like that. */
uint64_t cookie_second(const struct cookie_jar *jar, const struct cookie *cookie, uint64_t second) {
    if (!jar->shared) return cookie->time & ((UINT32_C(1) << COOKIE_TIME_BITS) - 1);
    const uint64_t ahead = (cookie->time - second) & (LENT_BIT - 1);
    return ahead < LENT_BIT / 2 ? second + ahead : second + ahead - LENT_BIT;
}

static bool is_of_age(const struct cookie_jar *jar, uint64_t made, uint64_t second) {
    const uint64_t period = made / COOKIE_PERIOD_S, present = second / COOKIE_PERIOD_S;
    if (jar->shared) return period + 1 >= present && period <= present + 1;
    return made <= second && second - made <= COOKIE_AGE_MAX_S;
}

bool cookie_check(const struct cookie_jar *jar, const struct address *address, uint64_t second,
                  const struct cookie *cookie) {
    const uint64_t made = cookie_second(jar, cookie, second);
    uint64_t words[2];
    uint8_t tag[TAG_SIZE];
    if (!is_of_age(jar, made, second)) return false;
    if (!find_secret(jar, made / COOKIE_PERIOD_S, words)) return false;
    tag_of(words, address, cookie->time, tag);
    return sodium_memcmp(tag, cookie->tag, sizeof tag) == 0;
}
