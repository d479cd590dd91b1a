/* The load generator at a cluster: every member has its sessions at all homes of its room, whichever node it entered
 * by, and what its watchers are told together is the truth while nodes die, come back, stop, and are left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/load/fleet.h"
#include "bench/load/fleet_parts.h"
#include "bench/load/load_now.h"
#include "bench/load/places.h"
#include "common/wire/bootnode_packets.h"
#include "tests/scenario/support/load_stage.h"

#define SESSIONS STAGE_SESSIONS
#define DEAD_AFTER_MS 5000 /* what the nodes take to see it */

static uint64_t now_ms(void) {
    return load_now_us() / 1000;
}

static uint64_t sessions_at(const struct stage *stage, size_t node) {
    return net_totals(stage->wire.nodes[node]).sessions;
}

/* Each member at exactly so many nodes. */
static void assert_homes(const struct stage *stage, unsigned replicas) {
    const struct fleet *fleet = stage->fleet;
    for (uint32_t i = 0; i < SESSIONS; i++) assert_int_equal(places_count(fleet, i, MEMBER_ACTIVE), replicas);
    assert_int_equal(fleet_counts(fleet).living, SESSIONS * replicas);
}

static void start(struct stage *stage, size_t nodes, uint8_t replicas) {
    stage_cluster(stage, nodes, replicas);
    struct fill_result result = stage_fill(stage);
    assert_int_equal(result.registered, SESSIONS * replicas);
    assert_homes(stage, replicas);
}

static void everybody_registers_with_all_homes(void **state) {
    struct stage *stage = *state;
    start(stage, 3, 2);
    assert_int_equal(sessions_at(stage, 0) + sessions_at(stage, 1) + sessions_at(stage, 2), 2 * SESSIONS);
    (void)stage_row(stage, &(struct row_options){.duration_s = 5, .interval_s = 4});
    stage_assert_agreed(stage);
    stage_assert_counts(stage);
}

static void one_node_is_a_cluster_too(void **state) {
    struct stage *stage = *state;
    stage_cluster(stage, 1, 2);
    assert_int_equal(stage_fill(stage).registered, SESSIONS);
    (void)stage_row(stage, &(struct row_options){.duration_s = 5, .interval_s = 4});
    stage_assert_agreed(stage);
    stage_assert_counts(stage);
}

static void who_comes_and_goes_is_seen_across_nodes(void **state) {
    struct stage *stage = *state;
    start(stage, 3, 2);
    const struct row_facts *facts =
        stage_row(stage, &(struct row_options){.duration_s = 20, .interval_s = 4, .churn_percent = 5});
    stage_assert_agreed(stage);
    stage_assert_counts(stage);
    assert_true(facts->announced.announce_us.count > 0);
    assert_homes(stage, 2);
}

static void the_silent_are_gone_with_their_last_session(void **state) {
    struct stage *stage = *state;
    start(stage, 3, 2);
    const struct row_facts *facts =
        stage_row(stage, &(struct row_options){.duration_s = 5, .interval_s = 4, .silent_percent = 20});
    stage_assert_agreed(stage);
    assert_int_equal(facts->announced.expired_expected, SESSIONS / 5);
    assert_int_equal(facts->announced.expired_seen, SESSIONS / 5);
    assert_int_equal(stage_fill(stage).registered, 2 * SESSIONS / 5);
    assert_homes(stage, 2);
}

/* --- A node dies --- */

static uint64_t dies_at_ms, seen_at_ms, back_at_ms; /* UINT64_MAX: not (again) */
static bool begins_anew;

static void live(struct stage *stage) {
    if (now_ms() >= dies_at_ms) {
        dies_at_ms = UINT64_MAX;
        *(begins_anew ? &stage->wire.lost[1] : &stage->wire.stopped[1]) = true;
    }
    if (now_ms() >= seen_at_ms) {
        seen_at_ms = UINT64_MAX;
        stage_view(stage, 5);
    }
    if (now_ms() < back_at_ms) return;
    back_at_ms = UINT64_MAX;
    stage->wire.stopped[1] = false;
    if (begins_anew) stage_revive(stage, 1, 7);
    stage_view(stage, 7);
}

static void plan(struct stage *stage, uint64_t lasts_ms, bool anew) {
    dies_at_ms = now_ms() + 2000;
    seen_at_ms = dies_at_ms + DEAD_AFTER_MS;
    back_at_ms = dies_at_ms + lasts_ms;
    begins_anew = anew;
    stage->meanwhile = live;
}

static void a_node_that_dies_takes_nobody_out(void **state) {
    struct stage *stage = *state;
    start(stage, 3, 2);
    assert_true(sessions_at(stage, 1) > 0);
    plan(stage, UINT64_MAX / 2, true);
    const struct row_facts *facts = stage_row(stage, &(struct row_options){.duration_s = 30, .interval_s = 4});
    stage_assert_agreed(stage);
    assert_int_equal(facts->announced.expired_wrong, 0);
    assert_int_equal(sessions_at(stage, 0), SESSIONS); /* two nodes are left, and both are home of everything */
    assert_int_equal(sessions_at(stage, 2), SESSIONS);
    assert_homes(stage, 2);
}

