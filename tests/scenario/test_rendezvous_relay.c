/* RELAY at the bootnode: who may have what passed on to whom, what it costs, and what everybody else gets: nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "bootnode/handlers/relay.h"
#include "tests/scenario/support/rendezvous_net.h"

#define CARRIED 160 /* bytes, as chat has them */

/* What the bootnode sent because of relaying; beats go on meanwhile. */
struct traffic {
    uint64_t packets, bytes;
    struct address last;
};

static bool note_relays(struct net *net, const struct flying *packet) {
    struct traffic *traffic = net->watching;
    if (packet->to_server || packet->data[0] != MESSAGE_RELAY) return true;
    traffic->packets++;
    traffic->bytes += packet->size;
    traffic->last = packet->peer;
    return true;
}

static void watch(struct net *net, struct traffic *traffic) {
    *traffic = (struct traffic){0};
    net->watching = traffic;
    net->watch = note_relays;
}

static bool agreed(struct net *net) {
    return net_agreed(net);
}

static void settle(struct net *net) {
    assert_true(net_run_until(net, agreed, 2000));
}

static uint64_t count(const struct net *net, enum counter which) {
    return counters_read(&net->counters, which);
}

static void fill(uint8_t *carried, size_t size) {
    static const uint8_t types[] = {0x90, 0x91, 0x92, 0x93, 0x94};
    randombytes_buf(carried, size);
    carried[0] = types[randombytes_uniform(sizeof types)];
}

static void relay_from(struct net *net, const struct rendezvous_client *from, const struct rendezvous_client *to,
                       const struct address *source, size_t size) {
    uint8_t packet[PACKET_MAX], carried[RELAY_PACKET_MAX];
    fill(carried, size);
    net_inject(net, source, packet, client_relay(from, to, carried, size, packet));
}

static void relay(struct net *net, const struct rendezvous_client *from, const struct rendezvous_client *to) {
    relay_from(net, from, to, &from->address, CARRIED);
}

/* Both ways, every length, byte for byte, and never longer than it came. */
static void test_members_reach_each_other(void **state) {
    struct net *net = *state;
    struct rendezvous_client *ada = net_join(net, "tea", 1), *bob = net_join(net, "tea", 2),
                             *eve = net_join(net, "tea", 3);
    struct traffic traffic;
    uint8_t packet[PACKET_MAX], carried[RELAY_PACKET_MAX];
    settle(net);
    assert_true(ada->session.relays);
    watch(net, &traffic);
    for (size_t size = RELAY_PACKET_MIN; size <= RELAY_PACKET_MAX; size++) {
        struct rendezvous_client *from = size % 2 ? ada : bob, *to = size % 2 ? bob : ada;
        uint64_t before = traffic.bytes;
        fill(carried, size);
        size_t written = client_relay(from, to, carried, size, packet);
        net_inject(net, &from->address, packet, written);
        assert_int_equal(traffic.bytes - before, written);
        net_run(net, 2 * NET_DELAY_MS);
        assert_int_equal(to->last_relayed.size, size);
        assert_memory_equal(to->last_relayed.packet, carried, size);
        assert_memory_equal(to->last_relayed.sender, from->identity.member_id, MEMBER_ID_SIZE);
    }
    const uint64_t all = RELAY_PACKET_MAX - RELAY_PACKET_MIN + 1;
    assert_int_equal(ada->relayed + bob->relayed, all);
    assert_int_equal(count(net, COUNTER_RELAYED), all);
    assert_int_equal(count(net, COUNTER_RELAYED_BYTES), traffic.bytes);
    assert_int_equal(eve->relayed + eve->forged + ada->forged + bob->forged, 0);
}

/* Rooms on one bootnode, in the same and in other shards: nothing crosses, and nothing tells whether somebody is there.
 */
