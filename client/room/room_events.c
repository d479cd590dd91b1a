#include "client/room/room_events.h"

#include <string.h>

/* The address is that of the next hop. */
static void describe_path(const struct room_events *events, const struct peer *peer, struct event *event) {
    const struct member *member = NULL;
    if (!peer->has_path) return;
    event->relayed = peer->path.kind != PATH_DIRECT;
    switch (peer->path.kind) {
    case PATH_DIRECT: event->address = peer->path.address; break;
    case PATH_MEMBER: member = members_find(events->members, peer->path.member); break;
    case PATH_BOOTNODE: event->address = events->rendezvous[peer->path.bootnode].bootnode; break;
    }
    if (!member) return;
    event->address = member->peer->path.address;
    memcpy(event->relay, member->peer->introduction.nick, sizeof event->relay);
}

struct event *room_events_make_text(const struct room_events *events, enum event_type type, const struct peer *peer,
                                    const char *text, size_t size) {
    struct event *event = event_create(type, text, size);
    event->room = events->room;
    if (peer) {
        const struct member *member = peer->owner;
        memcpy(event->peer, peer->pair.other_id, MEMBER_ID_SIZE);
        memcpy(event->nick, peer->introduction.nick, sizeof event->nick);
        memcpy(event->fingerprint, member->fingerprint, sizeof event->fingerprint);
        event->verified = member->verified;
        describe_path(events, peer, event);
    }
    return event;
}

struct event *room_events_make(const struct room_events *events, enum event_type type, const struct peer *peer) {
    return room_events_make_text(events, type, peer, NULL, 0);
}

void room_events_date(const struct room_events *events, struct event *event, int64_t time, uint64_t now) {
    uint64_t wall = events->outside->wall_ms(events->outside->context), age = now - (uint64_t)time;
    event->shown_ms = wall;
    event->said_ms = wall > age ? wall - age : 0;
}

void room_events_emit(const struct room_events *events, struct event *event) {
    outside_emit(events->outside, event);
}

void room_events_error(const struct room_events *events, const char *text) {
    room_events_emit(events, room_events_make_text(events, EVENT_ERROR, NULL, text, strlen(text)));
}

void room_events_notice(const struct room_events *events, const char *text) {
    room_events_emit(events, room_events_make_text(events, EVENT_NOTICE, NULL, text, strlen(text)));
}
