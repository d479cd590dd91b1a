/* One thread's share of a whole. */
#include "bench/load/share.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/load/row_facts.h"

static void shares_are_the_whole(void **state) {
    (void)state;
    static const uint64_t wholes[] = {0, 1, 2, 7, 64, 100, 4096, 16777216, UINT64_C(1) << 60};
    for (size_t i = 0; i < sizeof wholes / sizeof *wholes; i++) {
        for (uint32_t count = 1; count <= 17; count++) {
            uint64_t sum = 0, first = share_of(wholes[i], (struct share){.index = 0, .count = count});
            for (uint32_t index = 0; index < count; index++) {
                const struct share share = {.index = index, .count = count};
                assert_int_equal(share_before(wholes[i], share), sum);
                sum += share_of(wholes[i], share);
                assert_in_range(share_of(wholes[i], share) + 1, first, first + 1);
            }
            assert_int_equal(sum, wholes[i]);
        }
    }
}

/* So that a part of the rooms that is watched is never more than the rooms. */
static void less_has_no_larger_shares(void **state) {
    (void)state;
    for (uint64_t whole = 0; whole < 40; whole++)
        for (uint64_t part = 0; part <= whole; part++)
            for (uint32_t index = 0; index < 7; index++) {
                const struct share share = {.index = index, .count = 7};
                assert_true(share_of(part, share) <= share_of(whole, share));
            }
}

static void the_whole_is_one_share(void **state) {
    (void)state;
    assert_int_equal(share_of(12345, SHARE_WHOLE), 12345);
    assert_int_equal(share_before(12345, SHARE_WHOLE), 0);
    assert_true(share_phase(SHARE_WHOLE) == 0);
    assert_true(share_phase((struct share){.index = 3, .count = 4}) == 0.75);
}

static void facts_add_up(void **state) {
    (void)state;
    static struct row_facts into, from;
    into = (struct row_facts){.sessions = 10, .registered = 3, .elapsed_us = 500, .nowhere = 1, .draining = true};
    into.misdeeds = (struct misdeeds){
        .forged = 1, .malformed = 2, .resets = 3, .unanswered = 4, .overdue = 7, .stuck = 5, .unheard = 6};
    into.announced =
        (struct oracle_verdict){.join_missing = 1, .expired_expected = 20, .expired_seen = 19, .expired_wrong = 2};
    into.refused[REFUSAL_ROOM_FULL] = 7;
    into.deaf_us = into.gone_us = 9;
    into.comeback = (struct comeback_result){.lost = 5, .told = 4, .back = 3, .busy = 2, .all_ms = 70};
    from = into;
    from.elapsed_us = 900;
    from.deaf_us = from.gone_us = 8;
    from.comeback.all_ms = 90;
    from.draining = false;
    from.no_memory = from.counters_used_up = true;
    histogram_add(&into.announced.announce_us, 10);
    histogram_add(&from.announced.announce_us, 30);
    histogram_add(&from.announced.expiry_late_ms, 40);
    histogram_add(&from.comeback.back_ms, 50);
    row_facts_merge(&into, &from);
    assert_int_equal(into.sessions, 20);
    assert_int_equal(into.registered, 6);
    assert_int_equal(into.elapsed_us, 900);
    assert_int_equal(into.deaf_us, 9);
    assert_int_equal(into.gone_us, 9);
    assert_int_equal(into.comeback.lost, 10);
    assert_int_equal(into.comeback.told, 8);
    assert_int_equal(into.comeback.back, 6);
    assert_int_equal(into.comeback.busy, 4);
    assert_int_equal(into.comeback.all_ms, 90);
    assert_int_equal(into.comeback.back_ms.count, 1);
    assert_int_equal(into.nowhere, 2);
    assert_int_equal(into.refused[REFUSAL_ROOM_FULL], 14);
    assert_int_equal(into.refused[REFUSAL_VERSION], 0);
    assert_true(into.draining && into.no_memory && into.counters_used_up);
    assert_int_equal(into.misdeeds.forged, 2);
    assert_int_equal(into.misdeeds.malformed, 4);
    assert_int_equal(into.misdeeds.resets, 6);
    assert_int_equal(into.misdeeds.unanswered, 8);
    assert_int_equal(into.misdeeds.overdue, 14);
    assert_int_equal(into.misdeeds.stuck, 10);
    assert_int_equal(into.misdeeds.unheard, 12);
    assert_int_equal(into.announced.join_missing, 2);
    assert_int_equal(into.announced.expired_expected, 40);
    assert_int_equal(into.announced.expired_seen, 38);
    assert_int_equal(into.announced.expired_wrong, 4);
    assert_int_equal(into.announced.announce_us.count, 2);
    assert_int_equal(into.announced.announce_us.maximum, 30);
    assert_int_equal(into.announced.expiry_late_ms.count, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_are_the_whole),
        cmocka_unit_test(less_has_no_larger_shares),
        cmocka_unit_test(the_whole_is_one_share),
        cmocka_unit_test(facts_add_up),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("share", tests, NULL, NULL);
}
