/* What is heard: messages of members, checked, and told as events. What was said to all goes through the history, which
 * knows its order; what was said to us alone is shown at once. PROTOCOL.md §3.3 "A message", §3.5 rule 5.
 *
 * Invariants:
 * 1. A signature is looked at only of what would be taken if it were right: a message that is a copy, not asked for, of
 *    another run, for somebody else or of the wrong time costs no public-key work.
 * 2. Nor does anything of a member that brought HEARD_FORGERIES wrong signatures, until HEARD_FORGERY_MS have passed
 * for one: who passes something on has checked it, so an honest member brings none.
 * 3. Of a member HEARD_CHECKS signatures are looked at at once, and then one in HEARD_CHECK_MS: as far as
 *    heard_is_sated is obeyed, what comes faster is not acknowledged, so that it comes again. */
#pragma once

#include "client/history/history.h"
#include "client/room/authors.h"
#include "client/room/gathered.h"
#include "client/room/held_back.h"
#include "client/room/host.h"
#include "client/room/members.h"
#include "client/room/misdated.h"
#include "client/room/nicks.h"
#include "client/room/room_clock.h"
#include "common/attributes.h"

#define HEARD_CHECKS 2000
#define HEARD_CHECK_MS 1
#define HEARD_FORGERIES 8
#define HEARD_FORGERY_MS 10000

struct heard {
    const struct room_clock *clock;
    const struct room_self *self;
    const struct room_events *events;
    const struct members *members;
    struct nicks *nicks;
    struct authors *authors;
    struct history *history;
    struct gathered *gathered;
    struct held_back *held_back;
    struct misdated *misdated;
};

/* Shall this member's messages wait? */
MUST_USE bool heard_is_sated(const struct member *member, uint64_t now);
/* A message of the stream from this member, which waited there for `age` ms. */
void heard_receive(const struct heard *heard, struct member *member, const uint8_t *message, size_t size, uint64_t age,
                   uint64_t now);
/* The history has the next message of an author's, */
void heard_show(const struct heard *heard, const struct held *held, uint64_t now);
/* before which so many are lost. */
void heard_lost(const struct heard *heard, const struct held *next, uint64_t count, uint64_t now);
/* It is not barred any more: shows what it said meanwhile. */
void heard_show_held_back(const struct heard *heard, const struct member *member, uint64_t now);
/* What was passed on and left out because of its times. */
void heard_tell_misdated(const struct heard *heard, uint64_t now);
