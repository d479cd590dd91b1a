#include "bootnode/ops/metrics.h"

#include <inttypes.h>
#include <stddef.h>

#define FIELD(type, field) offsetof(struct type, field)

/* A number at `offset` of some struct, as a family of its own. */
struct family {
    const char *name, *help;
    size_t offset;
};

static const struct family session_counters[] = {
    {"sessions_registered", "sessions made by REGISTER", FIELD(shard_counters, registered)},
    {"sessions_confirmed", "sessions that became members by their first heartbeat", FIELD(shard_counters, confirmed)},
    {"sessions_replaced", "sessions replaced by a new one of the same member", FIELD(shard_counters, replaced)},
    {"sessions_expired", "members that fell silent", FIELD(shard_counters, expired)},
    {"sessions_left", "members that said so", FIELD(shard_counters, left)},
    {"sessions_moved", "changes of a session's address", FIELD(shard_counters, moved)},
    {"sessions_provisional_dropped", "unconfirmed sessions that gave way to newer ones of the same member",
     FIELD(shard_counters, provisional_dropped)},
    {"sessions_crowded_out", "members that gave way, in a full room, to one from another network",
     FIELD(shard_counters, crowded_out)},
};

static const struct family table_gauges[] = {
    {"sessions", "members present", FIELD(shard_counters, sessions)},
    {"sessions_provisional", "sessions that wait for their first heartbeat", FIELD(shard_counters, provisional)},
    {"rooms", "rooms that have members", FIELD(shard_counters, rooms)},
};

static const struct family worker_counters[] = {
    {"worker_received", "datagrams received by each worker", FIELD(snapshot_worker, received)},
    {"worker_strayed", "datagrams of other workers' sessions that arrived at this one",
     FIELD(snapshot_worker, strayed)},
    {"hearing_doubts", "times that each worker began to lose datagrams of sessions", FIELD(snapshot_worker, doubts)},
};

