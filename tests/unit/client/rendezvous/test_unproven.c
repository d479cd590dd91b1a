#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client/rendezvous/unproven.h"

#define NOW UINT64_C(1000000)

static struct address at(unsigned host, uint16_t port) {
    return (struct address){.ip = {[10] = 0xff, 0xff, 198, (uint8_t)(host >> 16), (uint8_t)(host >> 8), (uint8_t)host},
                            .port = port};
}

static unsigned take_all(struct unproven *unproven, const struct address *address, uint64_t now) {
    unsigned taken = 0;
    while (taken < 100 && unproven_take(unproven, 0, address, now)) taken++;
    assert_true(unproven_holds(unproven));
    return taken;
}

static void an_address_gets_few_and_then_none(void **state) {
    struct unproven unproven = {.count = 0};
    const struct address stranger = at(1, 5000);
    (void)state;
    assert_int_equal(take_all(&unproven, &stranger, NOW), UNPROVEN_HELLOS);
    assert_int_equal(take_all(&unproven, &stranger, NOW + UNPROVEN_REST_MS - 1), 0);
    assert_int_equal(take_all(&unproven, &stranger, NOW + UNPROVEN_REST_MS), UNPROVEN_HELLOS);
}

/* A home that was dead when it was greeted, and lives again. */
static void who_is_vouched_for_rests_for_less(void **state) {
    struct unproven unproven = {.count = 0};
    const struct address home = at(1, 5000), other = at(2, 5000);
    (void)state;
    assert_int_equal(take_all(&unproven, &home, NOW), UNPROVEN_HELLOS);
    assert_int_equal(take_all(&unproven, &other, NOW), UNPROVEN_HELLOS);
    unproven_vouched(&unproven, 0, &home, NOW + UNPROVEN_VOUCHED_MS - 1);
    assert_int_equal(take_all(&unproven, &home, NOW + UNPROVEN_VOUCHED_MS - 1), 0);
    unproven_vouched(&unproven, 0, &home, NOW + UNPROVEN_VOUCHED_MS);
    assert_int_equal(take_all(&unproven, &home, NOW + UNPROVEN_VOUCHED_MS), UNPROVEN_HELLOS);
    assert_int_equal(take_all(&unproven, &other, NOW + UNPROVEN_VOUCHED_MS), 0);
    unproven_vouched(&unproven, 0, &home, NOW + UNPROVEN_VOUCHED_MS); /* again and again is no more */
    assert_int_equal(take_all(&unproven, &home, NOW + UNPROVEN_VOUCHED_MS), 0);
}

static void who_has_the_key_gets_all(void **state) {
    struct unproven unproven = {.count = 0};
    const struct address node = at(1, 5000), other = at(1, 5001);
    (void)state;
    assert_int_equal(take_all(&unproven, &node, NOW), UNPROVEN_HELLOS);
    unproven_registered(&unproven, &node);
    assert_int_equal(take_all(&unproven, &node, NOW), 100);
    assert_int_equal(take_all(&unproven, &other, NOW), UNPROVEN_HELLOS);
}

/* Whoever forges a COOKIE from there pays for each five HELLOs, and the purse for all of them. */
static void a_cookie_proves_nothing(void **state) {
    struct unproven unproven = {.count = 0};
    const struct address node = at(1, 5000);
    unsigned taken = 0;
    (void)state;
    for (unsigned i = 0; i < 10000; i++) {
        taken += take_all(&unproven, &node, NOW + i);
        unproven_answered(&unproven, &node);
    }
    assert_in_range(taken, UNPROVEN_PURSE * UNPROVEN_HELLOS,
                    (UNPROVEN_PURSE + 10000 / UNPROVEN_EVERY_MS) * UNPROVEN_HELLOS);
}

static void one_host_has_few_ports(void **state) {
    struct unproven unproven = {.count = 0};
    unsigned taken = 0;
    (void)state;
    for (uint16_t port = 2000; port < 2100; port++) {
        struct address address = at(7, port);
        taken += take_all(&unproven, &address, NOW);
    }
    assert_int_equal(taken, UNPROVEN_OF_ONE * UNPROVEN_HELLOS);
    struct address right = at(7, 9595);
    assert_int_equal(take_all(&unproven, &right, NOW + UNPROVEN_ONE_MS - 1), 0);
    assert_int_equal(take_all(&unproven, &right, NOW + UNPROVEN_ONE_MS), UNPROVEN_HELLOS);
    right = at(7, 9596); /* whoever has the key names it */
    unproven_vouched(&unproven, 0, &right, NOW + UNPROVEN_ONE_MS);
    assert_int_equal(take_all(&unproven, &right, NOW + UNPROVEN_ONE_MS), UNPROVEN_HELLOS);
    taken = 0;
    for (uint16_t i = 0; i < 100; i++) { /* one /64 */
        struct address address = {.ip = {0x20, 0x01, 0x0d, 0xb8, [15] = (uint8_t)i}, .port = 5000};
        taken += take_all(&unproven, &address, NOW);
    }
    assert_int_equal(taken, UNPROVEN_OF_ONE * UNPROVEN_HELLOS);
    for (uint16_t port = 2000; port < 2010; port++) { /* our own machine has many nodes */
        struct address address = {.ip = {[10] = 0xff, 0xff, 127, 0, 0, 1}, .port = port};
        assert_int_equal(take_all(&unproven, &address, NOW), UNPROVEN_HELLOS);
    }
}

