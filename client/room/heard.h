/* What is heard: messages of members, checked, and told as events. What was said to all goes through the history, which
 * knows its order; what was said to us alone is shown at once. */
#pragma once

#include "client/history/history.h"
#include "client/room/authors.h"
#include "client/room/gathered.h"
#include "client/room/host.h"
#include "client/room/members.h"
#include "client/room/misdated.h"
#include "client/room/nicks.h"
#include "client/room/room_clock.h"

struct heard {
    const struct room_clock *clock;
    const struct room_self *self;
    const struct room_events *events;
    const struct members *members;
    const struct nicks *nicks;
    struct authors *authors;
    struct history *history;
    struct gathered *gathered;
    struct misdated *misdated;
};

/* A message of the stream from this member, which waited there for `age` ms. */
void heard_receive(const struct heard *heard, struct member *member, const uint8_t *message, size_t size, uint64_t age,
                   uint64_t now);
/* The history has the next message of an author's, */
void heard_show(const struct heard *heard, const struct held *held, uint64_t now);
/* before which so many are lost. */
void heard_lost(const struct heard *heard, const struct held *next, uint64_t count, uint64_t now);
/* What was passed on and left out because of its times. */
void heard_tell_misdated(const struct heard *heard, uint64_t now);
