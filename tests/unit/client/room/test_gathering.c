#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "client/room/gathering.h"

#define NOW 100000

/* What is given in is a number; `drop` counts. */
static unsigned dropped;

static void drop(void *what) {
    (void)what;
    dropped++;
}

static void *number(uintptr_t value) {
    return (void *)value; /* NOLINT(performance-no-int-to-ptr): only compared */
}

static void expect_next(struct gathering *gathering, uint64_t now, uintptr_t value, bool expected_late) {
    int64_t time;
    bool late = false;
    void *what = gathering_take(gathering, now, &time, &late);
    assert_ptr_equal(what, number(value));
    assert_int_equal(late, expected_late);
    assert_true(gathering_holds(gathering));
}

static void expect_none(struct gathering *gathering, uint64_t now) {
    int64_t time;
    bool late;
    assert_null(gathering_take(gathering, now, &time, &late));
}

static void leaves_in_the_order_of_time(void **state) {
    static const int64_t times[] = {50, -7, 99000, 50, 12, 98999, 12, -70000};
    static const uintptr_t order[] = {8, 2, 5, 7, 1, 4, 6, 3};
    struct gathering gathering = {0};
    (void)state;
    for (size_t i = 0; i < 8; i++) gathering_add(&gathering, times[i], number(i + 1), 1, NOW);
    expect_none(&gathering, NOW + GATHERING_MS - 1);
    assert_int_equal(gathering_due(&gathering), NOW + GATHERING_MS);
    gathering_end(&gathering);
    assert_int_equal(gathering_due(&gathering), 0);
    for (size_t i = 0; i < 8; i++) expect_next(&gathering, NOW, order[i], false);
    expect_none(&gathering, NOW);
    assert_int_equal(gathering_due(&gathering), UINT64_MAX);
    gathering_clear(&gathering, drop);
}

/* Many at once, of few times. */
static void many_are_sorted_and_none_is_lost(void **state) {
    enum { COUNT = GATHERING_ITEMS };
    struct gathering gathering = {0};
    uint32_t random = 1;
    int64_t last = INT64_MIN;
    (void)state;
    for (uintptr_t i = 1; i <= COUNT; i++) {
        random = random * 1664525u + 1013904223u;
        gathering_add(&gathering, random % 500, number(i), 100, NOW);
    }
    gathering_end(&gathering);
    for (uintptr_t i = 1; i <= COUNT; i++) {
        int64_t time;
        bool late;
        assert_non_null(gathering_take(&gathering, NOW, &time, &late));
        assert_true(time >= last);
        assert_false(late);
        assert_true(gathering_holds(&gathering));
        last = time;
    }
    assert_int_equal(gathering.bytes, 0);
    expect_none(&gathering, NOW);
    gathering_clear(&gathering, drop);
}

/* What has waited long enough takes along what was said before it, and no more. */
static void nothing_waits_longer_than_a_moment(void **state) {
    struct gathering gathering = {0};
    (void)state;
    gathering_add(&gathering, 300, number(3), 1, NOW);
    gathering_add(&gathering, 400, number(4), 1, NOW + 100);
    gathering_add(&gathering, 100, number(1), 1, NOW + 200);
    gathering_add(&gathering, 200, number(2), 1, NOW + GATHERING_MS - 1);
    expect_none(&gathering, NOW + GATHERING_MS - 1);
    for (uintptr_t i = 1; i <= 3; i++) expect_next(&gathering, NOW + GATHERING_MS, i, false);
    expect_none(&gathering, NOW + GATHERING_MS);
    assert_int_equal(gathering_due(&gathering), NOW + 100 + GATHERING_MS);
    expect_next(&gathering, NOW + 100 + GATHERING_MS, 4, false);
    gathering_clear(&gathering, drop);
}

static void no_more_than_so_much_waits(void **state) {
    struct gathering gathering = {0};
    (void)state;
    for (uintptr_t i = 1; i <= GATHERING_ITEMS; i++) gathering_add(&gathering, (int64_t)i, number(i), 1, NOW);
    expect_none(&gathering, NOW);
    gathering_add(&gathering, GATHERING_ITEMS + 1, number(GATHERING_ITEMS + 1), 1, NOW);
    expect_next(&gathering, NOW, 1, false);
    expect_none(&gathering, NOW);
    gathering_add(&gathering, 2, number(9999), GATHERING_BYTES, NOW);
    expect_next(&gathering, NOW, 2, false);
    expect_next(&gathering, NOW, 9999, false);
    expect_none(&gathering, NOW);
    dropped = 0;
    gathering_clear(&gathering, drop);
    assert_int_equal(dropped, GATHERING_ITEMS - 1);
}

