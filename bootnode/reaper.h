/* The reaper: the thread that takes silent sessions out of all shards.
 *
 * It judges a silence at the time up to which the shard's worker has listened (hearing.h), not at the present: so it is
 * late where a worker has no processor, and never wrong. A worker that sleeps is called by its bell when
 * somebody is due that it has not listened for, and again each REAPER_CALL_MS until it has.
 *
 * It alone notices that the whole process was paused (SIGSTOP, a frozen virtual machine): more than REAPER_PAUSE_MS
 * between two of its steps in which no worker made a round, either; of those that sleep nobody knows. Then nobody could
 * be heard, so the server clock (monotonic - paused_ms) leaves that time out, and with it all deadlines move. Where it
 * alone had no processor, the workers' rounds show it.
 *
 * Its thread has the workers' priority, lest it starves where others use the processors, and takes no more than it
 * needs: it works for REAPER_TURN_US at most, then sleeps as long as it worked. Behind by more than REAPER_BEHIND_MS it
 * sleeps an eighth of that. So where it shares a processor with a worker, a mass expiry delays heartbeats by a turn. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bootnode/eviction.h"
#include "bootnode/guard/access_orders.h"
#include "bootnode/liveness.h"
#include "bootnode/table/shard.h"
#include "common/attributes.h"
#include "common/thread.h"

#define REAPER_STEP_MS 50
#define REAPER_CALL_MS 100
#define REAPER_PAUSE_MS HEARING_PAUSE_MS
#define REAPER_TURN_US 200
#define REAPER_BEHIND_MS 100

struct reaper {
    struct shard *const *shards;
    size_t shard_count;
    bool steered;          /* else a session's packets may come to any worker */
    struct pauses *pauses; /* of the node; written here alone */
    uint64_t stepped_ms;   /* monotonic time of the last step */
    struct access *access; /* NULL: nobody is kept out */
    struct eviction eviction;
    struct liveness turned;
    int stop; /* eventfd that ends the thread */
    struct thread thread;
};

/* Nothing is owned: shards and `pauses` must outlive the reaper. */
void reaper_init(struct reaper *reaper, struct shard *const *shards, size_t shard_count, bool steered,
                 struct pauses *pauses, uint64_t monotonic_ms);
/* From now on each step also ends a slice of the sessions that are kept out, and the orders whose time is over.
 * `access` must outlive the reaper. */
void reaper_keep_out(struct reaper *reaper, struct access *access);
/* One step: removes what is due, at most SHARD_BATCH sessions of each shard, none before another. True when there may
 * be more: then the next step is due soon. The caller is a registered RCU reader, online, without a pointer into any
 * shard: it passes quiescent states. */
bool reaper_step(struct reaper *reaper, uint64_t monotonic_ms);
/* How long to sleep after a turn that took so long, when there was more to do for `behind_ms` without an end. */
uint64_t reaper_rest_us(uint64_t worked_us, uint64_t behind_ms);

/* The thread that steps every REAPER_STEP_MS, and in turns while there is more. 0 or a negative errno. */
MUST_USE int reaper_start(struct reaper *reaper);
/* Ends and joins it. Nothing when it was not started. */
void reaper_stop(struct reaper *reaper);
