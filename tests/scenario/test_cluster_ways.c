/* Clients of a cluster in all kinds of networks: how they come to it, and what is left where its name leads nowhere. */
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

static void both_families_lead_there(void **state) {
    struct world *world = *state;
    world->dual = true;
    world_cluster_open(world, 4, 2);
    uint32_t homes = world_cluster_homes(world, 0, "tea");
    struct person *anna = world_person(world, "anna", NAT_PORT_RESTRICTED);
    struct person *bert = world_person(world, "bert", NAT_SYMMETRIC);
    person_has_ipv6(anna, NAT_PORT_RESTRICTED);
    person_start(anna, "tea");
    person_start(bert, "tea");
    world_wait(world, CONNECT_MS, everyone_connected(world) && all_are_at(world, homes));
    world_run(world, 90000);
    assert_true(all_are_at(world, homes));
    assert_int_equal(person_count(anna, EVENT_REGISTERED, NULL), 2);
    assert_int_equal(left(world), 0);
}

/* The entry has one address; the nodes are others, which a NAT maps as it does. */
static void nodes_show_how_a_nat_maps(void **state) {
    struct world *world = *state;
    world_cluster_open(world, 3, 2);
    struct person *anna = world_person(world, "anna", NAT_SYMMETRIC), *bert = arrive(world, "bert");
    person_start(anna, "tea");
    world_wait(world, 20000, engine_nat_mapping(anna->engine) == NAT_MAPPING_DEPENDENT);
    world_wait(world, 20000, engine_nat_mapping(bert->engine) == NAT_MAPPING_INDEPENDENT);
}

static void packets_are_relayed_by_homes(void **state) {
    struct world *world = *state;
    world_cluster_open(world, 5, 2);
    struct person *anna = world_person(world, "anna", NAT_SYMMETRIC),
                  *bert = world_person(world, "bert", NAT_SYMMETRIC);
    anna->socket_most = bert->socket_most = 0;
    person_start(anna, "tea");
    person_start(bert, "tea");
    struct couple couple = {.world = world, .anna = anna, .bert = bert, .homes = world_cluster_homes(world, 0, "tea")};
    world_wait(world, CONNECT_MS, everyone_connected(world) && all_are_at(world, couple.homes));
    assert_true(person_last(anna, EVENT_PEER_CONNECTED, bert)->relayed);
    they_talk(&couple, "through a home");
    they_move(&couple, WORLD_NODES_ALL & ~WORLD_NODE(first_of(couple.homes)));
    they_talk(&couple, "through another");
    world_run(world, 60000);
    they_talk(&couple, "and on");
    assert_int_equal(left(world), 0);
}

static void rooms_have_homes_of_their_own(void **state) {
    struct couple couple = couple_connect(state, 8, 2);
    static const char *const rooms[] = {"one", "two", "three", "four", "five", "six"};
    for (size_t i = 0; i < 6; i++) {
        person_join(couple.anna, rooms[i]);
        person_join(couple.bert, rooms[i]);
    }
    for (size_t i = 0; i < 6; i++)
        world_wait(couple.world, CONNECT_MS,
                   person_count_in(couple.anna, rooms[i], EVENT_PEER_CONNECTED, couple.bert) == 1);
    assert_int_equal(person_count(couple.anna, EVENT_REGISTERED, NULL), 14);
}

/* --- The entry is gone --- */

static bool entry_is_silent(struct world *world, struct wire *wire) {
    const struct address entry = world_entry();
    (void)world;
    return !address_equal(&wire->to, &entry);
}

static void leave_for_now(const struct couple *couple) {
    engine_stop(couple->anna->engine, couple->world->now);
    world_wait(couple->world, CONNECT_MS, couple->anna->status >= 0);
    person_kill(couple->anna);
    person_forget(couple->anna);
    world_wait(couple->world, CONNECT_MS, !person_sees(couple->bert, couple->anna));
}

static void come_back(const struct couple *couple, const char *how) {
    leave_for_now(couple);
    const uint64_t started = couple->world->now;
    person_start(couple->anna, "tea");
    world_wait(couple->world, 2500, person_sees(couple->anna, couple->bert));
    printf("# %s, and connected after %u ms\n", how, (unsigned)(couple->world->now - started));
}

/* What anna remembers of the cluster's nodes suffices, where the name is not found, and where nobody answers there. */
static void nodes_are_remembered(void **state) {
    void *folder;
    struct why why;
    struct couple couple = {.world = *state};
    assert_int_equal(folder_make(&folder), 0);
    world_cluster_open(couple.world, 4, 2);
    couple.bert = arrive(couple.world, "bert");
    couple.anna = world_person(couple.world, "anna", NAT_PORT_RESTRICTED);
    assert_true(known_keys_open(&couple.anna->known_bootnodes, folder, "known_bootnodes", &why));
    person_start(couple.anna, "tea");
    world_wait(couple.world, CONNECT_MS, everyone_connected(couple.world));
    world_wait(couple.world, CONNECT_MS, person_count(couple.anna, EVENT_REGISTERED, NULL) == 2);
    couple.anna->unresolved = true;
    come_back(&couple, "its name is not found");
    couple.anna->unresolved = false;
    couple.world->tamper = entry_is_silent;
    come_back(&couple, "the entry is silent");
    they_talk(&couple, "without an entry");
    world_run(couple.world, 60000);
    assert_int_equal(person_count(couple.anna, EVENT_BOOTNODE_LOST, NULL), 0);
    assert_int_equal(folder_remove(&folder), 0);
}

