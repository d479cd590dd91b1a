/* The checker of the crowd complains where it must, and only there. */
#include "tests/crowd/truth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ROOMS 2
#define LATER 100000

static const struct truth_bounds bounds = {.newcomer_ms = 1500,
                                           .settled_ms = 2000,
                                           .said_bye_ms = 3000,
                                           .silent_ms = 20000,
                                           .connect_ms = 5000,
                                           .message_ms = 10000,
                                           .recovery_ms = 20000};

static uint32_t next; /* number of who starts */

static const uint8_t *id_of(uint32_t number) {
    static uint8_t ids[64][MEMBER_ID_SIZE];
    ids[number][0] = (uint8_t)(number + 1);
    return ids[number];
}

static int setup(void **state) {
    next = 0;
    *state = truth_create(&bounds, ROOMS);
    return 0;
}

static int teardown(void **state) {
    truth_destroy(*state);
    return 0;
}

static uint32_t start(struct truth *truth, unsigned room, uint64_t now) {
    uint32_t number = truth_starts(truth, room, id_of(next), now);
    assert_int_equal(number, next++);
    return number;
}

static void see_each_other(struct truth *truth, uint32_t one, uint32_t other, uint64_t now) {
    truth_connected(truth, one, id_of(other), now);
    truth_connected(truth, other, id_of(one), now);
}

/* Two who see each other at LATER, and nothing to complain of. */
static void start_pair(struct truth *truth) {
    start(truth, 0, 1);
    start(truth, 0, 1);
    see_each_other(truth, 0, 1, 100);
    assert_true(truth_look(truth, true, LATER));
}

static void expect_complaint(struct truth *truth, enum truth_fault fault, uint32_t observer, uint32_t about) {
    struct truth_complaint complaint;
    assert_true(truth_next_complaint(truth, &complaint));
    assert_int_equal(complaint.fault, fault);
    assert_int_equal(complaint.observer, observer);
    assert_int_equal(complaint.about, about);
    assert_true(truth_tally(truth).faults[fault] > 0);
    assert_false(truth_next_complaint(truth, &complaint));
}

static void expect_peace(struct truth *truth) {
    struct truth_complaint complaint;
    if (truth_next_complaint(truth, &complaint)) fail_msg("a complaint: %s", truth_fault_names[complaint.fault]);
    for (size_t i = 0; i < TRUTH_FAULTS; i++) assert_int_equal(truth_tally(truth).faults[i], 0);
}

static void who_is_alive_has_not_left(void **state) {
    struct truth *truth = *state;
    start_pair(truth);
    truth_left(truth, 0, id_of(1), false, LATER);
    expect_complaint(truth, TRUTH_WRONG_LEFT, 0, 1);
}

static void who_died_said_no_bye(void **state) {
    struct truth *truth = *state;
    start_pair(truth);
    truth_ends(truth, 1, TRUTH_DIED, LATER);
    truth_left(truth, 0, id_of(1), true, LATER + 1);
    expect_complaint(truth, TRUTH_WRONG_LEFT, 0, 1);
}

static void who_has_left_may_be_told(void **state) {
    struct truth *truth = *state;
    start_pair(truth);
    truth_ends(truth, 1, TRUTH_SAID_BYE, LATER);
    truth_left(truth, 0, id_of(1), true, LATER + 1);
    truth_left(truth, 1, id_of(0), false, LATER + 1); /* it is no more: nobody is told anything */
    assert_true(truth_look(truth, true, 2 * LATER));
    expect_peace(truth);
}

static void nobody_knows_a_stranger(void **state) {
    struct truth *truth = *state;
    start_pair(truth);
    truth_joined(truth, 0, id_of(9), LATER);
    expect_complaint(truth, TRUTH_STRANGER, 0, TRUTH_NOBODY);
}

static void a_member_of_another_room_is_a_stranger(void **state) {
    struct truth *truth = *state;
    start_pair(truth);
    start(truth, 1, LATER);
    truth_joined(truth, 0, id_of(2), LATER);
    expect_complaint(truth, TRUTH_STRANGER, 0, TRUTH_NOBODY);
}

