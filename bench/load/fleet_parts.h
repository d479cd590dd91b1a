/* The ground that the parts of a fleet stand on: its state, the members' places, what goes out, what is planned, who is
 * on the way out and back. Only for them; everyone else holds a pointer. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/load/agenda.h"
#include "bench/load/comeback_result.h"
#include "bench/load/fleet_counts.h"
#include "bench/load/fleet_names.h"
#include "bench/load/load_options.h"
#include "bench/load/member.h"
#include "bench/load/nodes.h"
#include "bench/load/oracle.h"
#include "bench/load/row_facts.h"
#include "bench/load/session_index.h"
#include "bench/load/share.h"
#include "bench/load/traffic.h"
#include "bench/load/window.h"
#include "bench/load/wire.h"
#include "common/noise.h"
#include "common/wire/bootnode_bodies.h"
#include "common/wire/bootnode_packets.h"
#include "common/wire/packet.h"

/* An unanswered beat that must be answered, and whatever else a client repeats. */
#define REPEAT_US 500000
/* No session stays without a beat for longer, whatever a row sends. Twice this, and the search for those that are due,
 * is below the expiry: a beat that is dropped must not end a session. */
#define KEEP_ALIVE_MS 6500
/* Beats that wait for an answer are found again by their counter, this many back. */
#define ASKED_RING (1u << 19)
/* Registrations in flight at most: of sessions that come back, each in its own time. A fill keeps to its window. */
#define REGISTRATION_SLOTS 4096
#define REGISTRATION_ATTEMPTS 4
#define REGISTRATION_IDLE UINT64_MAX

struct registration_slot {
    uint32_t member;
    uint8_t step; /* what is out, or due */
    uint8_t tries;
    uint8_t attempt_count; /* wraps */
    uint8_t redirects;     /* in a row */
    uint64_t nonce;
    uint64_t begun_us;   /* when its first HELLO went out, less what we were late ourselves; 0: none did yet */
    uint64_t since_us;   /* when the REGISTER was sent that made the session */
    uint32_t first_beat; /* counter of the first beat of the session */
    uint8_t beats;       /* sent to confirm it */
    struct cookie_message cookie;
    struct {
        uint64_t id, sent_us;
        struct noise noise;
    } attempts[REGISTRATION_ATTEMPTS];
};

struct registrations {
    uint64_t due_us[REGISTRATION_SLOTS]; /* of each slot; REGISTRATION_IDLE: free */
    struct registration_slot slots[REGISTRATION_SLOTS];
    uint32_t active, top;          /* slots from `top` on are free */
    uint32_t next;                 /* slot that registration_step looks at first */
    struct window window;          /* how many a fill has in flight */
    uint64_t refused[REFUSAL_END]; /* by reason */
    uint64_t nowhere;              /* begun anew after NOWHERE_US */
    bool failed;                   /* refused since this was last cleared */
};

/* Who lost it, and comes back: comeback.h. */
struct comeback {
    uint64_t began_us;      /* the first sign of the one that goes on; 0: nobody is missing */
    uint64_t told_until_us; /* NOTICE came: that sessions are forgotten until then is no fault */
    struct comeback_result result;
};

/* What a received packet makes a member send, once there is time. */
struct debt {
    uint32_t member;
    bool moves; /* MOVE with this cookie, and an asking beat; else a beat */
    struct cookie cookie;
};

struct asked {
    uint32_t counter, member;
    uint64_t number; /* of the row's request */
};

/* The members of each socket, in the order in which they beat. */
struct beat_order {
    uint32_t *members;
    struct beat_turn {
        uint32_t first, count, next;
        uint32_t taken; /* turns since `since_us` */
    } * turns;          /* by socket */
    uint64_t since_us;
    bool stale; /* sessions are at other nodes than they were then */
};

/* Where a member of a cluster is to be: homing.h. */
struct member_homes {
    uint8_t count; /* 0: nobody said yet */
    uint8_t nodes[HOMES_MAX];
};

struct row_state {
    struct row_options options;
    bool running;
    uint64_t began_us;
    double churn_debt; /* sessions that ought to have left by now */
    uint64_t churned_us;
    uint64_t registered_before;
    uint64_t asked, asked_at_us;                  /* how many requests want an answer; when the last went out */
    uint64_t last_words;                          /* last beats that wait for their answer */
    bool silent;                                  /* there are silent ones */
    uint64_t expiring_from_us, expiring_until_us; /* they expire */
};

struct fleet {
    struct share share; /* of the run's rooms */
    uint32_t before;    /* sessions that the shares before it have */
    uint32_t all;       /* sessions of all shares */
    uint32_t count, room_size, rooms, watched;
    uint32_t layers, places;   /* 1 and `count`; in a cluster several, places.h */
    const atomic_bool *halted; /* raised by other threads; NULL: never */
    struct wire *wire;
    size_t sockets;
    struct nodes nodes;
    struct member_homes *homes; /* by member; NULL: it is no cluster, as far as anybody knows */
    struct member *members;     /* by place */
    uint32_t *beaten_ms;        /* by place: when it last beat */
    struct fleet_names names;
    struct session_index index;
    struct registrations registrations;
    struct agenda agenda, returns; /* the latter has who registers again, which needs a slot */
    struct comeback comeback;
    uint32_t expiry_ms; /* as WELCOME says */

