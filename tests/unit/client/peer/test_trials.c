#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/peer/trials.h"

#define NOW UINT64_C(9000000)
#define MINUTE UINT64_C(60000)

/* Two peers of one client. */
struct fixture {
    struct punch_budget budget;
    struct trials first, second;
};

static int open_fixture(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    budget_init(&fixture->budget, NOW);
    trials_init(&fixture->first, NOW);
    trials_init(&fixture->second, NOW);
    *state = fixture;
    return 0;
}

static int close_fixture(void **state) {
    free(*state);
    return 0;
}

static struct address ipv4(uint8_t third, uint8_t last, uint16_t port) {
    return (struct address){.ip = {[10] = 0xff, 0xff, 198, 51, third, last}, .port = port};
}

static struct address ipv6(uint8_t network, uint8_t host) {
    return (struct address){.ip = {0x20, 0x01, 0x0d, 0xb8, [7] = network, [15] = host}, .port = 4000};
}

/* As often as it may, but not more than `most` times, each time to another port. */
static unsigned take(struct fixture *fixture, struct trials *trials, enum budget_kind kind, struct address to,
                     unsigned most, uint64_t now) {
    unsigned taken = 0;
    while (taken < most && trials_may(trials, &fixture->budget, kind, &to, now)) {
        assert_true(trials_take(trials, &fixture->budget, kind, &to, now));
        taken++;
        to.port++;
    }
    if (taken < most) assert_false(trials_take(trials, &fixture->budget, kind, &to, now));
    assert_true(trials_holds(trials));
    return taken;
}

static void a_host_gets_ten_whatever_its_ports(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(take(fixture, &fixture->first, BUDGET_TOLD, ipv4(100, 1, 1), 1000, NOW), TRIALS_PACKETS);
    assert_int_equal(take(fixture, &fixture->first, BUDGET_TOLD, ipv4(100, 1, 1), 1000, NOW + 1000 * MINUTE), 0);
    assert_int_equal(take(fixture, &fixture->second, BUDGET_TOLD, ipv4(100, 1, 1), 1000, NOW), TRIALS_PACKETS);
    for (uint8_t i = 2; i < 30; i++)
        assert_int_equal(take(fixture, &fixture->first, BUDGET_TOLD, ipv4(100, i, 1), 1000, NOW),
                         i <= TRIALS_HOSTS ? TRIALS_PACKETS : 0);
}

static void an_answer_makes_up_for_it(void **state) {
    struct fixture *fixture = *state;
    const struct address there = ipv4(100, 1, 1);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(take(fixture, &fixture->first, BUDGET_TOLD, there, 1000, NOW), TRIALS_PACKETS);
        trials_answered(&fixture->first, &fixture->budget, &there);
    }
    assert_int_equal(tally_left(&fixture->budget.networks, there.ip, sizeof there.ip, NOW), BUDGET_NETWORK);
}

/* Of a network that is full of others only what this host had. */
static void so_it_does_for_who_was_named(void **state) {
    struct fixture *fixture = *state;
    const struct address there = ipv6(1, 1), beside = ipv6(1, 2);
    assert_int_equal(take(fixture, &fixture->second, BUDGET_NAMED, beside, 1000, NOW), BUDGET_NAMED_HOST);
    for (int i = 0; i < 1000; i++) {
        trials_init(&fixture->first, NOW); /* it left, and is back */
        assert_int_equal(take(fixture, &fixture->first, BUDGET_NAMED, there, 1000, NOW), BUDGET_NAMED_HOST);
        trials_answered(&fixture->first, &fixture->budget, &there);
    }
    assert_int_equal(tally_left(&fixture->budget.named_networks, there.ip, 8, NOW),
                     BUDGET_NAMED_NETWORK - BUDGET_NAMED_HOST);
    assert_int_equal(take(fixture, &fixture->first, BUDGET_NAMED, beside, 1000, NOW), 0);
}

static void a_sign_is_worth_one(void **state) {
    struct fixture *fixture = *state;
    const struct address there = ipv4(100, 1, 1), elsewhere = ipv4(100, 2, 1);
    trials_allow_one(&fixture->first, &there);
    assert_int_equal(take(fixture, &fixture->first, BUDGET_TOLD, there, 4, NOW), 4);
    trials_allow_one(&fixture->first, &there);
    assert_int_equal(take(fixture, &fixture->first, BUDGET_TOLD, there, 1000, NOW), TRIALS_PACKETS - 4);
    trials_allow_one(&fixture->first, &there);
    trials_allow_one(&fixture->first, &there);
    assert_int_equal(take(fixture, &fixture->first, BUDGET_TOLD, there, 1000, NOW), 1);
    trials_allow_answered(&fixture->first);
    assert_int_equal(take(fixture, &fixture->first, BUDGET_TOLD, there, 1000, NOW), 0);
    trials_answered(&fixture->first, &fixture->budget, &elsewhere);
    assert_int_equal(take(fixture, &fixture->first, BUDGET_TOLD, elsewhere, 1000, NOW), TRIALS_PACKETS);
    trials_allow_answered(&fixture->first);
    assert_int_equal(take(fixture, &fixture->first, BUDGET_TOLD, elsewhere, 1000, NOW), 1);
}

/* For an hour, whenever it is possible. */
static unsigned in_an_hour(bool (*happens)(struct trials *trials, uint64_t now), struct trials *trials) {
    unsigned count = 0;
    for (uint64_t now = NOW; now < NOW + 60 * MINUTE; now += 100) count += happens(trials, now);
    return count;
}

