/* The bootnode's side of a cluster: redirects, registrations elsewhere, shared keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bootnode/cluster/probe_mark.h"
#include "bootnode/guard/access.h"
#include "bootnode/handlers/reset.h"
#include "common/clock.h"
#include "common/stun.h"
#include "tests/scenario/support/cluster.h"

static struct cluster *open(void **state, size_t count, uint8_t replicas) {
    struct cluster *cluster = *state;
    cluster_start(cluster, count, replicas);
    return cluster;
}

/* Whichever node is asked, it names the same homes; those take the member, the others do not. */
static void every_node_names_the_homes(void **state) {
    struct cluster *cluster = open(state, 5, 2);
    for (unsigned i = 0; i < 40; i++) {
        char room[16];
        snprintf(room, sizeof room, "room%u", i);
        const uint32_t homes = cluster_homes(cluster, 0, room);
        assert_int_equal(__builtin_popcount(homes), 2);
        for (size_t node = 0; node < 5; node++) {
            assert_int_equal(cluster_homes(cluster, node, room), homes);
            struct rendezvous_client *client = net_join(cluster->nodes[node], room, 1 + i % 200);
            cluster_run(cluster, 200);
            assert_int_equal(client->cookie.homes.replicas, 2);
            assert_int_equal(client->cookie.homes.node, cluster_id(node));
            const bool home = homes >> node & 1;
            assert_int_equal(client->state, home ? CLIENT_REGISTERED : CLIENT_REGISTERING);
            assert_int_equal(client->refused, home ? 0 : REFUSAL_ELSEWHERE);
            net_forget_clients(cluster->nodes[node]);
        }
    }
}

/* --- Nobody gains anything by asking --- */

struct asked {
    size_t size;
    unsigned answers;
};

static bool keep_largest(struct net *net, const struct flying *packet) {
    struct asked *asked = net->watching;
    if (packet->to_server) return true;
    asked->answers++;
    if (packet->size > asked->size) asked->size = packet->size;
    return true;
}

/* Whatever the cluster is, COOKIE is no longer than the shortest HELLO. */
static void no_answer_is_longer_than_its_question(void **state) {
    static const struct address from = {.ip = {[10] = 0xff, 0xff, 198, 51, 100, 1}, .port = 5000};
    struct cluster *cluster = *state;
    size_t longest = 0;
    for (unsigned mix = 0; mix < 8; mix++) {
        cluster->dual = mix % 2;
        for (uint8_t replicas = 1; replicas <= 4; replicas++)
            for (size_t count = 1; count <= 6; count++) {
                cluster_start(cluster, count, replicas);
                struct net *net = cluster->nodes[0];
                struct asked asked = {0};
                net->watch = keep_largest;
                net->watching = &asked;
                for (unsigned i = 0; i < 50; i++) {
                    uint8_t packet[PACKET_MAX];
                    char room[16];
                    struct rendezvous_client client;
                    snprintf(room, sizeof room, "mix%u", i);
                    client_init(&client, room, i, &from);
                    client.homes_silent = mix & 2;
                    const size_t size = client_hello(&client, packet);
                    assert_int_equal(size, HELLO_SIZE);
                    net_inject(net, &from, packet, size);
                }
                assert_int_equal(asked.answers, 50);
                assert_true(asked.size <= HELLO_SIZE);
                if (asked.size > longest) longest = asked.size;
                cluster_stop(cluster);
            }
    }
    assert_int_equal(longest, COOKIE_MESSAGE_MAX);
}

/* --- Cookies and keys --- */

/* A client whose COOKIE came from `giver`, at `taker`. */
static struct rendezvous_client *carry(struct cluster *cluster, size_t giver, size_t taker, const char *room,
                                       uint32_t number) {
    struct rendezvous_client *asks = net_join(cluster->nodes[giver], room, number);
    cluster_run(cluster, 30);
    const struct cookie_message cookie = asks->cookie;
    net_forget_clients(cluster->nodes[giver]);
    struct rendezvous_client *registers = net_join(cluster->nodes[taker], room, number);
    registers->cookie = cookie;
    registers->state = CLIENT_REGISTERING;
    registers->due = 0;
    cluster_run(cluster, 200);
    return registers;
}

