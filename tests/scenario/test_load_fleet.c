/* The load generator's fleet against a bootnode without threads or sockets, on a time of their own: it fills, beats,
 * churns, moves and falls silent under loss; and what goes wrong is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench/load/fall.h"
#include "bench/load/fleet.h"
#include "bench/load/fleet_traffic.h"
#include "bench/load/load_now.h"
#include "bench/load/row.h"
#include "bench/load/traffic.h"
#include "common/why.h"
#include "tests/scenario/support/load_stage.h"

#define SESSIONS STAGE_SESSIONS
#define ROOM_SIZE STAGE_ROOM_SIZE

/* --- What goes well --- */

static void fills_and_beats(void **state) {
    struct stage *stage = *state;
    assert_int_equal(stage_fill(stage).registered, SESSIONS);
    struct shard_counters totals = net_totals(stage->net);
    assert_int_equal(totals.sessions, SESSIONS);
    assert_int_equal(totals.provisional, 0);
    assert_int_equal(totals.rooms, SESSIONS / ROOM_SIZE);
    (void)stage_row(stage, &(struct row_options){.duration_s = 20});
    stage_assert_agreed(stage);
    assert_true(stage->asked > 3000);
    assert_int_equal(stage->answered, stage->asked);
    stage_assert_counts(stage);
    assert_int_equal(fleet_counts(stage->fleet).beats_reset, 0);
    assert_int_equal(net_totals(stage->net).expired, 0);
    assert_int_equal(stage_fill(stage).registered, 0);
}

/* The ids of all sessions, in the order in which they beat from here on, socket by socket. */
static void note_pass(struct stage *stage, uint64_t ids[static SESSIONS]) {
    const struct row_options row = {.traffic = TRAFFIC_BEATS};
    struct traffic *traffic = fleet_traffic_beats(stage->fleet, &row);
    for (uint32_t i = 0; i < SESSIONS; i++) {
        uint8_t packet[PACKET_MAX];
        struct beat beat;
        uint64_t number = i;
        size_t size = traffic->request(traffic->context, i % STAGE_SOCKETS, &number, load_now_us(), packet);
        assert_true(beat_decode(packet, size, &beat));
        ids[i] = beat.session_id;
    }
}

static unsigned count_of(const uint64_t ids[static SESSIONS], uint64_t id) {
    unsigned count = 0;
    for (uint32_t i = 0; i < SESSIONS; i++) count += ids[i] == id;
    return count;
}

static void every_session_beats_once_a_pass(void **state) {
    struct stage *stage = *state;
    const struct row_options row = {.duration_s = 1};
    uint64_t first[SESSIONS], second[SESSIONS];
    struct why why;
    stage_fill(stage);
    assert_true(row_begin(stage->fleet, &row, &why));
    note_pass(stage, first);
    note_pass(stage, second);
    for (uint32_t i = 0; i < SESSIONS; i++) {
        assert_int_equal(count_of(first, first[i]), 1);
        assert_int_equal(count_of(second, first[i]), 1);
    }
    /* Another row, another order. */
    stage_end_row(stage);
    assert_true(row_begin(stage->fleet, &row, &why));
    note_pass(stage, second);
    assert_memory_not_equal(first, second, sizeof first);
}

static void fills_under_loss(void **state) {
    struct stage *stage = *state;
    stage->wire.loss = 20;
    assert_int_equal(stage_fill(stage).registered, SESSIONS);
    assert_int_equal(net_totals(stage->net).sessions, SESSIONS);
    (void)stage_row(stage, &(struct row_options){.duration_s = 20});
    stage_assert_agreed(stage);
    assert_true(stage->answered > stage->asked / 2 && stage->answered < stage->asked);
    assert_int_equal(net_totals(stage->net).expired, 0);
}

static void churn_is_announced(void **state) {
    struct stage *stage = *state;
    stage_fill(stage);
    const struct row_facts *facts = stage_row(stage, &(struct row_options){.duration_s = 10, .churn_percent = 5});
    stage_assert_agreed(stage);
    assert_in_range(facts->registered, 25, 35);
    assert_int_equal(net_totals(stage->net).left, facts->registered);
    assert_int_equal(fleet_counts(stage->fleet).left, facts->registered);
    assert_int_equal(net_totals(stage->net).sessions, SESSIONS);
    assert_true(facts->announced.announce_us.count >= (ROOM_SIZE - 2) * facts->registered);
    assert_int_equal(facts->announced.join_missing, 0);
    assert_int_equal(stage->answered, stage->asked);
    stage_assert_counts(stage);
}

/* Of the five tries of a LEAVE, or their answers, all are lost in one case of 170: that is no fault. */
static void churn_under_loss_is_announced(void **state) {
    struct stage *stage = *state;
    stage_fill(stage);
    stage->wire.loss = 20;
    (void)stage_row(stage, &(struct row_options){.duration_s = 10, .churn_percent = 5});
    for (size_t i = 0; i < stage->said.count; i++)
        if (!strstr(stage->said.lines[i], "LEAVEs got no RESET")) fail_msg("%s", stage->said.lines[i]);
}

