/* A worker: the thread that serves packets and owns one shard. It has one socket for each listen address, in a
 * reuseport group with the other workers' sockets.
 *
 * Its loop: receive a batch, handle each packet, announce what is due in its shard, send what came of it. It sleeps
 * only when a round found no full batch and nothing more is due, and is then offline for RCU: for a moment where
 * packets come in numbers, else until it is called. It is woken by its sockets, by its timer (deferred announcements)
 * and by its bell, which others ring after they changed its shard or want it to stop. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "bootnode/announce.h"
#include "bootnode/counters.h"
#include "bootnode/dispatch.h"
#include "bootnode/draining.h"
#include "common/attributes.h"
#include "common/ini_table.h"
#include "common/thread.h"
#include "common/udp.h"

struct listener {
    int socket;
    struct udp_batch *send;
};

struct worker {
    struct worker_counters counters;
    struct context context;
    struct shard *shard;
    struct listener listeners[BOOTNODE_LISTENERS_MAX];
    size_t listener_count;
    struct udp_batch *receive;
    size_t handled; /* packets of this round */
    struct announcer *announcer;
    struct draining draining;
    int epoll, timer, bell;
    uint64_t timer_at; /* server clock, NEVER: off */
    int drained;       /* eventfd of the server: counts the workers that have told every session */
    atomic_bool stopping;
    struct thread thread;
};

/* Worker `index` serves shard `index` of the node and becomes the one whom the shard's bell wakes. `drained` stays the
 * caller's. 0 or a negative errno; worker_destroy is due either way. */
MUST_USE int worker_init(struct worker *worker, struct node *node, size_t index, int drained);
/* Before the start: a bound socket, which the worker then owns, for the next listen address. 0 or a negative errno. */
MUST_USE int worker_listen(struct worker *worker, int socket);
/* 0 or a negative errno. */
MUST_USE int worker_start(struct worker *worker);
/* Has it look at what changed: the node's fate, or its own stopping. Any thread. */
void worker_wake(struct worker *worker);
/* Ends and joins it; nothing when it was not started. */
void worker_stop(struct worker *worker);
void worker_destroy(struct worker *worker);