static void any_node_takes_any_cookie(void **state) {
    struct cluster *cluster = open(state, 3, 3);
    for (int64_t apart = -60000; apart <= 60000; apart += 30000) {
        cluster->nodes[1]->clock_ahead_ms = apart;
        const struct rendezvous_client *client = carry(cluster, 1, 0, "tea", 1);
        assert_int_equal(client->state, CLIENT_REGISTERED);
        net_forget_clients(cluster->nodes[0]);
    }
    assert_int_equal(counters_read(&cluster->nodes[0]->counters, COUNTER_COOKIE_BAD), 0);
    /* By more than it may be, it is out of every view; its cookies count for nothing. */
    cluster->nodes[1]->clock_ahead_ms = 600000;
    assert_int_equal(carry(cluster, 1, 0, "tea", 1)->state, CLIENT_REGISTERING);
    assert_true(counters_read(&cluster->nodes[0]->counters, COUNTER_COOKIE_BAD) > 0);
}

/* The clock of a node is set: who registers then does so, and who is there stays. */
static void a_clock_that_is_set_costs_nobody(void **state) {
    struct cluster *cluster = open(state, 2, 2);
    struct net *net = cluster->nodes[0];
    struct rendezvous_client *first = net_join(net, "tea", 1);
    cluster_run(cluster, 1000);
    static const int64_t steps[] = {3600000, -7200000, 400000, -86400000};
    for (uint32_t i = 0; i < 4; i++) {
        net->clock_ahead_ms += steps[i];
        const struct rendezvous_client *client = net_join(net, "tea", 2 + i);
        cluster_run(cluster, 1000);
        assert_int_equal(client->state, CLIENT_REGISTERED);
    }
    assert_int_equal(first->state, CLIENT_REGISTERED);
    assert_int_equal(first->resets, 0);
    assert_true(net_agreed(net));
}

/* --- Elsewhere --- */

/* A node that knows of nobody sends nobody anywhere, and lets nobody in; who has a cookie is told to wait. */
static void a_node_that_is_lost_is_silent(void **state) {
    struct cluster *cluster = open(state, 3, 2);
    struct net *lost = cluster->nodes[0];
    net_restart(lost, true);
    struct rendezvous_client *client = net_join(lost, "tea", 1);
    cluster_run(cluster, 100);
    assert_int_equal(client->refused, 0);
    assert_int_equal(client->state, CLIENT_GREETING);
    client = carry(cluster, 1, 0, "tea", 2);
    assert_int_equal(client->refused, REFUSAL_BUSY);
    assert_int_equal(net_totals(lost).registered, 0);
    /* It is not in the view itself, but it knows one: then it says who is. */
    cluster_view(cluster, 0, 6);
    client = net_join(lost, "tea", 3);
    cluster_run(cluster, 100);
    assert_int_equal(client->cookie.homes.count, 2);
    assert_int_equal(client->refused, REFUSAL_ELSEWHERE);
}

/* The homes do not answer a client: a node that is none takes it, for as long as it stays. */
static void who_is_lent_is_kept(void **state) {
    struct cluster *cluster = open(state, 4, 2);
    const char *room = cluster_room(cluster, 15, 6, 13, 12);
    struct net *lends = cluster->nodes[0];
    cluster_run(cluster, 1500);
    struct rendezvous_client *client = net_join(lends, room, 1), *honest = net_join(lends, room, 2);
    client->state = CLIENT_IDLE;
    cluster_run(cluster, 100);
    client->homes_silent = true;
    client->state = CLIENT_GREETING;
    cluster_run(cluster, 2000);
    assert_int_equal(client->state, CLIENT_REGISTERED);
    assert_int_equal(honest->refused, REFUSAL_ELSEWHERE);
    cluster_run(cluster, 100000);
    assert_int_equal(client->moves, 0);
    cluster_views(cluster, 13);
    cluster_run(cluster, 100000);
    assert_int_equal(client->moves, 1);
    assert_int_equal(client->resets, 0);
    assert_int_equal(net_totals(lends).sessions, 1);
}

/* A node that ends sends those who ask for rooms of others there, and refuses those that would be its own. */
static void who_ends_names_others(void **state) {
    struct cluster *cluster = open(state, 3, 2);
    struct net *ends = cluster->nodes[0];
    char own[16] = "own", other[16] = "other";
    while (!(cluster_homes(cluster, 0, own) & 1)) strcat(own, "x");
    while (cluster_homes(cluster, 0, other) & 1) strcat(other, "x");
    node_leave(&ends->node, NODE_ENDS, ends->context.now + 600000);
    struct rendezvous_client *here = net_join(ends, own, 1), *there = net_join(ends, other, 2);
    cluster_run(cluster, 100);
    assert_int_equal(here->refused, REFUSAL_DRAINING);
    assert_int_equal(here->cookie.homes.count, 0);
    assert_int_equal(there->cookie.homes.count, 3);
}

