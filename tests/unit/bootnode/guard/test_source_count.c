#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>

#include "bootnode/guard/source_count.h"

#define CROWD 1000000
#define FEW 1000
#define CAP 512

static struct source_count *made(uint32_t per_source) {
    struct source_count *count = source_count_create(per_source, FEW, true);
    assert_non_null(count);
    return count;
}

/* All that was added must have been removed. */
static void done(struct source_count *count) {
    assert_true(source_count_is_zero(count));
    source_count_destroy(count);
}

static struct address at(const char *text) {
    struct address address;
    assert_true(address_parse(text, 1, &address));
    return address;
}

static bool has_place(const struct source_count *count, const char *text) {
    struct address source = at(text);
    return source_count_has_place(count, &source, NULL);
}

/* How many of `tries` found a place, and took it. */
static unsigned taking(struct source_count *count, const char *text, unsigned tries) {
    struct address source = at(text);
    unsigned taken = 0;
    for (; tries > 0 && source_count_has_place(count, &source, NULL); tries--, taken++)
        source_count_add(count, &source);
    return taken;
}

static void leaving(struct source_count *count, const char *text, unsigned sessions) {
    struct address source = at(text);
    while (sessions-- > 0) source_count_remove(count, &source);
}

static void test_the_cap_may_change(void **state) {
    struct source_count *count = made(CAP);
    (void)state;
    assert_int_equal(taking(count, "192.0.2.1", 300), 300);
    source_count_change(count, 200);
    assert_false(has_place(count, "192.0.2.1"));
    assert_int_equal(taking(count, "192.0.2.2", 1000), 200);
    source_count_change(count, 301);
    assert_int_equal(taking(count, "192.0.2.1", 1000), 1);
    source_count_change(count, 0);
    assert_int_equal(taking(count, "192.0.2.1", 1000), 1000);
    source_count_change(count, CAP);
    leaving(count, "192.0.2.1", 1301);
    leaving(count, "192.0.2.2", 200);
    done(count);
}

static void test_rows_suit_what_they_were_made_for(void **state) {
    struct source_count *count = source_count_create(CAP, CROWD, true);
    (void)state;
    assert_true(source_count_suits(count, CAP, CROWD));
    assert_true(source_count_suits(count, 100 * CAP, CROWD));
    assert_true(source_count_suits(count, 0, CROWD * 1000ULL));
    assert_true(source_count_suits(count, CAP / 4, CROWD));
    assert_true(source_count_suits(count, CAP, CROWD * 4ULL));
    assert_false(source_count_suits(count, CAP / 8, CROWD));
    assert_false(source_count_suits(count, CAP, CROWD * 8ULL));
    assert_false(source_count_suits(NULL, CAP, CROWD));
    assert_true(source_count_suits(NULL, 0, CROWD));
    source_count_destroy(count);
}

static void test_a_source_has_its_cap(void **state) {
    struct source_count *count = made(CAP);
    (void)state;
    assert_int_equal(taking(count, "192.0.2.1:1000", 300), 300);
    assert_int_equal(taking(count, "[::ffff:192.0.2.1]:2000", 10000), CAP - 300);
    assert_false(source_count_is_zero(count));
    assert_true(has_place(count, "192.0.2.2"));
    leaving(count, "192.0.2.1:7", 1);
    assert_int_equal(taking(count, "192.0.2.1", 10), 1);
    leaving(count, "192.0.2.1", CAP);
    done(count);
}

static void test_neighbours_share_the_wider_prefix(void **state) {
    struct source_count *count = made(CAP);
    char from[64];
    unsigned taken[10], sum = 0;
    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        snprintf(from, sizeof from, "192.0.2.%u", i);
        sum += taken[i] = taking(count, from, CAP);
    }
    assert_int_equal(sum, 4 * CAP);
    assert_int_equal(taking(count, "192.0.3.1", 1), 1);
    leaving(count, "192.0.3.1", 1);
    for (unsigned i = 0; i < 10; i++) {
        snprintf(from, sizeof from, "192.0.2.%u", i);
        leaving(count, from, taken[i]);
    }
    done(count);
}

/* One session each at `sources` addresses of `format`, told apart by one number shifted by `shift`: how many come in.
 */
static unsigned spreading(struct source_count *count, const char *format, unsigned sources, unsigned shift) {
    char from[64];
    unsigned taken = 0;
    for (unsigned i = 0; i < sources; i++) {
        snprintf(from, sizeof from, format, i << shift);
        taken += taking(count, from, 1);
    }
    for (unsigned i = 0; i < taken; i++) {
        snprintf(from, sizeof from, format, i << shift);
        leaving(count, from, 1);
    }
    return taken;
}

