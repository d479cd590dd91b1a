/* How fast members are sent to another node: as fast as it can register them. Lock-free; all zero: nobody was sent yet.
 *
 * Invariant: over any time t, at most t · r + r · MOVE_PACE_BURST_MS + the number of threads are sent to one node,
 * where r is what that node can register a second (MOVE_PACE_UNKNOWN where it does not say), divided by the nodes that
 * may be sending there. So what all nodes of a cluster together send to one is no more than it can take. (The generic
 * cell rate algorithm: ITU-T I.371.)
 *
 * Members wait in one queue, so a node that says very little, which it may have measured in a bad moment, or made up,
 * would hold up the moves to all others, and with them whoever drains or joins: less than MOVE_PACE_LEAST counts as
 * that. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bootnode/cluster/homes.h"
#include "common/attributes.h"

#define MOVE_PACE_UNKNOWN 1000
#define MOVE_PACE_LEAST 100 /* any machine that runs takes more */
#define MOVE_PACE_BURST_MS 50
#define MOVE_PACE_THREADS 256 /* may take at once, at most */

struct move_pace {
    _Atomic uint64_t next_us[CLUSTER_NODES_MAX]; /* when the next one is due there, by its rate alone */
};

/* May a member of the bucket be sent to its homes at `now` (ms)? It is charged to each of them but us. False: then
 * after `wait_ms`. */
MUST_USE bool move_pace_take(struct move_pace *pace, const struct homes *homes, uint16_t bucket, uint64_t now,
                             uint64_t *wait_ms);
