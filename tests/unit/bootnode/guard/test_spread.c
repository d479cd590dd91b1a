#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bootnode/guard/spread.h"

#define NOW 1000000
/* Of one worker, half of whose time is for something else. */
#define SPREAD_REGISTRATIONS_PER_SECOND (500000000 / SPREAD_COST_NS)

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
    const struct spread spread = {0};
    assert_int_equal(spread_over(&spread, 0, 2), 0);
    assert_int_equal(spread_over(&spread, 20, 1), 8);
    assert_int_equal(spread_over(&spread, 20000, 1), 8000);
    assert_int_equal(spread_over(&spread, 20000, 4), 2000);
    assert_int_equal(spread_over(&spread, 1000000, 2), SPREAD_MAX_MS);
    assert_int_equal(spread_over(&spread, UINT64_C(1) << 40, 1), SPREAD_MAX_MS);
}

static void a_slow_machine_asks_for_more_time(void **state) {
    (void)state;
    struct spread slow = {0}, fast = {0};
    for (unsigned i = 0; i < 200; i++) {
        spread_measured(&slow, 2 * SPREAD_COST_NS);
        spread_measured(&fast, SPREAD_COST_NS / 2);
    }
    assert_in_range(spread_over(&slow, 1000, 1), 795, 800);
    assert_in_range(spread_over(&fast, 1000, 1), 200, 205);
    count(&slow, 1, 1000, NOW);
    count(&fast, 1, 1000, NOW);
    assert_in_range(spread_wait(&slow, NOW), 795, 800);
    assert_in_range(spread_wait(&fast, NOW), 200, 205);
}

/* A worker that was preempted, or stopped for an hour, tells nobody to wait for it; nor does a clock that stands. */
static void one_sample_says_little(void **state) {
    (void)state;
    struct spread spread = {0};
    spread_measured(&spread, UINT64_C(3600000000000));
    assert_in_range(spread_over(&spread, 1000, 1), 400, 500);
    for (unsigned i = 0; i < 1000; i++) spread_measured(&spread, UINT64_MAX);
    assert_in_range(spread_over(&spread, 1000, 1), 1900, 2000);
    for (unsigned i = 0; i < 1000; i++) spread_measured(&spread, 0);
    assert_in_range(spread_over(&spread, 1000, 1), 40, 45);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(so_many_take_so_long),
        cmocka_unit_test(nobody_waits_where_little_happens),
        cmocka_unit_test(a_crowd_is_spread_over_the_time_that_it_takes),
        cmocka_unit_test(nobody_waits_longer_than_the_longest),
        cmocka_unit_test(a_clock_that_falls_back_makes_nobody_wait_for_ever),
        cmocka_unit_test(the_most_workers_count_too),
        cmocka_unit_test(a_slow_machine_asks_for_more_time),
        cmocka_unit_test(one_sample_says_little),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("spread", tests, NULL, NULL);
}