/* The key was forgotten, or its line was lost: whoever is at those addresses by now could show any. */
static void nodes_without_a_key_are_not_asked(void **state) {
    struct world *world = *state;
    char path[512], address[ADDRESS_TEXT_SIZE], key[65];
    struct why why;
    void *folder;
    assert_int_equal(folder_make(&folder), 0);
    world_cluster_open(world, 3, 2);
    struct person *anna = world_person(world, "anna", NAT_PORT_RESTRICTED);
    struct address node = world_bootnode_at(0);
    snprintf(path, sizeof path, "%s/known_bootnodes", (const char *)folder);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fprintf(file, "cluster.example:9595 %s nodes %s\n",
            sodium_bin2hex(key, sizeof key, world->net->node.key.public, 32), address_format(&node, address));
    assert_int_equal(fclose(file), 0);
    assert_true(known_keys_open(&anna->known_bootnodes, folder, "known_bootnodes", &why));
    anna->unresolved = true;
    person_start(anna, "tea");
    world_run(world, 30000);
    assert_int_equal(person_count(anna, EVENT_REGISTERED, NULL), 0);
    person_kill(anna);
    file = fopen(path, "ae");
    assert_non_null(file);
    fprintf(file, "cluster.example:9595 %s keep\n", key);
    assert_int_equal(fclose(file), 0);
    known_keys_close(&anna->known_bootnodes);
    assert_true(known_keys_open(&anna->known_bootnodes, folder, "known_bootnodes", &why));
    person_start(anna, "tea");
    world_wait(world, CONNECT_MS, person_count(anna, EVENT_REGISTERED, NULL) > 0);
    assert_int_equal(folder_remove(&folder), 0);
}

/* Both homes die, and the entry is gone: the nodes that were met are asked. */
static void an_entry_that_dies_is_no_obstacle(void **state) {
    struct couple couple = couple_connect(state, 5, 2);
    struct world *world = couple.world;
    world->tamper = entry_is_silent;
    for (unsigned round = 0; round < 2; round++) {
        const uint32_t dead = WORLD_NODE(first_of(couple.homes));
        kill_all(world, dead);
        world_run(world, KNOWN_MS);
        world_cluster_views(world, WORLD_NODES_ALL & ~dead);
        couple.homes = world_cluster_homes(world, first_of(WORLD_NODES_ALL & ~dead), "tea");
        world_wait(world, TRUTH_MS, all_are_at(world, couple.homes));
        world->places[first_of(dead)].down = false;
        world_cluster_revive(world, first_of(dead), WORLD_NODES_ALL);
        world_cluster_views(world, WORLD_NODES_ALL);
        couple.homes = world_cluster_homes(world, 0, "tea");
        world_wait(world, TRUTH_MS, all_are_at(world, couple.homes));
    }
    they_talk(&couple, "on and on");
    assert_int_equal(left(world), 0);
    assert_int_equal(person_count(couple.anna, EVENT_BOOTNODE_LOST, NULL), 0);
}

/* Two names of one cluster are one: no session too many, nothing is told of it, and one that is silent costs nothing.
 */
static void two_names_are_one(void **state) {
    struct world *world = *state;
    world_cluster_open(world, 4, 2);
    world->two_names = true;
    struct couple couple = {.world = world, .homes = world_cluster_homes(world, 0, "tea")};
    couple.anna = arrive(world, "anna");
    couple.bert = arrive(world, "bert");
    world_wait(world, CONNECT_MS, everyone_connected(world) && all_are_at(world, couple.homes));
    they_talk(&couple, "twice");
    world->tamper = entry_is_silent;
    kill_all(world, WORLD_NODE(first_of(couple.homes)));
    world_run(world, KNOWN_MS);
    world_cluster_views(world, WORLD_NODES_ALL & ~WORLD_NODE(first_of(couple.homes)));
    couple.homes = world_cluster_homes(world, 3, "tea");
    world_wait(world, TRUTH_MS, all_are_at(world, couple.homes));
    world_run(world, 60000);
    assert_true(all_are_at(world, couple.homes));
    assert_int_equal(person_count(couple.anna, EVENT_ERROR, NULL), 0);
    assert_int_equal(person_count(couple.anna, EVENT_BOOTNODE_LOST, NULL), 0);
    assert_int_equal(left(world), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(both_families_lead_there, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(nodes_show_how_a_nat_maps, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(packets_are_relayed_by_homes, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(rooms_have_homes_of_their_own, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(nodes_are_remembered, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(nodes_without_a_key_are_not_asked, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(an_entry_that_dies_is_no_obstacle, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(two_names_are_one, world_setup, world_teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("cluster_ways", tests, NULL, NULL);
}
