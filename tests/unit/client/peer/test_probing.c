#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/peer/probing.h"
#include "common/clock.h"

#define NOW UINT64_C(1000000)

static const struct address target = {.ip = {[10] = 0xff, 0xff, 198, 51, 100, 7}, .port = 4000};

static struct probing running(bool hard, size_t sockets) {
    struct probing probing = {.socket_count = sockets};
    for (size_t i = 0; i < sockets; i++) probing.sockets[i] = (uint16_t)(i + 1);
    probing_run(&probing, hard, 1, &target, NOW);
    return probing;
}

/* --- Ports --- */

static void every_port_comes_once(void **state) {
    static uint8_t seen[UINT16_MAX + 1];
    struct probing_ports ports;
    unsigned count = 0, ascending = 0;
    uint16_t port, before = 0;
    (void)state;
    memset(seen, 0, sizeof seen);
    probing_ports_init(&ports);
    while ((port = probing_ports_next(&ports))) {
        assert_true(port >= PROBING_PORT_FIRST);
        assert_int_equal(seen[port]++, 0);
        ascending += port > before;
        before = port;
        count++;
    }
    assert_int_equal(count, UINT16_MAX + 1 - PROBING_PORT_FIRST);
    assert_in_range(ascending, 31000, 33500); /* half of them: no order to be seen */
    assert_int_equal(probing_ports_next(&ports), 0);
}

static void every_attempt_has_its_own_order(void **state) {
    struct probing_ports one, other;
    unsigned same = 0;
    (void)state;
    probing_ports_init(&one);
    probing_ports_init(&other);
    for (int i = 0; i < 1000; i++) same += probing_ports_next(&one) == probing_ports_next(&other);
    assert_true(same < 20);
}

/* --- Agreeing --- */

static void the_sides_fit_the_mappings(void **state) {
    const enum nat_mapping U = NAT_MAPPING_UNKNOWN, I = NAT_MAPPING_INDEPENDENT, D = NAT_MAPPING_DEPENDENT;
    const struct {
        enum nat_mapping own, other;
        bool possible, first_hard, second_hard;
    } cases[] = {
        {U, U, true, true, false},  {U, I, true, true, true},    {U, D, true, false, false},
        {I, U, true, false, false}, {I, I, false, false, false}, {I, D, true, false, false},
        {D, U, true, true, true},   {D, I, true, true, true},    {D, D, false, false, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct probing probing = {.attempts = {0}};
        bool hard;
        assert_int_equal(probing_choose(&probing, cases[i].own, cases[i].other, NOW, &hard), cases[i].possible);
        if (!cases[i].possible) continue;
        assert_int_equal(hard, cases[i].first_hard);
        assert_true(probing_fits(!hard, cases[i].other, cases[i].own)); /* the other sees it as we do */
        probing_run(&probing, hard, 1, &target, NOW);
        bool swapped = cases[i].second_hard != cases[i].first_hard;
        uint64_t again = NOW + PROBING_MS + (swapped ? 0 : PROBING_AGAIN_MS);
        assert_int_equal(probing_offer_at(&probing), 0);
        assert_int_equal(probing_choose(&probing, cases[i].own, cases[i].other, NOW + PROBING_MS, &hard), swapped);
        assert_true(probing_choose(&probing, cases[i].own, cases[i].other, again, &hard));
        assert_int_equal(hard, cases[i].second_hard);
    }
}

static void an_offer_is_repeated_then_given_up(void **state) {
    struct probing probing = {.attempts = {0}};
    unsigned offers = 0;
    (void)state;
    assert_true(probing_may_begin(&probing, true, NOW));
    probing_offer(&probing, true, 7, NOW);
    assert_false(probing_may_begin(&probing, true, NOW));
    for (uint64_t now = NOW; now < NOW + 10000; now++) {
        probing_tick(&probing, now);
        offers += probing_offer_next(&probing, now);
        if (probing.state == PROBING_IDLE) break;
        assert_true(probing_due(&probing) > now);
        assert_true(probing_due(&probing) <= now + 500);
    }
    assert_int_equal(offers, 5);
    assert_int_equal(probing.state, PROBING_IDLE);
    assert_int_equal(probing.attempts[true], 0);
    assert_int_equal(probing_offer_at(&probing), NOW + 2500 + PROBING_RETRY_MS);
}

static void two_attempts_ten_minutes_apart(void **state) {
    struct probing probing = running(false, 0);
    uint64_t again = NOW + PROBING_AGAIN_MS;
    (void)state;
    probing_tick(&probing, NOW + PROBING_MS);
    assert_int_equal(probing.state, PROBING_LINGERING);
    probing_tick(&probing, NOW + PROBING_MS + PROBING_LINGER_MS);
    assert_int_equal(probing.state, PROBING_IDLE);
    assert_int_equal(probing_due(&probing), UINT64_MAX);
    assert_false(probing_may_begin(&probing, false, again - 1));
    assert_true(probing_may_begin(&probing, false, again));
    probing_run(&probing, false, 2, &target, again);
    probing_stop(&probing);
    assert_false(probing_may_begin(&probing, false, again + 100 * PROBING_AGAIN_MS));
}

/* Nobody knows who is hard: each side is both in turn, the second time as soon as the first is over. */
static void roles_are_swapped_at_once(void **state) {
    const bool expected[] = {true, false, true, false};
    struct probing probing = {.attempts = {0}};
    uint64_t now = NOW;
    bool hard;
    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        assert_true(probing_choose(&probing, NAT_MAPPING_UNKNOWN, NAT_MAPPING_UNKNOWN, now, &hard));
        assert_int_equal(hard, expected[i]);
        probing_run(&probing, hard, 1, &target, now);
        probing_tick(&probing, now += PROBING_MS);
        assert_int_equal(probing.state, PROBING_LINGERING);
        if (i == 1) assert_int_equal(probing_offer_at(&probing), NOW + PROBING_AGAIN_MS);
        if (i == 1) now = NOW + PROBING_AGAIN_MS;
    }
    assert_true(probing_offer_at(&probing) == NEVER);
}

