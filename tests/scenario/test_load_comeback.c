/* The load generator's sessions heal: whatever is lost while they register, and when their bootnode is restarted, with
 * a word or without one, or does not come back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench/load/fleet.h"
#include "bench/load/fleet_traffic.h"
#include "bench/load/load_now.h"
#include "bench/load/row.h"
#include "bench/load/traffic.h"
#include "bootnode/draining.h"
#include "common/why.h"
#include "common/wire/packet.h"
#include "tests/scenario/support/load_stage.h"

#define SESSIONS STAGE_SESSIONS
#define MANY 4000 /* of which each beats every 4 s, since one beats each millisecond */
#define AS_IF 20000
#define RESTART_MS 700
#define DRAINS_MS 50
/* registration.h's invariant: from HELLO, from REGISTER. */
#define HEALS_MS (5000 + 10000)
#define BLOCKED_MS 30000

static uint64_t now_ms(void) {
    return load_now_us() / 1000;
}

/* --- What is lost --- */

static uint8_t blocked;
static uint64_t blocked_until_ms;
static unsigned blocked_count, blocked_of;

/* One of some comes through: a bootnode that answers nobody is another case. */
static bool passes(const uint8_t *packet, size_t size) {
    if (size == 0 || packet[0] != blocked || now_ms() >= blocked_until_ms) return true;
    return ++blocked_count % blocked_of == 0;
}

static void block(struct stage *stage, uint8_t type, unsigned of) {
    blocked_of = of;
    blocked = type;
    blocked_count = 0;
    blocked_until_ms = now_ms() + BLOCKED_MS;
    stage->wire.leaves = stage->wire.passes = passes;
}

static void whatever_is_lost_a_registration_heals(void **state) {
    static const uint8_t types[] = {MESSAGE_HELLO,   MESSAGE_COOKIE,    MESSAGE_REGISTER,
                                    MESSAGE_WELCOME, MESSAGE_HEARTBEAT, MESSAGE_BEAT_ACK};
    struct stage *stage = *state;
    for (size_t i = 0; i < sizeof types; i++) {
        net_restart(stage->net, true);
        stage_grow(stage, SESSIONS);
        block(stage, types[i], 8);
        struct fill_result result = stage_fill(stage);
        assert_true(result.registered >= SESSIONS); /* whose beats are lost is forgotten, and comes again */
        assert_int_equal(net_totals(stage->net).sessions, SESSIONS);
        assert_true(blocked_count > SESSIONS / 2); /* they did lose something */
        assert_true(result.elapsed_us / 1000 <= BLOCKED_MS + HEALS_MS);
    }
}

/* No answer to a first beat for longer than a registration has: it begins anew, which is said, and the others go on. */
static void what_gets_nowhere_begins_anew(void **state) {
    struct stage *stage = *state;
    block(stage, MESSAGE_BEAT_ACK, 256);
    stage_fill(stage);
    assert_true(fleet_counts(stage->fleet).unsure > 0);
    (void)stage_row(stage, &(struct row_options){.duration_s = 1});
    stage_assert_said(stage, "got nowhere for 20 s");
    assert_int_equal(net_totals(stage->net).sessions, SESSIONS);
}

static void nobody_is_answered_is_said(void **state) {
    struct stage *stage = *state;
    struct fill_result result;
    struct why why;
    uint64_t began_ms = now_ms();
    stage->wire.cut = true;
    assert_false(fill_fleet(stage->fleet, NULL, NULL, &result, &why));
    assert_non_null(strstr(why.text, "did not answer anybody for 20 s"));
    assert_in_range(now_ms() - began_ms, 20000, 21000);
}

static void stop_being_busy(void *context, uint64_t registered) {
    struct stage *stage = context;
    (void)registered;
    if (now_ms() >= blocked_until_ms) stage->net->context.register_behind = false;
}

static void a_busy_bootnode_is_waited_for(void **state) {
    struct stage *stage = *state;
    struct fill_result result;
    struct why why = {0};
    blocked_until_ms = now_ms() + 5000;
    stage->net->context.register_behind = true;
    if (!fill_fleet(stage->fleet, stop_being_busy, stage, &result, &why)) fail_msg("%s", why.text);
    assert_int_equal(result.registered, SESSIONS);
    const struct row_facts *facts = stage_row(stage, &(struct row_options){.duration_s = 1});
    stage_assert_agreed(stage);
    assert_in_range(facts->comeback.busy, 1, SESSIONS);
}

/* --- Restarts --- */

static uint64_t ends_at_ms, back_at_ms; /* UINT64_MAX: not (again) */
static bool tells, same_key;
static uint64_t as_if_more; /* sessions that the bootnode believes to have besides */

static void drain(struct stage *stage, enum node_fate fate) {
    struct net *net = stage->net;
    atomic_store(&net->node.fate, fate);
    atomic_fetch_add(&net->node.live_sessions, as_if_more);
    for (size_t i = 0; i < net->node.shard_count; i++) {
        struct draining draining = {0};
        while (!draining.done) draining_step(&draining, &net->context, net->node.shards[i]);
    }
    atomic_fetch_sub(&net->node.live_sessions, as_if_more);
}

