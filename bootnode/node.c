#include "bootnode/node.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "common/clock.h"

struct node_settings {
    struct bootnode_config config;
    struct rcu_head head;
};

static struct room_places places_of(const struct bootnode_config *config) {
    return room_places_of((uint32_t)config->room_members, (uint32_t)config->room_source_share, config->limit_loopback);
}

static struct shard *make_shard(struct node *node, const struct bootnode_config *config, size_t index, uint64_t now) {
    const struct shard_limits limits = {.expiry_ms = SESSION_EXPIRY_MS,
                                        .places = places_of(config),
                                        .sessions = (uint64_t)config->sessions,
                                        .live = &node->live_sessions,
                                        .sources = node->sources,
                                        .outside = &node->outside};
    struct shard *shard = aligned_alloc(64, (sizeof *shard + 63) / 64 * 64);
    if (!shard) return NULL;
    memset(shard, 0, sizeof *shard);
    if (shard_init(shard, node->node_id, (uint8_t)index, &limits, node->shard_hash_key, -1, now)) return shard;
    free(shard);
    return NULL;
}

static bool make_limits(struct node *node, const struct bootnode_config *config) {
    struct rate rates[RATE_KIND_COUNT];
    bootnode_config_rates(config, rates);
    node->limits = rate_limiter_create(rates, config->limit_loopback);
    if (config->sessions_per_source == 0) return node->limits != NULL;
    node->sources =
        source_count_create((uint32_t)config->sessions_per_source, (uint64_t)config->sessions, config->limit_loopback);
    return node->limits && node->sources;
}

static uint64_t on_wall_ms(void *context) {
    (void)context;
    return clock_wall_ms();
}

bool node_init(struct node *node, const struct bootnode_config *config, const struct node_key *key, size_t shard_count,
               uint64_t monotonic_ms) {
    memset(node, 0, sizeof *node);
    atomic_init(&node->config, config);
    pthread_mutex_init(&node->changing, NULL);
    pthread_mutex_init(&node->reconfiguring, NULL);
    node->started_ms = monotonic_ms;
    node->pauses.settled_ms = monotonic_ms;
    node->wall_ms = on_wall_ms;
    node->key = *key;
    memcpy(node->reset_key, key->reset_key, sizeof node->reset_key);
    node->node_id = (uint8_t)config->node_id;
    randombytes_buf(node->shard_hash_key, sizeof node->shard_hash_key);
    cookie_jar_init(&node->cookies);
    trace_init(&node->trace);
    endpoints_init(&node->endpoints);
    bool made = make_limits(node, config) && public_address_parse(config->public_address, &node->outside);
    while (made && node->shard_count < shard_count) {
        struct shard *shard = make_shard(node, config, node->shard_count, monotonic_ms);
        if (!shard) break;
        node->shards[node->shard_count++] = shard;
    }
    if (made && node->shard_count == shard_count) return true;
    node_destroy(node);
    return false;
}

void node_set_previous_keys(struct node *node, const struct node_key *keys, size_t count) {
    assert(count <= NODE_PREVIOUS_KEYS_MAX);
    if (count > 0) memcpy(node->previous, keys, count * sizeof *keys);
    node->previous_count = count;
    const struct node_key *oldest = node_key_at(node, (unsigned)count);
    memcpy(node->reset_key, oldest->reset_key, sizeof node->reset_key);
    if (node_is_clustered(node)) node_enter_cluster(node);
}

void node_enter_cluster(struct node *node) {
    uint8_t key[COOKIE_SHARED_KEY_SIZE];
    const struct node_key *oldest = node_key_at(node, (unsigned)node->previous_count);
    node_key_cookies(oldest, key);
    node_key_probes(oldest, node->probe_key);
    cookie_jar_share(&node->cookies, key);
    sodium_memzero(key, sizeof key);
}

void node_destroy(struct node *node) {
    while (node->shard_count > 0) {
        struct shard *shard = node->shards[--node->shard_count];
        shard_destroy(shard);
        free(shard);
    }
    assert(atomic_load_explicit(&node->live_sessions, memory_order_relaxed) == 0);
    access_destroy(node->access);
    assert(source_count_is_zero(node->sources));
    source_count_destroy(node->sources);
    rate_limiter_destroy(node->limits);
    endpoints_destroy(&node->endpoints);
    cookie_jar_destroy(&node->cookies);
    trace_destroy(&node->trace);
    node_key_wipe(&node->key);
    free(node->settings);
    homes_destroy((struct homes *)rcu_load(&node->homes));
    pthread_mutex_destroy(&node->reconfiguring);
    pthread_mutex_destroy(&node->changing);
}

