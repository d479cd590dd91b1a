/* The bootnode's side of a cluster: redirects, registrations elsewhere, and members that move. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

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

/* --- Moving --- */

#define GROUP 12

/* A room that has these homes where `now` live, and those where `next` do. */
static const char *room_that_moves(const struct cluster *cluster, uint32_t now, uint32_t homes, uint32_t next,
                                   uint32_t then) {
    static char room[16];
    for (unsigned i = 0; i < 10000; i++) {
        snprintf(room, sizeof room, "moving%u", i);
        if (cluster_homes_by(cluster, now, room) == homes && cluster_homes_by(cluster, next, room) == then) return room;
    }
    fail_msg("no such room");
    return NULL;
}

static unsigned told(const struct net *net) {
    unsigned clients = 0;
    for (size_t i = 0; i < net->client_count; i++) clients += net->clients[i].moves > 0;
    return clients;
}

static unsigned notices(const struct net *net) {
    unsigned sum = 0;
    for (size_t i = 0; i < net->client_count; i++) sum += net->clients[i].moves;
    return sum;
}

/* A node dies: the other home tells the members of the new one, each once, where nothing is lost; and keeps them. */
static void a_home_that_stays_tells_of_the_new_one(void **state) {
    struct cluster *cluster = open(state, 3, 2);
    const char *room = room_that_moves(cluster, 7, 3, 5, 5);
    struct net *stays = cluster->nodes[0];
    for (uint32_t i = 1; i <= GROUP; i++) (void)net_join(stays, room, i);
    cluster_run(cluster, 2000);
    assert_true(net_agreed(stays));
    cluster_views(cluster, 5);
    assert_int_equal(node_moving(&stays->node).waiting, NET_SHARDS);
    cluster_run(cluster, 1000);
    assert_int_equal(told(stays), GROUP);
    for (size_t i = 0; i < GROUP; i++) {
        const struct named_homes *named = &stays->clients[i].notice.homes;
        assert_int_equal(named->count, 2);
        assert_true(named->list[0].node == cluster_id(2) || named->list[1].node == cluster_id(2));
    }
    cluster_run(cluster, 120000);
    assert_int_equal(notices(stays), GROUP);
    assert_int_equal(node_moving(&stays->node).waiting + node_moving(&stays->node).told, 0);
    assert_true(net_agreed(stays));
    assert_int_equal(net_totals(stays).sessions, GROUP);
    assert_int_equal(stays->clients[0].resets, 0);
    /* Who comes now knows, and is told nothing. */
    struct rendezvous_client *late = net_join(stays, room, 200);
    cluster_run(cluster, 20000);
    assert_int_equal(late->state, CLIENT_REGISTERED);
    assert_int_equal(late->moves, 0);
}

/* A node comes: one that is no home any more serves the members for a minute, and ends them as moved. Nobody is told
 * that somebody left. */
static void a_home_that_was_serves_for_a_minute(void **state) {
    struct cluster *cluster = open(state, 3, 2);
    const char *room = room_that_moves(cluster, 3, 3, 7, 6);
    struct net *was = cluster->nodes[0];
    cluster_views(cluster, 3);
    cluster_run(cluster, 1500);
    for (uint32_t i = 1; i <= GROUP; i++) (void)net_join(was, room, i);
    cluster_run(cluster, 2000);
    assert_true(net_agreed(was));
    cluster_views(cluster, CLUSTER_ALL);
    cluster_run(cluster, 59000);
    assert_int_equal(told(was), GROUP);
    assert_int_equal(notices(was), GROUP);
    assert_true(net_agreed(was));
    for (size_t i = 0; i < GROUP / 2; i++) client_move_away(&was->clients[i], was->monotonic);
    cluster_run(cluster, 500);
    for (size_t i = 0; i < GROUP / 2; i++) assert_int_equal(was->clients[i].state, CLIENT_LEFT);
    for (size_t i = GROUP / 2; i < GROUP; i++) {
        assert_int_equal(was->clients[i].view.left_said + was->clients[i].view.left_silent, 0);
        assert_int_equal(was->clients[i].view.left_moved, GROUP / 2);
    }
    cluster_run(cluster, 10000);
    assert_int_equal(net_totals(was).sessions, 0);
    assert_int_equal(net_totals(was).expired, 0);
    assert_int_equal(was->clients[GROUP - 1].refused, REFUSAL_ELSEWHERE);
    assert_int_equal(counters_read(&was->counters, COUNTER_MOVED_AWAY), GROUP / 2);
    assert_int_equal(counters_read(&was->counters, COUNTER_MOVED_LATE), GROUP / 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_node_names_the_homes, cluster_setup, cluster_teardown),
        cmocka_unit_test_setup_teardown(a_home_that_stays_tells_of_the_new_one, cluster_setup, cluster_teardown),
        cmocka_unit_test_setup_teardown(a_home_that_was_serves_for_a_minute, cluster_setup, cluster_teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("cluster", tests, NULL, NULL);
}
