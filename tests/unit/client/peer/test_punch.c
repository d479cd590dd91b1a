#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/peer/punch.h"

static struct address numbered(unsigned number) {
    struct address address;
    assert_true(address_parse("192.0.2.1:1000", 0, &address));
    address.port = (uint16_t)(1000 + number);
    return address;
}

static void set_numbered(struct punch *punch, unsigned from, size_t count, uint64_t now) {
    struct address addresses[16];
    for (unsigned i = 0; i < count; i++) addresses[i] = numbered(from + i);
    punch_set_candidates(punch, addresses, count, now);
}

static unsigned drain(struct punch *punch, uint64_t now) {
    struct address address;
    unsigned count = 0;
    while (punch_next(punch, now, &address)) count++;
    return count;
}

static void the_schedule_is_the_protocols(void **state) {
    static const uint64_t times[PUNCH_PACKETS] = {0, 20, 60, 140, 300, 620, 1120, 1620, 2120, 2620};
    struct punch punch;
    struct address address;
    (void)state;
    punch_init(&punch);
    set_numbered(&punch, 0, 1, 0);
    assert_true(punch_due(&punch) == UINT64_MAX);
    assert_false(punch_next(&punch, 0, &address));
    punch_start(&punch, PUNCH_PACKETS, false, 5000);
    for (int i = 0; i < PUNCH_PACKETS; i++) {
        assert_int_equal(punch_due(&punch), 5000 + times[i]);
        if (i > 0) assert_false(punch_next(&punch, 5000 + times[i] - 1, &address));
        assert_true(punch_next(&punch, 5000 + times[i], &address));
        assert_int_equal(address.port, 1000);
        assert_false(punch_next(&punch, 5000 + times[i], &address));
    }
    assert_true(punch_due(&punch) == UINT64_MAX);
    assert_int_equal(punch_exhausted_at(&punch), 5000 + 3120);
}

/* Where many rounds are under way: the best one alone at first, and all pauses longer. */
static void in_a_rush_it_is_slower(void **state) {
    struct punch punch;
    struct address address;
    (void)state;
    punch_init(&punch);
    set_numbered(&punch, 0, 2, 0);
    punch_pace(&punch, 3, 400);
    punch_start(&punch, PUNCH_PACKETS, false, 5000);
    assert_int_equal(drain(&punch, 5000), 1);
    assert_int_equal(punch_due(&punch), 5400);
    assert_int_equal(drain(&punch, 5400), 2);
    assert_int_equal(drain(&punch, 5799), 0);
    assert_int_equal(drain(&punch, 5800), 2);
    punch_pace(&punch, 30, 400);
    assert_int_equal(drain(&punch, 6200), 2);
    assert_int_equal(punch_due(&punch), 6200 + 2000);
    punch_put_off(&punch, 9000);
    assert_false(punch_next(&punch, 8999, &address));
    assert_int_equal(drain(&punch, 9000), 2);
}

static void best_first_and_each_in_turn(void **state) {
    struct punch punch;
    struct address address;
    (void)state;
    punch_init(&punch);
    set_numbered(&punch, 0, 3, 0);
    punch_start(&punch, PUNCH_PACKETS, false, 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(punch_next(&punch, 0, &address));
        assert_int_equal(address.port, 1000 + i);
    }
    assert_false(punch_next(&punch, 0, &address));
}

/* After a pause of the whole process there is one packet per candidate, not all those that were missed. */
static void a_late_caller_makes_no_burst(void **state) {
    struct punch punch;
    (void)state;
    punch_init(&punch);
    set_numbered(&punch, 0, 4, 0);
    punch_start(&punch, PUNCH_PACKETS, false, 0);
    assert_int_equal(drain(&punch, 100000), 4);
    assert_int_equal(punch_due(&punch), 100020);
}

