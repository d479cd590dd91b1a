#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/keys/key_sets.h"

static struct key_set set_of(uint8_t number) {
    struct key_set set;
    memset(&set, number, sizeof set);
    return set;
}

static struct key_sets start(void) {
    struct key_sets sets;
    const struct key_set first = set_of(1);
    key_sets_init(&sets, &first);
    return sets;
}

static size_t rekey(struct key_sets *sets, uint8_t to) {
    const struct key_set set = set_of(to);
    size_t surplus = key_sets_surplus(sets, set.tag);
    if (surplus != KEY_SETS_NONE) key_sets_drop(sets, surplus);
    size_t number = key_sets_rekey(sets, &set);
    assert_true(key_sets_hold(sets));
    assert_int_equal(key_sets_current(sets), number);
    assert_memory_equal(&sets->list[number], &set, sizeof set);
    return number;
}

static size_t find(const struct key_sets *sets, uint8_t number) {
    const struct key_set set = set_of(number);
    return key_sets_find(sets, set.tag);
}

static bool add(struct key_sets *sets, uint8_t number, enum key_set_role role, size_t *out) {
    const struct key_set set = set_of(number);
    bool added = key_sets_add(sets, &set, role, out);
    assert_true(key_sets_hold(sets));
    return added;
}

static void a_room_begins_with_one_set(void **state) {
    (void)state;
    const struct key_sets sets = start();
    assert_true(key_sets_hold(&sets));
    assert_int_equal(key_sets_current(&sets), 0);
    assert_int_equal(key_sets_used(&sets), 1);
    assert_int_equal(find(&sets, 1), 0);
    assert_int_equal(find(&sets, 2), KEY_SETS_NONE);
    assert_int_equal(key_sets_best(&sets, ~UINT32_C(0)), 0);
    assert_int_equal(key_sets_best(&sets, 2), KEY_SETS_NONE);
}

static void current_comes_before_doors_and_newer_before_older(void **state) {
    (void)state;
    struct key_sets sets = start();
    size_t old_door, door;
    assert_true(add(&sets, 2, KEY_SET_DOOR, &old_door));
    assert_true(add(&sets, 3, KEY_SET_DOOR, &door));
    const size_t former = 0, last = rekey(&sets, 4), current = rekey(&sets, 5);
    const size_t order[] = {current, door, old_door, last, former};
    uint32_t numbers = key_sets_used(&sets);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(key_sets_best(&sets, numbers), order[i]);
        numbers &= ~(UINT32_C(1) << order[i]);
    }
    assert_int_equal(numbers, 0);
}

static void a_set_keeps_its_number(void **state) {
    (void)state;
    struct key_sets sets = start();
    size_t door;
    assert_true(add(&sets, 2, KEY_SET_DOOR, &door));
    assert_int_equal(rekey(&sets, 2), door); /* the door's becomes the present one */
    assert_int_equal(sets.roles[0], KEY_SET_FORMER);
    assert_int_equal(rekey(&sets, 1), 0); /* and back */
    assert_int_equal(sets.roles[door], KEY_SET_FORMER);
    assert_int_equal(rekey(&sets, 1), 0);
    assert_int_equal(sets.roles[door], KEY_SET_FORMER);
    key_sets_drop(&sets, door);
    assert_int_equal(key_sets_used(&sets), 1);
    assert_true(key_sets_hold(&sets));
}

static void there_are_four_former_ones_at_most(void **state) {
    (void)state;
    struct key_sets sets = start();
    for (uint8_t i = 2; i < 60; i++) {
        rekey(&sets, i);
        for (uint8_t former = 1; former < i; former++)
            assert_int_equal(find(&sets, former) != KEY_SETS_NONE, i - former <= KEY_SETS_FORMER);
    }
}

static void doors_leave_room_for_a_former_one(void **state) {
    (void)state;
    struct key_sets sets = start();
    size_t number;
    for (uint8_t i = 0; i < KEY_SETS_DOORS; i++) assert_true(add(&sets, (uint8_t)(100 + i), KEY_SET_DOOR, &number));
    assert_false(add(&sets, 99, KEY_SET_DOOR, &number));
    for (uint8_t i = 2; i < 20; i++) {
        rekey(&sets, i);
        assert_int_not_equal(find(&sets, (uint8_t)(i - 1)), KEY_SETS_NONE);
    }
    assert_false(add(&sets, 98, KEY_SET_FORMER, &number)); /* no number is left */
    for (uint8_t i = 0; i < KEY_SETS_DOORS; i++)
        assert_int_equal(sets.roles[find(&sets, (uint8_t)(100 + i))], KEY_SET_DOOR);
}

/* Whoever comes by it would find nobody; who was away may have had a later secret. */
static void a_door_comes_before_the_oldest_former_one(void **state) {
    (void)state;
    struct key_sets sets = start();
    const struct key_set door = set_of(103), seventh = set_of(106);
    size_t number;
    for (uint8_t i = 2; i < 6; i++) rekey(&sets, i);
    for (uint8_t i = 0; i < 3; i++) {
        assert_int_equal(key_sets_surplus_by_door(&sets, door.tag), KEY_SETS_NONE);
        assert_true(add(&sets, (uint8_t)(100 + i), KEY_SET_DOOR, &number));
    }
    for (uint8_t i = 1; i < 4; i++) {
        assert_int_equal(key_sets_surplus_by_door(&sets, sets.list[number].tag), KEY_SETS_NONE); /* it is there */
        assert_int_equal(key_sets_surplus_by_door(&sets, set_of(200).tag), find(&sets, i));
        key_sets_drop(&sets, find(&sets, i));
        assert_true(add(&sets, (uint8_t)(102 + i), KEY_SET_DOOR, &number));
    }
    assert_int_equal(key_sets_surplus_by_door(&sets, seventh.tag), KEY_SETS_NONE); /* there are too many */
    assert_int_not_equal(find(&sets, 4), KEY_SETS_NONE);
}

static void what_is_there_is_not_added(void **state) {
    (void)state;
    struct key_sets sets = start();
    size_t number = 77;
    assert_false(add(&sets, 1, KEY_SET_DOOR, &number));
    assert_false(add(&sets, 1, KEY_SET_FORMER, &number));
    assert_int_equal(number, 77);
    assert_int_equal(sets.roles[0], KEY_SET_CURRENT);
}

/* Whatever is done, what the header says holds; what is CURRENT was made so last. */
static void any_order_of_changes_holds(void **state) {
    (void)state;
    srand(7);
    struct key_sets sets = start();
    for (int i = 0; i < 20000; i++) {
        uint8_t which = (uint8_t)(1 + rand() % 14);
        size_t at = find(&sets, which), number;
        switch (rand() % 4) {
        case 0: rekey(&sets, which); break;
        case 1: (void)add(&sets, which, KEY_SET_DOOR, &number); break;
        case 2: (void)add(&sets, which, KEY_SET_FORMER, &number); break;
        default:
            if (at != KEY_SETS_NONE && at != key_sets_current(&sets)) key_sets_drop(&sets, at);
            assert_true(key_sets_hold(&sets));
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_room_begins_with_one_set),
        cmocka_unit_test(current_comes_before_doors_and_newer_before_older),
        cmocka_unit_test(a_set_keeps_its_number),
        cmocka_unit_test(there_are_four_former_ones_at_most),
        cmocka_unit_test(doors_leave_room_for_a_former_one),
        cmocka_unit_test(a_door_comes_before_the_oldest_former_one),
        cmocka_unit_test(what_is_there_is_not_added),
        cmocka_unit_test(any_order_of_changes_holds),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("key_sets", tests, NULL, NULL);
}
