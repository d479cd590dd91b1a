#include "bootnode/ops/snapshot.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bootnode/worker.h"
#include "common/log.h"
#include "common/udp.h"

#define PATIENCE_MS 100 /* with all shards together */

/* A shard whose mutex is not to be had stays as it was. */
static bool look_at_shard(struct snapshot_shard *seen, struct shard *shard, const struct timespec *deadline) {
    if (!shard_lock_until(shard, deadline)) return false;
    *seen = (struct snapshot_shard){.counters = shard->counters, .slabs = shard->slabs.slab_count};
    pthread_mutex_unlock(&shard->mutex);
    return true;
}

static void add_counters(struct shard_counters *sum, const struct shard_counters *more) {
    sum->registered += more->registered;
    sum->confirmed += more->confirmed;
    sum->replaced += more->replaced;
    sum->expired += more->expired;
    sum->left += more->left;
    sum->moved += more->moved;
    sum->provisional_dropped += more->provisional_dropped;
    sum->crowded_out += more->crowded_out;
    sum->evicted += more->evicted;
    sum->kicked += more->kicked;
    sum->sessions += more->sessions;
    sum->provisional += more->provisional;
    sum->rooms += more->rooms;
    lateness_add(&sum->lateness, &more->lateness);
}

static void add_shards(struct snapshot *out, const struct node *node) {
    struct timespec deadline;
    (void)clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_nsec += PATIENCE_MS * 1000000L;
    deadline.tv_sec += deadline.tv_nsec / 1000000000;
    deadline.tv_nsec %= 1000000000;
    for (size_t i = 0; i < node->shard_count; i++) {
        out->unseen_shards += !look_at_shard(&out->seen[i], node->shards[i], &deadline);
        add_counters(&out->shards, &out->seen[i].counters);
        out->slabs += out->seen[i].slabs;
        for (size_t j = 0; j < SHARD_LIMIT_COUNT; j++)
            out->turned_away[j] += atomic_load_explicit(&node->shards[i]->limited[j], memory_order_relaxed);
    }
}

static uint64_t overflowed(int socket) {
    struct udp_memory memory;
    return udp_memory(socket, &memory) ? memory.drops : 0;
}

static void add_buckets(struct snapshot_buckets *sum, const struct buckets *more) {
    for (size_t i = 0; i < BUCKETS_COUNT; i++)
        sum->counts[i] += atomic_load_explicit(&more->counts[i], memory_order_relaxed);
    sum->sum += atomic_load_explicit(&more->sum, memory_order_relaxed);
}

static void add_lane(struct snapshot_lane *out, const struct worker *worker, enum lane lane) {
    out->received = atomic_load_explicit(&worker->lanes[lane].received, memory_order_relaxed);
    out->spent_ns = atomic_load_explicit(&worker->lanes[lane].spent_ns, memory_order_relaxed);
    for (size_t i = 0; i < worker->listener_count; i++)
        if (worker->listeners[i].sockets[lane] >= 0) out->overflowed += overflowed(worker->listeners[i].sockets[lane]);
}

static void add_worker(struct snapshot *out, const struct worker *worker) {
    struct snapshot_worker *own = &out->workers[out->worker_count++];
    uint64_t values[COUNTER_COUNT]; /* read once, so that a sum is the sum of its parts */
    for (enum counter which = 0; which < COUNTER_COUNT; which++) {
        values[which] = counters_read(&worker->counters, which);
        out->counters[which] += values[which];
    }
    const struct hearing *hearing = &worker->shard->hearing;
    *own = (struct snapshot_worker){.received = values[COUNTER_RECEIVED],
                                    .strayed = values[COUNTER_STRAYED],
                                    .doubts = atomic_load_explicit(&hearing->episodes, memory_order_relaxed),
                                    .missed_ms = hearing_missed(hearing)};
    for (enum lane lane = 0; lane < LANE_COUNT; lane++) {
        add_lane(&own->lanes[lane], worker, lane);
        add_buckets(&out->batches[lane], &worker->lanes[lane].batches);
        add_buckets(&out->handling[lane], &worker->lanes[lane].handling);
    }
}

