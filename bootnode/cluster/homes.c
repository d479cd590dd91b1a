#include "bootnode/cluster/homes.h"

#include <stdlib.h>
#include <string.h>

#include "bootnode/cluster/placement.h"
#include "common/holds.h"

static void take_node(struct homes *homes, const struct cluster_node *node) {
    struct home *home = &homes->nodes[node->id];
    home->node = node->id;
    home->address_count = node->address_count;
    memcpy(home->addresses, node->addresses, sizeof home->addresses);
    homes->serves |= node->id == homes->own_id;
    homes->registers[node->id] = node->registers;
}

static void rank_all(struct homes *homes, const struct cluster_identity *identity, const struct cluster_node *nodes,
                     size_t count) {
    struct placement_node weighed[CLUSTER_NODES_MAX];
    for (size_t i = 0; i < count; i++)
        weighed[i] = (struct placement_node){.id = nodes[i].id, .weight = nodes[i].weight};
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++)
        (void)placement_rank(identity->placement_key, bucket, weighed, count, homes->ranked_count,
                             homes->ranked[bucket]);
}

struct homes *homes_make(const struct cluster_identity *identity, const struct cluster_node *nodes, size_t count,
                         uint64_t number) {
    struct homes *homes = calloc(1, sizeof *homes);
    if (!homes) return NULL;
    homes->number = number;
    homes->replicas = identity->replicas;
    homes->own_id = identity->own_id;
    homes->node_count = count;
    homes->ranked_count = (uint8_t)(count < HOMES_MAX ? count : HOMES_MAX);
    for (size_t i = 0; i < count; i++) take_node(homes, &nodes[i]);
    rank_all(homes, identity, nodes, count);
    HOLDS(homes_holds(homes));
    return homes;
}

static bool addresses_agree(const struct home *a, const struct home *b) {
    if (a->address_count != b->address_count) return false;
    for (unsigned i = 0; i < a->address_count; i++)
        if (!address_equal(&a->addresses[i], &b->addresses[i])) return false;
    return true;
}

/* Would a client that was told the former ones find these? */
static bool leads_there(const struct homes *homes, const struct homes *former, uint16_t bucket) {
    if (!homes_agree(homes, former, bucket)) return false;
    for (unsigned i = 0; i < homes_count(homes); i++) {
        const uint8_t id = homes->ranked[bucket][i];
        if (!addresses_agree(&homes->nodes[id], &former->nodes[id])) return false;
    }
    return true;
}

void homes_follow(struct homes *homes, const struct homes *former, uint32_t wall_s) {
    bool moves = false;
    if (!former) return;
    for (unsigned i = 0; i < BUCKETS; i++) {
        const bool same = homes->ranked_count == 0 || leads_there(homes, former, (uint16_t)i);
        homes->stamps[i] = (uint16_t)(former->stamps[i] + !same);
        homes->since_s[i] = same ? former->since_s[i] : wall_s;
        moves |= !same;
    }
    homes->moves = former->moves + moves;
}

void homes_destroy(struct homes *homes) {
    free(homes);
}

bool homes_holds(const struct homes *homes) {
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++)
        for (unsigned i = 0; i < homes->ranked_count; i++) {
            if (homes->nodes[homes->ranked[bucket][i]].address_count == 0) return false;
            for (unsigned j = 0; j < i; j++)
                if (homes->ranked[bucket][i] == homes->ranked[bucket][j]) return false;
        }
    return true;
}

bool homes_has(const struct homes *homes, uint16_t bucket, uint8_t id) {
    for (unsigned i = 0; i < homes_count(homes); i++)
        if (homes->ranked[bucket][i] == id) return true;
    return false;
}

bool homes_agree(const struct homes *a, const struct homes *b, uint16_t bucket) {
    if (homes_count(a) != homes_count(b)) return false;
    for (unsigned i = 0; i < homes_count(a); i++)
        if (!homes_has(b, bucket, a->ranked[bucket][i])) return false;
    return true;
}

void homes_name(const struct homes *homes, uint16_t bucket, struct named_homes *out) {
    *out = (struct named_homes){.replicas = homes->replicas, .count = homes->ranked_count, .node = homes->own_id};
    for (unsigned i = 0; i < out->count; i++) out->list[i] = homes->nodes[homes->ranked[bucket][i]];
}
