#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench/load/histogram.h"

static struct histogram histogram, other;

static int clear(void **state) {
    (void)state;
    histogram_clear(&histogram);
    histogram_clear(&other);
    return 0;
}

static void nothing_has_no_quantiles(void **state) {
    (void)state;
    assert_int_equal(histogram.count, 0);
    assert_int_equal(histogram_quantile(&histogram, 0.5), 0);
    assert_int_equal(histogram_quantile(&histogram, 1), 0);
}

static void small_values_are_exact(void **state) {
    (void)state;
    for (uint64_t value = 0; value < 2 * HISTOGRAM_STEPS; value++) histogram_add(&histogram, value);
    for (uint64_t value = 0; value < 2 * HISTOGRAM_STEPS; value++) {
        double share = (double)(value + 1) / (2 * HISTOGRAM_STEPS);
        assert_int_equal(histogram_quantile(&histogram, share), value);
    }
}

/* Each alone with a larger one, so that the bucket's end is what comes out. */
static void any_value_is_within_one_percent(void **state) {
    (void)state;
    for (uint64_t value = 1; value < UINT64_C(1) << 40; value += value / 3 + 1) {
        histogram_clear(&histogram);
        histogram_add(&histogram, value);
        histogram_add(&histogram, UINT64_C(1) << 45);
        uint64_t found = histogram_quantile(&histogram, 0.5);
        assert_true(found >= value);
        assert_true(found - value <= value / 100);
    }
}

static void quantiles_count_from_below(void **state) {
    (void)state;
    for (int i = 0; i < 990; i++) histogram_add(&histogram, 10);
    for (int i = 0; i < 9; i++) histogram_add(&histogram, 100);
    histogram_add(&histogram, 5000);
    assert_int_equal(histogram_quantile(&histogram, 0), 10);
    assert_int_equal(histogram_quantile(&histogram, 0.99), 10);
    assert_int_equal(histogram_quantile(&histogram, 0.999), 100);
    assert_int_equal(histogram_quantile(&histogram, 0.9991), 5000);
}

static void the_maximum_is_exact(void **state) {
    (void)state;
    histogram_add(&histogram, 1000003);
    histogram_add(&histogram, 7);
    assert_int_equal(histogram_quantile(&histogram, 1), 1000003);
    assert_int_equal(histogram.maximum, 1000003);
    assert_int_equal(histogram.minimum, 7);
}

static void what_is_too_large_is_kept(void **state) {
    (void)state;
    histogram_add(&histogram, UINT64_MAX);
    histogram_add(&histogram, 1);
    assert_int_equal(histogram_quantile(&histogram, 0.5), 1);
    assert_int_equal(histogram_quantile(&histogram, 1), UINT64_MAX);
}

static void merging_adds(void **state) {
    (void)state;
    histogram_merge(&histogram, &other);
    assert_int_equal(histogram.count, 0);
    histogram_add(&other, 3);
    histogram_add(&other, 300);
    histogram_merge(&histogram, &other);
    assert_int_equal(histogram.minimum, 3);
    histogram_add(&histogram, 2);
    histogram_add(&histogram, 20);
    histogram_merge(&histogram, &other);
    assert_int_equal(histogram.count, 6);
    assert_int_equal(histogram.minimum, 2);
    assert_int_equal(histogram.maximum, 300);
    assert_int_equal(histogram_quantile(&histogram, 0.5), 3);
    assert_int_equal(histogram_quantile(&histogram, 4.0 / 6), 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_has_no_quantiles, clear),
        cmocka_unit_test_setup(small_values_are_exact, clear),
        cmocka_unit_test_setup(any_value_is_within_one_percent, clear),
        cmocka_unit_test_setup(quantiles_count_from_below, clear),
        cmocka_unit_test_setup(the_maximum_is_exact, clear),
        cmocka_unit_test_setup(what_is_too_large_is_kept, clear),
        cmocka_unit_test_setup(merging_adds, clear),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}