/* However many are named, they get so much together; and who is named a moment later by somebody else is no worse off.
 */
static void all_have_a_bound(void **state) {
    struct unproven unproven = {.count = 0};
    unsigned taken = 0;
    (void)state;
    for (unsigned i = 0; i < 10000; i++) {
        struct address address = at(i, 5000);
        taken += take_all(&unproven, &address, NOW + i);
    }
    assert_in_range(taken, UNPROVEN_PURSE * UNPROVEN_HELLOS,
                    (UNPROVEN_PURSE + 10000 / UNPROVEN_EVERY_MS) * UNPROVEN_HELLOS);
    struct address other = at(1 << 20, 5000), vouched = at(2 << 20, 5000), late = at(3 << 20, 5000);
    assert_false(unproven_take(&unproven, 0, &other, NOW + 9999));
    assert_true(unproven_take(&unproven, 1, &other, NOW + 9999));
    unproven_vouched(&unproven, 0, &vouched, NOW + 9999);
    assert_int_equal(take_all(&unproven, &vouched, NOW + 9999), UNPROVEN_HELLOS);
    assert_int_equal(take_all(&unproven, &late, NOW + 9999 + UNPROVEN_EVERY_MS), UNPROVEN_HELLOS);
}

/* Whoever has the key and lies has strangers greeted as seldom. */
static void who_vouches_has_a_bound(void **state) {
    struct unproven unproven = {.count = 0};
    unsigned taken = 0;
    (void)state;
    for (unsigned i = 0; i < 100000; i++) {
        struct address address = at(i % 1000, 5000);
        unproven_vouched(&unproven, 3, &address, NOW + i);
        size_t before = unproven.count;
        if (before == 0 || !address_equal(&unproven.list[before - 1].address, &address)) continue;
        taken += take_all(&unproven, &address, NOW + i);
    }
    assert_in_range(taken, UNPROVEN_PURSE * UNPROVEN_HELLOS,
                    (UNPROVEN_PURSE + 100000 / UNPROVEN_EVERY_MS) * UNPROVEN_HELLOS);
}

/* A table that is full forgets the oldest, and never refuses for that. */
static void the_table_is_never_full(void **state) {
    struct unproven unproven = {.count = 0};
    (void)state;
    for (unsigned i = 0; i < 3 * UNPROVEN_MAX; i++) {
        struct address address = at(i, 5000);
        assert_true(unproven_take(&unproven, i % BOOTNODES_MAX, &address, NOW + (uint64_t)i * 500));
        assert_true(unproven_holds(&unproven));
    }
    assert_int_equal(unproven.count, UNPROVEN_MAX);
}

static void the_proven_are_bounded(void **state) {
    struct unproven unproven = {.count = 0};
    (void)state;
    for (unsigned i = 0; i < 3 * UNPROVEN_PROVEN_MAX; i++) {
        struct address address = at(i, 5000);
        unproven_registered(&unproven, &address);
        unproven_registered(&unproven, &address);
        assert_true(unproven_holds(&unproven));
    }
    struct address first = at(0, 5000), last = at(3 * UNPROVEN_PROVEN_MAX - 1, 5000);
    assert_int_equal(take_all(&unproven, &first, NOW), UNPROVEN_HELLOS);
    assert_int_equal(take_all(&unproven, &last, NOW), 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_gets_few_and_then_none),
        cmocka_unit_test(who_is_vouched_for_rests_for_less),
        cmocka_unit_test(who_has_the_key_gets_all),
        cmocka_unit_test(one_host_has_few_ports),
        cmocka_unit_test(a_cookie_proves_nothing),
        cmocka_unit_test(all_have_a_bound),
        cmocka_unit_test(who_vouches_has_a_bound),
        cmocka_unit_test(the_table_is_never_full),
        cmocka_unit_test(the_proven_are_bounded),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("unproven", tests, NULL, NULL);
}
