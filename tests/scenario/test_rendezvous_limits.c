/* Who asks for too much of a bootnode: one source and one session get their share, others do not feel it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "tests/scenario/support/rendezvous_net.h"

static bool agreed(struct net *net) {
    return net_agreed(net);
}

/* Who only sends HELLO, from addresses that are not his, does not make others wait. */
static void test_a_flood_of_hello_delays_nobody(void **state) {
    struct net *net = *state;
    struct rendezvous_client eve;
    struct address from = net_address(1);
    uint8_t packet[PACKET_MAX];
    client_init(&eve, "tea", 1, &from);
    size_t size = client_hello(&eve, packet);
    for (int i = 0; i < 100000; i++) {
        randombytes_buf(from.ip + 13, 3);
        net_inject(net, &from, packet, size);
    }
    net_join(net, "tea", 2);
    assert_true(net_run_until(net, agreed, 10 * NET_DELAY_MS));
}

/* The limits that are off elsewhere here: one source gets its burst and no more. */
static void test_rate_limits(void **state) {
    struct net *net = *state;
    struct address from = net_address(1);
    uint8_t packet[PACKET_MAX];
    net->config.rate_hello = net->config.rate_reset = net->config.rate_stun = 1;
    net_restart(net, true);
    struct rendezvous_client eve;
    static const uint8_t stun[20] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1};
    client_init(&eve, "tea", 1, &from);
    for (int i = 0; i < 100; i++) {
        net_inject(net, &from, packet, client_hello(&eve, packet));
        net_inject(net, &from, stun, sizeof stun);
        memset(packet, 0, BEAT_SIZE);
        packet[0] = MESSAGE_HEARTBEAT;
        packet[4] = packet[15] = 1;
        net_inject(net, &from, packet, BEAT_SIZE);
    }
    assert_int_equal(counters_read(&net->counters, COUNTER_HELLO), 10);
    assert_int_equal(counters_read(&net->counters, COUNTER_STUN), 10);
    assert_int_equal(counters_read(&net->counters, COUNTER_RESET), 10);
}

#define GREEDY 24
#define CAP 8

/* Eve's clients, each in a room of its own, all from one address. */
static void join_greedy(struct net *net, struct rendezvous_client *greedy[static GREEDY]) {
    struct address from = net_address(200);
    for (uint32_t i = 0; i < GREEDY; i++) {
        char room[] = {(char)('a' + i), '\0'};
        from.port++;
        greedy[i] = net_join_at(net, room, 1000 + i, &from);
    }
}

static unsigned registered(struct rendezvous_client *const greedy[static GREEDY]) {
    unsigned count = 0;
    for (size_t i = 0; i < GREEDY; i++) count += greedy[i]->state == CLIENT_REGISTERED;
    return count;
}

static void test_a_source_has_no_more_sessions_than_its_cap(void **state) {
    struct net *net = *state;
    struct rendezvous_client *greedy[GREEDY];
    net->config.sessions_per_source = CAP;
    net_restart(net, true);
    struct rendezvous_client *ada = net_join(net, "tea", 1);
    join_greedy(net, greedy);
    net_run(net, 3000);
    struct rendezvous_client *bob = net_join(net, "tea", 2);
    net_run(net, 1000);
    assert_int_equal(registered(greedy), CAP);
    assert_int_equal(net_totals(net).sessions, CAP + 2);
    assert_true(net_agrees(net, ada) && net_agrees(net, bob));
    for (size_t i = 0; i < GREEDY; i++)
        assert_int_equal(greedy[i]->refused, greedy[i]->state == CLIENT_REGISTERED ? 0 : REFUSAL_SOURCE_LIMIT);
    /* Those that fall silent make place, and for no more than they were. */
    for (size_t i = 0; i < GREEDY; i++)
        if (greedy[i]->state == CLIENT_REGISTERED) greedy[i]->state = CLIENT_IDLE;
    net_run(net, 10000);
    assert_int_equal(registered(greedy), 0);
    net_run(net, 8000);
    assert_int_equal(registered(greedy), CAP);
    assert_int_equal(net_totals(net).sessions, CAP + 2);
    assert_true(net_agrees(net, ada) && net_agrees(net, bob));
}

