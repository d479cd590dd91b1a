/* How long newcomers should wait before they register, so that after a restart not everybody comes at once.
 *
 * A virtual queue: each REGISTER from a proven address takes its share of what all workers together can do, and who
 * asks is told to spread over the time until the queue is through. HELLO does not count, because its source may be
 * forged; nor does a REGISTER that was turned away: neither flood is to make honest clients wait.
 *
 * A registration takes twice as long in that queue as it keeps a worker busy, since workers have more to do: what they
 * are sent besides, and what has to be announced. How long that is depends on the machine, so those who do it say so;
 * until the first one has, it is SPREAD_COST_NS. */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define SPREAD_MAX_MS 10000u
#define SPREAD_COST_NS 200000u /* four multiplications of X25519, and a quarter on top (bench/micro/registration) */
/* Whatever is measured: it may be our own preemption, or a clock that stood still. */
#define SPREAD_COST_LEAST_NS 20000u
#define SPREAD_COST_MOST_NS 1000000u

struct spread {
    _Atomic uint64_t through_ns; /* server clock */
    _Atomic uint32_t cost_ns;    /* of a registration, smoothed; 0: none was measured */
};

/* Any thread: a registration has kept a worker busy for so long. */
void spread_measured(struct spread *spread, uint64_t took_ns);
/* Any thread: one more registration to work off. */
void spread_count(struct spread *spread, size_t workers, uint64_t now);
/* Any thread: milliseconds over which so many should come, at most SPREAD_MAX_MS. */
uint32_t spread_over(const struct spread *spread, uint64_t registrations, size_t workers);
/* Any thread: milliseconds, at most SPREAD_MAX_MS. */
uint16_t spread_wait(const struct spread *spread, uint64_t now);
