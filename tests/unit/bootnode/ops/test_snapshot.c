#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bootnode/ops/snapshot.h"
#include "bootnode/worker.h"
#include "common/log.h"
#include "common/rcu.h"
#include "common/thread.h"
#include "common/udp.h"
#include "common/why.h"
#include "tests/support/shard_guest.h"

#define WORKERS 2
#define NOW GUEST_START
#define FLOOD 2000 /* datagrams: more than the smallest buffer takes */

static struct bootnode_config config;
static struct node node;
static struct worker *workers;
static struct snapshot snapshot;
static struct process_view process;

static int open_node(void **state) {
    (void)state;
    static const struct node_key key;
    ini_table_defaults(&bootnode_config_table, &config);
    assert_true(node_init(&node, &config, &key, WORKERS, NOW));
    workers = aligned_alloc(_Alignof(struct worker), WORKERS * sizeof *workers);
    assert_non_null(workers);
    for (size_t i = 0; i < WORKERS; i++) assert_int_equal(worker_init(&workers[i], &node, i, -1), 0);
    process_open(&process);
    snapshot = (struct snapshot){.worker_count = 0};
    return 0;
}

static int close_node(void **state) {
    (void)state;
    for (size_t i = 0; i < WORKERS; i++) worker_destroy(&workers[i]);
    free(workers);
    node_destroy(&node);
    process_close(&process);
    return 0;
}

static const struct snapshot *take(uint64_t now) {
    const struct watched watched = {.node = &node, .workers = workers, .worker_count = WORKERS, .process = &process};
    snapshot_take(&watched, now, &snapshot);
    return &snapshot;
}

static void a_fresh_node_has_done_nothing(void **state) {
    (void)state;
    static const struct shard_counters nothing;
    const struct snapshot *fresh = take(NOW + 1234);
    assert_memory_equal(&fresh->shards, &nothing, sizeof nothing);
    for (size_t i = 0; i < COUNTER_COUNT; i++) assert_int_equal(fresh->counters[i], 0);
    assert_int_equal(fresh->worker_count, WORKERS);
    assert_int_equal(fresh->uptime_ms, 1234);
    assert_int_equal(fresh->slabs, 0);
    assert_false(fresh->draining);
    assert_int_equal(fresh->unseen_shards, 0);
}

static void limits_are_those_of_the_settings(void **state) {
    (void)state;
    const struct snapshot_limits *limits = &take(NOW)->limits;
    assert_int_equal(limits->sessions, config.sessions);
    assert_int_equal(limits->sessions_per_source, config.sessions_per_source);
    assert_int_equal(limits->room_members, config.room_members);
    const long long rates[SNAPSHOT_RATES] = {config.rate_hello, config.rate_register, config.rate_stun,
                                             config.rate_reset, config.rate_update,   config.rate_introduce,
                                             config.rate_move};
    const long long relay[SNAPSHOT_RELAY_RATES] = {config.relay_rate, config.relay_source_rate,
                                                   config.relay_total_rate};
    for (size_t i = 0; i < SNAPSHOT_RATES; i++) assert_int_equal(limits->rates[i], rates[i]);
    for (size_t i = 0; i < SNAPSHOT_RELAY_RATES; i++) assert_int_equal(limits->relay_rates[i], relay[i]);
}

/* A thread that has a shard until it is told to give it back. */
struct keeper {
    struct shard *shard;
    int has, give_back; /* eventfds */
};

static void keep(void *argument) {
    const struct keeper *keeper = argument;
    eventfd_t ignored;
    shard_lock(keeper->shard);
    (void)eventfd_write(keeper->has, 1);
    (void)eventfd_read(keeper->give_back, &ignored);
    shard_unlock(keeper->shard);
}

