/* Who is let in to a room that has a gatekeeper, and what the others get. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/room/status.h"
#include "tests/support/room_parts.h"

#define NOW UINT64_C(1000000)

struct fixture {
    struct room_parts parts;
    bool admits, doubts;
    struct gate_visit visit;
    unsigned asked, met, left, told;
};

static bool on_presumes(void *context) {
    const struct fixture *fixture = context;
    return !fixture->doubts;
}

static bool on_admits(void *context, const uint8_t id[static MEMBER_ID_SIZE], const struct gate_visit *visit) {
    struct fixture *fixture = context;
    (void)id;
    fixture->asked++;
    fixture->visit = *visit;
    return fixture->admits;
}

static void on_met(void *context, const uint8_t id[static MEMBER_ID_SIZE], bool admitted, uint64_t now) {
    struct fixture *fixture = context;
    (void)id, (void)now;
    assert_int_equal(admitted, fixture->admits);
    fixture->met++;
}

static void on_left(void *context, const uint8_t id[static MEMBER_ID_SIZE]) {
    struct fixture *fixture = context;
    (void)id;
    fixture->left++;
}

static void on_told(void *context, const uint8_t id[static MEMBER_ID_SIZE], const uint8_t *message, size_t size,
                    uint64_t now) {
    struct fixture *fixture = context;
    (void)id, (void)message, (void)size, (void)now;
    fixture->told++;
}

static int setup(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    room_parts_init(&fixture->parts, NOW);
    fixture->parts.room.gate.keeper = (struct gatekeeper){.context = fixture,
                                                          .presumes = on_presumes,
                                                          .admits = on_admits,
                                                          .met = on_met,
                                                          .left = on_left,
                                                          .told = on_told};
    *state = fixture;
    return 0;
}

static int teardown(void **state) {
    struct fixture *fixture = *state;
    room_parts_clear(&fixture->parts);
    free(fixture);
    return 0;
}

/* Listed under that set, and then connected. */
static struct member *comes(struct fixture *fixture, size_t set) {
    struct assembly *room = &fixture->parts.room;
    struct member *member = room_parts_member(&fixture->parts, &fixture->parts.anna, "anna");
    member->peer->current.set = &room->self.sets.list[set];
    gate_listed(&room->gate, member, set);
    status_welcome(member, &room->events);
    room->peer_host.identified(room, member->peer, NOW);
    room->peer_host.connected(room, member->peer, NOW);
    return member;
}

static size_t add_former(struct fixture *fixture) {
    size_t number;
    const struct key_set set = {.tag = {7}};
    assert_true(key_sets_add(&fixture->parts.room.self.sets, &set, KEY_SET_FORMER, &number));
    members_know_set(&fixture->parts.room.members, number);
    return number;
}

static unsigned told_of(const struct fixture *fixture) {
    const unsigned *shown = fixture->parts.shown;
    return shown[EVENT_PEER_JOINED] + shown[EVENT_PEER_CONNECTED] + shown[EVENT_PEER_PATH] + shown[EVENT_PEER_NICK] +
           shown[EVENT_PEER_STATUS] + shown[EVENT_PEER_LEFT];
}

static void whom_it_admits_is_a_member(void **state) {
    struct fixture *fixture = *state;
    fixture->admits = true;
    const struct member *member = comes(fixture, 0);
    assert_true(member->admitted);
    assert_int_equal(fixture->asked, 1);
    assert_int_equal(fixture->met, 1);
    assert_int_equal(fixture->visit.role, KEY_SET_CURRENT);
    assert_memory_equal(fixture->visit.identity, fixture->parts.anna.public, 32);
    assert_memory_equal(fixture->visit.tag, fixture->parts.room.self.keys.set.tag, ROOM_TAG_SIZE);
    assert_int_equal(fixture->parts.shown[EVENT_PEER_JOINED], 1);
    assert_int_equal(fixture->parts.shown[EVENT_PEER_CONNECTED], 1);
    assert_non_null(member->peer->sender.first); /* what we have of the history */
}

