/* One thread's share of a whole: of sessions, rooms, sockets, requests on their way. The shares of all threads together
 * are the whole, remainders included, and no two overlap. Pure. */
#pragma once

#include <stdint.h>

/* Number `index` of `count`. */
struct share {
    uint32_t index, count;
};

#define SHARE_WHOLE ((struct share){.index = 0, .count = 1})

/* How much of `whole` belongs to the share; those of lower numbers have at most one more. */
uint64_t share_of(uint64_t whole, struct share share);
/* How much belongs to the shares before it. */
uint64_t share_before(uint64_t whole, struct share share);
/* Where in a common rhythm the share comes in: 0 up to 1. Whoever acts at (k + phase) / rate, for all k, acts in turn
 * with the others. */
double share_phase(struct share share);
