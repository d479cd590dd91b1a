/* When requests are due, and which of them are on their way: what pump_run is made of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench/load/flight.h"
#include "bench/load/pacing.h"
#include "bench/load/pump_result.h"

#define START 5000000

static void requests_are_due_at_their_time(void **state) {
    (void)state;
    struct pacing pacing = pacing_start(1000, START, 1000000);
    assert_int_equal(pacing.total, 1000);
    assert_int_equal(pacing_due_us(&pacing, 0), START);
    assert_int_equal(pacing_due_us(&pacing, 999), START + 999000);
    assert_int_equal(pacing_due(&pacing, 0, START - 1, 64), 0);
    assert_int_equal(pacing_due(&pacing, 0, START, 64), 1);
    assert_int_equal(pacing_due(&pacing, 1, START + 999, 64), 0);
    assert_int_equal(pacing_due(&pacing, 1, START + 3000, 64), 3);
}

/* No coordinated omission: what was due during a pause still is, at its old time. */
static void a_pause_puts_nothing_off(void **state) {
    (void)state;
    struct pacing pacing = pacing_start(1000, START, PACING_ENDLESS);
    assert_int_equal(pacing_due(&pacing, 10, START + 500000, 64), 64);
    assert_int_equal(pacing_due(&pacing, 490, START + 500000, 64), 11);
    assert_int_equal(pacing_due_us(&pacing, 10), START + 10000);
}

static void a_long_row_does_not_drift(void **state) {
    (void)state;
    struct pacing pacing = pacing_start(3, START, PACING_ENDLESS);
    assert_int_equal(pacing_due_us(&pacing, 3000000), START + UINT64_C(1000000000000));
}

static void the_duration_ends_it(void **state) {
    (void)state;
    struct pacing pacing = pacing_start(0.5, START, 10000000);
    assert_int_equal(pacing.total, 5);
    assert_int_equal(pacing_due(&pacing, 4, UINT64_MAX / 2, 64), 1);
    assert_int_equal(pacing_due(&pacing, 5, UINT64_MAX / 2, 64), 0);
}

static void without_a_rate_all_is_due(void **state) {
    (void)state;
    struct pacing pacing = pacing_start(0, START, 1000);
    assert_int_equal(pacing_due(&pacing, 1000000, START, 64), 64);
    assert_int_equal(pacing.total, PACING_ENDLESS);
}

static void the_schedule_comes_on_whoever_sends(void **state) {
    (void)state;
    struct pacing pacing = pacing_start(1000, START, 1000000);
    assert_int_equal(pacing_come_to(&pacing, START - 1), 0);
    assert_int_equal(pacing_come_to(&pacing, START), 1);
    assert_int_equal(pacing_come_to(&pacing, START + 1999), 2);
    assert_int_equal(pacing_come_to(&pacing, START + 5000000), 1000);
    pacing = pacing_start(0, START, 1000000);
    assert_int_equal(pacing_come_to(&pacing, START + 5000), 0);
}

static void results_add_up(void **state) {
    (void)state;
    static struct pump_result one, two;
    one = (struct pump_result){.sent = 10,
                               .send_failed = 1,
                               .due = 17,
                               .passed = 2,
                               .expected = 8,
                               .answered = 6,
                               .lost = 2,
                               .late = 3,
                               .elapsed_us = 500};
    two = (struct pump_result){.sent = 100,
                               .send_failed = 10,
                               .due = 110,
                               .expected = 80,
                               .answered = 60,
                               .lost = 20,
                               .late = 30,
                               .elapsed_us = 400};
    histogram_add(&one.rtt_us, 50);
    histogram_add(&two.rtt_us, 70);
    assert_int_equal(pump_result_unsent(&one), 4);
    assert_int_equal(pump_result_unsent(&two), 0);
    pump_result_merge(&one, &two);
    assert_int_equal(one.sent, 110);
    assert_int_equal(one.send_failed, 11);
    assert_int_equal(one.due, 127);
    assert_int_equal(one.passed, 2);
    assert_int_equal(one.expected, 88);
    assert_int_equal(one.answered, 66);
    assert_int_equal(one.lost, 22);
    assert_int_equal(one.late, 33);
    assert_int_equal(one.elapsed_us, 500);
    assert_int_equal(one.rtt_us.count, 2);
    assert_int_equal(pump_result_unsent(&one), 4);
}

/* From the first request of all to the last one, in either order. */
static void times_span_all(void **state) {
    (void)state;
    static struct pump_result into, from;
    into = (struct pump_result){.sent = 0};
    from = (struct pump_result){.sent = 2, .first_us = 1000, .elapsed_us = 500};
    pump_result_merge(&into, &from);
    assert_int_equal(into.first_us, 1000);
    assert_int_equal(into.elapsed_us, 500);
    from = (struct pump_result){.sent = 1, .first_us = 1700};
    pump_result_merge(&into, &from);
    assert_int_equal(into.elapsed_us, 700);
    from = (struct pump_result){.sent = 3, .first_us = 600, .elapsed_us = 200};
    pump_result_merge(&into, &from);
    assert_int_equal(into.first_us, 600);
    assert_int_equal(into.elapsed_us, 1100);
    from = (struct pump_result){.sent = 0};
    pump_result_merge(&into, &from);
    assert_int_equal(into.first_us, 600);
    assert_int_equal(into.elapsed_us, 1100);
}

