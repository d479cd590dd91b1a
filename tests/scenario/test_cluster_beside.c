/* Clients of a cluster and of others beside it, and of one whose key is replaced. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "tests/scenario/support/couple.h"
#include "tests/support/folder.h"

#define NODES 4

/* A cluster, and behind it another one or a bootnode; both people are at all their homes. */
static struct couple open_beside(void **state, size_t count, uint8_t replicas) {
    struct couple couple = {.world = *state};
    world_cluster_open(couple.world, NODES, 2);
    world_cluster_open_another(couple.world, count, replicas);
    couple.homes = world_cluster_homes(couple.world, 0, "tea");
    couple.homes |= replicas ? world_cluster_homes(couple.world, NODES, "tea") : WORLD_NODE(NODES);
    couple.anna = arrive(couple.world, "anna");
    couple.bert = arrive(couple.world, "bert");
    world_wait(couple.world, CONNECT_MS, everyone_connected(couple.world) && all_are_at(couple.world, couple.homes));
    return couple;
}

static void revive_all(struct world *world, uint32_t nodes) {
    for (size_t i = 0; i < world->place_count; i++)
        if (nodes >> i & 1) world_cluster_revive(world, i, WORLD_NODES_ALL);
}

/* All of one of the two die, for good as it seems, and come back. The other one is enough for everybody. */
static void one_dies_and_comes_back(struct couple *couple, uint32_t dead, const char *newcomer) {
    struct world *world = couple->world;
    const unsigned lost = person_count(couple->anna, EVENT_BOOTNODE_LOST, NULL);
    kill_all(world, dead);
    world_run(world, 20000);
    assert_int_equal(person_count(couple->anna, EVENT_BOOTNODE_LOST, NULL), lost + 1);
    const struct person *person = arrive(world, newcomer);
    world_wait(world, CONNECT_MS, person_sees(person, couple->anna) && person_sees(person, couple->bert));
    they_talk(couple, newcomer);
    world_run(world, 120000);
    assert_int_equal(left(world), 0);
    revive_all(world, dead);
    world_wait(world, TRUTH_MS, all_are_at(world, couple->homes));
    assert_int_equal(person_count(couple->anna, EVENT_BOOTNODE_LOST, NULL), lost + 1);
    assert_int_equal(person_count(couple->anna, EVENT_BOOTNODE_BACK, NULL), lost + 1);
    assert_int_equal(person_count(couple->anna, EVENT_ERROR, NULL), 0);
    assert_int_equal(left(world), 0);
}

static void a_bootnode_beside_a_cluster(void **state) {
    struct couple couple = open_beside(state, 1, 0);
    assert_int_equal(person_count(couple.anna, EVENT_REGISTERED, NULL), 3);
    one_dies_and_comes_back(&couple, WORLD_NODE(NODES) - 1, "carl");
    one_dies_and_comes_back(&couple, WORLD_NODE(NODES), "dora");
}

/* Both have a node 1, a node 2 … */
static void two_clusters_side_by_side(void **state) {
    struct couple couple = open_beside(state, NODES, 2);
    assert_int_equal(person_count(couple.anna, EVENT_REGISTERED, NULL), 4);
    one_dies_and_comes_back(&couple, WORLD_NODE(NODES) - 1, "carl");
    one_dies_and_comes_back(&couple, ~(WORLD_NODE(NODES) - 1), "dora");
}

/* --- A room is left, and joined again --- */

static void a_room_is_joined_again(void **state) {
    struct couple couple = couple_connect(state, 5, 2);
    struct world *world = couple.world;
    for (unsigned i = 1; i <= 5; i++) {
        person_join(couple.anna, "coffee");
        person_join(couple.bert, "coffee");
        world_wait(world, CONNECT_MS,
                   person_count_in(couple.bert, "coffee", EVENT_PEER_JOINED, couple.anna) == i &&
                       person_count_in(couple.anna, "coffee", EVENT_PEER_CONNECTED, couple.bert) == i);
        person_part(couple.anna, "coffee");
        world_wait(world, CONNECT_MS, person_count_in(couple.bert, "coffee", EVENT_PEER_LEFT, couple.anna) == i);
        assert_true(person_last_in(couple.bert, "coffee", EVENT_PEER_LEFT, couple.anna)->said_bye);
        person_part(couple.bert, "coffee");
        world_run(world, i * 300);
    }
    assert_int_equal(person_count_in(couple.anna, "coffee", EVENT_PEER_LEFT, NULL), 0);
    assert_true(all_are_at(world, couple.homes));
}

/* --- The network changes --- */

