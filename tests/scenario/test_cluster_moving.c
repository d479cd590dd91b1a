/* Rooms of a cluster that get other homes: the side of the nodes that had them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/clock.h"
#include "tests/scenario/support/cluster.h"

static struct cluster *open(void **state, size_t count, uint8_t replicas) {
    struct cluster *cluster = *state;
    cluster_start(cluster, count, replicas);
    return cluster;
}

#define GROUP 12

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
    const char *room = cluster_room(cluster, 7, 3, 5, 5);
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
    const char *room = cluster_room(cluster, 3, 3, 7, 6);
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

/* The homes change between COOKIE and REGISTER, or between REGISTER and the first beat: the client was told others, and
 * is told of these. */
static void who_comes_meanwhile_is_told(void **state) {
    struct cluster *cluster = open(state, 3, 2);
    const char *room = cluster_room(cluster, 7, 3, 5, 5);
    struct net *stays = cluster->nodes[0];
    cluster_run(cluster, 1500);
    struct rendezvous_client *early = net_join(stays, room, 1), *between = net_join(stays, room, 2);
    cluster_run(cluster, 20);
    early->state = CLIENT_IDLE; /* it has sent REGISTER with this cookie, and will again */
    cluster_run(cluster, 20);
    assert_int_equal(between->state, CLIENT_REGISTERED);
    between->due = NEVER; /* its beat comes later */
    cluster_run(cluster, 1500);
    cluster_views(cluster, 5);
    cluster_run(cluster, 1500);
    early->state = CLIENT_REGISTERING;
    early->due = between->due = 0;
    cluster_run(cluster, 1000);
    struct rendezvous_client *late = net_join(stays, room, 3);
    cluster_run(cluster, 5000);
    assert_int_equal(early->state, CLIENT_REGISTERED);
    assert_true(early->moves > 0);
    assert_true(between->moves > 0);
    assert_int_equal(late->moves, 0);
}

/* A third of what is sent gets lost, each way: each hears of it in the end, and nobody is told without end. */
static void who_lost_the_notice_is_told_again(void **state) {
    struct cluster *cluster = open(state, 3, 2);
    const char *room = cluster_room(cluster, 7, 3, 5, 5);
    struct net *stays = cluster->nodes[0];
    cluster_run(cluster, 1500);
    for (uint32_t i = 1; i <= 2 * GROUP; i++) (void)net_join(stays, room, i);
    cluster_run(cluster, 2000);
    stays->loss = 30;
    cluster_views(cluster, 5);
    cluster_run(cluster, 15500);
    assert_int_equal(told(stays), 2 * GROUP);
    const unsigned sent = (unsigned)counters_read(&stays->counters, COUNTER_NOTICE);
    assert_in_range(sent, 2 * GROUP + 1, 2 * GROUP * MOVING_TELLS);
    stays->loss = 0;
    cluster_run(cluster, 60000);
    assert_int_equal(counters_read(&stays->counters, COUNTER_NOTICE), sent);
    assert_int_equal(node_moving(&stays->node).told, 0);
}

/* The beat that tells of the loss brings the token, too: that it is echoed then says nothing of the notice. */
static bool loses_first_notices(struct net *net, const struct flying *packet) {
    unsigned *left = net->watching;
    if (packet->to_server || packet->data[0] != MESSAGE_NOTICE || *left == 0) return true;
    --*left;
    return false;
}

static void a_token_alone_is_no_answer(void **state) {
    struct cluster *cluster = open(state, 3, 2);
    const char *room = cluster_room(cluster, 7, 3, 5, 5);
    struct net *stays = cluster->nodes[0];
    unsigned losses = 3;
    cluster_run(cluster, 1500);
    struct rendezvous_client *client = net_join(stays, room, 1);
    cluster_run(cluster, 2000);
    stays->watch = loses_first_notices;
    stays->watching = &losses;
    cluster_views(cluster, 5);
    cluster_run(cluster, 8000); /* in which at least one beat did not echo, and was answered */
    assert_true(client->unheard > 0);
    assert_int_equal(losses, 0);
    assert_int_equal(client->moves, 1);
    cluster_run(cluster, 20000);
    assert_int_equal(client->moves, 1);
}

/* New homes come while the members are being told of others: in the end each knows those that count. */
static void views_change_all_the_time(void **state) {
    static const uint32_t views[] = {5, 7, 3, 15, 13, 7, 11, 15, 5};
    struct cluster *cluster = *state;
    cluster->registers = 60;
    cluster_start(cluster, 4, 2);
    struct net *net = cluster->nodes[0];
    cluster_run(cluster, 1500);
    for (uint32_t i = 1; i <= 30; i++) {
        char room[16];
        snprintf(room, sizeof room, "change%u", i % 10);
        while (!(cluster_homes(cluster, 0, room) & 1)) strcat(room, "x");
        (void)net_join(net, room, i);
    }
    cluster_run(cluster, 2000);
    for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
        cluster_views(cluster, views[i]);
        cluster_run(cluster, 150 + 100 * i);
    }
    cluster_run(cluster, 20000);
    const struct homes *homes = node_homes(&net->node);
    for (size_t i = 0; i < net->client_count; i++) {
        const struct rendezvous_client *client = &net->clients[i];
        struct named_homes now;
        homes_name(homes, room_bucket(client->identity.room_tag), &now);
        const struct named_homes *knows = client->moves ? &client->notice.homes : &client->cookie.homes;
        assert_true(client->state == CLIENT_REGISTERED);
        for (unsigned j = 0; j < 2; j++)
            assert_true(knows->list[j].node == now.list[0].node || knows->list[j].node == now.list[1].node);
    }
    assert_int_equal(node_moving(&net->node).waiting, 0);
}

