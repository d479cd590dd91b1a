#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/network/name_lookup.h"

static void a_failure_is_tried_again_ever_later(void **state) {
    static const uint64_t pauses[] = {1000, 2000, 4000, 8000, 16000, 30000, 30000};
    struct name_lookup lookup;
    uint64_t now = 5000;

    (void)state;
    name_lookup_settle(&lookup);
    name_lookup_want(&lookup, now);
    for (size_t i = 0; i < sizeof pauses / sizeof *pauses; i++) {
        assert_true(name_lookup_take(&lookup, 10000, now));
        assert_false(name_lookup_take(&lookup, 10000, now));
        name_lookup_failed(&lookup, now + 7);
        now += 7 + pauses[i];
        assert_false(name_lookup_take(&lookup, 10000, now - 1));
    }
    for (unsigned i = 0; i < 1000; i++) name_lookup_failed(&lookup, now);
    assert_int_equal(lookup.due, now + 30000);
}

static void silence_is_not_waited_for(void **state) {
    struct name_lookup lookup;

    (void)state;
    name_lookup_settle(&lookup);
    name_lookup_want(&lookup, 100);
    assert_true(name_lookup_take(&lookup, 10000, 100));
    assert_false(name_lookup_take(&lookup, 10000, 10099));
    assert_true(name_lookup_take(&lookup, 10000, 10100));
}

static void what_is_settled_is_never_due(void **state) {
    struct name_lookup lookup;

    (void)state;
    name_lookup_settle(&lookup);
    assert_false(name_lookup_take(&lookup, 1, UINT64_MAX - 1));
    name_lookup_want(&lookup, 200);
    name_lookup_want(&lookup, 300);
    assert_int_equal(lookup.due, 200);
    name_lookup_want(&lookup, 100);
    assert_int_equal(lookup.due, 100);
    name_lookup_failed(&lookup, 100);
    name_lookup_failed(&lookup, 100);
    name_lookup_settle(&lookup);
    name_lookup_want(&lookup, 400);
    name_lookup_failed(&lookup, 400);
    assert_int_equal(lookup.due, 1400); /* from the beginning */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_is_tried_again_ever_later),
        cmocka_unit_test(silence_is_not_waited_for),
        cmocka_unit_test(what_is_settled_is_never_due),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("name_lookup", tests, NULL, NULL);
}