/* As where a worker hangs with it: the rest is told, and what is known of that one. */
static void who_keeps_a_shard_keeps_nobody_from_looking(void **state) {
    (void)state;
    node.shards[0]->counters.registered = 5;
    node.shards[1]->counters.registered = 7;
    assert_int_equal(take(NOW)->shards.registered, 12);
    node.shards[0]->counters.registered = 50;
    node.shards[1]->counters.registered = 70;
    struct keeper keeper = {node.shards[0], eventfd(0, EFD_CLOEXEC), eventfd(0, EFD_CLOEXEC)};
    struct thread thread = {.started = false};
    eventfd_t ignored;
    assert_int_equal(thread_start(&thread, "keeper", true, keep, &keeper), 0);
    assert_int_equal(eventfd_read(keeper.has, &ignored), 0);
    const struct snapshot *taken = take(NOW);
    assert_int_equal(eventfd_write(keeper.give_back, 1), 0);
    rcu_reader_offline();
    thread_join(&thread);
    rcu_reader_online();
    close(keeper.has);
    close(keeper.give_back);
    assert_int_equal(taken->unseen_shards, 1);
    assert_int_equal(taken->shards.registered, 75);
    assert_int_equal(take(NOW)->shards.registered, 120);
    assert_int_equal(snapshot.unseen_shards, 0);
    node.shards[0]->counters.registered = node.shards[1]->counters.registered = 0;
}

static void counters_of_workers_are_summed(void **state) {
    (void)state;
    for (size_t i = 0; i < WORKERS; i++)
        for (enum counter which = 0; which < COUNTER_COUNT; which++)
            counters_add(&workers[i].counters, which, (i + 1) * (which + 1));
    const struct snapshot *taken = take(NOW);
    for (enum counter which = 0; which < COUNTER_COUNT; which++)
        assert_int_equal(taken->counters[which], 3 * (which + 1));
    assert_int_equal(taken->workers[1].received, 2 * (COUNTER_RECEIVED + 1));
    assert_int_equal(taken->workers[1].strayed, 2 * (COUNTER_STRAYED + 1));
}

/* Every field of the shards' counters, so that one that is added to them is not forgotten here. */
static void counters_of_shards_are_summed(void **state) {
    (void)state;
    uint64_t *sum = (uint64_t *)&snapshot.shards;
    enum { FIELDS = sizeof snapshot.shards / sizeof *sum };
    for (size_t shard = 0; shard < WORKERS; shard++)
        for (size_t i = 0; i < FIELDS; i++) ((uint64_t *)&node.shards[shard]->counters)[i] = (i + 1) << (8 * shard);
    (void)take(NOW);
    for (size_t i = 0; i < FIELDS; i++)
        if (&sum[i] != &snapshot.shards.lateness.max_ms) assert_int_equal(sum[i], (i + 1) * 257);
    assert_int_equal(snapshot.shards.lateness.max_ms, node.shards[1]->counters.lateness.max_ms);
    for (size_t shard = 0; shard < WORKERS; shard++)
        memset(&node.shards[shard]->counters, 0, sizeof node.shards[shard]->counters);
}

static void who_found_no_place_is_summed(void **state) {
    (void)state;
    for (size_t i = 0; i < WORKERS; i++) shard_limited(node.shards[i], SHARD_LIMIT_SOURCE);
    shard_limited(node.shards[1], SHARD_LIMIT_MEMORY);
    const struct snapshot *taken = take(NOW);
    assert_int_equal(taken->turned_away[SHARD_LIMIT_SOURCE], 2);
    assert_int_equal(taken->turned_away[SHARD_LIMIT_MEMORY], 1);
    assert_int_equal(taken->turned_away[SHARD_LIMIT_SESSIONS], 0);
}

static void histograms_of_workers_are_summed(void **state) {
    (void)state;
    for (size_t i = 0; i < WORKERS; i++) {
        buckets_add(&workers[i].lanes[LANE_HELLO].batches, 3, 1, 1);
        buckets_add(&workers[i].lanes[LANE_STUN].handling, 1500 + i, HANDLING_UNIT_NS, 10);
    }
    const struct snapshot *taken = take(NOW);
    assert_int_equal(taken->batches[LANE_HELLO].counts[2], 2);
    assert_int_equal(taken->batches[LANE_HELLO].sum, 6);
    assert_int_equal(taken->handling[LANE_STUN].counts[1], 20);
    assert_int_equal(taken->handling[LANE_STUN].sum, 30010);
    assert_int_equal(taken->handling[LANE_HELLO].sum, 0);
}

