/* Whose turn it is, against asking every member, whatever is done to whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/room/status.h"
#include "client/room/turns.h"
#include "common/clock.h"
#include "tests/support/room_parts.h"

#define NOW 1000000
#define MOST 40
#define STEPS 20000

static uint64_t drawn = 1;

static uint64_t draw(uint64_t below) {
    drawn = drawn * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (drawn >> 33) % below;
}

/* --- A room in which packets go nowhere --- */

static unsigned sent;

static void on_send(void *context, const struct peer *peer, const struct path *to, const uint8_t *data, size_t size,
                    uint64_t now) {
    (void)context, (void)peer, (void)to, (void)data, (void)size, (void)now;
    sent++;
}

static size_t on_ways_through(void *context, const struct peer *peer, struct path out[static PEER_RELAYS]) {
    (void)context, (void)peer;
    out[0] = path_through_bootnode(0);
    return 1;
}

static void on_introduce(void *context, struct peer *peer) {
    (void)context, (void)peer;
}

static void on_absent(void *context, struct peer *peer, uint64_t now) {
    struct assembly *room = context;
    (void)now;
    members_finish(&room->members, peer->owner);
}

static int setup(void **state) {
    struct room_parts *parts = calloc(1, sizeof *parts);
    assert_non_null(parts);
    room_parts_init(parts, NOW);
    parts->room.peer_host.reachable = 1;
    parts->room.peer_host.send = on_send;
    parts->room.peer_host.ways_through = on_ways_through;
    parts->room.peer_host.introduce = on_introduce;
    parts->room.peer_host.absent = on_absent;
    *state = parts;
    return 0;
}

static int teardown(void **state) {
    room_parts_clear(*state);
    free(*state);
    return 0;
}

static struct member_record record_of(uint32_t number) {
    struct member_record record = {.suite_mask = 1};
    memcpy(record.id, &number, sizeof number);
    return record;
}

static uint64_t asked(const struct room_parts *parts, bool tells) {
    uint64_t due = NEVER;
    for (size_t i = 0; i < parts->room.members.count; i++) {
        const struct member *member = parts->room.members.list[i];
        due = earlier(due, earlier(peer_due(member->peer), tells ? status_due(member) : NEVER));
    }
    return due;
}

static void check(struct room_parts *parts, bool tells) {
    uint64_t due = turns_due(&parts->room.members, tells, parts->now), wanted = asked(parts, tells);
    assert_true(turns_holds(&parts->room.members, tells, parts->now));
    assert_true(due == wanted || (due <= parts->now && wanted <= parts->now));
}

/* --- Tests --- */

static void nobody_is_never_due(void **state) {
    struct room_parts *parts = *state;
    assert_true(turns_due(&parts->room.members, true, NOW) == NEVER);
}

static void who_is_told_again_is_due_again(void **state) {
    struct room_parts *parts = *state;
    struct member *member = room_parts_member(parts, &parts->anna, "anna");
    status_welcome(member, &parts->room.events);
    turns_settle(&parts->room.members, true);
    assert_int_equal(parts->room.members.ready[0], 0); /* connected, and so not as it was told */
    assert_int_equal(turns_due(&parts->room.members, true, NOW), 0);
    status_check(member, &parts->room.events, NOW);
    check(parts, true);
}

/* Some member comes, goes, is called back or spoken to. */
static void something_happens(struct room_parts *parts, uint32_t *number) {
    static const struct address somewhere = {.ip = {[10] = 0xff, 0xff, 198, 51, 100, 7}, .port = 4000};
    struct members *members = &parts->room.members;
    uint64_t now = parts->now;
    if (members->count < MOST && draw(4) == 0) {
        const struct member_record record = record_of(++*number);
        struct member *member = members_add(members, &parts->room.peer_host, &record, 1, 1, now);
        assert_non_null(member);
        peer_listed(member->peer, 0, &record, &somewhere, 1, now);
        status_welcome(member, &parts->room.events);
        return;
    }
    if (members->count == 0) return;
    struct member *member = members->list[draw(members->count)];
    struct member_record record = {.suite_mask = 1};
    memcpy(record.id, member->peer->pair.other_id, sizeof record.id);
    switch (draw(5)) {
    case 0: peer_delisted(member->peer, 0, draw(2), now); break;
    case 1: peer_listed(member->peer, 0, &record, &somewhere, 1, now); break;
    case 2: peer_retry(member->peer, now); break;
    case 3: peer_introduced(member->peer, 0, &somewhere, 1, now); break;
    case 4: peer_receive_probe(member->peer, &(struct path){.address = somewhere}, now); break;
    }
}

static void tick(struct room_parts *parts) {
    struct members *members = &parts->room.members;
    turns_settle(members, true);
    for (size_t i = 0; i < members->count; i++) {
        struct member *member = members->list[i];
        if (members->ready[i] > parts->now) {
            assert_true(peer_ready(member->peer) > parts->now && status_due(member) > parts->now);
            continue;
        }
        peer_tick(member->peer, parts->now);
        status_check(member, &parts->room.events, parts->now);
        turns_settle(members, true);
    }
    members_sweep(members);
}

static void whatever_happens_it_agrees_with_asking(void **state) {
    struct room_parts *parts = *state;
    uint32_t number = 0;
    size_t most = 0, swept = 0;
    for (unsigned step = 0; step < STEPS; step++) {
        size_t before = parts->room.members.count;
        uint64_t due = turns_due(&parts->room.members, true, parts->now);
        if (draw(3) == 0)
            something_happens(parts, &number);
        else if (due != NEVER && due > parts->now && draw(2))
            parts->now = due;
        else
            parts->now += draw(200);
        if (turns_due(&parts->room.members, true, parts->now) <= parts->now) tick(parts);
        check(parts, true);
        if (parts->room.members.count > most) most = parts->room.members.count;
        if (parts->room.members.count < before) swept += before - parts->room.members.count;
    }
    assert_in_range(most, MOST / 4, MOST);
    assert_in_range(swept, 10, STEPS);
    assert_in_range(sent, 100, UINT32_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(nobody_is_never_due),
        TEST(who_is_told_again_is_due_again),
        TEST(whatever_happens_it_agrees_with_asking),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("turns", tests, NULL, NULL);
}
