/* A worker: the thread that serves packets and owns one shard. For each listen address it has a socket for each lane
 * (lanes.h), in a reuseport group with the other workers' sockets.
 *
 * Its loop: see which sockets have something; serve what belongs to sessions; then let the other lanes and the
 * announcer of its shard take turns (schedule.h). A turn is a batch, some 10 to 400 µs' worth, handled and
 * answered. It sleeps only when nothing is left to do, and is then offline for RCU: for a moment where packets come in
 * numbers, else until it is called. It is woken by its sockets, by the time of the next announcement, and by its bell,
 * which others ring after they changed its shard or want it to stop. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "bootnode/announce.h"
#include "bootnode/buckets.h"
#include "bootnode/counters.h"
#include "bootnode/dispatch.h"
#include "bootnode/draining.h"
#include "bootnode/lanes.h"
#include "bootnode/liveness.h"
#include "bootnode/moving.h"
#include "bootnode/packet_log.h"
#include "bootnode/schedule.h"
#include "common/attributes.h"
#include "common/ini_table.h"
#include "common/thread.h"
#include "common/udp.h"

#define WORKER_BATCH 64 /* datagrams received at once, at most */
#define HANDLING_UNIT_NS 1000

struct listener {
    int sockets[LANE_COUNT]; /* -1: none, what belongs there comes by LANE_SESSION */
    struct udp_batch *send;
};

/* What a lane brought and took. Written by the worker alone. */
struct lane_figures {
    _Atomic uint64_t received; /* datagrams */
    _Atomic uint64_t spent_ns; /* of the worker's time: receiving, handling and answering them */
    struct buckets batches;    /* datagrams that the kernel had at once */
    /* ns, of each datagram: from the turn in which it was received until its answer was sent, which is with the others'
     * of that turn; in powers of two of HANDLING_UNIT_NS. */
    struct buckets handling;
};

struct worker {
    struct worker_counters counters;
    struct context context;
    struct shard *shard;
    struct listener listeners[BOOTNODE_LISTENERS_MAX];
    size_t listener_count;
    struct udp_batch *receive;
    struct schedule schedule;
    struct lane_figures lanes[LANE_COUNT];
    uint32_t ready[LANE_COUNT]; /* of each lane, by listener: a bit where there may be something to receive */
    uint8_t next_listener[LANE_COUNT];
    enum lane serving;                /* whose socket answers leave from */
    uint64_t clock_ns;                /* monotonic, when it was read last */
    uint64_t looked_ns;               /* when the lane of REGISTER was looked at last */
    uint64_t behind_until_ns;         /* sessions are */
    _Atomic uint64_t behind_since_ms; /* the same clock; 0: they are not */
    size_t handled;                   /* packets of this round */
    size_t taken;                     /* packets of this turn */
    bool announcing;                  /* more is due at once */
    struct announcer *announcer;
    struct draining draining;
    struct moving moving;
    struct packet_log packet_log;
    struct liveness turned, announced; /* its latest round; when it announced, or had nothing to announce */
    int epoll, bell;
    int drained; /* eventfd of the server: counts the workers that have told every session */
    atomic_bool stopping;
    struct thread thread;
};

/* Worker `index` serves shard `index` of the node and becomes the one whom the shard's bell wakes. `drained` stays the
 * caller's. 0 or a negative errno; worker_destroy is due either way. */
MUST_USE int worker_init(struct worker *worker, struct node *node, size_t index, int drained);
/* Before the start: the bound sockets, which the worker then owns, for the next listen address; -1 for lanes that have
 * none. 0 or a negative errno. */
MUST_USE int worker_listen(struct worker *worker, const int sockets[static LANE_COUNT]);
/* 0 or a negative errno. */
MUST_USE int worker_start(struct worker *worker);
/* Has it look at what changed: the node's fate, or its own stopping. Any thread. */
void worker_wake(struct worker *worker);
/* Ends and joins it; nothing when it was not started. */
void worker_stop(struct worker *worker);
void worker_destroy(struct worker *worker);
