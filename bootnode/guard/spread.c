#include "bootnode/guard/spread.h"

#define TIMES_COST 2
#define SMOOTHING 16 /* a new sample counts as one of so many */

/* Relaxed throughout: each word is all there is. */

static uint64_t cost_of(const struct spread *spread) {
    uint32_t cost_ns = atomic_load_explicit(&spread->cost_ns, memory_order_relaxed);
    return cost_ns > 0 ? cost_ns : SPREAD_COST_NS;
}

/* Two workers at the same time may lose one of their samples. */
void spread_measured(struct spread *spread, uint64_t took_ns) {
    uint64_t before = cost_of(spread);
    if (took_ns < SPREAD_COST_LEAST_NS) took_ns = SPREAD_COST_LEAST_NS;
    if (took_ns > SPREAD_COST_MOST_NS) took_ns = SPREAD_COST_MOST_NS;
    uint64_t smoothed = (before * (SMOOTHING - 1) + took_ns) / SMOOTHING;
    atomic_store_explicit(&spread->cost_ns, (uint32_t)smoothed, memory_order_relaxed);
}

/* What is due later than that was noted before the clock fell back, or is more than anybody is told to wait. */
static uint64_t queue_end(uint64_t through_ns, uint64_t now_ns) {
    uint64_t latest = now_ns + SPREAD_MAX_MS * UINT64_C(1000000);
    return through_ns < now_ns ? now_ns : through_ns > latest ? latest : through_ns;
}

void spread_count(struct spread *spread, size_t workers, uint64_t now) {
    uint64_t share_ns = TIMES_COST * cost_of(spread) / workers, now_ns = now * 1000000, next;
    uint64_t old = atomic_load_explicit(&spread->through_ns, memory_order_relaxed);
    do next = queue_end(old, now_ns) + share_ns;
    while (!atomic_compare_exchange_weak_explicit(&spread->through_ns, &old, next, memory_order_relaxed,
                                                  memory_order_relaxed));
}

uint32_t spread_over(const struct spread *spread, uint64_t registrations, size_t workers) {
    uint64_t each_ns = TIMES_COST * cost_of(spread) / workers, most = SPREAD_MAX_MS * UINT64_C(1000000) / each_ns;
    return registrations < most ? (uint32_t)(registrations * each_ns / 1000000) : SPREAD_MAX_MS;
}

uint16_t spread_wait(const struct spread *spread, uint64_t now) {
    uint64_t through_ns = atomic_load_explicit(&spread->through_ns, memory_order_relaxed), now_ns = now * 1000000;
    return (uint16_t)((queue_end(through_ns, now_ns) - now_ns) / 1000000);
}
