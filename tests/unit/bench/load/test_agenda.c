#include "bench/load/agenda.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT 2000

static void entries_come_out_by_time(void **state) {
    struct agenda agenda = {0};
    struct agenda_entry entry;
    uint64_t random = 1, last = 0;
    (void)state;
    assert_false(agenda_next(&agenda, UINT64_MAX, &entry));
    for (uint32_t i = 0; i < COUNT; i++) {
        random = random * 6364136223846793005ULL + 1442695040888963407ULL;
        assert_true(agenda_add(&agenda, &(struct agenda_entry){.due_us = random >> 54, .member = i}));
    }
    unsigned seen[COUNT] = {0};
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_true(agenda_next(&agenda, UINT64_MAX, &entry));
        assert_true(entry.due_us >= last);
        last = entry.due_us;
        seen[entry.member]++;
    }
    for (uint32_t i = 0; i < COUNT; i++) assert_int_equal(seen[i], 1);
    assert_false(agenda_next(&agenda, UINT64_MAX, &entry));
    agenda_destroy(&agenda);
}

static void nothing_comes_before_its_time(void **state) {
    struct agenda agenda = {0};
    struct agenda_entry entry;
    (void)state;
    assert_true(agenda_add(&agenda, &(struct agenda_entry){.due_us = 20, .member = 2, .errand = ERRAND_RETURN}));
    assert_true(
        agenda_add(&agenda, &(struct agenda_entry){.due_us = 10, .member = 1, .errand = ERRAND_LEAVE, .tries = 3}));
    assert_false(agenda_next(&agenda, 9, &entry));
    assert_true(agenda_next(&agenda, 10, &entry));
    assert_int_equal(entry.member, 1);
    assert_int_equal(entry.errand, ERRAND_LEAVE);
    assert_int_equal(entry.tries, 3);
    assert_false(agenda_next(&agenda, 19, &entry));
    assert_true(agenda_next(&agenda, 20, &entry));
    assert_int_equal(entry.errand, ERRAND_RETURN);
    agenda_destroy(&agenda);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_come_out_by_time),
        cmocka_unit_test(nothing_comes_before_its_time),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("agenda", tests, NULL, NULL);
}
