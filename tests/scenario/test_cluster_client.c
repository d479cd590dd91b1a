/* Clients of a cluster: they enter by any node, register with the homes of their room, and stay with them. */
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

/* What must have been seen by a newcomer, while one home lives: ISSUE 15. */
#define NEWCOMER_MS 1500

static void the_entry_leads_to_the_homes(void **state) {
    struct couple couple = couple_connect(state, 5, 2);
    assert_int_equal(__builtin_popcount(couple.homes), 2);
    they_talk(&couple, "hello");
    assert_int_equal(person_count(couple.anna, EVENT_REGISTERED, NULL), 2);
    world_run(couple.world, 60000);
    assert_true(all_are_at(couple.world, couple.homes));
    assert_int_equal(person_count(couple.anna, EVENT_REGISTERED, NULL), 2);
    assert_int_equal(person_count(couple.anna, EVENT_BOOTNODE_LOST, NULL), 0);
    engine_end_of_input(couple.bert->engine, couple.world->now);
    world_wait(couple.world, CONNECT_MS, couple.bert->status >= 0);
    assert_int_equal(couple.bert->status, 0);
    world_run(couple.world, 20000);
    assert_int_equal(person_count(couple.anna, EVENT_PEER_LEFT, couple.bert), 1);
    assert_true(person_last(couple.anna, EVENT_PEER_LEFT, couple.bert)->said_bye);
    assert_int_equal(world_cluster_lists(couple.world, couple.bert), 0);
}

/* --- Nodes that go and come --- */

/* A newcomer is told of both. */
static void a_newcomer_sees_them(const struct couple *couple, const char *name) {
    struct world *world = couple->world;
    const uint64_t began = world->now;
    const struct person *person = arrive(world, name);
    world_wait(world, NEWCOMER_MS,
               person_count(person, EVENT_PEER_JOINED, couple->anna) == 1 &&
                   person_count(person, EVENT_PEER_JOINED, couple->bert) == 1);
    printf("# %s sees all after %u ms\n", name, (unsigned)(world->now - began));
    world_wait(world, CONNECT_MS, person_sees(person, couple->anna) && person_sees(couple->anna, person));
}

/* Some die; the others know it later. The members get there, and nobody is said to have left. */
static void they_survive(struct couple *couple, uint32_t dead) {
    struct world *world = couple->world;
    const uint64_t died = world->now;
    const uint32_t live = WORLD_NODES_ALL & ~dead;
    kill_all(world, dead);
    a_newcomer_sees_them(couple, "carl");
    world_run(world, KNOWN_MS - (world->now - died));
    for (size_t i = 0; i < world->place_count; i++)
        if (live >> i & 1) world_cluster_view(world, i, live);
    uint32_t homes = world_cluster_homes(world, first_of(live), "tea");
    world_wait(world, TRUTH_MS, all_are_at(world, homes));
    printf("# all are at the new homes after %u ms\n", (unsigned)(world->now - died));
    assert_true(world->now - died <= TRUTH_MS);
    a_newcomer_sees_them(couple, "dora");
    they_talk(couple, "still here");
    world_run(world, 60000);
    assert_int_equal(left(world), 0);
    assert_int_equal(person_count(couple->anna, EVENT_BOOTNODE_LOST, NULL), 0);
}

static void a_home_dies_and_nobody_leaves(void **state) {
    struct couple couple = couple_connect(state, 5, 2);
    they_survive(&couple, WORLD_NODE(first_of(couple.homes)));
}

static void a_home_of_one_dies_and_nobody_leaves(void **state) {
    struct couple couple = couple_connect(state, 3, 1);
    struct world *world = couple.world;
    const uint64_t died = world->now;
    kill_all(world, couple.homes);
    world_run(world, KNOWN_MS);
    world_cluster_views(world, WORLD_NODES_ALL & ~couple.homes);
    size_t other = first_of(WORLD_NODES_ALL & ~couple.homes);
    uint32_t homes = world_cluster_homes(world, other, "tea");
    world_wait(world, TRUTH_MS,
               world_cluster_lists(world, couple.anna) & world_cluster_lists(world, couple.bert) & homes);
    printf("# all are at the new home after %u ms\n", (unsigned)(world->now - died));
    world_run(world, 60000);
    assert_int_equal(left(world), 0);
}

