#include "client/room/chatroom.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/room/parts.h"
#include "common/clock.h"
#include "common/memory.h"

#define END_WAIT_MS 10000
#define LEAVE_WAIT_MS 2000

/* --- What peers tell --- */

static bool on_identified(void *context, struct peer *peer) {
    return nicks_identified(context, peer);
}

static void on_renamed(void *context, struct peer *peer, const char *nick) {
    nicks_renamed(context, peer, nick);
}

static void greet(struct chatroom *room, struct member *member) {
    if (member->peer->connected) history_greet(&room->history, &member->exchange, room->now);
}

static void on_connected(void *context, struct peer *peer) {
    struct chatroom *room = context;
    struct event *event = room_events_make(&room->events, EVENT_PEER_CONNECTED, peer);
    event->rtt_ms = peer->rtt_us / 1000.0;
    event->cipher = suite_name(handshake_suite(&peer->pair));
    fingerprint_format(peer->introduction.identity, event->fingerprint);
    safety_number_format(room->host->identity->public, peer->introduction.identity, event->safety);
    room_events_emit(&room->events, event);
    greet(room, peer->owner);
}

static void on_returned(void *context, struct peer *peer) {
    greet(context, peer->owner);
}

static void on_path_changed(void *context, struct peer *peer) {
    struct chatroom *room = context;
    room_events_emit(&room->events, room_events_make(&room->events, EVENT_PEER_PATH, peer));
}

static void on_path_lost(void *context, struct peer *peer) {
    struct chatroom *room = context;
    (void)peer;
    chatroom_check_bootnodes(room, room->now);
}

static void on_message(void *context, struct peer *peer, const uint8_t *message, size_t size, uint64_t age) {
    heard_receive(context, peer, message, size, age);
}

static void on_acknowledged(void *context, struct peer *peer, uint64_t tag) {
    struct chatroom *room = context;
    struct member *member = peer->owner;
    if (tag & HISTORY_TAG)
        history_acknowledged(&room->history, &member->exchange, tag, room->now);
    else
        outgoing_acknowledged(room, member, tag);
}

void chatroom_give_up(struct chatroom *room, struct member *member, bool undelivered) {
    exchange_dropped(&member->exchange);
    outgoing_give_up(room, member, undelivered);
}

static void member_left(struct chatroom *room, struct member *member, bool said_bye) {
    gathered_show_all(room); /* what it said comes before that it left */
    chatroom_give_up(room, member, true);
    struct event *event = room_events_make(&room->events, EVENT_PEER_LEFT, member->peer);
    event->said_bye = said_bye;
    room_events_emit(&room->events, event);
    status_left(member);
}

static void on_said_bye(void *context, struct peer *peer) {
    member_left(context, peer->owner, true);
}

/* Whom a relayed packet's turn found absent is still there at the next tick. */
static void on_absent(void *context, struct peer *peer) {
    struct member *member = peer->owner;
    if (member->finished) return;
    if (peer->state != PEER_GONE) member_left(context, member, member->left_by_itself);
    member->finished = true;
}

static void on_introduce(void *context, struct peer *peer) {
    meeting_introduce(context, peer);
}

/* --- What the history needs --- */

static struct exchange *on_member(void *context, size_t index) {
    struct chatroom *room = context;
    return index < room->members.count ? &room->members.list[index]->exchange : NULL;
}

static struct exchange *on_author(void *context, const struct feed_name *feed) {
    struct chatroom *room = context;
    uint8_t id[MEMBER_ID_SIZE];
    member_id_derive(&room->keys, feed->author, id);
    struct member *author = members_find(&room->members, id);
    return author && author->peer->introduction.run == feed->run ? &author->exchange : NULL;
}

static enum history_presence on_presence(void *context, const struct exchange *with) {
    const struct member *member = with->owner;
    (void)context;
    if (peer_reachable(member->peer)) return HISTORY_REACHABLE;
    return member->peer->state == PEER_LIVE ? HISTORY_PRESENT : HISTORY_AWAY;
}

