#include "bootnode/ops/metrics.h"

#include <assert.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "bootnode/limits.h"
#include "bootnode/worker.h"
#include "common/version.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define LABELS_SIZE 64
#define BATCH_BUCKETS 8

static_assert(1 << (BATCH_BUCKETS - 2) == WORKER_BATCH, "the last bucket with a bound is a full batch");

/* --- The tables --- */

enum type { COUNTER, GAUGE };

/* What a number counts, and so how it is written: as it is, or as seconds. */
enum unit { NUMBER, MILLISECONDS, NANOSECONDS };

/* A number at `offset` of each of the structs of a scope. */
struct family {
    const char *name, *help;
    enum type type;
    enum unit unit;
    size_t offset;
};

/* Structs of one kind in a snapshot, told apart by labels: of the whole, of each worker, … `at` also writes the labels
 * of the one with this index, {name="value",…}, or an empty text. */
struct scope {
    size_t (*count)(const struct snapshot *snapshot);
    const void *(*at)(const struct snapshot *snapshot, size_t index, char labels[static LABELS_SIZE]);
    const struct family *families;
    size_t family_count;
};

#define NODE(field) offsetof(struct snapshot, field)
#define WORKER(field) offsetof(struct snapshot_worker, field)
#define LANE(field) offsetof(struct snapshot_lane, field)

static const struct family of_process[] = {
    {"gochat_uptime_seconds", "time since the start", GAUGE, MILLISECONDS, NODE(uptime_ms)},
    {"gochat_draining", "1 once the bootnode is about to end", GAUGE, NUMBER, NODE(draining)},
    {"gochat_workers", "threads that serve packets", GAUGE, NUMBER, NODE(worker_count)},
    {"gochat_shards_unseen", "parts of the table whose numbers are old, since a thread that hangs has them", GAUGE,
     NUMBER, NODE(unseen_shards)},
    {"gochat_log_lost_total", "lines of the log that its reader was too slow for", COUNTER, NUMBER, NODE(log_lost)},
    /* Names that every Prometheus client library gives to these. */
    {"process_start_time_seconds", "when it was started, since 1970", GAUGE, MILLISECONDS,
     NODE(process.started_wall_ms)},
    {"process_cpu_seconds_total", "processor time spent", COUNTER, NANOSECONDS, NODE(process.cpu_ns)},
    {"process_resident_memory_bytes", "memory in use", GAUGE, NUMBER, NODE(process.resident_bytes)},
    {"process_virtual_memory_bytes", "addresses in use", GAUGE, NUMBER, NODE(process.virtual_bytes)},
    {"process_open_fds", "files that are open", GAUGE, NUMBER, NODE(process.open_descriptors)},
    {"process_max_fds", "files that may be open", GAUGE, NUMBER, NODE(process.most_descriptors)},
};

static const struct family of_limits[] = {
    {"gochat_sessions_limit", "setting sessions: most sessions, with those that wait for their first heartbeat", GAUGE,
     NUMBER, NODE(limits.sessions)},
    {"gochat_sessions_per_source_limit", "setting sessions_per_source: most of one address; 0: no limit", GAUGE, NUMBER,
     NODE(limits.sessions_per_source)},
    {"gochat_room_members_limit", "setting room_members: most members of a room", GAUGE, NUMBER,
     NODE(limits.room_members)},
};

static const struct family of_tables[] = {
    {"gochat_sessions", "members present", GAUGE, NUMBER, NODE(shards.sessions)},
    {"gochat_sessions_provisional", "sessions that wait for their first heartbeat", GAUGE, NUMBER,
     NODE(shards.provisional)},
    {"gochat_rooms", "rooms that have members", GAUGE, NUMBER, NODE(shards.rooms)},
    {"gochat_slabs", "blocks of 2 MiB that hold the sessions", GAUGE, NUMBER, NODE(slabs)},
    {"gochat_sessions_registered_total", "sessions made by REGISTER", COUNTER, NUMBER, NODE(shards.registered)},
    {"gochat_sessions_confirmed_total", "sessions that became members by their first heartbeat", COUNTER, NUMBER,
     NODE(shards.confirmed)},
    {"gochat_sessions_replaced_total", "sessions replaced by a new one of the same member", COUNTER, NUMBER,
     NODE(shards.replaced)},
    {"gochat_sessions_expired_total", "members that fell silent", COUNTER, NUMBER, NODE(shards.expired)},
    {"gochat_sessions_left_total", "members that said so", COUNTER, NUMBER, NODE(shards.left)},
    {"gochat_sessions_moved_total", "changes of a session's address", COUNTER, NUMBER, NODE(shards.moved)},
    {"gochat_sessions_provisional_dropped_total", "unconfirmed sessions that gave way to newer ones of the same member",
     COUNTER, NUMBER, NODE(shards.provisional_dropped)},
    {"gochat_sessions_crowded_out_total", "members that gave way, in a full room, to one from another network", COUNTER,
     NUMBER, NODE(shards.crowded_out)},
    {"gochat_sessions_evicted_total", "sessions ended since their address is banned or denied", COUNTER, NUMBER,
     NODE(shards.evicted)},
    {"gochat_sessions_kicked_total", "sessions that the operator ended", COUNTER, NUMBER, NODE(shards.kicked)},
    {"gochat_expiry_late_max_seconds", "the latest of all since the start", GAUGE, MILLISECONDS,
     NODE(shards.lateness.max_ms)},
};

