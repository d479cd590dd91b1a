#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "client/room/status.h"
#include "common/clock.h"
#include "tests/support/room_parts.h"

#define NOW 1000

static int setup(void **state) {
    struct room_parts *parts = calloc(1, sizeof *parts);
    assert_non_null(parts);
    room_parts_init(parts, NOW);
    room_parts_member(parts, &parts->anna, "anna");
    *state = parts;
    return 0;
}

static int teardown(void **state) {
    room_parts_clear(*state);
    free(*state);
    return 0;
}

static void assert_told(struct room_parts *parts, uint64_t now, uint32_t rtt_us, bool told) {
    struct member *member = parts->room.members.list[0];
    unsigned before = parts->shown[EVENT_PEER_STATUS];
    member->peer->sender.round_trip.smoothed_us = rtt_us;
    assert_int_equal(status_due(member) <= now, told);
    status_check(member, &parts->room.events, now);
    assert_int_equal(parts->shown[EVENT_PEER_STATUS] - before, told);
}

/* By a tenth and half a millisecond, once a second; where the peer stands, at once. */
static void a_round_trip_is_told_when_it_changed(void **state) {
    struct room_parts *parts = *state;
    struct member *member = parts->room.members.list[0];
    struct peer *peer = member->peer;
    peer->sender.round_trip.measured = true;
    assert_told(parts, NOW, 100000, false); /* it has not joined */
    assert_true(status_due(member) == NEVER);
    status_welcome(member, &parts->room.events);
    assert_told(parts, NOW, 100000, true);
    assert_told(parts, NOW + 1000, 109999, false);
    assert_told(parts, NOW + 1000, 90001, false);
    assert_told(parts, NOW + 999, 110000, false);
    assert_true(status_due(member) == NOW + 1000);
    assert_told(parts, NOW + 1000, 110000, true);
    assert_true(parts->last->rtt_ms > 109.9 && parts->last->rtt_ms < 110.1);
    assert_told(parts, NOW + 2000, 1000, true);
    assert_told(parts, NOW + 3000, 1499, false);
    assert_told(parts, NOW + 3000, 500, true);
    peer->demoted = true;
    assert_told(parts, NOW + 3000, 500, true);
    assert_int_equal(parts->last->standing, STANDING_CONNECTING);
    assert_told(parts, NOW + 9000, 100000, false); /* of whom nothing is heard there is none to tell */
    status_left(member);
    peer->demoted = false;
    assert_told(parts, NOW + 9000, 500, false);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_round_trip_is_told_when_it_changed, setup, teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
