/* What the metrics tell, copied from a running server: counters and present numbers, nothing about a room, a member or
 * an address. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bootnode/buckets.h"
#include "bootnode/clustering.h"
#include "bootnode/counters.h"
#include "bootnode/lanes.h"
#include "bootnode/node.h"
#include "bootnode/ops/health.h"
#include "bootnode/ops/process.h"
#include "bootnode/ops/watched.h"
#include "bootnode/table/shard.h"

/* Of one lane of a worker. */
struct snapshot_lane {
    uint64_t received;
    uint64_t overflowed; /* datagrams that its sockets' buffers had no place for; the kernel counts 32 bits a socket */
    uint64_t spent_ns;
};
/* struct buckets, of all workers together. */
struct snapshot_buckets {
    uint64_t counts[BUCKETS_COUNT], sum;
};
struct snapshot_worker {
    uint64_t received, strayed;
    uint64_t doubts, missed_ms; /* times that datagrams of sessions began to be lost; what their clock leaves out */
    struct snapshot_lane lanes[LANE_COUNT];
};

/* Whose rate is limited, as the settings rate_… have it, and relay_… */
enum {
    SNAPSHOT_HELLO,
    SNAPSHOT_REGISTER,
    SNAPSHOT_STUN,
    SNAPSHOT_RESET,
    SNAPSHOT_UPDATE,
    SNAPSHOT_INTRODUCE,
    SNAPSHOT_MOVE,
    SNAPSHOT_RATES
};
enum { SNAPSHOT_SESSION, SNAPSHOT_SOURCE, SNAPSHOT_TOTAL, SNAPSHOT_RELAY_RATES };

/* The limits that are set; 0: none. */
struct snapshot_limits {
    uint64_t sessions, sessions_per_source, room_members;
    uint64_t rates[SNAPSHOT_RATES];             /* packets a second */
    uint64_t relay_rates[SNAPSHOT_RELAY_RATES]; /* bytes a second */
};

struct snapshot_shard {
    struct shard_counters counters;
    uint64_t slabs;
};

/* Of a node of a cluster, as it sees the others; no more of it where they are many. */
struct snapshot_cluster {
    uint64_t nodes[VIEW_PLACES];              /* that are known, by whether they are in the view, and else why not */
    uint64_t in_view, heard, disagreeing;     /* of the view: all, those that are heard, those with another view */
    uint64_t serves, cut_off, nats_connected; /* 0 or 1 */
    uint64_t homes_version, buckets;          /* of which this node is a home */
    uint64_t moving;                          /* sessions that are still to be told of their new homes */
    uint64_t beacons_sent, beacons_lost, beacons_taken, probes_sent, probes_answered;
    uint64_t board_deaths;
    uint64_t refused[BEACON_REFUSALS];
    uint64_t orders[2]; /* bans and exceptions that are known: of this node, of others */
    uint64_t orders_taken, orders_refused[ORDERS_REFUSALS];
};

struct snapshot {
    struct snapshot_shard seen[NODE_SHARDS_MAX]; /* each as it was when its mutex was last to be had */
    uint64_t counters[COUNTER_COUNT];            /* of all workers together */
    struct snapshot_worker workers[NODE_SHARDS_MAX];
    struct snapshot_buckets batches[LANE_COUNT], handling[LANE_COUNT];
    uint64_t worker_count;
    struct shard_counters shards; /* of all together */
    uint64_t slabs;
    uint64_t turned_away[SHARD_LIMIT_COUNT];
    uint64_t unseen_shards;         /* those whose mutex somebody has not given back */
    uint64_t draining;              /* 0 or 1 */
    uint64_t health[HEALTH_STATES]; /* 0 or 1: whether it is so */
    uint64_t uptime_ms;
    uint64_t log_lost; /* lines */
    uint64_t clusters; /* 1, or 0 where there is none */
    struct snapshot_cluster cluster;
    struct process_figures process;
    struct snapshot_limits limits;
};

/* Any thread, registered with RCU or not: takes one shard's mutex after the other, for as long as a copy of its
 * counters takes, and waits for 0.1 s at most, so that a worker that hangs does not hang us. `monotonic_ms` is the
 * present time. `out` is zeroed before the first time, and what it had is kept of what cannot be looked at. */
void snapshot_take(const struct watched *watched, uint64_t monotonic_ms, struct snapshot *out);