/* Tells it, ends a moment later, and is back: until then nothing comes through. */
static void restart(struct stage *stage) {
    if (tells && now_ms() + DRAINS_MS >= ends_at_ms) drain(stage, NODE_RESTARTS);
    if (now_ms() + DRAINS_MS >= ends_at_ms) tells = false;
    if (now_ms() >= ends_at_ms) stage->wire.cut = true;
    if (now_ms() >= ends_at_ms) ends_at_ms = UINT64_MAX;
    if (now_ms() < back_at_ms) return;
    back_at_ms = UINT64_MAX;
    net_restart(stage->net, same_key);
    stage->wire.cut = false;
}

static void plan_restart(struct stage *stage, bool told, uint64_t after_ms, uint64_t lasts_ms) {
    stage->net->config.restart_ms = RESTART_MS;
    stage->meanwhile = restart;
    tells = told;
    same_key = true;
    ends_at_ms = now_ms() + after_ms;
    back_at_ms = ends_at_ms + lasts_ms;
}

static void assert_all_back(const struct stage *stage, const struct row_facts *facts) {
    assert_int_equal(facts->comeback.lost, SESSIONS);
    assert_int_equal(facts->comeback.back, SESSIONS);
    assert_int_equal(facts->comeback.back_ms.count, SESSIONS);
    assert_int_equal(facts->comeback.back_ms.maximum, facts->comeback.all_ms);
    assert_int_equal(net_totals(stage->net).sessions, SESSIONS);
    assert_int_equal(fleet_counts(stage->fleet).living, SESSIONS);
}

/* Asked again from the time on that NOTICE tells, at once and every half second, and registered at once. */
static void a_told_restart_is_no_fault(void **state) {
    struct stage *stage = *state;
    stage_fill(stage);
    plan_restart(stage, true, 2000, 1000);
    const struct row_facts *facts = stage_row(stage, &(struct row_options){.duration_s = 10});
    stage_assert_agreed(stage);
    assert_all_back(stage, facts);
    assert_int_equal(facts->comeback.told, SESSIONS);
    assert_true(facts->comeback.back_ms.minimum >= 1000);
    assert_true(facts->comeback.all_ms <= 1000 + 500 + 500);
    /* Reported once. */
    assert_int_equal(stage_row(stage, &(struct row_options){.duration_s = 1})->comeback.lost, 0);
}

/* Who waits for its bootnode does not beat, and does not make up for it, nor do others beat in its place. */
static void beats_of_those_away_are_passed_over(void **state) {
    struct stage *stage = *state;
    const struct row_options row = {.duration_s = 1, .traffic = TRAFFIC_BEATS};
    uint8_t packet[PACKET_MAX];
    struct why why;
    uint64_t number = 1;
    stage_fill(stage);
    assert_true(row_begin(stage->fleet, &row, &why));
    row_start(stage->fleet, load_now_us());
    struct traffic *traffic = fleet_traffic_beats(stage->fleet, &row);
    assert_true(traffic->request(traffic->context, 0, &number, load_now_us(), packet) > 0);
    assert_int_equal(number, TRAFFIC_NO_ANSWER);
    drain(stage, NODE_RESTARTS);
    for (uint64_t end_ms = now_ms() + DRAINS_MS; now_ms() < end_ms;) fleet_drive(stage->fleet, 1000);
    assert_int_equal(traffic->request(traffic->context, 0, &number, load_now_us(), packet), 0);
    assert_int_equal(number, TRAFFIC_PASSED);
}

static void a_told_restart_under_loss_heals(void **state) {
    struct stage *stage = *state;
    stage_fill(stage);
    stage->wire.loss = 20;
    plan_restart(stage, true, 2000, 1000);
    const struct row_facts *facts = stage_row(stage, &(struct row_options){.duration_s = 40});
    assert_all_back(stage, facts);
    assert_in_range(facts->comeback.told, SESSIONS / 2, SESSIONS - 1);
    for (size_t i = 0; i < stage->said.count; i++) assert_null(strstr(stage->said.lines[i], "forgotten"));
}

/* The row goes on until they are back. */
static void a_restart_at_the_rows_end_is_waited_for(void **state) {
    struct stage *stage = *state;
    stage_fill(stage);
    plan_restart(stage, true, 1500, 4000);
    const struct row_facts *facts = stage_row(stage, &(struct row_options){.duration_s = 2});
    stage_assert_agreed(stage);
    assert_all_back(stage, facts);
}

/* It forgot them without a word, which is said; half a second to a second they wait, twice that for young sessions. */
static void an_untold_restart_is_healed_and_said(void **state) {
    struct stage *stage = *state;
    stage_fill(stage);
    plan_restart(stage, false, 2000, 1000);
    const struct row_facts *facts = stage_row(stage, &(struct row_options){.duration_s = 20});
    stage_assert_said(stage, "60 living sessions were forgotten");
    assert_all_back(stage, facts);
    assert_int_equal(facts->comeback.told, 0);
    assert_true(facts->comeback.back_ms.minimum >= 1000);
}

