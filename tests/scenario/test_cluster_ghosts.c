/* Who died in a cluster is no ghost, though one of its homes dies with it, before it could tell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/scenario/support/couple.h"

#define EXPIRY_MS 15000

/* Those that are up. */
static void all_believe(struct world *world, uint32_t nodes) {
    for (size_t i = 0; i < world->place_count; i++)
        if (!world->places[i].down) world_cluster_view(world, i, nodes);
}

/* The member dies, `before` ms later one of its homes does; so long after that it has left. */
static uint64_t ghost_ms(struct world *world, uint64_t before) {
    struct person *anna = world_person(world, "anna", NAT_PORT_RESTRICTED);
    struct person *bert = world_person(world, "bert", NAT_PORT_RESTRICTED);
    world_cluster_open(world, 5, 2);
    const uint32_t homes = world_cluster_homes(world, 0, "tea");
    const size_t dead = first_of(homes);
    person_start(anna, "tea");
    person_start(bert, "tea");
    world_wait(world, CONNECT_MS, everyone_connected(world));
    world_wait(world, CONNECT_MS, world_cluster_lists(world, bert) == homes);
    person_kill(bert);
    world_run(world, before);
    const uint64_t died = world->now;
    world_cluster_kill(world, dead);
    world_run(world, KNOWN_MS);
    all_believe(world, WORLD_NODES_ALL & ~WORLD_NODE(dead));
    world_wait(world, 60000, person_count(anna, EVENT_PEER_LEFT, bert) == 1);
    printf("# died %u ms before its home: it has left %u ms after that\n", (unsigned)before,
           (unsigned)(world->now - died));
    return world->now - died;
}

static void who_died_long_before_its_home_has_left(void **state) {
    assert_true(ghost_ms(*state, EXPIRY_MS - 1000) <= TRUTH_MS);
}

static void who_died_before_its_home_has_left(void **state) {
    assert_true(ghost_ms(*state, 8000) <= TRUTH_MS);
}

static void who_died_with_its_home_has_left(void **state) {
    assert_true(ghost_ms(*state, 0) <= TRUTH_MS);
}

/* --- Where nobody says that it left --- */

#define ANNOUNCED_MS 1000

/* Both homes become others at once, so that those who knew the member are left before they find it dead. Who was
 * connected to it, and who came after its death, hold it for gone as soon. */
static void whose_homes_are_left_before_they_tell_has_left(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_PORT_RESTRICTED);
    struct person *bert = world_person(world, "bert", NAT_PORT_RESTRICTED);
    struct person *carl = world_person(world, "carl", NAT_PORT_RESTRICTED);
    world_cluster_open(world, 5, 2);
    const uint32_t homes = world_cluster_homes(world, 0, "tea");
    person_start(anna, "tea");
    person_start(bert, "tea");
    world_wait(world, CONNECT_MS, person_sees(anna, bert) && person_sees(bert, anna));
    person_kill(bert);
    world_run(world, 10000);
    person_start(carl, "tea");
    world_run(world, ANNOUNCED_MS);
    assert_int_equal(person_count(carl, EVENT_PEER_JOINED, bert), 1);
    const uint64_t began = world->now;
    all_believe(world, WORLD_NODES_ALL & ~homes);
    world_wait(world, TRUTH_MS,
               person_count(anna, EVENT_PEER_LEFT, bert) == 1 && person_count(carl, EVENT_PEER_LEFT, bert) == 1);
    printf("# %u ms after its homes were left\n", (unsigned)(world->now - began));
    assert_true(person_sees(anna, carl) && person_count(anna, EVENT_PEER_LEFT, carl) == 0);
}

/* One home changes; then the one that stayed dies before it finds the member dead, and the new one never knew it. */
static void whose_homes_go_one_by_one_has_left(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_PORT_RESTRICTED);
    struct person *bert = world_person(world, "bert", NAT_PORT_RESTRICTED);
    world_cluster_open(world, 5, 2);
    const uint32_t homes = world_cluster_homes(world, 0, "tea");
    const size_t leaves = first_of(homes);
    const uint32_t stays = homes & ~WORLD_NODE(leaves);
    person_start(anna, "tea");
    person_start(bert, "tea");
    world_wait(world, CONNECT_MS, everyone_connected(world));
    person_kill(bert);
    world_run(world, 9000);
    all_believe(world, WORLD_NODES_ALL & ~WORLD_NODE(leaves));
    world_run(world, 3000);
    const uint64_t died = world->now;
    world_cluster_kill(world, first_of(stays));
    world_run(world, KNOWN_MS);
    all_believe(world, WORLD_NODES_ALL & ~homes);
    world_wait(world, 60000, person_count(anna, EVENT_PEER_LEFT, bert) == 1);
    printf("# %u ms after the last home that knew it died\n", (unsigned)(world->now - died));
    assert_true(world->now - died <= TRUTH_MS);
}

/* The same, but it lives: it is found at the new homes, by the bootnodes' relay alone, and nobody says that it left. */
static void who_lives_is_found_at_other_homes(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_SYMMETRIC);
    struct person *bert = world_person(world, "bert", NAT_SYMMETRIC);
    world_cluster_open(world, 5, 2);
    const uint32_t homes = world_cluster_homes(world, 0, "tea");
    person_start(anna, "tea");
    person_start(bert, "tea");
    world_wait(world, CONNECT_MS, everyone_connected(world));
    kill_all(world, homes);
    world_run(world, KNOWN_MS);
    all_believe(world, WORLD_NODES_ALL & ~homes);
    world_run(world, 60000);
    assert_true(person_sees(anna, bert) && person_sees(bert, anna));
    assert_int_equal(person_count(anna, EVENT_PEER_LEFT, bert) + person_count(bert, EVENT_PEER_LEFT, anna), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_died_long_before_its_home_has_left, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(who_died_before_its_home_has_left, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(who_died_with_its_home_has_left, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(whose_homes_are_left_before_they_tell_has_left, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(whose_homes_go_one_by_one_has_left, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(who_lives_is_found_at_other_homes, world_setup, world_teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("cluster_ghosts", tests, NULL, NULL);
}
