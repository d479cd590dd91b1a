/* The members whom an operator ended (kick), and who may not come back for a while: of one shard, under its mutex.
 *
 * Invariant: the last KICKED_MOST that were noted are kept out until their time, and nobody after it; of one member in
 * one room there is one entry. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/names.h"

#define KICKED_MOST 64

struct kicked_member {
    uint8_t room_tag[ROOM_TAG_SIZE], member_id[MEMBER_ID_SIZE];
    uint64_t until; /* server clock, ms */
};

/* All zero: nobody. */
struct kicked {
    struct kicked_member members[KICKED_MOST];
    size_t next;    /* the oldest, once all places are taken */
    uint64_t until; /* the latest of all: later than that nobody has to be looked for */
};

void kicked_note(struct kicked *kicked, const uint8_t room_tag[static ROOM_TAG_SIZE],
                 const uint8_t member_id[static MEMBER_ID_SIZE], uint64_t until);
/* Whether this member has to wait at `now`. */
bool kicked_has(const struct kicked *kicked, const uint8_t room_tag[static ROOM_TAG_SIZE],
                const uint8_t member_id[static MEMBER_ID_SIZE], uint64_t now);
