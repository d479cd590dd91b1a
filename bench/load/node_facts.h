/* What a row came to at each node of a cluster. Those of several fleets add up. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "bench/load/nodes.h"
#include "common/address.h"

struct node_fact {
    uint8_t id;
    struct address address;
    uint64_t sessions;               /* that live there */
    uint64_t registered, left, lost; /* in the fill and the row */
    uint64_t silent_ms;              /* the longest time in which it answered nobody; of several fleets, the longest */
};

/* By id; empty where there is no cluster. */
struct node_facts {
    struct node_fact list[NODES_MAX];
    size_t count;
};

/* What there was since it was taken last. */
void node_facts_look(struct node_facts *facts, const struct nodes *nodes);
/* The same, and the nodes begin anew. */
void node_facts_take(struct node_facts *facts, struct nodes *nodes);
/* Adds those of another fleet. */
void node_facts_merge(struct node_facts *into, const struct node_facts *from);
