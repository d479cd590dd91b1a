/* Whose clocks move a room's time, and whose do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "client/room/room_clock.h"
#include "tests/support/room_parts.h"

#define NOW 10000
#define LATER 500000
#define OWN ROOM_PARTS_WALL
#define HOUR UINT64_C(3600000)
#define DAY (24 * HOUR)

struct fixture {
    struct room_parts parts;
    struct member *members[3];
};

static int setup(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    room_parts_init(&fixture->parts, NOW);
    fixture->members[0] = room_parts_member(&fixture->parts, &fixture->parts.anna, "anna");
    fixture->members[1] = room_parts_member(&fixture->parts, &fixture->parts.bert, "bert");
    fixture->members[2] = room_parts_member(&fixture->parts, &fixture->parts.carl, "carl");
    for (unsigned i = 0; i < 2; i++) {
        size_t number;
        assert_true(sessions_take_entry(&fixture->parts.room.meeting.sessions, i, 0, &number));
        assert_int_equal(number, i);
    }
    *state = fixture;
    return 0;
}

static int teardown(void **state) {
    struct fixture *fixture = *state;
    room_parts_clear(&fixture->parts);
    free(fixture);
    return 0;
}

/* At NOW it is so late by its clock; 0: it has not told. */
static void bootnode_tells(struct fixture *fixture, size_t bootnode, uint64_t wall_ms) {
    fixture->parts.room.meeting.sessions.list[bootnode].presence.clock_began_ms = wall_ms ? wall_ms - NOW : 0;
}

static void member_tells(struct fixture *fixture, size_t member, uint64_t wall_ms) {
    fixture->members[member]->peer->clock_began_ms = wall_ms ? wall_ms - NOW : 0;
}

static uint64_t room_time(const struct fixture *fixture) {
    return room_clock_ms(&fixture->parts.room.clock, NOW);
}

static void nobody_tells(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(room_time(fixture), OWN);
    member_tells(fixture, 0, OWN + DAY); /* nor do members without a bootnode */
    member_tells(fixture, 1, OWN + DAY);
    assert_int_equal(room_time(fixture), OWN);
}

static void ours_is_right_within_an_hour(void **state) {
    struct fixture *fixture = *state;
    for (size_t i = 0; i < 3; i++) member_tells(fixture, i, OWN + HOUR);
    bootnode_tells(fixture, 0, OWN + HOUR);
    assert_int_equal(room_time(fixture), OWN);
    bootnode_tells(fixture, 0, OWN + HOUR + 1);
    assert_int_equal(room_time(fixture), OWN + HOUR + 1);
    for (size_t i = 0; i < 3; i++) member_tells(fixture, i, OWN - HOUR);
    bootnode_tells(fixture, 0, OWN - HOUR - 1);
    assert_int_equal(room_time(fixture), OWN - HOUR - 1);
}

static void a_bootnode_alone_tells_nobody(void **state) {
    struct fixture *fixture = *state;
    bootnode_tells(fixture, 1, OWN - 3 * DAY);
    assert_int_equal(room_time(fixture), OWN);
    member_tells(fixture, 0, OWN - 3 * DAY + HOUR);
    assert_int_equal(room_time(fixture), OWN - 3 * DAY);
    assert_int_equal(room_clock_ms(&fixture->parts.room.clock, LATER), OWN - 3 * DAY + LATER - NOW);
}

static void a_bootnode_that_lies_moves_nobody(void **state) {
    struct fixture *fixture = *state;
    bootnode_tells(fixture, 0, OWN - 3 * DAY);
    member_tells(fixture, 0, OWN);
    assert_int_equal(room_time(fixture), OWN);
    member_tells(fixture, 1, OWN - 3 * DAY); /* with one who lies, too, among two */
    assert_int_equal(room_time(fixture), OWN);
    member_tells(fixture, 2, OWN - 3 * DAY); /* with most of them */
    assert_int_equal(room_time(fixture), OWN - 3 * DAY);
    fixture->members[2]->peer->connected = false; /* who is not here does not count */
    assert_int_equal(room_time(fixture), OWN);
}

static void members_who_lie_move_nobody(void **state) {
    struct fixture *fixture = *state;
    bootnode_tells(fixture, 0, OWN + 1);
    for (size_t i = 0; i < 3; i++) member_tells(fixture, i, OWN - 3 * DAY);
    assert_int_equal(room_time(fixture), OWN);
}

static void bootnodes_must_agree(void **state) {
    struct fixture *fixture = *state;
    member_tells(fixture, 1, OWN + 3 * DAY);
    bootnode_tells(fixture, 0, OWN + 3 * DAY);
    bootnode_tells(fixture, 1, OWN + 3 * DAY + HOUR);
    assert_int_equal(room_time(fixture), OWN + 3 * DAY);
    bootnode_tells(fixture, 1, OWN + 3 * DAY + HOUR + 1);
    assert_int_equal(room_time(fixture), OWN);
}

static void what_is_recent(void **state) {
    struct fixture *fixture = *state;
    const struct room_clock *clock = &fixture->parts.room.clock;
    const uint64_t oldest = BACKLOG_AGE_MS + HOUR;
    for (int64_t off = -3; off <= 3; off += 3) {
        uint64_t time = OWN + (uint64_t)(off * (int64_t)DAY);
        bootnode_tells(fixture, 0, time);
        member_tells(fixture, 0, time);
        assert_true(room_clock_is_recent(clock, time - oldest, 0, NOW));
        assert_false(room_clock_is_recent(clock, time - oldest - 1, 0, NOW));
        assert_true(room_clock_is_recent(clock, time + HOUR, 0, NOW));
        assert_false(room_clock_is_recent(clock, time + HOUR + 1, 0, NOW));
        uint64_t author = time + 9 * DAY - NOW;
        assert_true(room_clock_is_recent(clock, time + 9 * DAY - oldest, author, NOW));
        assert_false(room_clock_is_recent(clock, time + 9 * DAY - oldest - 1, author, NOW));
        assert_true(room_clock_is_recent(clock, time, author, NOW)); /* it may go by the room's, too */
        assert_false(room_clock_is_recent(clock, time + 4 * DAY, author, NOW));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(nobody_tells),
        TEST(ours_is_right_within_an_hour),
        TEST(a_bootnode_alone_tells_nobody),
        TEST(a_bootnode_that_lies_moves_nobody),
        TEST(members_who_lie_move_nobody),
        TEST(bootnodes_must_agree),
        TEST(what_is_recent),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("room_clock", tests, NULL, NULL);
}
