#include "bench/load/nodes.h"

#include <string.h>

#include "bench/load/wire.h"

#define SILENT_US 3000000

void nodes_init(struct nodes *nodes, size_t sockets) {
    memset(nodes, 0, sizeof *nodes);
    nodes->count = 1;
    nodes->sockets = sockets;
}

uint64_t nodes_all_missing_us(const struct nodes *nodes) {
    uint8_t first = nodes->count > 1 ? NODES_ENTRY + 1 : NODES_ENTRY;
    uint64_t least = UINT64_MAX;
    for (uint8_t i = first; i < nodes->count; i++)
        if (nodes->list[i].sign.missing_us < least) least = nodes->list[i].sign.missing_us;
    return least;
}

bool nodes_is_silent(const struct nodes *nodes, uint8_t node) {
    return nodes->list[node].sign.missing_us >= SILENT_US;
}

static const struct address *choose(const struct home *home, const struct address *like) {
    for (uint8_t i = 0; i < home->address_count; i++)
        if (address_is_ipv4(&home->addresses[i]) == address_is_ipv4(like)) return &home->addresses[i];
    return &home->addresses[0];
}

uint8_t nodes_learn(struct nodes *nodes, const struct home *home, const struct address *like, struct wire *wire,
                    struct why *why) {
    const struct address *address = choose(home, like);
    for (uint8_t i = NODES_ENTRY + 1; i < nodes->count; i++)
        if (nodes->list[i].id == home->node && address_equal(&nodes->list[i].address, address)) return i;
    if (nodes->count == NODES_MAX) {
        why_fail(why, "the cluster has more than %u nodes", NODES_MAX - 1);
        return NODES_NONE;
    }
    if (!wire_add_target(wire, address, why)) return NODES_NONE;
    uint8_t node = nodes->count++;
    nodes->list[node] = (struct node_entry){.id = home->node, .address = *address};
    return node;
}