static void a_newcomer_sees_all_in_time(void **state) {
    struct truth *truth = *state;
    start_pair(truth);
    uint32_t newcomer = start(truth, 0, LATER);
    see_each_other(truth, newcomer, 0, LATER + 300);
    see_each_other(truth, newcomer, 1, LATER + 1500);
    assert_true(truth_look(truth, true, LATER + 1600));
    expect_peace(truth);
    assert_int_equal(truth_tally(truth).seen_count, 1);
    assert_int_equal(truth_tally(truth).seen_ms[0], 1500);
}

static void a_newcomer_that_sees_one_late_is_late(void **state) {
    struct truth *truth = *state;
    start_pair(truth);
    uint32_t newcomer = start(truth, 0, LATER);
    see_each_other(truth, newcomer, 0, LATER + 300);
    truth_look(truth, true, LATER + 1500);
    expect_peace(truth);
    truth_look(truth, true, LATER + 1501);
    expect_complaint(truth, TRUTH_LATE, newcomer, 1);
    see_each_other(truth, newcomer, 1, LATER + 1700);
    truth_look(truth, true, LATER + 1800);
    assert_int_equal(truth_tally(truth).faults[TRUTH_LATE], 1);
    assert_int_equal(truth_tally(truth).seen_ms[0], 1700);
}

/* Also when the look comes after it was seen. */
static void lateness_is_not_a_matter_of_looking(void **state) {
    struct truth *truth = *state;
    start_pair(truth);
    uint32_t newcomer = start(truth, 0, LATER);
    see_each_other(truth, newcomer, 0, LATER + 300);
    see_each_other(truth, newcomer, 1, LATER + 1501);
    truth_look(truth, true, LATER + 1600);
    expect_complaint(truth, TRUTH_LATE, newcomer, TRUTH_NOBODY);
}

static void who_dies_meanwhile_is_not_awaited(void **state) {
    struct truth *truth = *state;
    start_pair(truth);
    uint32_t newcomer = start(truth, 0, LATER);
    see_each_other(truth, newcomer, 0, LATER + 300);
    truth_ends(truth, 1, TRUTH_DIED, LATER + 400);
    truth_look(truth, true, LATER + 1600);
    assert_int_equal(truth_tally(truth).faults[TRUTH_LATE], 0);
}

static void nobody_is_late_in_an_outage(void **state) {
    struct truth *truth = *state;
    start_pair(truth);
    truth_outage(truth, true, LATER);
    start(truth, 0, LATER + 10);
    assert_true(truth_look(truth, true, LATER + 9000));
    truth_outage(truth, false, LATER + 10000);
    assert_true(truth_look(truth, true, LATER + 29000));
    expect_peace(truth);
    assert_false(truth_look(truth, false, LATER + 30001));
    assert_int_equal(truth_tally(truth).faults[TRUTH_MISSING], 4);
}

static void an_outage_excuses_no_wrong_left(void **state) {
    struct truth *truth = *state;
    start_pair(truth);
    truth_outage(truth, true, LATER);
    truth_left(truth, 0, id_of(1), false, LATER + 1000);
    expect_complaint(truth, TRUTH_WRONG_LEFT, 0, 1);
    assert_false(truth_look(truth, false, LATER + 2000));
}

static void who_is_not_on_a_list_is_missed(void **state) {
    struct truth *truth = *state;
    start(truth, 0, 1);
    start(truth, 0, 1);
    see_each_other(truth, 0, 1, 100);
    truth_ends(truth, 1, TRUTH_DIED, 200);
    start(truth, 0, 300);
    truth_connected(truth, 0, id_of(2), 400);
    assert_true(truth_look(truth, false, 2299));
    assert_false(truth_look(truth, true, 2300));
    expect_complaint(truth, TRUTH_MISSING, 2, 0);
    assert_int_equal(truth_tally(truth).differed_at, 2300);
}

static void who_is_listed_but_not_connected_is_told(void **state) {
    struct truth *truth = *state;
    start(truth, 0, 1);
    start(truth, 0, 1);
    truth_connected(truth, 0, id_of(1), 100);
    truth_joined(truth, 1, id_of(0), 100);
    assert_true(truth_look(truth, true, 5000));
    assert_false(truth_look(truth, true, 5001));
    expect_complaint(truth, TRUTH_UNCONNECTED, 1, 0);
}

