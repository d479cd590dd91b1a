#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sched.h>
#include <unistd.h>

#include "bootnode/worker.h"
#include "common/clock.h"
#include "common/rcu.h"
#include "common/udp.h"
#include "common/why.h"

#define ROUND (WORKER_BATCH * 8) /* what a worker takes of sessions' datagrams before others have their turn */
#define WAITING (ROUND + 8)      /* fit into the buffer that every kernel allows */
#define WAIT_MS 20000            /* at most, for what should come at once */

static struct bootnode_config config;
static struct node node;
static struct worker *worker;
static int sender;

/* A worker whose socket for sessions has so many datagrams when it starts. */
static int set_up(void **state) {
    (void)state;
    static const struct node_key key;
    struct address any, local;
    struct why why;
    int lanes[LANE_COUNT];
    ini_table_defaults(&bootnode_config_table, &config);
    assert_true(node_init(&node, &config, &key, 1, clock_monotonic_ms()));
    worker = aligned_alloc(_Alignof(struct worker), sizeof *worker);
    assert_non_null(worker);
    assert_int_equal(worker_init(worker, &node, 0, -1), 0);
    assert_true(address_parse("127.0.0.1:0", 0, &any));
    memset(lanes, -1, sizeof lanes);
    lanes[LANE_SESSION] = udp_open(&any, &(struct udp_options){.receive_buffer = 1 << 20}, &why);
    sender = udp_open(&any, &(struct udp_options){.receive_buffer = 0}, &why);
    assert_true(lanes[LANE_SESSION] >= 0 && sender >= 0 && udp_bound(lanes[LANE_SESSION], &local));
    assert_int_equal(worker_listen(worker, lanes), 0);
    struct udp_batch *batch = udp_batch_create(1);
    for (int i = 0; i < WAITING; i++) {
        assert_true(udp_batch_add(batch, &(struct datagram){.peer = local, .data = (const uint8_t *)"x", .size = 1}));
        assert_int_equal(udp_send(sender, batch).sent, 1);
    }
    udp_batch_destroy(batch);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    rcu_reader_offline();
    worker_stop(worker);
    rcu_reader_online();
    worker_destroy(worker);
    free(worker);
    node_destroy(&node);
    close(sender);
    return 0;
}

static bool comes(bool (*condition)(void)) {
    uint64_t until = clock_monotonic_ms() + WAIT_MS;
    while (!condition()) {
        if (clock_monotonic_ms() > until) return false;
        worker_wake(worker);
        (void)sched_yield();
    }
    return true;
}

static uint64_t handled(void) {
    uint64_t sum = 0;
    for (size_t i = 0; i < BUCKETS_COUNT; i++) sum += atomic_load(&worker->lanes[LANE_SESSION].handling.counts[i]);
    return sum;
}

static bool all_are_handled(void) {
    return handled() == WAITING;
}

static void each_datagram_is_in_the_histograms(void **state) {
    (void)state;
    assert_int_equal(worker_start(worker), 0);
    assert_true(comes(all_are_handled));
    struct lane_figures *figures = &worker->lanes[LANE_SESSION];
    assert_int_equal(atomic_load(&figures->received), WAITING);
    assert_int_equal(atomic_load(&figures->batches.counts[buckets_of(WORKER_BATCH, 1)]), ROUND / WORKER_BATCH);
    assert_int_equal(atomic_load(&figures->batches.counts[buckets_of(WAITING - ROUND, 1)]), 1);
    assert_int_equal(atomic_load(&figures->batches.sum), WAITING);
    /* Two turns at least: nobody waited for longer than both, nor for no time. */
    uint64_t sum = atomic_load(&figures->handling.sum), spent = atomic_load(&figures->spent_ns);
    assert_in_range(sum, 1, spent * WAITING);
    assert_int_equal(atomic_load(&worker->lanes[LANE_HELLO].handling.sum), 0);
}

static bool is_behind(void) {
    return atomic_load(&worker->behind_since_ms) != 0;
}

static bool is_not_behind(void) {
    return !is_behind();
}

/* A round that left something says so, and for a while: what comes next may be more. */
static void a_round_that_left_something_is_told(void **state) {
    (void)state;
    uint64_t before = clock_monotonic_ms();
    assert_int_equal(worker_start(worker), 0);
    assert_true(comes(is_behind));
    uint64_t since = atomic_load(&worker->behind_since_ms);
    assert_in_range(since, before, clock_monotonic_ms());
    assert_true(comes(all_are_handled));
    assert_true(comes(is_not_behind));
    assert_true(clock_monotonic_ms() >= since + 1000);
}

#define worker_test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        worker_test(each_datagram_is_in_the_histograms),
        worker_test(a_round_that_left_something_is_told),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    rcu_reader_register();
    /* It never ends, and would take over the stack of a thread that did, which valgrind takes for a leak. */
    rcu_start_reclaimer();
    int failed = cmocka_run_group_tests_name("worker", tests, NULL, NULL);
    rcu_reader_unregister();
    return failed;
}
