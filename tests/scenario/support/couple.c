#include "tests/scenario/support/couple.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct person *arrive(struct world *world, const char *name) {
    struct person *person = world_person(world, name, NAT_PORT_RESTRICTED);
    person_start(person, "tea");
    return person;
}

/* Of the nodes that live. */
bool all_are_at(const struct world *world, uint32_t nodes) {
    uint32_t live = 0;
    for (size_t i = 0; i < world->place_count; i++) live |= world->places[i].down ? 0 : WORLD_NODE(i);
    for (size_t i = 0; i < world->people_count; i++)
        if (world->people[i].engine && (world_cluster_lists(world, &world->people[i]) & live) != (nodes & live))
            return false;
    return true;
}

unsigned left(const struct world *world) {
    unsigned count = 0;
    for (size_t i = 0; i < world->people_count; i++) count += person_count(&world->people[i], EVENT_PEER_LEFT, NULL);
    return count;
}

size_t first_of(uint32_t nodes) {
    return (size_t)__builtin_ctz(nodes);
}

struct couple couple_connect(void **state, size_t count, uint8_t replicas) {
    struct couple couple = {.world = *state};
    world_cluster_open(couple.world, count, replicas);
    couple.homes = world_cluster_homes(couple.world, 0, "tea");
    couple.anna = arrive(couple.world, "anna");
    couple.bert = arrive(couple.world, "bert");
    world_wait(couple.world, CONNECT_MS, everyone_connected(couple.world));
    world_wait(couple.world, CONNECT_MS, all_are_at(couple.world, couple.homes));
    return couple;
}

void they_talk(struct couple *couple, const char *text) {
    world_wait(couple->world, CONNECT_MS, couple->anna->credit > 0 && couple->bert->credit > 0);
    person_say(couple->anna, text);
    person_say(couple->bert, text);
    world_wait(couple->world, CONNECT_MS,
               person_heard(couple->anna, couple->bert, text) == 1 &&
                   person_heard(couple->bert, couple->anna, text) == 1);
}

void kill_all(struct world *world, uint32_t nodes) {
    for (size_t i = 0; i < world->place_count; i++)
        if (nodes >> i & 1) world_cluster_kill(world, i);
}

void they_move(struct couple *couple, uint32_t view) {
    struct world *world = couple->world;
    world_cluster_views(world, view);
    uint32_t homes = world_cluster_homes(world, first_of(view), "tea");
    assert_true(homes != couple->homes);
    world_wait(world, TRUTH_MS, all_are_at(world, homes));
    couple->homes = homes;
    assert_int_equal(left(world), 0);
    assert_int_equal(person_count(couple->anna, EVENT_PEER_JOINED, NULL), world->people_count - 1);
    assert_int_equal(person_count(couple->anna, EVENT_BOOTNODE_LOST, NULL), 0);
}
