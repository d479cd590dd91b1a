/* A client's view of a room as PROTOCOL.md §2.3 rule 6 has it, written apart from both programs: what the bodies of
 * CHANGES make of it must in the end be the room. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "bootnode/table/room_changes.h"

#define ROOM_VIEW_MAX 256
#define ROOM_VIEW_PARTS 64

struct room_list {
    struct room_version version;
    struct member_record records[ROOM_VIEW_MAX];
    size_t count;
};

struct room_view {
    struct room_list list;     /* version none at first */
    struct room_list arriving; /* a full list of which parts are missing */
    struct {
        uint8_t low[MEMBER_ID_SIZE], high[MEMBER_ID_SIZE];
    } parts[ROOM_VIEW_PARTS];
    size_t part_count;
    unsigned left_silent, left_said, left_moved;
};

/* Takes in WELCOME's member records, all others that there are at this version. False when malformed. */
bool room_view_welcome(struct room_view *view, struct room_version version, const uint8_t *records, size_t size);
/* Takes a body in. False when it is malformed; one that does not fit changes nothing. */
bool room_view_apply(struct room_view *view, const uint8_t *body, size_t size);
const struct member_record *room_view_find(const struct room_view *view, const uint8_t id[static MEMBER_ID_SIZE]);
/* The view has the room's version and members, each with the record that this viewer may see. */
bool room_view_is(const struct room_view *view, const struct room *room, const struct viewer *viewer);
