#include "client/room/chatroom.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/room/assembly.h"
#include "client/room/packets.h"
#include "client/room/rekeying.h"
#include "client/room/timeline.h"
#include "client/room/turns.h"
#include "common/clock.h"
#include "common/holds.h"
#include "common/memory.h"

#define END_WAIT_MS 10000
#define LEAVE_WAIT_MS 2000

struct chatroom {
    struct assembly parts;
    enum chatroom_state state;
    uint64_t state_since;
    enum chatroom_outcome outcome;
};

static bool is_leaving(const struct chatroom *room) {
    return room->parts.leaving;
}

/* --- Packets --- */

bool chatroom_receive(struct chatroom *room, uint16_t socket, const struct address *from, const uint8_t *packet,
                      size_t size, uint64_t now) {
    if (size == 0 || room->state == CHATROOM_LEFT) return false;
    if (packet[0] < PEER_PROBE) {
        bool ours = meeting_receive(&room->parts.meeting, from, packet, size, now);
        if (ours) chatroom_tick(room, now);
        return ours;
    }
    if (address_classify(from) == ADDRESS_UNUSABLE) return false; /* no answer could be sent there */
    struct path path = path_direct(from);
    path.socket = socket;
    struct peer *peer = packets_receive(&room->parts.members, &room->parts.peer_host, NULL, &path, packet, size, now);
    if (!peer) return false;
    assembly_tick(&room->parts, peer->owner, now);
    members_sweep(&room->parts.members); /* also whom a packet in this one finished */
    return true;
}

/* --- Life --- */

struct chatroom *chatroom_create(const struct chatroom_host *host, const char *name, const struct room_keys *keys,
                                 uint64_t now) {
    struct chatroom *room = allocate_zeroed(1, sizeof *room);
    assembly_start(&room->parts, host, name, keys, now);
    struct event *joined = room_events_make(&room->parts.events, EVENT_JOINED, NULL);
    joined->secret = keys->has_secret;
    room_events_emit(&room->parts.events, joined);
    return room;
}

void chatroom_destroy(struct chatroom *room) {
    assembly_clear(&room->parts);
    sodium_memzero(room, sizeof *room);
    free(room);
}

const char *chatroom_name(const struct chatroom *room) {
    return room->parts.name;
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
    if (outgoing_undelivered(&room->parts.outgoing)) return CHATROOM_UNDELIVERED;
    if (outgoing_alone(&room->parts.outgoing)) return CHATROOM_ALONE;
    return !room->parts.outgoing.any_said && members_present(&room->parts.members) == 0 ? CHATROOM_ALONE
                                                                                        : CHATROOM_FINE;
}

static bool farewell_done(const struct chatroom *room) {
    if (!meeting_left(&room->parts.meeting)) return false;
    for (size_t i = 0; i < room->parts.members.count; i++)
        if (room->parts.members.list[i]->peer->state == PEER_LIVE && !peer_bye_done(room->parts.members.list[i]->peer))
            return false;
    return true;
}

