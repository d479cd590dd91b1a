#include "bench/load/fleet_names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct fleet_names names_of(uint8_t number) {
    struct fleet_names names;
    uint8_t seed[32] = {number};
    fleet_names_init(&names, seed);
    return names;
}

static void ids_lead_back_to_their_members(void **state) {
    static const uint32_t indices[] = {0, 1, 2, 63, 64, 999999, 0x80000000, UINT32_MAX};
    struct fleet_names names = names_of(1);
    (void)state;
    for (size_t i = 0; i < sizeof indices / sizeof *indices; i++) {
        uint8_t id[MEMBER_ID_SIZE];
        uint32_t index;
        fleet_names_member_id(&names, indices[i], id);
        assert_true(fleet_names_member_index(&names, id, &index));
        assert_int_equal(index, indices[i]);
    }
    for (uint32_t i = 0; i < 100000; i++) {
        uint8_t id[MEMBER_ID_SIZE];
        uint32_t index;
        fleet_names_member_id(&names, i, id);
        assert_true(fleet_names_member_index(&names, id, &index) && index == i);
    }
}

/* Members of a room are sorted by id: that must not be the order in which they come. */
static void ids_are_mixed(void **state) {
    struct fleet_names names = names_of(1);
    uint8_t before[MEMBER_ID_SIZE], id[MEMBER_ID_SIZE];
    unsigned ascending = 0;
    (void)state;
    fleet_names_member_id(&names, 0, before);
    for (uint32_t i = 1; i <= 1000; i++) {
        fleet_names_member_id(&names, i, id);
        ascending += memcmp(before, id, sizeof id) < 0;
        memcpy(before, id, sizeof id);
    }
    assert_in_range(ascending, 400, 600);
}

static void strangers_are_told_apart(void **state) {
    struct fleet_names names = names_of(1), others = names_of(2);
    uint8_t id[MEMBER_ID_SIZE];
    uint32_t index;
    (void)state;
    for (uint32_t i = 0; i < 1000; i++) {
        fleet_names_member_id(&others, i, id);
        assert_false(fleet_names_member_index(&names, id, &index));
    }
    for (size_t bit = 0; bit < 8 * MEMBER_ID_SIZE; bit++) {
        fleet_names_member_id(&names, 7, id);
        id[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_true(!fleet_names_member_index(&names, id, &index) || index != 7);
    }
}

static void rooms_have_tags_of_their_own(void **state) {
    struct fleet_names names = names_of(1), same = names_of(1), others = names_of(2);
    uint8_t a[ROOM_TAG_SIZE], b[ROOM_TAG_SIZE];
    (void)state;
    fleet_names_room_tag(&names, 5, a);
    fleet_names_room_tag(&same, 5, b);
    assert_memory_equal(a, b, sizeof a);
    assert_memory_equal(names.owner, same.owner, sizeof names.owner);
    fleet_names_room_tag(&names, 6, b);
    assert_memory_not_equal(a, b, sizeof a);
    fleet_names_room_tag(&others, 5, b);
    assert_memory_not_equal(a, b, sizeof a);
    assert_memory_not_equal(names.owner, others.owner, sizeof names.owner);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_lead_back_to_their_members),
        cmocka_unit_test(ids_are_mixed),
        cmocka_unit_test(strangers_are_told_apart),
        cmocka_unit_test(rooms_have_tags_of_their_own),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("fleet_names", tests, NULL, NULL);
}
