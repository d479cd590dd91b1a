#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sched.h>
#include <sodium.h>
#include <stdatomic.h>
#include <string.h>

#include "bootnode/moving.h"
#include "bootnode/table/shard_join.h"
#include "bootnode/table/shard_members.h"
#include "common/clock.h"
#include "common/rcu.h"
#include "common/thread.h"

#define NOW 1000000
#define NODES 4
#define VIEWS 300
#define MEMBERS 2000

static struct bootnode_config config;
static struct node *node;

static void set_view(unsigned without, uint64_t number) {
    const struct cluster_identity identity = {.placement_key = {1}, .replicas = 2, .own_id = 1};
    struct cluster_node nodes[NODES];
    size_t count = 0;
    for (unsigned i = 0; i < NODES; i++)
        if (i != without)
            nodes[count++] =
                (struct cluster_node){.id = (uint8_t)(i + 1),
                                      .weight = 100,
                                      .registers = UINT32_MAX,
                                      .address_count = 1,
                                      .addresses = {{.ip = {[10] = 0xff, 0xff, 9, 9, 9, (uint8_t)i}, .port = 9}}};
    struct homes *homes = homes_make(&identity, nodes, count, number);
    if (!homes) abort();
    node_set_homes(node, homes);
}

static int open_node(void **state) {
    static const uint8_t seed[SEED_SIZE] = {1};
    struct node_key key;
    (void)state;
    ini_table_defaults(&bootnode_config_table, &config);
    config.node_id = 1;
    config.sessions_per_source = 0;
    node_key_derive(seed, &key);
    node = aligned_alloc(64, (sizeof *node + 63) / 64 * 64);
    assert_non_null(node);
    assert_true(node_init(node, &config, &key, 1, NOW));
    node_enter_cluster(node);
    set_view(NODES, 1);
    return 0;
}

static int close_node(void **state) {
    (void)state;
    rcu_drain();
    node_destroy(node);
    free(node);
    return 0;
}

/* Registers and confirms member `number`, as the handlers do. Returns its id. */
static uint64_t join(uint32_t number) {
    struct register_body body = {.suite_mask = 1, .revision = 1};
    struct registration registration = {.body = &body, .attempt = number + 1};
    struct writer none = writer_over(NULL, 0);
    struct registered registered;
    enum refusal refusal;
    (void)address_parse("192.0.2.1:4000", 0, &registration.address);
    const uint32_t room = number / 5;
    crypto_generichash(body.room_tag, sizeof body.room_tag, (const uint8_t *)&room, sizeof room, NULL, 0);
    crypto_generichash(body.member_id, sizeof body.member_id, (const uint8_t *)&number, sizeof number, NULL, 0);
    const struct homes *homes = node_homes(node);
    registration.homes_known = homes->stamps[room_bucket(body.room_tag)];
    if (shard_register(node->shards[0], &registration, NOW, &registered, &none) != REGISTERED) abort();
    if (shard_confirm(node->shards[0], registered.session_id, NOW, &refusal) != REGISTERED) abort();
    homes = node_homes(node);
    shard_homes_note(node->shards[0], registered.session_id, homes->stamps);
    return registered.session_id;
}

/* --- Threads --- */

static atomic_bool stop;

struct mover {
    struct moving moving;
    struct worker_counters counters;
    struct context context;
    uint64_t sent;
};

static void sink(void *argument, uint8_t listener, const struct datagram *datagram) {
    struct mover *mover = argument;
    (void)listener, (void)datagram;
    mover->sent++;
}

static void open_mover(struct mover *mover) {
    memset(mover, 0, sizeof *mover);
    moving_init(&mover->moving);
    mover->context = (struct context){.node = node,
                                      .outbox = {.endpoints = &node->endpoints, .put = sink, .context = mover},
                                      .counters = &mover->counters,
                                      .now = NOW};
}

static void step(struct mover *mover) {
    if (moving_is_due(&mover->moving, &mover->context, node->shards[0]))
        moving_step(&mover->moving, &mover->context, node->shards[0]);
    else
        sched_yield();
    rcu_reader_quiescent();
}

static void move(void *argument) {
    while (!atomic_load(&stop)) step(argument);
}

static void come_and_go(void *argument) {
    static uint64_t ids[MEMBERS];
    (void)argument;
    for (uint32_t i = 0; i < MEMBERS; i++) {
        ids[i] = join(i);
        if (i % 3 == 0) (void)shard_leave(node->shards[0], ids[i / 3], LEAVE_SAID, NOW);
        rcu_reader_quiescent();
    }
}

static void set_views(void *argument) {
    (void)argument;
    for (uint64_t i = 2; i < VIEWS; i++) {
        set_view(1 + i % NODES, i);
        rcu_reader_quiescent();
        sched_yield();
    }
}