static void test_ipv6_prefixes(void **state) {
    struct source_count *count = made(10);
    (void)state;
    assert_int_equal(spreading(count, "2001:db8:1:1:%x::1", 1000, 0), 10);
    assert_int_equal(spreading(count, "2001:db8:2:%x::1", 256, 0), 4 * 10);
    assert_int_equal(spreading(count, "2001:db8:3:%x::1", 1000, 4), 16 * 10);
    assert_int_equal(spreading(count, "2001:db8:%x::1", 1000, 0), 1000);
    done(count);
}

static void test_a_prefix_with_both_is_not_asked(void **state) {
    struct source_count *count = made(CAP);
    (void)state;
    const struct address full = at("192.0.2.1:1"), port = at("192.0.2.1:2"), neighbour = at("192.0.2.2:1"),
                         other = at("198.51.100.1:1");
    assert_int_equal(taking(count, "192.0.2.1", 2 * CAP), CAP);
    assert_true(source_count_has_place(count, &port, &full));
    assert_true(source_count_has_place(count, &neighbour, &full));
    assert_false(source_count_has_place(count, &full, &neighbour));
    assert_false(source_count_has_place(count, &full, &other));
    leaving(count, "192.0.2.1", CAP);
    done(count);
}

/* The first bytes of a v4-mapped address and of ::1 are the same, but nobody's neighbourhood. */
static void test_families_are_apart(void **state) {
    struct source_count *count = made(1);
    (void)state;
    const struct address ipv4 = at("192.0.2.1"), ipv6 = at("::2");
    source_count_add(count, &ipv6);
    assert_false(source_count_has_place(count, &ipv6, &ipv4));
    source_count_remove(count, &ipv6);
    done(count);
}

static void test_loopback(void **state) {
    struct source_count *strict = made(5), *lenient = source_count_create(5, FEW, false);
    (void)state;
    assert_non_null(lenient);
    assert_int_equal(taking(strict, "127.0.0.1", 100), 5);
    assert_int_equal(taking(lenient, "127.0.0.1", 100), 100);
    assert_int_equal(taking(lenient, "::1", 100), 100);
    assert_true(source_count_is_zero(lenient));
    assert_int_equal(taking(lenient, "192.0.2.1", 100), 5);
    leaving(strict, "127.0.0.1", 5);
    leaving(lenient, "127.0.0.1", 100);
    leaving(lenient, "192.0.2.1", 5);
    done(strict);
    done(lenient);
}

static void test_without_a_cap(void **state) {
    const struct address source = at("192.0.2.1");
    (void)state;
    source_count_add(NULL, &source);
    assert_true(source_count_has_place(NULL, &source, NULL));
    source_count_remove(NULL, &source);
    assert_true(source_count_is_zero(NULL));
}

static struct address scattered(uint32_t number) {
    struct address source = at("192.0.2.1");
    number *= 2654435761U; /* odd: different numbers, different addresses */
    for (size_t i = 0; i < 4; i++) source.ip[12 + i] = (uint8_t)(number >> 8 * i);
    return source;
}

/* Others in the same cells take less than a quarter of a source's cap away, even with every session taken. */
static void test_a_crowd_takes_nobodys_place(void **state) {
    struct source_count *count = source_count_create(CAP, CROWD, true);
    (void)state;
    assert_non_null(count);
    for (uint32_t i = 0; i < CROWD; i++) {
        const struct address source = scattered(i);
        source_count_add(count, &source);
    }
    for (unsigned i = 0; i < 100; i++) {
        char from[64];
        snprintf(from, sizeof from, "2001:db8:%x::1", i);
        unsigned taken = taking(count, from, 2 * CAP);
        assert_in_range(taken, CAP * 3 / 4, CAP);
        leaving(count, from, taken);
    }
    for (uint32_t i = 0; i < CROWD; i++) {
        const struct address source = scattered(i);
        source_count_remove(count, &source);
    }
    done(count);
}

#define THREADS 4
#define ROUNDS 20000
static struct source_count *contended;

static void *come_and_go(void *argument) {
    (void)argument;
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned taken = taking(contended, "192.0.2.1", 3);
        leaving(contended, "192.0.2.1", taken);
    }
    return NULL;
}

static void test_threads_leave_nothing_behind(void **state) {
    pthread_t threads[THREADS];
    (void)state;
    contended = made(5);
    for (size_t i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, NULL), 0);
    for (size_t i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    done(contended);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_source_has_its_cap),
        cmocka_unit_test(test_the_cap_may_change),
        cmocka_unit_test(test_rows_suit_what_they_were_made_for),
        cmocka_unit_test(test_neighbours_share_the_wider_prefix),
        cmocka_unit_test(test_ipv6_prefixes),
        cmocka_unit_test(test_a_prefix_with_both_is_not_asked),
        cmocka_unit_test(test_families_are_apart),
        cmocka_unit_test(test_loopback),
        cmocka_unit_test(test_without_a_cap),
        cmocka_unit_test(test_a_crowd_takes_nobodys_place),
        cmocka_unit_test(test_threads_leave_nothing_behind),
    };
    if (sodium_init() < 0) return 1;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("source_count", tests, NULL, NULL);
}