static void silence_expires(void **state) {
    struct stage *stage = *state;
    stage_fill(stage);
    const struct row_facts *facts = stage_row(stage, &(struct row_options){.duration_s = 1, .silent_percent = 50});
    stage_assert_agreed(stage);
    assert_int_equal(facts->announced.expired_expected, fleet_counts(stage->fleet).fell_silent);
    assert_in_range(facts->announced.expired_expected, SESSIONS / 2 - 5, SESSIONS / 2 + 5);
    assert_int_equal(facts->announced.expired_seen, facts->announced.expired_expected);
    assert_int_equal(net_totals(stage->net).expired, facts->announced.expired_expected);
    assert_true(facts->announced.expiry_late_ms.maximum < 500);
    stage_assert_counts(stage);
    assert_int_equal(stage_fill(stage).registered, facts->announced.expired_expected);
    assert_int_equal(net_totals(stage->net).sessions, SESSIONS);
}

/* Beats are held back for so long from the first on. */
static uint64_t held_until_ms, restart_at_ms;

static bool no_beats_yet(const uint8_t *packet, size_t size) {
    return size == 0 || packet[0] != MESSAGE_HEARTBEAT || load_now_us() / 1000 >= held_until_ms;
}

/* Provisional sessions end after 5 s: who comes later gets RESET, and begins anew. */
static void first_beats_that_come_too_late_are_accounted_for(void **state) {
    struct stage *stage = *state;
    stage->wire.leaves = no_beats_yet;
    held_until_ms = stage->net->monotonic + 6000;
    assert_int_equal(stage_fill(stage).registered, SESSIONS);
    assert_true(fleet_counts(stage->fleet).beats_reset >= SESSIONS);
    (void)stage_row(stage, &(struct row_options){.duration_s = 2});
    stage_assert_agreed(stage);
    stage_assert_counts(stage);
}

static void restart_once(void *context, uint64_t registered) {
    const struct stage *stage = context;
    (void)registered;
    if (stage->net->monotonic < restart_at_ms) return;
    net_restart(stage->net, true);
    restart_at_ms = UINT64_MAX;
}

/* They end no sooner. */
static void provisional_sessions_forgotten_too_early_are_noticed(void **state) {
    struct stage *stage = *state;
    struct fill_result result;
    struct why why;
    stage->wire.leaves = no_beats_yet;
    held_until_ms = stage->net->monotonic + 2000;
    restart_at_ms = stage->net->monotonic + 1000;
    assert_true(fill_fleet(stage->fleet, restart_once, stage, &result, &why));
    (void)stage_row(stage, &(struct row_options){.duration_s = 1});
    stage_assert_said(stage, "60 living sessions were forgotten");
}

static void live_until(struct stage *stage, uint64_t until_us) {
    while (load_now_us() < until_us) {
        wire_receive(&stage->wire, 1000, 512, stage_take, stage);
        fleet_keep_alive(stage->fleet);
    }
}

/* Answer times count while sessions expire: from the first to the last. */
static void the_time_of_expiring_is_known(void **state) {
    struct stage *stage = *state;
    const struct row_options row = {.duration_s = 1, .silent_percent = 50};
    uint64_t from, until;
    struct why why;
    stage_fill(stage);
    assert_true(row_begin(stage->fleet, &(struct row_options){.duration_s = 1}, &why));
    fall_expiring(stage->fleet, &from, &until);
    assert_int_equal(from + until, 0);
    stage_end_row(stage);
    assert_true(row_begin(stage->fleet, &row, &why));
    fall_expiring(stage->fleet, &from, &until);
    live_until(stage, from);
    assert_int_equal(net_totals(stage->net).expired, 0);
    live_until(stage, until);
    assert_int_equal(net_totals(stage->net).expired, fleet_counts(stage->fleet).fell_silent);
}

/* One in each watched room lives on, to see it. */
static void all_silent_leaves_one_witness_a_room(void **state) {
    struct stage *stage = *state;
    stage_fill(stage);
    stage->wire.loss = 10;
    const struct row_facts *facts = stage_row(stage, &(struct row_options){.duration_s = 1, .silent_percent = 100});
    stage_assert_agreed(stage);
    assert_int_equal(facts->announced.expired_seen, SESSIONS - SESSIONS / ROOM_SIZE);
}

static void everyone_moves(void **state) {
    struct stage *stage = *state;
    stage_fill(stage);
    (void)stage_row(stage, &(struct row_options){.duration_s = 2, .rebind = true});
    stage_assert_agreed(stage);
    assert_int_equal(stage->answered, stage->asked);
    assert_int_equal(net_totals(stage->net).moved, SESSIONS);
    assert_int_equal(fleet_counts(stage->fleet).moved, SESSIONS);
    stage->wire.loss = 20;
    (void)stage_row(stage, &(struct row_options){.duration_s = 2, .rebind = true});
    stage_assert_agreed(stage);
    assert_int_equal(fleet_counts(stage->fleet).moved, 2 * SESSIONS);
}

/* --- What goes wrong --- */