static const struct family of_workers[] = {
    {"gochat_worker_received_total", "datagrams received by each worker", COUNTER, NUMBER, WORKER(received)},
    {"gochat_worker_strayed_total", "datagrams of other workers' sessions that arrived at this one", COUNTER, NUMBER,
     WORKER(strayed)},
    {"gochat_hearing_doubts_total", "times that each worker began to lose datagrams of sessions", COUNTER, NUMBER,
     WORKER(doubts)},
    {"gochat_hearing_missed_seconds_total",
     "time that sessions' deadlines moved by, because each worker may have lost their beats", COUNTER, MILLISECONDS,
     WORKER(missed_ms)},
};

static const struct family of_lanes[] = {
    {"gochat_lane_received_total", "datagrams received by each worker, by what they are", COUNTER, NUMBER,
     LANE(received)},
    {"gochat_worker_overflowed_total",
     "datagrams lost because the buffer of a worker's socket was full, by what it is for", COUNTER, NUMBER,
     LANE(overflowed)},
    {"gochat_lane_seconds_total", "time of each worker, by what it served", COUNTER, NANOSECONDS, LANE(spent_ns)},
};

#define CLUSTER(field) offsetof(struct snapshot_cluster, field)

/* A node of a cluster of hundreds tells no more than one of three: who wants to know of a single one asks it, or
 * gochat --mode ctl cluster. */
static const struct family of_cluster[] = {
    {"gochat_cluster_in_view", "nodes of the cluster on which rooms may live, as this node sees it", GAUGE, NUMBER,
     CLUSTER(in_view)},
    {"gochat_cluster_heard", "those of them that were heard in the last 5 s", GAUGE, NUMBER, CLUSTER(heard)},
    {"gochat_cluster_disagreeing", "those of them whose view is another one than ours", GAUGE, NUMBER,
     CLUSTER(disagreeing)},
    {"gochat_cluster_serves", "1 while this node may be a home of rooms", GAUGE, NUMBER, CLUSTER(serves)},
    {"gochat_cluster_cut_off", "1 while too few nodes are heard, and the view stays as it was", GAUGE, NUMBER,
     CLUSTER(cut_off)},
    {"gochat_cluster_nats_connected", "1 while NATS is there", GAUGE, NUMBER, CLUSTER(nats_connected)},
    {"gochat_cluster_homes_version", "how often the homes of rooms changed in this run", GAUGE, NUMBER,
     CLUSTER(homes_version)},
    {"gochat_cluster_buckets", "buckets, of 1024 of all rooms, of which this node is a home", GAUGE, NUMBER,
     CLUSTER(buckets)},
    {"gochat_cluster_moving", "sessions that are still to be told of the new homes of their room", GAUGE, NUMBER,
     CLUSTER(moving)},
    {"gochat_cluster_nats_deaths_total", "times that the process for NATS died, and was started anew", COUNTER, NUMBER,
     CLUSTER(board_deaths)},
    {"gochat_cluster_beacons_sent_total", "beacons that were given to NATS", COUNTER, NUMBER, CLUSTER(beacons_sent)},
    {"gochat_cluster_beacons_lost_total", "beacons that NATS did not take in time", COUNTER, NUMBER,
     CLUSTER(beacons_lost)},
    {"gochat_cluster_beacons_taken_total", "beacons of other nodes that were believed", COUNTER, NUMBER,
     CLUSTER(beacons_taken)},
    {"gochat_cluster_probes_sent_total", "STUN requests to other nodes", COUNTER, NUMBER, CLUSTER(probes_sent)},
    {"gochat_cluster_probes_answered_total", "answers to them", COUNTER, NUMBER, CLUSTER(probes_answered)},
    {"gochat_cluster_orders_taken_total", "times that bans and exceptions of another node were taken", COUNTER, NUMBER,
     CLUSTER(orders_taken)},
};