static bool on_queue(void *context, struct exchange *with, struct blob *blob, uint64_t tag, uint64_t now) {
    const struct member *member = with->owner;
    (void)context;
    return peer_queue(member->peer, blob, tag, now);
}

static void on_asked(void *context, uint64_t now) {
    struct chatroom *room = context;
    gathering_expect(&room->gathering, now);
}

static void on_show(void *context, const struct held *held, uint64_t now) {
    (void)now;
    heard_show(context, held);
}

static void on_lost(void *context, const struct held *next, uint64_t count, uint64_t now) {
    (void)now;
    heard_lost(context, next, count);
}

static void start_history(struct chatroom *room) {
    struct history_host host = {.context = room,
                                .enabled = room->host->history,
                                .member = on_member,
                                .author = on_author,
                                .presence = on_presence,
                                .queue = on_queue,
                                .asked = on_asked,
                                .show = on_show,
                                .lost = on_lost};
    struct feed_name own = feed_name_of(room->host->identity->public, room->run);
    history_init(&room->history, &host, &own);
}

/* --- Life --- */

static void peer_host_init(struct chatroom *room) {
    const struct chatroom_host *host = room->host;
    room->peer_host = (struct peer_host){.context = room,
                                         .outside = host->outside,
                                         .room = &room->keys,
                                         .identity = host->identity,
                                         .indices = host->indices,
                                         .budget = host->budget,
                                         .own_mask = host->suite_mask,
                                         .run = room->run,
                                         .nick = host->nick,
                                         .streams = &room->streams,
                                         .epochs = &room->epochs,
                                         .relaying_allowed = &host->relays,
                                         .mapping = &host->mapping,
                                         .send = routes_send,
                                         .ways_through = routes_ways_through,
                                         .pass_on = routes_pass_on,
                                         .came_through = routes_came_through,
                                         .own_candidates = meeting_own_candidates,
                                         .usable = meeting_usable,
                                         .identified = on_identified,
                                         .renamed = on_renamed,
                                         .connected = on_connected,
                                         .returned = on_returned,
                                         .path_changed = on_path_changed,
                                         .path_lost = on_path_lost,
                                         .message = on_message,
                                         .acknowledged = on_acknowledged,
                                         .said_bye = on_said_bye,
                                         .absent = on_absent,
                                         .introduce = on_introduce};
    memcpy(room->peer_host.own_id, room->member_id, MEMBER_ID_SIZE);
}

struct chatroom *chatroom_create(const struct chatroom_host *host, const char *name, const struct room_keys *keys,
                                 uint64_t now) {
    struct chatroom *room = allocate_zeroed(1, sizeof *room);
    room->host = host;
    room->name = name;
    room->keys = *keys;
    room->now = now;
    randombytes_buf(&room->run, sizeof room->run);
    member_id_derive(&room->keys, host->identity->public, room->member_id);
    start_history(room);
    room->events = (struct room_events){
        .outside = host->outside, .room = name, .members = &room->members, .rendezvous = room->rendezvous};
    meeting_init(room);
    peer_host_init(room);
    room_events_emit(&room->events, room_events_make(&room->events, EVENT_JOINED, NULL));
    return room;
}

void chatroom_destroy(struct chatroom *room) {
    members_clear(&room->members);
    outgoing_clear(room);
    meeting_clear(room);
    sodium_memzero(room, sizeof *room);
    free(room);
}

const char *chatroom_name(const struct chatroom *room) {
    return room->name;
}

enum chatroom_state chatroom_state(const struct chatroom *room) {
    return room->state;
}

enum chatroom_outcome chatroom_outcome(const struct chatroom *room) {
    return room->outcome;
}

/* --- Time --- */

static void enter(struct chatroom *room, enum chatroom_state state, uint64_t now) {
    room->state = state;
    room->state_since = now;
}

static enum chatroom_outcome outcome(const struct chatroom *room) {
    if (chatroom_has_outgoing(room) || room->any_undelivered) return CHATROOM_UNDELIVERED;
    if (room->any_alone) return CHATROOM_ALONE;
    return !room->any_said && members_present(&room->members) == 0 ? CHATROOM_ALONE : CHATROOM_FINE;
}

