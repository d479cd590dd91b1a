/* Whether a bootnode serves, for those who ask often and act by themselves: load balancers, service managers, alerts.
 *
 * Nothing here waits for a thread that may hang: no shard's mutex is taken. What is looked at:
 * - stuck: a thread had no turn for LIVENESS_STUCK_MS (liveness.h).
 * - draining: it was told to end, and lets nobody in.
 * - overloaded: datagrams of sessions were lost within HEALTH_LATELY_MS, or a worker has had more of them than it could
 *   serve for HEALTH_BEHIND_MS.
 * - lost: it is a node of a cluster, and knows of no node that lives, itself neither; newcomers are refused.
 * - full: there are as many sessions as may be. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "bootnode/ops/watched.h"

#define HEALTH_LATELY_MS 10000 /* between two questions of whoever asks seldom */
#define HEALTH_BEHIND_MS 3000  /* a shorter stretch is a hiccup of the machine */

/* The worst last: it is what is told first. */
enum health_state {
    HEALTH_OK,
    HEALTH_FULL,
    HEALTH_LOST,
    HEALTH_OVERLOADED,
    HEALTH_DRAINING,
    HEALTH_STUCK,
    HEALTH_STATES
};

struct health {
    bool is[HEALTH_STATES]; /* one at least */
    const char *stuck;      /* the thread that is; valid as long as the liveness_watch */
    uint64_t sessions, sessions_limit;
    size_t lossy, behind; /* the worker that lost last, and the one that is behind for longest; if it is overloaded */
    uint64_t lost_ago_ms, behind_for_ms;
};

/* Any thread. */
void health_look(const struct watched *watched, uint64_t monotonic_ms, struct health *out);
enum health_state health_worst(const struct health *health);
/* "ok" … "stuck". */
const char *health_name(enum health_state state);
/* The worst state's name in a line, then a line for each that is so, which says why; "ok" alone where all is well. */
void health_write(FILE *out, const struct health *health);
