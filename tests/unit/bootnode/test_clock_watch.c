#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bootnode/clock_watch.h"

#define WALL 1795996800000
#define HOUR 3600000

/* A look so long after the start, with the other clocks this far ahead of where they began. */
static struct clock_steps look(struct clock_watch *watch, uint64_t monotonic, int64_t slept, int64_t stepped) {
    return clock_watch_look(watch, monotonic, monotonic + (uint64_t)slept,
                            WALL + monotonic + (uint64_t)(slept + stepped));
}

static void is(struct clock_steps steps, int64_t slept, int64_t stepped) {
    assert_int_equal(steps.slept, slept);
    assert_int_equal(steps.stepped, stepped);
}

static void clocks_that_go_on_say_nothing(void **state) {
    struct clock_watch watch = {.started = false};
    (void)state;
    is(look(&watch, 1000, 5 * HOUR, 7 * HOUR), 0, 0); /* the first look */
    for (uint64_t now = 1500; now < 100000; now += 500) is(look(&watch, now, 5 * HOUR, 7 * HOUR), 0, 0);
    is(look(&watch, 50 * HOUR, 5 * HOUR, 7 * HOUR), 0, 0); /* a late one */
}

static void each_jump_is_told_once(void **state) {
    struct clock_watch watch = {.started = false};
    (void)state;
    is(look(&watch, 1000, 0, 0), 0, 0);
    is(look(&watch, 1500, 0, HOUR), 0, HOUR);
    is(look(&watch, 2000, 0, HOUR), 0, 0);
    is(look(&watch, 2500, 0, -HOUR), 0, -2 * HOUR);
    is(look(&watch, 3000, HOUR, -HOUR), HOUR, 0);
    is(look(&watch, 3500, 2 * HOUR, 0), HOUR, HOUR);
    is(look(&watch, 4000, 2 * HOUR, 0), 0, 0);
}

/* As daemons keep the time: half a thousandth, and small steps. */
static void corrections_are_no_jump(void **state) {
    struct clock_watch watch = {.started = false};
    int64_t off = 0;
    (void)state;
    is(look(&watch, 1000, 0, 0), 0, 0);
    for (uint64_t now = 1500; now < 10 * HOUR; now += 500) is(look(&watch, now, 0, off += 1), 0, 0);
    is(look(&watch, 10 * HOUR, 0, off += CLOCK_WATCH_LEAST_MS - 1), 0, 0);
    is(look(&watch, 11 * HOUR, 0, off + CLOCK_WATCH_LEAST_MS), 0, CLOCK_WATCH_LEAST_MS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clocks_that_go_on_say_nothing),
        cmocka_unit_test(each_jump_is_told_once),
        cmocka_unit_test(corrections_are_no_jump),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
