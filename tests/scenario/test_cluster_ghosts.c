/* Who died in a cluster is no ghost, though one of its homes dies with it, before it could tell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/scenario/support/world_cluster.h"

#define CONNECT_MS 5000
#define KNOWN_MS 5000 /* until the others know that one is dead */
#define TRUTH_MS 20000
#define EXPIRY_MS 15000

/* The member dies, `before` ms later one of its homes does; so long after that it has left. */
static uint64_t ghost_ms(struct world *world, uint64_t before) {
    struct person *anna = world_person(world, "anna", NAT_PORT_RESTRICTED);
    struct person *bert = world_person(world, "bert", NAT_PORT_RESTRICTED);
    world_cluster_open(world, 5, 2);
    const uint32_t homes = world_cluster_homes(world, 0, "tea");
    const size_t dead = (size_t)__builtin_ctz(homes);
    person_start(anna, "tea");
    person_start(bert, "tea");
    world_wait(world, CONNECT_MS, everyone_connected(world));
    world_wait(world, CONNECT_MS, world_cluster_lists(world, bert) == homes);
    person_kill(bert);
    world_run(world, before);
    const uint64_t died = world->now;
    world_cluster_kill(world, dead);
    world_run(world, KNOWN_MS);
    for (size_t i = 0; i < world->place_count; i++)
        if (i != dead) world_cluster_view(world, i, WORLD_NODES_ALL & ~WORLD_NODE(dead));
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_died_long_before_its_home_has_left, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(who_died_before_its_home_has_left, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(who_died_with_its_home_has_left, world_setup, world_teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("cluster_ghosts", tests, NULL, NULL);
}