/* Nobody is there who lists them to a newcomer, until they have found each other where they were lent a place. */
static void all_homes_die_and_nobody_leaves(void **state) {
    struct couple couple = couple_connect(state, 6, 2);
    struct world *world = couple.world;
    const uint64_t died = world->now;
    const uint32_t live = WORLD_NODES_ALL & ~couple.homes;
    kill_all(world, couple.homes);
    struct person *carl = arrive(world, "carl");
    world_run(world, KNOWN_MS);
    for (size_t i = 0; i < world->place_count; i++)
        if (live >> i & 1) world_cluster_view(world, i, live);
    uint32_t homes = world_cluster_homes(world, first_of(live), "tea");
    world_wait(world, TRUTH_MS, person_sees(carl, couple.anna) && person_sees(carl, couple.bert));
    printf("# a newcomer sees all after %u ms\n", (unsigned)(world->now - died));
    world_wait(world, TRUTH_MS,
               (world_cluster_lists(world, couple.anna) & homes) == homes &&
                   (world_cluster_lists(world, couple.bert) & homes) == homes &&
                   (world_cluster_lists(world, carl) & homes) == homes);
    printf("# all are at the new homes after %u ms\n", (unsigned)(world->now - died));
    they_talk(&couple, "still here");
    world_run(world, 60000);
    assert_int_equal(left(world), 0);
    assert_int_equal(person_count(couple.anna, EVENT_BOOTNODE_LOST, NULL), 0);
}

static void a_home_is_drained(void **state) {
    struct couple couple = couple_connect(state, 5, 2);
    they_move(&couple, WORLD_NODES_ALL & ~WORLD_NODE(first_of(couple.homes)));
    they_talk(&couple, "moved");
    they_move(&couple, WORLD_NODES_ALL);
    they_talk(&couple, "and back");
    a_newcomer_sees_them(&couple, "carl");
    world_run(couple.world, 90000);
    assert_int_equal(left(couple.world), 0);
    assert_true(all_are_at(couple.world, couple.homes));
}

/* Two nodes become eight. */
static void nodes_are_added(void **state) {
    struct couple couple = {.world = *state};
    struct world *world = couple.world;
    unsigned moves = 0;
    uint32_t view = WORLD_NODE(6) | WORLD_NODE(7);
    world_cluster_open(world, 8, 2);
    world->entry = WORLD_ENTRY_NAMES;
    world_cluster_views(world, view);
    couple.anna = arrive(world, "anna");
    couple.bert = arrive(world, "bert");
    world_wait(world, CONNECT_MS, everyone_connected(world) && all_are_at(world, view));
    for (size_t i = 6; i-- > 0;) {
        view |= WORLD_NODE(i);
        uint32_t before = world_cluster_homes(world, 7, "tea");
        world_cluster_views(world, view);
        uint32_t homes = world_cluster_homes(world, 7, "tea");
        moves += homes != before;
        world_wait(world, TRUTH_MS, all_are_at(world, homes));
        they_talk(&couple, (const char *[]){"a", "b", "c", "d", "e", "f"}[i]);
    }
    assert_true(moves > 1);
    assert_int_equal(left(world), 0);
}

/* Somebody leaves for good while all move. */
static void who_leaves_in_a_move_has_left(void **state) {
    struct couple couple = couple_connect(state, 5, 2);
    struct world *world = couple.world;
    world_cluster_views(world, WORLD_NODES_ALL & ~WORLD_NODE(first_of(couple.homes)));
    uint64_t until = world->now + 60;
    while (world->now < until) world_step(world, until);
    engine_end_of_input(couple.bert->engine, world->now);
    world_wait(world, CONNECT_MS, couple.bert->status >= 0);
    assert_int_equal(couple.bert->status, 0);
    world_run(world, 20000);
    assert_int_equal(person_count(couple.anna, EVENT_PEER_LEFT, couple.bert), 1);
    assert_true(person_last(couple.anna, EVENT_PEER_LEFT, couple.bert)->said_bye);
    assert_int_equal(world_cluster_lists(world, couple.bert), 0);
}

/* --- Views that differ --- */

/* One node believes that a dead one lives, and leads there; who enters by it meets the others all the same. */
static void a_frozen_view_shares_a_home(void **state) {
    struct couple couple = couple_connect(state, 5, 2);
    struct world *world = couple.world;
    const uint32_t dead = WORLD_NODE(first_of(couple.homes)), live = WORLD_NODES_ALL & ~dead;
    kill_all(world, dead);
    size_t frozen = first_of(live & ~couple.homes);
    for (size_t i = 0; i < world->place_count; i++)
        if (live >> i & 1 && i != frozen) world_cluster_view(world, i, live);
    for (world->entry_seed = 0; world->entry_seed < 8; world->entry_seed++) {
        char name[16];
        snprintf(name, sizeof name, "carl%u", (unsigned)world->entry_seed);
        struct person *carl = world_person(world, name, NAT_PORT_RESTRICTED);
        person_start(carl, "tea");
        world_wait(world, NEWCOMER_MS,
                   person_count(carl, EVENT_PEER_JOINED, couple.anna) &&
                       person_count(carl, EVENT_PEER_JOINED, couple.bert));
    }
    world_run(world, 60000);
    assert_int_equal(left(world), 0);
}

