/* What somebody says who is barred (nicks.h): shown once the user trusts them, as far as there was room. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "client/events.h"
#include "common/attributes.h"

#define HELD_BACK_BYTES (256 * 1024) /* of a room; what came first goes first */

/* Zeroed is empty. */
struct held_back {
    struct held_back_one *first, **end;
    size_t bytes;
};

/* Takes the event, of this time of our clock. */
void held_back_add(struct held_back *held_back, struct event *event, int64_t time);
/* The next one of that peer, which is the caller's from now on. NULL: there is none. */
MUST_USE struct event *held_back_take(struct held_back *held_back, const uint8_t peer[static MEMBER_ID_SIZE],
                                      int64_t *time);
void held_back_clear(struct held_back *held_back);
