#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bootnode/ops/control_pace.h"

#define SECOND_NS UINT64_C(1000000000)

/* Pieces of work one after the other, as fast as they may: how much of a second was work. */
static uint64_t busy_ns(uint64_t piece_ns) {
    struct control_pace pace = {0};
    uint64_t now = 0, worked = 0;
    while (now < SECOND_NS) {
        control_pace_worked(&pace, piece_ns);
        worked += piece_ns;
        uint64_t rest = control_pace_due(&pace);
        control_pace_rested(&pace, rest);
        now += piece_ns + rest;
    }
    return worked;
}

static void a_quarter_is_its_share_whatever_is_asked(void **state) {
    (void)state;
    static const uint64_t pieces[] = {1000, 30000, 499999, 500000, 3000000, 40000000};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
        assert_in_range(busy_ns(pieces[i]), SECOND_NS / 5,
                        SECOND_NS / CONTROL_PACE_SHARE + pieces[i] + CONTROL_PACE_TURN_NS);
}

static void a_turn_is_not_interrupted(void **state) {
    (void)state;
    struct control_pace pace = {0};
    control_pace_worked(&pace, CONTROL_PACE_TURN_NS - 1);
    assert_int_equal(control_pace_due(&pace), 0);
    control_pace_worked(&pace, 1);
    assert_int_equal(control_pace_due(&pace), 3 * CONTROL_PACE_TURN_NS);
}

/* Who was interrupted in its rest owes the remainder; who waited for long owes nothing, and has no more in hand. */
static void rest_is_counted_and_not_saved(void **state) {
    (void)state;
    struct control_pace pace = {0};
    control_pace_worked(&pace, CONTROL_PACE_TURN_NS);
    control_pace_rested(&pace, 3);
    assert_int_equal(pace.owed_ns, CONTROL_PACE_TURN_NS - 1);
    control_pace_rested(&pace, SECOND_NS);
    assert_int_equal(pace.owed_ns, 0);
    control_pace_worked(&pace, CONTROL_PACE_TURN_NS);
    assert_int_equal(control_pace_due(&pace), 3 * CONTROL_PACE_TURN_NS);
}

static void what_took_long_is_not_rested_for_long(void **state) {
    (void)state;
    struct control_pace pace = {0};
    control_pace_worked(&pace, SECOND_NS);
    control_pace_worked(&pace, SECOND_NS);
    assert_int_equal(control_pace_due(&pace), 3 * CONTROL_PACE_OWED_NS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quarter_is_its_share_whatever_is_asked),
        cmocka_unit_test(a_turn_is_not_interrupted),
        cmocka_unit_test(rest_is_counted_and_not_saved),
        cmocka_unit_test(what_took_long_is_not_rested_for_long),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("control_pace", tests, NULL, NULL);
}
