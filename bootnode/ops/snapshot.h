/* What the metrics tell, copied from a running server: counters and present numbers, nothing about a room, a member or
 * an address. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bootnode/counters.h"
#include "bootnode/lanes.h"
#include "bootnode/liveness.h"
#include "bootnode/node.h"
#include "bootnode/table/shard.h"

struct worker;

/* Borrowed; the workers stay where they are, with their sockets, as long as this is in use. */
struct watched {
    struct node *node;
    const struct worker *workers;
    size_t worker_count;
    int statm; /* of snapshot_open_statm */
    const struct liveness_watch *liveness;
};

/* /proc/self/statm, which says how much memory the process has: opened before the process shuts itself off from files.
 * The caller's to close; -1 where there is none. */
int snapshot_open_statm(void);

/* Of one lane of a worker. */
struct snapshot_lane {
    uint64_t received;
    uint64_t overflowed; /* datagrams that its sockets' buffers had no place for; the kernel counts 32 bits a socket */
    uint64_t spent_ns;
};
struct snapshot_worker {
    uint64_t received, strayed;
    uint64_t doubts, missed_ms; /* times that datagrams of sessions began to be lost; what their clock leaves out */
    struct snapshot_lane lanes[LANE_COUNT];
};

struct snapshot {
    uint64_t counters[COUNTER_COUNT]; /* of all workers together */
    struct snapshot_worker workers[NODE_SHARDS_MAX];
    size_t worker_count;
    struct shard_counters shards; /* of all together */
    uint64_t slabs;
    bool draining;
    uint64_t uptime_ms;
    uint64_t cpu_ns, resident_bytes; /* of the process */
};

/* Any thread, registered with RCU or not: takes one shard's mutex after the other, for as long as a copy of its
 * counters takes. `monotonic_ms` is the present time. */
void snapshot_take(const struct watched *watched, uint64_t monotonic_ms, struct snapshot *out);
