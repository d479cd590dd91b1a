/* Who is kept out: what a ban ends, what it lets nobody do, and what a client that is banned goes through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "bootnode/guard/access_orders.h"
#include "common/clock.h"
#include "tests/scenario/support/world.h"

#define ACTS_MS 1000 /* a ban, at most */

static void order(struct net *net, bool (*give)(struct access *, const struct prefix *, uint64_t, struct why *),
                  const struct address *address, uint64_t until_ms) {
    const struct prefix prefix = prefix_of(address, PREFIX_BITS_MAX);
    struct why why;
    if (!give(net->node.access, &prefix, until_ms, &why)) fail_msg("%s", why.text);
}

static void unban(struct net *net, const struct address *address) {
    const struct prefix prefix = prefix_of(address, PREFIX_BITS_MAX);
    struct why why;
    assert_true(access_unban(net->node.access, &prefix, &why));
}

static bool agreed(struct net *net) {
    return net_agreed(net);
}

static uint64_t dropped(const struct net *net) {
    return counters_read(&net->counters, COUNTER_DENIED_BAN);
}

/* What the bootnode sends to ada (192.0.2.1), in packets. */
static unsigned to_ada;

static bool count_to_ada(struct net *net, const struct flying *packet) {
    (void)net;
    const struct address ada = net_address(1);
    to_ada += !packet->to_server && address_same_ip(&packet->peer, &ada);
    return true;
}

static void test_a_ban_ends_the_session_and_tells_the_room(void **state) {
    struct net *net = *state;
    struct address ada_at = net_address(1);
    struct rendezvous_client *ada = net_join(net, "tea", 1), *bob = net_join(net, "tea", 2);
    assert_true(net_run_until(net, agreed, 1000));
    assert_int_equal(bob->view.list.count, 2);
    order(net, access_ban, &ada_at, NEVER);
    net_run(net, NET_STEP_MS * 20); /* what is on its way */
    to_ada = 0;
    net->watch = count_to_ada;
    net_run(net, ACTS_MS - NET_STEP_MS * 20);
    assert_int_equal(net_totals(net).sessions, 1);
    assert_int_equal(net_totals(net).evicted, 1);
    assert_int_equal(bob->view.list.count, 1);
    net_run(net, 20000);
    assert_int_equal(to_ada, 0);
    assert_int_equal(ada->resets, 0);
    assert_true(dropped(net) > 0);
    assert_true(net_agrees(net, bob));
}

/* It beats again, hears that it is gone, and registers. */
static void test_who_is_let_in_again_comes_back(void **state) {
    struct net *net = *state;
    struct address ada_at = net_address(1);
    struct rendezvous_client *ada = net_join(net, "tea", 1), *bob = net_join(net, "tea", 2);
    assert_true(net_run_until(net, agreed, 1000));
    order(net, access_ban, &ada_at, net->monotonic + 5000);
    net_run(net, 4900);
    assert_int_equal(net_totals(net).sessions, 1);
    net_run(net, 6000);
    assert_int_equal(net_totals(net).sessions, 2);
    assert_true(ada->resets > 0);
    assert_int_equal(bob->view.list.count, 2);
    order(net, access_ban, &ada_at, NEVER);
    net_run(net, ACTS_MS);
    assert_int_equal(net_totals(net).sessions, 1);
    unban(net, &ada_at);
    net_run(net, 10000);
    assert_int_equal(net_totals(net).sessions, 2);
}

static void test_an_exception_keeps_its_session(void **state) {
    struct net *net = *state;
    struct prefix all;
    struct why why;
    struct address ada_at = net_address(1);
    (void)net_join(net, "tea", 1), (void)net_join(net, "tea", 2), (void)net_join(net, "tea", 3);
    assert_true(net_run_until(net, agreed, 1000));
    order(net, access_allow, &ada_at, NEVER);
    assert_true(prefix_parse("192.0.2.0/24", &all, &why));
    assert_true(access_ban(net->node.access, &all, NEVER, &why));
    net_run(net, ACTS_MS);
    assert_int_equal(net_totals(net).sessions, 1);
    assert_int_equal(net_totals(net).evicted, 2);
}

/* --- What is asked from there --- */

/* The bytes that one packet from `from` draws. */
static size_t drawn_by(struct net *net, const struct address *from, const uint8_t *packet, size_t size) {
    uint64_t before = net->bytes_out;
    net_inject(net, from, packet, size);
    return net->bytes_out - before;
}

static void test_nothing_is_answered(void **state) {
    struct net *net = *state;
    static const uint8_t stun[20] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1};
    struct address eve_at = net_address(9);
    struct rendezvous_client eve;
    uint8_t packet[PACKET_MAX], beat[BEAT_SIZE] = {MESSAGE_HEARTBEAT};
    client_init(&eve, "tea", 9, &eve_at);
    beat[4] = 1;
    assert_true(drawn_by(net, &eve_at, packet, client_hello(&eve, packet)) > 0);
    assert_true(drawn_by(net, &eve_at, stun, sizeof stun) > 0);
    assert_true(drawn_by(net, &eve_at, beat, sizeof beat) > 0);
    order(net, access_ban, &eve_at, NEVER);
    assert_int_equal(drawn_by(net, &eve_at, packet, client_hello(&eve, packet)), 0);
    assert_int_equal(drawn_by(net, &eve_at, stun, sizeof stun), 0);
    assert_int_equal(drawn_by(net, &eve_at, beat, sizeof beat), 0);
    assert_int_equal(dropped(net), 3);
}

