/* One symmetric NAT and one that filters by port: relayed, then direct by guessing ports. Two bootnodes, so that
 * clients know how their NATs map, unless a test says otherwise. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/peer/probing.h"
#include "tests/scenario/support/numbered.h"
#include "tests/scenario/support/world.h"

#define CONNECT_MS 6000
#define ATTEMPT_MS 30000 /* connected, sought for 10 s, offered, probed */
#define TRIALS 100

struct pair {
    struct person *hard, *easy;
    /* What went between the two directly, per second of the world's time: */
    unsigned from_hard, from_easy, most_in_a_second, in_this_second;
    uint64_t second, first_at, last_at;
    bool mute; /* the hard one's router is unlucky: nothing gets in */
};

static bool is_for(const struct wire *wire, const struct person *person) {
    return address_same_ip(&wire->to, &person->nat.outside);
}

/* Counts what goes to the other's address without a relay. */
static bool count(struct world *world, struct wire *wire) {
    struct pair *pair = world->tampering;
    bool hard = wire->sender == pair->hard && is_for(wire, pair->easy);
    bool easy = wire->sender == pair->easy && is_for(wire, pair->hard);
    if (!hard && !easy) return true;
    if (!pair->first_at) pair->first_at = world->now;
    pair->last_at = world->now;
    pair->from_hard += hard;
    pair->from_easy += easy;
    if (pair->second != world->now / 1000) pair->in_this_second = 0;
    pair->second = world->now / 1000;
    if (easy && ++pair->in_this_second > pair->most_in_a_second) pair->most_in_a_second = pair->in_this_second;
    return !pair->mute;
}

static struct pair pair_of(struct world *world, enum nat_kind hard, enum nat_kind easy) {
    return (struct pair){.hard = world_person(world, "hard", hard), .easy = world_person(world, "easy", easy)};
}

/* The lower member id is the initiator: with the names the other way round it is the other side. */
static struct pair pair_named(struct world *world, const char *hard, const char *easy) {
    return (struct pair){.hard = world_person(world, hard, NAT_SYMMETRIC),
                         .easy = world_person(world, easy, NAT_PORT_RESTRICTED)};
}

static void start(struct world *world, struct pair *pair) {
    world->tampering = pair;
    world->tamper = count;
    person_start(pair->hard, "tea");
    person_start(pair->easy, "tea");
    world_wait(world, CONNECT_MS, everyone_connected(world));
}

static bool direct(const struct person *person, const struct person *other) {
    return person_sees(person, other) && !is_relayed(person, other);
}

static bool both_direct(const struct pair *pair) {
    return direct(pair->hard, pair->easy) && direct(pair->easy, pair->hard);
}

static void forget_counts(struct pair *pair) {
    pair->from_hard = pair->from_easy = pair->most_in_a_second = 0;
    pair->first_at = pair->last_at = 0;
}

static void relayed_first_then_direct(void **state) {
    struct world *world = *state;
    world_add_bootnode(world);
    struct pair pair = pair_of(world, NAT_SYMMETRIC, NAT_PORT_RESTRICTED);
    start(world, &pair);
    assert_false(direct(pair.hard, pair.easy));
    assert_false(direct(pair.easy, pair.hard));
    unsigned said = 0;
    for (uint64_t until = world->now + ATTEMPT_MS; world->now < until && !both_direct(&pair); said++) {
        say_numbered(pair.hard, said + 1, said + 1);
        say_numbered(pair.easy, said + 1, said + 1);
        world_run(world, 100);
    }
    assert_true(both_direct(&pair));
    assert_true(pair.hard->socket_count > 0);
    say_numbered(pair.hard, said + 1, said + 20);
    say_numbered(pair.easy, said + 1, said + 20);
    world_wait(world, 2000, heard_all(pair.easy, pair.hard, said + 20) && heard_all(pair.hard, pair.easy, said + 20));
    world_run(world, PROBING_LINGER_MS + 100);
    assert_int_equal(pair.hard->socket_count, 1);
    assert_int_equal(pair.easy->socket_count, 0);
    world_run(world, 300000); /* renewals of the keys, too */
    assert_true(both_direct(&pair));
    assert_int_equal(person_count(pair.hard, EVENT_PEER_PATH, pair.easy), 1);
    assert_int_equal(pair.hard->socket_count, 1);
}

