/* The heap of deadlines, against an array that is looked through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/deadlines.h"

#define MOST 200
#define STEPS 50000

static uint64_t drawn = 1;

static uint64_t draw(uint64_t below) {
    drawn = drawn * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (drawn >> 33) % below;
}

static void the_earliest_is_at_hand(void **state) {
    struct deadlines deadlines = {0};
    struct deadline tea = {0}, bread = {0};
    (void)state;
    assert_null(deadlines_first(&deadlines));
    deadlines_remove(&deadlines, &tea);
    deadlines_set(&deadlines, &tea, 300);
    deadlines_set(&deadlines, &bread, 500);
    assert_ptr_equal(deadlines_first(&deadlines), &tea);
    deadlines_set(&deadlines, &tea, NEVER);
    assert_ptr_equal(deadlines_first(&deadlines), &bread);
    deadlines_set(&deadlines, &tea, 0);
    assert_ptr_equal(deadlines_first(&deadlines), &tea);
    assert_int_equal(deadlines_first(&deadlines)->at, 0);
    deadlines_remove(&deadlines, &tea);
    assert_ptr_equal(deadlines_first(&deadlines), &bread);
    deadlines_clear(&deadlines);
    assert_null(deadlines_first(&deadlines));
    assert_int_equal(bread.place, 0);
}

static uint64_t earliest(const struct deadline *all) {
    uint64_t least = NEVER;
    for (size_t i = 0; i < MOST; i++)
        if (all[i].place) least = earlier(least, all[i].at);
    return least;
}

static void it_agrees_with_looking_at_all(void **state) {
    struct deadlines deadlines = {0};
    struct deadline all[MOST] = {{0}};
    uint64_t expected[MOST];
    size_t count = 0, most = 0;
    (void)state;
    for (unsigned step = 0; step < STEPS; step++) {
        size_t chosen = draw(MOST);
        /* Now it grows, now it shrinks. */
        if (draw(10) < (step / 5000 % 2 ? 3 : 6)) {
            count += !all[chosen].place;
            expected[chosen] = draw(step % 3 ? 1000 : 5);
            deadlines_set(&deadlines, &all[chosen], expected[chosen]);
        } else {
            count -= all[chosen].place > 0;
            deadlines_remove(&deadlines, &all[chosen]);
        }
        if (count > most) most = count;
        assert_true(deadlines_holds(&deadlines));
        assert_int_equal(deadlines.count, count);
        if (count > 0) assert_int_equal(deadlines_first(&deadlines)->at, earliest(all));
    }
    assert_in_range(most, MOST / 2, MOST);
    for (size_t i = 0; i < MOST; i++)
        if (all[i].place) assert_int_equal(all[i].at, expected[i]);
    uint64_t last = 0;
    for (struct deadline *first; (first = deadlines_first(&deadlines)); last = first->at) {
        assert_true(first->at >= last);
        deadlines_remove(&deadlines, first);
        count--;
    }
    assert_int_equal(count, 0);
    deadlines_clear(&deadlines);
}

static void what_is_out_of_place_is_seen(void **state) {
    struct deadlines deadlines = {0};
    struct deadline all[3] = {{0}};
    (void)state;
    for (size_t i = 0; i < 3; i++) deadlines_set(&deadlines, &all[i], 10 + i);
    assert_true(deadlines_holds(&deadlines));
    all[0].at = 12;
    assert_false(deadlines_holds(&deadlines));
    all[0].at = 10;
    all[1].place = 3;
    assert_false(deadlines_holds(&deadlines));
    all[1].place = 2;
    deadlines_clear(&deadlines);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_earliest_is_at_hand),
        cmocka_unit_test(it_agrees_with_looking_at_all),
        cmocka_unit_test(what_is_out_of_place_is_seen),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("deadlines", tests, NULL, NULL);
}
