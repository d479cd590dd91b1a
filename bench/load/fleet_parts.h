/* What the parts of a fleet share. Only for them; everyone else uses fleet.h. */
#pragma once

#include "bench/load/agenda.h"
#include "bench/load/fleet.h"
#include "bench/load/member.h"
#include "bench/load/names.h"
#include "bench/load/oracle.h"
#include "bench/load/registration.h"
#include "bench/load/session_index.h"

/* An unanswered beat that must be answered, and whatever else a client repeats. */
#define REPEAT_US 500000
/* No session stays without a beat for longer, whatever a row sends. Twice this, and the search for those that are due,
 * is below the expiry: a beat that is dropped must not end a session. */
#define KEEP_ALIVE_MS 6500
/* Beats that wait for an answer are found again by their counter, this many back. */
#define ASKED_RING (1u << 19)
#define DISAGREEMENTS_MAX 16

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
    } * turns; /* by socket */
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

/* What must not happen, counted since the last row's end. */
struct misdeeds {
    uint64_t forged;     /* tags and seals that are not right */
    uint64_t malformed;  /* authentic, and not as the protocol has it */
    uint64_t resets;     /* of living sessions */
    uint64_t unanswered; /* LEAVEs */
    uint64_t stuck;      /* sessions that did not move after their port changed */
    uint64_t unheard;    /* last beats without an answer */
};

struct fleet {
    uint32_t count, room_size, rooms, watched;
    struct wire *wire;
    size_t sockets;
    struct member *members;
    uint32_t *beaten_ms; /* by member: when it last beat */
    struct fleet_names names;
    struct session_index index;
    struct registrations registrations;
    struct agenda agenda;
    uint32_t expiry_ms; /* as WELCOME says */

    struct oracle *oracle;
    uint64_t *arriving; /* by watched member: whom the parts of a full list named so far */
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

    uint32_t *room_churners; /* by room: members on their way out and back */
    uint32_t churners;
    uint32_t astray, absent; /* how many are */
    uint64_t heard_us;       /* something authentic came */
    uint64_t changed_us;     /* CHANGES came */
    bool draining, no_memory;
    uint64_t random;

    struct row_state row;
    struct misdeeds misdeeds;
    struct fleet_counts counts;
    char *disagreements[DISAGREEMENTS_MAX];
    size_t disagreement_count;
};

uint64_t fleet_random(struct fleet *fleet);
static inline uint32_t fleet_ms(uint64_t now_us) {
    return (uint32_t)(now_us / 1000);
}
static inline uint32_t fleet_room(const struct fleet *fleet, uint32_t member) {
    return member / fleet->room_size;
}
static inline size_t fleet_socket(const struct fleet *fleet, uint32_t member) {
    return member % fleet->sockets;
}
/* Rooms that are watched stand evenly among the others. */
static inline uint32_t fleet_watched_room(const struct fleet *fleet, uint32_t watch) {
    return (uint32_t)((uint64_t)watch * fleet->rooms / fleet->watched);
}
/* Where the oracle knows a member of a watched room. */
struct oracle_place fleet_place(const struct fleet *fleet, uint32_t member);
uint64_t *fleet_arriving(const struct fleet *fleet, uint32_t member);

/* Room for the next packet of this socket: PACKET_MAX bytes; fleet_commit sends it with the burst, fleet_flush the
 * bursts. */
uint8_t *fleet_space(struct fleet *fleet, size_t socket);
void fleet_commit(struct fleet *fleet, size_t socket, size_t size);
void fleet_flush(struct fleet *fleet);

/* beats.c */
size_t beat_write(struct fleet *fleet, uint32_t member, bool ask, uint64_t now_us, uint8_t *out);
/* Into the member's burst; returns its counter. */
uint32_t beat_send(struct fleet *fleet, uint32_t member, bool ask, uint64_t now_us);
/* BEAT_ACK. Returns the request that it answers, or TRAFFIC_NO_ANSWER. */
uint64_t beat_answered(struct fleet *fleet, const uint8_t *packet, size_t size, uint64_t now_us);
/* Lets beat who did not for too long. */
void beats_keep_alive(struct fleet *fleet, uint64_t now_us);
/* Shuffles all that live anew. */
void beats_shuffle(struct fleet *fleet);

/* movement.c */
void fleet_send_sealed(struct fleet *fleet, uint32_t member, enum message_type type, const uint8_t *body, size_t size);
void debt_add(struct fleet *fleet, const struct debt *debt);
void debts_pay(struct fleet *fleet, uint64_t now_us);
void path_receive(struct fleet *fleet, const uint8_t *packet, size_t size, uint64_t now_us);
/* Blocks until everyone moved to the new ports, or nobody does any more. */
bool movement_rebind(struct fleet *fleet, char *why, size_t why_size);

/* membership.c */
void changes_receive(struct fleet *fleet, uint32_t member, const uint8_t *body, size_t size, uint64_t now_us);
/* WELCOME's member records, all others. False when malformed. */
bool fleet_welcome(struct fleet *fleet, uint32_t member, struct reader *records, uint64_t now_us);

/* churn.c */
void churn_step(struct fleet *fleet, uint64_t now_us);
void churn_errand(struct fleet *fleet, const struct agenda_entry *entry, uint64_t now_us);
void churn_left(struct fleet *fleet, uint32_t member, uint64_t now_us);
/* A living session was reset: it comes back as those do that left. */
void churn_reset(struct fleet *fleet, uint32_t member, uint64_t now_us);
/* It is back, or given up. */
void churn_returned(struct fleet *fleet, uint32_t member);

/* silence.c */
void silence_choose(struct fleet *fleet, double percent);
/* Has the chosen of watched rooms beat once more, and blocks until that was answered. */
void silence_fall(struct fleet *fleet);
void silence_errand(struct fleet *fleet, const struct agenda_entry *entry, uint64_t now_us);
void silence_answered(struct fleet *fleet, uint32_t member, uint32_t counter, uint64_t now_us);

/* verdict.c */
void verdict_forget(struct fleet *fleet);
/* What must not have happened and did becomes lines. */
void verdict_lines(struct fleet *fleet);

/* fleet.c */
/* Everything that is due, public-key work for at most so many registrations: true when there is more to do at once. */
bool fleet_step(struct fleet *fleet, uint32_t registrations, uint64_t now_us);
/* Returns the request that a datagram answers, or TRAFFIC_NO_ANSWER. */
uint64_t fleet_receive(struct fleet *fleet, const uint8_t *packet, size_t size, uint64_t now_us);
/* A step, and what comes within `wait_us` (at once when there is more to do): for what blocks. */
void fleet_drive(struct fleet *fleet, uint64_t wait_us);
/* Whatever blocks has to end. */
bool fleet_must_stop(const struct fleet *fleet);
/* For later. */
void fleet_plan(struct fleet *fleet, const struct agenda_entry *entry);
/* The member has no session from now on. */
void fleet_forget(struct fleet *fleet, uint32_t member);
