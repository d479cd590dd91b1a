#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bootnode/ops/prefix_tally.h"

/* The number-th /32. */
static struct prefix network(uint32_t number) {
    struct address address = {.ip = {[10] = 0xff, [11] = 0xff}};
    for (size_t i = 0; i < 4; i++) address.ip[12 + i] = (uint8_t)(number >> (24 - 8 * i));
    return prefix_of(&address, PREFIX_BITS_MAX);
}

static void note(struct prefix_tally *tally, uint32_t number, unsigned times) {
    const struct prefix prefix = network(number);
    while (times-- > 0) assert_true(prefix_tally_note(tally, &prefix));
    assert_true(prefix_tally_holds(tally));
}

static void counts_and_sorts(void **state) {
    (void)state;
    struct prefix_tally tally;
    size_t count;
    assert_true(prefix_tally_init(&tally, 1000));
    for (uint32_t i = 1; i <= 100; i++) note(&tally, i * 2654435761U, i % 10 + 1);
    const struct prefix_count *sorted = prefix_tally_sort(&tally, &count);
    assert_int_equal(count, 100);
    assert_int_equal(tally.missed, 0);
    for (size_t i = 0; i < count; i++) assert_int_equal(sorted[i].count, 10 - i / 10);
    for (size_t i = 1; i < count; i++)
        if (sorted[i].count == sorted[i - 1].count)
            assert_true(memcmp(sorted[i - 1].prefix.ip, sorted[i].prefix.ip, 16) < 0);
    prefix_tally_clear(&tally);
}

static void lengths_are_told_apart(void **state) {
    (void)state;
    struct prefix_tally tally;
    struct address address;
    size_t count;
    assert_true(prefix_tally_init(&tally, 10));
    assert_true(address_parse("2001:db8::", 1, &address));
    for (uint8_t bits = 48; bits <= 64; bits = (uint8_t)(bits + 8)) {
        const struct prefix prefix = prefix_of(&address, bits);
        assert_true(prefix_tally_note(&tally, &prefix));
    }
    assert_int_equal(prefix_tally_sort(&tally, &count)[0].prefix.bits, 48);
    assert_int_equal(count, 3);
    prefix_tally_clear(&tally);
}

/* What is large stays, with nearly its count; the many that are small are forgotten. */
static void memory_is_bounded(void **state) {
    (void)state;
    enum { MOST = 64, LARGE = 10, SMALL = 5000, TIMES = 400 };
    struct prefix_tally tally;
    size_t count;
    assert_true(prefix_tally_init(&tally, MOST));
    for (uint32_t round = 0; round < TIMES; round++) {
        for (uint32_t i = 0; i < LARGE; i++) note(&tally, 0xc0000200 + i, 1);
        for (uint32_t i = 0; i < SMALL / TIMES; i++) note(&tally, round * (SMALL / TIMES) + i, 1);
    }
    assert_true(tally.used <= MOST);
    assert_true(tally.missed > 0 && tally.missed <= (LARGE * TIMES + SMALL) / (MOST / 8));
    const struct prefix_count *sorted = prefix_tally_sort(&tally, &count);
    for (size_t i = 0; i < LARGE; i++) {
        const struct address there = {.ip = {[10] = 0xff, [11] = 0xff, 0xc0, 0, 2, sorted[i].prefix.ip[15]}};
        assert_true(prefix_covers(&sorted[i].prefix, &there));
        assert_in_range(sorted[i].count, TIMES - tally.missed, TIMES);
    }
    prefix_tally_clear(&tally);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_and_sorts),
        cmocka_unit_test(lengths_are_told_apart),
        cmocka_unit_test(memory_is_bounded),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("prefix_tally", tests, NULL, NULL);
}
