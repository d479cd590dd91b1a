#include "bootnode/trace.h"

#include <stdlib.h>

#include "common/rcu.h"

struct trace_target {
    struct rcu_head reclaiming;
    struct prefix prefix;
    uint64_t until;
};

void trace_init(struct trace *trace) {
    atomic_init(&trace->target, NULL);
}

void trace_destroy(struct trace *trace) {
    free(rcu_load(&trace->target));
}

static void reclaim(struct rcu_head *head) {
    free(caa_container_of(head, struct trace_target, reclaiming));
}

/* Of two that set at the same time each finds what it replaced. */
bool trace_set(struct trace *trace, const struct prefix *prefix, uint64_t until) {
    struct trace_target *next = prefix ? malloc(sizeof *next) : NULL;
    if (prefix && !next) return false;
    if (next) *next = (struct trace_target){.prefix = *prefix, .until = until};
    struct trace_target *former = atomic_exchange_explicit(&trace->target, next, memory_order_acq_rel);
    if (former) rcu_reclaim(&former->reclaiming, reclaim);
    return true;
}

const struct prefix *trace_now(struct trace *trace, uint64_t now) {
    const struct trace_target *target = rcu_load(&trace->target);
    return target && now < target->until ? &target->prefix : NULL;
}
