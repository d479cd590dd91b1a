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

#include "tests/scenario/support/world_cluster.h"

#define CONNECT_MS 5000

/* What must have been seen by a newcomer, while one home lives: ISSUE 15. */
#define NEWCOMER_MS 1500

static struct person *arrive(struct world *world, const char *name) {
    struct person *person = world_person(world, name, NAT_PORT_RESTRICTED);
    person_start(person, "tea");
    return person;
}


static bool all_are_at(const struct world *world, uint32_t nodes) {
    for (size_t i = 0; i < world->people_count; i++)
        if (world->people[i].engine && world_cluster_lists(world, &world->people[i]) != nodes) return false;
    return true;
}

struct couple {
    struct world *world;
    struct person *anna, *bert;
    uint32_t homes;
};

static struct couple couple_connect(void **state, size_t count, uint8_t replicas) {
    struct couple couple = {.world = *state};
    world_cluster_open(couple.world, count, replicas);
    couple.homes = world_cluster_homes(couple.world, 0, "tea");
    couple.anna = arrive(couple.world, "anna");
    couple.bert = arrive(couple.world, "bert");
    world_wait(couple.world, CONNECT_MS, everyone_connected(couple.world));
    world_wait(couple.world, CONNECT_MS, all_are_at(couple.world, couple.homes));
    return couple;
}

static void they_talk(struct couple *couple, const char *text) {
    world_wait(couple->world, CONNECT_MS, couple->anna->credit > 0 && couple->bert->credit > 0);
    person_say(couple->anna, text);
    person_say(couple->bert, text);
    world_wait(couple->world, CONNECT_MS,
               person_heard(couple->anna, couple->bert, text) == 1 &&
                   person_heard(couple->bert, couple->anna, text) == 1);
}

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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_entry_leads_to_the_homes, world_setup, world_teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("cluster_client", tests, NULL, NULL);
}
