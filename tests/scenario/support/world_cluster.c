#include "tests/scenario/support/world_cluster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static uint8_t id_of(const struct world *world, size_t number) {
    return (uint8_t)((world->others && number >= world->others ? number - world->others : number) + 1);
}

/* All nodes of the cluster in which this one is. */
static uint32_t beside(const struct world *world, size_t number) {
    const uint32_t first = world->others ? (uint32_t)(WORLD_NODE(world->others) - 1) : WORLD_NODES_ALL;
    return world->others && number >= world->others ? ~first : first;
}

static struct cluster_node node_at(const struct world *world, size_t number) {
    struct cluster_node node = {.id = id_of(world, number), .weight = 100};
    if (world->dual) node.addresses[node.address_count++] = world_bootnode_ipv6_at(number);
    node.addresses[node.address_count++] = world_bootnode_at(number);
    return node;
}

void world_cluster_open(struct world *world, size_t count, uint8_t replicas) {
    const struct node_key key = world->net->node.key;
    assert_int_equal(world->place_count, 1);
    assert_true(count >= 1 && count <= WORLD_BOOTNODES);
    world->clustered = true;
    net_enter_cluster(world->net, id_of(world, 0), replicas);
    for (size_t i = 1; i < count; i++) world_add_net(world, net_open_node(&key, id_of(world, i), replicas));
    world_cluster_views(world, WORLD_NODES_ALL);
}

void world_cluster_open_another(struct world *world, size_t count, uint8_t replicas) {
    assert_true(world->clustered && world->others == 0);
    world->others = world->place_count;
    struct net *first = world_add_bootnode(world);
    const struct node_key key = first->node.key;
    if (replicas > 0) net_enter_cluster(first, 1, replicas);
    for (size_t i = 1; i < count; i++) world_add_net(world, net_open_node(&key, (uint8_t)(i + 1), replicas));
    world_cluster_views(world, WORLD_NODES_ALL);
}

size_t world_cluster_add(struct world *world) {
    const size_t number = world->place_count;
    struct net *net = net_open_node(&world->net->node.key, id_of(world, number), world->net->identity.replicas);
    net->monotonic = world->now;
    world_add_net(world, net);
    world_cluster_view(world, number, WORLD_NODES_ALL);
    return number;
}

void world_cluster_view(struct world *world, size_t number, uint32_t nodes) {
    struct cluster_node view[WORLD_BOOTNODES];
    size_t count = 0;
    if (!world_net(world, number)->clustered) return;
    for (size_t i = 0; i < world->place_count; i++)
        if (nodes & beside(world, number) & WORLD_NODE(i)) view[count++] = node_at(world, i);
    net_set_view(world_net(world, number), view, count);
}

void world_cluster_views(struct world *world, uint32_t nodes) {
    for (size_t i = 0; i < world->place_count; i++) world_cluster_view(world, i, nodes);
}

void world_cluster_kill(struct world *world, size_t number) {
    world->places[number].down = true;
}

void world_cluster_revive(struct world *world, size_t number, uint32_t view) {
    net_restart(world_net(world, number), true);
    world->places[number].down = false;
    world_cluster_view(world, number, view);
}

void world_cluster_pause(struct world *world, size_t number) {
    world->places[number].paused = true;
}

void world_cluster_resume(struct world *world, size_t number) {
    world_resume(world, number);
}

uint32_t world_cluster_homes(const struct world *world, size_t number, const char *room) {
    const struct homes *homes = node_homes(&world_net(world, number)->node);
    struct room_keys keys;
    uint32_t set = 0;
    assert_true(room_keys_derive(room, NULL, 0, &keys));
    for (size_t i = 0; homes && i < world->place_count; i++)
        if (beside(world, number) & WORLD_NODE(i) && homes_has(homes, room_bucket(keys.set.tag), id_of(world, i)))
            set |= WORLD_NODE(i);
    return set;
}

uint32_t world_cluster_lists(const struct world *world, const struct person *person) {
    struct room_keys keys;
    uint32_t set = 0;
    assert_true(room_keys_derive(person->room, person->secret, person->secret ? strlen(person->secret) : 0, &keys));
    for (size_t i = 0; i < world->place_count; i++) {
        const struct room *room = net_room_of(world_net(world, i), keys.set.tag);
        if (room && room_find(room, person->id)) set |= WORLD_NODE(i);
    }
    return set;
}
