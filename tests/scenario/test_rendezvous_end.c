/* A bootnode that stops: for good, or to be back in a moment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bootnode/draining.h"
#include "tests/scenario/support/rendezvous_net.h"

#define CLIENTS 30
#define HERE 3
#define TWO_BEATS_MS (2 * BEAT_INTERVAL_MS)

static void settled(struct net *net) {
    assert_true(net_run_until(net, net_agreed, 1000));
}

static void fill(struct net *net) {
    for (uint32_t i = 1; i <= CLIENTS; i++) net_join(net, i % 2 ? "tea" : "coffee", i);
    settled(net);
}

static void drain(struct net *net, enum node_fate fate) {
    atomic_store(&net->node.fate, fate);
    for (size_t i = 0; i < net->node.shard_count; i++) {
        struct draining draining = {0};
        while (!draining.done) draining_step(&draining, &net->context, net->node.shards[i]);
    }
}

static void test_ending_for_good(void **state) {
    struct net *net = *state;
    fill(net);
    drain(net, NODE_ENDS);
    struct rendezvous_client *late = net_join(net, "tea", CLIENTS + 1);
    net_run(net, 100);
    for (size_t i = 0; i < CLIENTS; i++) {
        assert_int_equal(net->clients[i].notices, 1);
        assert_int_equal(net->clients[i].notice.kind, NOTICE_ENDING);
        assert_int_equal(net->clients[i].notice.retry_ms, DRAINING_RETRY_MS);
    }
    assert_int_equal(late->refused, REFUSAL_DRAINING);
    assert_int_equal(late->state, CLIENT_GREETING); /* not even a cookie */
    assert_int_equal(net_totals(net).sessions, CLIENTS);
}

/* Who comes meanwhile hears nothing, and is let in by the one that comes back. */
static void test_restarting(void **state) {
    struct net *net = *state;
    net->config.restart_ms = 700;
    fill(net);
    drain(net, NODE_RESTARTS);
    struct rendezvous_client *late = net_join(net, "tea", CLIENTS + 1);
    net_run(net, 1000);
    for (size_t i = 0; i < CLIENTS; i++) {
        assert_int_equal(net->clients[i].notices, 1);
        assert_int_equal(net->clients[i].notice.kind, NOTICE_RESTARTING);
        assert_in_range(net->clients[i].notice.retry_ms, 700, 700 + CLIENTS); /* so few are through in no time */
    }
    assert_int_equal(late->state, CLIENT_GREETING);
    assert_int_equal(late->refused, 0);
    net_restart(net, true);
    net_run(net, TWO_BEATS_MS);
    settled(net);
    assert_int_equal(net_totals(net).sessions, CLIENTS + 1);
}

/* As if there were 15,000: they shall come back over as long as two workers need for them. */
static void test_many_come_back_one_after_the_other(void **state) {
    struct net *net = *state;
    fill(net);
    atomic_fetch_add(&net->node.live_sessions, 15000 - CLIENTS);
    drain(net, NODE_RESTARTS);
    atomic_fetch_sub(&net->node.live_sessions, 15000 - CLIENTS);
    net_run(net, 100);
    unsigned thirds[3] = {0};
    for (size_t i = 0; i < CLIENTS; i++) {
        uint32_t after = net->clients[i].notice.retry_ms - (uint32_t)net->config.restart_ms;
        assert_in_range(after, 0, 3000);
        thirds[after / 1001]++;
    }
    for (size_t i = 0; i < 3; i++) assert_in_range(thirds[i], 3, 17);
}

/* It serves others for so long that a newcomer had better look elsewhere; for who is here nothing changes. */
static void test_leaving_takes_its_time(void **state) {
    struct net *net = *state;
    for (uint32_t i = 1; i <= HERE; i++) net_join(net, "tea", i);
    settled(net);
    const uint64_t leaves = node_time(&net->node, net->monotonic) + 30000;
    node_leave(&net->node, NODE_RESTARTS, leaves);
    assert_false(node_has_left(&net->node, leaves - 1));
    assert_true(node_has_left(&net->node, leaves));
    struct rendezvous_client *late = net_join(net, "tea", HERE + 1);
    net_run(net, 20000);
    assert_int_equal(late->refused, REFUSAL_DRAINING);
    assert_int_equal(net_totals(net).sessions, HERE);
    for (size_t i = 0; i < HERE; i++) assert_int_equal(net->clients[i].notices, 0);
    /* Now it is so near the end that an answer would make him late for the next one. */
    struct rendezvous_client *last = net_join(net, "tea", HERE + 2);
    net_run(net, 5500);
    assert_int_equal(last->refused, REFUSAL_DRAINING);
    struct rendezvous_client *silent = net_join(net, "tea", HERE + 3);
    net_run(net, 1000);
    assert_int_equal(silent->refused, 0);
    assert_int_equal(silent->state, CLIENT_GREETING);
}

/* Where somebody registered and went away, nothing unasked is sent. */
static void test_who_does_not_listen_is_not_told(void **state) {
    struct net *net = *state;
    struct rendezvous_client *ada = net_join(net, "tea", 1), *bob = net_join(net, "tea", 2);
    uint8_t packet[PACKET_MAX];
    settled(net);
    const struct address left = bob->address, elsewhere = net_address(99);
    bob->state = CLIENT_LEFT; /* answers nothing */
    net_inject(net, &elsewhere, packet, client_beat(bob, false, packet));
    net_run(net, 100);
    bob->state = CLIENT_IDLE;
    bob->address = left;
    drain(net, NODE_RESTARTS);
    net_run(net, 100);
    assert_int_equal(ada->notices, 1);
    assert_int_equal(bob->notices, 0);
    assert_int_equal(counters_read(&net->counters, COUNTER_NOTICE), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, net_setup, net_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_ending_for_good),
        TEST(test_restarting),
        TEST(test_many_come_back_one_after_the_other),
        TEST(test_leaving_takes_its_time),
        TEST(test_who_does_not_listen_is_not_told),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("rendezvous_end", tests, NULL, NULL);
}