/* Whoever forges or replays packets from a stranger's address has no more sent there than that. */
static void learned_ones_are_answered_packet_by_packet(void **state) {
    struct punch punch;
    struct address address = numbered(50);
    (void)state;
    punch_init(&punch);
    punch_start(&punch, PUNCH_PACKETS, false, 0);
    for (uint64_t packet = 0; packet < 2 * PUNCH_PACKETS; packet++) {
        assert_true(punch_due(&punch) == UINT64_MAX);
        assert_true(punch_exhausted_at(&punch) <= 10 * packet);
        punch_learn(&punch, &address, 10 * packet);
        assert_int_equal(drain(&punch, 10 * packet), packet < PUNCH_PACKETS);
    }
    punch_start(&punch, PUNCH_PACKETS, false, 1000);
    assert_int_equal(punch.count, 0);
}

static void where_the_peer_was_is_kept(void **state) {
    struct punch punch;
    struct address address = numbered(50);
    (void)state;
    punch_init(&punch);
    punch_learn(&punch, &address, 0);
    assert_false(punch_names(&punch, &address));
    punch_keep(&punch, &address, 0);
    assert_true(punch_names(&punch, &address));
    punch_start(&punch, PUNCH_PACKETS, false, 0);
    assert_int_equal(drain(&punch, 0), 1);
    assert_int_equal(drain(&punch, 20), 1);
}

static void learned_ones_are_due_at_once_and_stay(void **state) {
    struct punch punch;
    struct address address = numbered(50);
    (void)state;
    punch_init(&punch);
    set_numbered(&punch, 0, 2, 0);
    punch_start(&punch, PUNCH_PACKETS, false, 0);
    drain(&punch, 0);
    punch_learn(&punch, &address, 5);
    assert_int_equal(punch_due(&punch), 5);
    set_numbered(&punch, 10, 2, 7);
    assert_int_equal(punch.count, 3);
    assert_int_equal(drain(&punch, 7), 3);
    address = numbered(10);
    punch_learn(&punch, &address, 8);
    assert_int_equal(punch.count, 3);
}

static void a_learned_one_may_enter_the_record_with_its_count(void **state) {
    struct punch punch;
    struct address address = numbered(0);
    (void)state;
    punch_init(&punch);
    punch_start(&punch, PUNCH_PACKETS, false, 0);
    punch_learn(&punch, &address, 0);
    drain(&punch, 0);
    set_numbered(&punch, 0, 2, 1);
    assert_int_equal(punch.count, 2);
    assert_int_equal(punch.candidates[0].sent, 1);
    assert_false(punch.candidates[0].learned);
}

static void the_oldest_learned_makes_room(void **state) {
    struct punch punch;
    struct address address;
    (void)state;
    punch_init(&punch);
    set_numbered(&punch, 0, PUNCH_RECORDED, 0);
    for (unsigned i = 0; i < 10; i++) {
        address = numbered(100 + i);
        punch_learn(&punch, &address, i);
    }
    assert_int_equal(punch.count, PUNCH_CANDIDATES);
    for (unsigned i = 0; i < PUNCH_RECORDED; i++) assert_int_equal(punch.candidates[i].address.port, 1000 + i);
    for (unsigned i = 0; i < PUNCH_CANDIDATES - PUNCH_RECORDED; i++)
        assert_int_equal(punch.candidates[PUNCH_RECORDED + i].address.port, 1102 + i);
}

static void a_longer_record_drops_the_oldest_learned(void **state) {
    struct punch punch;
    struct address address;
    (void)state;
    punch_init(&punch);
    for (unsigned i = 0; i < PUNCH_CANDIDATES; i++) {
        address = numbered(100 + i);
        punch_learn(&punch, &address, i);
    }
    set_numbered(&punch, 0, PUNCH_RECORDED + 1, 0);
    assert_int_equal(punch.count, PUNCH_CANDIDATES);
    assert_int_equal(punch.candidates[PUNCH_RECORDED - 1].address.port, 1000 + PUNCH_RECORDED - 1);
    for (unsigned i = PUNCH_RECORDED; i < PUNCH_CANDIDATES; i++)
        assert_int_equal(punch.candidates[i].address.port, 1100 + i);
}

