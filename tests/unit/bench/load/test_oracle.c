/* The oracle of the load generator must find each of what it is there for: what is missing, wrong or late. */
#include "bench/load/oracle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define ROOMS 3
#define ROOM_SIZE 70 /* more than fit one word */
#define MEMBERS 4    /* present in the room looked at */
#define ROOM 1
#define EXPIRY UINT64_C(15000000)
#define START UINT64_C(100000000)

static struct oracle_place at(uint32_t position) {
    return (struct oracle_place){ROOM, position, 0};
}

/* Members stand at both ends of the room, so that both words are used. */
static const uint32_t positions[MEMBERS] = {0, 1, 63, 69};

static void see_everyone(struct oracle *oracle, uint32_t watcher, uint32_t but) {
    uint64_t present[(ROOM_SIZE + 63) / 64] = {0};
    for (size_t i = 0; i < MEMBERS; i++)
        if (positions[i] != but) present[positions[i] / 64] |= (uint64_t)1 << positions[i] % 64;
    oracle_sees_all(oracle, at(watcher), present, START);
}

/* All live and know each other; a row begins. */
static int setup(void **state) {
    struct oracle *oracle = oracle_create(ROOMS, ROOM_SIZE);
    assert_non_null(oracle);
    assert_int_equal(oracle_words(oracle), 2);
    for (size_t i = 0; i < MEMBERS; i++) oracle_joins(oracle, at(positions[i]), START);
    for (size_t i = 0; i < MEMBERS; i++) see_everyone(oracle, positions[i], UINT32_MAX);
    oracle_begin(oracle);
    *state = oracle;
    return 0;
}

static int teardown(void **state) {
    oracle_destroy(*state);
    return 0;
}

static void assert_expired(const struct oracle *oracle, uint64_t expected, uint64_t seen, uint64_t wrong) {
    const struct oracle_verdict *verdict = oracle_verdict(oracle);
    assert_int_equal(verdict->expired_expected, expected);
    assert_int_equal(verdict->expired_seen, seen);
    assert_int_equal(verdict->expired_wrong, wrong);
}

/* The first falls silent at START; the others see it leave at these times. */
static void fall_silent(struct oracle *oracle) {
    oracle_silent(oracle, at(0), START, EXPIRY);
}

static void see_it_leave(struct oracle *oracle, uint64_t now) {
    for (size_t i = 1; i < MEMBERS; i++) oracle_sees_left(oracle, at(positions[i]), 0, false, now);
}

static void expiry_in_time_is_seen(void **state) {
    struct oracle *oracle = *state;
    assert_true(oracle_settled(oracle));
    fall_silent(oracle);
    assert_false(oracle_settled(oracle));
    assert_expired(oracle, 1, 0, 0);
    see_it_leave(oracle, START + EXPIRY + 40000);
    assert_true(oracle_settled(oracle));
    assert_expired(oracle, 1, 1, 0);
    assert_int_equal(oracle_verdict(oracle)->expiry_late_ms.count, MEMBERS - 1);
    assert_int_equal(oracle_verdict(oracle)->expiry_late_ms.maximum, 40);
}

/* A row may be cut at any time: who had time left then is not missing. */
static void who_had_time_left_is_not_missing(void **state) {
    struct oracle *oracle = *state;
    assert_int_equal(oracle_never_due(oracle), 0);
    fall_silent(oracle);
    oracle_silent(oracle, at(1), START + 1000, EXPIRY);
    oracle_judge(oracle, START + EXPIRY);
    assert_int_equal(oracle_never_due(oracle), 2);
    oracle_judge(oracle, START + EXPIRY + ORACLE_EXPIRY_LIMIT_US + 1);
    assert_int_equal(oracle_never_due(oracle), 1);
    oracle_sees_left(oracle, at(63), 1, false, START + EXPIRY + ORACLE_EXPIRY_LIMIT_US + 1);
    oracle_sees_left(oracle, at(69), 1, false, START + EXPIRY + ORACLE_EXPIRY_LIMIT_US + 1);
    assert_int_equal(oracle_never_due(oracle), 0);
    assert_expired(oracle, 2, 1, 0);
    oracle_joins(oracle, at(1), START + 2 * EXPIRY);
    assert_int_equal(oracle_never_due(oracle), 0);
}

