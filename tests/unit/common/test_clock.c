#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "common/clock.h"

static void monotonic_never_goes_back(void **state) {
    (void)state;
    uint64_t before = clock_monotonic_ns();
    for (int i = 0; i < 10000; i++) {
        uint64_t now = clock_monotonic_ns();
        assert_true(now >= before);
        before = now;
    }
}

static void units_agree(void **state) {
    (void)state;
    uint64_t before = clock_monotonic_ns() / 1000000;
    uint64_t now = clock_monotonic_ms();
    uint64_t after = clock_monotonic_ns() / 1000000;
    assert_in_range(now, before, after);
}

static void boot_time_includes_suspension(void **state) {
    (void)state;
    uint64_t monotonic = clock_monotonic_ms();
    assert_true(clock_boot_ms() >= monotonic);
}

static void wall_clock_counts_from_1970(void **state) {
    (void)state;
    uint64_t before = (uint64_t)time(NULL);
    uint64_t now = clock_wall_ms() / 1000;
    /* time(2) reads a coarse clock, which may lag by a tick. */
    assert_in_range(now, before, (uint64_t)time(NULL) + 1);
}

static void a_pause_is_more_than_a_busy_machine(void **state) {
    (void)state;
    assert_int_equal(clock_pause(1000, 1000), 0);
    assert_int_equal(clock_pause(1000, 900), 0);
    assert_int_equal(clock_pause(1000, 5999), 0);
    assert_int_equal(clock_pause(1000, 6000), 5000);
    assert_int_equal(clock_pause(1000, 61000), 60000);
}

static void nothing_is_later_than_never(void **state) {
    (void)state;
    assert_int_equal(earlier(1, 2), 1);
    assert_int_equal(earlier(2, 1), 1);
    assert_int_equal(earlier(NEVER, 5), 5);
    assert_int_equal(earlier(NEVER, NEVER), NEVER);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(monotonic_never_goes_back),           cmocka_unit_test(units_agree),
        cmocka_unit_test(boot_time_includes_suspension),       cmocka_unit_test(wall_clock_counts_from_1970),
        cmocka_unit_test(a_pause_is_more_than_a_busy_machine), cmocka_unit_test(nothing_is_later_than_never),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
