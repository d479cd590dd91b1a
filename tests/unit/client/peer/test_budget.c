#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/peer/budget.h"

#define NOW UINT64_C(5000000)
#define SECONDS 20

/* However it is asked, and after however long a rest. */
static void no_second_sees_more(void **state) {
    static unsigned sent[SECONDS * 1000];
    struct punch_budget budget;
    unsigned in_second = 0, most = 0;
    (void)state;
    budget_init(&budget, NOW);
    for (uint64_t ms = 0; ms < SECONDS * 1000; ms++) {
        bool rests = ms / 1000 % 5 == 3;
        sent[ms] = 0;
        while (!rests && budget_wait(&budget, NOW + ms) == 0) sent[ms]++;
        in_second += sent[ms];
        if (ms >= 1000) in_second -= sent[ms - 1000];
        if (in_second > most) most = in_second;
        assert_true(budget_holds(&budget));
    }
    assert_in_range(most, BUDGET_PACKETS - 2, BUDGET_PACKETS);
}

static void the_wait_is_long_enough(void **state) {
    struct punch_budget budget;
    uint64_t wait, now = NOW;
    (void)state;
    budget_init(&budget, now);
    for (unsigned i = 0; i < 50; i++) assert_int_equal(budget_wait(&budget, now), 0);
    for (unsigned i = 0; i < 1000; i++, now += wait) {
        assert_in_range(wait = budget_wait(&budget, now), 1, 7);
        assert_int_equal(budget_wait(&budget, now + wait), 0);
    }
}

static void a_network_that_had_all_has_one_that_is_paid(void **state) {
    static const struct address there = {.ip = {[10] = 0xff, 0xff, 192, 0, 2, 1}, .port = 1};
    struct punch_budget budget;
    (void)state;
    budget_init(&budget, NOW);
    budget_allow_one(&budget, &there, NOW); /* it has more */
    for (unsigned i = 0; i < BUDGET_NETWORK; i++) assert_true(budget_take(&budget, BUDGET_TOLD, &there, NOW));
    assert_false(budget_may(&budget, BUDGET_TOLD, &there, NOW));
    for (unsigned i = 0; i < 3; i++) budget_allow_one(&budget, &there, NOW);
    assert_false(budget_may(&budget, BUDGET_GUESSED, &there, NOW));
    assert_true(budget_take(&budget, BUDGET_TOLD, &there, NOW));
    assert_false(budget_take(&budget, BUDGET_TOLD, &there, NOW));
}

static void two_pairs_probe_at_a_time(void **state) {
    struct punch_budget budget;
    (void)state;
    budget_init(&budget, NOW);
    for (unsigned i = 0; i < BUDGET_PROBINGS; i++) assert_true(budget_probe_begin(&budget));
    assert_false(budget_probe_begin(&budget));
    budget_probe_end(&budget);
    assert_true(budget_probe_begin(&budget));
    assert_false(budget_probe_begin(&budget));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_second_sees_more),
        cmocka_unit_test(the_wait_is_long_enough),
        cmocka_unit_test(a_network_that_had_all_has_one_that_is_paid),
        cmocka_unit_test(two_pairs_probe_at_a_time),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("budget", tests, NULL, NULL);
}