    struct oracle *oracle;
    uint64_t *arriving; /* by layer and watched member: whom the parts of a full list named so far */
    uint64_t judged_us;

    uint32_t counter; /* of beats, of all sessions: so it rises for each */
    struct asked *asked;
    struct beat_order order;
    struct traffic beats;
    bool at_rest;   /* the row sends nothing but what keeps the sessions alive */
    uint32_t swept; /* where the search for those that must be kept alive goes on */
    uint64_t swept_us;

    struct debt *debts; /* a queue: paid up to debt_next */
    size_t debt_count, debt_next, debt_capacity;
    uint32_t *dirty; /* sockets with something in their burst */
    size_t dirty_count;
    bool *is_dirty;
    bool no_space; /* what is written now goes to `scratch`, and is lost */
    uint8_t scratch[PACKET_MAX];

    uint32_t *room_churners; /* by room: sessions on their way out and back */
    uint32_t churners;
    uint32_t astray, absent; /* how many are */
    uint64_t heard_us;       /* something authentic came */
    uint64_t changed_us;     /* CHANGES came */
    bool draining, no_memory;
    uint64_t random;

    struct row_state row;
    struct misdeeds misdeeds;
    struct fleet_counts counts;
};

uint64_t fleet_random(struct fleet *fleet);
static inline uint32_t fleet_ms(uint64_t now_us) {
    return (uint32_t)(now_us / 1000);
}
/* Whose place it is: members and places have the same numbers where there is one layer. */
static inline uint32_t fleet_member(const struct fleet *fleet, uint32_t place) {
    return place < fleet->count ? place : place % fleet->count;
}
static inline uint32_t fleet_room(const struct fleet *fleet, uint32_t place) {
    return fleet_member(fleet, place) / fleet->room_size;
}
static inline size_t fleet_socket(const struct fleet *fleet, uint32_t place) {
    if (!fleet->homes) return place % fleet->sockets;
    return nodes_socket(&fleet->nodes, fleet->members[place].node, place);
}
/* Sessions that lost their bootnode and are not back. */
static inline uint64_t fleet_missing(const struct fleet *fleet) {
    return fleet->comeback.result.lost - fleet->comeback.result.back;
}
/* Rooms that are watched stand evenly among the others. */
static inline uint32_t fleet_watched_room(const struct fleet *fleet, uint32_t watch) {
    return (uint32_t)((uint64_t)watch * fleet->rooms / fleet->watched);
}
/* Where the oracle knows a member of a watched room. */
struct oracle_place fleet_place(const struct fleet *fleet, uint32_t member);
/* The number of a member's key. Members of watched rooms have keys of their own, so that it is seen where their room is
 * told of somebody who is not in it; the other rooms all have the same ones, since making one costs as much as a
 * registration. */
uint32_t fleet_key_number(const struct fleet *fleet, uint32_t member);
static inline uint32_t fleet_key_count(const struct fleet *fleet) {
    return (fleet->watched + 1) * fleet->room_size;
}
uint64_t *fleet_arriving(const struct fleet *fleet, uint32_t member);

/* Room for the next packet of this socket: PACKET_MAX bytes; fleet_commit sends it with the burst, fleet_flush the
 * bursts. */
uint8_t *fleet_space(struct fleet *fleet, size_t socket);
void fleet_commit(struct fleet *fleet, size_t socket, size_t size);
void fleet_flush(struct fleet *fleet);

/* Sealed by the member's session, into its burst. */
void fleet_send_sealed(struct fleet *fleet, uint32_t member, enum message_type type, const uint8_t *body, size_t size);

void fleet_send_leave(struct fleet *fleet, uint32_t member, enum leave_reason reason);

/* There are more of them than before. False without memory. */
MUST_USE bool fleet_widen_sockets(struct fleet *fleet);
/* For later. */
void fleet_plan(struct fleet *fleet, const struct agenda_entry *entry);
/* How many of what `window` allows the whole run this fleet may have on their way, 1 at least: the bootnode's buffers
 * are one. */
uint32_t fleet_window(const struct fleet *fleet, uint32_t window);
/* Whatever blocks has to end. */
bool fleet_must_stop(const struct fleet *fleet);
/* Something authentic came from where this session is. */
void fleet_heard(struct fleet *fleet, uint32_t member, uint64_t now_us);
/* The member has no session from now on. */
void fleet_forget(struct fleet *fleet, uint32_t member);
/* It leaves, to come back. */
void fleet_set_out(struct fleet *fleet, uint32_t member);
/* Who set out has no session any more, and registers at that time. */
void fleet_go_away(struct fleet *fleet, uint32_t member, uint64_t back_us);
/* Both at once. */
void fleet_come_back(struct fleet *fleet, uint32_t member, uint64_t back_us);
/* It is back, or given up. */
void fleet_returned(struct fleet *fleet, uint32_t member);
