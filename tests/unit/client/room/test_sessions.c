/* The numbers of a room's sessions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/room/sessions.h"

static struct key_sets sets;

static void begin(struct sessions *sessions, size_t bootnodes) {
    const struct key_set first = {.tag = {1}};
    key_sets_init(&sets, &first);
    *sessions = (struct sessions){.sets = &sets};
    sessions_init(sessions, bootnodes);
    assert_int_equal(sessions->used, (UINT32_C(1) << bootnodes) - 1);
}

static int setup(void **state) {
    if (sodium_init() < 0) return -1;
    *state = calloc(1, sizeof(struct sessions));
    if (*state) begin(*state, 1);
    return *state ? 0 : -1;
}

static int teardown(void **state) {
    free(*state);
    return 0;
}

static size_t take_all(struct sessions *sessions, unsigned bootnode) {
    size_t number, count = 0;
    while (sessions_take_home(sessions, bootnode, &number)) {
        assert_true(!sessions_is_entry(sessions, number) && number < BOOTNODE_SESSIONS);
        assert_int_equal(sessions->entry[number], bootnode);
        assert_true(sessions_holds(sessions));
        count++;
    }
    return count;
}

/* One that is alone has all, and what is given up comes last. */
static void numbers_take_turns(void **state) {
    struct sessions *sessions = *state;
    size_t number, other;
    assert_true(sessions_take_home(sessions, 0, &number));
    sessions_give_up(sessions, number);
    for (size_t i = 2; i < BOOTNODE_SESSIONS; i++) {
        assert_true(sessions_take_home(sessions, 0, &other));
        assert_true(other != number);
        sessions_give_up(sessions, other);
    }
    assert_true(sessions_take_home(sessions, 0, &other));
    assert_int_equal(other, number);
    assert_int_equal(1 + take_all(sessions, 0), SESSIONS_OF_SET - 1);
    assert_int_equal(__builtin_popcount(sessions_of(sessions, 0)), SESSIONS_OF_SET);
}

/* Whoever names homes without end leaves some for each of the others, whatever these have already. */
static void one_does_not_take_all(void **state) {
    struct sessions *sessions = *state;
    for (size_t entries = 2; entries <= BOOTNODES_MAX; entries++) {
        begin(sessions, entries);
        size_t number, most = SESSIONS_OF_SET - entries - SESSIONS_KEPT * (entries - 1);
        assert_true(sessions_take_home(sessions, 1, &number));
        assert_int_equal(take_all(sessions, 0), most);
        for (unsigned i = 1; i < entries; i++)
            assert_int_equal(take_all(sessions, i), i == 1 ? SESSIONS_KEPT - 1 : SESSIONS_KEPT);
        sessions_give_up(sessions, number);
        assert_int_equal(take_all(sessions, 0), 0);
        assert_int_equal(take_all(sessions, 1), 1);
    }
}

/* Numbers come and go at random: none is given twice, and who has fewer than its part gets one. */
static void chance(void **state) {
    struct sessions *sessions = *state;
    begin(sessions, BOOTNODES_MAX);
    for (unsigned i = 0; i < 100000; i++) {
        unsigned bootnode = randombytes_uniform(BOOTNODES_MAX);
        size_t number = randombytes_uniform(BOOTNODE_SESSIONS);
        const uint32_t before = sessions->used, own = sessions_of(sessions, bootnode);
        if (number >= BOOTNODES_MAX && sessions_has(sessions, number) && randombytes_uniform(2)) {
            sessions_give_up(sessions, number);
        } else if (sessions_take_home(sessions, bootnode, &number)) {
            assert_false(before >> number & 1);
        } else {
            assert_true(__builtin_popcount(own) - 1 >= SESSIONS_KEPT);
        }
        assert_true(sessions_holds(sessions));
    }
}

/* Each bootnode has an entry under each set, and homes behind that; together other sets take nothing from the present
 * one. */
static void sets_have_entries_of_their_own(void **state) {
    struct sessions *sessions = *state;
    const struct key_set next = {.tag = {2}};
    size_t home, entry, door, at;
    begin(sessions, 2);
    assert_true(sessions_take_home(sessions, 1, &home));
    const size_t set = key_sets_rekey(&sets, &next);
    assert_int_equal(sessions_entry(sessions, 1, set), SESSIONS_NONE);
    assert_true(sessions_take_entry(sessions, 1, set, &entry));
    assert_true(sessions_is_entry(sessions, entry) && sessions_is_current(sessions, entry));
    assert_false(sessions_is_current(sessions, home));
    assert_int_equal(sessions_entry(sessions, 1, set), entry);
    assert_int_equal(sessions_entry(sessions, 1, 0), 1);
    assert_int_equal(sessions_under(sessions, 0), 1 << 0 | 1 << 1 | 1 << home);
    assert_int_equal(sessions_behind(sessions, 1), 1 << 1 | 1 << home);
    assert_int_equal(sessions_of(sessions, 1), 1 << 1 | 1 << home | 1 << entry);
    for (uint8_t i = 3; key_sets_used(&sets) != UINT8_MAX >> 1; i++) {
        const struct key_set another = {.tag = {i}};
        assert_true(key_sets_add(&sets, &another, KEY_SET_DOOR, &door));
        for (unsigned bootnode = 0; bootnode < 2; bootnode++)
            if (sessions_take_entry(sessions, bootnode, door, &at)) (void)take_all(sessions, (unsigned)at);
        assert_true(sessions_holds(sessions));
    }
    assert_int_equal(__builtin_popcount(sessions->used & ~sessions_under(sessions, set)),
                     BOOTNODE_SESSIONS - SESSIONS_OF_SET);
    assert_true(sessions_take_entry(sessions, 0, set, &at));
    assert_int_equal(take_all(sessions, (unsigned)at) + take_all(sessions, (unsigned)entry), SESSIONS_OF_SET - 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(numbers_take_turns, setup, teardown),
        cmocka_unit_test_setup_teardown(one_does_not_take_all, setup, teardown),
        cmocka_unit_test_setup_teardown(chance, setup, teardown),
        cmocka_unit_test_setup_teardown(sets_have_entries_of_their_own, setup, teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("sessions", tests, NULL, NULL);
}
