/* A token bucket: something may happen as often as the tokens saved up for it allow. What a token is, the kind's owner
 * says: a byte, a thousandth of a packet, a millisecond. A bucket of zeros was empty at time 0. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attributes.h"

/* burst * per_ms, and amount * the time in which a bucket fills up, must fit into 64 bits. */
struct bucket_kind {
    uint64_t burst;          /* the most that a bucket holds */
    uint64_t amount, per_ms; /* so many tokens come in so many milliseconds; neither may be 0 */
};

struct bucket {
    uint64_t tokens, filled; /* at that time, ms; never more than a burst */
};

MUST_USE bool bucket_holds(const struct bucket *bucket, const struct bucket_kind *kind);

/* Fills it to the brim. */
void bucket_fill(struct bucket *bucket, const struct bucket_kind *kind, uint64_t now);
/* Lets in what has come since, in whole tokens, and says how many there are. `now` never goes back. */
uint64_t bucket_level(struct bucket *bucket, const struct bucket_kind *kind, uint64_t now);
/* Takes `price` tokens, or none and false where there are fewer. */
MUST_USE bool bucket_take(struct bucket *bucket, const struct bucket_kind *kind, uint64_t price, uint64_t now);
/* The milliseconds until there are `price` tokens (at most a burst), 0 if there are. */
uint64_t bucket_wait(struct bucket *bucket, const struct bucket_kind *kind, uint64_t price, uint64_t now);