static void the_dead_are_not_to_be_listed(void **state) {
    struct truth *truth = *state;
    start_pair(truth);
    truth_ends(truth, 1, TRUTH_DIED, LATER);
    assert_true(truth_look(truth, true, LATER + 19999));
    assert_false(truth_look(truth, true, LATER + 20000));
    expect_complaint(truth, TRUTH_GHOST, 0, 1);
}

static void nor_those_who_said_bye(void **state) {
    struct truth *truth = *state;
    start_pair(truth);
    truth_ends(truth, 1, TRUTH_SAID_BYE, LATER);
    assert_true(truth_look(truth, true, LATER + 2999));
    assert_false(truth_look(truth, true, LATER + 3000));
    expect_complaint(truth, TRUTH_GHOST, 0, 1);
}

static void nor_do_they_come_back(void **state) {
    struct truth *truth = *state;
    start_pair(truth);
    truth_ends(truth, 1, TRUTH_SAID_BYE, LATER);
    truth_left(truth, 0, id_of(1), true, LATER + 1);
    truth_joined(truth, 0, id_of(1), LATER + 3500);
    assert_false(truth_look(truth, true, LATER + 3600));
    expect_complaint(truth, TRUTH_GHOST, 0, 1);
}

static void a_message_must_come_once(void **state) {
    struct truth *truth = *state;
    start_pair(truth);
    uint32_t message = truth_says(truth, 0, LATER);
    truth_heard(truth, 1, id_of(0), message, LATER + 100);
    truth_look(truth, true, LATER + 20000);
    expect_peace(truth);
    truth_heard(truth, 1, id_of(0), message, LATER + 20100);
    expect_complaint(truth, TRUTH_DOUBLED, 1, 0);
}

static void a_message_that_does_not_come_is_lost(void **state) {
    struct truth *truth = *state;
    start_pair(truth);
    truth_says(truth, 0, LATER);
    truth_look(truth, true, LATER + 9999);
    expect_peace(truth);
    truth_look(truth, true, LATER + 10000);
    expect_complaint(truth, TRUTH_LOST, 1, 0);
}

static void a_message_of_somebody_else_is_none(void **state) {
    struct truth *truth = *state;
    start_pair(truth);
    uint32_t message = truth_says(truth, 0, LATER);
    start(truth, 0, LATER);
    truth_heard(truth, 2, id_of(1), message, LATER + 100);
    expect_complaint(truth, TRUTH_STRANGER, 2, 1);
}

/* What was so goes on to be so. */
static void a_new_stretch_forgets_what_was_counted(void **state) {
    struct truth *truth = *state;
    start_pair(truth);
    truth_left(truth, 0, id_of(1), false, LATER);
    truth_begin(truth);
    assert_int_equal(truth_tally(truth).faults[TRUTH_WRONG_LEFT], 0);
    assert_false(truth_look(truth, false, LATER + 100));
    assert_int_equal(truth_tally(truth).faults[TRUTH_MISSING], 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(who_is_alive_has_not_left),
        TEST(who_died_said_no_bye),
        TEST(who_has_left_may_be_told),
        TEST(nobody_knows_a_stranger),
        TEST(a_member_of_another_room_is_a_stranger),
        TEST(a_newcomer_sees_all_in_time),
        TEST(a_newcomer_that_sees_one_late_is_late),
        TEST(lateness_is_not_a_matter_of_looking),
        TEST(who_dies_meanwhile_is_not_awaited),
        TEST(nobody_is_late_in_an_outage),
        TEST(an_outage_excuses_no_wrong_left),
        TEST(who_is_not_on_a_list_is_missed),
        TEST(who_is_listed_but_not_connected_is_told),
        TEST(the_dead_are_not_to_be_listed),
        TEST(nor_those_who_said_bye),
        TEST(nor_do_they_come_back),
        TEST(a_message_must_come_once),
        TEST(a_message_that_does_not_come_is_lost),
        TEST(a_message_of_somebody_else_is_none),
        TEST(a_new_stretch_forgets_what_was_counted),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