/* Nobody told them how their NATs map: one of two attempts has the roles right. */
static void become_direct(struct world *world, struct pair *pair) {
    start(world, pair);
    world_wait(world, 10000 + 2 * PROBING_MS + 1000, both_direct(pair));
    assert_true(pair->most_in_a_second <= 200);
    say_numbered(pair->hard, 1, 10);
    world_wait(world, 2000, heard_all(pair->easy, pair->hard, 10));
    world_run(world, PROBING_LINGER_MS + 100);
    assert_true(pair->hard->socket_count <= 1); /* the port that is hit may be that of the main socket */
    assert_int_equal(pair->easy->socket_count, 0);
}

static void unknown_mappings_are_tried_both_ways(void **state) {
    struct pair pair = pair_named(*state, "anna", "bert");
    become_direct(*state, &pair);
}

static void whoever_is_the_initiator(void **state) {
    struct pair pair = pair_named(*state, "bert", "anna");
    become_direct(*state, &pair);
}

/* An answer takes a second, and two through the relay. */
static void unknown_mappings_far_away(void **state) {
    struct world *world = *state;
    struct pair pair = pair_named(world, "anna", "bert");
    pair.hard->delay_ms = pair.easy->delay_ms = 500;
    world->tampering = &pair;
    world->tamper = count;
    person_start(pair.hard, "tea");
    person_start(pair.easy, "tea");
    world_wait(world, 20000, everyone_connected(world));
    world_wait(world, 60000, both_direct(&pair));
}

/* Once a way was found, everybody knows who is hard: when it is lost, there is no guessing in the wrong roles again. */
static void roles_that_were_right_are_kept(void **state) {
    struct world *world = *state;
    struct pair pair = pair_named(world, "anna", "bert");
    become_direct(world, &pair);
    nat_rebind(&pair.hard->nat);
    nat_rebind(&pair.easy->nat);
    say_numbered(pair.hard, 11, 11);
    say_numbered(pair.easy, 1, 1);
    world_wait(world, 10000, !direct(pair.hard, pair.easy) && !direct(pair.easy, pair.hard));
    bool wrong = false;
    for (uint64_t until = world->now + PROBING_AGAIN_MS + ATTEMPT_MS; world->now < until && !both_direct(&pair);) {
        world_run(world, 100);
        wrong |= pair.easy->socket_count > 0;
    }
    assert_true(both_direct(&pair));
    assert_false(wrong);
}

/* In vain in both roles: at most two attempts each, and no third. */
static void luckless_in_both_roles(void **state) {
    struct world *world = *state;
    struct pair pair = pair_named(world, "anna", "bert");
    start(world, &pair);
    pair.mute = true;
    world_run(world, 2 * PROBING_AGAIN_MS);
    assert_in_range(pair.from_hard + pair.from_easy, 4 * PROBING_PACKETS, 8 * PROBING_PACKETS);
    forget_counts(&pair);
    world_run(world, 2 * PROBING_AGAIN_MS);
    assert_int_equal(pair.hard->socket_count + pair.easy->socket_count, 0);
    assert_true(pair.from_hard + pair.from_easy < PROBING_PACKETS); /* seeking alone */
}

static void symmetric_pairs_do_not_probe(void **state) {
    struct world *world = *state;
    world_add_bootnode(world);
    struct pair pair = pair_of(world, NAT_SYMMETRIC, NAT_SYMMETRIC);
    start(world, &pair);
    world_run(world, 20000);
    unsigned before = pair.from_hard + pair.from_easy;
    world_run(world, ATTEMPT_MS);
    assert_true(pair.from_hard + pair.from_easy - before <= 40); /* a round of seeking */
    assert_int_equal(pair.hard->socket_count + pair.easy->socket_count, 0);
}

/* Two attempts, ten minutes apart, then no more; each within its packets, its time and the budget. */
static void luckless_attempts_are_bounded(void **state) {
    struct world *world = *state;
    world_add_bootnode(world);
    struct pair pair = pair_of(world, NAT_SYMMETRIC, NAT_PORT_RESTRICTED);
    start(world, &pair);
    pair.mute = true;
    for (int attempt = 0; attempt < 2; attempt++) {
        world_wait(world, PROBING_AGAIN_MS + ATTEMPT_MS, pair.hard->socket_count > 0);
        forget_counts(&pair);
        assert_int_equal(pair.hard->socket_count, PROBING_SOCKETS);
        world_wait(world, ATTEMPT_MS, pair.hard->socket_count == 0);
        print_message("# packets of the hard side %u, of the easy one %u, most in a second %u, in %u ms\n",
                      pair.from_hard, pair.from_easy, pair.most_in_a_second, (unsigned)(pair.last_at - pair.first_at));
        assert_in_range(pair.from_easy, PROBING_PACKETS - 8, PROBING_PACKETS + 40); /* and some of seeking */
        assert_in_range(pair.from_hard, PROBING_SOCKETS, PROBING_PACKETS + 40);
        assert_true(pair.most_in_a_second <= 200);
    }
    forget_counts(&pair);
    world_run(world, 2 * PROBING_AGAIN_MS);
    assert_int_equal(pair.hard->socket_count, 0);
    assert_true(pair.from_easy <= 600); /* seeking: a round a minute */
    say_numbered(pair.hard, 1, 10);
    pair.mute = false;
    world_wait(world, 2000, heard_all(pair.easy, pair.hard, 10));
}

