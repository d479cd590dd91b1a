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

static void merging_is_as_if_all_had_been_one(void **state) {
    (void)state;
    static struct histogram whole;
    histogram_clear(&whole);
    uint64_t value = 1;
    for (int i = 0; i < 3000; i++) {
        value = value * 6364136223846793005u + 1442695040888963407u;
        uint64_t sample = value >> (24 + i % 40);
        histogram_add(&whole, sample);
        histogram_add(i % 3 == 0 ? &other : &histogram, sample);
    }
    histogram_merge(&histogram, &other);
    assert_memory_equal(histogram.buckets, whole.buckets, sizeof whole.buckets);
    assert_int_equal(histogram.count, whole.count);
    assert_int_equal(histogram.minimum, whole.minimum);
    assert_int_equal(histogram.maximum, whole.maximum);
    for (int i = 0; i <= 1000; i++)
        assert_int_equal(histogram_quantile(&histogram, i / 1000.0), histogram_quantile(&whole, i / 1000.0));
}

static void the_mean_is_exact(void **state) {
    (void)state;
    assert_true(histogram_mean(&histogram) == 0);
    histogram_add(&histogram, 1000001);
    histogram_add(&other, 3);
    histogram_add(&other, 1000004);
    histogram_merge(&histogram, &other);
    assert_true(histogram_mean(&histogram) == 2000008.0 / 3);
}

static void what_came_since_is_told_apart(void **state) {
    (void)state;
    static struct histogram before, since;
    histogram_add(&histogram, 7);
    histogram_add(&histogram, 90000);
    before = histogram;
    histogram_since(&histogram, &before, &since);
    assert_int_equal(since.count, 0);
    assert_int_equal(histogram_quantile(&since, 0.99), 0);
    histogram_add(&histogram, 20);
    histogram_add(&histogram, 2000);
    histogram_since(&histogram, &before, &since);
    assert_int_equal(since.count, 2);
    assert_int_equal(histogram_quantile(&since, 0.5), 20);
    assert_true(since.maximum >= 2000 && since.maximum <= 2020);
    assert_int_equal(since.minimum, 20);
    assert_true(histogram_mean(&since) == 1010);
    histogram_add(&histogram, 90001);
    histogram_since(&histogram, &before, &since);
    assert_int_equal(since.maximum, 90001);
}

/* Buckets meet: the first value of each is told by its own bucket, and the one before it by another. */
static void buckets_have_lower_bounds(void **state) {
    (void)state;
    assert_int_equal(histogram_lower(0), 0);
    for (size_t i = 1; i < HISTOGRAM_BUCKETS; i++) {
        uint64_t lower = histogram_lower(i);
        histogram_clear(&histogram);
        histogram_add(&histogram, lower);
        histogram_add(&histogram, lower - 1);
        assert_int_equal(histogram.buckets[i], 1);
        assert_int_equal(histogram.buckets[i - 1], 1);
    }
}

static void what_was_written_is_restored(void **state) {
    (void)state;
    for (uint64_t value = 1; value < UINT64_C(1) << 41; value *= 3) histogram_add(&histogram, value);
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        if (histogram.buckets[i] > 0) assert_true(histogram_restore(&other, histogram_lower(i), histogram.buckets[i]));
    assert_memory_equal(histogram.buckets, other.buckets, sizeof other.buckets);
    assert_int_equal(histogram.count, other.count);
    assert_false(histogram_restore(&other, 1001, 1));
    assert_false(histogram_restore(&other, UINT64_MAX, 1));
    assert_int_equal(histogram.count, other.count);
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
        cmocka_unit_test_setup(merging_is_as_if_all_had_been_one, clear),
        cmocka_unit_test_setup(the_mean_is_exact, clear),
        cmocka_unit_test_setup(what_came_since_is_told_apart, clear),
        cmocka_unit_test_setup(buckets_have_lower_bounds, clear),
        cmocka_unit_test_setup(what_was_written_is_restored, clear),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}
