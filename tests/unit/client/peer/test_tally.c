#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/peer/tally.h"

#define NOW UINT64_C(7000000)
#define MANY 200000u

static void tally_start(struct tally *tally, uint16_t limit, uint64_t now) {
    uint8_t key[TALLY_KEY_SIZE];
    randombytes_buf(key, sizeof key);
    tally_init(tally, key, limit, now);
}

static unsigned take_all(struct tally *tally, uint32_t number, uint64_t now) {
    unsigned taken = 0;
    while (tally_take(tally, (const uint8_t *)&number, sizeof number, now)) taken++;
    assert_int_equal(tally_left(tally, (const uint8_t *)&number, sizeof number, now), 0);
    assert_true(tally_holds(tally));
    return taken;
}

static void a_key_gets_the_limit(void **state) {
    struct tally tally;
    const uint16_t limits[] = {1, 5, 20, 5000, UINT16_MAX};
    (void)state;
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        tally_start(&tally, limits[i], NOW);
        assert_int_equal(take_all(&tally, 17, NOW), limits[i]);
        assert_int_equal(take_all(&tally, 17, NOW + TALLY_DAY_MS - 1), 0);
    }
}

/* However many others come, it is never as if the first one had taken nothing. */
static void filling_it_resets_nothing(void **state) {
    struct tally tally;
    unsigned taken = 0;
    (void)state;
    tally_start(&tally, 5, NOW);
    for (uint32_t number = 0; number < MANY; number++) taken += take_all(&tally, number, NOW + number);
    assert_in_range(taken, 5 * TALLY_COUNTERS * 9 / 10, 5 * TALLY_COUNTERS);
    for (uint32_t number = 0; number < MANY; number++) assert_int_equal(take_all(&tally, number, NOW + MANY), 0);
}

/* With few keys hardly one has to share: 100 of them have 1.2 pairs in 4,096 places. */
static void few_keys_hardly_meet(void **state) {
    struct tally tally;
    unsigned short_of = 0;
    (void)state;
    tally_start(&tally, 5, NOW);
    for (uint32_t number = 0; number < 100; number++) short_of += take_all(&tally, number, NOW) < 5;
    assert_in_range(short_of, 0, 12);
}

/* Whose counter is whose depends on the key alone. */
static void the_key_decides_who_shares(void **state) {
    struct tally a, b;
    unsigned same = 0;
    (void)state;
    tally_start(&a, 1, NOW);
    tally_start(&b, 1, NOW);
    for (uint32_t number = 0; number < 20; number++) {
        (void)take_all(&a, number, NOW);
        (void)take_all(&b, number, NOW);
    }
    for (size_t i = 0; i < TALLY_COUNTERS; i++) same += a.counters[i] && b.counters[i];
    assert_in_range(same, 0, 5);
}

static void what_is_given_back_can_be_taken_again(void **state) {
    struct tally tally;
    uint32_t number = 3;
    (void)state;
    tally_start(&tally, 20, NOW);
    assert_int_equal(take_all(&tally, number, NOW), 20);
    tally_give_back(&tally, (const uint8_t *)&number, sizeof number, 7);
    assert_int_equal(take_all(&tally, number, NOW), 7);
    tally_give_back(&tally, (const uint8_t *)&number, sizeof number, 100);
    assert_int_equal(take_all(&tally, number, NOW), 20);
}

static void a_tenth_is_let_go_each_day(void **state) {
    struct tally tally;
    (void)state;
    tally_start(&tally, 5000, NOW);
    assert_int_equal(take_all(&tally, 1, NOW), 5000);
    assert_int_equal(take_all(&tally, 1, NOW + TALLY_DAY_MS), 500);
    assert_int_equal(take_all(&tally, 1, NOW + 2 * TALLY_DAY_MS - 1), 0);
    assert_int_equal(take_all(&tally, 1, NOW + 4 * TALLY_DAY_MS), 1500);
    assert_int_equal(take_all(&tally, 1, NOW + 100000 * TALLY_DAY_MS), 5000);
    tally_start(&tally, 5, NOW);
    assert_int_equal(take_all(&tally, 1, NOW), 5);
    assert_int_equal(take_all(&tally, 1, NOW + TALLY_DAY_MS), 1);
    assert_int_equal(take_all(&tally, 1, NOW + 3 * TALLY_DAY_MS + 5), 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_gets_the_limit),
        cmocka_unit_test(filling_it_resets_nothing),
        cmocka_unit_test(few_keys_hardly_meet),
        cmocka_unit_test(the_key_decides_who_shares),
        cmocka_unit_test(what_is_given_back_can_be_taken_again),
        cmocka_unit_test(a_tenth_is_let_go_each_day),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests_name("tally", tests, NULL, NULL);
}