/* Back before anybody took it for dead: who it had registers there again, and nobody is seen to go meanwhile. */
static void a_node_that_is_started_again_is_joined_again(void **state) {
    struct stage *stage = *state;
    start(stage, 3, 2);
    uint64_t there = sessions_at(stage, 1);
    plan(stage, 2000, true);
    seen_at_ms = UINT64_MAX;
    const struct row_facts *facts = stage_row(stage, &(struct row_options){.duration_s = 20, .interval_s = 4});
    stage_assert_said(stage, "sessions were forgotten by the bootnode");
    assert_int_equal(stage->said.count, 1);
    assert_int_equal(facts->announced.expired_wrong, 0);
    assert_int_equal(facts->comeback.lost, there);
    assert_int_equal(facts->comeback.back, there);
    assert_int_equal(sessions_at(stage, 1), there);
    assert_homes(stage, 2);
}

/* Out of the others' view, and back with what it had: whoever comes meanwhile is seen by all. */
static void a_node_that_stood_still_is_no_fault(void **state) {
    struct stage *stage = *state;
    start(stage, 3, 2);
    plan(stage, 15000, false);
    const struct row_facts *facts =
        stage_row(stage, &(struct row_options){.duration_s = 30, .interval_s = 4, .churn_percent = 2});
    stage_assert_agreed(stage);
    assert_int_equal(facts->announced.expired_wrong, 0);
    assert_int_equal(facts->announced.join_missing, 0);
}

/* Its rooms are told of other homes, and it is left. */
static void a_node_that_is_drained_is_left(void **state) {
    struct stage *stage = *state;
    start(stage, 3, 2);
    uint64_t there = sessions_at(stage, 1);
    dies_at_ms = back_at_ms = UINT64_MAX;
    seen_at_ms = now_ms() + 2000;
    stage->meanwhile = live;
    const struct row_facts *facts =
        stage_row(stage, &(struct row_options){.duration_s = 30, .interval_s = 4, .churn_percent = 2});
    stage_assert_agreed(stage);
    stage_assert_counts(stage);
    assert_true(there > 0);
    assert_int_equal(sessions_at(stage, 1), 0);
    assert_int_equal(facts->comeback.lost, 0);
    assert_homes(stage, 2);
}

/* Two nodes become three: whoever moves is listed all the while. */
static void a_node_that_comes_takes_its_share(void **state) {
    struct stage *stage = *state;
    stage_cluster(stage, 3, 2);
    stage_view(stage, 5);
    assert_int_equal(stage_fill(stage).registered, 2 * SESSIONS);
    assert_int_equal(sessions_at(stage, 1), 0);
    dies_at_ms = seen_at_ms = UINT64_MAX;
    back_at_ms = now_ms() + 2000;
    stage->meanwhile = live;
    (void)stage_row(stage, &(struct row_options){.duration_s = 30, .interval_s = 4, .churn_percent = 2});
    stage_assert_agreed(stage);
    stage_assert_counts(stage);
    assert_true(sessions_at(stage, 1) > 0);
    assert_homes(stage, 2);
}

/* What goes wrong is found. */
static bool no_changes(const uint8_t *packet, size_t size) {
    return size == 0 || packet[0] != MESSAGE_CHANGES;
}

static void a_join_that_no_node_announces_is_said(void **state) {
    struct stage *stage = *state;
    start(stage, 3, 2);
    stage->wire.passes = no_changes;
    (void)stage_row(stage, &(struct row_options){.duration_s = 10, .interval_s = 4, .churn_percent = 5});
    stage_assert_said(stage, "announcements of a join did not reach a member");
}

/* The entry itself is gone: what is known of the cluster is enough. */
static void an_entry_that_dies_is_no_obstacle(void **state) {
    struct stage *stage = *state;
    start(stage, 3, 2);
    stage->wire.lost[0] = true;
    stage_view(stage, 6);
    const struct row_facts *facts =
        stage_row(stage, &(struct row_options){.duration_s = 30, .interval_s = 4, .churn_percent = 5});
    assert_int_equal(facts->announced.expired_wrong, 0);
    assert_int_equal(facts->announced.join_missing, 0);
    assert_int_equal(facts->comeback.lost, facts->comeback.back);
    assert_int_equal(sessions_at(stage, 1), SESSIONS);
    assert_int_equal(sessions_at(stage, 2), SESSIONS);
    assert_homes(stage, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(everybody_registers_with_all_homes, stage_setup, stage_teardown),
        cmocka_unit_test_setup_teardown(one_node_is_a_cluster_too, stage_setup, stage_teardown),
        cmocka_unit_test_setup_teardown(who_comes_and_goes_is_seen_across_nodes, stage_setup, stage_teardown),
        cmocka_unit_test_setup_teardown(the_silent_are_gone_with_their_last_session, stage_setup, stage_teardown),
        cmocka_unit_test_setup_teardown(a_node_that_dies_takes_nobody_out, stage_setup, stage_teardown),
        cmocka_unit_test_setup_teardown(a_node_that_is_started_again_is_joined_again, stage_setup, stage_teardown),
        cmocka_unit_test_setup_teardown(a_node_that_stood_still_is_no_fault, stage_setup, stage_teardown),
        cmocka_unit_test_setup_teardown(a_node_that_is_drained_is_left, stage_setup, stage_teardown),
        cmocka_unit_test_setup_teardown(a_node_that_comes_takes_its_share, stage_setup, stage_teardown),
        cmocka_unit_test_setup_teardown(a_join_that_no_node_announces_is_said, stage_setup, stage_teardown),
        cmocka_unit_test_setup_teardown(an_entry_that_dies_is_no_obstacle, stage_setup, stage_teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
