#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bootnode/cluster/probe.h"
#include "bootnode/cluster/probe_mark.h"
#include "bootnode/cluster/view.h"

#define NOW 100000
#define OTHER 2

static struct view view;
static struct probe probe;
static uint8_t dice;

static struct address address_of(uint8_t id) {
    return (struct address){.ip = {[10] = 0xff, [11] = 0xff, 8, 8, 8, id}, .port = 9595};
}

/* Node 1, which knows node 2 by a beacon of just now. */
static void begin(void) {
    const struct view_own own = {
        .id = 1, .replicas = 2, .weight = 1, .boot = 1, .address_count = 1, .addresses = {address_of(1)}};
    memset(&probe, 0, sizeof probe);
    view_init(&view, &own, NOW);
    view_board(&view, true, NOW);
    view.nodes[OTHER] = (struct view_node){
        .known = true,
        .member = true,
        .beacon_ms = NOW,
        .said = {.address_count = 2,
                 .addresses = {address_of(OTHER), {.ip = {0x20, 1, 4, [15] = OTHER}, .port = 9595}}}};
}

static size_t ask(uint64_t now, struct probe_packet out[static HOME_ADDRESSES_MAX]) {
    const uint8_t random[12 * HOME_ADDRESSES_MAX] = {++dice, [12] = ++dice};
    return probe_ask(&probe, &view, OTHER, now, random, out);
}

static size_t answer(const struct probe_packet *packet, uint8_t out[static STUN_RESPONSE_MAX]) {
    const struct stun_response response = {.mapped = address_of(1)};
    struct stun_request request;
    assert_true(stun_decode_request(packet->data, packet->size, &request));
    return stun_encode_response(&request, &response, out, STUN_RESPONSE_MAX);
}

/* How often it is due in so long. */
static unsigned times_due(uint64_t from, uint64_t ms) {
    struct probe_packet packets[HOME_ADDRESSES_MAX];
    unsigned count = 0;
    for (uint64_t now = from; now < from + ms; now += 50) {
        if (!probe_is_due(&probe, &view, OTHER, now)) continue;
        assert_int_equal(ask(now, packets), 2);
        count++;
    }
    return count;
}

static void who_is_heard_is_asked_seldom(void **state) {
    (void)state;
    begin();
    view.nodes[OTHER].beacon_ms = NOW + 60000;
    assert_int_equal(times_due(NOW, 60000), 6);
    assert_false(probe_is_due(&probe, &view, 1, NOW)); /* ourselves */
    assert_false(probe_is_due(&probe, &view, 3, NOW)); /* nobody */
}

static void who_is_late_is_asked_each_second(void **state) {
    (void)state;
    begin();
    assert_int_equal(times_due(NOW, PROBE_BEACON_LATE_MS), 1);
    assert_int_equal(times_due(NOW + PROBE_BEACON_LATE_MS, 5000), 5);
}

static void without_the_board_all_are_asked_each_second(void **state) {
    (void)state;
    begin();
    view.nodes[OTHER].beacon_ms = NOW + 60000;
    view_board(&view, false, NOW);
    assert_int_equal(times_due(NOW, 10000), 10);
    view.nodes[OTHER].member = false;
    view.nodes[OTHER].beacon_ms = NOW;
    assert_int_equal(times_due(NOW + PROBE_MISSED_MS + 10000, 30000), 3); /* long gone */
}

static void an_answer_counts_once(void **state) {
    struct probe_packet packets[HOME_ADDRESSES_MAX];
    uint8_t bytes[STUN_RESPONSE_MAX], id = 0;
    (void)state;
    begin();
    assert_int_equal(ask(NOW, packets), 2);
    const size_t size = answer(&packets[1], bytes);
    assert_true(probe_take(&probe, &view, &packets[1].to, bytes, size, NOW + 100, &id));
    assert_int_equal(id, OTHER);
    assert_false(probe_take(&probe, &view, &packets[1].to, bytes, size, NOW + 100, &id));
}

static void strangers_do_not_answer(void **state) {
    struct probe_packet packets[HOME_ADDRESSES_MAX], older[HOME_ADDRESSES_MAX];
    uint8_t bytes[STUN_RESPONSE_MAX], id = 0;
    (void)state;
    begin();
    (void)ask(NOW, packets);
    const struct address stranger = address_of(9);
    size_t size = answer(&packets[0], bytes);
    assert_false(probe_take(&probe, &view, &stranger, bytes, size, NOW, &id));
    assert_false(probe_take(&probe, &view, &packets[1].to, bytes, size, NOW, &id)); /* another of its addresses */
    for (size_t i = 4; i < STUN_HEADER_SIZE; i++) {                                 /* another transaction */
        bytes[i] ^= 1;
        assert_false(probe_take(&probe, &view, &packets[0].to, bytes, size, NOW, &id));
        bytes[i] ^= 1;
    }
    assert_false(probe_take(&probe, &view, &packets[0].to, packets[0].data, packets[0].size, NOW, &id)); /* an echo */
    assert_false(probe_take(&probe, &view, &packets[0].to, bytes, size, NOW + PROBE_WAIT_MS, &id));      /* too late */
    memcpy(older, packets, sizeof older);
    for (unsigned i = 0; i < PROBE_OPEN; i++) (void)ask(NOW + i, packets);
    size = answer(&older[0], bytes);
    assert_false(probe_take(&probe, &view, &older[0].to, bytes, size, NOW + 5, &id)); /* of long ago */
}

/* --- Marks --- */

#define WALL UINT64_C(1795996800000)

static const uint8_t mark_key[PROBE_MARK_KEY_SIZE] = {7}, other_key[PROBE_MARK_KEY_SIZE] = {8};

static void a_mark_is_good_at_one_node_for_a_while(void **state) {
    uint8_t bytes[PROBE_MARK_SIZE] = {1, 2, 3, 4}, transaction[STUN_TRANSACTION_SIZE];
    (void)state;
    probe_mark_make(mark_key, OTHER, WALL, bytes);
    stun_make_transaction(bytes, transaction);
    /* Clocks are a minute apart, and it is on its way. */
    for (int64_t ms = -PROBE_MARK_PERIOD_MS; ms <= PROBE_MARK_PERIOD_MS; ms += 500)
        assert_true(probe_mark_holds(mark_key, OTHER, WALL + (uint64_t)ms, transaction));
    assert_false(probe_mark_holds(mark_key, OTHER, WALL + 2 * PROBE_MARK_PERIOD_MS, transaction));
    assert_false(probe_mark_holds(mark_key, OTHER, WALL - 2 * PROBE_MARK_PERIOD_MS, transaction));
    assert_false(probe_mark_holds(other_key, OTHER, WALL, transaction));
    assert_false(probe_mark_holds(mark_key, OTHER + 1, WALL, transaction));
    for (size_t bit = 8 * 4; bit < 8 * sizeof transaction; bit++) {
        transaction[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(probe_mark_holds(mark_key, OTHER, WALL, transaction));
        transaction[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_heard_is_asked_seldom),
        cmocka_unit_test(who_is_late_is_asked_each_second),
        cmocka_unit_test(without_the_board_all_are_asked_each_second),
        cmocka_unit_test(an_answer_counts_once),
        cmocka_unit_test(strangers_do_not_answer),
        cmocka_unit_test(a_mark_is_good_at_one_node_for_a_while),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
