#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bench/support/measure.h"

#define OPERATIONS 7

struct diary {
    char text[64];
    size_t length;
};

struct actor {
    struct diary *diary;
    char name;
};

static void note(struct diary *diary, char event) {
    assert_true(diary->length + 1 < sizeof diary->text);
    diary->text[diary->length++] = event;
}

static void prepare(void *context, size_t operations) {
    struct actor *actor = context;
    assert_int_equal(operations, OPERATIONS);
    note(actor->diary, '(');
}

static void run(void *context, size_t operations) {
    struct actor *actor = context;
    assert_int_equal(operations, OPERATIONS);
    note(actor->diary, actor->name);
}

static void the_median_is_in_the_middle(void **state) {
    (void)state;
    double one[] = {3}, odd[] = {9, 1, 5}, even[] = {8, 1, 2, 4};
    assert_true(measure_median(one, 1) == 3);
    assert_true(measure_median(odd, 3) == 5);
    assert_true(measure_median(even, 4) == 3);
}

static void variants_take_turns(void **state) {
    (void)state;
    struct diary diary = {.length = 0};
    struct actor a = {&diary, 'a'}, b = {&diary, 'b'};
    struct variant variants[] = {
        {.name = "a", .operations = OPERATIONS, .prepare = prepare, .run = run, .context = &a},
        {.name = "b", .operations = OPERATIONS, .run = run, .context = &b},
    };
    measure_run(variants, 2, 3);
    assert_string_equal(diary.text, "(ab(ab(ab");
}

static void figures_are_ordered_and_per_operation(void **state) {
    (void)state;
    struct diary diary = {.length = 0};
    struct actor a = {&diary, 'a'};
    struct variant variant = {.name = "a", .operations = OPERATIONS, .run = run, .context = &a, .wall = true};
    measure_run(&variant, 1, MEASURE_RUNS_MAX);
    assert_true(variant.least <= variant.median && variant.median <= variant.most);
    assert_true(variant.most > 0);
}

static void every_number_is_in_the_shuffle_once(void **state) {
    (void)state;
    uint32_t *numbers = measure_shuffled(1000);
    uint8_t seen[1000] = {0};
    size_t in_place = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        assert_in_range(numbers[i], 0, 999);
        seen[numbers[i]]++;
        in_place += numbers[i] == i;
    }
    for (size_t i = 0; i < 1000; i++) assert_int_equal(seen[i], 1);
    assert_in_range(in_place, 0, 20);
    free(numbers);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_median_is_in_the_middle),
        cmocka_unit_test(variants_take_turns),
        cmocka_unit_test(figures_are_ordered_and_per_operation),
        cmocka_unit_test(every_number_is_in_the_shuffle_once),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("measure", tests, NULL, NULL);
}
