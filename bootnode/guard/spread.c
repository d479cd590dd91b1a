#include "bootnode/guard/spread.h"

/* What is due later than that was noted before the clock fell back, or is more than anybody is told to wait. */
static uint64_t queue_end(uint64_t through_ns, uint64_t now_ns) {
    uint64_t latest = now_ns + SPREAD_MAX_MS * UINT64_C(1000000);
    return through_ns < now_ns ? now_ns : through_ns > latest ? latest : through_ns;
}

/* Relaxed: the word is all there is. */
void spread_count(struct spread *spread, size_t workers, uint64_t now) {
    uint64_t share_ns = 1000000000 / (SPREAD_REGISTRATIONS_PER_SECOND * (uint64_t)workers), now_ns = now * 1000000,
             next;
    uint64_t old = atomic_load_explicit(&spread->through_ns, memory_order_relaxed);
    do next = queue_end(old, now_ns) + share_ns;
    while (!atomic_compare_exchange_weak_explicit(&spread->through_ns, &old, next, memory_order_relaxed,
                                                  memory_order_relaxed));
}

uint32_t spread_over(uint64_t registrations, size_t workers) {
    uint64_t ms = registrations * 1000 / (SPREAD_REGISTRATIONS_PER_SECOND * (uint64_t)workers);
    return ms < SPREAD_MAX_MS ? (uint32_t)ms : SPREAD_MAX_MS;
}

uint16_t spread_wait(const struct spread *spread, uint64_t now) {
    uint64_t through_ns = atomic_load_explicit(&spread->through_ns, memory_order_relaxed), now_ns = now * 1000000;
    return (uint16_t)((queue_end(through_ns, now_ns) - now_ns) / 1000000);
}