static void missing_expiry_is_reported(void **state) {
    struct oracle *oracle = *state;
    fall_silent(oracle);
    oracle_sees_left(oracle, at(1), 0, false, START + EXPIRY);
    oracle_sees_left(oracle, at(63), 0, false, START + EXPIRY);
    oracle_judge(oracle, START + EXPIRY + ORACLE_EXPIRY_LIMIT_US);
    assert_false(oracle_settled(oracle));
    oracle_judge(oracle, START + EXPIRY + ORACLE_EXPIRY_LIMIT_US + 1);
    assert_true(oracle_settled(oracle));
    assert_expired(oracle, 1, 0, 0);
    /* Too late: it stays missing. */
    oracle_sees_left(oracle, at(69), 0, false, START + EXPIRY + ORACLE_EXPIRY_LIMIT_US + 2);
    assert_expired(oracle, 1, 0, 0);
}

static void late_expiry_is_measured(void **state) {
    struct oracle *oracle = *state;
    fall_silent(oracle);
    oracle_sees_left(oracle, at(1), 0, false, START + EXPIRY + 1000);
    oracle_sees_left(oracle, at(63), 0, false, START + EXPIRY + 1000);
    oracle_sees_left(oracle, at(69), 0, false, START + EXPIRY + 3000000);
    assert_expired(oracle, 1, 1, 0);
    assert_int_equal(oracle_verdict(oracle)->expiry_late_ms.minimum, 1);
    assert_int_equal(oracle_verdict(oracle)->expiry_late_ms.maximum, 3000);
}

static void early_expiry_is_wrong(void **state) {
    struct oracle *oracle = *state;
    fall_silent(oracle);
    see_it_leave(oracle, START + EXPIRY - ORACLE_EARLY_US - 1);
    assert_expired(oracle, 1, 1, 1);
    assert_int_equal(oracle_verdict(oracle)->expiry_late_ms.count, 0);
}

static void clock_of_milliseconds_is_not_early(void **state) {
    struct oracle *oracle = *state;
    fall_silent(oracle);
    see_it_leave(oracle, START + EXPIRY - ORACLE_EARLY_US);
    assert_expired(oracle, 1, 1, 0);
    assert_int_equal(oracle_verdict(oracle)->expiry_late_ms.maximum, 0);
}

static void silent_one_that_said_so_is_wrong(void **state) {
    struct oracle *oracle = *state;
    fall_silent(oracle);
    oracle_sees_left(oracle, at(1), 0, true, START + EXPIRY + 1000);
    assert_expired(oracle, 1, 0, 1);
}

static void living_one_announced_as_left_is_wrong_once(void **state) {
    struct oracle *oracle = *state;
    oracle_sees_left(oracle, at(1), 69, false, START);
    oracle_sees_left(oracle, at(63), 69, false, START);
    assert_expired(oracle, 0, 0, 1);
    oracle_sees_left(oracle, at(1), 63, true, START);
    assert_expired(oracle, 0, 0, 2);
}

static void living_one_that_a_list_lacks_is_wrong(void **state) {
    struct oracle *oracle = *state;
    see_everyone(oracle, 1, 69);
    assert_expired(oracle, 0, 0, 1);
}

static void list_without_the_silent_one_is_an_announcement(void **state) {
    struct oracle *oracle = *state;
    fall_silent(oracle);
    uint64_t present[2] = {0};
    present[0] = (uint64_t)1 << 1 | (uint64_t)1 << 63;
    present[1] = (uint64_t)1 << 5;
    for (size_t i = 1; i < MEMBERS; i++) oracle_sees_all(oracle, at(positions[i]), present, START + EXPIRY + 7000);
    assert_expired(oracle, 1, 1, 0);
    assert_int_equal(oracle_verdict(oracle)->expiry_late_ms.maximum, 7);
}

/* It leaves, as it said, and comes back two seconds later. */
static void leave_and_return(struct oracle *oracle) {
    oracle_leaves(oracle, at(0));
    for (size_t i = 1; i < MEMBERS; i++) oracle_sees_left(oracle, at(positions[i]), 0, true, START + 1000);
    oracle_joins(oracle, at(0), START + 2000000);
}

static void join_is_timed_from_the_first_beat(void **state) {
    struct oracle *oracle = *state;
    leave_and_return(oracle);
    for (size_t i = 1; i < MEMBERS; i++) oracle_sees_present(oracle, at(positions[i]), 0, START + 2000000 + 250 * i);
    assert_true(oracle_settled(oracle));
    assert_int_equal(oracle_verdict(oracle)->announce_us.count, MEMBERS - 1);
    assert_int_equal(oracle_verdict(oracle)->announce_us.minimum, 250);
    assert_int_equal(oracle_verdict(oracle)->announce_us.maximum, 750);
    assert_int_equal(oracle_verdict(oracle)->join_missing, 0);
    assert_expired(oracle, 0, 0, 0);
    oracle_sees_present(oracle, at(1), 0, START + 3000000);
    assert_int_equal(oracle_verdict(oracle)->announce_us.count, MEMBERS - 1);
}