/* --- What is live --- */

static void without_history_nothing_waits(void **state) {
    struct gathering gathering = {0};
    (void)state;
    for (uintptr_t i = 1; i <= 3; i++) {
        gathering_add_live(&gathering, NOW, number(i), 1, NOW);
        assert_int_equal(gathering_due(&gathering), 0);
        expect_next(&gathering, NOW, i, false);
        expect_none(&gathering, NOW);
    }
    gathering_clear(&gathering, drop);
}

static void what_is_live_waits_for_the_history_before_it(void **state) {
    struct gathering gathering = {0};
    (void)state;
    gathering_expect(&gathering, NOW);
    gathering_add_live(&gathering, NOW + 1, number(3), 1, NOW + 1);
    gathering_add(&gathering, NOW - 500, number(1), 1, NOW + 2);
    gathering_add(&gathering, NOW - 400, number(2), 1, NOW + 3);
    expect_none(&gathering, NOW + 3);
    gathering_end(&gathering);
    for (uintptr_t i = 1; i <= 3; i++) expect_next(&gathering, NOW + 3, i, false);
    gathering_clear(&gathering, drop);
}

/* Somebody passes on one more thing for ever; the talk was held up once. */
static void nobody_holds_up_the_talk(void **state) {
    struct gathering gathering = {0};
    uint64_t now = NOW, waited = 0;
    (void)state;
    for (uintptr_t i = 1; i < 4000; i++, now += 100) {
        gathering_add(&gathering, (int64_t)now - 5000, number(2 * i), 1, now);
        gathering_add_live(&gathering, (int64_t)now, number(2 * i + 1), 1, now);
        int64_t time;
        bool late;
        while (gathering_take(&gathering, now, &time, &late)) continue;
        if (gathering.count > 0) waited = now + 100 - NOW;
    }
    assert_true(waited <= GATHERING_MS);
    now += GATHERING_QUIET_MS; /* the next one who comes is waited for again */
    gathering_add(&gathering, (int64_t)now - 5000, number(1), 1, now);
    gathering_add_live(&gathering, (int64_t)now, number(2), 1, now);
    expect_none(&gathering, now);
    expect_next(&gathering, now + GATHERING_MS, 1, false);
    expect_next(&gathering, now + GATHERING_MS, 2, false);
    gathering_clear(&gathering, drop);
}

/* --- Lateness --- */

static void what_comes_after_the_younger_is_late(void **state) {
    struct gathering gathering = {0};
    (void)state;
    gathering_shown(&gathering, NOW); /* our own */
    gathering_add(&gathering, NOW - GATHERING_LATE_MS, number(2), 1, NOW);
    gathering_add(&gathering, NOW - GATHERING_LATE_MS - 1, number(1), 1, NOW);
    gathering_end(&gathering);
    expect_next(&gathering, NOW, 1, true);
    expect_next(&gathering, NOW, 2, false);
    gathering_shown(&gathering, 5); /* does not go back */
    gathering_add_live(&gathering, 7, number(3), 1, NOW + GATHERING_MS);
    expect_next(&gathering, NOW + GATHERING_MS, 3, true);
    gathering_clear(&gathering, drop);
}

static void the_first_is_never_late(void **state) {
    struct gathering gathering = {0};
    (void)state;
    gathering_add_live(&gathering, INT64_MIN / 2, number(1), 1, 5);
    expect_next(&gathering, 5, 1, false);
    gathering_clear(&gathering, drop);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_in_the_order_of_time),
        cmocka_unit_test(many_are_sorted_and_none_is_lost),
        cmocka_unit_test(nothing_waits_longer_than_a_moment),
        cmocka_unit_test(no_more_than_so_much_waits),
        cmocka_unit_test(without_history_nothing_waits),
        cmocka_unit_test(what_is_live_waits_for_the_history_before_it),
        cmocka_unit_test(nobody_holds_up_the_talk),
        cmocka_unit_test(what_comes_after_the_younger_is_late),
        cmocka_unit_test(the_first_is_never_late),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gathering", tests, NULL, NULL);
}
