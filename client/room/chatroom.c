#include "client/room/chatroom.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "client/history/history.h"
#include "client/room/authors.h"
#include "client/room/gathered.h"
#include "client/room/heard.h"
#include "client/room/meeting.h"
#include "client/room/members.h"
#include "client/room/nicks.h"
#include "client/room/outgoing.h"
#include "client/room/packets.h"
#include "client/room/room_events.h"
#include "client/room/routes.h"
#include "client/room/status.h"
#include "client/room/timeline.h"
#include "client/room/turns.h"
#include "common/clock.h"
#include "common/holds.h"
#include "common/memory.h"

#define END_WAIT_MS 10000
#define LEAVE_WAIT_MS 2000

struct chatroom {
    const struct chatroom_host *host;
    const char *name; /* the engine's, which outlives the room */
    struct room_self self;
    uint32_t streams, epochs; /* counted per run: PROTOCOL.md §3.3; other rooms do not see how busy this one is */
    struct peer_host peer_host;
    enum chatroom_state state;
    uint64_t state_since;
    enum chatroom_outcome outcome;

    struct members members;
    struct room_events events;
    struct meeting meeting;
    struct routes routes;
    struct authors authors;
    struct nicks nicks;
    struct history history;
    struct gathered gathered;
    struct heard heard;
    struct outgoing outgoing;
};

static bool is_leaving(const struct chatroom *room) {
    return room->state >= CHATROOM_LEAVING;
}

/* The member will acknowledge nothing more. `undelivered`: it was somebody who should have got what waits for it. */
static void give_up(struct chatroom *room, struct member *member, bool undelivered) {
    exchange_dropped(&member->exchange);
    outgoing_give_up(&room->outgoing, member, undelivered);
}

/* --- Packets --- */

static void member_tick(struct chatroom *room, struct member *member, uint64_t now) {
    peer_tick(member->peer, now);
    if (!is_leaving(room)) status_check(member, &room->events, now);
}

/* A packet that somebody relayed for this member; any other's in it is dropped. It comes out of another peer's packet,
 * or a bootnode's: who is finished now is swept by the next tick. */
static void on_relayed(void *context, const struct path *from, const uint8_t id[static MEMBER_ID_SIZE],
                       const uint8_t *packet, size_t size, uint64_t now) {
    struct chatroom *room = context;
    const struct member *sender = room->host->relays ? members_find(&room->members, id) : NULL;
    if (!sender) return;
    struct peer *peer = packets_receive(&room->members, &room->peer_host, sender->peer, from, packet, size, now);
    if (peer) member_tick(room, peer->owner, now);
}

bool chatroom_receive(struct chatroom *room, uint16_t socket, const struct address *from, const uint8_t *packet,
                      size_t size, uint64_t now) {
    if (size == 0 || room->state == CHATROOM_LEFT) return false;
    if (packet[0] < PEER_PROBE) {
        bool ours = meeting_receive(&room->meeting, from, packet, size, now);
        if (ours) chatroom_tick(room, now);
        return ours;
    }
    if (address_classify(from) == ADDRESS_UNUSABLE) return false; /* no answer could be sent there */
    struct path path = path_direct(from);
    path.socket = socket;
    struct peer *peer = packets_receive(&room->members, &room->peer_host, NULL, &path, packet, size, now);
    if (!peer) return false;
    struct member *member = peer->owner;
    member_tick(room, member, now);
    if (member->finished) members_sweep(&room->members);
    return true;
}

/* --- What peers need and tell --- */

static void on_send(void *context, const struct peer *peer, const struct path *to, const uint8_t *packet, size_t size,
                    uint64_t now) {
    const struct chatroom *room = context;
    routes_send(&room->routes, peer, to, packet, size, now);
}

static size_t on_ways_through(void *context, const struct peer *peer, struct path out[static PEER_RELAYS]) {
    const struct chatroom *room = context;
    return routes_ways_through(&room->routes, peer, out);
}

static void on_pass_on(void *context, struct peer *from, const struct frame_relay *relay, uint64_t now) {
    const struct chatroom *room = context;
    if (!is_leaving(room)) routes_pass_on(&room->routes, from->owner, relay, now);
}