static bool farewell_done(const struct chatroom *room, uint64_t now) {
    if (!meeting_left(room)) return false;
    for (size_t i = 0; i < room->members.count; i++)
        if (room->members.list[i]->peer->state == PEER_LIVE && !peer_bye_done(room->members.list[i]->peer, now))
            return false;
    return true;
}

/* When the state changes if nothing arrives. */
static uint64_t state_due(const struct chatroom *room, uint64_t now) {
    switch (room->state) {
    case CHATROOM_OPEN: return NEVER;
    case CHATROOM_ENDING: return chatroom_has_outgoing(room) ? room->state_since + END_WAIT_MS : now;
    case CHATROOM_LEAVING: return farewell_done(room, now) ? now : room->state_since + LEAVE_WAIT_MS;
    case CHATROOM_LEFT: break;
    }
    return now; /* the engine is to take it away */
}

static void state_tick(struct chatroom *room, uint64_t now) {
    if (room->state == CHATROOM_ENDING && state_due(room, now) <= now) chatroom_leave(room, now);
    if (room->state == CHATROOM_LEAVING && state_due(room, now) <= now) enter(room, CHATROOM_LEFT, now);
}

static void member_tick(struct chatroom *room, struct member *member, uint64_t now) {
    peer_tick(member->peer, now);
    if (room->state < CHATROOM_LEAVING) status_check(member, &room->events, now);
}

static uint64_t member_due(const struct chatroom *room, const struct member *member, uint64_t now) {
    uint64_t due = peer_due(member->peer, now);
    return room->state < CHATROOM_LEAVING ? earlier(due, status_due(member)) : due;
}

void chatroom_tick(struct chatroom *room, uint64_t now) {
    if (room->state == CHATROOM_LEFT) return;
    room->now = now;
    meeting_tick(room);
    bool finished = false;
    for (size_t i = 0; i < room->members.count; i++) {
        struct member *member = room->members.list[i];
        member_tick(room, member, now);
        finished |= member->finished;
    }
    if (finished) members_sweep(&room->members);
    outgoing_tick(room, now);
    history_tick(&room->history, now);
    gathered_show(room);
    state_tick(room, now);
}

uint64_t chatroom_due(const struct chatroom *room, uint64_t now) {
    if (room->state == CHATROOM_LEFT) return now;
    uint64_t due = earlier(meeting_due(room), state_due(room, now));
    for (size_t i = 0; i < room->members.count; i++) due = earlier(due, member_due(room, room->members.list[i], now));
    due = earlier(due, gathering_due(&room->gathering));
    return earlier(due, earlier(outgoing_due(room), history_due(&room->history)));
}

void chatroom_tell_timeline(struct chatroom *room, const uint8_t id[static MEMBER_ID_SIZE], uint64_t now) {
    timeline_tell(&room->events, id, now);
}

void chatroom_network_changed(struct chatroom *room, uint64_t now) {
    room->now = now;
    chatroom_check_bootnodes(room, now);
    for (size_t i = 0; i < room->members.count; i++) peer_network_changed(room->members.list[i]->peer, now);
}

void chatroom_resumed(struct chatroom *room, uint64_t gap, uint64_t now) {
    room->now = now;
    for (size_t i = 0; i < room->rendezvous_count; i++) rendezvous_resumed(&room->rendezvous[i], gap, now);
    for (size_t i = 0; i < room->members.count; i++) peer_resumed(room->members.list[i]->peer, gap, now);
}

void chatroom_part(struct chatroom *room, uint64_t now) {
    if (room->state == CHATROOM_OPEN) enter(room, CHATROOM_ENDING, now);
}

void chatroom_leave(struct chatroom *room, uint64_t now) {
    if (room->state >= CHATROOM_LEAVING) return;
    room->now = now;
    room->outcome = outcome(room);
    gathered_show_all(room);
    enter(room, CHATROOM_LEAVING, now);
    history_end(&room->history);
    for (size_t i = 0; i < room->members.count; i++) peer_say_bye(room->members.list[i]->peer, now);
    meeting_leave(room);
}
