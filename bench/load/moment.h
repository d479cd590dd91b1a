/* What one line of progress says: how far a run is, and how it went since the line before. Of a run in several parts,
 * as threads, it is the sum of what each part did between its own two samples. Pure. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/load/node_facts.h"
#include "bench/load/pump_result.h"
#include "common/attributes.h"

#define MOMENT_TEXT_SIZE 512

/* Where a part of a run is, as often as it cares to tell: counts since the phase began, but for `living` and `silent`,
 * which are now. */
struct sample {
    uint64_t at_us;               /* when it was so; 0: nothing was told yet */
    uint64_t registered;          /* sessions, since the run began */
    uint64_t registering, absent; /* registrations begun and not through; sessions that have not begun */
    uint64_t living;
    uint64_t silent;         /* sessions that were made to fall silent */
    struct node_facts nodes; /* of a cluster; of them what lives there now counts */
    struct pump_result pump;
};

struct moment {
    const char *phase; /* "filling", or the row's name */
    bool filling;
    double since_start_s; /* of the run */
    uint64_t wall_ms;
    uint64_t registered, registering, absent, living, silent;
    double registered_per_s, sent_per_s, answered_per_s;
    uint64_t sent, answered, lost;
    uint64_t dropped;        /* by the server's sockets, since the phase began; 0 where it runs on another machine */
    struct histogram rtt_us; /* of the answers since the line before */
    struct node_facts nodes;
};

/* Adds one part's way from `before` (never told: from the phase's beginning at `began_us`) to `now`. */
void moment_add(struct moment *moment, const struct sample *before, const struct sample *now, uint64_t began_us);
/* One line without a newline. */
void moment_text(const struct moment *moment, char out[static MOMENT_TEXT_SIZE]);
/* JSON keys: progress (the phase), filling, time, time_ms, since_start_s, registered, registering, absent, living,
 * silent, registered_per_s, sent, sent_per_s, answered, answered_per_s, lost, dropped, rtt_us{count, p50, p99, max},
 * and of a cluster nodes[{id, living}].
 * NULL without memory. */
MUST_USE json_t *moment_object(const struct moment *moment);