static bool move(struct net *net, struct rendezvous_client *client, const struct address *to) {
    uint8_t packet[PACKET_MAX];
    struct cookie cookie;
    uint64_t before = counters_read(&net->counters, COUNTER_MOVE);
    assert_true(cookie_make(&net->node.cookies, to, net->context.second, &cookie));
    net_inject(net, to, packet, client_move(client, &cookie, packet));
    return counters_read(&net->counters, COUNTER_MOVE) > before;
}

static void test_a_full_source_takes_nobody_that_moves(void **state) {
    struct net *net = *state;
    struct rendezvous_client *greedy[GREEDY];
    struct address full = net_address(200), free = net_address(201);
    net->config.sessions_per_source = CAP;
    net_restart(net, true);
    struct rendezvous_client *ada = net_join(net, "tea", 1);
    join_greedy(net, greedy);
    net_run(net, 3000);
    assert_false(move(net, ada, &full));
    assert_int_equal(counters_read(&net->counters, COUNTER_MOVE_REFUSED), 1);
    assert_true(net_agrees(net, ada));
    assert_true(move(net, ada, &free));
    assert_int_equal(net_totals(net).sessions, CAP + 1);
}

/* Eight at once and no more; at the pace at which clients repeat for ever. */
static void test_a_session_changes_as_often_as_clients_repeat(void **state) {
    struct net *net = *state;
    static const struct candidate_list none = {0};
    uint8_t packet[PACKET_MAX];
    unsigned moved = 0;
    net->config.rate_update = net->config.rate_move = 2;
    net_restart(net, true);
    struct rendezvous_client *eve = net_join(net, "tea", 1), *ada = net_join(net, "tea", 2);
    assert_true(net_run_until(net, agreed, 1000));
    /* She hears, so that no other limit is reached. */
    net_inject(net, &eve->address, packet, client_beat(eve, false, packet));
    for (int i = 0; i < 100; i++) net_inject(net, &eve->address, packet, client_update(eve, &none, packet));
    for (int i = 0; i < 100; i++) moved += move(net, eve, &eve->address);
    assert_int_equal(counters_read(&net->counters, COUNTER_UPDATE), 8);
    assert_int_equal(moved, 8);
    assert_int_equal(counters_read(&net->counters, COUNTER_RATE_LIMITED_UPDATE), 92);
    assert_int_equal(counters_read(&net->counters, COUNTER_RATE_LIMITED_MOVE), 92);
    net_inject(net, &ada->address, packet, client_update(ada, &none, packet));
    assert_true(move(net, ada, &ada->address));
    assert_int_equal(counters_read(&net->counters, COUNTER_UPDATE), 9);
    for (int i = 0; i < 100; i++) {
        net_run(net, CLIENT_RETRY_MS);
        net_inject(net, &ada->address, packet, client_update(ada, &none, packet));
        assert_true(move(net, ada, &ada->address));
    }
    assert_int_equal(counters_read(&net->counters, COUNTER_UPDATE), 109);
    assert_int_equal(counters_read(&net->counters, COUNTER_RATE_LIMITED_UPDATE), 92);
    assert_int_equal(counters_read(&net->counters, COUNTER_RATE_LIMITED_MOVE), 92);
}

/* --- While more REGISTERs come than can be served --- */

struct crowd {
    struct rendezvous_client client;
    struct address from;
    unsigned sent, welcomed, busy, silent;
    uint16_t shortest_s, longest_s;
};

