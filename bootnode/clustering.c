#include "bootnode/clustering.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bootnode/cluster/placement.h"
#include "common/clock.h"

static void fill_keys(const struct keyring *keys, const char *cluster, struct seal_keys *out) {
    seal_keys_add(out, keys->present.seed, cluster);
    for (size_t i = 0; i < keys->previous_count; i++) seal_keys_add(out, keys->previous[i].seed, cluster);
}

bool clustering_open(struct clustering *clustering, const struct bootnode_config *config, const struct keyring *keys,
                     struct board *board, struct why *why) {
    const struct cluster_config *settings = &config->cluster;
    char state_file[INI_TEXT_SIZE];
    if (!cluster_config_on(settings)) return true;
    struct cluster_options options = {.name = settings->name,
                                      .id = (uint8_t)config->node_id,
                                      .replicas = (uint8_t)settings->replicas,
                                      .board = board,
                                      .address_count = (uint8_t)settings->addresses.count};
    clustering->cluster = calloc(1, sizeof *clustering->cluster);
    if (!clustering->cluster) return why_fail(why, "cluster: %s", strerror(ENOMEM));
    memcpy(options.addresses, settings->addresses.items, settings->addresses.count * sizeof *options.addresses);
    placement_key(settings->name, options.placement_key);
    fill_keys(keys, settings->name, &options.keys);
    if (cluster_config_state_file(settings, state_file)) options.state_file = state_file;
    const bool opened = cluster_open(clustering->cluster, &options, why);
    seal_keys_wipe(&options.keys);
    return opened;
}

bool clustering_enter(struct clustering *clustering, struct node *node) {
    clustering->node = node;
    if (!clustering->cluster) return true;
    node_enter_cluster(node);
    struct homes *nowhere = homes_make(&clustering->cluster->identity, NULL, 0, 0);
    if (nowhere) node_set_homes(node, nowhere);
    return nowhere != NULL;
}

/* --- What the cluster's thread asks for --- */

static bool leaves(const struct node *node) {
    const uint64_t now = node_time(node, clock_monotonic_ms());
    const uint64_t until = atomic_load_explicit(&node->leaves_ms, memory_order_relaxed);
    const enum node_fate fate = node_fate(node);
    return fate == NODE_ENDS || (fate == NODE_RESTARTS && until >= now + CLUSTERING_DRAIN_MS);
}

/* So many keep the workers busy for a second. */
static uint32_t registrations_of(const struct node *node) {
    const uint32_t cost = atomic_load_explicit(&node->spread.cost_ns, memory_order_relaxed);
    const uint64_t each = 2 * (cost > 0 ? cost : SPREAD_COST_NS);
    return (uint32_t)(1000000000 * node->shard_count / each);
}

static void on_look(void *context, struct cluster_figures *out) {
    struct clustering *clustering = context;
    struct node *node = clustering->node;
    clustering->drains |= leaves(node);
    *out =
        (struct cluster_figures){.sessions = (uint32_t)atomic_load_explicit(&node->live_sessions, memory_order_relaxed),
                                 .moving = (uint32_t)node_moving(node).waiting,
                                 .registrations = registrations_of(node),
                                 .weight = (uint16_t)node_config(node)->cluster.weight,
                                 .draining = clustering->drains};
}

static void on_publish(void *context, struct homes *homes) {
    struct clustering *clustering = context;
    node_set_homes(clustering->node, homes);
}

int clustering_start(struct clustering *clustering) {
    const struct cluster_host host = {.context = clustering, .look = on_look, .publish = on_publish};
    return clustering->cluster ? cluster_start(clustering->cluster, &host) : 0;
}

void clustering_close(struct clustering *clustering) {
    if (clustering->cluster) cluster_close(clustering->cluster);
    free(clustering->cluster);
    clustering->cluster = NULL;
}