static void copy_limits(struct snapshot_limits *out, struct node *node) {
    struct bootnode_config config;
    node_config_copy(node, &config);
    *out = (struct snapshot_limits){
        .sessions = (uint64_t)config.sessions,
        .sessions_per_source = (uint64_t)config.sessions_per_source,
        .room_members = (uint64_t)config.room_members,
        .rates = {[SNAPSHOT_HELLO] = (uint64_t)config.rate_hello,
                  [SNAPSHOT_REGISTER] = (uint64_t)config.rate_register,
                  [SNAPSHOT_STUN] = (uint64_t)config.rate_stun,
                  [SNAPSHOT_RESET] = (uint64_t)config.rate_reset,
                  [SNAPSHOT_UPDATE] = (uint64_t)config.rate_update,
                  [SNAPSHOT_INTRODUCE] = (uint64_t)config.rate_introduce,
                  [SNAPSHOT_MOVE] = (uint64_t)config.rate_move},
        .relay_rates = {[SNAPSHOT_SESSION] = (uint64_t)config.relay_rate,
                        [SNAPSHOT_SOURCE] = (uint64_t)config.relay_source_rate,
                        [SNAPSHOT_TOTAL] = (uint64_t)config.relay_total_rate},
    };
}

static void look_at_health(const struct watched *watched, uint64_t monotonic_ms, struct snapshot *out) {
    struct health health;
    health_look(watched, monotonic_ms, &health);
    for (size_t i = 0; i < HEALTH_STATES; i++) out->health[i] = health.is[i];
}

/* Without memory it is left out. */
static void look_at_cluster(struct clustering *clustering, struct snapshot *out) {
    struct snapshot_cluster *cluster = &out->cluster;
    struct cluster_status *status = clustering ? calloc(1, sizeof *status) : NULL;
    struct orders_figures orders;
    if (!status) return;
    cluster_look(clustering->cluster, status);
    orders_keeper_look(&clustering->orders, &orders);
    *cluster = (struct snapshot_cluster){
        .in_view = status->members,
        .heard = status->living,
        .serves = status->state == BEACON_SERVES,
        .cut_off = status->cut_off,
        .nats_connected = status->board,
        .homes_version = status->version,
        .buckets = atomic_load_explicit(&clustering->buckets, memory_order_relaxed),
        .beacons_sent = status->beacons_sent,
        .beacons_lost = status->beacons_lost,
        .beacons_taken = status->beacons_taken,
        .probes_sent = status->probes_sent,
        .probes_answered = status->probes_answered,
        .board_deaths = status->board_deaths,
        .orders = {orders.own, orders.others},
        .orders_taken = orders.taken,
    };
    for (size_t i = 0; i < status->count; i++) {
        const struct cluster_status_node *node = &status->nodes[i];
        cluster->nodes[node->place]++;
        if (node->self) cluster->moving = node->moving;
        cluster->disagreeing += node->place == VIEW_MEMBER && !node->agrees;
    }
    memcpy(cluster->refused, status->refused, sizeof cluster->refused);
    memcpy(cluster->orders_refused, orders.refused, sizeof cluster->orders_refused);
    out->clusters = 1;
    free(status);
}

/* All but what is kept of the time before. */
static void clear(struct snapshot *snapshot) {
    memset((char *)snapshot + offsetof(struct snapshot, counters), 0,
           sizeof *snapshot - offsetof(struct snapshot, counters));
}

void snapshot_take(const struct watched *watched, uint64_t monotonic_ms, struct snapshot *out) {
    struct node *node = watched->node;
    clear(out);
    out->uptime_ms = monotonic_ms - node->started_ms;
    out->draining = node_fate(node) != NODE_SERVES;
    out->log_lost = log_lost();
    process_look(watched->process, &out->process);
    copy_limits(&out->limits, node);
    look_at_health(watched, monotonic_ms, out);
    look_at_cluster(watched->clustering, out);
    add_shards(out, node);
    for (size_t i = 0; i < watched->worker_count; i++) add_worker(out, &watched->workers[i]);
}
