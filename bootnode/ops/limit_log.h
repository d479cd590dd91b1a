/* What an operator acts on, in the log: limits that were reached, by the key that sets them (limits.h), workers that
 * cannot keep up, memory that is short. Each is a line at once when it begins, and then one in LIMIT_LOG_EVERY_MS at
 * most while it goes on, which has the number since the last; so a flood of any kind is some lines a minute. Where
 * log_addresses is on, the line names the source that reached the limit most often (offenders.h). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "bootnode/node.h"
#include "bootnode/worker.h"

#define LIMIT_LOG_EVERY_MS 10000
#define LIMIT_LOG_ROWS 32 /* room for all kinds */

struct limit_log {
    struct {
        uint64_t told;     /* of the counter */
        uint64_t told_ms;  /* 0: never */
        uint64_t clear_ms; /* until then there was nothing to tell */
    } rows[LIMIT_LOG_ROWS];
};

void limit_log_init(struct limit_log *log, uint64_t monotonic_ms);
/* Every second or so. Any thread but a worker's. */
void limit_log_step(struct limit_log *log, struct node *node, struct worker *workers, size_t count,
                    uint64_t monotonic_ms);
