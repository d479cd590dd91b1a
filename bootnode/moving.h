/* Moving: rooms that get other homes (cluster/homes.h) take their members along. Each worker does it for its own shard,
 * some at a time, so that other packets are served in between. PROTOCOL.md §2.6.
 *
 * Invariants:
 * 1. A member is behind where its client was told other homes than those of its bucket now (shard_homes.h). Once all
 *    members were looked at for the present homes, each that is behind waits here to be told, once; until then, each
 *    that is behind and does not wait is still to be looked at. New homes in the middle begin another look at all, and
 *    who waits already is told of those at once. Who registers after homes came is not behind, and is told nothing;
 *    who does with a COOKIE of before is noted when it becomes a member.
 * 2. A member is told by NOTICE 3 when its turn comes: rooms one after the other, each as a whole, in all no faster
 * than the new homes register (cluster/move_pace.h). It is told again MOVING_AGAIN_MS after, then after twice, four and
 *    eight times that, until a beat shows that it heard; who does not hear at all is tried again until it does, or is
 *    gone. Only what an echo pays for is sent (session.h).
 * 3. Nobody is removed because of a move but by its own LEAVE, or MOVING_STAY_MS after it was told of homes of which
 *    this node is none, and then as moved. A session that was lent never is.
 * 4. What a step does is bounded: SHARD_HOMES_LOOKS slots, and MOVING_BATCH members that are told or asked. Where
 *    nothing moves, it is a look at a number. After a pause of the process one step looks at all who were told, too.
 * 5. Who was told, or did not hear, waits for no longer than is said above, also where the clock fell back: a pause of
 * the process is taken out of it, which a step may come before. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bootnode/context.h"
#include "bootnode/table/shard_homes.h"

#define MOVING_BATCH 16
#define MOVING_AGAIN_MS 1000
#define MOVING_TELLS 5
#define MOVING_STAY_MS 60000

struct moving_item {
    struct shard_homes_told told; /* of one that waits, the id alone */
    uint64_t due;
};

struct moving_chunk;

/* First in, first out; each has what is due after the same time, so it is in the order of that. In chunks, so that none
 * is ever moved. */
struct moving_queue {
    struct moving_chunk *head, *tail;
    size_t first, end; /* in the head, the first one; in the tail, behind the last */
    size_t count;
};

enum {
    MOVING_WAITING, /* to be told */
    MOVING_DEAF,    /* the same, later: it did not hear */
    MOVING_TOLD,    /* once; behind it those that were told twice … MOVING_TELLS times */
    MOVING_QUEUES = MOVING_TOLD + MOVING_TELLS,
};

struct moving {
    uint64_t seen, moves; /* of the homes that were seen last */
    bool walking;
    bool again; /* a member could not be taken note of: another walk is needed */
    struct shard_homes_walk walk;
    struct moving_queue queues[MOVING_QUEUES];
    uint64_t due;     /* server clock: when to be called again; NEVER: when there are new homes */
    uint64_t stepped; /* server clock: the last step */
};

void moving_init(struct moving *moving);
void moving_destroy(struct moving *moving);
/* Is there something to do? */
static inline bool moving_is_due(const struct moving *moving, const struct context *context,
                                 const struct shard *shard) {
    const struct homes *homes = node_homes(context->node);
    return homes && (homes->number != moving->seen || context->now >= moving->due || context->now < moving->stepped ||
                     atomic_load_explicit(&shard->moving.late_count, memory_order_relaxed) > 0);
}
/* Does it, a bounded part. The owner worker, in a read-side section. */
void moving_step(struct moving *moving, struct context *context, struct shard *shard);
/* Invariant 1. Walks over everything. */
bool moving_holds(const struct moving *moving, struct shard *shard, const struct homes *homes);
