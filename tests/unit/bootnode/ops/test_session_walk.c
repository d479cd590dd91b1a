#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <string.h>

#include "bootnode/ops/session_walk.h"
#include "bootnode/table/shard_kick.h"
#include "common/log.h"
#include "common/rcu.h"
#include "common/thread.h"
#include "tests/support/shard_guest.h"

#define SHARDS 2
#define SESSIONS 1000
#define IN_A_ROOM 5
#define STRESS_WALKS 20
#define NOW GUEST_START

static struct bootnode_config config;
static struct node node;
static uint64_t ids[SESSIONS];
static unsigned seen[SESSIONS]; /* how often */
static unsigned rests, rests_allowed;

static struct shard *shard_of(unsigned number) {
    return node.shards[number / IN_A_ROOM % SHARDS];
}

static struct guest guest(unsigned number) {
    return (struct guest){.room = number / IN_A_ROOM, .member = number};
}

static int open_node(void **state) {
    static const struct node_key key;
    (void)state;
    ini_table_defaults(&bootnode_config_table, &config);
    config.sessions_per_source = 0;
    assert_true(node_init(&node, &config, &key, SHARDS, NOW));
    for (unsigned i = 0; i < SESSIONS; i++) ids[i] = guest_join(shard_of(i), guest(i), NOW);
    memset(seen, 0, sizeof seen);
    rests = 0;
    rests_allowed = UINT32_MAX;
    return 0;
}

static int close_node(void **state) {
    (void)state;
    node_destroy(&node);
    return 0;
}

static bool rest(void *context) {
    (void)context;
    return rests++ < rests_allowed;
}

static const struct session_walk_rest resting = {.rest = rest};

static void note(void *context, const struct session_seen *one) {
    (void)context;
    for (size_t i = 0; i < SESSIONS; i++) seen[i] += ids[i] == one->id;
}

static void each_session_is_seen_once(void **state) {
    (void)state;
    assert_true(session_walk(&node, NOW + 3000, &resting, note, NULL));
    for (size_t i = 0; i < SESSIONS; i++) assert_int_equal(seen[i], 1);
    assert_in_range(rests, SESSIONS / SESSION_WALK_BATCH, SESSIONS / SESSION_WALK_BATCH + SHARDS);
}

static void look(void *context, const struct session_seen *one) {
    struct session_seen *out = context;
    if (one->id == ids[7] || !one->is_member) out[one->is_member] = *one;
}

static void what_is_seen_is_what_is_there(void **state) {
    (void)state;
    struct registered registered;
    struct session_seen found[2];
    struct address address = guest_address(7);
    assert_int_equal(guest_register(node.shards[0], guest(SESSIONS), NOW + 1000, &registered, NULL), REGISTERED);
    assert_true(session_walk(&node, NOW + 3000, &resting, look, found));
    assert_int_equal(found[1].id, ids[7]);
    assert_true(address_equal(&found[1].address, &address));
    assert_int_equal(found[1].silent_ms, 3000);
    assert_int_equal(found[0].id, registered.session_id);
    assert_int_equal(found[0].silent_ms, 2000);
}

static void add_room(void *context, const struct room_seen *room) {
    unsigned *sums = context;
    uint8_t tag[ROOM_TAG_SIZE];
    sums[0]++;
    sums[1] += room->members;
    guest_tag(3, tag);
    if (memcmp(tag, room->tag, sizeof tag) == 0) sums[2] += room->members;
}

static void each_room_is_seen_once(void **state) {
    (void)state;
    unsigned sums[3] = {0};
    assert_true(session_walk_rooms(&node, &resting, add_room, sums));
    assert_int_equal(sums[0], SESSIONS / IN_A_ROOM);
    assert_int_equal(sums[1], SESSIONS);
    assert_int_equal(sums[2], IN_A_ROOM);
}

static void a_walk_ends_when_it_shall(void **state) {
    (void)state;
    unsigned sums[3] = {0};
    rests_allowed = 2;
    assert_false(session_walk(&node, NOW, &resting, note, NULL));
    assert_int_equal(rests, 3);
    rests = 0;
    assert_false(session_walk_rooms(&node, &resting, add_room, sums));
    assert_int_equal(rests, 3);
}

/* --- While others come and go --- */

static _Atomic bool done;

/* Every second session of shard 1 goes and comes, with others. */
static void churn(void *argument) {
    (void)argument;
    while (!atomic_load(&done)) {
        for (unsigned i = IN_A_ROOM; i < SESSIONS; i += 2 * IN_A_ROOM) {
            for (unsigned j = i; j < i + 2; j++) {
                uint64_t id = guest_join(shard_of(j), (struct guest){guest(j).room, SESSIONS + j}, NOW);
                assert_true(shard_kick(shard_of(j), id, 0, NOW));
            }
            rcu_reader_quiescent();
        }
    }
}

static void who_stays_is_seen_once_whoever_comes_and_goes(void **state) {
    (void)state;
    struct thread thread;
    atomic_store(&done, false);
    assert_int_equal(thread_start(&thread, "churn", true, churn, NULL), 0);
    for (unsigned walk = 1; walk <= STRESS_WALKS; walk++) {
        unsigned sums[3] = {0};
        assert_true(session_walk(&node, NOW, &resting, note, NULL));
        for (size_t i = 0; i < SESSIONS; i++) assert_int_equal(seen[i], walk);
        assert_true(session_walk_rooms(&node, &resting, add_room, sums));
        assert_in_range(sums[1], SESSIONS - SESSIONS / IN_A_ROOM, 2 * SESSIONS);
    }
    atomic_store(&done, true);
    rcu_reader_offline();
    thread_join(&thread);
    rcu_reader_online();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_node, close_node)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(each_session_is_seen_once),
        TEST(what_is_seen_is_what_is_there),
        TEST(each_room_is_seen_once),
        TEST(a_walk_ends_when_it_shall),
        TEST(who_stays_is_seen_once_whoever_comes_and_goes),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    log_set_level(LOG_LEVEL_WARNING);
    rcu_reader_register();
    /* It never ends, and would take over the stack of a thread that did, which valgrind takes for a leak. */
    rcu_start_reclaimer();
    int failed = cmocka_run_group_tests_name("session_walk", tests, NULL, NULL);
    rcu_reader_unregister();
    return failed;
}
