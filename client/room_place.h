/* One of the engine's rooms: the chatroom, by what it was joined, and of a private room what decides in it. And what
 * becomes of the place once the chatroom was left.
 *
 * Invariant: but between place_end and place_reopen there is a chatroom, and a chamber if and only if it is a private
 * room's. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "client/invite/entrance.h"
#include "client/room/chamber.h"
#include "client/room/chatroom.h"
#include "common/attributes.h"
#include "common/why.h"

/* What all places have from the engine. */
struct place_host {
    const struct chatroom_host *chatroom;
    const char *directory;         /* where private rooms are kept; empty: nowhere */
    struct known_keys *known_keys; /* of bootnodes */
};

struct room_place {
    struct chatroom *chatroom;
    struct entrance entrance; /* but for a private room */
    struct chamber *chamber;  /* of a private room; else NULL */
    struct {
        bool due;          /* once a bootnode's key is known, which stands in it: an invite */
        bool once;         /* for one, */
        uint64_t lasts_ms; /* or for so long; 0: for good */
    } invite;
    bool rejoins;              /* once it was left, */
    struct room_keys keys;     /* with these, */
    struct private_room *next; /* or this; malloc'd */
};

/* A room is joined there. `name` outlives the place; `private` is NULL, or becomes the place's and is empty then. */
void place_open(struct room_place *place, const struct place_host *host, const char *name, const struct room_keys *keys,
                const struct entrance *entrance, struct private_room *private, uint64_t now);
/* The same once the present room was left; in place of what was to come then. */
void place_plan(struct room_place *place, const struct room_keys *keys, const struct entrance *entrance,
                struct private_room *private);
/* Nothing is to come. */
void place_forget_plan(struct room_place *place);
/* The chatroom was left, and is given back with all that belongs to it. */
void place_end(struct room_place *place, uint64_t now);
/* After that: what was planned is joined under this name. False: nothing was, and the place is empty. */
MUST_USE bool place_reopen(struct room_place *place, const struct place_host *host, const char *name, uint64_t now);
void place_clear(struct room_place *place, uint64_t now);

void place_tick(struct room_place *place, uint64_t now);
uint64_t place_due(struct room_place *place, uint64_t now);

/* The text of an invite to the room; of a private one for one, or for so long (0: for good). False with one line in
 * `why`. The caller wipes the text. */
MUST_USE bool place_invite(struct room_place *place, const struct place_host *host, bool once, uint64_t lasts_ms,
                           uint64_t now, char out[static INVITE_TEXT_SIZE], struct why *why);