static void missing_join_is_reported_for_each_watcher(void **state) {
    struct oracle *oracle = *state;
    leave_and_return(oracle);
    oracle_sees_present(oracle, at(63), 0, START + 2001000);
    oracle_judge(oracle, START + 2000000 + ORACLE_JOIN_LIMIT_US);
    assert_int_equal(oracle_verdict(oracle)->join_missing, 0);
    oracle_judge(oracle, START + 2000000 + ORACLE_JOIN_LIMIT_US + 1);
    assert_int_equal(oracle_verdict(oracle)->join_missing, 2);
    assert_true(oracle_settled(oracle));
}

static void list_with_the_joined_one_is_an_announcement(void **state) {
    struct oracle *oracle = *state;
    leave_and_return(oracle);
    for (size_t i = 1; i < MEMBERS; i++) see_everyone(oracle, positions[i], UINT32_MAX);
    assert_int_equal(oracle_verdict(oracle)->announce_us.count, MEMBERS - 1);
    assert_true(oracle_settled(oracle));
}

/* A late copy of its leaving; but silent it must not have been. */
static void who_left_may_be_told_of_late(void **state) {
    struct oracle *oracle = *state;
    leave_and_return(oracle);
    oracle_sees_left(oracle, at(1), 0, true, START + 2000001);
    assert_expired(oracle, 0, 0, 0);
    oracle_sees_left(oracle, at(1), 0, false, START + 2000002);
    assert_expired(oracle, 0, 0, 1);
}

static void who_stops_watching_is_not_waited_for(void **state) {
    struct oracle *oracle = *state;
    leave_and_return(oracle);
    for (size_t i = 1; i < MEMBERS; i++) oracle_withdraw(oracle, at(positions[i]), START);
    assert_true(oracle_settled(oracle));
    assert_int_equal(oracle_verdict(oracle)->join_missing, 0);
}

static void without_witnesses_nothing_is_expected(void **state) {
    struct oracle *oracle = *state;
    fall_silent(oracle);
    for (size_t i = 1; i < MEMBERS; i++) oracle_withdraw(oracle, at(positions[i]), START);
    assert_true(oracle_settled(oracle));
    assert_expired(oracle, 0, 0, 0);
}

static void silent_ones_do_not_watch(void **state) {
    struct oracle *oracle = *state;
    for (size_t i = 0; i + 1 < MEMBERS; i++) oracle_silent(oracle, at(positions[i]), START, EXPIRY);
    assert_expired(oracle, 3, 0, 0);
    for (size_t i = 0; i + 1 < MEMBERS; i++)
        oracle_sees_left(oracle, at(69), positions[i], false, START + EXPIRY + 1000);
    assert_true(oracle_settled(oracle));
    assert_expired(oracle, 3, 3, 0);
}

static void rooms_are_apart(void **state) {
    struct oracle *oracle = *state;
    fall_silent(oracle);
    oracle_sees_left(oracle, (struct oracle_place){ROOM + 1, 1, 0}, 0, false, START);
    oracle_sees_left(oracle, (struct oracle_place){ROOM - 1, 69, 0}, 0, false, START);
    assert_expired(oracle, 1, 0, 0);
}

static void new_row_forgets(void **state) {
    struct oracle *oracle = *state;
    fall_silent(oracle);
    oracle_sees_left(oracle, at(1), 69, false, START);
    oracle_begin(oracle);
    assert_true(oracle_settled(oracle));
    assert_expired(oracle, 0, 0, 0);
    oracle_judge(oracle, UINT64_MAX);
    assert_int_equal(oracle_verdict(oracle)->join_missing, 0);
}

/* --- Several nodes --- */

static struct oracle_place by(uint32_t layer, uint32_t position) {
    return (struct oracle_place){ROOM, position, layer};
}

/* All live by two layers, and everyone lists all in both. */
static void have_two_layers(struct oracle *oracle) {
    uint64_t present[(ROOM_SIZE + 63) / 64] = {0};
    assert_true(oracle_grow(oracle, 3));
    for (size_t i = 0; i < MEMBERS; i++) present[positions[i] / 64] |= (uint64_t)1 << positions[i] % 64;
    for (size_t i = 0; i < MEMBERS; i++) {
        oracle_joins(oracle, by(1, positions[i]), START);
        oracle_sees_all(oracle, by(1, positions[i]), present, START);
    }
    assert_true(oracle_settled(oracle)); /* who lives already does not join again */
}

