#include "client/peer/tally.h"

#include <sodium.h>
#include <string.h>

#include "common/clock.h"
#include "common/holds.h"

_Static_assert(crypto_shorthash_KEYBYTES == TALLY_KEY_SIZE, "the hash's key has its size");

bool tally_holds(const struct tally *tally) {
    for (size_t i = 0; i < TALLY_COUNTERS; i++)
        if (tally->counters[i] > tally->limit) return false;
    return true;
}

void tally_init(struct tally *tally, const uint8_t key[static TALLY_KEY_SIZE], uint16_t limit, uint64_t now) {
    *tally = (struct tally){.limit = limit, .aged = now};
    memcpy(tally->key, key, sizeof tally->key);
}

/* Only the remainder of a division by a power of two is taken, so no counter is likelier than another. */
static uint16_t *counter_of(struct tally *tally, const uint8_t *key, size_t size) {
    uint8_t hash[crypto_shorthash_BYTES];
    uint32_t number;
    crypto_shorthash(hash, key, size, tally->key);
    memcpy(&number, hash, sizeof number);
    return &tally->counters[number % TALLY_COUNTERS];
}

/* Days that nobody asked in count as well. */
static void age(struct tally *tally, uint64_t now) {
    uint64_t days = (now - tally->aged) / TALLY_DAY_MS;
    unsigned daily = tally->limit >= 10 ? tally->limit / 10 : 1;
    if (days == 0) return;
    tally->aged += days * TALLY_DAY_MS;
    uint64_t gone = earlier(days, tally->limit) * daily;
    for (size_t i = 0; i < TALLY_COUNTERS; i++)
        tally->counters[i] = tally->counters[i] > gone ? (uint16_t)(tally->counters[i] - gone) : 0;
}

unsigned tally_left(struct tally *tally, const uint8_t *key, size_t size, uint64_t now) {
    age(tally, now);
    return tally->limit - *counter_of(tally, key, size);
}

bool tally_take(struct tally *tally, const uint8_t *key, size_t size, uint64_t now) {
    age(tally, now);
    uint16_t *counter = counter_of(tally, key, size);
    if (*counter >= tally->limit) return false;
    ++*counter;
    HOLDS(*counter <= tally->limit);
    return true;
}

void tally_give_back(struct tally *tally, const uint8_t *key, size_t size, unsigned count) {
    uint16_t *counter = counter_of(tally, key, size);
    *counter = *counter > count ? (uint16_t)(*counter - count) : 0;
}