/* In the moment in which they are sent elsewhere. */
static void who_moves_house_in_a_move_stays(void **state) {
    struct couple couple = couple_connect(state, 5, 2);
    struct world *world = couple.world;
    for (unsigned i = 0; i < 4; i++) {
        const uint32_t view = i % 2 ? WORLD_NODES_ALL : WORLD_NODES_ALL & ~WORLD_NODE(first_of(couple.homes));
        world_cluster_views(world, view);
        couple.homes = world_cluster_homes(world, first_of(view), "tea");
        world_run(world, 20 + 40 * i);
        struct address outside = {.ip = {[10] = 0xff, 0xff, 198, 51, 100, (uint8_t)(200 + i)}, .port = 4000};
        nat_init(&couple.anna->nat, NAT_PORT_RESTRICTED, &outside);
        engine_network_changed(couple.anna->engine, world->now);
        world_wait(world, TRUTH_MS, all_are_at(world, couple.homes));
        they_talk(&couple, (const char *[]){"one", "two", "three", "four"}[i]);
    }
    assert_int_equal(left(world), 0);
    assert_int_equal(person_count(couple.anna, EVENT_BOOTNODE_LOST, NULL), 0);
}

/* --- Another key --- */

struct rotation {
    struct couple couple;
    struct node_key old, new;
    void *folder; /* where anna remembers keys; bert does not */
};

static void rotation_open(void **state, struct rotation *rotation) {
    struct world *world = *state;
    struct couple *couple = &rotation->couple;
    struct why why;
    assert_int_equal(folder_make(&rotation->folder), 0);
    world_cluster_open(world, NODES, 2);
    world->entry = WORLD_ENTRY_NAMES;
    *couple = (struct couple){.world = world, .homes = world_cluster_homes(world, 0, "tea")};
    couple->anna = world_person(world, "anna", NAT_PORT_RESTRICTED);
    assert_true(known_keys_open(&couple->anna->known_bootnodes, rotation->folder, "known_bootnodes", &why));
    person_start(couple->anna, "tea");
    couple->bert = arrive(world, "bert");
    world_wait(world, CONNECT_MS, everyone_connected(world) && all_are_at(world, couple->homes));
    void *spare = net_open();
    assert_non_null(spare);
    rotation->old = world->net->node.key;
    rotation->new = ((struct net *)spare)->node.key;
    net_close(spare);
}

static void give_new_key(const struct rotation *rotation, size_t number, bool with_old) {
    net_restart_with(world_net(rotation->couple.world, number), &rotation->new, with_old ? &rotation->old : NULL,
                     with_old);
    world_cluster_view(rotation->couple.world, number, WORLD_NODES_ALL);
}

/* One node after the other gets it; who knows the old one follows, and who comes meanwhile meets all. */
static void a_key_comes_to_one_node_after_the_other(void **state) {
    struct world *world = *state;
    struct rotation rotation;
    rotation_open(state, &rotation);
    struct couple *couple = &rotation.couple;
    for (size_t i = 0; i < NODES; i++) {
        static const char *const names[] = {"carl", "dora", "emil", "fred"};
        give_new_key(&rotation, i, true);
        const struct person *person = arrive(world, names[i]);
        world_wait(world, 2 * CONNECT_MS, person_sees(person, couple->anna) && person_sees(person, couple->bert));
        world_wait(world, TRUTH_MS, all_are_at(world, couple->homes));
        they_talk(couple, names[i]);
    }
    assert_int_equal(left(world), 0);
    assert_int_equal(person_count(couple->anna, EVENT_ERROR, NULL) + person_count(couple->bert, EVENT_ERROR, NULL), 0);
    assert_int_equal(folder_remove(&rotation.folder), 0);
}

/* The old one goes from all at once, while somebody who has followed is away. No token of before is one of the new
 * key's: others are missed for as long as a silence may last. */
static void who_has_followed_needs_no_old_key(void **state) {
    struct world *world = *state;
    struct rotation rotation;
    rotation_open(state, &rotation);
    struct person *anna = rotation.couple.anna;
    for (size_t i = 0; i < NODES; i++) give_new_key(&rotation, i, true);
    world_run(world, TRUTH_MS);
    world_wait(world, TRUTH_MS, all_are_at(world, rotation.couple.homes));
    engine_stop(anna->engine, world->now);
    world_wait(world, CONNECT_MS, anna->status >= 0);
    person_kill(anna);
    person_forget(anna);
    for (size_t i = 0; i < NODES; i++) give_new_key(&rotation, i, false);
    person_start(anna, "tea");
    world_wait(world, TRUTH_MS, person_sees(anna, rotation.couple.bert));
    world_wait(world, TRUTH_MS, all_are_at(world, rotation.couple.homes));
    assert_int_equal(person_count(anna, EVENT_ERROR, NULL), 0);
    assert_int_equal(folder_remove(&rotation.folder), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_bootnode_beside_a_cluster, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(two_clusters_side_by_side, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(a_room_is_joined_again, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(who_moves_house_in_a_move_stays, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(a_key_comes_to_one_node_after_the_other, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(who_has_followed_needs_no_old_key, world_setup, world_teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("cluster_beside", tests, NULL, NULL);
}
