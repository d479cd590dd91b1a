/* The load generator's fleet against a bootnode without threads or sockets, on a time of their own. This is the fleet's
 * wire (`wire_…`, `load_now_us` and what a row's pump does, all of them here instead of bench/load's), and the stage of
 * the tests in scenario/test_load_*. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/load/disagreements.h"
#include "bench/load/fill.h"
#include "bench/load/load_options.h"
#include "bench/load/row_facts.h"
#include "bench/load/wire.h"
#include "tests/scenario/support/rendezvous_net.h"

#define STAGE_SESSIONS 60
#define STAGE_ROOM_SIZE 12
#define STAGE_SOCKETS 7
#define STAGE_NODES_MAX 4
#define STAGE_SOCKETS_MAX ((STAGE_NODES_MAX + 1) * STAGE_SOCKETS) /* of the entry, and of each node */

struct letter;

struct wire {
    struct net *net;                    /* the bootnode, or the entry of a cluster */
    struct net *nodes[STAGE_NODES_MAX]; /* of a cluster, the entry among them */
    size_t node_count;
    bool lost[STAGE_NODES_MAX];          /* nothing comes through to or from it */
    bool stopped[STAGE_NODES_MAX];       /* nor does time pass for it */
    size_t targets[STAGE_NODES_MAX + 1]; /* which node a target is; the first is the entry */
    size_t target_count;
    uint16_t port;                                      /* of the first socket; others follow */
    unsigned loss;                                      /* percent, each way */
    bool cut;                                           /* nothing comes through */
    bool (*passes)(const uint8_t *packet, size_t size); /* from the bootnode; NULL: all */
    bool (*leaves)(const uint8_t *packet, size_t size); /* to it */
    size_t reserved[STAGE_SOCKETS_MAX];
    uint8_t bursts[STAGE_SOCKETS_MAX][WIRE_BURST][PACKET_MAX];
    size_t sizes[STAGE_SOCKETS_MAX][WIRE_BURST];
    struct letter *inbox;
    size_t first, count;
};

struct stage {
    struct net *net;
    struct wire wire;
    struct fleet *fleet;
    struct row_facts facts;
    struct disagreements said;
    uint64_t asked, answered;
    bool waiting[1 << 20]; /* by request */
    /* Called before each step of a row, unless NULL. */
    void (*meanwhile)(struct stage *stage);
};

/* For cmocka: a stage with a fleet of STAGE_SESSIONS, all of whose rooms are watched; and back. */
int stage_setup(void **state);
int stage_teardown(void **state);
/* The bootnode becomes the first of so many nodes of a cluster, all in each other's view; before the first fill. */
void stage_cluster(struct stage *stage, size_t count, uint8_t replicas);
/* What all nodes believe from now on: a bit for each that is in view. */
void stage_view(struct stage *stage, unsigned nodes);
/* The node begins anew, with nobody registered, and this view. */
void stage_revive(struct stage *stage, size_t node, unsigned nodes);
/* Another fleet at the same bootnode; nobody's room is watched. */
void stage_grow(struct stage *stage, uint32_t sessions);
/* Fails the test where the fill does. */
struct fill_result stage_fill(struct stage *stage);
/* A row with an answer to each beat; what it came to, and what was said of it, stand until the next one. */
const struct row_facts *stage_row(struct stage *stage, const struct row_options *options);
/* Of a row that was begun elsewhere. */
void stage_end_row(struct stage *stage);
/* The traffic's answers, for wire_receive. */
void stage_take(void *context, size_t socket, const uint8_t *data, size_t size);
void stage_assert_agreed(const struct stage *stage);
void stage_assert_said(const struct stage *stage, const char *what);
/* Our counts are the bootnode's, where nothing was lost. */
void stage_assert_counts(const struct stage *stage);
