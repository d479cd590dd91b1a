/* Where the rooms of a cluster live, as one node believes: for each bucket (room_bucket in common/names.h) the nodes by
 * rank, of which the first `replicas` are its homes. A snapshot: made from one view, never changed, read by every
 * worker under RCU (node->homes), replaced as a whole. PROTOCOL.md §2.6.
 *
 * Invariant: equal views give equal homes, whoever makes them and in whichever order the nodes are given; and two views
 * that differ in fewer than `replicas` nodes, and have one in common, share a home of every bucket. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bootnode/cluster/placement.h"
#include "common/attributes.h"
#include "common/names.h"
#include "common/rcu.h"
#include "common/wire/homes.h"

#define CLUSTER_NODES_MAX 256 /* by their ids, a byte of each session id */
#define CLUSTER_WEIGHT_MAX 1000

/* A set of nodes. */
struct cluster_set {
    uint64_t words[CLUSTER_NODES_MAX / 64];
};
static inline void cluster_set_add(struct cluster_set *set, uint8_t id) {
    set->words[id / 64] |= UINT64_C(1) << id % 64;
}
static inline bool cluster_set_has(const struct cluster_set *set, uint8_t id) {
    return set->words[id / 64] >> id % 64 & 1;
}

/* A node of a view. */
struct cluster_node {
    uint8_t id;
    uint16_t weight;       /* 1 … CLUSTER_WEIGHT_MAX */
    uint32_t registers;    /* that it can take a second; 0: unknown */
    uint8_t address_count; /* 1 … HOME_ADDRESSES_MAX, one a family: where clients reach it */
    struct address addresses[HOME_ADDRESSES_MAX];
};

/* What a cluster has in common, and who we are in it. */
struct cluster_identity {
    uint8_t placement_key[PLACEMENT_KEY_SIZE]; /* from the cluster's name: placement_key */
    uint8_t replicas;                          /* 1 … HOMES_MAX */
    uint8_t own_id;
};

struct homes {
    struct rcu_head head;
    uint64_t number; /* rises with each one that is made in a run */
    uint8_t replicas, own_id;
    bool serves;          /* are we in the view ourselves? Else nothing has its home here */
    uint8_t ranked_count; /* nodes that are ranked for each bucket: HOMES_MAX, or as many as live */
    uint8_t ranked[BUCKETS][HOMES_MAX];
    /* Of each bucket: which homes these are, among those that it had; and since which second of the wall clock it has
     * them. Whoever was told others has to be told (moving.h). */
    uint16_t stamps[BUCKETS];
    uint32_t since_s[BUCKETS];
    uint64_t moves;                        /* rises where a stamp is another one than before */
    uint32_t registers[CLUSTER_NODES_MAX]; /* that each node can take a second; 0: unknown */
    struct home nodes[CLUSTER_NODES_MAX];  /* by id; address_count 0: not in the view */
    struct cluster_set aside;              /* nodes that are alive and not in the view: they drain, say */
    size_t node_count;
};

/* From a view of at most CLUSTER_NODES_MAX nodes with different ids; none is a view, too. NULL without memory. The
 * caller frees it with homes_destroy, unless it was published: then node_set_homes does. */
MUST_USE struct homes *homes_make(const struct cluster_identity *identity, const struct cluster_node *nodes,
                                  size_t count, uint64_t number);
void homes_destroy(struct homes *homes);
/* These come after those (NULL: after none), at a second of the wall clock: gives the stamps. A bucket has another one
 * where its homes or their addresses are others; where nobody lives, nobody can be sent there, and it keeps its own. */
void homes_follow(struct homes *homes, const struct homes *former, uint32_t wall_s);
bool homes_holds(const struct homes *homes);

/* So many of the ranked ones are homes. */
static inline unsigned homes_count(const struct homes *homes) {
    return homes->ranked_count < homes->replicas ? homes->ranked_count : homes->replicas;
}
/* Is that node a home of the bucket? */
bool homes_has(const struct homes *homes, uint16_t bucket, uint8_t id);
/* Are we? */
static inline bool homes_are_here(const struct homes *homes, uint16_t bucket) {
    return homes->serves && homes_has(homes, bucket, homes->own_id);
}
/* Do both have the same homes for the bucket, in whichever order? */
bool homes_agree(const struct homes *a, const struct homes *b, uint16_t bucket);
/* What a client is told; `count` is 0 where nobody lives, and then there is nothing to be said. */
void homes_name(const struct homes *homes, uint16_t bucket, struct named_homes *out);
