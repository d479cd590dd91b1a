/* What operators are told of a cluster, as one of its nodes sees it: a copy, which belongs to whoever asked for it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bootnode/cluster/view.h"
#include "bootnode/cluster/view_intake.h"

#define CLUSTER_STATUS_NAME_SIZE 64
#define CLUSTER_STATUS_WHY_SIZE 160

struct cluster_status_node {
    uint8_t id;
    bool self;
    enum view_place place;                 /* whether it is in our view, and else why not: view_place_name */
    enum beacon_state state;               /* as it says itself: beacon_state_name */
    bool by_beacon, by_stun;               /* heard that way less than VIEW_ALIVE_MS ago; of ourselves both are true */
    uint64_t beacon_age_ms, answer_age_ms; /* NEVER: not in this run of ours */
    int64_t clock_ms;                      /* its clock less ours */
    uint64_t up_ms;                        /* since it began; 0: not known */
    uint16_t weight;
    uint8_t replicas;
    uint32_t sessions, rooms, moving, registrations; /* as beacon.h has them */
    bool agrees;                                     /* its view has the nodes and weights that ours has */
    uint8_t address_count;
    struct address addresses[HOME_ADDRESSES_MAX];
};

struct cluster_status {
    char name[CLUSTER_STATUS_NAME_SIZE];
    uint8_t own_id, replicas;
    uint16_t weight;
    enum beacon_state state;                    /* ours */
    enum view_wait wait;                        /* why we do not serve: view_wait_name */
    bool board;                                 /* NATS is there */
    uint64_t board_ms;                          /* for how long it is there, or is not */
    char board_why[CLUSTER_STATUS_WHY_SIZE];    /* why it is not, as the library has it; empty: nobody knows */
    char board_server[CLUSTER_STATUS_WHY_SIZE]; /* which server, while it is there */
    bool cut_off;                               /* the view stays as it was, since too few of its nodes live */
    uint64_t cut_off_ms;                        /* for how long */
    uint64_t version;                           /* of the homes: rises with each change */
    uint64_t changed_ms;                        /* how long ago that was */
    size_t members;                             /* nodes in the view; `living` of them are heard */
    size_t living;
    uint64_t beacons_sent, beacons_lost, beacons_taken, probes_sent, probes_answered;
    uint64_t board_deaths;             /* of the process for NATS, which was started anew */
    uint64_t refused[BEACON_REFUSALS]; /* beacons, by reason: view_refusal_name; from BEACON_REFUSED_MALFORMED on */
    size_t count;
    struct cluster_status_node nodes[CLUSTER_NODES_MAX]; /* all that are known, by id */
};
