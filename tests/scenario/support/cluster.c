#include "tests/scenario/support/cluster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "common/log.h"
#include "tests/scenario/support/repeatable.h"
#include "tests/scenario/support/trace.h"

int cluster_setup(void **state) {
    static const uint8_t seed[SEED_SIZE] = {7};
    assert_true(repeatable_begin());
    log_set_level(LOG_LEVEL_ERROR);
    rcu_reader_register();
    trace_test();
    (void)repeatable_seed(0);
    struct cluster *cluster = calloc(1, sizeof *cluster);
    assert_non_null(cluster);
    node_key_derive(seed, &cluster->key);
    *state = cluster;
    return 0;
}

void cluster_stop(struct cluster *cluster) {
    while (cluster->count > 0) net_close(cluster->nodes[--cluster->count]);
}

int cluster_teardown(void **state) {
    struct cluster *cluster = *state;
    cluster_stop(cluster);
    free(cluster);
    rcu_reader_unregister();
    return 0;
}

uint8_t cluster_id(size_t number) {
    return (uint8_t)(number + 1);
}

struct address cluster_address(size_t number) {
    return (struct address){.ip = {[10] = 0xff, 0xff, 203, 0, 113, cluster_id(number)}, .port = 9595};
}

static struct cluster_node node_at(const struct cluster *cluster, size_t number) {
    struct cluster_node node = {.id = cluster_id(number), .weight = 100, .registers = cluster->registers};
    node.addresses[node.address_count++] = cluster_address(number);
    if (cluster->dual)
        node.addresses[node.address_count++] =
            (struct address){.ip = {0x20, 0x01, 0x0d, 0xb8, [15] = cluster_id(number)}, .port = 9595};
    return node;
}

size_t cluster_add(struct cluster *cluster) {
    const size_t number = cluster->count++;
    assert_true(number < CLUSTER_MOST);
    struct net *net = net_open_node(&cluster->key, cluster_id(number), cluster->replicas);
    assert_non_null(net);
    if (number > 0) net_stand_still(net, cluster->nodes[0]->monotonic - net->monotonic);
    cluster->nodes[number] = net;
    return number;
}

void cluster_start(struct cluster *cluster, size_t count, uint8_t replicas) {
    cluster->replicas = replicas;
    while (cluster->count < count) (void)cluster_add(cluster);
    cluster_views(cluster, CLUSTER_ALL);
}

static size_t make_view(const struct cluster *cluster, uint32_t nodes, struct cluster_node view[static CLUSTER_MOST]) {
    size_t count = 0;
    for (size_t i = 0; i < cluster->count; i++)
        if (nodes >> i & 1) view[count++] = node_at(cluster, i);
    return count;
}

void cluster_view(struct cluster *cluster, size_t number, uint32_t nodes) {
    struct cluster_node view[CLUSTER_MOST];
    net_set_view(cluster->nodes[number], view, make_view(cluster, nodes, view));
}

void cluster_views(struct cluster *cluster, uint32_t nodes) {
    for (size_t i = 0; i < cluster->count; i++) cluster_view(cluster, i, nodes);
}

static uint32_t homes_of(const struct cluster *cluster, const struct homes *homes, const char *room) {
    struct rendezvous_client client;
    const struct address nowhere = {.port = 0};
    uint32_t set = 0;
    client_init(&client, room, 1, &nowhere);
    for (size_t i = 0; homes && i < cluster->count; i++)
        if (homes_has(homes, room_bucket(client.identity.room_tag), cluster_id(i))) set |= UINT32_C(1) << i;
    return set;
}

uint32_t cluster_homes(const struct cluster *cluster, size_t number, const char *room) {
    return homes_of(cluster, node_homes(&cluster->nodes[number]->node), room);
}

uint32_t cluster_homes_by(const struct cluster *cluster, uint32_t nodes, const char *room) {
    struct cluster_node view[CLUSTER_MOST];
    struct homes *homes = homes_make(&cluster->nodes[0]->identity, view, make_view(cluster, nodes, view), 0);
    assert_non_null(homes);
    const uint32_t set = homes_of(cluster, homes, room);
    homes_destroy(homes);
    return set;
}

const char *cluster_room(const struct cluster *cluster, uint32_t now, uint32_t then, uint32_t next, uint32_t later) {
    static char room[16];
    for (unsigned i = 0; i < 10000; i++) {
        snprintf(room, sizeof room, "moving%u", i);
        if (cluster_homes_by(cluster, now, room) == then && cluster_homes_by(cluster, next, room) == later) return room;
    }
    fail_msg("no such room");
    return NULL;
}

void cluster_run(struct cluster *cluster, uint64_t ms) {
    for (uint64_t run = 0; run < ms; run += NET_STEP_MS)
        for (size_t i = 0; i < cluster->count; i++) net_run(cluster->nodes[i], NET_STEP_MS);
}
