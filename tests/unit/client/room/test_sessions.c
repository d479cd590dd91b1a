/* The numbers of a room's sessions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/room/sessions.h"

static int setup(void **state) {
    if (sodium_init() < 0) return -1;
    *state = calloc(1, sizeof(struct sessions));
    return *state ? 0 : -1;
}

static int teardown(void **state) {
    free(*state);
    return 0;
}

static size_t take_all(struct sessions *sessions, unsigned bootnode) {
    size_t number, count = 0;
    while (sessions_take(sessions, bootnode, &number)) {
        assert_true(number >= sessions->entries && number < BOOTNODE_SESSIONS);
        assert_int_equal(sessions->bootnode[number], bootnode);
        assert_true(sessions_holds(sessions));
        count++;
    }
    return count;
}

/* One that is alone has all, and what is given up comes last. */
static void numbers_take_turns(void **state) {
    struct sessions *sessions = *state;
    size_t number, other;
    sessions_init(sessions, 1);
    assert_true(sessions_take(sessions, 0, &number));
    sessions_give_up(sessions, number);
    for (size_t i = 1; i < BOOTNODE_SESSIONS - 1; i++) {
        assert_true(sessions_take(sessions, 0, &other));
        assert_true(other != number);
    }
    assert_true(sessions_take(sessions, 0, &other));
    assert_int_equal(other, number);
    assert_false(sessions_take(sessions, 0, &other));
    assert_int_equal(sessions_of(sessions, 0), UINT16_MAX);
    assert_int_equal(sessions->end, BOOTNODE_SESSIONS);
}

/* Whoever names homes without end leaves some for each of the others, whatever these have already. */
static void one_does_not_take_all(void **state) {
    struct sessions *sessions = *state;
    for (size_t entries = 2; entries <= BOOTNODES_MAX; entries++) {
        *sessions = (struct sessions){0};
        sessions_init(sessions, entries);
        size_t number, most = BOOTNODE_SESSIONS - entries - SESSIONS_KEPT * (entries - 1);
        assert_true(sessions_take(sessions, 1, &number));
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
    sessions_init(sessions, BOOTNODES_MAX);
    for (unsigned i = 0; i < 100000; i++) {
        unsigned bootnode = randombytes_uniform(BOOTNODES_MAX);
        size_t number = randombytes_uniform(BOOTNODE_SESSIONS);
        const uint16_t before = sessions->used, own = sessions_of(sessions, bootnode);
        if (number >= sessions->entries && sessions_has(sessions, number) && randombytes_uniform(2)) {
            sessions_give_up(sessions, number);
        } else if (sessions_take(sessions, bootnode, &number)) {
            assert_false(before >> number & 1);
        } else {
            assert_true(__builtin_popcount(own) - 1 >= SESSIONS_KEPT);
        }
        assert_true(sessions_holds(sessions));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(numbers_take_turns, setup, teardown),
        cmocka_unit_test_setup_teardown(one_does_not_take_all, setup, teardown),
        cmocka_unit_test_setup_teardown(chance, setup, teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("sessions", tests, NULL, NULL);
}
