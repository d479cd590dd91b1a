#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/keys/bootnodes.h"
#include "client/room/members.h"
#include "tests/support/room_parts.h"

#define NOW 1000

static int setup(void **state) {
    struct room_parts *parts = calloc(1, sizeof *parts);
    assert_non_null(parts);
    room_parts_init(parts, NOW);
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

static struct member *add(struct room_parts *parts, uint32_t number) {
    const struct member_record record = record_of(number);
    struct member *member = members_add(&parts->room.members, &parts->room.peer_host, &record, 1, 1, NOW);
    assert_non_null(member);
    assert_true(members_holds(&parts->room.members));
    return member;
}

/* By the tag of packets from that peer. */
static struct member *find_by_tag(struct room_parts *parts, const struct peer *peer) {
    uint8_t tag[PAIR_TAG_SIZE];
    size_t number;
    pair_tag_derive(parts->room.self.keys.set.mac_key, peer->pair.other_id, peer->pair.own_id, tag);
    return members_by_tag(&parts->room.members, tag, &number);
}

static void a_member_is_found_by_id_and_by_tag(void **state) {
    struct room_parts *parts = *state;
    struct member *first = add(parts, 1), *second = add(parts, 2);
    const struct member_record nobody = record_of(3);
    assert_ptr_equal(members_find(&parts->room.members, first->peer->pair.other_id), first);
    assert_ptr_equal(members_find(&parts->room.members, second->peer->pair.other_id), second);
    assert_null(members_find(&parts->room.members, nobody.id));
    assert_ptr_equal(find_by_tag(parts, first->peer), first);
    assert_ptr_equal(find_by_tag(parts, second->peer), second);
    size_t number;
    assert_null(members_by_tag(&parts->room.members, (const uint8_t[PAIR_TAG_SIZE]){0}, &number));
    assert_ptr_equal(first->peer->owner, first);
    assert_ptr_equal(first->exchange.owner, first);
}

static void a_member_is_found_by_the_key_it_introduced(void **state) {
    struct room_parts *parts = *state;
    struct member *first = add(parts, 1), *second = add(parts, 2);
    static const uint8_t nobody[32], key[32] = {7}, other[32] = {8};
    add(parts, 3); /* has not introduced itself */
    memcpy(first->peer->introduction.identity, key, sizeof key);
    memcpy(second->peer->introduction.identity, other, sizeof other);
    assert_ptr_equal(members_by_identity(&parts->room.members, key), first);
    assert_ptr_equal(members_by_identity(&parts->room.members, other), second);
    assert_null(members_by_identity(&parts->room.members, nobody));
    second->peer->introduction.identity[31] ^= 1;
    assert_null(members_by_identity(&parts->room.members, other));
}

/* The last one takes the place of one that is gone; who is not finished stays. */
static void who_is_finished_is_swept(void **state) {
    struct room_parts *parts = *state;
    struct member *members[6];
    for (uint32_t i = 0; i < 6; i++) members[i] = add(parts, i + 1);
    members_finish(&parts->room.members, members[1]);
    members_finish(&parts->room.members, members[5]);
    members_sweep(&parts->room.members);
    assert_true(members_holds(&parts->room.members));
    assert_int_equal(parts->room.members.count, 4);
    const struct member *left[] = {members[0], members[4], members[2], members[3]};
    for (size_t i = 0; i < 4; i++) assert_ptr_equal(parts->room.members.list[i], left[i]);
    for (size_t i = 0; i < 4; i++) assert_ptr_equal(find_by_tag(parts, left[i]->peer), left[i]);
    for (size_t i = 0; i < 4; i++) members_finish(&parts->room.members, parts->room.members.list[i]);
    members_sweep(&parts->room.members);
    assert_int_equal(parts->room.members.count, 0);
}

static void who_has_left_is_not_present(void **state) {
    struct room_parts *parts = *state;
    struct member *first = add(parts, 1);
    add(parts, 2);
    assert_int_equal(members_present(&parts->room.members), 2);
    first->peer->state = PEER_GONE;
    assert_int_equal(members_present(&parts->room.members), 1);
}

/* Bootnode `which` of so many lists somebody; true when we then have one more. */
static bool lists(struct room_parts *parts, unsigned which, unsigned count, uint32_t number) {
    const struct member_record record = record_of(number);
    struct member *member =
        members_add(&parts->room.members, &parts->room.peer_host, &record, UINT32_C(1) << which, count, NOW);
    if (member) peer_listed(member->peer, which, &record, NULL, 0, NOW);
    return member != NULL;
}

static void no_bootnode_takes_the_others_share(void **state) {
    struct room_parts *parts = *state;
    for (unsigned count = 1; count <= BOOTNODES_MAX; count++) {
        uint32_t number = 1;
        unsigned liar = count - 1;
        while (lists(parts, liar, count, number)) number++;
        assert_in_range(parts->room.members.count, 512, MEMBERS_OF_ONE);
        for (unsigned honest = 0; honest < liar; honest++)
            for (unsigned i = 0; i < 512; i++)
                assert_true(lists(parts, honest, count, ++number)); /* the largest room */
        assert_false(lists(parts, liar, count, ++number));
        members_clear(&parts->room.members);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_member_is_found_by_id_and_by_tag), TEST(a_member_is_found_by_the_key_it_introduced),
        TEST(who_is_finished_is_swept),           TEST(who_has_left_is_not_present),
        TEST(no_bootnode_takes_the_others_share),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("members", tests, NULL, NULL);
}
