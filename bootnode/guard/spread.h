/* How long newcomers should wait before they register, so that after a restart not everybody comes at once.
 *
 * A virtual queue: each REGISTER from a proven address takes its share of what all workers together can do, and who
 * asks is told to spread over the time until the queue is through. HELLO does not count, because its source may be
 * forged: a flood of them must not make honest clients wait. */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define SPREAD_MAX_MS 10000u
/* What a worker registers a second with half of its time to spare: about 125 µs each. */
#define SPREAD_REGISTRATIONS_PER_SECOND 4000u

struct spread {
    _Atomic uint64_t through_ns; /* server clock */
};

/* Any thread: one more registration to work off. */
void spread_count(struct spread *spread, size_t workers, uint64_t now);
/* Milliseconds over which so many should come, at most SPREAD_MAX_MS. */
uint32_t spread_over(uint64_t registrations, size_t workers);
/* Any thread: milliseconds, at most SPREAD_MAX_MS. */
uint16_t spread_wait(const struct spread *spread, uint64_t now);