/* A machine that allows few sockets uses those. */
static void few_sockets_are_used_too(void **state) {
    struct world *world = *state;
    world_add_bootnode(world);
    struct pair pair = pair_of(world, NAT_SYMMETRIC, NAT_PORT_RESTRICTED);
    pair.hard->socket_most = 40;
    start(world, &pair);
    world_wait(world, ATTEMPT_MS, pair.hard->socket_count > 0);
    assert_int_equal(pair.hard->socket_count, 40);
    world_wait(world, ATTEMPT_MS, pair.hard->socket_count <= 1);
}

static void too_few_sockets_are_not_worth_it(void **state) {
    struct world *world = *state;
    world_add_bootnode(world);
    struct pair pair = pair_of(world, NAT_SYMMETRIC, NAT_PORT_RESTRICTED);
    pair.hard->socket_most = PROBING_SOCKETS_LEAST - 1;
    start(world, &pair);
    world_run(world, 20000);
    forget_counts(&pair);
    world_run(world, ATTEMPT_MS);
    assert_int_equal(pair.hard->socket_count, 0);
    assert_true(pair.from_hard <= 40);
    assert_true(pair.hard->engine && pair.easy->engine);
}

/* Whoever goes while ports are guessed leaves no socket behind. */
static void going_closes_everything(void **state) {
    struct world *world = *state;
    world_add_bootnode(world);
    struct pair pair = pair_of(world, NAT_SYMMETRIC, NAT_PORT_RESTRICTED);
    start(world, &pair);
    pair.mute = true;
    world_wait(world, ATTEMPT_MS, pair.hard->socket_count > 0);
    engine_stop(pair.easy->engine, world->now);
    world_wait(world, 1000, pair.hard->socket_count == 0);
    world_run(world, 20000);
    assert_int_equal(pair.hard->socket_count, 0);
}

static void a_killed_one_closes_everything(void **state) {
    struct world *world = *state;
    world_add_bootnode(world);
    struct pair pair = pair_of(world, NAT_SYMMETRIC, NAT_PORT_RESTRICTED);
    start(world, &pair);
    pair.mute = true;
    world_wait(world, ATTEMPT_MS, pair.hard->socket_count > 0);
    person_kill(pair.easy);
    world_wait(world, 40000, pair.hard->socket_count == 0);
    world_wait(world, ATTEMPT_MS, !person_sees(pair.hard, pair.easy));
}

/* The path's socket dies with the router's memory: relayed again, and the socket is closed. */
static void a_lost_way_is_left(void **state) {
    struct world *world = *state;
    world_add_bootnode(world);
    struct pair pair = pair_of(world, NAT_SYMMETRIC, NAT_PORT_RESTRICTED);
    start(world, &pair);
    world_wait(world, ATTEMPT_MS, both_direct(&pair));
    world_run(world, PROBING_LINGER_MS + 100);
    nat_rebind(&pair.hard->nat);
    nat_rebind(&pair.easy->nat);
    pair.mute = true;
    say_numbered(pair.hard, 1, 10);
    say_numbered(pair.easy, 1, 10);
    world_wait(world, 10000, heard_all(pair.easy, pair.hard, 10) && heard_all(pair.hard, pair.easy, 10));
    world_wait(world, 1000, pair.hard->socket_count == 0);
    assert_false(direct(pair.hard, pair.easy));
}

