#include "common/rcu.h"

#include <stdlib.h>

/* What the thread sanitizer cannot see: everything before a quiescent state happens before every reclaim that waited
 * for it, and every reclaim happens before the end of a drain. One object stands for each of the two. */
static char grace_periods, reclaims;

void rcu_reader_register(void) {
    rcu_register_thread();
}

void rcu_reader_unregister(void) {
    rcu_handing_over(&grace_periods);
    rcu_unregister_thread();
}

void rcu_reader_quiescent(void) {
    rcu_handing_over(&grace_periods);
    rcu_quiescent_state();
}

void rcu_reader_offline(void) {
    rcu_handing_over(&grace_periods);
    rcu_thread_offline();
}

void rcu_reader_online(void) {
    rcu_thread_online();
}

#ifdef GOCHAT_TSAN
/* The object has room for one function only, so the real one waits in a record of its own. */
struct deferred {
    struct rcu_head head;
    struct rcu_head *object;
    void (*reclaim)(struct rcu_head *head);
};

static void run_deferred(struct rcu_head *head) {
    struct deferred *deferred = (struct deferred *)head;
    rcu_taken_over(deferred);
    rcu_taken_over(&grace_periods);
    deferred->reclaim(deferred->object);
    free(deferred);
    rcu_handing_over(&reclaims);
}

void rcu_reclaim(struct rcu_head *head, void (*reclaim)(struct rcu_head *head)) {
    struct deferred *deferred = malloc(sizeof *deferred);
    if (!deferred) abort();
    *deferred = (struct deferred){.object = head, .reclaim = reclaim};
    rcu_handing_over(deferred);
    call_rcu(&deferred->head, run_deferred);
}
#else
void rcu_reclaim(struct rcu_head *head, void (*reclaim)(struct rcu_head *head)) {
    call_rcu(head, reclaim);
}
#endif

void rcu_drain(void) {
    rcu_barrier();
    rcu_taken_over(&reclaims);
}
