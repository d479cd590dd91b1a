/* The events of a room, filled in and emitted: each says where it happened, and who it is about. */
#pragma once

#include "client/events.h"
#include "client/outside.h"
#include "client/rendezvous/rendezvous.h"
#include "client/room/members.h"
#include "common/attributes.h"

struct room_events {
    const struct outside *outside;
    const char *room; /* its name, as in struct event */
    const struct members *members;
    const struct rendezvous *rendezvous; /* by the number of the session */
};

/* An event of this room, about this peer (NULL: nobody); the caller fills in the rest and emits it. */
MUST_USE struct event *room_events_make(const struct room_events *events, enum event_type type,
                                        const struct peer *peer);
MUST_USE struct event *room_events_make_text(const struct room_events *events, enum event_type type,
                                             const struct peer *peer, const char *text, size_t size);
/* Fills in when it was said, by the clock on the wall, and what that clock shows now. `time`: ms of our clock. */
void room_events_date(const struct room_events *events, struct event *event, int64_t time, uint64_t now);
void room_events_emit(const struct room_events *events, struct event *event);
/* EVENT_ERROR. */
void room_events_error(const struct room_events *events, const char *text);
/* EVENT_NOTICE: what people may want to know, and need not mind. */
void room_events_notice(const struct room_events *events, const char *text);
