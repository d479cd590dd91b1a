/* A bootnode with several addresses: a session lives at one of them, and moves to another when its beats come there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/scenario/support/rendezvous_net.h"

#define TWO_BEATS_MS (2 * BEAT_INTERVAL_MS)

static const struct address here = {.ip = {[10] = 0xff, 0xff, 203, 0, 113, 1}},
                            there = {.ip = {[10] = 0xff, 0xff, 203, 0, 113, 2}};

/* What left the bootnode, by the address that it left from. */
static struct {
    unsigned here, there, elsewhere;
    size_t bytes;
} sent;

static bool note_sent(struct net *net, const struct flying *packet) {
    (void)net;
    if (packet->to_server) return true;
    sent.bytes += packet->size;
    ++*(address_same_ip(&packet->local, &here)    ? &sent.here
        : address_same_ip(&packet->local, &there) ? &sent.there
                                                  : &sent.elsewhere);
    return true;
}

static int setup(void **state) {
    if (net_setup(state) != 0) return 1;
    struct net *net = *state;
    net->local = here;
    net->watch = note_sent;
    sent.here = sent.there = sent.elsewhere = 0;
    sent.bytes = 0;
    return 0;
}

static void settled(struct net *net) {
    assert_true(net_run_until(net, net_agreed, 1000));
}

static void test_beats_at_another_address_move_the_session(void **state) {
    struct net *net = *state;
    struct rendezvous_client *ada = net_join(net, "tea", 1), *bob = net_join(net, "tea", 2);
    settled(net);
    net_run(net, TWO_BEATS_MS);
    assert_int_equal(sent.there + sent.elsewhere + ada->paths, 0);
    const uint64_t session_id = bob->session.session_id;
    net->local = there;
    net_run(net, TWO_BEATS_MS);
    /* One PATH, and from then on all comes from there; nobody else hears of it. */
    assert_int_equal(ada->paths, 1);
    assert_int_equal(bob->paths, 1);
    assert_int_equal(counters_read(&net->counters, COUNTER_MOVE), 2);
    assert_int_equal(net_totals(net).moved, 0);
    assert_true(bob->session.session_id == session_id);
    sent.here = sent.there = 0;
    client_leave(ada, net->monotonic);
    net_run(net, TWO_BEATS_MS);
    settled(net);
    assert_int_equal(sent.here + sent.elsewhere, 0);
    assert_true(sent.there >= 2);
    assert_int_equal(net_totals(net).sessions, 1);
}

/* A copy of a beat that somebody brings to another address of ours draws no more than it has, and moves nothing. */
static void test_a_beat_alone_moves_nothing(void **state) {
    struct net *net = *state;
    struct rendezvous_client *ada = net_join(net, "tea", 1);
    uint8_t packet[PACKET_MAX];
    settled(net);
    net_run(net, TWO_BEATS_MS);
    ada->state = CLIENT_LEFT; /* answers nothing */
    sent.bytes = 0;
    net->local = there;
    size_t size = client_beat(ada, false, packet);
    net_inject(net, &ada->address, packet, size);
    net_inject(net, &ada->address, packet, size);
    net_run(net, 100);
    assert_int_equal(sent.bytes, PATH_SIZE);
    assert_int_equal(sent.there, 1);
    assert_int_equal(counters_read(&net->counters, COUNTER_MOVE), 0);
}

/* Nothing unasked goes to where a session was registered while its beats come elsewhere. */
static void test_changes_wait_for_the_move(void **state) {
    struct net *net = *state;
    struct rendezvous_client *ada = net_join(net, "tea", 1);
    uint8_t packet[PACKET_MAX];
    settled(net);
    net_run(net, TWO_BEATS_MS);
    ada->state = CLIENT_LEFT;
    net->local = there;
    net_inject(net, &ada->address, packet, client_beat(ada, false, packet));
    net_run(net, 100);
    sent.here = sent.there = 0;
    struct rendezvous_client *bob = net_join(net, "tea", 2);
    net_run(net, 1000);
    assert_int_equal(bob->state, CLIENT_REGISTERED);
    assert_int_equal(sent.here, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, net_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_beats_at_another_address_move_the_session),
        TEST(test_a_beat_alone_moves_nothing),
        TEST(test_changes_wait_for_the_move),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("rendezvous_ways", tests, NULL, NULL);
}
