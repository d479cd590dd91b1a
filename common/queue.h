/* A queue from many threads to one, over liburcu's wait-free concurrent queue, with an eventfd to wake the reader.
 *
 * Invariant: a node is owned by the pusher until queue_push returns true, by the queue until queue_pop returns it, by
 * the popper afterwards. The eventfd is written only when the reader might sleep: queue_push writes when it finds
 * `signalled` clear; queue_settle, which the reader calls before it sleeps and again finds the queue empty, clears it.
 * The count is 0 when the queue is empty (queue_holds), and passes the limit only while a pusher is about to give up.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <urcu/wfcqueue.h>

#include "common/attributes.h"

struct queue_node {
    struct cds_wfcq_node link;
};

struct queue {
    struct __cds_wfcq_head head; /* the one without a mutex: there is one reader */
    struct cds_wfcq_tail tail;
    int event; /* eventfd, nonblocking */
    atomic_bool signalled;
    atomic_size_t count;
    size_t limit;
};

/* `limit` bounds how many nodes may wait; 0 is no bound. 0 or a negative errno. */
MUST_USE int queue_init(struct queue *queue, size_t limit);
/* Closes the eventfd. The queue must be empty: its owner pops and frees what is left first. */
void queue_destroy(struct queue *queue);
/* Any thread. False when the queue is full: the caller still owns the node. */
MUST_USE bool queue_push(struct queue *queue, struct queue_node *node);
/* The reader only. NULL when empty. */
struct queue_node *queue_pop(struct queue *queue);
/* The descriptor to poll for reading. */
int queue_event(const struct queue *queue);
/* The reader, before it sleeps: drains the eventfd. True when the queue is empty, so sleeping is safe; false: pop. */
MUST_USE bool queue_settle(struct queue *queue);
size_t queue_count(const struct queue *queue);
/* The reader, while nobody pushes. */
MUST_USE bool queue_holds(struct queue *queue);