/* --- Ids of other nodes --- */

static unsigned resets_for(struct net *net, uint8_t node, uint32_t *number) {
    static const struct address from = {.ip = {[10] = 0xff, 0xff, 198, 51, 100, 1}, .port = 5000};
    uint8_t packet[BEAT_SIZE];
    const struct beat beat = {.session_id = session_id_of((struct session_name){1 + ++*number, 1, node, 0}),
                              .counter = 1};
    const uint64_t before = counters_read(&net->counters, COUNTER_RESET);
    (void)beat_encode(MESSAGE_HEARTBEAT, &beat, packet, sizeof packet);
    net_inject(net, &from, packet, sizeof packet);
    return (unsigned)(counters_read(&net->counters, COUNTER_RESET) - before);
}

static bool is_token_of(const struct node *node, const struct flying *packet) {
    struct reset reset;
    uint8_t token[RESET_TOKEN_SIZE];
    assert_true(reset_decode(packet->data, packet->size, &reset));
    reset_token(node->reset_key, reset.session_id, token);
    return memcmp(token, reset.token, sizeof token) == 0;
}

static bool check_reset(struct net *net, const struct flying *packet) {
    const struct cluster *cluster = net->watching;
    for (size_t i = 0; i < cluster->count; i++) assert_true(is_token_of(&cluster->nodes[i]->node, packet));
    assert_true(packet->size <= BEAT_SIZE);
    return true;
}

/* What lived at a node that is lost gets RESET from any, as that node would give it. One that lives answers alone: from
 * others nobody gets what would end its sessions. */
static void lost_nodes_sessions_are_reset(void **state) {
    struct cluster *cluster = open(state, 3, 2);
    struct net *net = cluster->nodes[0];
    uint32_t number = 0;
    net->watch = check_reset;
    net->watching = cluster;
    assert_int_equal(resets_for(net, cluster_id(0), &number), 1);
    assert_int_equal(resets_for(net, cluster_id(1), &number), 0);
    assert_int_equal(resets_for(net, cluster_id(2), &number), 0);
    assert_int_equal(resets_for(net, cluster_id(9), &number), 1);
    cluster_views(cluster, 3);
    assert_int_equal(resets_for(net, cluster_id(2), &number), 1);
    assert_int_equal(resets_for(net, cluster_id(1), &number), 0);
    assert_int_equal(counters_read(&net->counters, COUNTER_RESET_FOREIGN), 2);
    assert_int_equal(counters_read(&net->counters, COUNTER_FOREIGN), 3);
    /* Who drains is in no view, and serves its sessions to the end. */
    cluster_set_add(&net->aside, cluster_id(2));
    cluster_views(cluster, 3);
    assert_int_equal(resets_for(net, cluster_id(2), &number), 0);
    assert_int_equal(resets_for(net, cluster_id(9), &number), 1);
    net->aside = (struct cluster_set){.words = {0}};
    cluster_views(cluster, 3);
    assert_int_equal(resets_for(net, cluster_id(2), &number), 1);
    /* Who knows of nobody knows of nobody that is lost. */
    cluster_views(cluster, 0);
    assert_int_equal(resets_for(net, cluster_id(2), &number), 0);
    struct net *alone = net_open();
    assert_int_equal(resets_for(alone, cluster_id(2), &number), 0);
    net_close(alone);
}

/* They are limited as those of one's own ids are: together. */
static void foreign_resets_have_the_same_limit(void **state) {
    struct cluster *cluster = open(state, 3, 2);
    struct net *net = cluster->nodes[0];
    struct bootnode_config config = net->config;
    uint32_t number = 0;
    unsigned sent = 0;
    config.rate_reset = 5;
    assert_true(node_reconfigure(&net->node, &config));
    for (unsigned i = 0; i < 200; i++) sent += resets_for(net, cluster_id(i % 2 ? 0 : 9), &number);
    assert_in_range(sent, 5, 50);
    assert_int_equal(counters_read(&net->counters, COUNTER_RATE_LIMITED_RESET), 200 - sent);
}

/* --- Who asks whether we live --- */

static bool count_answers(struct net *net, const struct flying *packet) {
    unsigned *answers = net->watching;
    *answers += !packet->to_server && stun_may_be_response(packet->data, packet->size);
    return false;
}

