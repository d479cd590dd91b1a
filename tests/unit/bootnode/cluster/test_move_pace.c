#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "bootnode/cluster/move_pace.h"

#define NODES 5

static struct homes *make(size_t count, uint32_t registers, uint64_t number) {
    const struct cluster_identity identity = {.placement_key = {1}, .replicas = 2, .own_id = 1};
    struct cluster_node nodes[CLUSTER_NODES_MAX];
    for (size_t i = 0; i < count; i++)
        nodes[i] = (struct cluster_node){.id = (uint8_t)(i + 1),
                                         .weight = 100,
                                         .registers = registers,
                                         .address_count = 1,
                                         .addresses = {{.ip = {[10] = 0xff, 0xff, 192, 0, 2, (uint8_t)i}, .port = 9}}};
    struct homes *homes = homes_make(&identity, nodes, count, number);
    assert_non_null(homes);
    return homes;
}

/* A bucket that is here and there. */
static uint16_t shared_with(const struct homes *homes, uint8_t id) {
    for (uint16_t bucket = 0; bucket < BUCKETS; bucket++)
        if (homes_has(homes, bucket, homes->own_id) && homes_has(homes, bucket, id)) return bucket;
    fail();
    return 0;
}

/* How many may go within a span, as fast as they may. */
static unsigned passing(struct move_pace *pace, const struct homes *homes, uint16_t bucket, uint64_t from,
                        uint64_t ms) {
    unsigned passed = 0;
    for (uint64_t now = from; now < from + ms; now++) {
        uint64_t wait_ms;
        while (move_pace_take(pace, homes, bucket, now, &wait_ms)) passed++;
        assert_true(wait_ms > 0 && wait_ms <= 1000);
    }
    return passed;
}

/* Four others may be sending there: each sends a fourth of what it can take. */
static void no_node_is_sent_more_than_it_can_take(void **state) {
    static const uint32_t rates[] = {0, 400, 1000, 4000, 40000};
    (void)state;
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        struct homes *homes = make(NODES, rates[i], 1);
        struct move_pace pace = {0};
        const uint32_t rate = (rates[i] ? rates[i] : MOVE_PACE_UNKNOWN) / (NODES - 1);
        const unsigned passed = passing(&pace, homes, shared_with(homes, 3), 1000000, 10000);
        assert_in_range(passed, 10 * rate * 97 / 100, 10 * rate + rate * MOVE_PACE_BURST_MS / 1000 + 2);
        homes_destroy(homes);
    }
}

/* It holds up nobody for long, and its word is not taken for none: of a full cluster each sends what is left. */
static void who_says_almost_nothing_gets_the_least(void **state) {
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        const size_t count = i == 0 ? NODES : CLUSTER_NODES_MAX;
        const unsigned expected = 20 * MOVE_PACE_LEAST / ((unsigned)count - 1);
        struct homes *homes = make(count, 1, 1);
        struct move_pace pace = {0};
        unsigned passed = 0;
        uint16_t bucket = 0;
        while (!homes_has(homes, bucket, 3)) bucket++;
        for (uint64_t now = 1000000; now < 1020000; now++) {
            uint64_t wait_ms;
            while (move_pace_take(&pace, homes, bucket, now, &wait_ms)) passed++;
            assert_in_range(wait_ms, 1, 3000);
        }
        assert_in_range(passed, expected, expected * 103 / 100 + 2);
        homes_destroy(homes);
    }
}

static void nodes_have_a_pace_each(void **state) {
    struct homes *homes = make(NODES, 0, 1);
    struct move_pace pace = {0};
    (void)state;
    const unsigned first = passing(&pace, homes, shared_with(homes, 2), 1000, 1000);
    const unsigned second = passing(&pace, homes, shared_with(homes, 4), 1000, 1000);
    assert_int_equal(first, second);
    assert_in_range(first, 240, 270);
    homes_destroy(homes);
}

