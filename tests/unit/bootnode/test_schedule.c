#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bootnode/schedule.h"

#define US UINT64_C(1000)
#define BIT(turn) (UINT32_C(1) << (turn))
#define EVERYBODY (BIT(LANE_RELAY) | BIT(LANE_REGISTER) | BIT(LANE_HELLO) | BIT(LANE_STUN) | BIT(LANE_JUNK))

/* What each turn takes, and what each had so far. */
struct load {
    struct schedule schedule;
    uint64_t cost[TURN_COUNT], had[TURN_COUNT], sessions, others;
};

static void serve_others(struct load *load, uint32_t waiting) {
    for (int turn; (turn = schedule_next(&load->schedule, waiting)) != TURN_NONE;) {
        schedule_spent(&load->schedule, turn, load->cost[turn]);
        load->had[turn] += load->cost[turn];
        load->others += load->cost[turn];
    }
}

static void rounds(struct load *load, unsigned count, uint64_t sessions_ns, bool emptied, uint32_t waiting) {
    while (count-- > 0) {
        schedule_sessions(&load->schedule, sessions_ns, emptied);
        load->sessions += sessions_ns;
        serve_others(load, waiting);
    }
}

static void nobody_waits(void **state) {
    (void)state;
    struct schedule schedule = {0};
    assert_int_equal(schedule_next(&schedule, EVERYBODY), TURN_NONE); /* before sessions were looked at */
    schedule_sessions(&schedule, 0, true);
    assert_int_equal(schedule_next(&schedule, 0), TURN_NONE);
    assert_int_equal(schedule_next(&schedule, BIT(LANE_JUNK)), LANE_JUNK);
}

/* Sessions are looked at again after SCHEDULE_TURN_NS and one turn. */
static void sessions_come_first(void **state) {
    (void)state;
    for (uint64_t cost = 10 * US; cost <= 10000 * US; cost *= 10) {
        struct load load = {.cost = {[LANE_STUN] = cost, [LANE_HELLO] = cost}};
        rounds(&load, 1, 50 * US, true, BIT(LANE_STUN) | BIT(LANE_HELLO));
        assert_in_range(load.others, SCHEDULE_TURN_NS, SCHEDULE_TURN_NS + cost - 1);
    }
}

/* A lane of sessions that is never empty takes seven parts in eight, whatever a turn of the others takes. */
static void the_least_share_is_kept(void **state) {
    (void)state;
    for (uint64_t cost = 5 * US; cost <= 2000 * US; cost *= 4) {
        struct load load = {.cost = {[LANE_REGISTER] = cost}};
        rounds(&load, 100000, 500 * US, false, BIT(LANE_REGISTER));
        uint64_t share = (load.sessions + load.others) / SCHEDULE_LEAST;
        assert_in_range(load.others, share - share / 50, share + share / 50);
    }
}

/* Nobody saves up what he did not need while there was time. */
static void an_unused_share_is_gone(void **state) {
    (void)state;
    struct load load = {.cost = {[LANE_REGISTER] = 10 * US}};
    rounds(&load, 1000, 500 * US, false, 0);
    rounds(&load, 1, 500 * US, false, BIT(LANE_REGISTER));
    assert_in_range(load.others, SCHEDULE_CREDIT_NS, SCHEDULE_CREDIT_NS + 10 * US);
}

static void assert_ratio(uint64_t a, uint64_t b, uint64_t of_a, uint64_t of_b) {
    assert_in_range(a * of_b * 100, b * of_a * 98, b * of_a * 102);
}

/* Whatever a turn of each costs. */
static void time_is_shared_by_weight(void **state) {
    (void)state;
    struct load load = {.cost = {[LANE_RELAY] = 320 * US,
                                 [LANE_REGISTER] = 360 * US,
                                 [LANE_HELLO] = 190 * US,
                                 [LANE_STUN] = 210 * US,
                                 [LANE_JUNK] = 13 * US}};
    rounds(&load, 100000, 20 * US, true, EVERYBODY);
    assert_ratio(load.had[LANE_RELAY], load.had[LANE_REGISTER], 8, 6);
    assert_ratio(load.had[LANE_REGISTER], load.had[LANE_HELLO], 6, 3);
    assert_ratio(load.had[LANE_HELLO], load.had[LANE_STUN], 3, 2);
    assert_ratio(load.had[LANE_STUN], load.had[LANE_JUNK], 2, 1);
}

