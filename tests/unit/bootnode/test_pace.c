#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bootnode/pace.h"

#define NOW 1000000

/* Spends this part of each millisecond, in thousandths, for so long. */
static uint64_t run(struct pace *pace, uint64_t from, uint64_t ms, unsigned permille) {
    for (uint64_t now = from; now < from + ms; now++) {
        pace_pause(pace, now);
        pace_spent(pace, permille * UINT64_C(1000));
    }
    return from + ms;
}

static void little_to_announce_is_told_soon(void **state) {
    (void)state;
    struct pace pace = {0};
    assert_int_equal(pace_pause(&pace, NOW), PACE_LEAST_MS);
    uint64_t now = run(&pace, NOW, 10000, 1000 / PACE_SHARE - 1);
    assert_int_equal(pace_pause(&pace, now), PACE_LEAST_MS);
}

static void what_takes_too_much_is_told_seldomer(void **state) {
    (void)state;
    struct pace pace = {0};
    uint64_t now = run(&pace, NOW, 1100, 1000);
    assert_in_range(pace_pause(&pace, now), 8 * PACE_LEAST_MS, PACE_MOST_MS);
    now = run(&pace, now, 10000, 1000);
    assert_int_equal(pace_pause(&pace, now), PACE_MOST_MS);
}

/* As far as is needed and no farther: a room of which the whole is told takes the less the longer the pause is. */
static void it_stays_where_the_share_is_kept(void **state) {
    (void)state;
    struct pace pace = {0};
    uint64_t now = NOW;
    for (unsigned i = 0; i < 60; i++) now = run(&pace, now, PACE_WINDOW_MS, 30 * 1000 / pace_pause(&pace, now));
    assert_in_range(pace_pause(&pace, now), 470, 490);
}

static void after_the_load_it_is_as_before(void **state) {
    (void)state;
    struct pace pace = {0};
    uint64_t now = run(&pace, NOW, 10000, 1000);
    assert_in_range(pace_pause(&pace, run(&pace, now, 600, 0)), PACE_MOST_MS / 2, PACE_MOST_MS);
    assert_int_equal(pace_pause(&pace, run(&pace, now + 600, 4000, 0)), PACE_LEAST_MS);
    /* Also when nobody asked in between. */
    now = run(&pace, now + 4600, 10000, 1000);
    assert_int_equal(pace_pause(&pace, now + 10000), PACE_LEAST_MS);
    assert_int_equal(pace_pause(&pace, now + UINT64_C(86400000) * 365), PACE_LEAST_MS);
}

static void a_clock_that_falls_back_changes_nothing(void **state) {
    (void)state;
    struct pace pace = {0};
    uint64_t now = run(&pace, NOW, 10000, 1000);
    assert_int_equal(pace_pause(&pace, now - 60000), PACE_MOST_MS);
    run(&pace, now - 60000, 10000, 0);
    assert_int_equal(pace_pause(&pace, now - 50000), PACE_LEAST_MS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(little_to_announce_is_told_soon),
        cmocka_unit_test(what_takes_too_much_is_told_seldomer),
        cmocka_unit_test(it_stays_where_the_share_is_kept),
        cmocka_unit_test(after_the_load_it_is_as_before),
        cmocka_unit_test(a_clock_that_falls_back_changes_nothing),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
