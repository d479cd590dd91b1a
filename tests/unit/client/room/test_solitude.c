#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/room/solitude.h"
#include "common/clock.h"

#define NOW 1000

static void an_empty_room_is_told_once(void **state) {
    struct solitude solitude = {.over = false};
    (void)state;
    assert_int_equal(solitude_due(&solitude, 0), NEVER);
    assert_int_equal(solitude_take(&solitude, 0, NOW), SOLITUDE_NONE);
    solitude_begin(&solitude, NOW);
    solitude_begin(&solitude, NOW + 1000); /* the list comes again and again */
    assert_int_equal(solitude_due(&solitude, 0), NOW + SOLITUDE_EMPTY_MS);
    assert_int_equal(solitude_take(&solitude, 0, NOW + SOLITUDE_EMPTY_MS - 1), SOLITUDE_NONE);
    assert_int_equal(solitude_take(&solitude, 0, NOW + SOLITUDE_EMPTY_MS), SOLITUDE_EMPTY);
    assert_int_equal(solitude_due(&solitude, 0), NEVER);
    assert_int_equal(solitude_take(&solitude, 0, NOW + 2 * SOLITUDE_EMPTY_MS), SOLITUDE_NONE);
}

static void members_who_prove_nothing_have_longer(void **state) {
    struct solitude solitude = {.over = false};
    (void)state;
    solitude_begin(&solitude, NOW);
    assert_int_equal(solitude_take(&solitude, 3, NOW + SOLITUDE_EMPTY_MS), SOLITUDE_NONE);
    assert_int_equal(solitude_due(&solitude, 3), NOW + SOLITUDE_UNPROVEN_MS);
    assert_int_equal(solitude_take(&solitude, 3, NOW + SOLITUDE_UNPROVEN_MS), SOLITUDE_UNPROVEN);
    assert_int_equal(solitude_due(&solitude, 3), NEVER);
}

static void company_ends_it_for_good(void **state) {
    struct solitude solitude = {.over = false};
    (void)state;
    solitude_begin(&solitude, NOW);
    solitude_end(&solitude);
    assert_int_equal(solitude_due(&solitude, 0), NEVER);
    assert_int_equal(solitude_take(&solitude, 0, NOW + SOLITUDE_UNPROVEN_MS), SOLITUDE_NONE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_room_is_told_once),
        cmocka_unit_test(members_who_prove_nothing_have_longer),
        cmocka_unit_test(company_ends_it_for_good),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("solitude", tests, NULL, NULL);
}