static unsigned count_packets(struct punch *punch, const struct address *to, uint64_t now) {
    struct address address;
    unsigned count = 0;
    while (punch_next(punch, now, &address)) count += !to || address_equal(&address, to);
    return count;
}

/* By nobody but the peer: for one round, and few packets. */
static void who_was_named_is_forgotten_at_each_start(void **state) {
    struct punch punch;
    const struct address stranger = numbered(30);
    (void)state;
    punch_init(&punch);
    set_numbered(&punch, 0, 2, 0);
    punch_start(&punch, 4, false, 0);
    punch_name(&punch, &stranger, 3, 0);
    unsigned sent = 0;
    for (uint64_t now = 0; now < 20000; now += 10) {
        sent += count_packets(&punch, &stranger, now);
        punch_name(&punch, &stranger, 3, now);
    }
    assert_int_equal(sent, 3);
    punch_start(&punch, PUNCH_PACKETS, false, 20000);
    assert_int_equal(punch.count, 2);
    assert_false(punch_names(&punch, &stranger));
    for (uint64_t now = 20000; now < 40000; now += 10) assert_int_equal(count_packets(&punch, &stranger, now), 0);
}

static void a_round_may_be_the_best_ones_alone(void **state) {
    const struct address ipv6 = {.ip = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}, .port = 4000};
    struct address all[] = {numbered(1), numbered(2), ipv6, numbered(3)}, best;
    const struct address kept = numbered(9);
    struct punch punch;
    (void)state;
    punch_init(&punch);
    punch_set_candidates(&punch, all, 4, 0);
    punch_keep(&punch, &kept, 0);
    punch_start(&punch, 1, true, 0);
    assert_true(punch_best(&punch, false, &best) && address_equal(&best, &ipv6));
    assert_true(punch_best(&punch, true, &best) && address_equal(&best, &all[0]));
    punch_set_candidates(&punch, all, 4, 0); /* told again within the round */
    const unsigned expected[] = {1, 0, 1, 0};
    unsigned sent[4] = {0}, others = 0;
    struct address to;
    while (punch_next(&punch, 5000, &to)) {
        size_t i = 0;
        while (i < 4 && !address_equal(&to, &all[i])) i++;
        if (i < 4)
            sent[i]++;
        else
            others++;
    }
    assert_memory_equal(sent, expected, sizeof sent);
    assert_int_equal(others, 1);
    assert_int_equal(punch_exhausted_at(&punch), 5500);
}

static void who_is_refused_gets_nothing_more(void **state) {
    struct punch punch;
    const struct address first = numbered(0);
    (void)state;
    punch_init(&punch);
    set_numbered(&punch, 0, 1, 0);
    punch_start(&punch, 6, false, 0);
    assert_non_null(punch_peek(&punch, 0));
    assert_int_equal(count_packets(&punch, &first, 0), 1);
    assert_null(punch_peek(&punch, 19));
    assert_false(punch_spent(&punch, &first));
    punch_once_more(&punch, &first, 0); /* has not had all */
    assert_null(punch_peek(&punch, 19));
    punch_refuse(&punch, &first);
    assert_true(punch_spent(&punch, &first));
    assert_int_equal(count_packets(&punch, NULL, 100000), 0);
    punch_once_more(&punch, &first, 100000);
    assert_int_equal(count_packets(&punch, &first, 200000), 1);
    for (int i = 0; i < 100; i++) {
        punch_once_more(&punch, &first, 200000);
        (void)count_packets(&punch, &first, 200000);
    }
    assert_int_equal(punch.candidates[0].sent, PUNCH_PACKETS);
}

