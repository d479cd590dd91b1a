/* The cluster's thread: it says each second that we live, hears who else does (view.h), asks by STUN (probe.h), and
 * publishes where the rooms live whenever that changes (homes.h).
 *
 * It takes a quarter of a processor at most, whatever comes.
 *
 * All that it knows is under one mutex, which is held for a turn of it at most; nobody but this thread waits for the
 * board or for a socket. The view goes into a file each second, so that a restart that takes less than VIEW_ALIVE_MS
 * changes nothing for anybody.
 *
 * Invariant: nobody but this thread waits for the disk. What is kept is noted under the mutex; it is written when that
 * is given back, when the new homes are published and the beacon is out, and while the thread is no reader of RCU. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bootnode/cluster/beacon.h"
#include "bootnode/cluster/board.h"
#include "bootnode/cluster/cluster_status.h"
#include "bootnode/cluster/homes.h"
#include "bootnode/cluster/probe.h"
#include "bootnode/cluster/probe_mark.h"
#include "bootnode/cluster/view.h"
#include "bootnode/cluster/view_file.h"
#include "common/attributes.h"
#include "common/thread.h"
#include "common/udp.h"
#include "common/why.h"

#define CLUSTER_BEACON_MS 1000
#define CLUSTER_TURN_MS 250   /* how often it is looked who lives, at least */
#define CLUSTER_PAUSE_MS 2000 /* a turn that is so late means that we were stopped, and heard nobody */

/* What a node says of itself besides. */
struct cluster_figures {
    uint32_t sessions, rooms, moving, registrations; /* as beacon.h has them */
    uint16_t weight;
    bool draining;
};

/* What the owner does for it, in the cluster's thread, which is a reader of RCU and online. */
struct cluster_host {
    void *context;
    void (*look)(void *context, struct cluster_figures *out);
    /* Takes the homes, which are the owner's from now on. */
    void (*publish)(void *context, struct homes *homes);
    /* A message that another node hung under gochat.NAME.orders.ID; NULL: nobody wants them. */
    void (*take_order)(void *context, uint8_t id, const uint8_t *data, size_t size);
    /* At the end of each turn, without the mutex; NULL: nothing is to be done. `company` changes when somebody may have
     * come who heard nothing of us: a run of a node that we had not heard, or the board. */
    void (*turn)(void *context, uint64_t company);
};

struct cluster_options {
    const char *name; /* of the cluster; copied */
    uint8_t id, replicas;
    uint8_t placement_key[PLACEMENT_KEY_SIZE];
    uint8_t address_count;
    struct address addresses[HOME_ADDRESSES_MAX]; /* ours, as clients reach us */
    struct seal_keys keys;
    uint8_t probe_key[PROBE_MARK_KEY_SIZE];
    struct board *board;    /* the caller's; outlives it */
    const char *state_file; /* NULL: no view is kept */
};

struct cluster {
    char name[CLUSTER_STATUS_NAME_SIZE];
    struct cluster_identity identity;
    struct seal_keys keys;
    uint8_t probe_key[PROBE_MARK_KEY_SIZE];
    struct board *board;
    struct cluster_host host;
    struct view_file file;     /* its thread's alone once that runs, */
    struct view_record record; /* and this: what goes into it */
    int sockets[2];            /* STUN over IPv4 and IPv6; -1: this machine has none */
    struct udp_batch *received, *sent;
    int bell; /* eventfd: there is something to do, or it is to end */
    atomic_bool stops;
    bool is_open;
    struct thread thread;

    pthread_mutex_t lock; /* for all that follows */
    struct view view;
    struct probe probe;
    struct cluster_figures figures;
    uint64_t counter;   /* of the last beacon */
    uint64_t turned_ms; /* monotonic, as are these */
    uint64_t beacon_ms; /* when the next one is due */
    uint64_t version, version_ms;
    struct cluster_set aside; /* of the homes of that version */
    uint64_t fingerprint;

    struct cluster_status told; /* counters, and what the board says; the rest is made when it is asked for */
};

/* Opens what needs the machine: the file and the sockets. Before the sandbox. False with one line in `why`;
 * cluster_close is due either way. `cluster` is zeroed. */
MUST_USE bool cluster_open(struct cluster *cluster, const struct cluster_options *options, struct why *why);
/* Ends the thread, if there is one, and closes all; nothing where it was never opened. The caller, if it uses RCU, is
 * offline. */
void cluster_close(struct cluster *cluster);
/* Starts the thread: 0 or a negative errno. The host must outlive it. */
MUST_USE int cluster_start(struct cluster *cluster, const struct cluster_host *host);

/* Any thread. */
void cluster_look(struct cluster *cluster, struct cluster_status *out);
/* Any thread, an operator's word: that node is gone for good. False with one line in `why` where it lives or is none.
 */
MUST_USE bool cluster_forget(struct cluster *cluster, uint8_t id, struct why *why);
/* Any thread: sends a message to all other nodes, as gochat.NAME.orders.OWN. False: the board is not there. */
MUST_USE bool cluster_order(struct cluster *cluster, const uint8_t *data, size_t size);
/* Any thread: something changed that a beacon tells; it is sent at once. */
void cluster_wake(struct cluster *cluster);
