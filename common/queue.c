#include "common/queue.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/holds.h"
#include "common/rcu.h"

int queue_init(struct queue *queue, size_t limit) {
    __cds_wfcq_init(&queue->head, &queue->tail);
    atomic_init(&queue->signalled, false);
    atomic_init(&queue->count, 0);
    queue->limit = limit;
    queue->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return queue->event < 0 ? -errno : 0;
}

bool queue_holds(struct queue *queue) {
    size_t count = queue_count(queue);
    bool empty = cds_wfcq_empty(&queue->head, &queue->tail);
    return empty == (count == 0) && (queue->limit == 0 || count <= queue->limit);
}

void queue_destroy(struct queue *queue) {
    HOLDS(queue_holds(queue) && queue_count(queue) == 0);
    close(queue->event);
    queue->event = -1;
}

/* The count bounds memory and orders nothing, so relaxed is enough. It may pass the limit for a moment, by pushers that
 * are about to give up; the queue itself never does. */
static bool take_place(struct queue *queue) {
    size_t before = atomic_fetch_add_explicit(&queue->count, 1, memory_order_relaxed);
    if (queue->limit == 0 || before < queue->limit) return true;
    atomic_fetch_sub_explicit(&queue->count, 1, memory_order_relaxed);
    return false;
}

bool queue_push(struct queue *queue, struct queue_node *node) {
    if (!take_place(queue)) return false;
    cds_wfcq_node_init(&node->link);
    rcu_handing_over(node);
    cds_wfcq_enqueue(&queue->head, &queue->tail, &node->link);
    /* Pairs with queue_settle: either this finds `signalled` cleared, or settle finds the node. */
    if (!atomic_exchange(&queue->signalled, true)) (void)eventfd_write(queue->event, 1);
    return true;
}

struct queue_node *queue_pop(struct queue *queue) {
    struct cds_wfcq_node *link = __cds_wfcq_dequeue_blocking(&queue->head, &queue->tail);
    if (!link) return NULL;
    atomic_fetch_sub_explicit(&queue->count, 1, memory_order_relaxed);
    struct queue_node *node = caa_container_of(link, struct queue_node, link);
    rcu_taken_over(node);
    return node;
}

int queue_event(const struct queue *queue) {
    return queue->event;
}

bool queue_settle(struct queue *queue) {
    eventfd_t ignored;
    /* Drained first: an event written after this read stays, and wakes the reader. */
    (void)eventfd_read(queue->event, &ignored);
    atomic_exchange(&queue->signalled, false);
    cmm_smp_mb(); /* cds_wfcq_empty has no barrier of its own */
    return cds_wfcq_empty(&queue->head, &queue->tail);
}

size_t queue_count(const struct queue *queue) {
    return atomic_load_explicit(&queue->count, memory_order_relaxed);
}
