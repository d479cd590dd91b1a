/* Draining: before the bootnode stops, every session is told to go elsewhere (NOTICE), some at a time, so that other
 * packets are served in between. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bootnode/context.h"

#define DRAINING_BATCH 64
#define DRAINING_RETRY_MS 5000 /* when a client may try this bootnode again */

struct draining {
    uint32_t next_slot;
    bool done;
};

/* Tells the next DRAINING_BATCH sessions of the shard; `done` is set when all were told. In a read-side section. */
void draining_step(struct draining *draining, struct context *context, const struct shard *shard);
