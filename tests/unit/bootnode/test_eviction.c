#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bootnode/eviction.h"
#include "bootnode/guard/access_orders.h"
#include "bootnode/table/shard_evict.h"
#include "bootnode/table/shard_members.h"
#include "common/clock.h"
#include "common/log.h"
#include "tests/support/shard_guest.h"

#define START GUEST_START
#define SHARDS 2
#define CROWD 9000 /* more than a slab has */

static struct shard shards[SHARDS];
static struct shard *const all[SHARDS] = {&shards[0], &shards[1]};
static struct access *access_rules;
static struct eviction eviction;

static int start(void **state) {
    (void)state;
    log_set_level(LOG_LEVEL_ERROR);
    rcu_reader_register();
    access_rules = access_create(NULL, 0);
    assert_non_null(access_rules);
    for (int i = 0; i < SHARDS; i++) guest_open(&shards[i], &guest_limits, -1);
    eviction_init(&eviction, all, SHARDS, access_rules);
    return 0;
}

static int stop(void **state) {
    (void)state;
    for (int i = 0; i < SHARDS; i++) {
        assert_true(shard_holds(&shards[i]));
        shard_destroy(&shards[i]);
    }
    access_destroy(access_rules);
    rcu_reader_unregister();
    return 0;
}

static struct address source(unsigned number) {
    struct address address;
    assert_true(address_parse("198.18.0.0:4000", 0, &address));
    address.ip[14] = (uint8_t)(number >> 8);
    address.ip[15] = (uint8_t)number;
    return address;
}

/* A member of room 1 at that source. */
static uint64_t join(int shard, unsigned member, unsigned from, uint64_t now) {
    uint64_t id = guest_join(&shards[shard], (struct guest){member / 100, member}, now);
    const struct address address = source(from);
    assert_true(shard_move(&shards[shard], id, &address, 1, now));
    return id;
}

static void ban(const char *text) {
    struct prefix prefix;
    struct why why;
    assert_true(prefix_parse(text, &prefix, &why));
    assert_true(access_ban(access_rules, &prefix, NEVER, &why));
}

/* Walks until there is nothing to do; returns in how many slices. */
static unsigned walk(uint64_t now) {
    unsigned slices = 0;
    while (eviction_step(&eviction, now)) {
        slices++;
        rcu_reader_quiescent();
    }
    return slices;
}

static bool lives(int shard, uint64_t id) {
    shard_lock(&shards[shard]);
    bool found = shard_session(&shards[shard], id) != NULL;
    shard_unlock(&shards[shard]);
    return found;
}

static void test_who_is_banned_goes_and_nobody_else(void **state) {
    (void)state;
    uint64_t out = join(0, 1, 1, START), in = join(0, 2, 2, START), other = join(1, 3, 1, START);
    assert_int_equal(walk(START), 0);
    ban("198.18.0.1");
    walk(START);
    assert_false(lives(0, out));
    assert_false(lives(1, other));
    assert_true(lives(0, in));
    assert_int_equal(shards[0].counters.evicted, 1);
    assert_int_equal(shards[1].counters.evicted, 1);
    assert_int_equal(shards[0].counters.sessions, 1);
    assert_int_equal(shards[1].counters.rooms, 0);
}

/* Those who stay are told, as of one that fell silent. */
static void test_the_room_changes(void **state) {
    (void)state;
    (void)join(0, 1, 1, START);
    (void)join(0, 2, 2, START);
    uint32_t before = guest_room(&shards[0], 0)->version.count;
    ban("198.18.0.1");
    walk(START);
    const struct room *room = guest_room(&shards[0], 0);
    assert_int_equal(room->member_count, 1);
    assert_int_equal(room->version.count, before + 1);
    assert_true(wheel_has(&room->announce));
}

