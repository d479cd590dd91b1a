#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bootnode/ops/health.h"
#include "bootnode/worker.h"
#include "common/log.h"
#include "common/rcu.h"

#define WORKERS 2
#define NOW UINT64_C(1000000)
#define LIMIT 100

static struct bootnode_config config;
static struct node node;
static struct worker *workers;
static struct liveness_watch watch;
static struct liveness reaper;
static struct watched watched;

static int set_up(void **state) {
    (void)state;
    static const struct node_key key;
    ini_table_defaults(&bootnode_config_table, &config);
    config.sessions = LIMIT;
    assert_true(node_init(&node, &config, &key, WORKERS, NOW));
    workers = aligned_alloc(_Alignof(struct worker), WORKERS * sizeof *workers);
    assert_non_null(workers);
    for (size_t i = 0; i < WORKERS; i++) assert_int_equal(worker_init(&workers[i], &node, i, -1), 0);
    liveness_watch_init(&watch, NOW);
    liveness_watch_add(&watch, "reaper", &reaper, -1);
    watched = (struct watched){.node = &node, .workers = workers, .worker_count = WORKERS, .liveness = &watch};
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    atomic_store(&node.live_sessions, 0);
    for (size_t i = 0; i < WORKERS; i++) worker_destroy(&workers[i]);
    free(workers);
    node_destroy(&node);
    return 0;
}

static void assert_health(uint64_t now, enum health_state state, const char *text) {
    char *written = NULL;
    size_t size = 0;
    struct health health;
    health_look(&watched, now, &health);
    assert_int_equal(health_worst(&health), state);
    FILE *out = open_memstream(&written, &size);
    assert_non_null(out);
    health_write(out, &health);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(written, text);
    free(written);
}

static void all_is_well(void **state) {
    (void)state;
    assert_health(NOW, HEALTH_OK, "ok\n");
    atomic_store(&node.live_sessions, LIMIT - 1);
    assert_health(NOW, HEALTH_OK, "ok\n");
    watched.liveness = NULL;
    assert_health(NOW, HEALTH_OK, "ok\n");
}

static void no_place_for_one_more_is_full(void **state) {
    (void)state;
    atomic_store(&node.live_sessions, LIMIT);
    assert_health(NOW, HEALTH_FULL, "full\nfull: 100 of 100 sessions (setting sessions)\n");
    config.sessions++;
    assert_health(NOW, HEALTH_OK, "ok\n");
}

/* The worker's socket lost some: a mark found it. */
static void lose(size_t worker, uint64_t at, uint32_t drops) {
    const struct udp_memory socket = {.drops = drops};
    struct hearing *hearing = &workers[worker].shard->hearing;
    struct pauses pauses = {.settled_ms = at};
    assert_true(hearing_begin(hearing, &pauses, at));
    (void)hearing_mark(hearing, &pauses, at, &socket, 1);
    hearing_received(hearing, 0, 0, false);
    hearing_end(hearing);
}

static void lost_datagrams_of_sessions_are_overload_for_a_while(void **state) {
    (void)state;
    watched.liveness = NULL;
    lose(1, NOW + 1000, 0);
    assert_health(NOW + 1000, HEALTH_OK, "ok\n");
    lose(1, NOW + 2000, 5);
    assert_health(NOW + 2000, HEALTH_OVERLOADED,
                  "overloaded\noverloaded: worker 1 lost datagrams of sessions 0 s ago\n");
    lose(0, NOW + 4000, 5);
    lose(1, NOW + 5000, 5);
    assert_health(NOW + 7000, HEALTH_OVERLOADED,
                  "overloaded\noverloaded: worker 0 lost datagrams of sessions 3 s ago\n");
    assert_health(NOW + 4000 + HEALTH_LATELY_MS - 1, HEALTH_OVERLOADED,
                  "overloaded\noverloaded: worker 0 lost datagrams of sessions 10 s ago\n");
    assert_health(NOW + 4000 + HEALTH_LATELY_MS, HEALTH_OK, "ok\n");
}

static void more_than_a_worker_serves_is_overload_where_it_lasts(void **state) {
    (void)state;
    watched.liveness = NULL;
    atomic_store(&workers[0].behind_since_ms, NOW);
    assert_health(NOW + HEALTH_BEHIND_MS - 1, HEALTH_OK, "ok\n");
    assert_health(NOW + HEALTH_BEHIND_MS + 2000, HEALTH_OVERLOADED,
                  "overloaded\noverloaded: more datagrams of sessions come than worker 0 can serve, for 5 s now\n");
    atomic_store(&workers[0].behind_since_ms, 0);
    assert_health(NOW + HEALTH_BEHIND_MS + 2000, HEALTH_OK, "ok\n");
}

static void who_was_told_to_end_is_draining(void **state) {
    (void)state;
    node_leave(&node, NODE_RESTARTS, NOW + 5000);
    assert_health(NOW, HEALTH_DRAINING, "draining\n");
}

static void a_thread_that_hangs_is_named(void **state) {
    (void)state;
    liveness_turn(&reaper, NOW);
    uint64_t now = NOW;
    for (; now <= NOW + LIVENESS_STUCK_MS; now += LIVENESS_STEP_MS) liveness_watch_step(&watch, now);
    assert_health(now, HEALTH_OK, "ok\n");
    for (; now <= NOW + 2 * LIVENESS_STUCK_MS; now += LIVENESS_STEP_MS) liveness_watch_step(&watch, now);
    assert_health(now, HEALTH_STUCK, "stuck\nstuck: reaper has had no turn for 5 s\n");
    liveness_turn(&reaper, now);
    liveness_watch_step(&watch, now);
    assert_health(now, HEALTH_OK, "ok\n");
}

/* Nor is anybody waited for who keeps a shard. */
static void all_that_is_so_is_told_the_worst_first(void **state) {
    (void)state;
    atomic_store(&node.live_sessions, LIMIT);
    atomic_store(&workers[1].behind_since_ms, NOW);
    node_leave(&node, NODE_ENDS, NOW);
    for (size_t i = 0; i < WORKERS; i++) shard_lock(node.shards[i]);
    assert_health(NOW + LIVENESS_STUCK_MS, HEALTH_STUCK,
                  "stuck\n"
                  "stuck: main has had no turn for 5 s\n"
                  "draining\n"
                  "overloaded: more datagrams of sessions come than worker 1 can serve, for 5 s now\n"
                  "full: 100 of 100 sessions (setting sessions)\n");
    for (size_t i = 0; i < WORKERS; i++) shard_unlock(node.shards[i]);
}

#define health_test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        health_test(all_is_well),
        health_test(no_place_for_one_more_is_full),
        health_test(lost_datagrams_of_sessions_are_overload_for_a_while),
        health_test(more_than_a_worker_serves_is_overload_where_it_lasts),
        health_test(who_was_told_to_end_is_draining),
        health_test(a_thread_that_hangs_is_named),
        health_test(all_that_is_so_is_told_the_worst_first),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    log_set_level(LOG_LEVEL_ERROR);
    rcu_reader_register();
    int failed = cmocka_run_group_tests_name("health", tests, NULL, NULL);
    rcu_reader_unregister();
    return failed;
}
