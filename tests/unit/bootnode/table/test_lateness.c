#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bootnode/table/lateness.h"

static void bounds_rise_and_leave_nothing_out(void **state) {
    (void)state;
    for (size_t i = 1; i < LATENESS_BUCKETS; i++) assert_true(lateness_bounds[i - 1] < lateness_bounds[i]);
    assert_int_equal(lateness_bounds[LATENESS_BUCKETS - 1], UINT32_MAX);
}

static void a_bound_belongs_to_its_own_bucket(void **state) {
    (void)state;
    struct lateness lateness = {.sum_ms = 0};
    for (size_t i = 0; i < LATENESS_BUCKETS; i++) {
        lateness_note(&lateness, lateness_bounds[i]);
        assert_int_equal(lateness.counts[i], 1);
    }
    lateness_note(&lateness, 0);
    assert_int_equal(lateness.counts[0], 2);
    lateness_note(&lateness, lateness_bounds[0] + 1);
    assert_int_equal(lateness.counts[1], 2);
}

static void sums_add_and_the_greatest_stays(void **state) {
    (void)state;
    struct lateness one = {.sum_ms = 0}, other = {.sum_ms = 0};
    lateness_note(&one, 10);
    lateness_note(&one, 2000);
    lateness_note(&other, 10);
    lateness_note(&other, 400);
    lateness_add(&other, &one);
    assert_int_equal(other.sum_ms, 2420);
    assert_int_equal(other.max_ms, 2000);
    assert_int_equal(other.counts[0], 2);
    assert_int_equal(other.counts[LATENESS_BUCKETS - 1], 1);
    lateness_add(&one, &(struct lateness){.max_ms = 1});
    assert_int_equal(one.max_ms, 2000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds_rise_and_leave_nothing_out),
        cmocka_unit_test(a_bound_belongs_to_its_own_bucket),
        cmocka_unit_test(sums_add_and_the_greatest_stays),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("lateness", tests, NULL, NULL);
}
