/* Whom the places of a room are for, so that one source does not take them all. Under the owner shard's mutex.
 *
 * 1. Once a room is three quarters full, nobody comes in from a source (the narrowest prefix of source_prefix.h) that
 *    has its share of the places, `per_source`. Wider prefixes have none: neighbours may be a school, or a village.
 * 2. When it is full, the newest member of the prefix that weighs most gives way to a newcomer whose own prefixes weigh
 *    less. A prefix weighs as much as it has members, of the wider lengths half and a third of that. So who comes from
 *    elsewhere gets in as long as some prefix has more members than his; and who can come from n prefixes alone has n
 *    places in the end, not all.
 *
 * Members that are not limited, those on loopback unless `limit_loopback`, weigh nothing, and come in as long as there
 * is a place. A member that takes the place of its own predecessor is not asked. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bootnode/table/room.h"

#define ROOM_PLACES_SHARE_MIN 8 /* of a small room, so that a household has place in it */

struct room_places {
    uint32_t members;    /* most of a room */
    uint32_t per_source; /* 0: sources are not looked at */
    bool limit_loopback;
};

enum room_answer {
    ROOM_HAS_PLACE,
    ROOM_HAS_PLACE_OF, /* if somebody gives way */
    ROOM_SOURCE_HAS_SHARE,
    ROOM_IS_FULL,
};

/* `percent` (1 to 100) of the places for one source; with 100 sources are not looked at. */
struct room_places room_places_of(uint32_t members, uint32_t percent, bool limit_loopback);

/* May one more come in from there? ROOM_HAS_PLACE_OF: `gives_way` is the member to be removed before. Takes time for
 * each member, and sorts them only where the room is full. */
enum room_answer room_places_ask(const struct room_places *places, const struct room *room,
                                 const struct address *newcomer, struct session **gives_way);