/* The last of all, and half of them. */
static uint64_t comes_back_ms(struct stage *stage, bool told, uint64_t *median_ms) {
    plan_restart(stage, told, 5000, 300);
    const struct row_facts *facts = stage_row(stage, &(struct row_options){.duration_s = 25});
    assert_int_equal(facts->comeback.back, MANY);
    assert_int_equal(facts->comeback.told, told ? MANY : 0);
    *median_ms = histogram_quantile(&facts->comeback.back_ms, 0.5);
    return facts->comeback.all_ms;
}

/* Who is told is asked to come in turn, over as long as registering takes: for 20,000, that is four seconds. Who is not
 * told finds out with its next beat, and then waits, lest all come at once. */
static void who_is_told_is_back_sooner(void **state) {
    struct stage *stage = *state;
    uint64_t told_half_ms, half_ms;
    stage_grow(stage, MANY);
    stage_fill(stage);
    as_if_more = AS_IF - MANY;
    uint64_t told_ms = comes_back_ms(stage, true, &told_half_ms);
    as_if_more = 0;
    uint64_t ms = comes_back_ms(stage, false, &half_ms);
    print_message("# told: %llu ms, half of them %llu ms; not told: %llu and %llu ms\n", (unsigned long long)told_ms,
                  (unsigned long long)told_half_ms, (unsigned long long)ms, (unsigned long long)half_ms);
    assert_true(told_ms < ms);
    assert_true(told_half_ms < half_ms);
}

/* Nothing of the new one is believed, and RESET is not: after 15.5 s without a sign they begin with HELLO, within 12 s.
 */
static void a_bootnode_with_another_key_is_found_by_its_silence(void **state) {
    struct stage *stage = *state;
    stage_fill(stage);
    plan_restart(stage, false, 2000, 1000);
    same_key = false;
    const struct row_facts *facts = stage_row(stage, &(struct row_options){.duration_s = 40});
    assert_all_back(stage, facts);
    assert_in_range(facts->comeback.all_ms, 6000, 13000); /* since the silence was one */
}

static void restart_in_fill(void *context, uint64_t registered) {
    (void)registered;
    restart(context);
}

/* Some are in, some on their way: each state heals. */
static void a_restart_amid_a_fill_is_survived(void **state) {
    struct stage *stage = *state;
    for (unsigned told = 0; told < 2; told++) {
        struct fill_result result;
        struct why why = {0};
        net_restart(stage->net, true);
        stage_grow(stage, 1000);
        plan_restart(stage, told, 100, 1000);
        if (!fill_fleet(stage->fleet, restart_in_fill, stage, &result, &why)) fail_msg("%s", why.text);
        assert_int_equal(back_at_ms, UINT64_MAX);
        /* Who was in, and was not told, learns it with its next beat. */
        for (uint64_t end_ms = now_ms() + (told ? 0 : 8000); now_ms() < end_ms;) fleet_drive(stage->fleet, 1000);
        stage_fill(stage);
        assert_int_equal(net_totals(stage->net).sessions, 1000);
        assert_int_equal(fleet_counts(stage->fleet).living, 1000);
    }
}

static void who_does_not_come_back_is_told_as_such(void **state) {
    struct stage *stage = *state;
    stage_fill(stage);
    plan_restart(stage, true, 1000, RESTART_MS);
    back_at_ms = UINT64_MAX;
    uint64_t began_ms = now_ms();
    const struct row_facts *facts = stage_row(stage, &(struct row_options){.duration_s = 3});
    stage_assert_said(stage, "fell silent");
    stage_assert_said(stage, "having said that it restarts");
    stage_assert_said(stage, "60 of 60 sessions that lost their bootnode are not back");
    assert_int_equal(facts->comeback.back, 0);
    assert_in_range(now_ms() - began_ms, 5000, 9000);
    /* They are still missing, and the next row says so, too. */
    struct fill_result filled;
    struct why why;
    assert_false(fill_fleet(stage->fleet, NULL, NULL, &filled, &why));
    assert_non_null(strstr(why.text, "did not answer anybody"));
    net_restart(stage->net, true);
    stage->wire.cut = false;
    stage_fill(stage);
    assert_all_back(stage, stage_row(stage, &(struct row_options){.duration_s = 1}));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stage_setup, stage_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(whatever_is_lost_a_registration_heals),
        TEST(what_gets_nowhere_begins_anew),
        TEST(nobody_is_answered_is_said),
        TEST(a_busy_bootnode_is_waited_for),
        TEST(a_told_restart_is_no_fault),
        TEST(beats_of_those_away_are_passed_over),
        TEST(a_told_restart_under_loss_heals),
        TEST(a_restart_at_the_rows_end_is_waited_for),
        TEST(who_is_told_is_back_sooner),
        TEST(an_untold_restart_is_healed_and_said),
        TEST(a_bootnode_with_another_key_is_found_by_its_silence),
        TEST(a_restart_amid_a_fill_is_survived),
        TEST(who_does_not_come_back_is_told_as_such),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("load_comeback", tests, NULL, NULL);
}