static const struct family of_cluster_nodes[] = {
    {"gochat_cluster_nodes", "nodes of the cluster that are known, by whether they are in the view, and else why not",
     GAUGE, NUMBER, 0},
};

static const struct family of_cluster_beacons_refused[] = {
    {"gochat_cluster_beacons_refused_total", "beacons that were not believed, by the reason", COUNTER, NUMBER, 0},
};

static const struct family of_cluster_orders[] = {
    {"gochat_cluster_orders",
     "orders by hand that are known: bans, exceptions, and what ends those of other nodes; by who gave them", GAUGE,
     NUMBER, 0},
};

static const struct family of_cluster_orders_refused[] = {
    {"gochat_cluster_orders_refused_total", "messages with bans of other nodes that were refused, by the reason",
     COUNTER, NUMBER, 0},
};

static const struct family of_health[] = {
    {"gochat_health", "1 where that is so, as /health has it", GAUGE, NUMBER, 0},
};

static const struct family of_turned_away[] = {
    {"gochat_turned_away_total", "registrations and moves that found no place, by the setting, or for want of memory",
     COUNTER, NUMBER, 0},
};

static const struct family of_rates[] = {
    {"gochat_rate_limit", "settings rate_…: packets a second of one source or session; 0: no limit", GAUGE, NUMBER, 0},
};

static const struct family of_relay_rates[] = {
    {"gochat_relay_rate_limit_bytes", "settings relay_…rate: bytes passed on in a second; 0: no limit", GAUGE, NUMBER,
     0},
};

struct histogram {
    const char *name, *help;
    size_t buckets; /* with the last, which has no bound */
    double (*bound)(size_t bucket);
    double unit; /* what the bounds and the sum are multiplied by */
};

static double power_of_two(size_t bucket) {
    return (double)(UINT64_C(1) << bucket);
}

static double microseconds(size_t bucket) {
    return power_of_two(bucket) * HANDLING_UNIT_NS;
}

static double bound_of_lateness(size_t bucket) {
    return lateness_bounds[bucket];
}

static const struct histogram lateness = {"gochat_expiry_late_seconds",
                                          "how long after their deadline silent members were found", LATENESS_BUCKETS,
                                          bound_of_lateness, 1e-3};
static const struct histogram handling = {
    "gochat_handling_seconds",
    "how long after a worker received it a datagram was handled and answered, with its batch", BUCKETS_COUNT,
    microseconds, 1e-9};
static const struct histogram batches = {"gochat_batch_datagrams", "datagrams that a worker received at once",
                                         BATCH_BUCKETS, power_of_two, 1};

/* --- Scopes --- */

static size_t one(const struct snapshot *snapshot) {
    (void)snapshot;
    return 1;
}

static const void *whole(const struct snapshot *snapshot, size_t index, char labels[static LABELS_SIZE]) {
    (void)index;
    *labels = '\0';
    return snapshot;
}

static size_t all_workers(const struct snapshot *snapshot) {
    return snapshot->worker_count;
}

static const void *worker_at(const struct snapshot *snapshot, size_t index, char labels[static LABELS_SIZE]) {
    snprintf(labels, LABELS_SIZE, "{worker=\"%zu\"}", index);
    return &snapshot->workers[index];
}

static size_t all_lanes(const struct snapshot *snapshot) {
    return snapshot->worker_count * LANE_COUNT;
}

static const void *lane_at(const struct snapshot *snapshot, size_t index, char labels[static LABELS_SIZE]) {
    size_t worker = index / LANE_COUNT, lane = index % LANE_COUNT;
    snprintf(labels, LABELS_SIZE, "{worker=\"%zu\",lane=\"%s\"}", worker, lane_name((enum lane)lane));
    return &snapshot->workers[worker].lanes[lane];
}

static size_t all_states(const struct snapshot *snapshot) {
    (void)snapshot;
    return HEALTH_STATES;
}

static const void *state_at(const struct snapshot *snapshot, size_t index, char labels[static LABELS_SIZE]) {
    snprintf(labels, LABELS_SIZE, "{state=\"%s\"}", health_name((enum health_state)index));
    return &snapshot->health[index];
}

static size_t all_turned_away(const struct snapshot *snapshot) {
    (void)snapshot;
    return SHARD_LIMIT_COUNT;
}

static const void *turned_away_at(const struct snapshot *snapshot, size_t index, char labels[static LABELS_SIZE]) {
    snprintf(labels, LABELS_SIZE, "{limit=\"%s\"}", limits_key((enum shard_limit)index));
    return &snapshot->turned_away[index];
}