/* No more than two pairs at a time; the others have their turn. */
static void pairs_take_turns(void **state) {
    struct world *world = *state;
    world_add_bootnode(world);
    struct person *hard = world_person(world, "hard", NAT_SYMMETRIC);
    struct person *others[4];
    static const char *const names[] = {"anna", "bert", "carl", "dora"};
    for (size_t i = 0; i < 4; i++) others[i] = world_person(world, names[i], NAT_PORT_RESTRICTED);
    for (size_t i = 0; i < world->people_count; i++) person_start(&world->people[i], "tea");
    world_wait(world, CONNECT_MS, everyone_connected(world));
    size_t most = 0, reached = 0;
    for (uint64_t until = world->now + 12 * ATTEMPT_MS; world->now < until && reached < 3;) {
        world_run(world, 50);
        if (hard->socket_count > most) most = hard->socket_count;
        reached = 0;
        for (size_t i = 0; i < 4; i++) reached += direct(hard, others[i]);
    }
    assert_true(most > PROBING_SOCKETS);
    assert_true(most <= 2 * PROBING_SOCKETS + 4);
    assert_true(reached >= 3);
}

/* --- The formula --- */

/* The first of the easy side's probes that gets through the hard side's NAT; 0: none does. */
static unsigned first_hit(void) {
    struct address hard_at = {.ip = {[10] = 0xff, 0xff, 198, 51, 100, 1}, .port = 4000};
    struct address easy_at = {.ip = {[10] = 0xff, 0xff, 198, 51, 100, 2}, .port = 4001};
    static struct nat hard, easy;
    struct probing opens = {.socket_count = PROBING_SOCKETS}, guesses = {.state = PROBING_IDLE};
    struct path to;
    bool is_check;
    uint16_t socket;
    nat_init(&hard, NAT_SYMMETRIC, &hard_at);
    nat_init(&easy, NAT_PORT_RESTRICTED, &easy_at);
    for (uint16_t i = 0; i < PROBING_SOCKETS; i++) opens.sockets[i] = (uint16_t)(i + 1);
    probing_run(&opens, true, 1, &easy_at, 1000);
    probing_run(&guesses, false, 1, &hard_at, 1000);
    for (uint64_t now = 1000; now < 1000 + PROBING_MS; now++) {
        while (probing_next(&opens, now, &to, &is_check)) nat_send(&hard, to.socket, &to.address, now);
        while (probing_next(&guesses, now, &to, &is_check)) {
            struct address from = nat_send(&easy, 0, &to.address, now);
            if (nat_admits(&hard, &from, to.address.port, now, &socket)) return guesses.probes;
        }
    }
    return 0;
}

/* Chance that at most (at least) `count` of TRIALS succeed, each with probability p. */
static double tail(unsigned count, double p, bool at_most) {
    double sum = 0;
    for (unsigned i = at_most ? 0 : count; i <= (at_most ? count : TRIALS); i++)
        sum += exp(lgamma(TRIALS + 1) - lgamma(i + 1) - lgamma(TRIALS - i + 1) + i * log(p) + (TRIALS - i) * log1p(-p));
    return sum;
}

/* field.md's formula has all 65,536 ports; NATs give those from 1024 on. */
static double expected(unsigned probes) {
    return 1 - exp(-(double)PROBING_SOCKETS * probes / (UINT16_MAX + 1 - PROBING_PORT_FIRST));
}

static void judge(unsigned probes, unsigned successes) {
    double p = expected(probes);
    print_message("# %u of %u trials succeeded within %u probes; expected: %.1f\n", successes, TRIALS, probes,
                  TRIALS * p);
    assert_true(tail(successes, p, true) > 0.0005);
    assert_true(tail(successes, p, false) > 0.0005);
}

static void success_is_as_the_formula_says(void **state) {
    unsigned quarter = 0, all = 0;
    (void)state;
    for (unsigned i = 0; i < TRIALS; i++) {
        unsigned hit = first_hit();
        all += hit > 0;
        quarter += hit > 0 && hit <= PROBING_PACKETS / 4;
    }
    judge(PROBING_PACKETS / 4, quarter);
    judge(PROBING_PACKETS, all);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(relayed_first_then_direct, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(unknown_mappings_are_tried_both_ways, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(whoever_is_the_initiator, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(unknown_mappings_far_away, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(roles_that_were_right_are_kept, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(luckless_in_both_roles, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(symmetric_pairs_do_not_probe, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(luckless_attempts_are_bounded, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(few_sockets_are_used_too, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(too_few_sockets_are_not_worth_it, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(going_closes_everything, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(a_killed_one_closes_everything, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(a_lost_way_is_left, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(pairs_take_turns, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(success_is_as_the_formula_says, world_setup, world_teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("port guessing", tests, NULL, NULL);
}
