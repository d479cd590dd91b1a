#include "bootnode/ops/limit_log.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bootnode/limits.h"
#include "common/append.h"
#include "common/log.h"

#define AREA "limits"
#define LINE_SIZE 400

/* What is no setting's, but a want of processor time, of buffers, of memory. */
static const struct {
    const char *text; /* behind the number */
    enum counter counter;
    enum shard_limit shard;
} wants[] = {
    {"registrations were put off, more come than the workers can serve: expected more processors, or a bootnode more",
     COUNTER_REGISTER_BUSY, SHARD_LIMIT_NONE},
    {"packets of unknown sessions were left unanswered, since the known ones were waiting",
     COUNTER_RATE_LIMITED_RESET_BUSY, SHARD_LIMIT_NONE},
    {"datagrams were not taken by the kernel: its buffers for sending are full", COUNTER_SEND_DROPPED,
     SHARD_LIMIT_NONE},
    {"registrations were refused for want of memory: expected less in `sessions`, or more memory", COUNTER_COUNT,
     SHARD_LIMIT_MEMORY},
};
#define WANTS (sizeof wants / sizeof *wants)

void limit_log_init(struct limit_log *log, uint64_t monotonic_ms) {
    assert(limits_count + WANTS <= LIMIT_LOG_ROWS);
    memset(log, 0, sizeof *log);
    for (size_t i = 0; i < LIMIT_LOG_ROWS; i++) log->rows[i].clear_ms = monotonic_ms;
}

struct watched_node {
    struct node *node;
    struct worker *workers;
    size_t worker_count;
};

static uint64_t sum(const struct watched_node *at, enum counter counter, enum shard_limit shard) {
    uint64_t total = 0;
    if (shard == SHARD_LIMIT_NONE)
        for (size_t i = 0; i < at->worker_count; i++) total += counters_read(&at->workers[i].counters, counter);
    else
        for (size_t i = 0; i < at->node->shard_count; i++)
            total += atomic_load_explicit(&at->node->shards[i]->limited[shard], memory_order_relaxed);
    return total;
}

/* How many are to be told now, within `within_ms`; 0: there is nothing to tell, or it is too soon. */
static uint64_t take_due(struct limit_log *log, size_t row, uint64_t total, uint64_t now, uint64_t *within_ms) {
    uint64_t more = total - log->rows[row].told;
    if (more == 0) log->rows[row].clear_ms = now;
    if (more == 0 || (log->rows[row].told_ms > 0 && now < log->rows[row].told_ms + LIMIT_LOG_EVERY_MS)) return 0;
    *within_ms = now - log->rows[row].clear_ms;
    log->rows[row].told = total;
    log->rows[row].told_ms = log->rows[row].clear_ms = now;
    return more;
}

/* Empty, or who it was most often. It was noted while the operator wanted addresses; whether that still holds is asked
 * now. */
static void name_worst(const struct watched_node *at, enum counter counter, char out[static LINE_SIZE]) {
    struct offender places[OFFENDERS_PLACES] = {{.count = 0}};
    struct bootnode_config config;
    char text[PREFIX_TEXT_SIZE];
    *out = '\0';
    for (size_t i = 0; i < at->worker_count; i++) offenders_take(&at->workers[i].packet_log.offenders, counter, places);
    const struct offender *worst = offenders_worst(places);
    if (!worst) return;
    node_config_copy(at->node, &config);
    if (config.log_addresses)
        snprintf(out, LINE_SIZE, "; the worst source is %s, with %" PRIu64 " at most",
                 prefix_format(&worst->source, text), worst->count);
}

static void tell_limit(const struct watched_node *at, const struct limit *limit, uint64_t number, uint64_t within_ms) {
    char worst[LINE_SIZE];
    name_worst(at, limit->counter, worst);
    log_info(AREA, "%s was reached: %" PRIu64 " %s turned away within %" PRIu64 " s%s", limit->key, number, limit->what,
             (within_ms + 999) / 1000, worst);
}

void limit_log_step(struct limit_log *log, struct node *node, struct worker *workers, size_t count,
                    uint64_t monotonic_ms) {
    const struct watched_node at = {node, workers, count};
    uint64_t within_ms, number;
    for (size_t i = 0; i < limits_count; i++) {
        const struct limit *limit = &limits[i];
        number = take_due(log, i, sum(&at, limit->counter, limit->shard), monotonic_ms, &within_ms);
        if (number > 0) tell_limit(&at, limit, number, within_ms);
    }
    for (size_t i = 0; i < WANTS; i++) {
        number = take_due(log, limits_count + i, sum(&at, wants[i].counter, wants[i].shard), monotonic_ms, &within_ms);
        if (number > 0)
            log_warning(AREA, "%" PRIu64 " %s (within %" PRIu64 " s)", number, wants[i].text, (within_ms + 999) / 1000);
    }
}