/* Members come and go, and homes change all the time, each on a thread of its own: in the end nobody is forgotten. */
static void nobody_is_forgotten(void **state) {
    struct mover *mover = aligned_alloc(64, (sizeof *mover + 63) / 64 * 64);
    struct thread threads[3] = {{.started = false}};
    (void)state;
    assert_non_null(mover);
    open_mover(mover);
    atomic_store(&stop, false);
    assert_int_equal(thread_start(&threads[0], "mover", true, move, mover), 0);
    assert_int_equal(thread_start(&threads[1], "members", true, come_and_go, NULL), 0);
    assert_int_equal(thread_start(&threads[2], "views", true, set_views, NULL), 0);
    rcu_reader_offline();
    thread_join(&threads[2]);
    thread_join(&threads[1]);
    atomic_store(&stop, true);
    thread_join(&threads[0]);
    rcu_reader_online();
    while (moving_is_due(&mover->moving, &mover->context, node->shards[0])) step(mover);
    assert_true(moving_holds(&mover->moving, node->shards[0], node_homes(node)));
    /* Who was told often, and echoed nothing, waits until it does. */
    assert_int_equal(mover->moving.queues[MOVING_WAITING].count, 0);
    assert_true(mover->sent > 0);
    assert_true(shard_holds(node->shards[0]));
    moving_destroy(&mover->moving);
    free(mover);
}

/* A step does a bounded part, however many there are. */
static void a_step_is_bounded(void **state) {
    struct mover *mover = aligned_alloc(64, (sizeof *mover + 63) / 64 * 64);
    (void)state;
    assert_non_null(mover);
    open_mover(mover);
    for (uint32_t i = 0; i < MEMBERS; i++) (void)join(i);
    step(mover);
    set_view(1, 2);
    assert_int_equal(node_moving(node).waiting, 1);
    uint64_t before = 0, told = 0;
    while (moving_is_due(&mover->moving, &mover->context, node->shards[0])) {
        step(mover);
        assert_true(mover->sent - before <= MOVING_BATCH);
        told += mover->sent - before;
        before = mover->sent;
    }
    assert_in_range(told, MEMBERS / 4, MEMBERS * 3 / 4);
    assert_int_equal(node_moving(node).told, told);
    moving_destroy(&mover->moving);
    free(mover);
}

/* --- A pause of the process --- */

/* Up to then, as a worker does: it comes by each 10 ms, and does what is due. */
static void run_until(struct mover *mover, uint64_t until) {
    for (; mover->context.now < until; mover->context.now += 10)
        for (unsigned i = 0; i < MEMBERS && moving_is_due(&mover->moving, &mover->context, node->shards[0]); i++)
            step(mover);
}

/* The process stands still for `pause_ms`, `after_ms` after the homes changed; the worker wakes before the reaper has
 * taken that out of its clock. Nothing is late for it, and nobody's time here is cut short by more than the pause,
 * which was time, too. */
static void pause_while_moving(uint64_t after_ms, uint64_t pause_ms) {
    struct mover *mover = aligned_alloc(64, (sizeof *mover + 63) / 64 * 64);
    assert_non_null(mover);
    open_mover(mover);
    for (uint32_t i = 0; i < MEMBERS; i++) (void)join(i);
    step(mover);
    set_view(1, 2);
    run_until(mover, NOW + after_ms);
    mover->context.now += pause_ms;
    for (unsigned i = 0; i < 20; i++) step(mover);
    mover->context.now -= pause_ms;
    run_until(mover, NOW + 4000);
    assert_int_equal(node_moving(node).waiting, 0);
    run_until(mover, NOW + MOVING_STAY_MS - earlier(pause_ms, 8 * MOVING_AGAIN_MS) - 10);
    assert_int_equal(counters_read(&mover->counters, COUNTER_MOVED_LATE), 0);
    assert_in_range(counters_read(&mover->counters, COUNTER_TOLD_ELSEWHERE), MEMBERS / 4, MEMBERS * 3 / 4);
    assert_true(node_moving(node).told > 0);
    run_until(mover, NOW + MOVING_STAY_MS + 6000);
    assert_int_equal(node_moving(node).told, 0);
    assert_in_range(counters_read(&mover->counters, COUNTER_MOVED_LATE), MEMBERS / 10, MEMBERS * 3 / 4);
    moving_destroy(&mover->moving);
    free(mover);
}

static void a_pause_makes_nothing_late(void **state) {
    static const uint64_t pauses_ms[] = {1500, 10000, 3600000}, afters_ms[] = {20, 1200, 7500};
    for (size_t i = 0; i < sizeof pauses_ms / sizeof *pauses_ms; i++)
        for (size_t j = 0; j < sizeof afters_ms / sizeof *afters_ms; j++) {
            pause_while_moving(afters_ms[j], pauses_ms[i]);
            (void)close_node(state);
            (void)open_node(state);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nobody_is_forgotten, open_node, close_node),
        cmocka_unit_test_setup_teardown(a_step_is_bounded, open_node, close_node),
        cmocka_unit_test_setup_teardown(a_pause_makes_nothing_late, open_node, close_node),
    };
    if (sodium_init() < 0) return 1;
    rcu_reader_register();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    int failed = cmocka_run_group_tests_name("moving", tests, NULL, NULL);
    rcu_reader_unregister();
    return failed;
}