/* A STUN request of the node there, or of who forges its address: without a mark, or with one that it copied. */
static void ask_stun(struct net *net, const struct address *from, const uint8_t bytes[static PROBE_MARK_SIZE]) {
    struct stun_request request = {.classic = false};
    uint8_t packet[STUN_REQUEST_MAX];
    stun_make_transaction(bytes, request.transaction);
    const size_t size = stun_encode_request(&request, packet, sizeof packet);
    assert_true(size > 0);
    net_inject(net, from, packet, size);
}

static void mark(struct net *net, uint8_t asked, uint8_t bytes[static PROBE_MARK_SIZE]) {
    probe_mark_make(net->node.probe_key, asked, net->node.wall_ms(net->node.wall_context), bytes);
}

/* Forged sources use up what is answered to them, and no node is taken for dead because of that. */
static void a_node_is_answered_beside_a_flood_in_its_name(void **state) {
    struct cluster *cluster = open(state, 3, 2);
    struct net *net = cluster->nodes[0];
    const struct address node = cluster_address(1);
    uint8_t bytes[PROBE_MARK_SIZE] = {0}, copied[PROBE_MARK_SIZE] = {9};
    unsigned answers = 0, forged = 0;
    struct bootnode_config config = net->config;
    config.rate_stun = 20;
    assert_true(node_reconfigure(&net->node, &config));
    net->watch = count_answers;
    net->watching = &answers;
    for (unsigned i = 0; i < 2000; i++) {
        bytes[0]++;
        bytes[PROBE_MARK_SIZE - 1] += 3;
        ask_stun(net, &node, bytes);
    }
    forged = answers;
    assert_in_range(forged, 100, 400);
    for (unsigned i = 0; i < 10; i++) {
        bytes[1] = (uint8_t)i;
        mark(net, cluster_id(0), bytes);
        ask_stun(net, &node, bytes);
    }
    assert_int_equal(answers, forged + 10);
    /* Of another node: no mark here. And a copy is limited, too. */
    mark(net, cluster_id(2), bytes);
    ask_stun(net, &node, bytes);
    assert_int_equal(answers, forged + 10);
    mark(net, cluster_id(0), copied);
    for (unsigned i = 0; i < 5000; i++) ask_stun(net, &node, copied);
    assert_in_range(answers, forged + 10 + 200, forged + 10 + NODES_PROBES + 10);
}

/* Where NATS is away, a node that is not answered would take all others for dead. */
static void a_node_in_a_banned_network_is_answered(void **state) {
    struct cluster *cluster = open(state, 2, 2);
    struct net *net = cluster->nodes[0];
    const struct address node = cluster_address(1);
    struct prefix network = {.bits = 128 - 16};
    uint8_t unmarked[PROBE_MARK_SIZE] = {7}, bytes[PROBE_MARK_SIZE] = {1};
    struct why why;
    unsigned answers = 0;
    memcpy(network.ip, node.ip, 14);
    assert_true(access_ban(net->node.access, &network, NEVER, &why));
    net->watch = count_answers;
    net->watching = &answers;
    ask_stun(net, &node, unmarked);
    assert_int_equal(answers, 0);
    mark(net, cluster_id(0), bytes);
    ask_stun(net, &node, bytes);
    assert_int_equal(answers, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_node_names_the_homes, cluster_setup, cluster_teardown),
        cmocka_unit_test_setup_teardown(no_answer_is_longer_than_its_question, cluster_setup, cluster_teardown),
        cmocka_unit_test_setup_teardown(any_node_takes_any_cookie, cluster_setup, cluster_teardown),
        cmocka_unit_test_setup_teardown(a_clock_that_is_set_costs_nobody, cluster_setup, cluster_teardown),
        cmocka_unit_test_setup_teardown(a_node_that_is_lost_is_silent, cluster_setup, cluster_teardown),
        cmocka_unit_test_setup_teardown(who_is_lent_is_kept, cluster_setup, cluster_teardown),
        cmocka_unit_test_setup_teardown(who_ends_names_others, cluster_setup, cluster_teardown),
        cmocka_unit_test_setup_teardown(lost_nodes_sessions_are_reset, cluster_setup, cluster_teardown),
        cmocka_unit_test_setup_teardown(foreign_resets_have_the_same_limit, cluster_setup, cluster_teardown),
        cmocka_unit_test_setup_teardown(a_node_is_answered_beside_a_flood_in_its_name, cluster_setup, cluster_teardown),
        cmocka_unit_test_setup_teardown(a_node_in_a_banned_network_is_answered, cluster_setup, cluster_teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("cluster", tests, NULL, NULL);
}
