/* What the parts of a view share (view.h): who is known, and what each of them was heard to say. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bootnode/cluster/beacon.h"
#include "bootnode/cluster/homes.h"
#include "common/address.h"

#define VIEW_ALIVE_MS 5000       /* silent for so long, by beacon and by STUN: dead */
#define VIEW_FRESH_MS 3000       /* who was heard so lately shows that it is not we who hear nobody */
#define VIEW_LISTEN_MS 2000      /* a node listens so long before it serves, and after each change */
#define VIEW_JOIN_MS 120000      /* and waits for others so long at most */
#define VIEW_CLOCK_MS 60000      /* a clock may be off by so much, */
#define VIEW_CLOCK_BACK_MS 50000 /* and is right again from here on */
#define VIEW_KEPT_MS 600000      /* a view that was kept says for so long who is to be expected */
#define VIEW_FORGET_MS 3600000   /* who is silent for so long, and in no view, is nobody any more */
#define VIEW_COLD_MS 10000       /* who runs for less began just now */
#define VIEW_UNREACHED_MS 30000  /* without an answer to STUN, asked each 10 s; twice that, where one came before */
#define VIEW_EVENTS_MAX 64

/* Why a node is in the view or is not. */
enum view_place {
    VIEW_UNKNOWN,
    VIEW_MEMBER,
    VIEW_JOINING,
    VIEW_DRAINING,
    VIEW_OUT, /* as it says itself */
    VIEW_SILENT,
    VIEW_CLOCK_OFF,
    VIEW_FORGOTTEN, /* by an operator's word, until its next beacon */
    VIEW_AWAITED,   /* it serves, and we are cut off from too many others to take anybody in */
    VIEW_REPLACED,  /* another node is at its address, until its next beacon */
    VIEW_PLACES
};

/* Why we do not serve. */
enum view_wait {
    VIEW_WAITS_NOT,
    VIEW_WAITS_BOARD,   /* is not there, and no view was kept in which we served */
    VIEW_WAITS_SILENCE, /* listens */
    VIEW_WAITS_CUT_OFF, /* too few of those are there who should be */
    VIEW_WAITS_LOWER,   /* a node with a lower id joins */
    VIEW_WAITS_MOVING,  /* others still tell their sessions of the last change */
    VIEW_WAITS_ID,      /* our id is another's */
    VIEW_WAITS_CLOCK,   /* our clock is wrong */
    VIEW_WAITS
};

enum view_event_kind {
    VIEW_CAME,         /* `id` is in the view now */
    VIEW_WENT,         /* and is not any more: `place` says why */
    VIEW_CUT_OFF,      /* we are: `count` of `of` live */
    VIEW_BACK,         /* not any more */
    VIEW_SELF,         /* our own state or what we wait for changed */
    VIEW_RIVAL,        /* somebody else, at `address`, has the id `id`, and stays out; or is it ours, and we do */
    VIEW_CLOCK_WRONG,  /* of `id`, by `ms` */
    VIEW_CLOCK_RIGHT,  /* of `id`, again */
    VIEW_CLOCKS_APART, /* ours and that of `id`, by `ms`, and nobody can say whose is wrong */
    VIEW_DISAGREES,    /* `id` is configured with other replicas: `count` */
    VIEW_UNREACHED,    /* `id` is heard, and answers nothing at `address`, where clients are sent */
    VIEW_REACHED,      /* it does now */
};

struct view_event {
    enum view_event_kind kind;
    uint8_t id;
    enum view_place place;
    size_t count, of;
    int64_t ms;
    struct address address;
};

struct view_rival {
    uint64_t boot; /* 0: none */
    uint64_t started_ms, counter, heard_ms;
    bool clock_off;
    bool told;
    struct address address;
};

struct view_node {
    bool known, member, forgotten;
    bool replaced;                 /* another one was believed at its address since: what answers there is not it */
    bool expected;                 /* a view that was kept had it */
    bool has_said;                 /* a beacon of this run of ours came; else `said` is of a view that was kept */
    bool clock_off;                /* as far as was told last */
    bool disagrees;                /* told of other replicas */
    struct beacon said;            /* the last one that was taken */
    uint64_t beacon_ms, answer_ms; /* monotonic; 0: none came */
    uint64_t place_ms;             /* since when its run is known to be where it is */
    uint64_t grace_ms;             /* it counts as alive until then: a view that was kept had it */
    uint64_t unanswered_ms;        /* since when it is heard on the board alone; 0: it is not so */
    bool unreached;                /* as was told last */
    int64_t clock_ms;              /* its clock less ours, as its last beacon had it */
    struct view_rival rival;
};

/* Of ourselves, as our owner has it. */
struct view_own {
    uint8_t id, replicas;
    uint16_t weight;
    bool draining;
    uint64_t boot, started_ms;
    uint8_t address_count;
    struct address addresses[HOME_ADDRESSES_MAX];
};

struct view {
    struct view_own own;
    enum beacon_state state; /* ours */
    enum view_wait wait;
    struct view_node nodes[CLUSTER_NODES_MAX]; /* by id; ours, too */
    bool board;                                /* is it there? */
    uint64_t board_ms;                         /* since when that is so */
    uint64_t listens_ms;                       /* since when we are joining */
    uint64_t changed_ms;                       /* when the members changed last */
    uint64_t blocked_ms;                       /* since when others keep us from joining; 0: they do not */
    bool listened;                             /* for VIEW_LISTEN_MS, once: else who is heard is not all of them */
    bool cut_off;
    uint64_t doubt_ms; /* when most members were not heard lately; 0: never */
    bool cut_off_told;
    uint64_t cut_off_ms;    /* since when */
    bool kept;              /* there was a view of an earlier run, and those whom it had are still awaited */
    bool kept_own;          /* it had us, too */
    uint64_t kept_until_ms; /* until then, once the board is there */
    bool apart_told;
    struct view_event events[VIEW_EVENTS_MAX]; /* until our owner has told them, and sets `event_count` to 0 */
    size_t event_count, events_left_out;
    struct cluster_node list[CLUSTER_NODES_MAX]; /* the members, by id, as the last step left them */
    size_t list_count;
};