static void test_a_provisional_session_goes_too(void **state) {
    struct registered registered;
    (void)state;
    assert_int_equal(guest_register(&shards[0], (struct guest){1, 1}, START, &registered, NULL), REGISTERED);
    ban("198.51.100.0/24");
    walk(START);
    assert_false(lives(0, registered.session_id));
    assert_int_equal(shards[0].counters.provisional, 0);
    assert_int_equal(shards[0].counters.evicted, 1);
}

static void test_an_exception_stays(void **state) {
    struct prefix prefix;
    struct why why;
    (void)state;
    uint64_t out = join(0, 1, 1, START), in = join(0, 2, 2, START);
    assert_true(prefix_parse("198.18.0.2", &prefix, &why));
    assert_true(access_allow(access_rules, &prefix, NEVER, &why));
    ban("198.18.0.0/16");
    walk(START);
    assert_false(lives(0, out));
    assert_true(lives(0, in));
}

/* A worker that read the former rules may be at work while the first walk passes. As long as this thread is not
 * quiescent, it is such a one. */
static void test_whom_former_rules_let_in_goes_with_the_second_walk(void **state) {
    (void)state;
    ban("198.18.0.1");
    while (eviction_step(&eviction, START)) continue;
    uint64_t late = join(0, 1, 1, START);
    assert_false(eviction_step(&eviction, START + EVICTION_PAUSE_MS));
    assert_true(lives(0, late));
    rcu_drain(); /* now nobody has them any more */
    assert_true(walk(START + EVICTION_PAUSE_MS) > 0);
    assert_false(lives(0, late));
    rcu_drain();
    assert_int_equal(walk(START + 10 * EVICTION_PAUSE_MS), 0);
}

static void test_walks_do_not_follow_each_other_at_once(void **state) {
    (void)state;
    uint64_t first = join(0, 1, 1, START), second = join(0, 2, 2, START);
    ban("198.18.0.1");
    walk(START);
    assert_false(lives(0, first));
    ban("198.18.0.2");
    assert_int_equal(walk(START + EVICTION_PAUSE_MS - 1), 0);
    assert_true(lives(0, second));
    walk(START + EVICTION_PAUSE_MS);
    assert_false(lives(0, second));
}

/* A ban that comes while a walk is under way has passed what it looked at already. */
static void test_a_ban_during_a_walk_has_one_of_its_own(void **state) {
    (void)state;
    uint64_t first = join(0, 1, 1, START), last = join(1, 2, 2, START);
    ban("198.18.0.2");
    assert_true(eviction_step(&eviction, START));
    ban("198.18.0.1");
    walk(START);
    assert_false(lives(1, last));
    walk(START + EVICTION_PAUSE_MS);
    assert_false(lives(0, first));
}

/* Slices are short, and each session that has to go does, wherever its slot is. */
static void test_a_crowd_goes_in_slices(void **state) {
    (void)state;
    for (unsigned i = 0; i < CROWD; i++) (void)join(0, i, i % 2 ? 1 : 1000 + i, START);
    ban("198.18.0.1");
    uint64_t before = 0, now = START;
    for (bool more = true; more;) {
        more = eviction_step(&eviction, now);
        uint64_t ended = shards[0].counters.evicted;
        assert_in_range(ended - before, 0, SHARD_BATCH);
        before = ended;
        rcu_reader_quiescent();
    }
    assert_int_equal(before, CROWD / 2);
    assert_int_equal(shards[0].counters.sessions, CROWD / 2);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, start, stop)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_who_is_banned_goes_and_nobody_else),
        TEST(test_the_room_changes),
        TEST(test_a_provisional_session_goes_too),
        TEST(test_an_exception_stays),
        TEST(test_whom_former_rules_let_in_goes_with_the_second_walk),
        TEST(test_walks_do_not_follow_each_other_at_once),
        TEST(test_a_ban_during_a_walk_has_one_of_its_own),
        TEST(test_a_crowd_goes_in_slices),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("eviction", tests, NULL, NULL);
}
