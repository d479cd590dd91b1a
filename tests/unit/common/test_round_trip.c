#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "common/round_trip.h"

static void nothing_measured_is_a_second(void **state) {
    struct round_trip trip = {0};
    (void)state;
    assert_int_equal(round_trip_timeout_ms(&trip), 1000);
}

/* RFC 6298 §2.2 and §2.3, by hand. */
static void samples_are_smoothed(void **state) {
    struct round_trip trip = {0};
    (void)state;
    round_trip_sample(&trip, 100000);
    assert_int_equal(trip.smoothed_us, 100000);
    assert_int_equal(trip.variation_us, 50000);
    assert_int_equal(round_trip_timeout_ms(&trip), 301);
    round_trip_sample(&trip, 180000);
    assert_int_equal(trip.smoothed_us, 110000);
    assert_int_equal(trip.variation_us, 57500);
    assert_int_equal(round_trip_timeout_ms(&trip), 341);
}

static void a_steady_path_has_no_variation(void **state) {
    struct round_trip trip = {0};
    (void)state;
    for (int i = 0; i < 100; i++) round_trip_sample(&trip, 4000000);
    assert_int_equal(round_trip_timeout_ms(&trip), 4001);
}

static void absurd_samples_do_no_lasting_harm(void **state) {
    struct round_trip trip = {0};
    (void)state;
    round_trip_sample(&trip, UINT32_MAX);
    assert_int_equal(round_trip_timeout_ms(&trip), 3 * ROUND_TRIP_MOST_US / 1000 + 1);
    for (int i = 0; i < 100; i++) round_trip_sample(&trip, 0);
    assert_int_equal(round_trip_timeout_ms(&trip), 1);
}

static void only_long_paths_take_longer(void **state) {
    (void)state;
    assert_int_equal(round_trip_excess_ms(20), 0);
    assert_int_equal(round_trip_excess_ms(1000), 0);
    assert_int_equal(round_trip_excess_ms(4001), 3001);
    assert_int_equal(round_trip_excess_ms(UINT64_MAX), ROUND_TRIP_EXCESS_MOST_MS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_measured_is_a_second),   cmocka_unit_test(samples_are_smoothed),
        cmocka_unit_test(a_steady_path_has_no_variation), cmocka_unit_test(absurd_samples_do_no_lasting_harm),
        cmocka_unit_test(only_long_paths_take_longer),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("round_trip", tests, NULL, NULL);
}