static void on_came_through(void *context, struct peer *through, const struct frame_relay *relay, uint64_t now) {
    struct path from = path_through_member(through->pair.other_id);
    on_relayed(context, &from, relay->member, relay->packet, relay->size, now);
}

static void on_own_candidates(void *context, const struct peer *peer, struct candidate_list *out) {
    const struct chatroom *room = context;
    (void)peer;
    meeting_own_candidates(&room->meeting, out);
}

static size_t on_usable(void *context, const struct candidate_list *candidates,
                        struct address out[static RECORD_CANDIDATES_MAX]) {
    const struct chatroom *room = context;
    return meeting_usable(&room->meeting, candidates, out);
}

static void on_introduce(void *context, struct peer *peer) {
    struct chatroom *room = context;
    meeting_introduce(&room->meeting, peer);
}

static bool on_identified(void *context, struct peer *peer, uint64_t now) {
    struct chatroom *room = context;
    if (nicks_identified(&room->nicks, peer, now)) return true;
    give_up(room, peer->owner, false);
    return false;
}

static void on_renamed(void *context, struct peer *peer, const char *nick, uint64_t now) {
    const struct chatroom *room = context;
    nicks_renamed(&room->nicks, peer, nick, now);
}

static void greet(struct chatroom *room, struct member *member, uint64_t now) {
    history_greet(&room->history, &member->exchange, now);
}

static void on_connected(void *context, struct peer *peer, uint64_t now) {
    struct chatroom *room = context;
    struct event *event = room_events_make(&room->events, EVENT_PEER_CONNECTED, peer);
    event->rtt_ms = peer->rtt_us / 1000.0;
    event->cipher = suite_name(handshake_suite(&peer->pair));
    fingerprint_format(peer->introduction.identity, event->fingerprint);
    safety_number_format(room->host->identity->public, peer->introduction.identity, event->safety);
    room_events_emit(&room->events, event);
    greet(room, peer->owner, now);
}

static void on_returned(void *context, struct peer *peer, uint64_t now) {
    greet(context, peer->owner, now);
}

static void on_path_changed(void *context, struct peer *peer) {
    const struct chatroom *room = context;
    room_events_emit(&room->events, room_events_make(&room->events, EVENT_PEER_PATH, peer));
}

static void on_path_lost(void *context, struct peer *peer, uint64_t now) {
    struct chatroom *room = context;
    (void)peer;
    meeting_check(&room->meeting, now);
}

static void on_message(void *context, struct peer *peer, const uint8_t *message, size_t size, uint64_t age,
                       uint64_t now) {
    const struct chatroom *room = context;
    if (!is_leaving(room)) heard_receive(&room->heard, peer->owner, message, size, age, now);
}

static void on_acknowledged(void *context, struct peer *peer, uint64_t tag, uint64_t now) {
    struct chatroom *room = context;
    struct member *member = peer->owner;
    if (tag & HISTORY_TAG)
        history_acknowledged(&room->history, &member->exchange, tag, now);
    else
        outgoing_acknowledged(&room->outgoing, member, tag);
}

static void member_left(struct chatroom *room, struct member *member, bool said_bye, uint64_t now) {
    gathered_show_all(&room->gathered, now); /* what it said comes before that it left */
    give_up(room, member, true);
    struct event *event = room_events_make(&room->events, EVENT_PEER_LEFT, member->peer);
    event->said_bye = said_bye;
    room_events_emit(&room->events, event);
    status_left(member);
}

static void on_said_bye(void *context, struct peer *peer, uint64_t now) {
    member_left(context, peer->owner, true, now);
}

/* Whom a relayed packet's turn found absent is still there at the next tick. */
static void on_absent(void *context, struct peer *peer, uint64_t now) {
    struct member *member = peer->owner;
    if (member->finished) return;
    if (peer->state != PEER_GONE) member_left(context, member, member->left_by_itself, now);
    member->finished = true;
}