/* When the state changes if nothing arrives. */
static uint64_t state_due(const struct chatroom *room, uint64_t now) {
    switch (room->state) {
    case CHATROOM_OPEN: return NEVER;
    case CHATROOM_ENDING: return outgoing_any(&room->parts.outgoing) ? room->state_since + END_WAIT_MS : now;
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
    while ((member = outgoing_stalled(&room->parts.outgoing, now))) {
        assembly_drop_queue(&room->parts, member, true, now);
        /* When it is heard again, it can ask for what it missed. */
        if (member->peer->connected) history_greet(&room->parts.history, &member->exchange, now);
    }
}

static void tell_solitude(struct chatroom *room, uint64_t now) {
    struct solitude *solitude = &room->parts.solitude;
    size_t listed = room->parts.members.count;
    char text[128];
    if (room->state != CHATROOM_OPEN) solitude_end(solitude);
    if (room->parts.meeting.complete) solitude_begin(solitude, now);
    switch (solitude_take(solitude, listed, now)) {
    case SOLITUDE_NONE: return;
    case SOLITUDE_EMPTY:
        room_events_notice(&room->parts.events,
                           "nobody here shares our secret: nobody has come yet, or they have another "
                           "secret, another name for the room, or another bootnode");
        return;
    case SOLITUDE_UNPROVEN:
        snprintf(text, sizeof text, "nobody here shares our secret: %zu listed, and none of them proves to have it",
                 listed);
        room_events_notice(&room->parts.events, text);
    }
}

void chatroom_tick(struct chatroom *room, uint64_t now) {
    if (room->state == CHATROOM_LEFT) return;
    meeting_tick(&room->parts.meeting, now);
    turns_settle(&room->parts.members, !is_leaving(room));
    for (size_t i = 0; i < room->parts.members.count; i++) {
        if (room->parts.members.ready[i] > now) continue;
        assembly_tick(&room->parts, room->parts.members.list[i], now);
        turns_settle(&room->parts.members, !is_leaving(room)); /* what it did may be another one's turn */
    }
    members_sweep(&room->parts.members);
    give_up_stalled(room, now);
    history_tick(&room->parts.history, now);
    gathered_show(&room->parts.gathered, now);
    if (now >= misdated_due(&room->parts.misdated)) heard_tell_misdated(&room->parts.heard, now);
    tell_solitude(room, now);
    state_tick(room, now);
}

uint64_t chatroom_due(struct chatroom *room, uint64_t now) {
    if (room->state == CHATROOM_LEFT) return now;
    uint64_t due = earlier(meeting_due(&room->parts.meeting, now), state_due(room, now));
    due = earlier(due, turns_due(&room->parts.members, !is_leaving(room), now));
    due = earlier(due, gathering_due(&room->parts.gathered.gathering));
    due = earlier(due, misdated_due(&room->parts.misdated));
    due = earlier(due, solitude_due(&room->parts.solitude, room->parts.members.count));
    return earlier(due, earlier(outgoing_due(&room->parts.outgoing), history_due(&room->parts.history)));
}

void chatroom_network_changed(struct chatroom *room, uint64_t now) {
    meeting_check(&room->parts.meeting, now);
    for (size_t i = 0; i < room->parts.members.count; i++) peer_network_changed(room->parts.members.list[i]->peer, now);
}

void chatroom_resumed(struct chatroom *room, uint64_t gap, uint64_t now) {
    meeting_resumed(&room->parts.meeting, gap, now);
    for (size_t i = 0; i < room->parts.members.count; i++) peer_resumed(room->parts.members.list[i]->peer, gap, now);
}

void chatroom_part(struct chatroom *room, uint64_t now) {
    if (room->state == CHATROOM_OPEN) enter(room, CHATROOM_ENDING, now);
}

void chatroom_leave(struct chatroom *room, uint64_t now) {
    if (is_leaving(room)) return;
    HOLDS(assembly_holds(&room->parts));
    room->outcome = outcome(room);
    gathered_show_all(&room->parts.gathered, now);
    if (misdated_due(&room->parts.misdated) != NEVER) heard_tell_misdated(&room->parts.heard, now);
    enter(room, CHATROOM_LEAVING, now);
    room->parts.leaving = true;
    history_end(&room->parts.history);
    for (size_t i = 0; i < room->parts.members.count; i++) peer_say_bye(room->parts.members.list[i]->peer, now);
    meeting_leave(&room->parts.meeting, now);
}

/* --- What is said --- */

/* NULL: it cannot be said. What is said to all is kept for those who come later. */
static struct blob *compose(struct chatroom *room, struct chat_message *chat, uint64_t now) {
    struct blob *blob = outgoing_compose(&room->parts.outgoing, chat, now);
    if (blob && chat->kind != CHAT_PRIVATE) history_said(&room->parts.history, chat->sequence, blob, now);
    return blob;
}

static void say(struct chatroom *room, struct chat_message *chat, struct member *to, uint64_t now) {
    struct blob *blob = compose(room, chat, now);
    if (!blob) {
        outgoing_refuse(&room->parts.outgoing);
        return;
    }
    outgoing_say(&room->parts.outgoing, &room->parts.members, chat, to, blob, now);
    if (chat->kind != CHAT_PRIVATE) gathering_shown(&room->parts.gathered.gathering, history_time(0, now));
    blob_drop(blob);
}

void chatroom_say(struct chatroom *room, enum chat_kind kind, const uint8_t *peer, const char *text, size_t size,
                  uint64_t now) {
    struct chat_message chat = {.kind = kind, .text = text, .text_size = size};
    struct member *to = NULL;
    if (kind == CHAT_PRIVATE) {
        to = members_find(&room->parts.members, peer);
        memcpy(chat.recipient, peer, sizeof chat.recipient);
    }
    if (kind != CHAT_PRIVATE || (to && to->peer->state == PEER_LIVE && to->admitted && !to->barred)) {
        say(room, &chat, to, now);
    } else {
        room_events_error(&room->parts.events, "a private message goes to somebody who is here, and not blocked");
        outgoing_refuse(&room->parts.outgoing);
    }
}

void chatroom_tell_nick(struct chatroom *room, uint64_t now) {
    const char *nick = room->parts.host->nick;
    nicks_ours(&room->parts.nicks, nick);
    struct chat_message chat = {.kind = CHAT_NICK, .text = nick, .text_size = strlen(nick)};
    struct blob *blob = is_leaving(room) ? NULL : compose(room, &chat, now);
    if (!blob) return;
    outgoing_tell(&room->parts.outgoing, &room->parts.members, blob, now);
    blob_drop(blob);
}

void chatroom_mark(struct chatroom *room, const uint8_t id[static MEMBER_ID_SIZE], enum person_mark mark,
                   uint64_t now) {
    const struct member *member = members_find(&room->parts.members, id);
    if (member && *member->fingerprint)
        nicks_mark(&room->parts.nicks, member, mark, now);
    else
        room_events_error(&room->parts.events, "whom to mark was never connected, or has left");
}

/* --- Private rooms --- */

void chatroom_keep_gate(struct chatroom *room, const struct gatekeeper *keeper) {
    room->parts.gate.keeper = *keeper;
}

void chatroom_review(struct chatroom *room, uint64_t now) {
    assembly_review(&room->parts, now);
}

void chatroom_decide(struct chatroom *room, const uint8_t peer[static MEMBER_ID_SIZE], uint64_t now) {
    struct member *member = members_find(&room->parts.members, peer);
    if (member) assembly_decide(&room->parts, member, now);
}

void chatroom_call_back(struct chatroom *room, uint64_t now) {
    if (!is_leaving(room)) assembly_call_back(&room->parts, now);
}

bool chatroom_tell(struct chatroom *room, const uint8_t *peer, const uint8_t *message, size_t size, uint64_t now) {
    struct outgoing *outgoing = &room->parts.outgoing;
    struct members *members = &room->parts.members;
    const struct member *one = peer ? members_find(members, peer) : NULL;
    if (is_leaving(room) || (peer && !one)) return false;
    struct blob *blob = blob_create(message, size);
    bool told = one && outgoing_tell_one(outgoing, one, blob, now);
    for (size_t i = 0; !peer && i < members->count; i++)
        if (members->list[i]->admitted && members->list[i]->peer->connected)
            told |= outgoing_tell_one(outgoing, members->list[i], blob, now);
    blob_drop(blob);
    return told || !peer;
}

size_t chatroom_waiting(const struct chatroom *room, const uint8_t peer[static MEMBER_ID_SIZE]) {
    const struct member *member = members_find(&room->parts.members, peer);
    return member ? member->peer->sender.messages : 0;
}

uint64_t chatroom_time(const struct chatroom *room, uint64_t now) {
    return room_clock_ms(&room->parts.clock, now);
}

void chatroom_nick_of(const struct chatroom *room, const uint8_t peer[static MEMBER_ID_SIZE],
                      char out[static TEXT_NICK_MAX + 1]) {
    const struct member *member = members_find(&room->parts.members, peer);
    snprintf(out, TEXT_NICK_MAX + 1, "%s", member ? member->peer->introduction.nick : "");
}

void chatroom_dismiss(struct chatroom *room, const uint8_t peer[static MEMBER_ID_SIZE], uint64_t now) {
    const struct member *member = members_find(&room->parts.members, peer);
    if (member && !member->admitted) peer_dismiss(member->peer, now);
}

bool chatroom_add_set(struct chatroom *room, const struct key_set *set, enum key_set_role role, uint64_t now) {
    return rekeying_add(&room->parts, set, role, now);
}

void chatroom_rekey(struct chatroom *room, const struct key_set *set, bool keep, uint64_t now) {
    rekeying_rekey(&room->parts, set, keep, now);
}

void chatroom_keep_set(struct chatroom *room, const uint8_t tag[static ROOM_TAG_SIZE], bool keep, uint64_t now) {
    rekeying_keep(&room->parts, tag, keep, now);
}

void chatroom_drop_set(struct chatroom *room, const uint8_t tag[static ROOM_TAG_SIZE], uint64_t now) {
    rekeying_drop(&room->parts, tag, now);
}

void chatroom_peer_rekeyed(struct chatroom *room, const uint8_t peer[static MEMBER_ID_SIZE]) {
    const struct member *member = members_find(&room->parts.members, peer);
    if (member) peer_has_set(member->peer, key_sets_current(&room->parts.self.sets));
}

void chatroom_look_again(struct chatroom *room, uint64_t now) {
    if (!is_leaving(room)) nicks_look_again(&room->parts.nicks, now);
}

/* --- What the engine has for the parts --- */

void chatroom_tell_timeline(const struct chatroom *room, const uint8_t id[static MEMBER_ID_SIZE], uint64_t now) {
    timeline_tell(&room->parts.events, id, now);
}

void chatroom_set_candidates(struct chatroom *room, const struct candidate_list *candidates, uint64_t now) {
    meeting_set_candidates(&room->parts.meeting, candidates, now);
}

void chatroom_bootnode_moved(struct chatroom *room, unsigned bootnode, uint64_t now) {
    meeting_set_addresses(&room->parts.meeting, bootnode, now);
}

void chatroom_bootnode_unresolved(struct chatroom *room, unsigned bootnode, const char *why, uint64_t now) {
    meeting_unresolved(&room->parts.meeting, bootnode, why, now);
}

bool chatroom_misses_bootnode(const struct chatroom *room, unsigned bootnode, uint64_t now) {
    return meeting_misses(&room->parts.meeting, bootnode, now);
}