static bool note_answer(struct net *net, const struct flying *packet) {
    struct crowd *crowd = net->watching;
    struct refused refused;
    if (packet->to_server) return true;
    crowd->silent--;
    crowd->welcomed += packet->data[0] == MESSAGE_WELCOME;
    if (packet->data[0] != MESSAGE_REFUSED) return true;
    assert_true(refused_decode(packet->data, packet->size, &refused));
    assert_int_equal(refused.reason, REFUSAL_BUSY);
    crowd->busy++;
    if (refused.retry_s < crowd->shortest_s) crowd->shortest_s = refused.retry_s;
    if (refused.retry_s > crowd->longest_s) crowd->longest_s = refused.retry_s;
    return true;
}

static void crowd_start(struct net *net, struct crowd *crowd, const struct address *from) {
    *crowd = (struct crowd){.from = *from, .shortest_s = UINT16_MAX};
    net->watch = note_answer;
    net->watching = crowd;
}

/* So many members of one address, each in a room of its own, with a good cookie. */
static void crowd_registers(struct net *net, struct crowd *crowd, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        uint8_t packet[PACKET_MAX];
        char room[16];
        snprintf(room, sizeof room, "%u", crowd->sent);
        client_init(&crowd->client, room, 10000 + crowd->sent, &crowd->from);
        memcpy(crowd->client.cookie.bootnode_public, net->node.key.public, sizeof crowd->client.cookie.bootnode_public);
        assert_true(cookie_make(&net->node.cookies, &crowd->from, net->context.second, &crowd->client.cookie.cookie));
        crowd->sent++;
        crowd->silent++;
        net_inject(net, &crowd->from, packet, client_register(&crowd->client, packet));
    }
}

static void test_a_busy_bootnode_gives_each_source_its_share(void **state) {
    struct net *net = *state;
    struct crowd eve, ada;
    struct address hers = net_address(200), other;
    assert_true(address_parse("198.51.100.1:4000", 0, &other));
    net_restart(net, true);
    net->context.register_behind = true;
    crowd_start(net, &eve, &hers);
    crowd_registers(net, &eve, 300);
    /* Ten are served, ten are told, the others cost nothing. */
    assert_int_equal(eve.welcomed, BUSY_REGISTERS);
    assert_int_equal(eve.busy, BUSY_REFUSALS);
    assert_int_equal(eve.silent, 300 - BUSY_REGISTERS - BUSY_REFUSALS);
    assert_int_equal(counters_read(&net->counters, COUNTER_REGISTER_BUSY), 300 - BUSY_REGISTERS);
    crowd_start(net, &ada, &other);
    crowd_registers(net, &ada, 5);
    assert_int_equal(ada.welcomed, 5);
    /* It is over as soon as nobody waits. */
    net->context.register_behind = false;
    crowd_start(net, &eve, &hers);
    crowd_registers(net, &eve, 300);
    assert_int_equal(eve.welcomed, 300);
}

/* Her neighbours share what is left to their network: four times as much as one of them has. */
static void test_a_network_has_no_more_than_its_share_either(void **state) {
    struct net *net = *state;
    struct crowd crowd;
    unsigned welcomed = 0, busy = 0;
    net->context.register_behind = true;
    for (uint32_t i = 1; i <= 40; i++) {
        const struct address from = net_address(i);
        crowd_start(net, &crowd, &from);
        crowd_registers(net, &crowd, 30);
        welcomed += crowd.welcomed;
        busy += crowd.busy;
    }
    assert_int_equal(welcomed, 4 * BUSY_REGISTERS);
    assert_int_equal(busy, 4 * BUSY_REFUSALS);
}

/* However many sources there are, answers cost no more than so many sends. */
static void test_what_is_not_served_is_seldom_answered(void **state) {
    struct net *net = *state;
    struct crowd crowd;
    unsigned busy = 0;
    net->context.register_behind = true;
    for (uint32_t i = 0; i < 150; i++) {
        struct address from = net_address(1);
        from.ip[13] = (uint8_t)(i + 1);
        crowd_start(net, &crowd, &from);
        crowd_registers(net, &crowd, 25);
        busy += crowd.busy;
    }
    assert_int_equal(busy, BUSY_REFUSALS_TOTAL);
}

