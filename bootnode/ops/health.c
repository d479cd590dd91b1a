#include "bootnode/ops/health.h"

#include <inttypes.h>

#include "bootnode/worker.h"

/* Later than 0, which means never. */
static uint64_t since(const _Atomic uint64_t *at, uint64_t monotonic_ms) {
    const uint64_t ms = atomic_load_explicit(at, memory_order_relaxed);
    return ms == 0 || ms > monotonic_ms ? 0 : monotonic_ms - ms + 1;
}

static void look_at_worker(const struct worker *worker, size_t index, uint64_t monotonic_ms, struct health *out) {
    const uint64_t lost = since(&worker->shard->hearing.doubted_ms, monotonic_ms);
    const uint64_t behind = since(&worker->behind_since_ms, monotonic_ms);
    if (lost > 0 && lost <= HEALTH_LATELY_MS && (out->lost_ago_ms == 0 || lost < out->lost_ago_ms)) {
        out->lossy = index;
        out->lost_ago_ms = lost;
    }
    if (behind > HEALTH_BEHIND_MS && behind > out->behind_for_ms) {
        out->behind = index;
        out->behind_for_ms = behind;
    }
}

static uint64_t limit_of(struct node *node) {
    struct bootnode_config config;
    node_config_copy(node, &config);
    return (uint64_t)config.sessions;
}

void health_look(const struct watched *watched, uint64_t monotonic_ms, struct health *out) {
    struct node *node = watched->node;
    *out = (struct health){
        .stuck = watched->liveness ? liveness_stuck(watched->liveness, monotonic_ms) : NULL,
        .sessions = atomic_load_explicit(&node->live_sessions, memory_order_relaxed),
        .sessions_limit = limit_of(node),
    };
    for (size_t i = 0; i < watched->worker_count; i++) look_at_worker(&watched->workers[i], i, monotonic_ms, out);
    out->is[HEALTH_STUCK] = out->stuck != NULL;
    out->is[HEALTH_DRAINING] = node_fate(node) != NODE_SERVES;
    out->is[HEALTH_OVERLOADED] = out->lost_ago_ms > 0 || out->behind_for_ms > 0;
    out->is[HEALTH_LOST] =
        watched->clustering && atomic_load_explicit(&watched->clustering->nowhere, memory_order_relaxed);
    out->is[HEALTH_FULL] = out->sessions >= out->sessions_limit;
    out->is[HEALTH_OK] = health_worst(out) == HEALTH_OK;
}

enum health_state health_worst(const struct health *health) {
    enum health_state state = HEALTH_STUCK;
    while (state > HEALTH_OK && !health->is[state]) state--;
    return state;
}

const char *health_name(enum health_state state) {
    static const char *const names[HEALTH_STATES] = {"ok", "full", "lost", "overloaded", "draining", "stuck"};
    return names[state];
}

void health_write(FILE *out, const struct health *health) {
    fprintf(out, "%s\n", health_name(health_worst(health)));
    if (health->is[HEALTH_STUCK])
        fprintf(out, "stuck: %s has had no turn for %u s\n", health->stuck, LIVENESS_STUCK_MS / 1000U);
    if (health->is[HEALTH_DRAINING] && health_worst(health) != HEALTH_DRAINING) fputs("draining\n", out);
    if (health->lost_ago_ms > 0)
        fprintf(out, "overloaded: worker %zu lost datagrams of sessions %" PRIu64 " s ago\n", health->lossy,
                health->lost_ago_ms / 1000);
    if (health->behind_for_ms > 0)
        fprintf(out, "overloaded: more datagrams of sessions come than worker %zu can serve, for %" PRIu64 " s now\n",
                health->behind, health->behind_for_ms / 1000);
    if (health->is[HEALTH_LOST])
        fputs("lost: no node of the cluster is known to live, not even this one (see gochat --mode ctl cluster)\n",
              out);
    if (health->is[HEALTH_FULL])
        fprintf(out, "full: %" PRIu64 " of %" PRIu64 " sessions (setting sessions)\n", health->sessions,
                health->sessions_limit);
}
