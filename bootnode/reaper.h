/* The reaper: the thread that takes silent sessions out of all shards.
 *
 * It alone notices that the whole process was paused (SIGSTOP, a frozen virtual machine): more than REAPER_PAUSE_MS
 * between two of its steps. Then nobody could be heard, so the server clock (monotonic - paused_ms) leaves the gap out,
 * and with it all deadlines move. Its thread gives way to others where they share a processor, so a mass expiry can
 * take it seconds: a step is short for that, and has its own time, else its own work would look like a pause. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bootnode/table/shard.h"
#include "common/attributes.h"
#include "common/thread.h"

#define REAPER_STEP_MS 50
#define REAPER_PAUSE_MS 1000

struct reaper {
    struct shard *const *shards;
    size_t shard_count;
    _Atomic uint64_t *paused_ms; /* of the node; advanced here alone */
    uint64_t stepped_ms;         /* monotonic time of the last step */
    int stop;                    /* eventfd that ends the thread */
    struct thread thread;
};

/* Nothing is owned: shards and `paused_ms` must outlive the reaper. */
void reaper_init(struct reaper *reaper, struct shard *const *shards, size_t shard_count, _Atomic uint64_t *paused_ms,
                 uint64_t monotonic_ms);
/* One step: removes what is due, at most SHARD_BATCH sessions of each shard, none before another. True when there may
 * be more: then the next step is due at once. The caller is a registered RCU reader, online, without a pointer into any
 * shard: it passes quiescent states. */
bool reaper_step(struct reaper *reaper, uint64_t monotonic_ms);

/* The thread that steps every REAPER_STEP_MS, and while there is more. 0 or a negative errno. */
MUST_USE int reaper_start(struct reaper *reaper);
/* Ends and joins it. Nothing when it was not started. */
void reaper_stop(struct reaper *reaper);
