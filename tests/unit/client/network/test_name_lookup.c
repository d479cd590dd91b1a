#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/network/name_lookup.h"
#include "common/clock.h"

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

static void a_name_is_looked_up_while_it_is_not_known(void **state) {
    struct name_lookup lookup;
    (void)state;
    name_lookup_settle(&lookup);
    assert_false(name_lookup_tick(&lookup, NAME_KNOWN, 1000));
    assert_true(name_lookup_tick(&lookup, NAME_UNRESOLVED, 1000));
    assert_int_equal(lookup.due, 1000 + NAME_LOOKUP_SILENT_MS);
    assert_false(name_lookup_tick(&lookup, NAME_KNOWN, 1500));
    assert_int_equal(lookup.due, NEVER);
    assert_false(name_lookup_tick(&lookup, NAME_LOST, 2000)); /* a moment later, when the name server is back, too */
    assert_false(name_lookup_tick(&lookup, NAME_LOST, 2000 + NAME_LOOKUP_LOST_MS - 1));
    assert_true(name_lookup_tick(&lookup, NAME_LOST, 2000 + NAME_LOOKUP_LOST_MS));
    assert_int_equal(lookup.due, 2000 + NAME_LOOKUP_LOST_MS + NAME_LOOKUP_LOST_EVERY_MS);
}

static void who_waits_does_so_no_longer_in_another_network(void **state) {
    struct name_lookup lookup;
    (void)state;
    name_lookup_settle(&lookup);
    name_lookup_want(&lookup, 1000);
    for (unsigned i = 0; i < 6; i++) name_lookup_failed(&lookup, 1000);
    name_lookup_refresh(&lookup, 1001);
    assert_int_equal(lookup.due, 1001);
    name_lookup_failed(&lookup, 1001);
    assert_int_equal(lookup.due, 1001 + NAME_LOOKUP_FIRST_MS); /* from the beginning */
}

static void a_known_name_is_looked_up_in_another_network(void **state) {
    struct name_lookup lookup;
    (void)state;
    name_lookup_settle(&lookup);
    name_lookup_refresh(&lookup, 1000);
    assert_true(name_lookup_tick(&lookup, NAME_KNOWN, 1000));
    assert_false(name_lookup_tick(&lookup, NAME_KNOWN, 1001));
    name_lookup_failed(&lookup, 1100); /* there is no name server yet */
    assert_false(name_lookup_tick(&lookup, NAME_KNOWN, 1100 + NAME_LOOKUP_FIRST_MS - 1));
    assert_true(name_lookup_tick(&lookup, NAME_KNOWN, 1100 + NAME_LOOKUP_FIRST_MS));
    name_lookup_settle(&lookup); /* found */
    assert_false(name_lookup_tick(&lookup, NAME_KNOWN, 1000000));
    assert_int_equal(lookup.due, NEVER);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_is_tried_again_ever_later),
        cmocka_unit_test(silence_is_not_waited_for),
        cmocka_unit_test(what_is_settled_is_never_due),
        cmocka_unit_test(a_name_is_looked_up_while_it_is_not_known),
        cmocka_unit_test(who_waits_does_so_no_longer_in_another_network),
        cmocka_unit_test(a_known_name_is_looked_up_in_another_network),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("name_lookup", tests, NULL, NULL);
}
