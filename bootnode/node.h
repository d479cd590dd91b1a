/* What all workers share: keys, limits, shards. Made by the server (or a test) before any worker starts and constant
 * while they run, but for what says otherwise. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bootnode/cluster/homes.h"
#include "bootnode/cluster/move_pace.h"
#include "bootnode/cluster/probe_mark.h"
#include "bootnode/config.h"
#include "bootnode/guard/access.h"
#include "bootnode/guard/cookie.h"
#include "bootnode/guard/rate_limit.h"
#include "bootnode/guard/source_count.h"
#include "bootnode/guard/spread.h"
#include "bootnode/node_key.h"
#include "bootnode/outbox.h"
#include "bootnode/public_address.h"
#include "bootnode/stun_alternate.h"
#include "bootnode/table/shard.h"
#include "bootnode/trace.h"
#include "common/attributes.h"
#include "common/rcu.h"

#define NODE_SHARDS_MAX 256

/* A configuration that replaced another one. */
struct node_settings;

/* What a bootnode is about to do, as far as the operator has told. */
enum node_fate { NODE_SERVES, NODE_RESTARTS, NODE_ENDS };

struct node {
    _Atomic(const struct bootnode_config *) config; /* read with node_config or node_config_copy */
    struct node_settings *settings;                 /* where it was replaced; under `changing` */
    pthread_mutex_t changing;                       /* held by who replaces it, and by who copies it */
    pthread_mutex_t reconfiguring; /* one at a time; may be held for long, where a thread that hangs has a shard */
    struct node_key key;           /* what newcomers are shown */
    struct node_key previous[NODE_PREVIOUS_KEYS_MAX]; /* to who asks for them, the newest first */
    size_t previous_count;
    uint8_t reset_key[16]; /* of the oldest: a rotation, which adds a newer one, leaves living sessions their RESET */
    uint8_t probe_key[PROBE_MARK_KEY_SIZE]; /* of a cluster: its nodes' STUN requests are marked with it */
    struct cookie_jar cookies;              /* has its own synchronisation */
    struct rate_limiter *limits;            /* lock-free */
    struct source_count *sources;           /* lock-free; NULL: no cap */
    struct access *access;                  /* who is kept out; the node's to destroy. NULL: nobody */
    struct move_pace move_pace;             /* lock-free */
    _Atomic(const struct homes *) homes;    /* of the cluster that it is in; NULL: in none. Read with node_homes */
    struct endpoints endpoints;
    struct shard *shards[NODE_SHARDS_MAX];
    size_t shard_count;
    uint8_t node_id;
    struct stun_alternate stun;
    struct address bound[BOOTNODE_LISTENERS_MAX]; /* by listener; all addresses: each packet says to which it came */
    struct public_addresses outside;
    struct trace trace;  /* whose packets are followed; has its own synchronisation */
    uint64_t started_ms; /* monotonic */
    /* What clients are told for the time, ms since 1970: the machine's, unless who made the node has another. */
    uint64_t (*wall_ms)(void *context);
    void *wall_context;
    uint8_t shard_hash_key[16];
    _Atomic enum node_fate fate; /* read with node_fate */
    _Atomic uint64_t leaves_ms;  /* server clock: until then, it serves those who are here, whatever its fate */
    struct pauses pauses;        /* which move every deadline */
    bool steered;                /* a session's packets come to the worker that owns its shard */
    /* What registrations write, apart from what every packet reads. */
    struct spread spread;           /* how long COOKIE asks newcomers to wait */
    _Atomic uint64_t live_sessions; /* of all shards: a room's place does not depend on how the rooms fell */
};

/* Makes the shards, the limits and the cookie jar; `config` must outlive the node, also where another replaces it. The
 * shards' bells are -1: whoever starts workers sets them. False without memory. */
MUST_USE bool node_init(struct node *node, const struct bootnode_config *config, const struct node_key *key,
                        size_t shard_count, uint64_t monotonic_ms);
/* Keys that it had before `key`, the newest first; up to NODE_PREVIOUS_KEYS_MAX. Before any worker starts. */
void node_set_previous_keys(struct node *node, const struct node_key *keys, size_t count);
/* From now on it is a node of a cluster, whose nodes all have its keys: each takes the cookies of any of them, and
 * knows their STUN requests. The secrets are the oldest key's, as that of RESET is. Before any worker starts. */