/* Of each worker's lanes. */
static const struct family lane_counters[] = {
    {"lane_received", "datagrams received by each worker, by what they are", FIELD(snapshot_lane, received)},
    {"worker_overflowed", "datagrams lost because the buffer of a worker's socket was full, by what it is for",
     FIELD(snapshot_lane, overflowed)},
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

static uint64_t number_at(const void *from, const struct family *family) {
    return *(const uint64_t *)((const char *)from + family->offset);
}

static void head(FILE *out, const char *name, const char *type, const char *help) {
    fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void counter(FILE *out, const char *name, const char *help, uint64_t value) {
    char full[80];
    snprintf(full, sizeof full, "gochat_%s_total", name);
    head(out, full, "counter", help);
    fprintf(out, "%s %" PRIu64 "\n", full, value);
}

static void gauge(FILE *out, const char *name, const char *help, uint64_t value) {
    char full[80];
    snprintf(full, sizeof full, "gochat_%s", name);
    head(out, full, "gauge", help);
    fprintf(out, "%s %" PRIu64 "\n", full, value);
}

static void seconds_gauge(FILE *out, const char *name, const char *help, uint64_t ms) {
    head(out, name, "gauge", help);
    fprintf(out, "%s %.3f\n", name, (double)ms / 1e3);
}

static void write_process(FILE *out, const struct snapshot *snapshot) {
    seconds_gauge(out, "gochat_uptime_seconds", "time since the start", snapshot->uptime_ms);
    gauge(out, "draining", "1 once the bootnode is about to end", snapshot->draining);
    gauge(out, "workers", "threads that serve packets", snapshot->worker_count);
    /* Names that every Prometheus client library gives to these two. */
    head(out, "process_cpu_seconds_total", "counter", "processor time spent");
    fprintf(out, "process_cpu_seconds_total %.6f\n", (double)snapshot->cpu_ns / 1e9);
    head(out, "process_resident_memory_bytes", "gauge", "memory in use");
    fprintf(out, "process_resident_memory_bytes %" PRIu64 "\n", snapshot->resident_bytes);
}

static void write_lateness(FILE *out, const struct lateness *lateness) {
    static const char name[] = "gochat_expiry_late_seconds";
    uint64_t count = 0;
    head(out, name, "histogram", "how long after their deadline silent members were found");
    for (size_t i = 0; i < LATENESS_BUCKETS; i++) {
        count += lateness->counts[i];
        if (i + 1 < LATENESS_BUCKETS)
            fprintf(out, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name, (double)lateness_bounds[i] / 1e3, count);
    }
    fprintf(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, count);
    fprintf(out, "%s_sum %.3f\n%s_count %" PRIu64 "\n", name, (double)lateness->sum_ms / 1e3, name, count);
    seconds_gauge(out, "gochat_expiry_late_max_seconds", "the latest of all since the start", lateness->max_ms);
}

static void write_tables(FILE *out, const struct snapshot *snapshot) {
    for (size_t i = 0; i < COUNT(table_gauges); i++) {
        const struct family *family = &table_gauges[i];
        gauge(out, family->name, family->help, number_at(&snapshot->shards, family));
    }
    gauge(out, "slabs", "blocks of 2 MiB that hold the sessions", snapshot->slabs);
    for (size_t i = 0; i < COUNT(session_counters); i++) {
        const struct family *family = &session_counters[i];
        counter(out, family->name, family->help, number_at(&snapshot->shards, family));
    }
    write_lateness(out, &snapshot->shards.lateness);
}

static void write_per_worker(FILE *out, const struct snapshot *snapshot) {
    for (size_t i = 0; i < COUNT(worker_counters); i++) {
        const struct family *family = &worker_counters[i];
        char full[80];
        snprintf(full, sizeof full, "gochat_%s_total", family->name);
        head(out, full, "counter", family->help);
        for (size_t worker = 0; worker < snapshot->worker_count; worker++)
            fprintf(out, "%s{worker=\"%zu\"} %" PRIu64 "\n", full, worker,
                    number_at(&snapshot->workers[worker], family));
    }
}

static void write_missed_seconds(FILE *out, const struct snapshot *snapshot) {
    static const char name[] = "gochat_hearing_missed_seconds_total";
    head(out, name, "counter", "time that sessions' deadlines moved by, because each worker may have lost their beats");
    for (size_t worker = 0; worker < snapshot->worker_count; worker++)
        fprintf(out, "%s{worker=\"%zu\"} %.3f\n", name, worker, (double)snapshot->workers[worker].missed_ms / 1e3);
}

static void write_lane_seconds(FILE *out, const struct snapshot *snapshot) {
    static const char name[] = "gochat_lane_seconds_total";
    head(out, name, "counter", "time of each worker, by what it served");
    for (size_t worker = 0; worker < snapshot->worker_count; worker++)
        for (enum lane lane = 0; lane < LANE_COUNT; lane++)
            fprintf(out, "%s{worker=\"%zu\",lane=\"%s\"} %.3f\n", name, worker, lane_name(lane),
                    (double)snapshot->workers[worker].lanes[lane].spent_ns / 1e9);
}

static void write_per_lane(FILE *out, const struct snapshot *snapshot) {
    for (size_t i = 0; i < COUNT(lane_counters); i++) {
        const struct family *family = &lane_counters[i];
        char full[80];
        snprintf(full, sizeof full, "gochat_%s_total", family->name);
        head(out, full, "counter", family->help);
        for (size_t worker = 0; worker < snapshot->worker_count; worker++)
            for (enum lane lane = 0; lane < LANE_COUNT; lane++)
                fprintf(out, "%s{worker=\"%zu\",lane=\"%s\"} %" PRIu64 "\n", full, worker, lane_name(lane),
                        number_at(&snapshot->workers[worker].lanes[lane], family));
    }
    write_lane_seconds(out, snapshot);
}

void metrics_write(FILE *out, const struct snapshot *snapshot) {
    write_process(out, snapshot);
    write_tables(out, snapshot);
    for (enum counter which = 0; which < COUNTER_COUNT; which++)
        counter(out, counter_name(which), counter_help(which), snapshot->counters[which]);
    write_per_worker(out, snapshot);
    write_missed_seconds(out, snapshot);
    write_per_lane(out, snapshot);
}