static void unusable_addresses_never_enter(void **state) {
    static const char *const texts[] = {"0.0.0.0:5", "224.0.0.1:5", "255.255.255.255:5", "[::]:5", "[ff02::1]:5"};
    struct punch punch;
    (void)state;
    punch_init(&punch);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct address address;

        assert_true(address_parse(texts[i], 0, &address));
        punch_set_candidates(&punch, &address, 1, 0);
        punch_learn(&punch, &address, 0);
        punch_keep(&punch, &address, 0);
    }
    assert_int_equal(punch.count, 0);
}

static void stopped_is_silent_and_a_start_begins_anew(void **state) {
    struct punch punch;
    (void)state;
    punch_init(&punch);
    set_numbered(&punch, 0, 1, 0);
    punch_start(&punch, PUNCH_PACKETS, false, 0);
    for (uint64_t now = 0; now < 5000; now += 10) drain(&punch, now);
    punch_stop(&punch);
    assert_true(punch_exhausted_at(&punch) > 9000);
    assert_int_equal(drain(&punch, 9000), 0);
    punch_start(&punch, PUNCH_PACKETS, false, 9000);
    assert_int_equal(drain(&punch, 9000), 1);
}

static uint32_t random_below(uint64_t *state, uint32_t limit) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33) % limit;
}

/* Whatever comes and goes, no address gets more than its packets between two starts. */
static void no_order_of_events_gives_more_packets(void **state) {
    uint64_t seed = 1;
    (void)state;
    for (int round = 0; round < 200; round++) {
        unsigned sent[40] = {0};
        struct punch punch;
        uint64_t now = 0;

        punch_init(&punch);
        punch_start(&punch, PUNCH_PACKETS, false, now);
        for (int step = 0; step < 2000; step++) {
            struct address address = numbered(random_below(&seed, 40));

            now += random_below(&seed, 100);
            switch (random_below(&seed, 12)) {
            case 11: punch_name(&punch, &address, (uint8_t)random_below(&seed, 6), now); break;
            case 10: punch_once_more(&punch, &address, now); break;
            case 9: punch_refuse(&punch, &address); break;
            case 8: punch_keep(&punch, &address, now); break;
            case 0: punch_learn(&punch, &address, now); break;
            case 1: set_numbered(&punch, random_below(&seed, 34), random_below(&seed, 7), now); break;
            case 2:
                if (random_below(&seed, 100) != 0) break;
                punch_start(&punch, (uint8_t)random_below(&seed, PUNCH_PACKETS + 1), random_below(&seed, 2), now);
                for (int i = 0; i < 40; i++) sent[i] = 0;
                break;
            default:
                while (punch_due(&punch) <= now) {
                    assert_true(punch_next(&punch, now, &address));
                    sent[address.port - 1000]++;
                }
                assert_false(punch_next(&punch, now, &address));
            }
            assert_in_range(punch.count, 0, PUNCH_CANDIDATES);
            for (int i = 0; i < 40; i++) assert_in_range(sent[i], 0, PUNCH_PACKETS);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_schedule_is_the_protocols),
        cmocka_unit_test(in_a_rush_it_is_slower),
        cmocka_unit_test(best_first_and_each_in_turn),
        cmocka_unit_test(a_late_caller_makes_no_burst),
        cmocka_unit_test(learned_ones_are_answered_packet_by_packet),
        cmocka_unit_test(where_the_peer_was_is_kept),
        cmocka_unit_test(learned_ones_are_due_at_once_and_stay),
        cmocka_unit_test(a_learned_one_may_enter_the_record_with_its_count),
        cmocka_unit_test(the_oldest_learned_makes_room),
        cmocka_unit_test(a_longer_record_drops_the_oldest_learned),
        cmocka_unit_test(who_was_named_is_forgotten_at_each_start),
        cmocka_unit_test(a_round_may_be_the_best_ones_alone),
        cmocka_unit_test(who_is_refused_gets_nothing_more),
        cmocka_unit_test(unusable_addresses_never_enter),
        cmocka_unit_test(stopped_is_silent_and_a_start_begins_anew),
        cmocka_unit_test(no_order_of_events_gives_more_packets),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("punch", tests, NULL, NULL);
}