static size_t all_rates(const struct snapshot *snapshot) {
    (void)snapshot;
    return SNAPSHOT_RATES;
}

static const void *rate_at(const struct snapshot *snapshot, size_t index, char labels[static LABELS_SIZE]) {
    static const char *const names[SNAPSHOT_RATES] = {"hello",  "register",  "stun", "reset",
                                                      "update", "introduce", "move"};
    snprintf(labels, LABELS_SIZE, "{kind=\"%s\"}", names[index]);
    return &snapshot->limits.rates[index];
}

static size_t all_relay_rates(const struct snapshot *snapshot) {
    (void)snapshot;
    return SNAPSHOT_RELAY_RATES;
}

static const void *relay_rate_at(const struct snapshot *snapshot, size_t index, char labels[static LABELS_SIZE]) {
    static const char *const names[SNAPSHOT_RELAY_RATES] = {"session", "source", "total"};
    snprintf(labels, LABELS_SIZE, "{kind=\"%s\"}", names[index]);
    return &snapshot->limits.relay_rates[index];
}

static size_t cluster_alone(const struct snapshot *snapshot) {
    return snapshot->clusters;
}

static const void *cluster_at(const struct snapshot *snapshot, size_t index, char labels[static LABELS_SIZE]) {
    (void)index;
    *labels = '\0';
    return &snapshot->cluster;
}

/* What is not known at all is no place. */
static size_t all_places(const struct snapshot *snapshot) {
    return snapshot->clusters * (VIEW_PLACES - VIEW_MEMBER);
}

static const void *place_at(const struct snapshot *snapshot, size_t index, char labels[static LABELS_SIZE]) {
    const enum view_place place = (enum view_place)(VIEW_MEMBER + index);
    snprintf(labels, LABELS_SIZE, "{state=\"%s\"}", view_place_name(place));
    return &snapshot->cluster.nodes[place];
}

static size_t all_beacon_refusals(const struct snapshot *snapshot) {
    return snapshot->clusters * (BEACON_REFUSALS - BEACON_REFUSED_MALFORMED);
}

static const void *beacon_refusal_at(const struct snapshot *snapshot, size_t index, char labels[static LABELS_SIZE]) {
    const enum beacon_refusal refusal = (enum beacon_refusal)(BEACON_REFUSED_MALFORMED + index);
    snprintf(labels, LABELS_SIZE, "{reason=\"%s\"}", view_refusal_name(refusal));
    return &snapshot->cluster.refused[refusal];
}

static size_t all_authors(const struct snapshot *snapshot) {
    return snapshot->clusters * 2;
}

static const void *author_at(const struct snapshot *snapshot, size_t index, char labels[static LABELS_SIZE]) {
    snprintf(labels, LABELS_SIZE, "{author=\"%s\"}", index == 0 ? "own" : "others");
    return &snapshot->cluster.orders[index];
}

static size_t all_order_refusals(const struct snapshot *snapshot) {
    return snapshot->clusters * ORDERS_REFUSALS;
}

static const void *order_refusal_at(const struct snapshot *snapshot, size_t index, char labels[static LABELS_SIZE]) {
    snprintf(labels, LABELS_SIZE, "{reason=\"%s\"}", orders_refusal_name((enum orders_refusal)index));
    return &snapshot->cluster.orders_refused[index];
}

static const struct scope scopes[] = {
    {one, whole, of_process, COUNT(of_process)},
    {all_states, state_at, of_health, COUNT(of_health)},
    {one, whole, of_limits, COUNT(of_limits)},
    {all_rates, rate_at, of_rates, COUNT(of_rates)},
    {all_relay_rates, relay_rate_at, of_relay_rates, COUNT(of_relay_rates)},
    {one, whole, of_tables, COUNT(of_tables)},
    {all_turned_away, turned_away_at, of_turned_away, COUNT(of_turned_away)},
    {all_workers, worker_at, of_workers, COUNT(of_workers)},
    {all_lanes, lane_at, of_lanes, COUNT(of_lanes)},
    {cluster_alone, cluster_at, of_cluster, COUNT(of_cluster)},
    {all_places, place_at, of_cluster_nodes, COUNT(of_cluster_nodes)},
    {all_beacon_refusals, beacon_refusal_at, of_cluster_beacons_refused, COUNT(of_cluster_beacons_refused)},
    {all_authors, author_at, of_cluster_orders, COUNT(of_cluster_orders)},
    {all_order_refusals, order_refusal_at, of_cluster_orders_refused, COUNT(of_cluster_orders_refused)},
};

