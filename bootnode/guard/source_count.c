#include "bootnode/guard/source_count.h"

#include <assert.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "bootnode/guard/source_prefix.h"

#define ROWS 4u
#define COLUMNS_MIN 1024u
/* A session counts in two or three prefixes, so a cell holds 2 or 3 / COLUMNS_PER_CAP of the cap. */
#define COLUMNS_PER_CAP 16u
/* After a change: so many times as much, at most half of the cap (IPv6: three quarters). */
#define CROWDED 4u

/* Relaxed throughout: a cell is only itself, nothing else is published by it. */
struct source_count {
    _Atomic uint64_t per_source; /* no cap: more than there can be */
    size_t columns;              /* a power of two */
    bool limit_loopback;
    uint8_t key[crypto_shorthash_siphashx24_KEYBYTES];
    _Atomic uint32_t cells[]; /* row after row */
};

/* Where one prefix is counted. */
struct places {
    size_t cells[ROWS];
};

static size_t columns_for(uint32_t per_source, uint64_t sessions) {
    uint64_t wanted = sessions * COLUMNS_PER_CAP / per_source;
    size_t columns = COLUMNS_MIN;
    while (columns < wanted) columns *= 2;
    return columns;
}

struct source_count *source_count_create(uint32_t per_source, uint64_t sessions, bool limit_loopback) {
    size_t columns = columns_for(per_source, sessions);
    struct source_count *count = calloc(1, sizeof *count + ROWS * columns * sizeof *count->cells);
    if (!count) return NULL;
    source_count_change(count, per_source);
    count->columns = columns;
    count->limit_loopback = limit_loopback;
    randombytes_buf(count->key, sizeof count->key);
    return count;
}

void source_count_change(struct source_count *count, uint32_t per_source) {
    uint64_t cap = per_source > 0 ? per_source : UINT32_MAX;
    atomic_store_explicit(&count->per_source, cap, memory_order_relaxed);
}

bool source_count_suits(const struct source_count *count, uint32_t per_source, uint64_t sessions) {
    return per_source == 0 || (count && columns_for(per_source, sessions) <= count->columns * CROWDED);
}

void source_count_destroy(struct source_count *count) {
    free(count);
}

static struct places places_of(const struct source_count *count, const struct address *source, size_t bytes) {
    uint32_t words[ROWS];
    struct places places;
    static_assert(sizeof words == crypto_shorthash_siphashx24_BYTES, "a word of the hash for each row");
    crypto_shorthash_siphashx24((uint8_t *)words, source->ip, bytes, count->key);
    for (size_t row = 0; row < ROWS; row++) places.cells[row] = row * count->columns + words[row] % count->columns;
    return places;
}

static bool counts(const struct source_count *count, const struct address *source) {
    return count && (count->limit_loopback || address_classify(source) != ADDRESS_LOOPBACK);
}

static uint32_t sessions_at(const struct source_count *count, const struct address *source, size_t bytes) {
    const struct places places = places_of(count, source, bytes);
    uint32_t lowest = UINT32_MAX;
    for (size_t row = 0; row < ROWS; row++) {
        uint32_t cell = atomic_load_explicit(&count->cells[places.cells[row]], memory_order_relaxed);
        if (cell < lowest) lowest = cell;
    }
    return lowest;
}

bool source_count_has_place(const struct source_count *count, const struct address *source,
                            const struct address *former) {
    const struct source_prefixes *prefixes = source_prefixes_of(source);
    if (!counts(count, source)) return true;
    uint64_t cap = atomic_load_explicit(&count->per_source, memory_order_relaxed);
    for (size_t i = 0; i < prefixes->count; i++) {
        const struct source_prefix *prefix = &prefixes->items[i];
        if (former && source_prefix_covers(prefix, source, former)) continue;
        if (sessions_at(count, source, prefix->bytes) >= cap * prefix->growth) return false;
    }
    return true;
}

/* Adds modulo 2^32, in every prefix. */
static void add(struct source_count *count, const struct address *source, uint32_t by) {
    const struct source_prefixes *prefixes = source_prefixes_of(source);
    if (!counts(count, source)) return;
    for (size_t i = 0; i < prefixes->count; i++) {
        const struct places places = places_of(count, source, prefixes->items[i].bytes);
        for (size_t row = 0; row < ROWS; row++)
            atomic_fetch_add_explicit(&count->cells[places.cells[row]], by, memory_order_relaxed);
    }
}

void source_count_add(struct source_count *count, const struct address *source) {
    add(count, source, 1);
}

void source_count_remove(struct source_count *count, const struct address *source) {
    add(count, source, UINT32_MAX);
}

bool source_count_is_zero(const struct source_count *count) {
    for (size_t i = 0; count && i < ROWS * count->columns; i++)
        if (atomic_load_explicit(&count->cells[i], memory_order_relaxed) != 0) return false;
    return true;
}