static void signs_and_renewals_are_rare(void **state) {
    struct fixture *fixture = *state;
    assert_in_range(in_an_hour(trials_sign, &fixture->first), 4 + 118, 4 + 120);
    assert_in_range(in_an_hour(trials_renew, &fixture->first), 3 + 58, 3 + 60);
    assert_in_range(in_an_hour(trials_probed, &fixture->first), 7100, 10 + 7200);
}

static void a_renewal_forgets_what_did_not_answer(void **state) {
    struct fixture *fixture = *state;
    for (uint8_t i = 0; i < TRIALS_HOSTS; i++) {
        const struct address there = ipv4(100, i, 1);
        (void)take(fixture, &fixture->first, BUDGET_TOLD, there, 1000, NOW);
        if (i >= 3) trials_answered(&fixture->first, &fixture->budget, &there);
    }
    assert_true(trials_renew(&fixture->first, NOW));
    assert_int_equal(fixture->first.count, TRIALS_HOSTS / 2);
    for (size_t i = 0; i < fixture->first.count; i++)
        assert_int_equal(fixture->first.hosts[i].ip[15], TRIALS_HOSTS / 2 + i);
    assert_int_equal(take(fixture, &fixture->first, BUDGET_TOLD, ipv4(100, 0, 1), 1000, NOW), TRIALS_PACKETS);
}

static void a_stranger_gets_five_whoever_names_it(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(take(fixture, &fixture->first, BUDGET_NAMED, ipv4(7, 1, 53), 3, NOW), 3);
    assert_int_equal(take(fixture, &fixture->second, BUDGET_NAMED, ipv4(7, 1, 99), 1000, NOW), 2);
    for (int i = 0; i < 100; i++) {
        trials_init(&fixture->first, NOW); /* other members, other rooms */
        assert_int_equal(take(fixture, &fixture->first, BUDGET_NAMED, ipv4(7, 1, (uint16_t)i), 1000, NOW), 0);
    }
    /* A bootnode's word is another matter. */
    assert_int_equal(take(fixture, &fixture->first, BUDGET_TOLD, ipv4(7, 1, 53), 1000, NOW), TRIALS_PACKETS);
}

static void a_member_names_few(void **state) {
    struct fixture *fixture = *state;
    unsigned taken = 0;
    for (uint8_t i = 0; i < 200; i++) taken += take(fixture, &fixture->first, BUDGET_NAMED, ipv4(7, i, 53), 1000, NOW);
    assert_int_equal(taken, TRIALS_NAMED_BURST);
    for (uint8_t i = 0; i < 200; i++)
        taken += take(fixture, &fixture->first, BUDGET_NAMED, ipv4(8, i, 53), 1000, NOW + i * UINT64_C(1000));
    assert_in_range(taken, TRIALS_NAMED_BURST + 30, TRIALS_NAMED_BURST + 34);
}

static void strangers_of_one_network_share(void **state) {
    struct fixture *fixture = *state;
    unsigned taken = 0;
    for (uint8_t i = 0; i < 100; i++) {
        trials_init(&fixture->first, NOW);
        taken += take(fixture, &fixture->first, BUDGET_NAMED, ipv6(1, i), 1000, NOW);
    }
    assert_int_equal(taken, BUDGET_NAMED_NETWORK);
    assert_int_equal(take(fixture, &fixture->second, BUDGET_NAMED, ipv6(2, 1), 1000, NOW), BUDGET_NAMED_HOST);
}

/* Members come and go, and say that they are at one address. */
static void a_network_gets_no_more_than_its_share(void **state) {
    struct fixture *fixture = *state;
    unsigned taken = 0;
    for (unsigned i = 0; i < 2000; i++) {
        trials_init(&fixture->first, NOW);
        taken += take(fixture, &fixture->first, BUDGET_TOLD, ipv6(9, (uint8_t)i), 1000, NOW);
    }
    assert_int_equal(taken, BUDGET_NETWORK);
}

static void guesses_leave_something(void **state) {
    struct fixture *fixture = *state;
    const struct address there = ipv4(100, 1, 1);
    assert_int_equal(take(fixture, &fixture->first, BUDGET_GUESSED, there, 1000000, NOW), BUDGET_GUESSES);
    assert_int_equal(take(fixture, &fixture->second, BUDGET_GUESSED, there, 1, NOW), 0);
    assert_int_equal(take(fixture, &fixture->second, BUDGET_TOLD, there, 1000, NOW), TRIALS_PACKETS);
    trials_answered(&fixture->first, &fixture->budget, &there);
    assert_int_equal(take(fixture, &fixture->second, BUDGET_GUESSED, there, 1000000, NOW),
                     BUDGET_GUESSES - TRIALS_PACKETS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_host_gets_ten_whatever_its_ports),
        TEST(an_answer_makes_up_for_it),
        TEST(so_it_does_for_who_was_named),
        TEST(a_sign_is_worth_one),
        TEST(signs_and_renewals_are_rare),
        TEST(a_renewal_forgets_what_did_not_answer),
        TEST(a_stranger_gets_five_whoever_names_it),
        TEST(a_member_names_few),
        TEST(strangers_of_one_network_share),
        TEST(a_network_gets_no_more_than_its_share),
        TEST(guesses_leave_something),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests_name("trials", tests, NULL, NULL);
}
