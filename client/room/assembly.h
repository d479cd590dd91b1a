/* The parts of a room, put together: each is told of those that it needs, and what one has to say is brought to the
 * others. Of the room's state it knows only that the room is being left. */
#pragma once

#include "client/history/history.h"
#include "client/room/authors.h"
#include "client/room/gate.h"
#include "client/room/gathered.h"
#include "client/room/heard.h"
#include "client/room/host.h"
#include "client/room/meeting.h"
#include "client/room/members.h"
#include "client/room/nicks.h"
#include "client/room/outgoing.h"
#include "client/room/room_clock.h"
#include "client/room/room_events.h"
#include "client/room/routes.h"
#include "client/room/solitude.h"

struct assembly {
    const struct chatroom_host *host;
    const char *name; /* the engine's, which outlives the room */
    struct room_self self;
    uint32_t streams, epochs; /* counted per run: PROTOCOL.md §3.3; other rooms do not see how busy this one is */
    struct peer_host peer_host;
    bool complete, open; /* there was a first full list; things may be said */
    bool leaving;        /* nothing that comes is shown, passed on or told any more */

    struct members members;
    struct gate gate;
    struct room_events events;
    struct meeting meeting;
    struct room_clock clock;
    struct routes routes;
    struct authors authors;
    struct nicks nicks;
    struct held_back held_back;
    struct history history;
    struct gathered gathered;
    struct misdated misdated;
    struct heard heard;
    struct outgoing outgoing;
    struct solitude solitude;
};

/* Of a zeroed one, which stays where it is from now on. `name` and the host outlive it; the keys are copied. */
void assembly_start(struct assembly *parts, const struct chatroom_host *host, const char *name,
                    const struct room_keys *keys, uint64_t now);
void assembly_clear(struct assembly *parts);
/* What is due for this member; tells how it stands. */
void assembly_tick(struct assembly *parts, struct member *member, uint64_t now);
/* The gatekeeper may see things otherwise than before: what could be said to nobody can be said now. */
void assembly_review(struct assembly *parts, uint64_t now);
/* Whom it turned away and would not any more is looked for again. */
void assembly_call_back(const struct assembly *parts, uint64_t now);
/* Somebody whose session has begun is let in, or is not any more: tells of it. */
void assembly_decide(struct assembly *parts, struct member *member, uint64_t now);
/* What waits for the member is dropped. `undelivered`: it was somebody who should have got it. */
void assembly_drop_queue(struct assembly *parts, struct member *member, bool undelivered, uint64_t now);
/* Invariants 1 and 3 of chatroom.h, as far as they can be seen at one moment, and what the parts hold of the others. */
bool assembly_holds(const struct assembly *parts);
