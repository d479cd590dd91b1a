#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>

#include "bootnode/guard/rate_limit.h"

#define NOW 1000000

static struct rate_limiter *made(struct rate rate, bool limit_loopback) {
    struct rate rates[RATE_KIND_COUNT];
    for (size_t i = 0; i < RATE_KIND_COUNT; i++) rates[i] = rate;
    struct rate_limiter *limiter = rate_limiter_create(rates, limit_loopback);
    assert_non_null(limiter);
    return limiter;
}

/* How many of `tries` pass. */
static unsigned passing(struct rate_limiter *limiter, const char *from, uint64_t now, unsigned tries) {
    struct address address;
    unsigned passed = 0;
    assert_true(address_parse(from, 1, &address));
    while (tries-- > 0) passed += rate_limit_source(limiter, RATE_HELLO, &address, now);
    return passed;
}

static void test_burst_then_rate(void **state) {
    struct rate_limiter *limiter = made((struct rate){10, 50}, true);
    (void)state;
    assert_int_equal(passing(limiter, "192.0.2.1", NOW, 1000), 50);
    assert_int_equal(passing(limiter, "192.0.2.1", NOW + 99, 10), 0);
    assert_int_equal(passing(limiter, "192.0.2.1", NOW + 100, 10), 1);
    assert_int_equal(passing(limiter, "192.0.2.1", NOW + 1100, 100), 10);
    assert_int_equal(passing(limiter, "192.0.2.1", NOW + 100000, 1000), 50);
    rate_limiter_destroy(limiter);
}

static void test_rates_may_change(void **state) {
    struct rate_limiter *limiter = made((struct rate){10, 50}, true);
    struct rate rates[RATE_KIND_COUNT];
    (void)state;
    assert_int_equal(passing(limiter, "192.0.2.1", NOW, 1000), 50);
    for (size_t i = 0; i < RATE_KIND_COUNT; i++) rates[i] = (struct rate){100, 1000};
    rate_limiter_change(limiter, rates);
    assert_int_equal(passing(limiter, "192.0.2.2", NOW, 5000), 1000);
    assert_int_equal(passing(limiter, "192.0.2.1", NOW + 10000, 5000), 1000);
    for (size_t i = 0; i < RATE_KIND_COUNT; i++) rates[i] = (struct rate){1, 2};
    rate_limiter_change(limiter, rates);
    assert_int_equal(passing(limiter, "192.0.2.1", NOW + 10000, 100), 0);
    assert_int_equal(passing(limiter, "192.0.2.1", NOW + 30000, 100), 2);
    for (size_t i = 0; i < RATE_KIND_COUNT; i++) rates[i] = (struct rate){0, 0};
    rate_limiter_change(limiter, rates);
    assert_int_equal(passing(limiter, "192.0.2.1", NOW + 30000, 100), 100);
    rate_limiter_destroy(limiter);
}

static void test_port_and_form_do_not_matter(void **state) {
    struct rate_limiter *limiter = made((struct rate){10, 50}, true);
    (void)state;
    assert_int_equal(passing(limiter, "192.0.2.1:1000", NOW, 30), 30);
    assert_int_equal(passing(limiter, "[::ffff:192.0.2.1]:2000", NOW, 100), 20);
    rate_limiter_destroy(limiter);
}

static void test_neighbours_share_the_wider_prefix(void **state) {
    struct rate_limiter *limiter = made((struct rate){10, 50}, true);
    char from[64];
    unsigned passed = 0;
    (void)state;
    for (int i = 1; i <= 10; i++) {
        snprintf(from, sizeof from, "192.0.2.%d", i);
        passed += passing(limiter, from, NOW, 50);
    }
    assert_int_equal(passed, 4 * 50);
    assert_int_equal(passing(limiter, "192.0.3.1", NOW, 100), 50);
    rate_limiter_destroy(limiter);
}

/* One that hammers takes no more of its neighbours' allowance than its own. */
static void test_a_refused_source_spares_its_neighbours(void **state) {
    struct rate_limiter *limiter = made((struct rate){10, 50}, true);
    (void)state;
    assert_int_equal(passing(limiter, "192.0.2.1", NOW, 100000), 50);
    assert_int_equal(passing(limiter, "192.0.2.2", NOW, 50), 50);
    rate_limiter_destroy(limiter);
}

static void test_ipv6_prefixes(void **state) {
    struct rate_limiter *limiter = made((struct rate){10, 50}, true);
    char from[64];
    unsigned same_64 = 0, same_56 = 0, same_48 = 0;
    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        snprintf(from, sizeof from, "2001:db8:1:2:%x:%x::1", i, i);
        same_64 += passing(limiter, from, NOW, 1);
    }
    for (unsigned i = 0; i < 256; i++) {
        snprintf(from, sizeof from, "2001:db8:2:%x::1", 0x100 + i);
        same_56 += passing(limiter, from, NOW, 2);
    }
    for (unsigned i = 0; i < 2000; i++) {
        snprintf(from, sizeof from, "2001:db8:3:%x::1", i << 4);
        same_48 += passing(limiter, from, NOW, 1);
    }
    assert_int_equal(same_64, 50);
    assert_int_equal(same_56, 4 * 50);
    assert_int_equal(same_48, 16 * 50);
    rate_limiter_destroy(limiter);
}

