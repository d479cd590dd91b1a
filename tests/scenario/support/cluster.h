/* Nodes of a cluster (rendezvous_net.h) on one time, without a network between them: what each believes of the others
 * is what a test says. Node `number` has the id number + 1. A client that registers with several nodes is one client at
 * each (net_join), with the same number. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/scenario/support/rendezvous_net.h"

#define CLUSTER_MOST 12
#define CLUSTER_ALL UINT32_MAX

struct cluster {
    struct net *nodes[CLUSTER_MOST];
    size_t count;
    struct node_key key;
    uint8_t replicas;
    bool dual;          /* nodes have an address of each family */
    uint32_t registers; /* that each can take a second; 0: unknown */
};

/* For cmocka: `*state` is a cluster without nodes. */
int cluster_setup(void **state);
int cluster_teardown(void **state);
/* So many nodes that know each other. */
void cluster_start(struct cluster *cluster, size_t count, uint8_t replicas);
/* All are gone, and may be started anew. */
void cluster_stop(struct cluster *cluster);
/* One more, which knows nobody. Returns its number. */
size_t cluster_add(struct cluster *cluster);
uint8_t cluster_id(size_t number);
struct address cluster_address(size_t number);
/* From now on this node believes that those live (a set), */
void cluster_view(struct cluster *cluster, size_t number, uint32_t nodes);
/* or all do. */
void cluster_views(struct cluster *cluster, uint32_t nodes);
/* The room's homes, as this node believes: a set. The room is that of net_join. */
uint32_t cluster_homes(const struct cluster *cluster, size_t number, const char *room);
/* The same where those nodes live. */
uint32_t cluster_homes_by(const struct cluster *cluster, uint32_t nodes, const char *room);
/* A room that has the homes `then` where `now` live, and `later` where `next` do. Valid until the next call. */
const char *cluster_room(const struct cluster *cluster, uint32_t now, uint32_t then, uint32_t next, uint32_t later);
void cluster_run(struct cluster *cluster, uint64_t ms);
