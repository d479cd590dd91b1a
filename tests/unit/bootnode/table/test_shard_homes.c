#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <string.h>

#include "bootnode/table/shard_homes.h"
#include "bootnode/table/shard_members.h"
#include "common/log.h"
#include "common/rcu.h"
#include "tests/support/shard_guest.h"

#define CROWD 500 /* in one room */
#define ROOMS 300

static struct shard shard;
static uint16_t stamps[BUCKETS];
static struct shard_limits wide;

static int open_shard(void **state) {
    (void)state;
    wide = guest_limits;
    wide.places = room_places_of(512, 512, false);
    memset(stamps, 0, sizeof stamps);
    guest_open(&shard, &wide, -1);
    return 0;
}

static int close_shard(void **state) {
    (void)state;
    shard_destroy(&shard);
    return 0;
}

static uint16_t bucket_of(unsigned room) {
    uint8_t tag[ROOM_TAG_SIZE];
    guest_tag(room, tag);
    return room_bucket(tag);
}

/* All that a whole walk finds, in order; the caller frees. */
static uint64_t *walk(size_t *count) {
    struct shard_homes_walk place = {0};
    uint64_t *all = calloc(ROOMS * 10 + CROWD, sizeof *all);
    bool more = true;
    *count = 0;
    while (more) {
        uint64_t found[SHARD_BATCH];
        size_t some;
        more = shard_homes_find(&shard, stamps, &place, found, &some);
        assert_true(some <= SHARD_BATCH);
        memcpy(all + *count, found, some * sizeof *found);
        *count += some;
        rcu_reader_quiescent();
    }
    return all;
}

static unsigned room_of(uint64_t id) {
    const struct session *session = guest_session(&shard, id);
    for (unsigned room = 1; room <= ROOMS; room++)
        if (session->room == guest_room(&shard, room)) return room;
    fail();
    return 0;
}

/* Rooms in no order in the slabs: each is found as a whole, once, and only where its homes changed. */
static void rooms_come_as_a_whole(void **state) {
    size_t count, moved = 0;
    (void)state;
    for (unsigned member = 1; member <= 3; member++)
        for (unsigned room = 1; room <= ROOMS; room++)
            (void)guest_join(&shard, (struct guest){.room = room, .member = 1000 * member + room}, GUEST_START);
    for (unsigned room = 1; room <= ROOMS; room += 2) stamps[bucket_of(room)] = 1;
    for (unsigned room = 1; room <= ROOMS; room++) moved += stamps[bucket_of(room)];
    uint64_t *found = walk(&count);
    assert_int_equal(count, 3 * moved);
    for (size_t i = 0; i < count; i += 3) {
        assert_int_equal(stamps[bucket_of(room_of(found[i]))], 1);
        assert_int_equal(room_of(found[i]), room_of(found[i + 1]));
        assert_int_equal(room_of(found[i]), room_of(found[i + 2]));
    }
    assert_int_equal(shard_homes_missed(&shard, stamps), 0);
    free(found);
    found = walk(&count);
    assert_int_equal(count, 0);
    free(found);
}

/* A room that takes several calls, while members leave and come: who stayed is found once. */
static void a_crowd_takes_several_calls(void **state) {
    struct shard_homes_walk place = {0};
    static uint64_t ids[CROWD + 1];
    static unsigned times[CROWD + 1];
    size_t left = 0;
    (void)state;
    memset(times, 0, sizeof times);
    for (unsigned i = 1; i <= CROWD; i++)
        ids[i] = guest_join(&shard, (struct guest){.room = 1, .member = i}, GUEST_START);
    stamps[bucket_of(1)] = 5;
    for (bool more = true; more;) {
        uint64_t found[SHARD_BATCH];
        size_t count;
        more = shard_homes_find(&shard, stamps, &place, found, &count);
        for (size_t i = 0; i < count; i++)
            for (unsigned j = 1; j <= CROWD; j++) times[j] += ids[j] == found[i];
        if (left < 20) {
            left++;
            assert_true(shard_leave(&shard, ids[left * 20], LEAVE_SAID, GUEST_START));
        }
        rcu_reader_quiescent();
    }
    for (unsigned i = 1; i <= CROWD; i++)
        if (i % 20 != 0 || i / 20 > left) assert_int_equal(times[i], 1);
    assert_int_equal(shard_homes_missed(&shard, stamps), 0);
}

