/* How much went to hosts and networks that do not answer: counters that are found by a keyed hash, so that the table
 * has one size however many there are. Pure.
 *
 * Invariant: a counter is never below what was taken for any key that shares it, but for what was given back for that
 * very key and a tenth of the limit (at least one) for each whole day. Keys that share a counter are dealt with more
 * strictly than the limit says, never less; nobody who does not know the hash's key can choose who shares one, and
 * filling the table frees nothing. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"

#define TALLY_COUNTERS 4096u
#define TALLY_KEY_SIZE 16 /* crypto_shorthash_KEYBYTES */
#define TALLY_DAY_MS UINT64_C(86400000)

struct tally {
    uint16_t limit;
    uint64_t aged; /* ms: the last whole day that was let go */
    uint8_t key[TALLY_KEY_SIZE];
    uint16_t counters[TALLY_COUNTERS];
};

/* `key`: of the hash; nobody else may know it. */
void tally_init(struct tally *tally, const uint8_t key[static TALLY_KEY_SIZE], uint16_t limit, uint64_t now);
/* How many more may be taken for this key? */
unsigned tally_left(struct tally *tally, const uint8_t *key, size_t size, uint64_t now);
/* One more; false: there were as many as the limit. */
MUST_USE bool tally_take(struct tally *tally, const uint8_t *key, size_t size, uint64_t now);
/* So many that were taken for this key were no loss: it answered. */
void tally_give_back(struct tally *tally, const uint8_t *key, size_t size, unsigned count);
/* Walks the whole table. */
bool tally_holds(const struct tally *tally);
