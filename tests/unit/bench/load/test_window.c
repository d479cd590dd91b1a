#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/load/window.h"

static struct window window;

static void gain(unsigned times) {
    for (unsigned i = 0; i < times; i++) window_gained(&window);
}

static void has_as_many_places_as_it_is_large(void **state) {
    (void)state;
    window_open(&window, SHARE_WHOLE);
    assert_true(window_has_place(&window, WINDOW_FIRST - 1));
    assert_false(window_has_place(&window, WINDOW_FIRST));
}

static void grows_by_one_a_success_until_something_is_lost(void **state) {
    (void)state;
    window_open(&window, SHARE_WHOLE);
    gain(10);
    assert_int_equal(window.size, WINDOW_FIRST + 10);
    gain(WINDOW_MOST);
    assert_int_equal(window.size, WINDOW_MOST);
}

static void is_halved_once_a_round(void **state) {
    (void)state;
    window_open(&window, SHARE_WHOLE);
    gain(WINDOW_MOST);
    for (uint64_t now = 1000000; now < 1000000 + WINDOW_ROUND_US; now += 1000) window_lost(&window, now);
    assert_int_equal(window.size, WINDOW_MOST / 2);
    window_lost(&window, 1000000 + WINDOW_ROUND_US);
    assert_int_equal(window.size, WINDOW_MOST / 4);
}

static void after_a_loss_it_grows_by_one_a_round(void **state) {
    (void)state;
    window_open(&window, SHARE_WHOLE);
    window_lost(&window, 1);
    assert_int_equal(window.size, WINDOW_FIRST / 2);
    gain(WINDOW_FIRST / 2 - 1);
    assert_int_equal(window.size, WINDOW_FIRST / 2);
    gain(1);
    assert_int_equal(window.size, WINDOW_FIRST / 2 + 1);
    gain(WINDOW_FIRST / 2 + 1);
    assert_int_equal(window.size, WINDOW_FIRST / 2 + 2);
}

static void never_closes(void **state) {
    (void)state;
    window_open(&window, SHARE_WHOLE);
    for (uint64_t i = 1; i < 100; i++) window_lost(&window, i * WINDOW_ROUND_US);
    assert_int_equal(window.size, WINDOW_LEAST);
    gain(10000);
    assert_true(window.size > WINDOW_MOST / 4);
}

static void several_share_it(void **state) {
    (void)state;
    uint32_t first = 0, most = 0, lowest = 0;
    for (uint32_t index = 0; index < 3; index++) {
        struct window part;
        window_open(&part, (struct share){.index = index, .count = 3});
        first += part.size;
        for (unsigned i = 0; i < 2 * WINDOW_MOST; i++) window_gained(&part);
        most += part.size;
        for (uint64_t i = 1; i < 20; i++) window_lost(&part, i * WINDOW_ROUND_US);
        lowest += part.size;
    }
    assert_int_equal(first, WINDOW_FIRST);
    assert_int_equal(most, WINDOW_MOST);
    assert_int_equal(lowest, WINDOW_LEAST);
    struct window least;
    window_open(&least, (struct share){.index = 255, .count = 256});
    assert_int_equal(least.size, WINDOW_PART_LEAST);
    assert_int_equal(least.most, WINDOW_PART_LEAST);
}

static void a_fixed_one_stays_as_it_is(void **state) {
    (void)state;
    uint32_t sum = 0;
    for (uint32_t index = 0; index < 3; index++) {
        struct window part;
        window_open_fixed(&part, 1000, (struct share){.index = index, .count = 3});
        sum += part.size;
        for (uint64_t i = 0; i < 1000; i++) window_gained(&part);
        for (uint64_t i = 1; i < 100; i++) window_lost(&part, i * WINDOW_ROUND_US);
        sum += part.size;
    }
    assert_int_equal(sum, 2 * 1000);
    struct window least;
    window_open_fixed(&least, 1, (struct share){.index = 255, .count = 256});
    assert_int_equal(least.size, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_as_many_places_as_it_is_large),
        cmocka_unit_test(grows_by_one_a_success_until_something_is_lost),
        cmocka_unit_test(is_halved_once_a_round),
        cmocka_unit_test(after_a_loss_it_grows_by_one_a_round),
        cmocka_unit_test(never_closes),
        cmocka_unit_test(several_share_it),
        cmocka_unit_test(a_fixed_one_stays_as_it_is),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}
