#include "bench/load/node_facts.h"

#include <string.h>

/* The node's, in its place; NULL when there are too many. */
static struct node_fact *find(struct node_facts *facts, uint8_t id, const struct address *address) {
    size_t at = 0;
    while (at < facts->count && facts->list[at].id < id) at++;
    for (; at < facts->count && facts->list[at].id == id; at++)
        if (address_equal(&facts->list[at].address, address)) return &facts->list[at];
    if (facts->count == NODES_MAX) return NULL;
    memmove(&facts->list[at + 1], &facts->list[at], (facts->count - at) * sizeof facts->list[at]);
    facts->count++;
    facts->list[at] = (struct node_fact){.id = id, .address = *address};
    return &facts->list[at];
}

static void add(struct node_facts *into, const struct node_fact *from) {
    struct node_fact *fact = find(into, from->id, &from->address);
    if (!fact) return;
    fact->sessions += from->sessions;
    fact->registered += from->registered;
    fact->left += from->left;
    fact->lost += from->lost;
    if (from->silent_ms > fact->silent_ms) fact->silent_ms = from->silent_ms;
}

void node_facts_look(struct node_facts *facts, const struct nodes *nodes) {
    facts->count = 0;
    for (uint8_t i = NODES_ENTRY + 1; i < nodes->count; i++) {
        const struct node_entry *node = &nodes->list[i];
        add(facts, &(struct node_fact){.id = node->id,
                                       .address = node->address,
                                       .sessions = node->sessions,
                                       .registered = node->registered,
                                       .left = node->left,
                                       .lost = node->lost,
                                       .silent_ms = node->silent_us / 1000});
    }
}

void node_facts_take(struct node_facts *facts, struct nodes *nodes) {
    node_facts_look(facts, nodes);
    for (uint8_t i = 0; i < nodes->count; i++) {
        struct node_entry *node = &nodes->list[i];
        node->registered = node->left = node->lost = node->silent_us = 0;
    }
}

void node_facts_merge(struct node_facts *into, const struct node_facts *from) {
    for (size_t i = 0; i < from->count; i++) add(into, &from->list[i]);
}
