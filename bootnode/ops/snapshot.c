#include "bootnode/ops/snapshot.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bootnode/worker.h"
#include "common/udp.h"

static void add_shard(struct snapshot *out, struct shard *shard) {
    shard_lock(shard);
    const struct shard_counters counters = shard->counters;
    size_t slabs = shard->slabs.slab_count;
    pthread_mutex_unlock(&shard->mutex);
    struct shard_counters *sum = &out->shards;
    sum->registered += counters.registered;
    sum->confirmed += counters.confirmed;
    sum->replaced += counters.replaced;
    sum->expired += counters.expired;
    sum->left += counters.left;
    sum->moved += counters.moved;
    sum->provisional_dropped += counters.provisional_dropped;
    sum->crowded_out += counters.crowded_out;
    sum->sessions += counters.sessions;
    sum->provisional += counters.provisional;
    sum->rooms += counters.rooms;
    lateness_add(&sum->lateness, &counters.lateness);
    out->slabs += slabs;
}

static uint64_t overflowed(int socket) {
    struct udp_memory memory;
    return udp_memory(socket, &memory) ? memory.drops : 0;
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
    for (enum lane lane = 0; lane < LANE_COUNT; lane++) add_lane(&own->lanes[lane], worker, lane);
}

int snapshot_open_statm(void) {
    return open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
}

/* The second number, in pages; 0 where it cannot be read. */
static uint64_t resident_bytes(int statm) {
    char line[256] = "";
    if (pread(statm, line, sizeof line - 1, 0) <= 0) return 0;
    const char *second = strchr(line, ' ');
    return second ? strtoull(second, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

static uint64_t cpu_ns(void) {
    struct timespec spent = {.tv_sec = 0};
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
    return (uint64_t)spent.tv_sec * UINT64_C(1000000000) + (uint64_t)spent.tv_nsec;
}

void snapshot_take(const struct watched *watched, uint64_t monotonic_ms, struct snapshot *out) {
    const struct node *node = watched->node;
    *out = (struct snapshot){.uptime_ms = monotonic_ms - node->started_ms,
                             .draining = node_fate(node) != NODE_SERVES,
                             .cpu_ns = cpu_ns(),
                             .resident_bytes = resident_bytes(watched->statm)};
    for (size_t i = 0; i < node->shard_count; i++) add_shard(out, node->shards[i]);
    for (size_t i = 0; i < watched->worker_count; i++) add_worker(out, &watched->workers[i]);
}
