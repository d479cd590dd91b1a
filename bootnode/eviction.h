/* Who came to be kept out (guard/access.h) does not stay: a walk over all sessions of all shards ends theirs.
 *
 * Rules:
 * 1. Each change of the rules that may keep somebody out is followed by a whole walk, which begins within
 *    EVICTION_PAUSE_MS, or after the one that is under way. A change counts twice (access.h, rule 4), and the second
 * time nobody is at work any more whom the former rules let in: so no session escapes.
 * 2. A walk goes in slices, in the reaper's turns, and holds a shard's mutex only where somebody has to go. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bootnode/guard/access.h"
#include "bootnode/table/shard.h"

#define EVICTION_PAUSE_MS 200 /* between the beginnings of two walks: whoever bans often keeps no processor busy */

struct eviction {
    struct shard *const *shards;
    size_t shard_count;
    const struct access *access;
    uint64_t seen; /* access_changes that the present walk, or the last one, answers */
    bool walking;
    uint64_t began; /* server clock */
    size_t shard;   /* where it is */
    uint32_t slot;
    uint64_t ended; /* sessions, by this walk */
};

/* Nothing is owned. `access` NULL: there is never a walk. */
void eviction_init(struct eviction *eviction, struct shard *const *shards, size_t shard_count,
                   const struct access *access);
/* A slice of a walk, if one is due; true when there is more to do at once. The caller is a reader of RCU, online,
 * without a pointer into any shard; `now` is the server clock. */
bool eviction_step(struct eviction *eviction, uint64_t now);
