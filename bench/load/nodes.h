/* The bootnodes that a fleet talks to: the one that it was told of, which is number 0, and, where that is the entry of
 * a cluster, the nodes that it names. A node has as many sockets as the entry: those of number n follow those of number
 * n − 1. Whether each answers anybody is in here, too (lifesign.h). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/address.h"
#include "common/attributes.h"
#include "common/why.h"
#include "common/wire/homes.h"

struct wire;

#define NODES_MAX 64
#define NODES_ENTRY 0
#define NODES_NONE UINT8_MAX

/* Whether it answers anybody. */
struct lifesign {
    uint64_t stepped_us; /* when this was looked at last */
    uint64_t heard_us;   /* the last sign, as it was then */
    uint64_t missing_us; /* nothing came for so long */
    uint64_t asked_us;   /* when somebody was made to ask */
    bool nobody;         /* nobody was there to ask: of a cluster's node nothing is to be heard then */
};

struct node_entry {
    uint8_t id;             /* of the cluster's; the entry has none */
    struct address address; /* likewise */
    uint64_t heard_us;      /* something authentic came */
    uint64_t answered_us;   /* COOKIE or REFUSED came: they prove nothing, but somebody is there */
    uint64_t expected_us;   /* nothing is to be heard before that time */
    uint64_t sought_us;     /* when its members asked elsewhere because it is silent */
    struct lifesign sign;
    uint64_t sessions;               /* that were confirmed, and did not end */
    uint64_t registered, left, lost; /* sessions, since this was told last (node_facts.h) */
    uint64_t silent_us;              /* the longest time in which it answered nobody, since then */
};

struct nodes {
    struct node_entry list[NODES_MAX];
    uint8_t count;
    size_t sockets; /* of each */
};

/* The entry alone, with so many sockets. */
void nodes_init(struct nodes *nodes, size_t sockets);
static inline size_t nodes_socket(const struct nodes *nodes, uint8_t node, uint32_t place) {
    return node * nodes->sockets + place % nodes->sockets;
}
/* How long it is since any bootnode answered anybody, as far as it counts: the entry of a cluster has no sessions. */
uint64_t nodes_all_missing_us(const struct nodes *nodes);
/* And since this one did. */
static inline uint64_t nodes_missing_us(const struct nodes *nodes, uint8_t node) {
    return nodes->list[node].sign.missing_us;
}
/* It answered nobody for 3 s: its members ask elsewhere. */
bool nodes_is_silent(const struct nodes *nodes, uint8_t node);
/* Found, or added with sockets of the wire; of its addresses the first of the family that `like` has. One of the same
 * id at another address is another one. NODES_NONE with `why`. */
MUST_USE uint8_t nodes_learn(struct nodes *nodes, const struct home *home, const struct address *like,
                             struct wire *wire, struct why *why);