static void who_is_listed_elsewhere_did_not_leave(void **state) {
    struct oracle *oracle = *state;
    have_two_layers(oracle);
    oracle_sees_left(oracle, by(0, 1), 0, false, START);
    assert_expired(oracle, 0, 0, 0);
    oracle_sees_left(oracle, by(1, 1), 0, false, START);
    assert_expired(oracle, 0, 0, 1);
}

static void the_silent_are_gone_with_the_last_layer(void **state) {
    struct oracle *oracle = *state;
    have_two_layers(oracle);
    fall_silent(oracle);
    see_it_leave(oracle, START + EXPIRY - 1000000); /* by the one whose beats ended sooner */
    assert_false(oracle_settled(oracle));
    for (size_t i = 1; i < MEMBERS; i++)
        oracle_sees_left(oracle, by(1, positions[i]), 0, false, START + EXPIRY + 30000);
    assert_true(oracle_settled(oracle));
    assert_expired(oracle, 1, 1, 0);
    assert_int_equal(oracle_verdict(oracle)->expiry_late_ms.maximum, 30);
}

/* A node dies: what the other one lists is known yet; what it alone listed has to be seen again. */
static void a_layer_that_ends_is_no_leaving(void **state) {
    struct oracle *oracle = *state;
    have_two_layers(oracle);
    oracle_sees_moved(oracle, by(1, 1), 0, START);
    assert_true(oracle_settled(oracle));
    oracle_withdraw(oracle, by(0, 1), START);
    assert_false(oracle_settled(oracle));
    assert_expired(oracle, 0, 0, 0);
    oracle_sees_present(oracle, by(1, 1), 0, START + ORACLE_AGAIN_LIMIT_US);
    assert_true(oracle_settled(oracle));
    assert_int_equal(oracle_verdict(oracle)->announce_us.count, 0); /* it did not join */
}

static void who_is_not_seen_again_is_missing(void **state) {
    struct oracle *oracle = *state;
    have_two_layers(oracle);
    oracle_sees_moved(oracle, by(0, 1), 0, START);
    oracle_sees_moved(oracle, by(1, 1), 0, START);
    oracle_judge(oracle, START + ORACLE_AGAIN_LIMIT_US);
    assert_int_equal(oracle_verdict(oracle)->join_missing, 0);
    oracle_judge(oracle, START + ORACLE_AGAIN_LIMIT_US + 1);
    assert_int_equal(oracle_verdict(oracle)->join_missing, 1);
}

/* It watches, and lives, as long as any of its layers does. */
static void a_member_ends_with_its_last_layer(void **state) {
    struct oracle *oracle = *state;
    have_two_layers(oracle);
    oracle_lapses(oracle, by(0, 0), START);
    oracle_joins(oracle, by(2, 0), START);
    assert_true(oracle_settled(oracle));
    oracle_lapses(oracle, by(1, 0), START);
    oracle_lapses(oracle, by(2, 0), START);
    oracle_joins(oracle, by(0, 0), START);
    assert_false(oracle_settled(oracle));
    fall_silent(oracle);
    assert_int_equal(oracle_never_due(oracle), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(expiry_in_time_is_seen),
        TEST(who_had_time_left_is_not_missing),
        TEST(missing_expiry_is_reported),
        TEST(late_expiry_is_measured),
        TEST(early_expiry_is_wrong),
        TEST(clock_of_milliseconds_is_not_early),
        TEST(silent_one_that_said_so_is_wrong),
        TEST(living_one_announced_as_left_is_wrong_once),
        TEST(living_one_that_a_list_lacks_is_wrong),
        TEST(list_without_the_silent_one_is_an_announcement),
        TEST(join_is_timed_from_the_first_beat),
        TEST(missing_join_is_reported_for_each_watcher),
        TEST(list_with_the_joined_one_is_an_announcement),
        TEST(who_left_may_be_told_of_late),
        TEST(who_stops_watching_is_not_waited_for),
        TEST(without_witnesses_nothing_is_expected),
        TEST(silent_ones_do_not_watch),
        TEST(rooms_are_apart),
        TEST(new_row_forgets),
        TEST(who_is_listed_elsewhere_did_not_leave),
        TEST(the_silent_are_gone_with_the_last_layer),
        TEST(a_layer_that_ends_is_no_leaving),
        TEST(who_is_not_seen_again_is_missing),
        TEST(a_member_ends_with_its_last_layer),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("oracle", tests, NULL, NULL);
}