/* --- Writing --- */

static void write_head(FILE *out, const char *name, const char *type, const char *help) {
    fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void write_sample(FILE *out, const char *name, const char *labels, enum unit unit, uint64_t value) {
    fprintf(out, "%s%s ", name, labels);
    if (unit == NUMBER) fprintf(out, "%" PRIu64 "\n", value);
    if (unit == MILLISECONDS) fprintf(out, "%.3f\n", (double)value / 1e3);
    if (unit == NANOSECONDS) fprintf(out, "%.6f\n", (double)value / 1e9);
}

static void write_family(FILE *out, const struct snapshot *snapshot, const struct scope *scope,
                         const struct family *family) {
    write_head(out, family->name, family->type == COUNTER ? "counter" : "gauge", family->help);
    for (size_t i = 0; i < scope->count(snapshot); i++) {
        char labels[LABELS_SIZE];
        const char *from = scope->at(snapshot, i, labels);
        write_sample(out, family->name, labels, family->unit, *(const uint64_t *)(const void *)(from + family->offset));
    }
}

static void write_scope(FILE *out, const struct snapshot *snapshot, const struct scope *scope) {
    /* Of a bootnode that stands alone nobody asks how its cluster is. */
    if (scope->count(snapshot) == 0) return;
    for (size_t i = 0; i < scope->family_count; i++) write_family(out, snapshot, scope, &scope->families[i]);
}

/* Counters of one name stand one behind the other. */
static void write_counters(FILE *out, const struct snapshot *snapshot) {
    char full[LABELS_SIZE] = "";
    for (enum counter which = 0; which < COUNTER_COUNT; which++) {
        bool first = which == 0 || strcmp(counter_name(which), counter_name(which - 1)) != 0;
        snprintf(full, sizeof full, "gochat_%s_total", counter_name(which));
        if (first) write_head(out, full, "counter", counter_help(which));
        write_sample(out, full, counter_labels(which), NUMBER, snapshot->counters[which]);
    }
}

static void write_bucket(FILE *out, const char *name, const char *label, const char *bound, uint64_t count) {
    fprintf(out, "%s_bucket{%s%sle=\"%s\"} %" PRIu64 "\n", name, label, *label ? "," : "", bound, count);
}

/* `label` is empty, or name="value"; of the buckets the last one has no bound. */
static void write_histogram(FILE *out, const struct histogram *histogram, const char *label, const uint64_t *counts,
                            uint64_t sum) {
    const char *name = histogram->name, *left = *label ? "{" : "", *right = *label ? "}" : "";
    char bound[32];
    uint64_t count = 0;
    for (size_t i = 0; i < histogram->buckets; i++) {
        count += counts[i];
        snprintf(bound, sizeof bound, "%g", histogram->bound(i) * histogram->unit);
        if (i + 1 < histogram->buckets) write_bucket(out, name, label, bound, count);
    }
    write_bucket(out, name, label, "+Inf", count);
    fprintf(out, "%s_sum%s%s%s %.15g\n", name, left, label, right, (double)sum * histogram->unit);
    fprintf(out, "%s_count%s%s%s %" PRIu64 "\n", name, left, label, right, count);
}

static void write_for_lanes(FILE *out, const struct histogram *histogram,
                            const struct snapshot_buckets lanes[static LANE_COUNT]) {
    char label[LABELS_SIZE];
    write_head(out, histogram->name, "histogram", histogram->help);
    for (enum lane lane = 0; lane < LANE_COUNT; lane++) {
        snprintf(label, sizeof label, "lane=\"%s\"", lane_name(lane));
        write_histogram(out, histogram, label, lanes[lane].counts, lanes[lane].sum);
    }
}

static void write_histograms(FILE *out, const struct snapshot *snapshot) {
    write_head(out, lateness.name, "histogram", lateness.help);
    write_histogram(out, &lateness, "", snapshot->shards.lateness.counts, snapshot->shards.lateness.sum_ms);
    write_for_lanes(out, &handling, snapshot->handling);
    write_for_lanes(out, &batches, snapshot->batches);
}

void metrics_write(FILE *out, const struct snapshot *snapshot) {
    write_head(out, "gochat_build_info", "gauge", "1, with what runs here");
    fputs("gochat_build_info{version=\"" GOCHAT_VERSION "\"} 1\n", out);
    for (size_t i = 0; i < COUNT(scopes); i++) write_scope(out, snapshot, &scopes[i]);
    write_counters(out, snapshot);
    write_histograms(out, snapshot);
}
