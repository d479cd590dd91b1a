/* The slabs of one shard: where sessions lie, and the directory that finds them.
 *
 * A slab is one huge page where the kernel gives one (transparent huge pages set to madvise or always): a look-up among
 * a million sessions then misses no TLB. Its slot 0 is its header, so the address of a session says where it belongs.
 *
 * Invariant: the directory entry of a slab is published after the slab is initialised and cleared before the slab goes
 * through rcu_reclaim; a slot on a free list has state SESSION_FREE and no reader that could still see its former
 * session. A slab whose slots are all free is given back when at least one other slab's worth of free slots stays.
 * Under the address sanitizer a free slot is poisoned but for its first 8 bytes, which look-ups read. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <urcu/list.h>

#include "bootnode/table/session.h"
#include "common/attributes.h"

#define SLAB_SIZE (UINT32_C(2) << 20)
#define SLAB_SLOTS ((uint32_t)(SLAB_SIZE / sizeof(struct session)))
#define SLAB_SESSIONS (SLAB_SLOTS - 1) /* that fit: slot 0 is the header */
#define SLAB_DIRECTORY 2048u           /* 2^24 slots */
#define SLABS_SLOTS_MAX (SLAB_SLOTS * SLAB_DIRECTORY)
#define SLABS_COLLECT_MAX 64 /* slots that one call takes back */

struct slab;

struct slabs {
    struct slab *_Atomic *directory; /* SLAB_DIRECTORY entries */
    size_t slab_count;
    size_t live;       /* sessions allocated and not freed */
    size_t free_slots; /* that can be allocated */
    uint8_t shard, node;
    uint32_t first_gap;             /* no directory entry below is empty */
    struct cds_list_head with_free; /* slabs that have a free slot */
    uint32_t collecting;            /* list of reclaimed slots, not yet put on the free lists: slot number, 0 ends */
    _Atomic uint32_t handed_back;   /* stack of those that were reclaimed since */
    struct tokens generations;      /* where new ones come from */
};

MUST_USE bool slabs_init(struct slabs *slabs, uint8_t node, uint8_t shard);
/* Every session must have been freed and rcu_drain called. */
void slabs_destroy(struct slabs *slabs);

/* The kernel clears 2 MiB for a new slab, and takes 0.1 to 0.4 ms, on a virtual machine up to 9 ms: too long under the
 * mutex. So the reaper has a slab ready before the last one is full.
 * Owner's mutex: whether one should be added. */
bool slabs_are_short(const struct slabs *slabs);
/* Without the mutex. NULL without memory. */
MUST_USE struct slab *slabs_prepare(void);
/* Owner's mutex: takes the slab. False, and the slab is gone, when the directory is full. */
MUST_USE bool slabs_add(struct slabs *slabs, struct slab *slab);
/* Owner's mutex. A zeroed session in state SESSION_FREE with a new random generation chosen (differs from the slot's
 * last); NULL when memory or the directory is exhausted. Visible to nobody until slabs_publish. */
MUST_USE struct session *slabs_allocate(struct slabs *slabs);
/* Makes the session findable under its id, in `state`. */
uint64_t slabs_publish(struct slabs *slabs, struct session *session, enum session_state state);
uint64_t slabs_id(const struct slabs *slabs, const struct session *session);
/* Owner's mutex; the session is in no wheel. Unpublishes at once; the slot is free for others after a grace period,
 * when slabs_collect finds it. Secrets are wiped then. */
void slabs_free(struct slabs *slabs, struct session *session);
/* Owner's mutex: puts reclaimed slots (handed over by the call_rcu thread through a lock-free stack) on the free lists,
 * at most SLABS_COLLECT_MAX of them, and gives back empty slabs. True when there are more. */
MUST_USE bool slabs_collect(struct slabs *slabs);

/* Any thread, inside a read-side section: the live session with this slot and generation, or NULL. One index, one
 * comparison. */
struct session *slabs_find(const struct slabs *slabs, uint32_t slot, uint32_t generation);
/* Any thread, inside a read-side section; any slot number. Starts bringing the slot's hot line into the cache, to be
 * written, for a look-up that follows some hundred nanoseconds later; with `keys` also the next line, which holds the
 * keys of what is sent. Reads the directory alone. */
void slabs_prefetch(const struct slabs *slabs, uint32_t slot, bool keys);
/* Any thread, inside a read-side section: the first live session from `*slot` on, which is then the slot behind it;
 * NULL when there is none. */
struct session *slabs_next(const struct slabs *slabs, uint32_t *slot);
/* The same below the slot `end`: NULL when there is none, and `*slot` is `end` or more then. */
struct session *slabs_next_below(const struct slabs *slabs, uint32_t *slot, uint32_t end);
/* Owner's mutex. Whether the invariant holds, and all is counted right. Walks over the directory and the free lists. */
bool slabs_holds(const struct slabs *slabs);