static void sessions_and_their_slabs_are_seen(void **state) {
    (void)state;
    guest_join(node.shards[0], (struct guest){1, 1}, NOW);
    guest_join(node.shards[0], (struct guest){1, 2}, NOW);
    guest_join(node.shards[1], (struct guest){2, 1}, NOW);
    const struct snapshot *taken = take(NOW);
    assert_int_equal(taken->shards.sessions, 3);
    assert_int_equal(taken->shards.rooms, 2);
    assert_int_equal(taken->slabs, 2);
}

static void draining_is_seen(void **state) {
    (void)state;
    atomic_store(&node.fate, NODE_ENDS);
    assert_true(take(NOW)->draining);
}

static void doubt_is_seen(void **state) {
    (void)state;
    hearing_slow_down(&node.shards[1]->hearing, (struct hearing_span){NOW, NOW + 8000});
    node.shards[1]->hearing.episodes = 3;
    const struct snapshot *taken = take(NOW);
    assert_int_equal(taken->workers[0].missed_ms, 0);
    assert_int_equal(taken->workers[1].missed_ms, 7000);
    assert_int_equal(taken->workers[1].doubts, 3);
}

/* Nobody takes what comes, until the kernel has no place for more. */
static void what_the_kernel_dropped_is_seen(void **state) {
    (void)state;
    struct why why;
    struct address local, any;
    static const uint8_t data[1000];
    assert_true(address_parse("127.0.0.1:0", 0, &any));
    int receiver = udp_open(&any, &(struct udp_options){.receive_buffer = 1}, &why);
    int sender = udp_open(&any, &(struct udp_options){.receive_buffer = 0}, &why);
    assert_true(receiver >= 0 && sender >= 0 && udp_bound(receiver, &local));
    int lanes[LANE_COUNT];
    memset(lanes, -1, sizeof lanes);
    lanes[LANE_HELLO] = receiver;
    assert_int_equal(worker_listen(&workers[1], lanes), 0);
    struct udp_batch *batch = udp_batch_create(1);
    for (int i = 0; i < FLOOD; i++) {
        assert_true(udp_batch_add(batch, &(struct datagram){.peer = local, .data = data, .size = sizeof data}));
        (void)udp_send(sender, batch);
    }
    const struct snapshot *taken = take(NOW);
    assert_int_equal(taken->workers[0].lanes[LANE_HELLO].overflowed, 0);
    assert_int_equal(taken->workers[1].lanes[LANE_SESSION].overflowed, 0);
    assert_in_range(taken->workers[1].lanes[LANE_HELLO].overflowed, 1, FLOOD - 1);
    udp_batch_destroy(batch);
    close(sender);
}

#define snapshot_test(function) cmocka_unit_test_setup_teardown(function, open_node, close_node)

int main(void) {
    const struct CMUnitTest tests[] = {
        snapshot_test(a_fresh_node_has_done_nothing),
        snapshot_test(limits_are_those_of_the_settings),
        snapshot_test(who_keeps_a_shard_keeps_nobody_from_looking),
        snapshot_test(counters_of_workers_are_summed),
        snapshot_test(counters_of_shards_are_summed),
        snapshot_test(who_found_no_place_is_summed),
        snapshot_test(histograms_of_workers_are_summed),
        snapshot_test(sessions_and_their_slabs_are_seen),
        snapshot_test(draining_is_seen),
        snapshot_test(doubt_is_seen),
        snapshot_test(what_the_kernel_dropped_is_seen),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    log_set_level(LOG_LEVEL_ERROR);
    rcu_reader_register();
    /* It never ends, and would take over the stack of a thread that did, which valgrind takes for a leak. */
    rcu_start_reclaimer();
    int failed = cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
    rcu_reader_unregister();
    return failed;
}