static void what_was_proven_is_tried_again(void **state) {
    struct probing probing = {.attempts = {0}};
    bool hard;
    (void)state;
    probing_run(&probing, false, 1, &target, NOW);
    probing_prove(&probing);
    assert_false(probing_choose(&probing, NAT_MAPPING_UNKNOWN, NAT_MAPPING_UNKNOWN, NOW + PROBING_MS, &hard));
    assert_true(probing_choose(&probing, NAT_MAPPING_UNKNOWN, NAT_MAPPING_UNKNOWN, NOW + PROBING_AGAIN_MS, &hard));
    assert_false(hard);
}

/* The other side is far away: its answer to the last offer takes long, and so does what it sent at the end. */
static void a_far_side_gets_more_time(void **state) {
    struct probing probing = {.excess = 5000};
    (void)state;
    probing_offer(&probing, true, 7, NOW);
    for (uint64_t now = NOW; probing.state == PROBING_OFFERED; now++) {
        (void)probing_offer_next(&probing, now);
        probing_tick(&probing, now);
        assert_true(now <= NOW + 2500 + 5000);
        if (now == NOW + 2500 + 4999) assert_int_equal(probing.state, PROBING_OFFERED);
    }
    probing_run(&probing, true, 7, &target, NOW);
    probing_settle(&probing, NOW);
    assert_int_equal(probing_due(&probing), NOW + PROBING_LINGER_MS + 5000);
}

/* --- Packets --- */

struct tally {
    unsigned packets, most_in_a_second;
    uint64_t first, last;
    unsigned per_socket[PROBING_SOCKETS + 1];
    uint64_t last_of_first_sweep;
};

/* The whole attempt, with a look every `step` milliseconds. */
static struct tally play(struct probing *probing, unsigned step) {
    static uint16_t ports[UINT16_MAX + 1];
    struct tally tally = {.packets = 0};
    unsigned in_second = 0;
    struct path to;
    bool is_check;
    memset(ports, 0, sizeof ports);
    for (uint64_t now = NOW; now <= NOW + 2 * PROBING_MS; now += step) {
        if ((now - NOW) % 1000 < step) in_second = 0;
        probing_tick(probing, now);
        while (probing_next(probing, now, &to, &is_check)) {
            assert_false(is_check);
            assert_int_equal(to.kind, PATH_DIRECT);
            assert_true(address_same_ip(&to.address, &target));
            if (probing->hard)
                assert_int_equal(to.address.port, target.port);
            else
                assert_int_equal(ports[to.address.port]++, 0);
            if (!tally.packets++) tally.first = now;
            tally.last = now;
            tally.per_socket[to.socket]++;
            if (tally.packets <= PROBING_SOCKETS) tally.last_of_first_sweep = now;
            if (++in_second > tally.most_in_a_second) tally.most_in_a_second = in_second;
        }
    }
    return tally;
}

static void the_easy_side_guesses_within_its_bounds(void **state) {
    struct probing probing = running(false, 0);
    struct tally tally = play(&probing, 1);
    (void)state;
    assert_int_equal(tally.packets, PROBING_PACKETS);
    assert_int_equal(tally.per_socket[PATH_SOCKET_MAIN], PROBING_PACKETS);
    assert_true(tally.most_in_a_second <= 129);
    assert_true(tally.last < NOW + PROBING_MS);
    assert_int_equal(probing.state, PROBING_IDLE);
}

