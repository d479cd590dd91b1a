/* Where a third of all packets is lost, each way, people find each other nearly as fast as elsewhere: whatever is sent
 * once must be sent again soon. Each bound is some standard deviations above what was measured, so that it holds for
 * other seeds, too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "tests/scenario/support/world.h"

#define PAIRS 200
#define SEEDS_APART 997 /* a seed is how many random numbers are left out */
#define LOSS_PERCENT 30
#define PATIENCE_MS 30000

struct bounds {
    enum nat_kind first, second;
    unsigned delay_ms;                          /* of one's link, each way */
    unsigned median_ms, most_ms, nearly_all_ms; /* most: 90 %; nearly all: 97 % */
};

static int compare_times(const void *a, const void *b) {
    const uint64_t *first = a, *second = b;
    return (*first > *second) - (*first < *second);
}

/* Both are in the room, and the second was told of the first; from now on packets are lost. */
static uint64_t time_to_meet(struct world *world, const struct bounds *bounds) {
    struct person *first = world_person(world, "ann", bounds->first);
    struct person *second = world_person(world, "ben", bounds->second);
    first->delay_ms = bounds->delay_ms;
    person_start(first, "tea");
    world_run(world, 2000);
    person_start(second, "tea");
    world_wait(world, 5000, person_count(second, EVENT_PEER_JOINED, NULL));
    world->loss_percent = LOSS_PERCENT;
    uint64_t began = world->now;
    world_wait(world, PATIENCE_MS, everyone_connected(world));
    return world->now - began;
}

static uint64_t time_of_pair(unsigned number, const struct bounds *bounds) {
    char seed[16];
    void *state = NULL;
    snprintf(seed, sizeof seed, "%u", (number + 1) * SEEDS_APART);
    assert_int_equal(setenv("WORLD_SEED", seed, 1), 0);
    assert_int_equal(world_setup(&state), 0);
    uint64_t time = time_to_meet(state, bounds);
    assert_int_equal(world_teardown(&state), 0);
    return time;
}

static void check_share(const uint64_t *times, unsigned percent, unsigned bound_ms) {
    uint64_t time = times[PAIRS * percent / 100 - 1];
    if (time > bound_ms) fail_msg("%u %% need %u ms, not %u", percent, (unsigned)time, bound_ms);
}

static void meet(const struct bounds *bounds) {
    uint64_t times[PAIRS];
    for (unsigned i = 0; i < PAIRS; i++) times[i] = time_of_pair(i, bounds);
    qsort(times, PAIRS, sizeof *times, compare_times);
    print_message("# half %u ms, 90 %% %u ms, 97 %% %u ms, all %u ms\n", (unsigned)times[PAIRS / 2 - 1],
                  (unsigned)times[PAIRS * 9 / 10 - 1], (unsigned)times[PAIRS * 97 / 100 - 1],
                  (unsigned)times[PAIRS - 1]);
    check_share(times, 50, bounds->median_ms);
    check_share(times, 90, bounds->most_ms);
    check_share(times, 97, bounds->nearly_all_ms);
}

static void two_in_the_open(void **state) {
    (void)state;
    meet(&(struct bounds){NAT_NONE, NAT_NONE, .median_ms = 600, .most_ms = 1850, .nearly_all_ms = 3500});
}

static void one_behind_a_symmetric_nat(void **state) {
    (void)state;
    meet(&(struct bounds){NAT_SYMMETRIC, NAT_FULL_CONE, .median_ms = 600, .most_ms = 1900, .nearly_all_ms = 4200});
}

static void far_away(void **state) {
    (void)state;
    meet(&(struct bounds){NAT_NONE, NAT_NONE, 180, .median_ms = 1600, .most_ms = 2800, .nearly_all_ms = 4100});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_in_the_open),
        cmocka_unit_test(one_behind_a_symmetric_nat),
        cmocka_unit_test(far_away),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("lossy links", tests, NULL, NULL);
}