/* The new home can take a hundred a second; of them come those of MOVE_PACE_BURST_MS at once. */
static void members_go_as_fast_as_they_are_taken(void **state) {
    struct cluster *cluster = *state;
    cluster->registers = 100;
    cluster_start(cluster, 3, 2);
    const char *room = cluster_room(cluster, 7, 3, 5, 5);
    struct net *stays = cluster->nodes[0];
    cluster_run(cluster, 1500);
    for (uint32_t i = 1; i <= 30; i++) (void)net_join(stays, room, i);
    cluster_run(cluster, 2000);
    cluster_views(cluster, 5);
    for (unsigned step = 1; step <= 2; step++) {
        cluster_run(cluster, 100);
        assert_in_range(told(stays), 10 * step, 10 * step + 6);
        assert_in_range(node_moving(&stays->node).waiting, 23 - 10 * step, 30 - 10 * step);
    }
    cluster_run(cluster, 150);
    assert_int_equal(told(stays), 30);
    cluster_run(cluster, 2000);
    assert_in_range(notices(stays), 30, 60); /* twice where a token was under way already */
    assert_int_equal(node_moving(&stays->node).waiting, 0);
}

/* Who does not hear is sent no more than an echo pays for, and is gone as one who fell silent. */
static void who_does_not_hear_is_sent_little(void **state) {
    struct cluster *cluster = open(state, 3, 2);
    const char *room = cluster_room(cluster, 3, 3, 7, 6);
    struct net *was = cluster->nodes[0];
    cluster_views(cluster, 3);
    cluster_run(cluster, 1500);
    struct rendezvous_client *hears = net_join(was, room, 1), *gone = net_join(was, room, 2);
    cluster_run(cluster, 2000);
    gone->state = CLIENT_IDLE;
    cluster_run(cluster, 7000);
    const uint64_t before = was->bytes_out;
    cluster_views(cluster, CLUSTER_ALL);
    cluster_run(cluster, 30000);
    assert_in_range(hears->moves, 1, 2);
    assert_int_equal(hears->view.left_silent, 1);
    assert_int_equal(hears->view.left_moved, 0);
    assert_in_range(was->bytes_out - before, 1, 2000);
    assert_int_equal(counters_read(&was->counters, COUNTER_MOVED_LATE), 0);
}

/* A node that leaves the cluster is no home of anything: all are told, and all who hear go. */
static void a_node_that_drains_is_emptied(void **state) {
    struct cluster *cluster = open(state, 3, 2);
    struct net *leaves = cluster->nodes[0];
    cluster_run(cluster, 1500);
    for (uint32_t i = 1; i <= 30; i++) {
        char room[16];
        snprintf(room, sizeof room, "drain%u", i % 10);
        while (!(cluster_homes(cluster, 0, room) & 1)) strcat(room, "x");
        (void)net_join(leaves, room, i);
    }
    cluster_run(cluster, 2000);
    assert_int_equal(net_totals(leaves).sessions, 30);
    node_leave(&leaves->node, NODE_ENDS, leaves->context.now + 600000);
    cluster_views(cluster, 6);
    cluster_run(cluster, 1000);
    assert_int_equal(told(leaves), 30);
    for (size_t i = 0; i < 30; i++) client_move_away(&leaves->clients[i], leaves->monotonic);
    cluster_run(cluster, 500);
    assert_int_equal(net_totals(leaves).sessions, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_home_that_stays_tells_of_the_new_one, cluster_setup, cluster_teardown),
        cmocka_unit_test_setup_teardown(a_home_that_was_serves_for_a_minute, cluster_setup, cluster_teardown),
        cmocka_unit_test_setup_teardown(who_comes_meanwhile_is_told, cluster_setup, cluster_teardown),
        cmocka_unit_test_setup_teardown(who_lost_the_notice_is_told_again, cluster_setup, cluster_teardown),
        cmocka_unit_test_setup_teardown(a_token_alone_is_no_answer, cluster_setup, cluster_teardown),
        cmocka_unit_test_setup_teardown(views_change_all_the_time, cluster_setup, cluster_teardown),
        cmocka_unit_test_setup_teardown(members_go_as_fast_as_they_are_taken, cluster_setup, cluster_teardown),
        cmocka_unit_test_setup_teardown(who_does_not_hear_is_sent_little, cluster_setup, cluster_teardown),
        cmocka_unit_test_setup_teardown(a_node_that_drains_is_emptied, cluster_setup, cluster_teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("cluster_moving", tests, NULL, NULL);
}
