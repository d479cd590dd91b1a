#include "bootnode/clustering.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bootnode/cluster/placement.h"
#include "common/clock.h"

#define ORDERS_A_TURN 16 /* messages: the board takes so many at once */

static void fill_keys(const struct keyring *keys, const char *cluster, struct seal_keys *out) {
    seal_keys_add(out, keys->present.seed, cluster);
    for (size_t i = 0; i < keys->previous_count; i++) seal_keys_add(out, keys->previous[i].seed, cluster);
}

static const struct node_key *oldest_of(const struct keyring *keys) {
    return keys->previous_count > 0 ? &keys->previous[keys->previous_count - 1] : &keys->present;
}

/* What is kept stands beside the view. */
static bool open_orders(struct clustering *clustering, const struct cluster_options *options, struct why *why) {
    char path[INI_TEXT_SIZE + sizeof ORDERS_FILE_SUFFIX];
    if (options->state_file) snprintf(path, sizeof path, "%s" ORDERS_FILE_SUFFIX, options->state_file);
    return orders_keeper_open(&clustering->orders, options->id, &options->keys, options->state_file ? path : NULL, why);
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
    node_key_probes(oldest_of(keys), options.probe_key);
    if (cluster_config_state_file(settings, state_file)) options.state_file = state_file;
    const bool opened = cluster_open(clustering->cluster, &options, why) && open_orders(clustering, &options, why);
    seal_keys_wipe(&options.keys);
    sodium_memzero(options.probe_key, sizeof options.probe_key);
    return opened;
}

bool clustering_enter(struct clustering *clustering, struct node *node) {
    clustering->node = node;
    if (!clustering->cluster) return true;
    node_enter_cluster(node);
    struct homes *nowhere = homes_make(&clustering->cluster->identity, NULL, 0, 0);
    atomic_store_explicit(&clustering->nowhere, true, memory_order_relaxed);
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

/* Where somebody does not give a shard's mutex back, the others' number is told. */
static uint32_t count_rooms(const struct node *node) {
    struct timespec deadline;
    uint64_t rooms = 0;
    (void)clock_gettime(CLOCK_MONOTONIC, &deadline);
    for (size_t i = 0; i < node->shard_count; i++) {
        if (!shard_lock_until(node->shards[i], &deadline)) continue;
        rooms += node->shards[i]->counters.rooms;
        pthread_mutex_unlock(&node->shards[i]->mutex);
    }
    return (uint32_t)rooms;
}

static void look_at_rooms(struct clustering *clustering) {
    const uint64_t now = clock_monotonic_ms();
    if (now < clustering->rooms_ms + CLUSTER_BEACON_MS) return;
    clustering->rooms_ms = now;
    clustering->rooms = count_rooms(clustering->node);
}

static void on_look(void *context, struct cluster_figures *out) {
    struct clustering *clustering = context;
    struct node *node = clustering->node;
    clustering->drains |= leaves(node);
    look_at_rooms(clustering);
    *out =
        (struct cluster_figures){.sessions = (uint32_t)atomic_load_explicit(&node->live_sessions, memory_order_relaxed),
                                 .rooms = clustering->rooms,
                                 .moving = (uint32_t)node_moving(node).waiting,
                                 .registrations = registrations_of(node),
                                 .weight = (uint16_t)node_config(node)->cluster.weight,
                                 .draining = clustering->drains};
}

static void on_publish(void *context, struct homes *homes) {
    struct clustering *clustering = context;
    unsigned buckets = 0;
    for (unsigned i = 0; i < BUCKETS; i++) buckets += homes_are_here(homes, (uint16_t)i);
    atomic_store_explicit(&clustering->buckets, buckets, memory_order_relaxed);
    atomic_store_explicit(&clustering->nowhere, homes->node_count == 0, memory_order_relaxed);
    node_set_homes(clustering->node, homes);
}

static void on_order(void *context, uint8_t id, const uint8_t *data, size_t size) {
    struct clustering *clustering = context;
    orders_keeper_hear(&clustering->orders, id, data, size);
}

static void on_turn(void *context, uint64_t company) {
    struct clustering *clustering = context;
    uint8_t message[ORDERS_MESSAGE_MAX];
    liveness_turn(&clustering->turned, clock_monotonic_ms());
    if (company != clustering->company) orders_keeper_repeat(&clustering->orders);
    clustering->company = company;
    orders_keeper_settle(&clustering->orders, clock_monotonic_ms(), clock_wall_ms());
    for (unsigned i = 0; i < ORDERS_A_TURN; i++) {
        const size_t size = orders_keeper_next(&clustering->orders, clock_monotonic_ms(), clock_wall_ms(), message);
        if (size == 0 || !cluster_order(clustering->cluster, message, size)) return;
    }
}

int clustering_start(struct clustering *clustering) {
    const struct cluster_host host = {
        .context = clustering, .look = on_look, .publish = on_publish, .take_order = on_order, .turn = on_turn};
    if (!clustering->cluster) return 0;
    orders_keeper_enter(&clustering->orders, clustering->node->access);
    return cluster_start(clustering->cluster, &host);
}

void clustering_watch(const struct clustering *clustering, struct liveness_watch *watch) {
    if (clustering->cluster) liveness_watch_add(watch, "cluster", &clustering->turned, -1);
}

void clustering_wake(struct clustering *clustering) {
    if (clustering && clustering->cluster) cluster_wake(clustering->cluster);
}

void clustering_close(struct clustering *clustering) {
    if (clustering->cluster) cluster_close(clustering->cluster);
    orders_keeper_close(&clustering->orders);
    free(clustering->cluster);
    clustering->cluster = NULL;
}