/* The times are apart, over as long as those who were served will take; who was turned away does not count in it. */
static void test_who_is_turned_away_comes_back_spread(void **state) {
    struct net *net = *state;
    struct crowd crowd;
    struct address from = net_address(200);
    crowd_start(net, &crowd, &from);
    for (unsigned i = 0; i < 10000; i++) spread_count(&net->node.spread, 1, net->context.now);
    uint16_t wait_ms = spread_wait(&net->node.spread, net->context.now);
    net->context.register_behind = true;
    for (unsigned i = 0; i < 20; i++) {
        uint16_t before = spread_wait(&net->node.spread, net->context.now);
        crowd_registers(net, &crowd, 300);
        assert_in_range(spread_wait(&net->node.spread, net->context.now), before, before + BUSY_REGISTERS);
        net_run(net, 1000);
    }
    assert_true(crowd.busy >= 100);
    assert_int_equal(crowd.shortest_s, 1);
    assert_in_range(crowd.longest_s, 3, 1 + wait_ms / 1000);
}

/* Beats of sessions that are not, each from another network, as who forges sources sends them. */
static uint64_t resets_to_everybody(struct net *net, uint32_t sources) {
    const uint64_t before = counters_read(&net->counters, COUNTER_RESET);
    struct address from = net_address(1);
    for (uint32_t i = 0; i < sources; i++) {
        uint8_t packet[BEAT_SIZE] = {[0] = MESSAGE_HEARTBEAT, [4] = 1, [15] = 1};
        from.ip[12] = (uint8_t)(i / 250 + 20);
        from.ip[13] = (uint8_t)(i % 250 + 1);
        net_inject(net, &from, packet, sizeof packet);
    }
    return counters_read(&net->counters, COUNTER_RESET) - before;
}

/* What is cheap to see through is not to cost the sessions that wait a send each. */
static void test_where_sessions_wait_few_are_told_that_theirs_is_gone(void **state) {
    struct net *net = *state;
    const uint32_t sources = 2 * BUSY_RESETS_BURST;
    assert_int_equal(resets_to_everybody(net, sources), sources);
    net->context.sessions_behind = true;
    assert_int_equal(resets_to_everybody(net, sources), BUSY_RESETS_BURST);
    net_run(net, 50);
    assert_in_range(resets_to_everybody(net, sources), BUSY_RESETS / 20, BUSY_RESETS / 20 + BUSY_RESETS / 1000);
    net->context.sessions_behind = false;
    assert_int_equal(resets_to_everybody(net, sources), sources);
}

/* Honest newcomers of one household get in all the same, one after the other, as the client of the scenario does. */
static void test_who_is_told_to_wait_gets_in(void **state) {
    struct net *net = *state;
    struct address from = net_address(200);
    net->context.register_behind = true;
    for (uint32_t i = 0; i < NET_CLIENTS; i++) {
        from.port++;
        net_join_at(net, "tea", i + 1, &from);
    }
    net_run(net, 200);
    assert_int_equal(net_totals(net).sessions, BUSY_REGISTERS);
    assert_true(net_run_until(net, agreed, 30000));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, net_setup, net_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_flood_of_hello_delays_nobody),
        TEST(test_rate_limits),
        TEST(test_a_source_has_no_more_sessions_than_its_cap),
        TEST(test_a_full_source_takes_nobody_that_moves),
        TEST(test_a_session_changes_as_often_as_clients_repeat),
        TEST(test_a_busy_bootnode_gives_each_source_its_share),
        TEST(test_a_network_has_no_more_than_its_share_either),
        TEST(test_what_is_not_served_is_seldom_answered),
        TEST(test_who_is_turned_away_comes_back_spread),
        TEST(test_who_is_told_to_wait_gets_in),
        TEST(test_where_sessions_wait_few_are_told_that_theirs_is_gone),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("rendezvous_limits", tests, NULL, NULL);
}
