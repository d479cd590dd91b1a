/* The receive thread: takes datagrams from the sockets, drops what cannot be ours by its first byte and size, hands the
 * rest to the crypto thread. Buffers come from a fixed pool, and that thread gives them back; when it is empty,
 * datagrams are dropped, as the kernel would. */
#pragma once

#include "client/threads/sockets.h"
#include "common/attributes.h"
#include "common/queue.h"
#include "common/thread.h"
#include "common/udp.h"

#define RECEIVER_POOL 512

/* A datagram; made once, goes round between receiver and engine, so receiving allocates nothing and memory is bounded.
 */
struct received {
    struct queue_node node; /* first */
    uint16_t socket;        /* it came in on: sockets.h */
    struct address from;
    size_t size;
    uint8_t data[UDP_DATAGRAM_MAX];
};

struct receiver {
    struct thread thread;
    struct sockets *sockets;
    int stop;             /* eventfd */
    struct queue *filled; /* to the crypto thread */
    struct queue empty;   /* back from it */
    struct received *pool;
    struct udp_batch *batch;
};

/* `receiver` must stay in place until stopped. 0 or a negative errno; then there is nothing to stop. */
MUST_USE int receiver_start(struct receiver *receiver, struct sockets *sockets, struct queue *filled);
void receiver_give_back(struct receiver *receiver, struct received *received);
/* Stops and joins, once. The crypto thread has given everything back or stopped running; what is in `filled` belongs to
 * the pool, so it is taken out. */
void receiver_stop(struct receiver *receiver);
