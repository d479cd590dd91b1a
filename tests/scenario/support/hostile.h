/* A hostile member of a room in the world: it knows the room and has an identity of its own, is listed by the bootnode,
 * does handshakes by hand, and says whatever it wants, as from whatever address it wants. What goes to a victim's
 * address, and what the hostile member spent, is counted. One for each world: it takes the world's `tamper`. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "client/peer/handshake.h"
#include "client/peer/transport.h"
#include "tests/scenario/support/world.h"

struct traffic {
    uint64_t packets, bytes;
};

struct hostile {
    struct world *world;
    struct person *mark; /* whom it deals with */
    struct room_keys keys;
    struct identity identity;
    uint8_t id[MEMBER_ID_SIZE];
    struct address at;      /* where it receives */
    struct address forged;  /* what it writes as the source of some packets: by default a stranger's, at port 53 */
    struct address confirm; /* where CONFIRMATION seems to come from; `at` unless a test says otherwise */

    struct handshake_pair pair;
    struct handshake_attempt attempt; /* as initiator */
    struct transport transport;       /* with the mark */
    struct frame_introduction claims;
    uint8_t confirmation[PEER_CONFIRMATION_MAX]; /* the last one, as it was sent */
    size_t confirmation_size;
    bool linked; /* `transport` has keys; the mark may not know yet */
    bool deaf;   /* PINGs that come to `at` get no PONG */

    uint64_t session_id; /* at the first bootnode */

    struct address victim; /* what goes to this IP from people is counted; port 0: whatever the port */
    struct traffic at_victim, spent;
    struct traffic from_victim; /* of what was spent, that with this IP as its source */
    /* Sees each packet that anybody sends, after it was counted; false loses it. May be NULL. */
    bool (*tamper)(struct hostile *hostile, struct wire *wire);
    void *test;
};

/* `initiator`: has a lower id than the mark in this open room, so begins handshakes; else a higher one. */
void hostile_init(struct hostile *hostile, struct world *world, struct person *mark, const char *room, bool initiator);
/* The same in a room of these keys, which may be a private one. */
void hostile_init_keys(struct hostile *hostile, struct world *world, struct person *mark, const struct room_keys *keys,
                       bool initiator);
/* Is listed by the first bootnode, seen at `at`, with these candidates (NULL: none). Again: in place of the former. */
void hostile_register(struct hostile *hostile, const struct candidate_list *candidates);
/* The same, where it may be refused: false then. */
bool hostile_registers(struct hostile *hostile, const struct candidate_list *candidates);
/* What its heartbeats do: the session lives on. */
void hostile_beat(struct hostile *hostile);
/* Time passes while it beats every 4 s. */
void hostile_run(struct hostile *hostile, uint64_t ms);

/* A packet to the mark. Counts as spent. */
void hostile_send(struct hostile *hostile, const struct address *from, const uint8_t *packet, size_t size);
/* A DATA packet with these frames (padded here), or with one. Needs `linked`. */
void hostile_data(struct hostile *hostile, const struct address *from, const uint8_t *frames, size_t size);
void hostile_frame(struct hostile *hostile, const struct address *from, const struct frame *frame);

/* INITIATION to the mark; the RESPONSE is confirmed when it comes. The initiator's. */
void hostile_handshake(struct hostile *hostile, uint32_t index);
/* Registers, and is connected with the mark, which has just its introduction. The initiator's. */
void hostile_meet(struct hostile *hostile);

/* From now on count what goes to this IP. */
void hostile_count(struct hostile *hostile, const struct address *victim);
