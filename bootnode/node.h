/* What all workers share: keys, limits, shards. Made by the server (or a test) before any worker starts and constant
 * while they run, but for what says otherwise. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bootnode/config.h"
#include "bootnode/guard/cookie.h"
#include "bootnode/guard/rate_limit.h"
#include "bootnode/guard/source_count.h"
#include "bootnode/guard/spread.h"
#include "bootnode/node_key.h"
#include "bootnode/outbox.h"
#include "bootnode/public_address.h"
#include "bootnode/stun_alternate.h"
#include "bootnode/table/shard.h"
#include "common/attributes.h"

#define NODE_SHARDS_MAX 256

/* What a bootnode is about to do, as far as the operator has told. */
enum node_fate { NODE_SERVES, NODE_RESTARTS, NODE_ENDS };

struct node {
    const struct bootnode_config *config;
    struct node_key key;          /* Noise static key pair, reset key */
    struct cookie_jar cookies;    /* has its own synchronisation */
    struct rate_limiter *limits;  /* lock-free */
    struct source_count *sources; /* lock-free; NULL: no cap */
    struct endpoints endpoints;
    struct shard *shards[NODE_SHARDS_MAX];
    size_t shard_count;
    uint8_t node_id;
    struct stun_alternate stun;
    struct address bound[BOOTNODE_LISTENERS_MAX]; /* by listener; all addresses: each packet says to which it came */
    struct public_addresses outside;
    uint64_t started_ms; /* monotonic */
    /* What clients are told for the time, ms since 1970: the machine's, unless who made the node has another. */
    uint64_t (*wall_ms)(void *context);
    void *wall_context;
    uint8_t shard_hash_key[16];
    _Atomic enum node_fate fate; /* read with node_fate */
    struct pauses pauses;        /* which move every deadline */
    bool steered;                /* a session's packets come to the worker that owns its shard */
    /* What registrations write, apart from what every packet reads. */
    struct spread spread;           /* how long COOKIE asks newcomers to wait */
    _Atomic uint64_t live_sessions; /* of all shards: a room's place does not depend on how the rooms fell */
};

/* Makes the shards, the limits and the cookie jar; `config` must outlive the node. The shards' bells are -1:
 * whoever starts workers sets them. False without memory. */
MUST_USE bool node_init(struct node *node, const struct bootnode_config *config, const struct node_key *key,
                        size_t shard_count, uint64_t monotonic_ms);
/* No reader and no worker may be left. Wipes the keys. */
void node_destroy(struct node *node);

/* Any thread. Nothing else hangs on it, so it may be seen a moment late. */
static inline enum node_fate node_fate(const struct node *node) {
    return atomic_load_explicit(&node->fate, memory_order_relaxed);
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
