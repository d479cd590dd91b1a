#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/bucket.h"

#define HOUR_MS 3600000u

static const struct bucket_kind PACKETS = {.burst = 50000, .amount = 150000, .per_ms = 1000}; /* thousandths */

static void it_holds_a_burst_and_no_more(void **state) {
    struct bucket bucket;
    (void)state;
    bucket_fill(&bucket, &PACKETS, 7000);
    for (int i = 0; i < 50; i++) assert_true(bucket_take(&bucket, &PACKETS, 1000, 7000));
    assert_false(bucket_take(&bucket, &PACKETS, 1000, 7000));
    assert_int_equal(bucket_level(&bucket, &PACKETS, 7000 + HOUR_MS), 50000);
    assert_int_equal(bucket_level(&bucket, &PACKETS, UINT64_MAX), 50000);
}

static void of_zeros_it_was_empty_at_time_0(void **state) {
    struct bucket bucket = {0};
    (void)state;
    assert_int_equal(bucket_level(&bucket, &PACKETS, 0), 0);
    assert_int_equal(bucket_level(&bucket, &PACKETS, 10), 1500);
}

static void what_is_refused_costs_nothing(void **state) {
    struct bucket bucket = {.tokens = 999, .filled = 5};
    (void)state;
    assert_false(bucket_take(&bucket, &PACKETS, 1000, 5));
    assert_int_equal(bucket.tokens, 999);
    assert_true(bucket_take(&bucket, &PACKETS, 999, 5));
    assert_int_equal(bucket.tokens, 0);
}

static void it_can_be_asked_before_it_is_charged(void **state) {
    struct bucket bucket;
    (void)state;
    bucket_fill(&bucket, &PACKETS, 1);
    assert_int_equal(bucket_level(&bucket, &PACKETS, 1), 50000);
    assert_int_equal(bucket_level(&bucket, &PACKETS, 2), 50000);
}

/* After the wait it is there; a millisecond less is too early, but where the tokens come out even. */
static void the_wait_is_long_enough(void **state) {
    (void)state;
    for (uint64_t tokens = 0; tokens <= 1000; tokens++) {
        struct bucket asked = {.tokens = tokens, .filled = 100}, early = asked;
        uint64_t wait = bucket_wait(&asked, &PACKETS, 1000, 100);
        assert_int_equal(wait, tokens >= 1000 ? 0 : (1000 - tokens) / 150 + 1);
        if (wait > 1) assert_true(bucket_level(&early, &PACKETS, 100 + wait - 1) <= 1000);
        assert_true(bucket_take(&asked, &PACKETS, 1000, 100 + wait));
    }
}

/* Whole tokens come in alone: what is left over of one is lost each time. */
static void a_rate_below_one_a_millisecond(void **state) {
    static const struct bucket_kind kind = {.burst = 100, .amount = 7, .per_ms = 20};
    struct bucket often = {0}, seldom = {0};
    (void)state;
    for (uint64_t now = 3; now <= 60; now += 3) (void)bucket_level(&often, &kind, now);
    assert_int_equal(often.tokens, 20);
    assert_int_equal(bucket_level(&seldom, &kind, 60), 21);
}

/* It fills up just when it should, for every kind in use. */
static void it_is_full_in_time(void **state) {
    static const struct bucket_kind kinds[] = {{.burst = 131072000, .amount = 131072000, .per_ms = 1000},
                                               {.burst = 4000, .amount = 2, .per_ms = 1},
                                               {.burst = 2097152, .amount = 2097152, .per_ms = 60000},
                                               {.burst = 100000, .amount = 1, .per_ms = 1}};
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const struct bucket_kind *kind = &kinds[i];
        uint64_t whole = kind->burst * kind->per_ms / kind->amount;
        struct bucket early = {0}, full = {0}, late = {0};
        assert_in_range(bucket_level(&early, kind, whole - 1), 1, kind->burst - 1);
        assert_int_equal(bucket_level(&full, kind, whole), kind->burst);
        assert_int_equal(bucket_level(&late, kind, whole + HOUR_MS), kind->burst);
    }
}

static void it_never_holds_more_than_a_burst(void **state) {
    (void)state;
    assert_true(bucket_holds(&(struct bucket){.tokens = 50000}, &PACKETS));
    assert_false(bucket_holds(&(struct bucket){.tokens = 50001}, &PACKETS));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_holds_a_burst_and_no_more),
        cmocka_unit_test(of_zeros_it_was_empty_at_time_0),
        cmocka_unit_test(what_is_refused_costs_nothing),
        cmocka_unit_test(it_can_be_asked_before_it_is_charged),
        cmocka_unit_test(the_wait_is_long_enough),
        cmocka_unit_test(a_rate_below_one_a_millisecond),
        cmocka_unit_test(it_is_full_in_time),
        cmocka_unit_test(it_never_holds_more_than_a_burst),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("bucket", tests, NULL, NULL);
}