/* Nobody has to register where they are: here. */
static void we_are_not_charged(void **state) {
    struct homes *homes = make(1, 1, 1);
    struct move_pace pace = {0};
    uint64_t wait_ms;
    (void)state;
    for (unsigned i = 0; i < 1000; i++) assert_true(move_pace_take(&pace, homes, 0, 5, &wait_ms));
    homes_destroy(homes);
}

/* The server's clock leaves out pauses: what was ahead is not for ever, nor for as long as a short pause was. */
static void a_clock_that_falls_back_delays_nobody_for_long(void **state) {
    static const uint64_t pauses_ms[] = {1500, 5000, 59000, 10000000};
    (void)state;
    for (size_t i = 0; i < sizeof pauses_ms / sizeof *pauses_ms; i++) {
        struct homes *homes = make(NODES, 0, 1);
        struct move_pace pace = {0};
        uint64_t wait_ms;
        const uint16_t bucket = shared_with(homes, 3);
        assert_true(passing(&pace, homes, bucket, 1000 + pauses_ms[i], 1000) > 0);
        assert_true(move_pace_take(&pace, homes, bucket, 2000, &wait_ms));
        assert_in_range(passing(&pace, homes, bucket, 2000, 1000), 200, 270);
        homes_destroy(homes);
    }
}

/* --- Stamps --- */

static void stamps_change_with_homes(void **state) {
    struct homes *three = make(3, 0, 1), *four = make(4, 0, 2), *again = make(4, 7, 3);
    unsigned changed = 0;
    (void)state;
    homes_follow(three, NULL, 100);
    homes_follow(four, three, 200);
    homes_follow(again, four, 300);
    assert_int_equal(three->moves, 0);
    assert_int_equal(four->moves, 1);
    assert_int_equal(again->moves, 1);
    for (uint16_t bucket = 0; bucket < BUCKETS; bucket++) {
        const bool same = homes_agree(three, four, bucket);
        assert_int_equal(three->stamps[bucket], 0);
        assert_int_equal(three->since_s[bucket], 0);
        assert_int_equal(four->stamps[bucket], !same);
        assert_int_equal(four->since_s[bucket], same ? 0 : 200);
        assert_int_equal(again->stamps[bucket], four->stamps[bucket]);
        assert_int_equal(again->since_s[bucket], four->since_s[bucket]);
        changed += !same;
    }
    /* The new one is a home of half of them, and of no more. */
    assert_in_range(changed, 400, 624);
    homes_destroy(three);
    homes_destroy(four);
    homes_destroy(again);
}

static void another_address_is_another_home(void **state) {
    struct homes *before = make(3, 0, 1), *after = make(3, 0, 2), *nobody = make(0, 0, 3);
    (void)state;
    after->nodes[2].addresses[0].port++;
    homes_follow(before, NULL, 1);
    homes_follow(after, before, 2);
    for (uint16_t bucket = 0; bucket < BUCKETS; bucket++)
        assert_int_equal(after->stamps[bucket], homes_has(after, bucket, 2));
    /* Where nobody lives, nobody can be told of anybody. */
    homes_follow(nobody, after, 3);
    assert_memory_equal(nobody->stamps, after->stamps, sizeof nobody->stamps);
    assert_int_equal(nobody->moves, after->moves);
    homes_destroy(before);
    homes_destroy(after);
    homes_destroy(nobody);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_node_is_sent_more_than_it_can_take),
        cmocka_unit_test(who_says_almost_nothing_gets_the_least),
        cmocka_unit_test(nodes_have_a_pace_each),
        cmocka_unit_test(we_are_not_charged),
        cmocka_unit_test(a_clock_that_falls_back_delays_nobody_for_long),
        cmocka_unit_test(stamps_change_with_homes),
        cmocka_unit_test(another_address_is_another_home),
    };
    if (sodium_init() < 0) return 1;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("move_pace", tests, NULL, NULL);
}