static void test_kinds_are_apart(void **state) {
    struct rate_limiter *limiter = made((struct rate){10, 5}, true);
    struct address from;
    (void)state;
    assert_true(address_parse("192.0.2.1", 1, &from));
    assert_int_equal(passing(limiter, "192.0.2.1", NOW, 100), 5);
    assert_true(rate_limit_source(limiter, RATE_STUN, &from, NOW));
    rate_limiter_destroy(limiter);
}

static void test_zero_is_no_limit(void **state) {
    struct rate_limiter *limiter = made((struct rate){0, 0}, true);
    (void)state;
    assert_int_equal(passing(limiter, "192.0.2.1", NOW, 100000), 100000);
    assert_true(rate_limit_session(limiter, RATE_INTRODUCE, 1, NOW));
    rate_limiter_destroy(limiter);
}

static void test_loopback(void **state) {
    struct rate_limiter *strict = made((struct rate){10, 50}, true), *lenient = made((struct rate){10, 50}, false);
    (void)state;
    assert_int_equal(passing(strict, "127.0.0.1", NOW, 100), 50);
    assert_int_equal(passing(strict, "::1", NOW, 100), 50);
    assert_int_equal(passing(lenient, "127.0.0.1", NOW, 100), 100);
    assert_int_equal(passing(lenient, "::1", NOW, 100), 100);
    assert_int_equal(passing(lenient, "192.0.2.1", NOW, 100), 50);
    rate_limiter_destroy(strict);
    rate_limiter_destroy(lenient);
}

static void test_sessions(void **state) {
    struct rate_limiter *limiter = made((struct rate){2, 8}, true);
    unsigned one = 0, other = 0;
    (void)state;
    for (int i = 0; i < 20; i++) one += rate_limit_session(limiter, RATE_INTRODUCE, 0x1234, NOW);
    for (int i = 0; i < 4; i++) other += rate_limit_session(limiter, RATE_INTRODUCE, 0x1235, NOW);
    assert_int_equal(one, 8);
    assert_int_equal(other, 4);
    assert_true(rate_limit_session(limiter, RATE_INTRODUCE, 0x1234, NOW + 500));
    assert_false(rate_limit_session(limiter, RATE_INTRODUCE, 0x1234, NOW + 500));
    rate_limiter_destroy(limiter);
}

/* The server clock falls back when a pause of the process is taken out of it. */
static void test_clock_steps_back(void **state) {
    struct rate_limiter *limiter = made((struct rate){10, 50}, true);
    (void)state;
    assert_int_equal(passing(limiter, "192.0.2.1", NOW + 60000, 100), 50);
    assert_int_equal(passing(limiter, "192.0.2.1", NOW, 100), 50);
    assert_int_equal(passing(limiter, "192.0.2.1", NOW, 100), 0);
    rate_limiter_destroy(limiter);
}

/* Workers read their clocks at different moments: that must not fill a bucket. */
static void test_clocks_of_workers_differ(void **state) {
    struct rate_limiter *limiter = made((struct rate){10, 50}, true);
    (void)state;
    assert_int_equal(passing(limiter, "192.0.2.1", NOW + 20, 100), 50);
    assert_int_equal(passing(limiter, "192.0.2.1", NOW, 100), 0);
    rate_limiter_destroy(limiter);
}

/* A flood from everywhere pushes nobody's used-up bucket out to be filled again. */
static void test_flood_does_not_refill(void **state) {
    struct rate_limiter *limiter = made((struct rate){1, 50}, true);
    (void)state;
    assert_int_equal(passing(limiter, "192.0.2.1", NOW, 100), 50);
    for (uint32_t i = 0; i < 400000; i++) {
        char from[64];
        snprintf(from, sizeof from, "%u.%u.%u.%u", 1 + i % 100, i >> 16 & 255, i >> 8 & 255, i & 255);
        (void)passing(limiter, from, NOW, 1);
    }
    assert_int_equal(passing(limiter, "192.0.2.1", NOW, 100), 0);
    rate_limiter_destroy(limiter);
}

static unsigned passing_bytes(struct rate_limiter *limiter, const char *from, uint32_t bytes, uint64_t now) {
    struct address address;
    unsigned passed = 0;
    assert_true(address_parse(from, 1, &address));
    while (rate_limit_source_by(limiter, RATE_RELAY_SOURCE, &address, bytes, now)) passed++;
    return passed;
}