static void bootnode_that_does_not_answer(void **state) {
    struct stage *stage = *state;
    struct fill_result result;
    struct why why;
    stage->wire.cut = true;
    assert_false(fill_fleet(stage->fleet, NULL, NULL, &result, &why));
    assert_non_null(strstr(why.text, "did not answer"));
}

static void bootnode_that_refuses(void **state) {
    struct stage *stage = *state;
    struct fill_result result;
    struct why why;
    stage->net->config.room_members = ROOM_SIZE - 1;
    stage->net->config.room_source_share = 100; /* the fleet is one source */
    net_restart(stage->net, true);
    assert_false(fill_fleet(stage->fleet, NULL, NULL, &result, &why));
    assert_non_null(strstr(why.text, "room is full"));
}

static void bootnode_that_dies_is_noticed(void **state) {
    struct stage *stage = *state;
    stage_fill(stage);
    stage->wire.cut = true;
    (void)stage_row(stage, &(struct row_options){.duration_s = 3});
    stage_assert_said(stage, "fell silent");
}

static void bootnode_that_forgets_is_noticed(void **state) {
    struct stage *stage = *state;
    stage_fill(stage);
    net_restart(stage->net, true);
    (void)stage_row(stage, &(struct row_options){.duration_s = 5});
    stage_assert_said(stage, "60 living sessions were forgotten");
    assert_int_equal(fleet_counts(stage->fleet).resets, SESSIONS);
    stage_fill(stage);
    assert_int_equal(net_totals(stage->net).sessions, SESSIONS);
    (void)stage_row(stage, &(struct row_options){.duration_s = 5});
    stage_assert_agreed(stage);
}

/* Held up by others on its core for longer than an expiry, it has nobody else to blame. */
static void who_is_held_up_says_so(void **state) {
    struct stage *stage = *state;
    stage_fill(stage);
    for (unsigned i = 0; i < 20; i++) net_run(stage->net, 1000);
    assert_true(net_totals(stage->net).expired > 0);
    (void)stage_row(stage, &(struct row_options){.duration_s = 5});
    stage_assert_said(stage, "60 sessions expired since gochat-load was held up");
    assert_int_equal(stage->said.count, 1);
    stage_fill(stage);
    (void)stage_row(stage, &(struct row_options){.duration_s = 5});
    stage_assert_agreed(stage);
}

/* Between two rows a fleet may get its turn no more often than ten times a second: too seldom for each packet of a
 * registration to be sent by a turn of its own, and no fault of the bootnode's. */
static void sessions_come_back_between_rows(void **state) {
    struct stage *stage = *state;
    stage_grow(stage, 600);
    stage_fill(stage);
    net_restart(stage->net, true);
    for (unsigned turns = 0; turns < 300; turns++) {
        net_run(stage->net, 100);
        (void)fleet_keep_alive(stage->fleet);
    }
    stage_fill(stage);
    assert_int_equal(net_totals(stage->net).sessions, 600);
}

static bool no_changes(const uint8_t *packet, size_t size) {
    return size == 0 || packet[0] != MESSAGE_CHANGES;
}

static void announcements_that_do_not_come_are_missed(void **state) {
    struct stage *stage = *state;
    stage_fill(stage);
    stage->wire.passes = no_changes;
    (void)stage_row(stage, &(struct row_options){.duration_s = 3, .churn_percent = 5});
    stage_assert_said(stage, "announcements of a join did not reach a member");
    stage->wire.passes = NULL;
    stage_fill(stage);
    stage->wire.passes = no_changes;
    const struct row_facts *facts = stage_row(stage, &(struct row_options){.duration_s = 1, .silent_percent = 20});
    stage_assert_said(stage, "were not announced as left");
    assert_int_equal(facts->announced.expired_seen, 0);
}

static bool no_path(const uint8_t *packet, size_t size) {
    return size == 0 || packet[0] != MESSAGE_PATH;
}

static void sessions_that_cannot_move_are_counted(void **state) {
    struct stage *stage = *state;
    stage_fill(stage);
    stage->wire.passes = no_path;
    (void)stage_row(stage, &(struct row_options){.duration_s = 1, .rebind = true});
    stage_assert_said(stage, "60 sessions did not move");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stage_setup, stage_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(fills_and_beats),
        TEST(every_session_beats_once_a_pass),
        TEST(fills_under_loss),
        TEST(churn_is_announced),
        TEST(churn_under_loss_is_announced),
        TEST(silence_expires),
        TEST(first_beats_that_come_too_late_are_accounted_for),
        TEST(provisional_sessions_forgotten_too_early_are_noticed),
        TEST(the_time_of_expiring_is_known),
        TEST(all_silent_leaves_one_witness_a_room),
        TEST(everyone_moves),
        TEST(bootnode_that_does_not_answer),
        TEST(bootnode_that_refuses),
        TEST(bootnode_that_dies_is_noticed),
        TEST(bootnode_that_forgets_is_noticed),
        TEST(who_is_held_up_says_so),
        TEST(sessions_come_back_between_rows),
        TEST(announcements_that_do_not_come_are_missed),
        TEST(sessions_that_cannot_move_are_counted),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("load_fleet", tests, NULL, NULL);
}