/* Told, asked, told anew: what counts is what it was told last. */
static void one_is_told_of_what_is_new(void **state) {
    struct shard_homes_told first, second;
    (void)state;
    const uint64_t id = guest_join(&shard, (struct guest){.room = 1, .member = 1}, GUEST_START);
    const uint16_t bucket = bucket_of(1);
    struct session *session = guest_session(&shard, id);
    assert_int_equal(shard_homes_tell(&shard, id, stamps, GUEST_START, &first), SHARD_HOMES_GONE);
    stamps[bucket] = 1;
    assert_int_equal(shard_homes_tell(&shard, id, stamps, GUEST_START, &first), SHARD_HOMES_SEND);
    assert_int_equal(first.token, session->token);
    assert_int_equal(first.bucket, bucket);
    assert_int_equal(shard_homes_ask(&shard, stamps, true, GUEST_START + 1000, &first), SHARD_HOMES_SEND);
    /* Its token was echoed, and nothing else had it. */
    session_sign(session, SESSION_ECHOED, 0);
    assert_int_equal(shard_homes_ask(&shard, stamps, true, GUEST_START + 2000, &first), SHARD_HOMES_SEND);
    assert_false(first.shared);
    session_sign(session, SESSION_ECHOED, 0);
    assert_int_equal(shard_homes_ask(&shard, stamps, true, GUEST_START + 3000, &first), SHARD_HOMES_HEARD);
    /* A beat without it shows that it may not have come; a later one with it says no more. */
    session_sign(session, SESSION_MISSED, 0);
    assert_int_equal(shard_homes_ask(&shard, stamps, false, GUEST_START + 3000, &first), SHARD_HOMES_DEAF);
    session_sign(session, 0, SESSION_MISSED);
    /* Changes went out with the same token. */
    session->pushed_ms = GUEST_START + 2500;
    assert_int_equal(shard_homes_ask(&shard, stamps, false, GUEST_START + 3000, &first), SHARD_HOMES_DEAF);
    stamps[bucket] = 2;
    assert_false(shard_homes_end(&shard, stamps, &first, GUEST_START + 60000));
    assert_int_equal(shard_homes_tell(&shard, id, stamps, GUEST_START + 4000, &second), SHARD_HOMES_SEND);
    assert_int_equal(shard_homes_ask(&shard, stamps, true, GUEST_START + 5000, &first), SHARD_HOMES_GONE);
    assert_false(shard_homes_end(&shard, stamps, &first, GUEST_START + 60000));
    assert_true(shard_homes_end(&shard, stamps, &second, GUEST_START + 60000));
    assert_null(guest_session(&shard, id));
    assert_int_equal(shard_homes_ask(&shard, stamps, true, GUEST_START + 5000, &second), SHARD_HOMES_GONE);
    assert_true(shard_holds(&shard));
}

static void who_is_lent_does_not_end(void **state) {
    struct shard_homes_told told;
    (void)state;
    const uint64_t id = guest_join(&shard, (struct guest){.room = 1, .member = 1}, GUEST_START);
    session_sign(guest_session(&shard, id), SESSION_LENT, 0);
    stamps[bucket_of(1)] = 1;
    assert_int_equal(shard_homes_tell(&shard, id, stamps, GUEST_START, &told), SHARD_HOMES_SEND);
    assert_false(shard_homes_end(&shard, stamps, &told, GUEST_START + 60000));
    assert_non_null(guest_session(&shard, id));
}

/* More come with an old cookie than are noted one by one: then all are to be looked at. */
static void those_who_come_late_are_noted(void **state) {
    uint64_t found[SHARD_BATCH];
    size_t count;
    (void)state;
    for (unsigned i = 1; i <= 10; i++) {
        const uint64_t id = guest_join(&shard, (struct guest){.room = i, .member = i}, GUEST_START);
        shard_homes_note(&shard, id, stamps);
    }
    assert_true(shard_homes_take(&shard, found, &count));
    assert_int_equal(count, 0);
    for (unsigned i = 0; i < BUCKETS; i++) stamps[i] = 1;
    for (unsigned i = 11; i <= 20; i++) {
        const uint64_t id = guest_join(&shard, (struct guest){.room = i, .member = i}, GUEST_START);
        shard_homes_note(&shard, id, stamps);
        if (i == 20) assert_true(shard_leave(&shard, id, LEAVE_SAID, GUEST_START));
    }
    assert_true(shard_homes_take(&shard, found, &count));
    assert_int_equal(count, 9);
    assert_int_equal(shard_homes_missed(&shard, stamps), 10);
    for (unsigned i = 21; i <= 21 + SHARD_BATCH; i++) {
        const uint64_t id = guest_join(&shard, (struct guest){.room = i, .member = i}, GUEST_START);
        shard_homes_note(&shard, id, stamps);
    }
    assert_false(shard_homes_take(&shard, found, &count));
    assert_int_equal(count, SHARD_BATCH);
    uint64_t *all = walk(&count);
    assert_int_equal(count, 11);
    free(all);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rooms_come_as_a_whole, open_shard, close_shard),
        cmocka_unit_test_setup_teardown(a_crowd_takes_several_calls, open_shard, close_shard),
        cmocka_unit_test_setup_teardown(one_is_told_of_what_is_new, open_shard, close_shard),
        cmocka_unit_test_setup_teardown(who_is_lent_does_not_end, open_shard, close_shard),
        cmocka_unit_test_setup_teardown(those_who_come_late_are_noted, open_shard, close_shard),
    };
    log_set_level(LOG_LEVEL_ERROR);
    rcu_reader_register();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    int failed = cmocka_run_group_tests_name("shard_homes", tests, NULL, NULL);
    rcu_reader_unregister();
    return failed;
}
