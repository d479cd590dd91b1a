#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "client/peer/rush.h"

#define PLACES 50

static void so_many_at_a_time(void **state) {
    struct rush rush = {.waiting = 0};
    struct rush_place places[PLACES] = {{.state = RUSH_OUT}};
    (void)state;
    for (size_t i = 0; i < PLACES; i++) assert_int_equal(rush_ask(&rush, &places[i]), i < RUSH_HANDSHAKES);
    assert_null(rush_call(&rush));
    for (size_t i = 0; i + RUSH_HANDSHAKES < PLACES; i++) {
        rush_leave(&rush, &places[i]);
        assert_ptr_equal(rush_call(&rush), &places[i + RUSH_HANDSHAKES]);
        assert_null(rush_call(&rush));
        assert_true(rush_holds(&rush));
    }
    assert_int_equal(rush.waiting, 0);
}

static void who_is_expected_goes_first(void **state) {
    struct rush rush = {.waiting = 0};
    struct rush_place places[PLACES] = {{.state = RUSH_OUT}};
    (void)state;
    for (size_t i = 0; i < PLACES; i++) (void)rush_ask(&rush, &places[i]);
    rush_hurry(&rush, &places[40]);
    rush_hurry(&rush, &places[30]);
    rush_hurry(&rush, &places[40]); /* once is enough */
    rush_hurry(&rush, &places[0]);  /* has its turn */
    for (size_t i = 0; i < 3; i++) rush_leave(&rush, &places[i]);
    assert_ptr_equal(rush_call(&rush), &places[40]);
    assert_ptr_equal(rush_call(&rush), &places[30]);
    assert_ptr_equal(rush_call(&rush), &places[RUSH_HANDSHAKES]);
    assert_null(rush_call(&rush));
}

/* A turn that is over makes room for the next, and the round goes on. */
static void nobody_waits_for_the_silent(void **state) {
    struct rush rush = {.waiting = 0};
    struct rush_place places[PLACES] = {{.state = RUSH_OUT}};
    (void)state;
    for (size_t i = 0; i < PLACES; i++) (void)rush_ask(&rush, &places[i]);
    rush_go_on(&rush, &places[3]);
    assert_ptr_equal(rush_call(&rush), &places[RUSH_HANDSHAKES]);
    assert_int_equal(rush.unturned, 1);
    assert_int_equal(rush_stretch(&rush), 1 + (PLACES - 1) / RUSH_HANDSHAKES);
}

static void alone_nothing_is_longer(void **state) {
    struct rush rush = {.waiting = 0};
    struct rush_place place = {.state = RUSH_OUT};
    (void)state;
    assert_true(rush_ask(&rush, &place));
    rush_answered(&rush, 700);
    assert_int_equal(rush_stretch(&rush), 1);
    assert_int_equal(rush_answer_ms(&rush), 0);
    assert_int_equal(rush_patience_ms(&rush), 0);
    assert_in_range(rush_turn_ms(&rush), 700, 3000);
}

static void answers_are_waited_for_as_many_are_under_way(void **state) {
    struct rush rush = {.waiting = 0};
    struct rush_place places[PLACES] = {{.state = RUSH_OUT}};
    (void)state;
    for (size_t i = 0; i <= RUSH_HANDSHAKES; i++) (void)rush_ask(&rush, &places[i]);
    assert_int_equal(rush_answer_ms(&rush), 0); /* nobody knows yet */
    assert_int_equal(rush_patience_ms(&rush), ROUND_TRIP_FIRST_MS);
    for (int i = 0; i < 100; i++) rush_answered(&rush, 400);
    assert_in_range(rush_answer_ms(&rush), 400, 402);
    for (size_t i = 0; i < RUSH_HANDSHAKES / 2; i++) rush_leave(&rush, &places[i]);
    assert_in_range(rush_answer_ms(&rush), 200, 201);
    for (int i = 0; i < 100; i++) rush_answered(&rush, 1000000);
    assert_int_equal(rush_answer_ms(&rush), RUSH_ANSWER_MOST_MS / 2);
    assert_int_equal(rush_turn_ms(&rush), RUSH_ANSWER_MOST_MS);
}

static void turns_in_vain_grow_short(void **state) {
    struct rush rush = {.waiting = 0};
    struct rush_place place = {.state = RUSH_OUT};
    (void)state;
    for (unsigned i = 0; i < RUSH_HANDSHAKES; i++) {
        assert_in_range(rush_turn_ms(&rush), 1000, RUSH_ANSWER_MOST_MS);
        assert_true(rush_ask(&rush, &place));
        rush_go_on(&rush, &place);
        rush_go_on(&rush, &place); /* has no turn any more */
    }
    assert_int_equal(rush_turn_ms(&rush), RUSH_TURN_LEAST_MS);
    rush_answered(&rush, 700);
    assert_in_range(rush_turn_ms(&rush), 700, RUSH_ANSWER_MOST_MS);
}

static void no_order_of_events_breaks_it(void **state) {
    struct rush rush = {.waiting = 0};
    struct rush_place places[PLACES] = {{.state = RUSH_OUT}};
    unsigned chance = 1;
    (void)state;
    for (int i = 0; i < 100000; i++) {
        chance = chance * 1103515245u + 12345u;
        struct rush_place *place = &places[chance / 65536 % PLACES];
        switch (chance / 8192 % 5) {
        case 0: (void)rush_ask(&rush, place); break;
        case 1: rush_hurry(&rush, place); break;
        case 2: rush_go_on(&rush, place); break;
        case 3: rush_leave(&rush, place); break;
        default: (void)rush_call(&rush); break;
        }
        assert_true(rush_holds(&rush));
    }
    for (size_t i = 0; i < PLACES; i++) rush_leave(&rush, &places[i]);
    assert_int_equal(rush.waiting + rush.taken + rush.unturned, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(so_many_at_a_time),
        cmocka_unit_test(who_is_expected_goes_first),
        cmocka_unit_test(nobody_waits_for_the_silent),
        cmocka_unit_test(alone_nothing_is_longer),
        cmocka_unit_test(answers_are_waited_for_as_many_are_under_way),
        cmocka_unit_test(turns_in_vain_grow_short),
        cmocka_unit_test(no_order_of_events_breaks_it),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("rush", tests, NULL, NULL);
}
