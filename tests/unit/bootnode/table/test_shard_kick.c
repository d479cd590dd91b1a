#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <string.h>

#include "bootnode/table/shard_kick.h"
#include "common/log.h"
#include "common/rcu.h"
#include "tests/support/shard_guest.h"

#define AWAY_MS 10000

static struct shard shard;
static const struct guest ada = {.room = 1, .member = 1}, bob = {.room = 1, .member = 2};

static int open_shard(void **state) {
    (void)state;
    guest_open(&shard, &guest_limits, -1);
    return 0;
}

static int close_shard(void **state) {
    (void)state;
    shard_destroy(&shard);
    return 0;
}

static bool is_there(uint64_t id) {
    return guest_session(&shard, id) != NULL;
}

static void who_is_kicked_is_gone_and_the_room_knows(void **state) {
    (void)state;
    uint64_t first = guest_join(&shard, ada, GUEST_START), second = guest_join(&shard, bob, GUEST_START);
    uint32_t version = guest_room(&shard, 1)->version.count;
    assert_true(shard_kick(&shard, first, GUEST_START + AWAY_MS, GUEST_START));
    assert_false(is_there(first));
    assert_true(is_there(second));
    assert_int_equal(guest_room(&shard, 1)->member_count, 1);
    assert_int_equal(guest_room(&shard, 1)->version.count, version + 1);
    assert_int_equal(shard.counters.kicked, 1);
    assert_false(shard_kick(&shard, first, GUEST_START + AWAY_MS, GUEST_START));
    assert_true(shard_holds(&shard));
}

static void the_last_member_takes_the_room_along(void **state) {
    (void)state;
    uint64_t id = guest_join(&shard, ada, GUEST_START);
    assert_true(shard_kick(&shard, id, GUEST_START, GUEST_START));
    assert_null(guest_room(&shard, 1));
    assert_true(shard_holds(&shard));
}

static void who_is_kicked_does_not_come_back_before_the_time(void **state) {
    (void)state;
    struct registered registered;
    uint64_t id = guest_join(&shard, ada, GUEST_START), until = GUEST_START + AWAY_MS;
    assert_true(shard_kick(&shard, id, until, GUEST_START));
    assert_int_equal(guest_register(&shard, ada, until - 1, &registered, NULL), REGISTERING_KNOWN);
    assert_int_equal(shard.counters.provisional, 0);
    (void)guest_join(&shard, bob, GUEST_START);                           /* somebody else of that room */
    (void)guest_join(&shard, (struct guest){2, ada.member}, GUEST_START); /* and the same in another one */
    (void)guest_join(&shard, ada, until);
}

/* It had registered twice, and waits for the beat of the second. */
static void what_waits_for_its_first_beat_is_no_way_back(void **state) {
    (void)state;
    struct registered registered;
    uint64_t id = guest_join(&shard, ada, GUEST_START), until = GUEST_START + AWAY_MS;
    assert_int_equal(guest_register(&shard, ada, GUEST_START, &registered, NULL), REGISTERED);
    assert_true(shard_kick(&shard, id, until, GUEST_START));
    assert_int_equal(guest_confirm(&shard, registered.session_id, GUEST_START + 1), REGISTERING_KNOWN);
    assert_null(guest_room(&shard, 1));
}

static void who_has_not_beaten_yet_is_kicked_as_well(void **state) {
    (void)state;
    struct registered registered;
    assert_int_equal(guest_register(&shard, ada, GUEST_START, &registered, NULL), REGISTERED);
    assert_true(shard_kick(&shard, registered.session_id, GUEST_START + AWAY_MS, GUEST_START));
    assert_int_equal(guest_register(&shard, ada, GUEST_START, &registered, NULL), REGISTERING_KNOWN);
    assert_int_equal(shard.counters.provisional, 0);
    assert_true(shard_holds(&shard));
}

static void the_last_that_were_kicked_are_kept_out(void **state) {
    (void)state;
    static struct kicked kicked;
    uint8_t tag[ROOM_TAG_SIZE], member[MEMBER_ID_SIZE];
    memset(&kicked, 0, sizeof kicked);
    guest_tag(1, tag);
    for (unsigned i = 0; i <= KICKED_MOST; i++) {
        guest_member_id(i, member);
        kicked_note(&kicked, tag, member, 100 + i);
        kicked_note(&kicked, tag, member, 200 + i); /* one entry */
    }
    for (unsigned i = 0; i <= KICKED_MOST; i++) {
        guest_member_id(i, member);
        assert_int_equal(kicked_has(&kicked, tag, member, 199), i > 0);
        assert_false(kicked_has(&kicked, tag, member, 200 + i));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_shard, close_shard)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(who_is_kicked_is_gone_and_the_room_knows),         TEST(the_last_member_takes_the_room_along),
        TEST(who_is_kicked_does_not_come_back_before_the_time), TEST(what_waits_for_its_first_beat_is_no_way_back),
        TEST(who_has_not_beaten_yet_is_kicked_as_well),         TEST(the_last_that_were_kicked_are_kept_out),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    log_set_level(LOG_LEVEL_WARNING);
    rcu_reader_register();
    int failed = cmocka_run_group_tests_name("shard_kick", tests, NULL, NULL);
    rcu_reader_unregister();
    return failed;
}