/* The burst holds exactly as many packets as fit, and the rate brings exactly as many back. */
static void test_bytes(void **state) {
    struct rate_limiter *limiter = made((struct rate){64000, 64000}, true);
    (void)state;
    assert_int_equal(passing_bytes(limiter, "192.0.2.1", 640, NOW), 100);
    assert_int_equal(passing_bytes(limiter, "192.0.2.1", 640, NOW + 9), 0);
    assert_int_equal(passing_bytes(limiter, "192.0.2.1", 640, NOW + 10), 1);
    assert_int_equal(passing_bytes(limiter, "192.0.2.1", 640, NOW + 510), 50);
    assert_int_equal(passing_bytes(limiter, "192.0.2.1", 1280, NOW + 60510), 50);
    assert_int_equal(passing_bytes(limiter, "192.0.2.1", 256, NOW + 60519), 2);
    rate_limiter_destroy(limiter);
}

static void test_bytes_of_neighbours(void **state) {
    struct rate_limiter *limiter = made((struct rate){64000, 64000}, true);
    char from[64];
    unsigned passed = 0, passed_48 = 0;
    (void)state;
    for (int i = 1; i <= 10; i++) {
        snprintf(from, sizeof from, "192.0.2.%d", i);
        passed += passing_bytes(limiter, from, 640, NOW);
    }
    for (unsigned i = 0; i < 256; i++) {
        snprintf(from, sizeof from, "2001:db8:3:%x::1", i << 8);
        passed_48 += passing_bytes(limiter, from, 640, NOW);
    }
    assert_int_equal(passed, 4 * 100);
    assert_int_equal(passed_48, 16 * 100);
    rate_limiter_destroy(limiter);
}

static void test_one_bucket_for_all(void **state) {
    struct rate_limiter *limiter = made((struct rate){64000, 64000}, true);
    unsigned passed = 0;
    (void)state;
    while (rate_limit_total_by(limiter, RATE_RELAY_TOTAL, 1000, NOW)) passed++;
    assert_int_equal(passed, 64);
    assert_true(rate_limit_session_by(limiter, RATE_RELAY, 1, 1000, NOW));
    assert_true(rate_limit_total_by(limiter, RATE_RELAY_TOTAL, 1000, NOW + 16));
    assert_false(rate_limit_total_by(limiter, RATE_RELAY_TOTAL, 1000, NOW + 16));
    rate_limiter_destroy(limiter);
}

/* At rates where a packet takes no whole microsecond the limit errs on the strict side, and never vanishes. */
static void test_the_highest_rates_still_limit(void **state) {
    static const struct rate most = {RATE_BYTES_MAX, RATE_BYTES_MAX};
    struct rate_limiter *limiter = made(most, true);
    uint64_t passed = 0, again = 0;
    struct address address;
    (void)state;
    assert_true(address_parse("2001:db8::1", 1, &address));
    while (rate_limit_source_by(limiter, RATE_RELAY_SOURCE, &address, 256, NOW)) passed++;
    while (rate_limit_source_by(limiter, RATE_RELAY_SOURCE, &address, 256, NOW + 100)) again++;
    assert_int_equal(passed, RATE_BYTES_MAX / 256);
    assert_in_range(again, 30000, RATE_BYTES_MAX / 256 / 10);
    rate_limiter_destroy(limiter);
}

#define THREADS 4
static struct rate_limiter *contended;
static _Atomic unsigned contended_passed;

static void *hammer(void *argument) {
    (void)argument;
    atomic_fetch_add(&contended_passed, passing(contended, "192.0.2.1", NOW, 50000));
    return NULL;
}

static void test_threads_share_one_bucket(void **state) {
    pthread_t threads[THREADS];
    (void)state;
    contended = made((struct rate){10, 1000}, true);
    assert_true(passing(contended, "192.0.2.1", NOW, 1));
    for (size_t i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&threads[i], NULL, hammer, NULL), 0);
    for (size_t i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    assert_int_equal(contended_passed, 999);
    rate_limiter_destroy(contended);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_burst_then_rate),
        cmocka_unit_test(test_rates_may_change),
        cmocka_unit_test(test_port_and_form_do_not_matter),
        cmocka_unit_test(test_neighbours_share_the_wider_prefix),
        cmocka_unit_test(test_a_refused_source_spares_its_neighbours),
        cmocka_unit_test(test_ipv6_prefixes),
        cmocka_unit_test(test_kinds_are_apart),
        cmocka_unit_test(test_zero_is_no_limit),
        cmocka_unit_test(test_loopback),
        cmocka_unit_test(test_sessions),
        cmocka_unit_test(test_clock_steps_back),
        cmocka_unit_test(test_clocks_of_workers_differ),
        cmocka_unit_test(test_flood_does_not_refill),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_bytes_of_neighbours),
        cmocka_unit_test(test_one_bucket_for_all),
        cmocka_unit_test(test_the_highest_rates_still_limit),
        cmocka_unit_test(test_threads_share_one_bucket),
    };
    if (sodium_init() < 0) return 1;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("rate_limit", tests, NULL, NULL);
}