/* A newcomer's HELLO and REGISTER get at least a fifth beside any one flood. */
static void newcomers_get_in_beside_each_flood(void **state) {
    (void)state;
    static const int floods[] = {LANE_RELAY, LANE_STUN, LANE_JUNK, TURN_ANNOUNCING};
    for (size_t i = 0; i < sizeof floods / sizeof *floods; i++) {
        struct load load = {.cost = {[LANE_REGISTER] = 360 * US, [LANE_HELLO] = 3 * US}};
        load.cost[floods[i]] = 200 * US;
        rounds(&load, 100000, 20 * US, true, BIT(LANE_REGISTER) | BIT(floods[i]));
        assert_true(load.had[LANE_REGISTER] * 5 > 2 * load.others);
    }
}

/* Who had nothing to do is next, but does not catch up. */
static void nobody_saves_up(void **state) {
    (void)state;
    struct load load = {.cost = {[LANE_STUN] = 100 * US, [LANE_REGISTER] = 100 * US}};
    rounds(&load, 10000, 0, true, BIT(LANE_STUN));
    memset(load.had, 0, sizeof load.had);
    schedule_sessions(&load.schedule, 0, true);
    assert_int_equal(schedule_next(&load.schedule, BIT(LANE_STUN) | BIT(LANE_REGISTER)), LANE_REGISTER);
    rounds(&load, 10000, 0, true, BIT(LANE_STUN) | BIT(LANE_REGISTER));
    assert_ratio(load.had[LANE_REGISTER], load.had[LANE_STUN], 3, 1);
}

/* A lane that is empty after every turn of its own still has its share: it waits again before it is forgotten. */
static void a_trickle_is_served_at_once(void **state) {
    (void)state;
    struct load load = {.cost = {[LANE_STUN] = 200 * US, [LANE_HELLO] = 3 * US}};
    for (int i = 0; i < 1000; i++) {
        rounds(&load, 3, 10 * US, true, BIT(LANE_STUN));
        schedule_sessions(&load.schedule, 10 * US, true);
        assert_int_equal(schedule_next(&load.schedule, BIT(LANE_STUN) | BIT(LANE_HELLO)), LANE_HELLO);
        schedule_spent(&load.schedule, LANE_HELLO, 3 * US);
    }
}

/* Neither those who wait beside sessions that never end, nor the lane whose turn it was, pay for an hour's pause. */
static void nobody_pays_for_a_pause(void **state) {
    (void)state;
    struct load load = {.cost = {[LANE_STUN] = 200 * US, [LANE_REGISTER] = 200 * US}};
    schedule_sessions(&load.schedule, 0, true);
    assert_int_equal(schedule_next(&load.schedule, BIT(LANE_REGISTER)), LANE_REGISTER);
    schedule_spent(&load.schedule, LANE_REGISTER, UINT64_C(3600000000) * US);
    rounds(&load, 1000, 500 * US, false, BIT(LANE_STUN) | BIT(LANE_REGISTER));
    assert_true(load.others > 1000 * 500 * US / SCHEDULE_LEAST / 2);
    rounds(&load, 1000, 0, true, BIT(LANE_STUN) | BIT(LANE_REGISTER));
    assert_true(load.had[LANE_REGISTER] > load.had[LANE_STUN]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_waits),
        cmocka_unit_test(sessions_come_first),
        cmocka_unit_test(the_least_share_is_kept),
        cmocka_unit_test(an_unused_share_is_gone),
        cmocka_unit_test(time_is_shared_by_weight),
        cmocka_unit_test(newcomers_get_in_beside_each_flood),
        cmocka_unit_test(nobody_saves_up),
        cmocka_unit_test(a_trickle_is_served_at_once),
        cmocka_unit_test(nobody_pays_for_a_pause),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("schedule", tests, NULL, NULL);
}