/* --- Chance --- */

#define CHAOS_NODES 6
#define CHAOS_PEOPLE 6
#define CHAOS_ROUNDS 40

static uint32_t chaos_live(const struct world *world) {
    uint32_t live = 0;
    for (size_t i = 0; i < world->place_count; i++)
        if (!world->places[i].down && !world->places[i].paused) live |= WORLD_NODE(i);
    return live;
}

static void chaos_views(struct world *world, uint32_t view) {
    for (size_t i = 0; i < world->place_count; i++)
        if (view >> i & 1) world_cluster_view(world, i, view);
}

/* A fault, which the others know 5 s later; then all are where they belong within 20 s of it. */
static void chaos_round(struct world *world, bool lossy) {
    const uint64_t began = world->now;
    size_t victim =
        randombytes_uniform(3) ? first_of(world_cluster_homes(world, 0, "tea")) : randombytes_uniform(CHAOS_NODES);
    unsigned kind = randombytes_uniform(4);
    world->loss_percent = lossy ? randombytes_uniform(15) : 0;
    uint32_t view = WORLD_NODES_ALL & ((1u << CHAOS_NODES) - 1);
    if (kind == 0) world_cluster_kill(world, victim);
    if (kind == 1) world_cluster_pause(world, victim);
    if (kind < 2) world_run(world, KNOWN_MS);
    if (kind < 3) view &= ~WORLD_NODE(victim);
    chaos_views(world, view);
    if (kind == 2) world_cluster_view(world, victim, view);
    uint32_t homes = world_cluster_homes(world, first_of(view), "tea");
    world_wait(world, 2 * TRUTH_MS,
               all_are_at(world, homes) || (kind == 1 && all_are_at(world, homes | WORLD_NODE(victim))));
    if (!lossy) assert_true(world->now - began <= TRUTH_MS);
    world_run(world, randombytes_uniform(20000));
    if (kind == 1) world_cluster_resume(world, victim);
    if (kind == 0) world_cluster_revive(world, victim, WORLD_NODES_ALL);
    chaos_views(world, WORLD_NODES_ALL & ((1u << CHAOS_NODES) - 1));
    homes = world_cluster_homes(world, 0, "tea");
    world_wait(world, 2 * TRUTH_MS, all_are_at(world, homes));
    assert_int_equal(chaos_live(world), (1u << CHAOS_NODES) - 1);
}

static void chaos(struct world *world, bool lossy) {
    static const char *const names[CHAOS_PEOPLE] = {"anna", "bert", "carl", "dora", "emil", "fred"};
    world_cluster_open(world, CHAOS_NODES, 2);
    for (size_t i = 0; i < CHAOS_PEOPLE; i++) (void)arrive(world, names[i]);
    world_wait(world, 2 * CONNECT_MS, everyone_connected(world));
    for (unsigned i = 0; i < CHAOS_ROUNDS; i++) chaos_round(world, lossy);
    world->loss_percent = 0;
    world_run(world, 90000);
    assert_int_equal(left(world), 0);
    assert_true(everyone_connected(world));
    for (size_t i = 0; i < CHAOS_PEOPLE; i++)
        assert_int_equal(person_count(&world->people[i], EVENT_PEER_JOINED, NULL), CHAOS_PEOPLE - 1);
}

static void faults_take_nobody_away(void **state) {
    chaos(*state, false);
}

static void faults_and_loss_take_nobody_away(void **state) {
    chaos(*state, true);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_entry_leads_to_the_homes, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(a_home_dies_and_nobody_leaves, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(a_home_of_one_dies_and_nobody_leaves, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(all_homes_die_and_nobody_leaves, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(a_home_is_drained, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(nodes_are_added, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(who_leaves_in_a_move_has_left, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(a_frozen_view_shares_a_home, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(faults_take_nobody_away, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(faults_and_loss_take_nobody_away, world_setup, world_teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("cluster_client", tests, NULL, NULL);
}
