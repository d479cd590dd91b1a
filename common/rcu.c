#include "common/rcu.h"
#include "common/memory.h"

#include <errno.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdlib.h>

/* What the thread sanitizer cannot see: everything before a quiescent state happens before every reclaim that waited
 * for it. One object stands for that. */
static char grace_periods;

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

bool rcu_reader_is_online(void) {
    return rcu_read_ongoing() != 0;
}

void rcu_start_reclaimer(void) {
    (void)get_default_call_rcu_data();
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
}

void rcu_reclaim(struct rcu_head *head, void (*reclaim)(struct rcu_head *head)) {
    struct deferred *deferred = allocate(sizeof *deferred);
    *deferred = (struct deferred){.object = head, .reclaim = reclaim};
    rcu_handing_over(deferred);
    call_rcu(&deferred->head, run_deferred);
}
#else
void rcu_reclaim(struct rcu_head *head, void (*reclaim)(struct rcu_head *head)) {
    call_rcu(head, reclaim);
}
#endif

struct drain {
    struct rcu_head head;
    sem_t done;
};

static void end_drain(struct rcu_head *head) {
    sem_post(&((struct drain *)head)->done);
}

/* All reclaims pass through the one default call_rcu thread, in order, so the last one queued ends the drain.
 * rcu_barrier would do the same, but leaves a block of memory to that thread, to be freed at some later time. */
void rcu_drain(void) {
    struct drain drain;
    sem_init(&drain.done, 0, 0);
    rcu_reclaim(&drain.head, end_drain);
    bool was_online = rcu_reader_is_online();
    if (was_online) rcu_reader_offline();
    while (sem_wait(&drain.done) != 0 && errno == EINTR) continue;
    if (was_online) rcu_reader_online();
    sem_destroy(&drain.done);
}
