#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bootnode/guard/spread.h"

#define NOW 1000000

static void count(struct spread *spread, size_t workers, unsigned registrations, uint64_t now) {
    for (unsigned i = 0; i < registrations; i++) spread_count(spread, workers, now);
}

static void nobody_waits_where_little_happens(void **state) {
    (void)state;
    struct spread spread = {0};
    assert_int_equal(spread_wait(&spread, NOW), 0);
    for (unsigned i = 0; i < 1000; i++) {
        spread_count(&spread, 1, NOW + i);
        assert_int_equal(spread_wait(&spread, NOW + i), 0);
    }
}

static void a_crowd_is_spread_over_the_time_that_it_takes(void **state) {
    (void)state;
    struct spread spread = {0};
    count(&spread, 1, SPREAD_REGISTRATIONS_PER_SECOND, NOW);
    assert_int_equal(spread_wait(&spread, NOW), 1000);
    assert_int_equal(spread_wait(&spread, NOW + 600), 400);
    assert_int_equal(spread_wait(&spread, NOW + 2000), 0);
    struct spread wide = {0};
    count(&wide, 4, 4 * SPREAD_REGISTRATIONS_PER_SECOND, NOW);
    assert_int_equal(spread_wait(&wide, NOW), 1000);
}

static void nobody_waits_longer_than_the_longest(void **state) {
    (void)state;
    struct spread spread = {0};
    count(&spread, 1, 20 * SPREAD_REGISTRATIONS_PER_SECOND, NOW);
    assert_int_equal(spread_wait(&spread, NOW), SPREAD_MAX_MS);
    assert_in_range(spread_wait(&spread, NOW + SPREAD_MAX_MS), 0, 1);
}

static void a_clock_that_falls_back_makes_nobody_wait_for_ever(void **state) {
    (void)state;
    struct spread spread = {0};
    count(&spread, 1, SPREAD_REGISTRATIONS_PER_SECOND, NOW + 500000);
    assert_int_equal(spread_wait(&spread, NOW), SPREAD_MAX_MS);
    spread_count(&spread, 1, NOW);
    assert_in_range(spread_wait(&spread, NOW + SPREAD_MAX_MS), 0, 1);
}

static void the_most_workers_count_too(void **state) {
    (void)state;
    struct spread spread = {0};
    count(&spread, 256, 256 * SPREAD_REGISTRATIONS_PER_SECOND, NOW);
    assert_in_range(spread_wait(&spread, NOW), 999, 1000);
}

static void so_many_take_so_long(void **state) {
    (void)state;
    assert_int_equal(spread_over(0, 2), 0);
    assert_int_equal(spread_over(20, 1), 5);
    assert_int_equal(spread_over(20000, 1), 5000);
    assert_int_equal(spread_over(20000, 4), 1250);
    assert_int_equal(spread_over(1000000, 2), SPREAD_MAX_MS);
    assert_int_equal(spread_over(UINT64_C(1) << 40, 1), SPREAD_MAX_MS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(so_many_take_so_long),
        cmocka_unit_test(nobody_waits_where_little_happens),
        cmocka_unit_test(a_crowd_is_spread_over_the_time_that_it_takes),
        cmocka_unit_test(nobody_waits_longer_than_the_longest),
        cmocka_unit_test(a_clock_that_falls_back_makes_nobody_wait_for_ever),
        cmocka_unit_test(the_most_workers_count_too),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("spread", tests, NULL, NULL);
}