static void test_nothing_leaves_a_room(void **state) {
    struct net *net = *state;
    static const char *const rooms[] = {"tea", "milk", "rum", "water", "juice", "beer"};
    struct rendezvous_client *ada = net_join(net, "coffee", 1), *bob[6];
    struct traffic traffic;
    for (uint32_t i = 0; i < 6; i++) bob[i] = net_join(net, rooms[i], 2 + i);
    settle(net);
    watch(net, &traffic);
    for (size_t i = 0; i < 6; i++) {
        relay(net, ada, bob[i]);
        relay(net, bob[i], ada);
    }
    relay(net, ada, ada);
    assert_int_equal(traffic.packets, 0);
    assert_int_equal(count(net, COUNTER_RELAY_NO_TARGET), 13);
    /* The same member id in both rooms: each has its own. */
    struct address elsewhere = net_address(9);
    struct rendezvous_client *twin = net_join_at(net, "coffee", 2, &elsewhere);
    settle(net);
    relay(net, ada, bob[0]);
    net_run(net, 2 * NET_DELAY_MS);
    assert_int_equal(twin->relayed, 1);
    assert_int_equal(bob[0]->relayed, 0);
}

static void test_what_is_forged_goes_nowhere_and_costs_nobody(void **state) {
    struct net *net = *state;
    struct rendezvous_client *ada = net_join(net, "tea", 1), *bob = net_join(net, "tea", 2);
    struct traffic traffic;
    uint8_t packet[PACKET_MAX], carried[CARRIED];
    net->config.relay_rate = 4096;
    net_restart(net, true);
    settle(net);
    assert_int_equal(ada->state, CLIENT_REGISTERED);
    watch(net, &traffic);
    fill(carried, sizeof carried);
    size_t size = client_relay(ada, bob, carried, sizeof carried, packet);
    unsigned forged = 0;
    for (size_t bit = 8 * 12; bit < 8 * size; bit++) {
        packet[bit / 8] ^= (uint8_t)(1u << bit % 8);
        uint64_t before = count(net, COUNTER_RELAY_FORGED);
        net_inject(net, &ada->address, packet, size);
        forged += count(net, COUNTER_RELAY_FORGED) > before;
        packet[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    /* All but changes of the first byte carried, most of which make it no packet of ours. */
    assert_in_range(forged, 8 * (size - 12) - 8, 8 * (size - 12));
    assert_int_equal(traffic.packets, 0);
    /* A key of the other direction is no key. */
    uint8_t key[LINK_TAG_KEY_SIZE];
    link_tag_key(ada->secret, LINK_TO_CLIENT, key);
    link_tag_relay(key, packet, size);
    net_inject(net, &ada->address, packet, size);
    assert_int_equal(counters_read_name(&net->counters, COUNTER_RELAY_LIMITED_SESSION) + traffic.packets, 0);
    for (int i = 0; i < 100; i++) relay(net, ada, bob);
    assert_int_equal(traffic.packets, 4096 / RELAY_COUNTED_MIN);
}

/* A captured packet is worth nothing elsewhere, not even to its sender while he moves. */
static void test_a_replay_from_elsewhere_is_dropped(void **state) {
    struct net *net = *state;
    struct rendezvous_client *ada = net_join(net, "tea", 1), *bob = net_join(net, "tea", 2);
    struct traffic traffic;
    settle(net);
    net->config.relay_rate = 4096;
    net_restart(net, true);
    settle(net);
    watch(net, &traffic);
    struct address other_host = net_address(77), other_port = ada->address;
    other_port.port++;
    for (int i = 0; i < 100; i++) {
        relay_from(net, ada, bob, &other_host, CARRIED);
        relay_from(net, ada, bob, &other_port, CARRIED);
        relay_from(net, ada, bob, &bob->address, CARRIED);
    }
    assert_int_equal(traffic.packets, 0);
    assert_int_equal(count(net, COUNTER_RELAY_ELSEWHERE), 300);
    for (int i = 0; i < 100; i++) relay(net, ada, bob);
    assert_int_equal(traffic.packets, 4096 / RELAY_COUNTED_MIN);
}

static void test_only_members_send_and_receive(void **state) {
    struct net *net = *state;
    struct rendezvous_client *ada = net_join(net, "tea", 1), *bob;
    struct traffic traffic;
    settle(net);
    bob = net_join(net, "tea", 2);
    net_run(net, 4 * NET_DELAY_MS - NET_STEP_MS);
    for (int i = 0; i < 10 && bob->state != CLIENT_REGISTERED; i++) net_run(net, NET_STEP_MS);
    assert_int_equal(net_totals(net).provisional, 1);
    watch(net, &traffic);
    relay(net, ada, bob);
    relay(net, bob, ada);
    assert_int_equal(traffic.packets, 0);
    assert_int_equal(count(net, COUNTER_RELAY_NO_TARGET), 2);
    settle(net);
    relay(net, ada, bob);
    relay(net, bob, ada);
    assert_int_equal(traffic.packets, 2);
}

/* It is no life, and does not go where nobody listens: not 8 s after the last beat, not when that came from elsewhere.
 */
static void test_who_only_relays_is_gone(void **state) {
    struct net *net = *state;
    struct rendezvous_client *ada = net_join(net, "tea", 1), *bob = net_join(net, "tea", 2);
    struct traffic traffic;
    settle(net);
    net_run(net, 4000);
    bob->state = CLIENT_IDLE;
    watch(net, &traffic);
    for (uint64_t waited = 0; waited < 16000; waited += 100) {
        relay(net, bob, ada);
        relay(net, ada, bob);
        net_run(net, 100);
    }
    /* Ada got his until he expired, he hers for 8 s at most. */
    assert_in_range(ada->relayed, 105, 151);
    assert_in_range(traffic.packets - ada->relayed, 35, 82);
    assert_int_equal(net_totals(net).sessions, 1);
    assert_true(count(net, COUNTER_RESET) > 0);
    uint64_t before = traffic.packets;
    relay(net, ada, bob);
    relay(net, bob, ada);
    assert_int_equal(traffic.packets, before);
}

static void test_no_packet_goes_where_a_session_has_moved_away_from(void **state) {
    struct net *net = *state;
    struct rendezvous_client *ada = net_join(net, "tea", 1), *bob = net_join(net, "tea", 2);
    struct traffic traffic;
    uint8_t packet[PACKET_MAX];
    struct address elsewhere = net_address(50), registered = bob->address;
    settle(net);
    watch(net, &traffic);
    net_inject(net, &elsewhere, packet, client_beat(bob, false, packet));
    relay(net, ada, bob);
    assert_int_equal(traffic.packets, 0);
    net_inject(net, &registered, packet, client_beat(bob, false, packet));
    relay(net, ada, bob);
    assert_int_equal(traffic.packets, 1);
    assert_true(address_equal(&traffic.last, &registered));
    /* And moves with it. */
    struct cookie cookie;
    assert_true(cookie_make(&net->node.cookies, &elsewhere, net->context.second, &cookie));
    net_inject(net, &elsewhere, packet, client_move(bob, &cookie, packet));
    relay(net, ada, bob);
    assert_int_equal(traffic.packets, 2);
    assert_true(address_equal(&traffic.last, &elsewhere));
    relay_from(net, bob, ada, &elsewhere, CARRIED);
    assert_int_equal(traffic.packets, 3);
}

/* Limits */

static void begin_limited(struct net *net, struct traffic *traffic) {
    net_restart(net, true);
    assert_true(net_run_until(net, agreed, 20000));
    watch(net, traffic);
}

/* How many of `tries` pass. */
static uint64_t passing(struct net *net, const struct rendezvous_client *from, const struct rendezvous_client *to,
                        size_t size, unsigned tries) {
    uint64_t before = count(net, COUNTER_RELAYED);
    for (unsigned i = 0; i < tries; i++) relay_from(net, from, to, &from->address, size);
    return count(net, COUNTER_RELAYED) - before;
}

/* To the byte, and to the packet where packets are small. */
static void test_a_session_sends_as_much_as_it_may(void **state) {
    struct net *net = *state;
    struct rendezvous_client *ada = net_join(net, "tea", 1), *bob = net_join(net, "tea", 2),
                             *cem = net_join(net, "tea", 3);
    struct traffic traffic;
    net->config.relay_rate = 64000;
    begin_limited(net, &traffic);
    assert_int_equal(passing(net, ada, bob, 640 - RELAY_OVERHEAD, 1000), 100);
    assert_int_equal(count(net, COUNTER_RELAY_LIMITED_SESSION), 900);
    assert_int_equal(passing(net, ada, cem, 640 - RELAY_OVERHEAD, 10), 0);
    /* Another's is his own. */
    assert_int_equal(passing(net, cem, bob, RELAY_PACKET_MIN, 1000), 250);
    net_run(net, 100);
    assert_int_equal(passing(net, ada, bob, 640 - RELAY_OVERHEAD, 1000), 10);
    net_run(net, 10000);
    assert_int_equal(passing(net, ada, bob, RELAY_PACKET_MIN, 1000), 250);
    uint64_t steady = 0;
    for (int i = 0; i < 200; i++) {
        net_run(net, 50);
        steady += passing(net, ada, bob, RELAY_PACKET_MAX, 10);
    }
    assert_in_range(steady * PACKET_MAX, 10 * 64000 - 2 * PACKET_MAX, 10 * 64000);
}

static void test_a_source_sends_as_much_as_it_may(void **state) {
    struct net *net = *state;
    struct rendezvous_client *ada[10], *cem = net_join(net, "tea", 99), *bob = net_join(net, "tea", 98);
    struct traffic traffic;
    struct address near = net_address(1), next = {.ip = {[10] = 0xff, 0xff, 198, 51, 100, 1}, .port = 4000};
    for (uint32_t i = 0; i < 10; i++) {
        ada[i] = net_join_at(net, "tea", 1 + i, &near);
        near.port++;
        /* Four at one address, the others each at another of its /24. */
        if (i >= 3) near.ip[15]++;
    }
    struct rendezvous_client *far = net_join_at(net, "tea", 50, &next);
    net->config.relay_source_rate = 64000;
    begin_limited(net, &traffic);
    uint64_t passed = 0;
    for (uint32_t i = 0; i < 4; i++) passed += passing(net, ada[i], bob, 640 - RELAY_OVERHEAD, 50);
    assert_int_equal(passed, 100);
    for (uint32_t i = 4; i < 10; i++) passed += passing(net, ada[i], bob, 640 - RELAY_OVERHEAD, 200);
    assert_int_equal(passed, 4 * 100);
    assert_int_equal(passing(net, cem, bob, 640 - RELAY_OVERHEAD, 200), 0);
    assert_int_equal(passing(net, far, bob, 640 - RELAY_OVERHEAD, 200), 100);
}

/* A crowd buries nobody, though each of it keeps to its own limit. */
static void test_a_session_is_sent_as_much_as_four_may_send(void **state) {
    struct net *net = *state;
    struct rendezvous_client *crowd[12], *bob = net_join(net, "tea", 99), *cem = net_join(net, "tea", 98);
    struct traffic traffic;
    for (uint32_t i = 0; i < 12; i++) crowd[i] = net_join(net, "tea", 1 + i);
    net->config.relay_rate = 64000;
    begin_limited(net, &traffic);
    uint64_t passed = 0;
    for (uint32_t i = 0; i < 12; i++) passed += passing(net, crowd[i], bob, 640 - RELAY_OVERHEAD, 90);
    assert_int_equal(passed, 4 * 100);
    assert_int_equal(passing(net, crowd[0], cem, 640 - RELAY_OVERHEAD, 10), 10);
}

static void test_the_node_passes_on_as_much_as_it_may(void **state) {
    struct net *net = *state;
    struct rendezvous_client *ada = net_join(net, "tea", 1), *bob = net_join(net, "tea", 2);
    struct rendezvous_client *cem = net_join(net, "rum", 3), *dan = net_join(net, "rum", 4);
    struct traffic traffic;
    net->config.relay_total_rate = 64000;
    begin_limited(net, &traffic);
    /* Who is not there costs nothing of it. */
    assert_int_equal(passing(net, ada, cem, 640 - RELAY_OVERHEAD, 1000), 0);
    assert_int_equal(passing(net, ada, bob, 640 - RELAY_OVERHEAD, 60), 60);
    assert_int_equal(passing(net, cem, dan, 640 - RELAY_OVERHEAD, 60), 40);
    net_run(net, 500);
    assert_int_equal(passing(net, dan, cem, 640 - RELAY_OVERHEAD, 60), 50);
    assert_int_equal(traffic.bytes, 150 * 640);
}

static void test_never_says_so_and_relays_nothing(void **state) {
    struct net *net = *state;
    struct rendezvous_client *ada = net_join(net, "tea", 1), *bob = net_join(net, "tea", 2);
    struct traffic traffic;
    net->config.relay = RELAY_NEVER;
    begin_limited(net, &traffic);
    assert_false(ada->session.relays || bob->session.relays);
    assert_int_equal(passing(net, ada, bob, CARRIED, 10), 0);
    assert_int_equal(count(net, COUNTER_RELAY_OFF), 10);
    net->config.relay = RELAY_AUTO;
    begin_limited(net, &traffic);
    assert_true(ada->session.relays && bob->session.relays);
    assert_int_equal(passing(net, ada, bob, CARRIED, 10), 10);
}

/* Whatever stands in a packet, what goes out for it goes to a registered address and is no longer. */
static void test_nothing_reaches_who_did_not_register(void **state) {
    struct net *net = *state;
    struct rendezvous_client *ada = net_join(net, "tea", 1), *bob = net_join(net, "tea", 2);
    struct traffic traffic;
    settle(net);
    watch(net, &traffic);
    for (int round = 0; round < 20000; round++) {
        uint8_t packet[PACKET_MAX], carried[RELAY_PACKET_MAX], key[LINK_TAG_KEY_SIZE];
        size_t size = RELAY_PACKET_MIN + randombytes_uniform(100);
        uint64_t before = traffic.bytes;
        fill(carried, size);
        size = client_relay(ada, bob, carried, size, packet);
        /* Ada has her key, and says with it what she likes. */
        for (unsigned changes = randombytes_uniform(4); changes > 0; changes--)
            packet[randombytes_uniform((uint32_t)size)] = (uint8_t)randombytes_random();
        link_tag_key(ada->secret, LINK_TO_BOOTNODE, key);
        link_tag_relay(key, packet, size);
        net_inject(net, &ada->address, packet, size);
        assert_true(traffic.bytes - before <= size);
        if (traffic.bytes > before) assert_true(address_equal(&traffic.last, &bob->address));
    }
    assert_in_range(traffic.packets, 5000, 19000);
}

/* What the bootnode sends to a member is nothing when it comes back: it cannot go round. */
static void test_a_relayed_packet_is_not_relayed_again(void **state) {
    struct net *net = *state;
    struct rendezvous_client *ada = net_join(net, "tea", 1), *bob = net_join(net, "tea", 2);
    struct traffic traffic;
    uint8_t carried[CARRIED], packet[PACKET_MAX];
    settle(net);
    watch(net, &traffic);
    relay(net, ada, bob);
    assert_int_equal(traffic.packets, 1);
    const struct flying *out = net->first;
    while (out->to_server || out->data[0] != MESSAGE_RELAY) out = out->next;
    net_inject(net, &bob->address, out->data, out->size);
    net_inject(net, &ada->address, out->data, out->size);
    assert_int_equal(count(net, COUNTER_RELAY_FORGED), 1);
    assert_int_equal(count(net, COUNTER_RELAY_ELSEWHERE), 1);
    /* Nor does RELAY carry RELAY, or anything for a bootnode. */
    fill(carried, sizeof carried);
    size_t size = client_relay(ada, bob, carried, sizeof carried, packet);
    uint8_t key[LINK_TAG_KEY_SIZE];
    link_tag_key(ada->secret, LINK_TO_BOOTNODE, key);
    for (unsigned first = 0; first < 256; first++) {
        packet[RELAY_HEADER_SIZE] = (uint8_t)first;
        link_tag_relay(key, packet, size);
        net_inject(net, &ada->address, packet, size);
    }
    assert_int_equal(traffic.packets, 1 + 6);
    assert_int_equal(count(net, COUNTER_MALFORMED), 250);
}

#define ECHOES 4096

struct echo {
    size_t count;
    struct flying packets[ECHOES];
};

static bool keep_answers(struct net *net, const struct flying *packet) {
    struct echo *echo = net->watching;
    if (!packet->to_server && echo->count < ECHOES) echo->packets[echo->count++] = *packet;
    return true;
}

/* All that the bootnode says to two members, at least once. */
static void record_answers(struct net *net, struct echo *echo) {
    struct rendezvous_client *ada, *bob;
    struct address elsewhere = net_address(201);
    uint8_t packet[PACKET_MAX];
    echo->count = 0;
    net->watching = echo;
    net->watch = keep_answers;
    ada = net_join(net, "tea", 1);
    bob = net_join(net, "tea", 2);
    settle(net);
    relay(net, ada, bob);
    net_inject(net, &ada->address, packet,
               client_seal(ada, MESSAGE_INTRODUCE, bob->identity.member_id, MEMBER_ID_SIZE, packet));
    net_inject(net, &elsewhere, packet, client_beat(bob, true, packet));
    net_inject(net, &bob->address, packet, client_beat(bob, true, packet));
    net_run(net, 500);
}

/* Everything back to it, from where it went to and from its own address. Returns how many packets that drew. */
static size_t send_back(struct net *net, const struct echo *said, struct echo *drawn) {
    struct address own = net_address(200);
    drawn->count = 0;
    net->watching = drawn;
    for (size_t i = 0; i < said->count; i++) {
        net_inject(net, &own, said->packets[i].data, said->packets[i].size);
        net_inject(net, &said->packets[i].peer, said->packets[i].data, said->packets[i].size);
    }
    return drawn->count;
}

/* A bootnode that is made to send to itself, or two of them to each other: RESET at most comes of it, which draws
 * nothing more. So nothing goes round. */
static void test_what_a_bootnode_sends_does_not_go_round(void **state) {
    static struct echo said, drawn, last;
    struct net *net = *state;
    bool seen[256] = {false};
    record_answers(net, &said);
    assert_int_equal(send_back(net, &said, &drawn), 0);
    net_restart(net, false);
    assert_true(send_back(net, &said, &drawn) > 0);
    for (size_t i = 0; i < drawn.count; i++) assert_int_equal(drawn.packets[i].data[0], MESSAGE_RESET);
    assert_int_equal(send_back(net, &drawn, &last), 0);
    static const uint8_t types[] = {MESSAGE_COOKIE, MESSAGE_WELCOME,   MESSAGE_BEAT_ACK, MESSAGE_CHANGES,
                                    MESSAGE_PATH,   MESSAGE_INTRODUCE, MESSAGE_RELAY};
    for (size_t i = 0; i < said.count; i++) seen[said.packets[i].data[0]] = true;
    for (size_t i = 0; i < sizeof types; i++) assert_true(seen[types[i]]);
}

int main(void) {
#define net_test(test) cmocka_unit_test_setup_teardown(test, net_setup, net_teardown)
    const struct CMUnitTest tests[] = {
        net_test(test_members_reach_each_other),
        net_test(test_nothing_leaves_a_room),
        net_test(test_what_is_forged_goes_nowhere_and_costs_nobody),
        net_test(test_a_replay_from_elsewhere_is_dropped),
        net_test(test_only_members_send_and_receive),
        net_test(test_who_only_relays_is_gone),
        net_test(test_no_packet_goes_where_a_session_has_moved_away_from),
        net_test(test_a_session_sends_as_much_as_it_may),
        net_test(test_a_source_sends_as_much_as_it_may),
        net_test(test_a_session_is_sent_as_much_as_four_may_send),
        net_test(test_the_node_passes_on_as_much_as_it_may),
        net_test(test_never_says_so_and_relays_nothing),
        net_test(test_nothing_reaches_who_did_not_register),
        net_test(test_a_relayed_packet_is_not_relayed_again),
        net_test(test_what_a_bootnode_sends_does_not_go_round),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("rendezvous_relay", tests, NULL, NULL);
}
