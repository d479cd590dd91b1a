/* A histogram whose buckets end at powers of two of a unit. One thread counts, a line or two of its cache at a time and
 * without a locked instruction; any thread reads. All zero: nothing was counted. */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define BUCKETS_COUNT 19

struct buckets {
    _Atomic uint64_t counts[BUCKETS_COUNT]; /* bucket i: up to 2^i units, and above the bucket before; the last: more */
    _Atomic uint64_t sum;                   /* of the values */
};

static inline void buckets_grow(_Atomic uint64_t *figure, uint64_t amount) {
    atomic_store_explicit(figure, atomic_load_explicit(figure, memory_order_relaxed) + amount, memory_order_relaxed);
}

/* Which bucket a value is counted in. */
static inline size_t buckets_of(uint64_t value, uint64_t unit) {
    uint64_t units = value / unit + (value % unit != 0);
    size_t bucket = units <= 1 ? 0 : 64U - (size_t)__builtin_clzll(units - 1);
    return bucket < BUCKETS_COUNT ? bucket : BUCKETS_COUNT - 1;
}

/* The owner alone: `times` values that are all the same. */
static inline void buckets_add(struct buckets *buckets, uint64_t value, uint64_t unit, uint64_t times) {
    buckets_grow(&buckets->counts[buckets_of(value, unit)], times);
    buckets_grow(&buckets->sum, value * times);
}
