/* What an operator's question costs at a million live sessions in rooms of 64: a walk over all of them, what is made of
 * it for an answer, and for how long it keeps a worker from the shard, which a look at rooms takes for each batch.
 *
 * usage: walk [SESSIONS] */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/support/crowd.h"
#include "bench/support/measure.h"
#include "bootnode/ops/control_lists.h"
#include "common/clock.h"
#include "common/log.h"

#define BATCHES_MOST (1u << 20)

struct bench {
    struct node node; /* of which a walk looks at the shards and the settings */
    struct bootnode_config config;
    struct crowd crowd;
    uint64_t seen, *batches; /* ns of each */
    uint64_t began_ns;
    size_t batch_count;
};

/* No rest: what is measured is the work. */
static bool note_batch(void *context) {
    struct bench *bench = context;
    const uint64_t now = clock_monotonic_ns();
    if (bench->batch_count < BATCHES_MOST) bench->batches[bench->batch_count++] = now - bench->began_ns;
    bench->began_ns = clock_monotonic_ns();
    return true;
}

static bool go_on(void *context) {
    (void)context;
    return true;
}

static void see(void *context, const struct session_seen *session) {
    struct bench *bench = context;
    bench->seen += session->silent_ms;
}

static void see_room(void *context, const struct room_seen *room) {
    struct bench *bench = context;
    bench->seen += room->members;
}

static void walk_sessions(void *context, size_t operations) {
    struct bench *bench = context;
    const struct session_walk_rest rest = {.rest = go_on};
    (void)operations;
    if (!session_walk(&bench->node, CROWD_START, &rest, see, bench)) measure_die("walk: it ended");
}

static void walk_rooms(void *context, size_t operations) {
    struct bench *bench = context;
    const struct session_walk_rest rest = {.rest = go_on};
    bench->seen = 0;
    if (!session_walk_rooms(&bench->node, &rest, see_room, bench)) measure_die("walk: it ended");
    if (bench->seen != operations) measure_die("walk: a member is missing");
}

static void answer_sessions(void *context, size_t operations) {
    struct bench *bench = context;
    static const struct control_request all = {.command = CONTROL_SESSIONS, .limit = CONTROL_LIMIT_DEFAULT};
    const struct control_walk walk = {&bench->node, CROWD_START, {.rest = go_on}};
    json_t *answer = control_lists_sessions(&walk, &all);
    (void)operations;
    if (!answer) measure_die("walk: no memory");
    json_decref(answer);
}

static int compare(const void *left, const void *right) {
    const uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

/* The wall clock: somebody who waits for the mutex waits by it. */
static void print_batches(struct bench *bench) {
    const struct session_walk_rest rest = {.rest = note_batch, .context = bench};
    bench->batch_count = 0;
    bench->began_ns = clock_monotonic_ns();
    if (!session_walk_rooms(&bench->node, &rest, see_room, bench)) measure_die("walk: it ended");
    qsort(bench->batches, bench->batch_count, sizeof *bench->batches, compare);
    const uint64_t median = bench->batches[bench->batch_count / 2];
    const uint64_t most = bench->batches[bench->batch_count * 99 / 100];
    printf("\na batch of %d, for which the mutex is held at most: median %.1f us, 99 %% %.1f us\n", SESSION_WALK_BATCH,
           (double)median / 1000, (double)most / 1000);
}

int main(int argc, char **argv) {
    static struct bench bench;
    uint64_t sessions = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    if (sessions < 1 || sessions > UINT32_MAX || sodium_init() < 0) measure_die("usage: walk [SESSIONS]");
    log_set_level(LOG_LEVEL_ERROR);
    rcu_reader_register();
    bench.crowd = (struct crowd){.shard = crowd_shard_create(),
                                 .ids = malloc(sessions * sizeof *bench.crowd.ids),
                                 .size = sessions,
                                 .rooms = (sessions + CROWD_ROOM_MEMBERS - 1) / CROWD_ROOM_MEMBERS};
    bench.batches = malloc(BATCHES_MOST * sizeof *bench.batches);
    if (!bench.crowd.shard || !bench.crowd.ids || !bench.batches || !crowd_fill(&bench.crowd, CROWD_START))
        measure_die("walk: no memory");
    ini_table_defaults(&bootnode_config_table, &bench.config);
    bench.node.shards[0] = bench.crowd.shard;
    bench.node.shard_count = 1;
    atomic_init(&bench.node.config, &bench.config);
    struct variant walks[] = {
        {.name = "sessions, under RCU", .operations = sessions, .run = walk_sessions, .context = &bench},
        {.name = "rooms, a batch under the mutex", .operations = sessions, .run = walk_rooms, .context = &bench},
        {.name = "sessions, counted by network", .operations = sessions, .run = answer_sessions, .context = &bench}};
    measure("a walk, of each session", walks, sizeof walks / sizeof *walks);
    measure_keep(bench.seen);
    print_batches(&bench);
    crowd_shard_destroy(bench.crowd.shard);
    free(bench.crowd.ids);
    free(bench.batches);
    rcu_reader_unregister();
    return 0;
}