/* Every request of the whole has its turn in one of the parts, at its own time. */
static void parts_are_the_whole(void **state) {
    (void)state;
    static const double rates[] = {0.5, 3, 7, 1000, 12345};
    for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
        for (uint32_t count = 1; count <= 5; count++) {
            struct pacing whole = pacing_start(rates[r], START, 4100000);
            uint64_t total = 0;
            for (uint32_t index = 0; index < count; index++) {
                const struct share share = {.index = index, .count = count};
                struct pacing part = pacing_start_share(rates[r] / count, share, START, 4100000);
                for (uint64_t k = 0; k < part.total; k++)
                    assert_in_range(pacing_due_us(&part, k) + 1, pacing_due_us(&whole, k * count + index),
                                    pacing_due_us(&whole, k * count + index) + 2);
                total += part.total;
            }
            assert_int_equal(total, whole.total);
        }
    }
}

static void an_endless_part_has_no_end(void **state) {
    (void)state;
    const struct share share = {.index = 2, .count = 3};
    assert_int_equal(pacing_start_share(10, share, START, PACING_ENDLESS).total, PACING_ENDLESS);
    assert_int_equal(pacing_start_share(0, share, START, 1000).total, PACING_ENDLESS);
}

static void open_flight(struct flight *flight, size_t capacity) {
    assert_true(flight_open(flight, capacity));
}

static void an_answer_lands_once(void **state) {
    (void)state;
    struct flight flight;
    uint64_t at;
    open_flight(&flight, 8);
    flight_add(&flight, 0, 100);
    flight_add(&flight, 1, 200);
    assert_int_equal(flight.held, 2);
    assert_true(flight_land(&flight, 1, &at));
    assert_int_equal(at, 200);
    assert_int_equal(flight.held, 1);
    assert_false(flight_land(&flight, 1, &at));
    assert_true(flight_land(&flight, 0, &at));
    assert_int_equal(flight.held, 0);
    flight_close(&flight);
}

static void strangers_do_not_land(void **state) {
    (void)state;
    struct flight flight;
    uint64_t at;
    open_flight(&flight, 8);
    assert_false(flight_land(&flight, 0, &at));
    flight_add(&flight, 5, 100); /* those before want no answer */
    assert_false(flight_land(&flight, 3, &at));
    assert_false(flight_land(&flight, 6, &at));
    assert_false(flight_land(&flight, 5 + 8, &at));
    assert_false(flight_land(&flight, UINT64_MAX, &at));
    assert_int_equal(flight.held, 1);
    flight_close(&flight);
}

static void a_round_later_they_are_forgotten(void **state) {
    (void)state;
    struct flight flight;
    uint64_t at;
    open_flight(&flight, 5); /* rounded up to 8 */
    for (uint64_t i = 0; i < 9; i++) flight_add(&flight, i, 100 + i);
    assert_int_equal(flight.held, 8);
    assert_false(flight_land(&flight, 0, &at));
    assert_true(flight_land(&flight, 1, &at));
    assert_int_equal(at, 101);
    assert_true(flight_land(&flight, 8, &at));
    flight_add(&flight, 1000, 5000);
    assert_int_equal(flight.held, 1);
    assert_false(flight_land(&flight, 7, &at));
    flight_close(&flight);
}

/* Lost ones free their places, so that as fast as possible never stalls; late ones still count as answered. */
static void old_ones_give_up_their_place_only(void **state) {
    (void)state;
    struct flight flight;
    uint64_t at;
    open_flight(&flight, 16);
    for (uint64_t i = 0; i < 4; i++) flight_add(&flight, i, 100 * (i + 1));
    assert_true(flight_land(&flight, 2, &at));
    flight_age(&flight, 100);
    assert_int_equal(flight.held, 3);
    flight_age(&flight, 400);
    assert_int_equal(flight.held, 1);
    assert_true(flight_land(&flight, 0, &at));
    assert_int_equal(at, 100);
    assert_int_equal(flight.held, 1);
    flight_age(&flight, 1000);
    assert_int_equal(flight.held, 0);
    for (uint64_t i = 4; i < 40; i++) flight_add(&flight, i, 2000);
    assert_int_equal(flight.held, 16);
    flight_close(&flight);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_due_at_their_time),
        cmocka_unit_test(a_pause_puts_nothing_off),
        cmocka_unit_test(a_long_row_does_not_drift),
        cmocka_unit_test(the_duration_ends_it),
        cmocka_unit_test(without_a_rate_all_is_due),
        cmocka_unit_test(the_schedule_comes_on_whoever_sends),
        cmocka_unit_test(results_add_up),
        cmocka_unit_test(times_span_all),
        cmocka_unit_test(parts_are_the_whole),
        cmocka_unit_test(an_endless_part_has_no_end),
        cmocka_unit_test(an_answer_lands_once),
        cmocka_unit_test(strangers_do_not_land),
        cmocka_unit_test(a_round_later_they_are_forgotten),
        cmocka_unit_test(old_ones_give_up_their_place_only),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("pump", tests, NULL, NULL);
}
