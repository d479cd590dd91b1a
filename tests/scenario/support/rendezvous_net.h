/* A bootnode without threads or sockets, its clients, and the network between them, on a time of their own. One packet
 * takes NET_DELAY_MS; what happens in one run happens in every run with the same seed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bootnode/announce.h"
#include "bootnode/dispatch.h"
#include "bootnode/moving.h"
#include "bootnode/reaper.h"
#include "tests/scenario/support/rendezvous_client.h"

#define NET_CLIENTS 32
#define NET_SHARDS 2
#define NET_DELAY_MS 10
#define NET_STEP_MS 5
#define NET_WALL_MS UINT64_C(1700000000000) /* since 1970, when the net's time was 0 */

struct flying {
    struct flying *next;
    uint64_t arrives;
    bool to_server;
    struct address peer;  /* the client's end */
    struct address local; /* the bootnode's, all zero: any */
    size_t size;
    uint8_t data[PACKET_MAX];
};

struct net {
    struct bootnode_config config;
    struct node node;
    struct worker_counters counters;
    struct context context;
    struct announcer *announcer;
    struct moving moving[NET_SHARDS];
    struct reaper reaper;
    uint64_t monotonic;     /* of all, ms */
    int64_t clock_ahead_ms; /* the bootnode's clock on the wall is wrong by so much */
    uint64_t reaped;
    uint64_t freed; /* sessions, as far as their slots are known to have come back */
    struct rendezvous_client clients[NET_CLIENTS];
    size_t client_count;
    struct flying *first, **end;
    struct address local; /* which of the bootnode's addresses packets go to, all zero: any */
    unsigned loss;        /* percent, each way */
    uint64_t random;
    /* A test's own view of every packet; false loses it. */
    bool (*watch)(struct net *net, const struct flying *packet);
    void *watching;
    bool of_world;  /* which traces its own packets */
    bool clustered; /* a node of a cluster, */
    struct cluster_identity identity;
    uint64_t views;               /* that it had */
    struct cluster_set aside;     /* nodes that it hears and that are not in the next one */
    uint64_t bytes_in, bytes_out; /* at the bootnode */
};

/* For cmocka: makes `*state` a net with rate limits off and deterministic randomness, and back. */
int net_setup(void **state);
int net_teardown(void **state);
/* The setup with this seed of the randomness, unless WORLD_SEED in the environment says another. Returns the seed. */
unsigned net_setup_seeded(void **state, unsigned seed);
/* A further one, between the two, on the same time. */
struct net *net_open(void);
/* The same, a node of a cluster: with its key, and an id of its own. It knows no other nodes, and not itself. */
struct net *net_open_node(const struct node_key *key, uint8_t id, uint8_t replicas);
void net_close(struct net *net);
/* A bootnode that stood alone becomes such a node; all that it had is forgotten. */
void net_enter_cluster(struct net *net, uint8_t id, uint8_t replicas);
/* What it believes of the cluster from now on. */
void net_set_view(struct net *net, const struct cluster_node *nodes, size_t count);

/* The bootnode forgets everything but its key, or its key, too. */
void net_restart(struct net *net, bool same_key);
/* The same with these keys, the previous ones with the newest first. */
void net_restart_with(struct net *net, const struct node_key *key, const struct node_key *previous, size_t count);
/* The same with a new key: the one that it had is a previous one. */
void net_rotate_key(struct net *net);
/* The clients are gone, and so is what was on its way. */
void net_forget_clients(struct net *net);
/* Adds a client at 192.0.2.NUMBER:4000 and starts it. */
struct rendezvous_client *net_join(struct net *net, const char *room, uint32_t number);
struct rendezvous_client *net_join_at(struct net *net, const char *room, uint32_t number,
                                      const struct address *address);
/* Lets time pass. */
void net_run(struct net *net, uint64_t ms);
/* Until it is so; false when it was not within `ms`. */
bool net_run_until(struct net *net, bool (*so)(struct net *net), uint64_t ms);
/* Time passes for all but the bootnode, which is stopped as by SIGSTOP. */
void net_stand_still(struct net *net, uint64_t ms);
/* Hands a packet to the bootnode now, past the network. */
void net_inject(struct net *net, const struct address *from, const uint8_t *packet, size_t size);
struct address net_address(uint32_t number);

const struct room *net_room_of(const struct net *net, const uint8_t tag[static ROOM_TAG_SIZE]);
const struct room *net_room(const struct net *net, const struct rendezvous_client *client);
/* This client sees its room exactly as the bootnode has it, */
bool net_agrees(const struct net *net, const struct rendezvous_client *client);
/* and so do all that did not leave. */
bool net_agreed(struct net *net);
struct shard_counters net_totals(const struct net *net);
