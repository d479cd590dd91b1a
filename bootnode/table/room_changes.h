/* What a room tells: records as a viewer may see them, WELCOME's first members, the bodies of CHANGES.
 *
 * A delta names the changes in the order in which they happened, each with the member's present record. Where the
 * member has left meanwhile, a joined or updated is passed over: the `left` that follows stands for it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bootnode/table/room.h"
#include "bootnode/table/viewer.h"
#include "common/attributes.h"
#include "common/bytes.h"

/* What a viewer may know of a member. */
void room_record(const struct session *member, const struct viewer *viewer, struct member_record *out);

/* How far the telling of one client has come. Start with zeroes but for `at`. */
struct changes_cursor {
    struct room_version at; /* the client's version, moved forward by each datagram; epoch 0 asks for a full list */
    struct room_version to; /* full: of all parts; a room that changes in between begins again */
    bool full, done;
    uint8_t next_low[MEMBER_ID_SIZE]; /* full: the lowest member id that was not covered yet */
};
#define ROOM_CHANGES_MIN (CHANGES_HEADER_FULL_SIZE + 1 + MEMBER_RECORD_MAX)
/* Writes the body of the next CHANGES datagram that brings `viewer` forward; `capacity` must be at
 * least ROOM_CHANGES_MIN. Chooses delta or full itself, and tells the client's own record, too. Returns the size, 0
 * when nothing is left to be said. */
MUST_USE size_t room_write_changes(const struct room *room, const struct viewer *viewer, struct changes_cursor *cursor,
                                   uint8_t *out, size_t capacity);
/* Member records of all others into WELCOME's rest; true when all fitted. */
MUST_USE bool room_write_welcome(const struct room *room, const uint8_t viewer_id[static MEMBER_ID_SIZE],
                                 const struct viewer *viewer, struct writer *writer);

/* The member id after this one; false after the last. */
bool member_id_next(uint8_t member_id[static MEMBER_ID_SIZE]);