/* All mappings are open when the easy side begins, and each is opened again, should a packet have been lost. */
static void the_hard_side_opens_every_socket(void **state) {
    struct probing hard = running(true, PROBING_SOCKETS), easy = running(false, 0);
    struct tally opened = play(&hard, 1), guessed = play(&easy, 1);
    (void)state;
    for (size_t i = 1; i <= PROBING_SOCKETS; i++) assert_int_equal(opened.per_socket[i], 3);
    assert_true(opened.last_of_first_sweep < guessed.first);
    assert_true(opened.most_in_a_second <= 129);
    assert_true(opened.last < NOW + PROBING_MS);
}

static void few_sockets_take_no_more_packets_each(void **state) {
    struct probing probing = running(true, 20);
    struct tally tally = play(&probing, 1);
    (void)state;
    assert_int_equal(tally.packets, 60);
}

/* Who is called late catches up, but never over the bounds. */
static void a_sleeper_sends_no_more(void **state) {
    struct probing probing = running(false, 0);
    struct tally tally = play(&probing, 3000);
    (void)state;
    assert_true(tally.packets <= PROBING_PACKETS);
    assert_true(tally.last < NOW + PROBING_MS);
    probing = running(false, 0);
    tally = play(&probing, PROBING_MS);
    assert_int_equal(tally.packets, 0);
}

static void a_trail_goes_before_guessing(void **state) {
    struct probing probing = running(true, PROBING_SOCKETS);
    struct path heard = path_direct(&target), to;
    struct path relay = path_through_bootnode(0);
    unsigned checks = 0;
    bool is_check;
    (void)state;
    heard.socket = 17;
    while (probing_next(&probing, NOW + 2500, &to, &is_check)) assert_false(is_check);
    probing_heard(&probing, &relay, NOW + 2500);
    assert_false(probing_next(&probing, NOW + 2500, &to, &is_check));
    probing_heard(&probing, &heard, NOW + 2500);
    for (uint64_t now = NOW + 2500; now < NOW + 6000; now += 10) {
        while (probing_next(&probing, now, &to, &is_check)) {
            if (!is_check) continue;
            assert_true(path_equal(&to, &heard));
            checks++;
        }
    }
    assert_int_equal(checks, 5);
}

/* Whoever sends us much from everywhere gets no more than guessing would have cost. */
static void trails_count_as_packets(void **state) {
    struct probing probing = running(false, 0);
    struct path heard = path_direct(&target), to;
    unsigned packets = 0;
    bool is_check;
    (void)state;
    for (uint64_t now = NOW; now < NOW + 2 * PROBING_MS; now += 2) {
        heard.address.port = (uint16_t)now;
        probing_heard(&probing, &heard, now);
        probing_tick(&probing, now);
        while (probing_next(&probing, now, &to, &is_check)) packets++;
    }
    assert_in_range(packets, PROBING_PACKETS - 50, PROBING_PACKETS);
}

static void settled_sends_nothing_and_lingers(void **state) {
    struct probing probing = running(true, PROBING_SOCKETS);
    struct path to, heard = path_direct(&target);
    bool is_check;
    (void)state;
    probing_settle(&probing, NOW + 500);
    probing_heard(&probing, &heard, NOW + 500);
    assert_false(probing_next(&probing, NOW + 600, &to, &is_check));
    assert_int_equal(probing_packet_due(&probing), UINT64_MAX);
    assert_int_equal(probing_due(&probing), NOW + 500 + PROBING_LINGER_MS);
    probing_tick(&probing, NOW + 500 + PROBING_LINGER_MS - 1);
    assert_int_equal(probing.state, PROBING_LINGERING);
    probing_tick(&probing, NOW + 500 + PROBING_LINGER_MS);
    assert_int_equal(probing.state, PROBING_IDLE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_port_comes_once),
        cmocka_unit_test(every_attempt_has_its_own_order),
        cmocka_unit_test(the_sides_fit_the_mappings),
        cmocka_unit_test(an_offer_is_repeated_then_given_up),
        cmocka_unit_test(two_attempts_ten_minutes_apart),
        cmocka_unit_test(roles_are_swapped_at_once),
        cmocka_unit_test(what_was_proven_is_tried_again),
        cmocka_unit_test(a_far_side_gets_more_time),
        cmocka_unit_test(the_easy_side_guesses_within_its_bounds),
        cmocka_unit_test(the_hard_side_opens_every_socket),
        cmocka_unit_test(few_sockets_take_no_more_packets_each),
        cmocka_unit_test(a_sleeper_sends_no_more),
        cmocka_unit_test(a_trail_goes_before_guessing),
        cmocka_unit_test(trails_count_as_packets),
        cmocka_unit_test(settled_sends_nothing_and_lingers),
    };
    if (sodium_init() < 0) return 1;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("probing", tests, NULL, NULL);
}