void node_enter_cluster(struct node *node);
/* Whether it is; where its rooms live it may not know yet. */
static inline bool node_is_clustered(const struct node *node) {
    return node->cookies.shared;
}
/* The key that a cookie is for: 0 is the present one. NULL: there is no such key. */
static inline const struct node_key *node_key_at(const struct node *node, unsigned index) {
    if (index == 0) return &node->key;
    return index <= node->previous_count ? &node->previous[index - 1] : NULL;
}
/* No reader and no worker may be left. Wipes the keys. */
void node_destroy(struct node *node);

/* The settings in use, for readers of RCU that are online, until their next quiescent state. */
static inline const struct bootnode_config *node_config(const struct node *node) {
    return rcu_load(&node->config);
}
/* The same for everybody else. */
void node_config_copy(struct node *node, struct bootnode_config *out);
/* Whether the tables were made for such settings: a cap of sessions_per_source that is much lower, or sessions that are
 * many more, need larger ones. */
MUST_USE bool node_suits(const struct node *node, const struct bootnode_config *config);
/* From now on these settings hold (a copy of them is made): rates, caps, places in rooms, and what handlers read. Who
 * is here stays. What is read at the start alone (ini_key.restart) must be as it was. The caller is a registered
 * reader, online, and holds no shard. False without memory: then nothing changed. */
MUST_USE bool node_reconfigure(struct node *node, const struct bootnode_config *next);

/* Where rooms live, for readers of RCU that are online, until their next quiescent state. NULL: here, all of them. */
static inline const struct homes *node_homes(const struct node *node) {
    return rcu_load(&node->homes);
}
/* From now on they live there, and who was told otherwise will be told; the former ones are freed when nobody reads
 * them any more. Gives the stamps. The caller is a registered reader, online, and the only one who sets them. */
void node_set_homes(struct node *node, struct homes *homes);
/* Is it a node of a cluster that knows of no node that lives, itself neither? Any reader of RCU. */
static inline bool node_is_lost(const struct node *node) {
    const struct homes *homes = node_homes(node);
    return node_is_clustered(node) && (!homes || homes->ranked_count == 0);
}
/* How many sessions have to be told that their rooms have other homes, as far as is known; and those that were, and are
 * not done with that. A reader of RCU. */
struct node_moving {
    uint64_t waiting, told;
};
struct node_moving node_moving(const struct node *node);

/* Any thread. Nothing else hangs on it, so it may be seen a moment late. */
static inline enum node_fate node_fate(const struct node *node) {
    return atomic_load_explicit(&node->fate, memory_order_relaxed);
}

/* From now on nobody is let in. Sessions are served until `leaves_ms`, and are then told what comes; a later call moves
 * that time, or changes the fate. */
static inline void node_leave(struct node *node, enum node_fate fate, uint64_t leaves_ms) {
    atomic_store_explicit(&node->leaves_ms, leaves_ms, memory_order_relaxed);
    atomic_store_explicit(&node->fate, fate, memory_order_release);
}
/* Is it time to tell the sessions? */
static inline bool node_has_left(const struct node *node, uint64_t now) {
    return atomic_load_explicit(&node->fate, memory_order_acquire) != NODE_SERVES &&
           now >= atomic_load_explicit(&node->leaves_ms, memory_order_relaxed);
}

/* Milliseconds of the server clock for a monotonic time. */
uint64_t node_time(const struct node *node, uint64_t monotonic_ms);
/* Seconds since the start, for cookies: pauses count, so that it never goes back. */
uint32_t node_second(const struct node *node, uint64_t monotonic_ms);
/* The live session with this id on this node, inside a read-side section; NULL otherwise. */
struct session *node_find_session(const struct node *node, uint64_t session_id);
/* The shard of a session that was found. */
static inline struct shard *node_shard_of(const struct node *node, uint64_t session_id) {
    return node->shards[session_name_of(session_id).shard];
}
/* The same reader starts bringing what such a look-up will touch into the cache, with `keys` what an
 * answer needs, too. */
void node_prefetch_session(const struct node *node, uint64_t session_id, bool keys);
