/* How much of others' we pass on: a share for each sender, and a bound for all of them together, in all rooms. Pure;
 * PROTOCOL.md §3.4 rule 4.
 *
 * Invariants:
 * 1. In no second more than RELAY_PACKETS and RELAY_BYTES for a sender, nor RELAY_ALL_PACKETS and RELAY_ALL_BYTES for
 *    all, each once more after a pause (a burst is a second's worth).
 * 2. Where many ask, each gets the same: what one may have comes at an equal part of what all may have, so that whoever
 *    asks for more takes it from nobody. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/bucket.h"

#define RELAY_PACKETS 100
#define RELAY_BYTES (128 * 1024)
#define RELAY_ALL_PACKETS 1000
#define RELAY_ALL_BYTES (1024 * 1024)

/* One for a client, the engine's. */
struct relaying {
    struct bucket packets, bytes;  /* thousandths */
    uint64_t began;                /* ms: the present second */
    uint64_t number;               /* its number, from 1 on */
    unsigned asking, asked_before; /* senders in it, and in the one before */
};

/* A sender's; zeroed it is new, and gets what has come since the clock's beginning, a burst at most. */
struct relaying_share {
    struct bucket packets, bytes;
    uint64_t asked; /* number of the second in which it last did */
};

void relaying_init(struct relaying *relaying, uint64_t now);
/* May this sender have so many bytes more passed on? Then they are counted. */
MUST_USE bool relaying_take(struct relaying *relaying, struct relaying_share *share, size_t size, uint64_t now);
