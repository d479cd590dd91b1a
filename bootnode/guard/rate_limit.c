#include "bootnode/guard/rate_limit.h"

#include <sodium.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "bootnode/guard/source_prefix.h"

#define SET_WAYS 8u
#define SETS 16384u /* 1 MiB in all */
#define TIME_BITS 48
#define TIME_MASK ((UINT64_C(1) << TIME_BITS) - 1)
/* The workers' times differ by less; a bucket further ahead than that says that the clock stepped back. */
#define CLOCK_STEP_US 1000000

struct set {
    alignas(64) _Atomic uint64_t buckets[SET_WAYS];
};

struct rate_limiter {
    struct set sets[SETS];
    _Atomic struct rate rates[RATE_KIND_COUNT]; /* rate_of */
    uint8_t key[crypto_shorthash_KEYBYTES];
    bool limit_loopback;
};

/* Who owns a bucket, as it is hashed. */
struct bucket_name {
    uint8_t kind, bytes;
    uint8_t value[16];
};

struct rate_limiter *rate_limiter_create(const struct rate rates[static RATE_KIND_COUNT], bool limit_loopback) {
    struct rate_limiter *limiter = aligned_alloc(alignof(struct rate_limiter), sizeof *limiter);
    if (!limiter) return NULL;
    memset(limiter, 0, sizeof *limiter);
    rate_limiter_change(limiter, rates);
    randombytes_buf(limiter->key, sizeof limiter->key);
    limiter->limit_loopback = limit_loopback;
    return limiter;
}

/* Each is read whole, so nobody sees half of a change. */
void rate_limiter_change(struct rate_limiter *limiter, const struct rate rates[static RATE_KIND_COUNT]) {
    for (size_t i = 0; i < RATE_KIND_COUNT; i++)
        atomic_store_explicit(&limiter->rates[i], rates[i], memory_order_relaxed);
}

static struct rate rate_of(const struct rate_limiter *limiter, enum rate_kind kind) {
    return atomic_load_explicit(&limiter->rates[kind], memory_order_relaxed);
}

void rate_limiter_destroy(struct rate_limiter *limiter) {
    free(limiter);
}

/* The bucket with this tag or, where there is none, the fullest. */
static _Atomic uint64_t *choose(struct set *set, uint64_t tag, uint64_t *word) {
    _Atomic uint64_t *chosen = NULL;
    for (size_t i = 0; i < SET_WAYS; i++) {
        uint64_t candidate = atomic_load_explicit(&set->buckets[i], memory_order_relaxed);
        bool ours = candidate >> TIME_BITS == tag;
        if (ours || !chosen || (candidate & TIME_MASK) < (*word & TIME_MASK)) {
            chosen = &set->buckets[i];
            *word = candidate;
        }
        if (ours) break;
    }
    return chosen;
}

struct wanted {
    uint64_t growth; /* of the prefix */
    uint64_t amount; /* tokens */
};

/* When the bucket will be full again after these tokens were taken, too; 0 when there were fewer. They take whole
 * microseconds to come back, rounded up, and a full bucket holds as often this amount as its burst does. */
static uint64_t take(uint64_t full_at, const struct rate *rate, const struct wanted *wanted, uint64_t now_us) {
    uint64_t per_second = rate->per_second * wanted->growth;
    uint64_t interval = (UINT64_C(1000000) * wanted->amount + per_second - 1) / per_second;
    uint64_t latest = now_us + interval * (rate->burst * wanted->growth / wanted->amount);
    if (full_at < now_us || full_at > latest + CLOCK_STEP_US) full_at = now_us;
    return full_at + interval <= latest ? full_at + interval : 0;
}

/* Relaxed throughout: the word is all there is, nothing else is published by it. */
static bool bucket_take(struct rate_limiter *limiter, const struct bucket_name *name, const struct rate *rate,
                        struct wanted wanted, uint64_t now) {
    uint8_t digest[crypto_shorthash_BYTES];
    uint64_t hash, word = 0, next, now_us = now * 1000;
    crypto_shorthash(digest, (const uint8_t *)name, sizeof *name, limiter->key);
    memcpy(&hash, digest, sizeof hash);
    uint64_t tag = hash >> TIME_BITS;
    _Atomic uint64_t *bucket;
    do {
        bucket = choose(&limiter->sets[hash % SETS], tag, &word);
        next = take(word & TIME_MASK, rate, &wanted, now_us);
        if (next == 0) return false;
    } while (!atomic_compare_exchange_weak_explicit(bucket, &word, tag << TIME_BITS | (next & TIME_MASK),
                                                    memory_order_relaxed, memory_order_relaxed));
    return true;
}

/* Narrow before wide: a source that used up its own bucket must not empty its neighbours'. */
bool rate_limit_source_by(struct rate_limiter *limiter, enum rate_kind kind, const struct address *source,
                          uint32_t amount, uint64_t now) {
    const struct source_prefixes *prefixes = source_prefixes_of(source);
    const struct rate rate = rate_of(limiter, kind);
    if (rate.per_second == 0) return true;
    if (!limiter->limit_loopback && address_classify(source) == ADDRESS_LOOPBACK) return true;
    for (size_t i = 0; i < prefixes->count; i++) {
        const struct source_prefix *prefix = &prefixes->items[i];
        struct bucket_name name = {.kind = (uint8_t)kind, .bytes = prefix->bytes};
        memcpy(name.value, source->ip, prefix->bytes);
        if (!bucket_take(limiter, &name, &rate, (struct wanted){prefix->growth, amount}, now)) return false;
    }
    return true;
}

bool rate_limit_session_by(struct rate_limiter *limiter, enum rate_kind kind, uint64_t session_id, uint32_t amount,
                           uint64_t now) {
    struct bucket_name name = {.kind = (uint8_t)kind};
    const struct rate rate = rate_of(limiter, kind);
    if (rate.per_second == 0) return true;
    memcpy(name.value, &session_id, sizeof session_id);
    return bucket_take(limiter, &name, &rate, (struct wanted){1, amount}, now);
}

/* No session has the id 0. */
bool rate_limit_total_by(struct rate_limiter *limiter, enum rate_kind kind, uint32_t amount, uint64_t now) {
    return rate_limit_session_by(limiter, kind, 0, amount, now);
}

bool rate_limit_source(struct rate_limiter *limiter, enum rate_kind kind, const struct address *source, uint64_t now) {
    return rate_limit_source_by(limiter, kind, source, 1, now);
}

bool rate_limit_session(struct rate_limiter *limiter, enum rate_kind kind, uint64_t session_id, uint64_t now) {
    return rate_limit_session_by(limiter, kind, session_id, 1, now);
}