/* Not even what there is to ask for. */
static void whom_it_does_not_hears_nothing(void **state) {
    struct fixture *fixture = *state;
    struct assembly *room = &fixture->parts.room;
    struct member *member = comes(fixture, add_former(fixture));
    assert_false(member->admitted);
    assert_int_equal(fixture->visit.role, KEY_SET_FORMER);
    assert_int_equal(fixture->met, 1);
    room->peer_host.returned(room, member->peer, NOW);
    room->peer_host.renamed(room, member->peer, "anne", NOW);
    room->peer_host.path_changed(room, member->peer);
    status_check(member, &room->events, NOW);
    struct blob *blob = blob_create((const uint8_t *)"x", 1);
    outgoing_tell(&room->outgoing, &room->members, blob, NOW);
    assert_null(member->peer->sender.first);
    assert_true(outgoing_tell_one(&room->outgoing, member, blob, NOW));
    assert_non_null(member->peer->sender.first);
    blob_drop(blob);
    room->peer_host.said_bye(room, member->peer, NOW);
    assert_int_equal(fixture->left, 1);
    assert_int_equal(told_of(fixture), 0);
    assert_int_equal(members_present(&room->members), 0);
}

/* By its listing it was somebody who may come in. */
static void who_was_shown_and_is_turned_away_has_left(void **state) {
    struct fixture *fixture = *state;
    const struct member *member = comes(fixture, 0);
    assert_false(member->admitted);
    assert_int_equal(fixture->parts.shown[EVENT_PEER_JOINED], 1);
    assert_int_equal(fixture->parts.shown[EVENT_PEER_LEFT], 1);
    assert_int_equal(fixture->parts.shown[EVENT_PEER_CONNECTED], 0);
}

/* A newcomer knows nobody. */
static void who_is_not_presumed_is_shown_when_it_is_let_in(void **state) {
    struct fixture *fixture = *state;
    struct member *member = room_parts_member(&fixture->parts, &fixture->parts.bert, "bert");
    fixture->doubts = true;
    gate_listed(&fixture->parts.room.gate, member, 0);
    assert_false(member->admitted);
    (void)comes(fixture, 0);
    assert_int_equal(told_of(fixture), 0);
    fixture->admits = true;
    assembly_decide(&fixture->parts.room, member, NOW);
    assert_int_equal(fixture->parts.shown[EVENT_PEER_JOINED], 1);
}

static void it_decides_anew(void **state) {
    struct fixture *fixture = *state;
    struct assembly *room = &fixture->parts.room;
    struct member *member = comes(fixture, add_former(fixture));
    fixture->admits = true;
    for (unsigned i = 0; i < 2; i++) assembly_decide(room, member, NOW);
    assert_true(member->admitted);
    assert_int_equal(fixture->parts.shown[EVENT_PEER_JOINED], 1);
    assert_int_equal(fixture->parts.shown[EVENT_PEER_CONNECTED], 1);
    assert_non_null(member->peer->sender.first);
    fixture->admits = false;
    for (unsigned i = 0; i < 2; i++) assembly_decide(room, member, NOW);
    assert_false(member->admitted);
    assert_null(member->peer->sender.first);
    assert_int_equal(fixture->parts.shown[EVENT_PEER_LEFT], 1);
}

static void its_messages_are_its_own(void **state) {
    struct fixture *fixture = *state;
    struct assembly *room = &fixture->parts.room;
    struct member *member = comes(fixture, add_former(fixture));
    for (unsigned i = 0; i < 256; i++) {
        const uint8_t message[] = {(uint8_t)i, 1};
        const unsigned before = fixture->told;
        room->peer_host.message(room, member->peer, message, sizeof message, 0, NOW);
        assert_int_equal(fixture->told - before, i >= 0x50 && i <= 0x52);
    }
}

static void a_room_without_one_lets_in_everybody(void **state) {
    struct fixture *fixture = *state;
    fixture->parts.room.gate.keeper = (struct gatekeeper){.admits = NULL};
    const struct member *member = comes(fixture, add_former(fixture));
    assert_true(member->admitted);
    assert_int_equal(fixture->asked + fixture->met, 0);
    assert_int_equal(fixture->parts.shown[EVENT_PEER_CONNECTED], 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whom_it_admits_is_a_member, setup, teardown),
        cmocka_unit_test_setup_teardown(whom_it_does_not_hears_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(who_was_shown_and_is_turned_away_has_left, setup, teardown),
        cmocka_unit_test_setup_teardown(who_is_not_presumed_is_shown_when_it_is_let_in, setup, teardown),
        cmocka_unit_test_setup_teardown(it_decides_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(its_messages_are_its_own, setup, teardown),
        cmocka_unit_test_setup_teardown(a_room_without_one_lets_in_everybody, setup, teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gate", tests, NULL, NULL);
}
