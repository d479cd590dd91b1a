/* A private room that we are in: its council, the file in which it is kept, and what both want of its chatroom. Owned
 * by the engine, beside the chatroom. PROTOCOL.md §3.7.
 *
 * Invariants:
 * 1. The chatroom's present key set is that of private_room_secret; its other sets are those of former secrets and of
 *    doors that the room has.
 * 2. Whoever is dismissed was told why DISMISSAL_MS before, if a session was there to tell it by.
 * 3. There is a belonging for each member that showed a key, and for CHAMBER_ABSENT_MAX at most that are not here. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/charter/private_room.h"
#include "client/room/chatroom.h"
#include "client/room/council.h"
#include "common/attributes.h"
#include "common/why.h"

#define CHAMBER_DISMISSAL_MS 1000
#define CHAMBER_EXPIRE_MS 3600000   /* so often what is over is looked for */
#define CHAMBER_SAVE_AGAIN_MS 60000 /* after a save that failed */
#define CHAMBER_ABSENT_MAX 1024
#define CHAMBER_WAITING_MOST 64 /* messages wait for whom is told all again */

struct chamber;

/* For a chatroom that was just created with chamber_keys, and outlives it. `room` becomes the chamber's, and is empty
 * then. `directory`: where its file is; empty: it is not kept. The host and `name` outlive it, too. Aborts without
 * memory. */
MUST_USE struct chamber *chamber_create(const struct chatroom_host *host, struct chatroom *chatroom, const char *name,
                                        const char *directory, struct private_room *room, uint64_t now);
/* Puts what is not on the disk there. NULL: nothing. */
void chamber_destroy(struct chamber *chamber, uint64_t now);
/* The keys that the chatroom of this room begins with. The caller wipes them. */
void chamber_keys(const struct private_room *room, struct room_keys *out);
const struct private_room *chamber_room(const struct chamber *chamber);

/* After what came for the chatroom was handled, and when it is due. */
void chamber_tick(struct chamber *chamber, uint64_t now);
uint64_t chamber_due(const struct chamber *chamber);

/* --- What a person decides; false with one line in `why` --- */

/* `id`: the member that it is about; `text`: the topic, or the beginning of a fingerprint. */
MUST_USE bool chamber_decide(struct chamber *chamber, enum room_decision decision,
                             const uint8_t id[static MEMBER_ID_SIZE], const char *text, uint64_t now, struct why *why);
/* A door for one person, or for so long (0: for good), by the room's time: its token. */
MUST_USE bool chamber_open_door(struct chamber *chamber, bool once, uint64_t lasts_ms, uint64_t now,
                                uint8_t token[static PRIVATE_SECRET_SIZE], struct why *why);