/* A cookie from before is of no use. */
static bool lose_register(struct net *net, const struct flying *packet) {
    (void)net;
    return packet->data[0] != MESSAGE_REGISTER;
}

static void test_a_cookie_from_before_does_not_register(void **state) {
    struct net *net = *state;
    uint8_t packet[PACKET_MAX];
    struct address eve_at = net_address(9);
    struct rendezvous_client *eve = net_join(net, "tea", 9);
    net->watch = lose_register;
    net_run(net, 100);
    assert_int_equal(eve->state, CLIENT_REGISTERING);
    order(net, access_ban, &eve_at, NEVER);
    assert_int_equal(drawn_by(net, &eve_at, packet, client_register(eve, packet)), 0);
    assert_int_equal(net_totals(net).registered, 0);
    unban(net, &eve_at);
    assert_true(drawn_by(net, &eve_at, packet, client_register(eve, packet)) > 0);
}

/* A session goes nowhere where its client could not register. */
static void test_nobody_moves_to_a_banned_address(void **state) {
    struct net *net = *state;
    uint8_t packet[PACKET_MAX];
    struct address elsewhere = net_address(77);
    struct rendezvous_client *ada = net_join(net, "tea", 1);
    assert_true(net_run_until(net, agreed, 1000));
    struct cookie cookie;
    assert_true(cookie_make(&net->node.cookies, &elsewhere, net->context.second, &cookie));
    order(net, access_ban, &elsewhere, NEVER);
    assert_int_equal(drawn_by(net, &elsewhere, packet, client_beat(ada, true, packet)), 0);
    assert_int_equal(counters_read(&net->counters, COUNTER_PATH), 0);
    net_inject(net, &elsewhere, packet, client_move(ada, &cookie, packet));
    assert_int_equal(counters_read(&net->counters, COUNTER_MOVE), 0);
    unban(net, &elsewhere);
    net_inject(net, &elsewhere, packet, client_move(ada, &cookie, packet));
    assert_int_equal(counters_read(&net->counters, COUNTER_MOVE), 1);
}

/* --- People --- */

struct packets {
    const struct person *of;
    unsigned to_bootnode, from_bootnode;
};

static struct packets packets;

static bool count_packets(struct world *world, struct wire *wire) {
    (void)world;
    const struct address bootnode = world_bootnode();
    packets.to_bootnode += wire->sender == packets.of && address_equal(&wire->to, &bootnode);
    packets.from_bootnode += !wire->sender && address_same_ip(&wire->to, &packets.of->seen);
    return true;
}

/* Her client says that the bootnode is lost, and asks every few seconds; those who reach her directly go on talking
 * with her, but who comes new does not find her. */
static void test_what_a_banned_person_goes_through(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_FULL_CONE), *ben = world_person(world, "ben", NAT_FULL_CONE);
    person_start(anna, "tea");
    person_start(ben, "tea");
    world_wait(world, 10000, everyone_connected(world));
    order(world->net, access_ban, &anna->seen, NEVER);
    world_run(world, ACTS_MS);
    assert_int_equal(net_totals(world->net).sessions, 1);
    packets = (struct packets){.of = anna};
    world->tamper = count_packets;
    world_run(world, 60000);
    assert_int_equal(packets.from_bootnode, 0);
    assert_in_range(packets.to_bootnode, 10, 60);
    assert_int_equal(person_count(anna, EVENT_BOOTNODE_LOST, NULL), 1);
    person_say(anna, "still here");
    world_run(world, 2000);
    assert_int_equal(person_count(ben, EVENT_MESSAGE, anna), 1);
    packets = (struct packets){.of = anna};
    world_run(world, 600000);
    print_message("# %u packets in ten minutes\n", packets.to_bootnode);
    assert_in_range(packets.to_bootnode, 60, 300);
    unban(world->net, &anna->seen);
    world_run(world, 10000);
    assert_int_equal(net_totals(world->net).sessions, 2);
    assert_int_equal(person_count(anna, EVENT_BOOTNODE_BACK, NULL), 1);
}

#define NET_TEST(function) cmocka_unit_test_setup_teardown(function, net_setup, net_teardown)
#define WORLD_TEST(function) cmocka_unit_test_setup_teardown(function, world_setup, world_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        NET_TEST(test_a_ban_ends_the_session_and_tells_the_room),
        NET_TEST(test_who_is_let_in_again_comes_back),
        NET_TEST(test_an_exception_keeps_its_session),
        NET_TEST(test_nothing_is_answered),
        NET_TEST(test_a_cookie_from_before_does_not_register),
        NET_TEST(test_nobody_moves_to_a_banned_address),
        WORLD_TEST(test_what_a_banned_person_goes_through),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("access", tests, NULL, NULL);
}