/* --- Settings that change --- */

static void free_settings(struct rcu_head *head) {
    free(caa_container_of(head, struct node_settings, head));
}

void node_config_copy(struct node *node, struct bootnode_config *out) {
    pthread_mutex_lock(&node->changing);
    *out = *node_config(node);
    pthread_mutex_unlock(&node->changing);
}

bool node_suits(const struct node *node, const struct bootnode_config *config) {
    return source_count_suits(node->sources, (uint32_t)config->sessions_per_source, (uint64_t)config->sessions);
}

/* None of it can fail. */
static void change_limits(struct node *node, const struct bootnode_config *config) {
    const struct room_places places = places_of(config);
    struct rate rates[RATE_KIND_COUNT];
    bootnode_config_rates(config, rates);
    rate_limiter_change(node->limits, rates);
    if (node->sources) source_count_change(node->sources, (uint32_t)config->sessions_per_source);
    for (size_t i = 0; i < node->shard_count; i++)
        shard_change_limits(node->shards[i], &places, (uint64_t)config->sessions);
}

bool node_reconfigure(struct node *node, const struct bootnode_config *next) {
    struct node_settings *settings = malloc(sizeof *settings);
    if (!settings) return false;
    settings->config = *next;
    pthread_mutex_lock(&node->reconfiguring);
    change_limits(node, &settings->config);
    pthread_mutex_lock(&node->changing);
    struct node_settings *former = node->settings;
    rcu_publish(&node->config, &settings->config);
    node->settings = settings;
    pthread_mutex_unlock(&node->changing);
    pthread_mutex_unlock(&node->reconfiguring);
    if (former) rcu_reclaim(&former->head, free_settings);
    return true;
}

/* --- A cluster --- */

static void free_homes(struct rcu_head *head) {
    homes_destroy(caa_container_of(head, struct homes, head));
}

void node_set_homes(struct node *node, struct homes *homes) {
    struct homes *former = (struct homes *)rcu_load(&node->homes);
    homes_follow(homes, former, (uint32_t)(node->wall_ms(node->wall_context) / 1000));
    rcu_publish(&node->homes, homes);
    for (size_t i = 0; i < node->shard_count; i++)
        if (node->shards[i]->bell >= 0) (void)eventfd_write(node->shards[i]->bell, 1);
    if (former) rcu_reclaim(&former->head, free_homes);
}

struct node_moving node_moving(const struct node *node) {
    const struct homes *homes = node_homes(node);
    struct node_moving sum = {0};
    for (size_t i = 0; homes && i < node->shard_count; i++) {
        const struct shard_moving *moving = &node->shards[i]->moving;
        sum.waiting += atomic_load_explicit(&moving->seen, memory_order_acquire) != homes->number;
        sum.waiting += atomic_load_explicit(&moving->waiting, memory_order_relaxed);
        sum.told += atomic_load_explicit(&moving->told, memory_order_relaxed);
    }
    return sum;
}

/* --- Time and sessions --- */

uint64_t node_time(const struct node *node, uint64_t monotonic_ms) {
    return monotonic_ms - atomic_load_explicit(&node->pauses.paused_ms, memory_order_relaxed);
}

uint32_t node_second(const struct node *node, uint64_t monotonic_ms) {
    return (uint32_t)((monotonic_ms - node->started_ms) / 1000);
}

struct session *node_find_session(const struct node *node, uint64_t session_id) {
    struct session_name name = session_name_of(session_id);
    if (name.node != node->node_id || name.shard >= node->shard_count) return NULL;
    return slabs_find(&node->shards[name.shard]->slabs, name.slot, name.generation);
}

void node_prefetch_session(const struct node *node, uint64_t session_id, bool keys) {
    struct session_name name = session_name_of(session_id);
    if (name.shard < node->shard_count) slabs_prefetch(&node->shards[name.shard]->slabs, name.slot, keys);
}
