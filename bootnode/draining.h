/* Draining: before the bootnode stops, every session is told so (NOTICE), some at a time, so that other packets are
 * served in between.
 *
 * What stops may be back in a moment: a service manager restarts a program by the signal that stops it. So each client
 * is told when to ask again, and keeps its session until then. All of them come back at once, to a bootnode that has
 * forgotten how many there are, so the one that leaves spreads them, over the time that registering them takes. A
 * bootnode that ends for good sends its clients elsewhere. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bootnode/context.h"

#define DRAINING_BATCH 64
#define DRAINING_RETRY_MS 5000 /* when a client may try a bootnode again that ended for good */

struct draining {
    uint32_t next_slot;
    bool done;
};

/* Tells the next DRAINING_BATCH sessions of the shard, but those that are silent or astray; `done` is set when all were
 * looked at. In a read-side section. */
void draining_step(struct draining *draining, struct context *context, const struct shard *shard);