static struct peer_host peer_host_of(struct chatroom *room) {
    const struct chatroom_host *host = room->host;
    struct peer_host out = {.context = room,
                            .outside = host->outside,
                            .room = &room->self.keys,
                            .identity = host->identity,
                            .indices = host->indices,
                            .budget = host->budget,
                            .own_mask = host->suite_mask,
                            .run = room->self.run,
                            .nick = host->nick,
                            .streams = &room->streams,
                            .epochs = &room->epochs,
                            .touched = &room->members.touched,
                            .relaying_allowed = &host->relays,
                            .mapping = &host->mapping,
                            .send = on_send,
                            .ways_through = on_ways_through,
                            .pass_on = on_pass_on,
                            .came_through = on_came_through,
                            .own_candidates = on_own_candidates,
                            .usable = on_usable,
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
    memcpy(out.own_id, room->self.id, sizeof out.own_id);
    return out;
}

/* --- What the meeting tells --- */

static void on_complete(void *context) {
    const struct chatroom *room = context;
    outgoing_open(&room->outgoing);
}

static void start_meeting(struct chatroom *room, uint64_t now) {
    struct meeting *meeting = &room->meeting;
    meeting->owner = (struct meeting_owner){.context = room, .complete = on_complete, .relayed = on_relayed};
    meeting->host = room->host;
    meeting->self = &room->self;
    meeting->events = &room->events;
    meeting->members = &room->members;
    meeting->peer_host = &room->peer_host;
    meeting_init(meeting, now);
}

/* --- What the history needs and tells --- */

static struct exchange *on_member(void *context, size_t index) {
    struct chatroom *room = context;
    return index < room->members.count ? &room->members.list[index]->exchange : NULL;
}

static struct exchange *on_author(void *context, const struct feed_name *feed) {
    struct chatroom *room = context;
    uint8_t id[MEMBER_ID_SIZE];
    member_id_derive(&room->self.keys, feed->author, id);
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
    gathering_expect(&room->gathered.gathering, now);
}

static void on_show(void *context, const struct held *held, uint64_t now) {
    const struct chatroom *room = context;
    heard_show(&room->heard, held, now);
}

static void on_lost(void *context, const struct held *next, uint64_t count, uint64_t now) {
    const struct chatroom *room = context;
    heard_lost(&room->heard, next, count, now);
}

static struct history_host history_host_of(struct chatroom *room) {
    return (struct history_host){.context = room,
                                 .enabled = room->host->history,
                                 .member = on_member,
                                 .author = on_author,
                                 .presence = on_presence,
                                 .queue = on_queue,
                                 .asked = on_asked,
                                 .show = on_show,
                                 .lost = on_lost};
}

/* --- Life --- */

static struct heard heard_of(struct chatroom *room) {
    return (struct heard){.outside = room->host->outside,
                          .self = &room->self,
                          .events = &room->events,
                          .members = &room->members,
                          .nicks = &room->nicks,
                          .authors = &room->authors,
                          .history = &room->history,
                          .gathered = &room->gathered};
}

/* Each part is told of those that it needs. */
static void connect_parts(struct chatroom *room) {
    const struct chatroom_host *host = room->host;
    const struct history_host history_host = history_host_of(room);
    const struct feed_name own = feed_name_of(host->identity->public, room->self.run);
    room->peer_host = peer_host_of(room);
    room->events = (struct room_events){.outside = host->outside,
                                        .room = room->name,
                                        .members = &room->members,
                                        .rendezvous = room->meeting.rendezvous};
    room->routes = (struct routes){.host = host, .members = &room->members, .meeting = &room->meeting};
    room->nicks = (struct nicks){.host = host, .self = &room->self, .events = &room->events, .authors = &room->authors};
    history_init(&room->history, &history_host, &own);
    room->gathered = (struct gathered){.events = &room->events, .history = &room->history};
    room->heard = heard_of(room);
    room->outgoing = (struct outgoing){.host = host, .self = &room->self, .events = &room->events};
}

struct chatroom *chatroom_create(const struct chatroom_host *host, const char *name, const struct room_keys *keys,
                                 uint64_t now) {
    struct chatroom *room = allocate_zeroed(1, sizeof *room);
    room->host = host;
    room->name = name;
    room->self.keys = *keys;
    randombytes_buf(&room->self.run, sizeof room->self.run);
    member_id_derive(keys, host->identity->public, room->self.id);
    connect_parts(room);
    start_meeting(room, now);
    room_events_emit(&room->events, room_events_make(&room->events, EVENT_JOINED, NULL));
    return room;
}

void chatroom_destroy(struct chatroom *room) {
    members_clear(&room->members);
    gathered_clear(&room->gathered);
    outgoing_clear(&room->outgoing);
    authors_clear(&room->authors);
    history_clear(&room->history);
    meeting_clear(&room->meeting);
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

/* Told as joined is who is here, blocked or not; who said bye is told as gone. */
static bool is_told(const struct member *member) {
    return member->told.present ? member->peer->state != PEER_GONE
                                : member->peer->state == PEER_GONE || member->finished;
}

bool chatroom_holds(const struct chatroom *room) {
    for (size_t i = 0; i < room->members.count; i++)
        if (!is_told(room->members.list[i])) return false;
    return members_holds(&room->members) && meeting_holds(&room->meeting) && outgoing_holds(&room->outgoing) &&
           history_holds(&room->history) && gathering_holds(&room->gathered.gathering);
}

/* --- Time --- */

static void enter(struct chatroom *room, enum chatroom_state state, uint64_t now) {
    room->state = state;
    room->state_since = now;
}

static enum chatroom_outcome outcome(const struct chatroom *room) {
    if (outgoing_any(&room->outgoing) || room->outgoing.any_undelivered) return CHATROOM_UNDELIVERED;
    if (room->outgoing.any_alone) return CHATROOM_ALONE;
    return !room->outgoing.any_said && members_present(&room->members) == 0 ? CHATROOM_ALONE : CHATROOM_FINE;
}

static bool farewell_done(const struct chatroom *room) {
    if (!meeting_left(&room->meeting)) return false;
    for (size_t i = 0; i < room->members.count; i++)
        if (room->members.list[i]->peer->state == PEER_LIVE && !peer_bye_done(room->members.list[i]->peer))
            return false;
    return true;
}

/* When the state changes if nothing arrives. */
static uint64_t state_due(const struct chatroom *room, uint64_t now) {
    switch (room->state) {
    case CHATROOM_OPEN: return NEVER;
    case CHATROOM_ENDING: return outgoing_any(&room->outgoing) ? room->state_since + END_WAIT_MS : now;
    case CHATROOM_LEAVING: return farewell_done(room) ? now : room->state_since + LEAVE_WAIT_MS;
    case CHATROOM_LEFT: break;
    }
    return now; /* the engine is to take it away */
}

static void state_tick(struct chatroom *room, uint64_t now) {
    if (room->state == CHATROOM_ENDING && state_due(room, now) <= now) chatroom_leave(room, now);
    if (room->state == CHATROOM_LEAVING && state_due(room, now) <= now) enter(room, CHATROOM_LEFT, now);
}

/* Gives up whoever holds up all others. */
static void give_up_stalled(struct chatroom *room, uint64_t now) {
    struct member *member;
    while ((member = outgoing_stalled(&room->outgoing, now))) {
        peer_drop_queue(member->peer, now);
        give_up(room, member, true);
        /* When it is heard again, it can ask for what it missed. */
        if (member->peer->connected) history_greet(&room->history, &member->exchange, now);
    }
}

void chatroom_tick(struct chatroom *room, uint64_t now) {
    if (room->state == CHATROOM_LEFT) return;
    meeting_tick(&room->meeting, now);
    bool finished = false;
    turns_settle(&room->members, !is_leaving(room));
    for (size_t i = 0; i < room->members.count; i++) {
        struct member *member = room->members.list[i];
        if (room->members.ready[i] > now) continue;
        member_tick(room, member, now);
        finished |= member->finished;
        turns_settle(&room->members, !is_leaving(room)); /* what it did may be another one's turn */
    }
    if (finished) members_sweep(&room->members);
    give_up_stalled(room, now);
    history_tick(&room->history, now);
    gathered_show(&room->gathered, now);
    state_tick(room, now);
}

uint64_t chatroom_due(struct chatroom *room, uint64_t now) {
    if (room->state == CHATROOM_LEFT) return now;
    uint64_t due = earlier(meeting_due(&room->meeting), state_due(room, now));
    due = earlier(due, turns_due(&room->members, !is_leaving(room), now));
    due = earlier(due, gathering_due(&room->gathered.gathering));
    return earlier(due, earlier(outgoing_due(&room->outgoing), history_due(&room->history)));
}

void chatroom_network_changed(struct chatroom *room, uint64_t now) {
    meeting_check(&room->meeting, now);
    for (size_t i = 0; i < room->members.count; i++) peer_network_changed(room->members.list[i]->peer, now);
}

void chatroom_resumed(struct chatroom *room, uint64_t gap, uint64_t now) {
    meeting_resumed(&room->meeting, gap, now);
    for (size_t i = 0; i < room->members.count; i++) peer_resumed(room->members.list[i]->peer, gap, now);
}

void chatroom_part(struct chatroom *room, uint64_t now) {
    if (room->state == CHATROOM_OPEN) enter(room, CHATROOM_ENDING, now);
}

void chatroom_leave(struct chatroom *room, uint64_t now) {
    if (is_leaving(room)) return;
    HOLDS(chatroom_holds(room));
    room->outcome = outcome(room);
    gathered_show_all(&room->gathered, now);
    enter(room, CHATROOM_LEAVING, now);
    history_end(&room->history);
    for (size_t i = 0; i < room->members.count; i++) peer_say_bye(room->members.list[i]->peer, now);
    meeting_leave(&room->meeting, now);
}

/* --- What is said --- */

/* NULL: it cannot be said. What is said to all is kept for those who come later. */
static struct blob *compose(struct chatroom *room, struct chat_message *chat, uint64_t now) {
    struct blob *blob = outgoing_compose(&room->outgoing, chat);
    if (blob && chat->kind != CHAT_PRIVATE) history_said(&room->history, chat->sequence, blob, now);
    return blob;
}

static void say(struct chatroom *room, struct chat_message *chat, struct member *to, uint64_t now) {
    struct blob *blob = compose(room, chat, now);
    if (!blob) {
        outgoing_refuse(&room->outgoing);
        return;
    }
    outgoing_say(&room->outgoing, &room->members, chat, to, blob, now);
    if (chat->kind != CHAT_PRIVATE) gathering_shown(&room->gathered.gathering, history_time(0, now));
    blob_drop(blob);
}

void chatroom_say(struct chatroom *room, enum chat_kind kind, const uint8_t *peer, const char *text, size_t size,
                  uint64_t now) {
    struct chat_message chat = {.kind = kind, .text = text, .text_size = size};
    struct member *to = NULL;
    if (kind == CHAT_PRIVATE) {
        to = members_find(&room->members, peer);
        memcpy(chat.recipient, peer, sizeof chat.recipient);
    }
    if (kind != CHAT_PRIVATE || (to && to->peer->state == PEER_LIVE)) {
        say(room, &chat, to, now);
    } else {
        room_events_error(&room->events, "a private message goes to somebody who is here");
        outgoing_refuse(&room->outgoing);
    }
}

void chatroom_tell_nick(struct chatroom *room, uint64_t now) {
    const char *nick = room->host->nick;
    struct chat_message chat = {.kind = CHAT_NICK, .text = nick, .text_size = strlen(nick)};
    struct blob *blob = is_leaving(room) ? NULL : compose(room, &chat, now);
    if (!blob) return;
    outgoing_tell(&room->outgoing, &room->members, blob, now);
    blob_drop(blob);
}

bool chatroom_nick_free(const struct chatroom *room, const char *nick) {
    return nicks_free(&room->nicks, nick);
}

/* --- What the engine has for the parts --- */

void chatroom_tell_timeline(const struct chatroom *room, const uint8_t id[static MEMBER_ID_SIZE], uint64_t now) {
    timeline_tell(&room->events, id, now);
}

void chatroom_set_candidates(struct chatroom *room, const struct candidate_list *candidates, uint64_t now) {
    meeting_set_candidates(&room->meeting, candidates, now);
}

void chatroom_bootnode_moved(struct chatroom *room, unsigned bootnode, uint64_t now) {
    meeting_set_addresses(&room->meeting, bootnode, now);
}

void chatroom_bootnode_unresolved(struct chatroom *room, unsigned bootnode, const char *why, uint64_t now) {
    meeting_unresolved(&room->meeting, bootnode, why, now);
}

bool chatroom_lost_bootnode(const struct chatroom *room, unsigned bootnode) {
    return room->meeting.rendezvous[bootnode].lost;
}
