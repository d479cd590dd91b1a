/* A bootnode in its cluster: what the settings say to cluster/cluster.h, and what that says to the node. Nothing of it
 * is there without a section [cluster]. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bootnode/cluster/cluster.h"
#include "bootnode/cluster/orders_keeper.h"
#include "bootnode/config.h"
#include "bootnode/keyring.h"
#include "bootnode/lame_duck.h"
#include "bootnode/liveness.h"
#include "bootnode/node.h"
#include "common/attributes.h"
#include "common/why.h"

/* A restart is nothing that the others have to know: clients are back before anything had moved. So leaving is
 * announced where it is for good, or where the operator lets it take longer than any restart does. */
#define CLUSTERING_DRAIN_MS (LAME_DUCK_MOST_MS + 1000)

struct clustering {
    struct cluster *cluster; /* NULL: there is none */
    struct node *node;
    bool drains;                 /* once, and then for good; the cluster's thread alone */
    struct orders_keeper orders; /* bans that all nodes have */
    uint64_t company;            /* of its last turn */
    struct liveness turned;      /* which it notes */
    uint64_t rooms_ms;           /* when they were counted, monotonic */
    uint32_t rooms;
    /* Of the homes that are published. */
    _Atomic uint32_t buckets; /* this node is a home of so many */
    atomic_bool nowhere;      /* no node lives that we know of */
};

/* Before the sandbox. True also where there is no section [cluster]; false with one line in `why`. clustering_close is
 * due either way. `clustering` is zeroed, the board is the caller's, and the keys are copied as far as needed. */
MUST_USE bool clustering_open(struct clustering *clustering, const struct bootnode_config *config,
                              const struct keyring *keys, struct board *board, struct why *why);
/* Before any worker serves: until the cluster's thread knows better, rooms live nowhere. The caller is a registered
 * reader, online. False without memory. */
MUST_USE bool clustering_enter(struct clustering *clustering, struct node *node);
/* 0 or a negative errno. */
MUST_USE int clustering_start(struct clustering *clustering);
/* Its thread is one of those that are to have their turns. Nothing where there is no cluster. */
void clustering_watch(const struct clustering *clustering, struct liveness_watch *watch);
/* Something that the others are to know changed. NULL: there is no cluster. */
void clustering_wake(struct clustering *clustering);
/* Ends the thread; before the node goes. The caller is offline. */
void clustering_close(struct clustering *clustering);
