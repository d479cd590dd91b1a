#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/message/message.h"
#include "client/room/parts.h"
#include "common/clock.h"

#define STALLED_MS 30000

/* A message of ours that somebody present has not acknowledged. */
struct outgoing {
    struct outgoing *next;
    uint64_t tag; /* with which peers acknowledge it */
    enum chat_kind kind;
    uint64_t sequence, accepted;
    size_t bytes; /* that it may hold in memory */
    bool arrived; /* somebody has acknowledged it */
    size_t waiting;
    struct member *members[]; /* `waiting` of them */
};

static void credit_give(struct chatroom *room) {
    if (room->credit_owed == 0 || room->outgoing_bytes > CHATROOM_BYTES) return;
    struct event *event = room_events_make(&room->events, EVENT_CREDIT, NULL);
    event->credit = room->credit_owed;
    room->credit_owed = 0;
    room_events_emit(&room->events, event);
}

static void outgoing_finish(struct chatroom *room, struct outgoing **at) {
    struct outgoing *done = *at;
    *at = done->next;
    room->outgoing_count--;
    room->outgoing_bytes -= done->bytes;
    room->credit_owed++;
    free(done);
}

/* True when the peer was among those it waited for. */
static bool outgoing_strike(struct outgoing *outgoing, const struct member *member) {
    for (size_t i = 0; i < outgoing->waiting; i++) {
        if (outgoing->members[i] != member) continue;
        outgoing->members[i] = outgoing->members[--outgoing->waiting];
        return true;
    }
    return false;
}

void outgoing_acknowledged(struct chatroom *room, struct member *member, uint64_t tag) {
    struct outgoing **at = &room->outgoing;
    while (*at && (*at)->tag != tag) at = &(*at)->next;
    if (!*at || !outgoing_strike(*at, member)) return;
    member->stalled = false;
    (*at)->arrived = true;
    struct event *event = room_events_make(&room->events, EVENT_DELIVERED, member->peer);
    message_id_format((*at)->kind, room->run, (*at)->sequence, event->id);
    room_events_emit(&room->events, event);
    if ((*at)->waiting == 0) outgoing_finish(room, at);
    credit_give(room);
}

static void tell_undelivered(const struct chatroom *room, const struct member *member,
                             const struct outgoing *outgoing) {
    struct event *event = room_events_make(&room->events, EVENT_UNDELIVERED, member->peer);
    message_id_format(outgoing->kind, room->run, outgoing->sequence, event->id);
    room_events_emit(&room->events, event);
}

void outgoing_give_up(struct chatroom *room, struct member *member, bool undelivered) {
    for (struct outgoing **at = &room->outgoing; *at;) {
        bool waited = outgoing_strike(*at, member);
        if (waited) tell_undelivered(room, member, *at);
        if (waited && undelivered) room->any_undelivered = true;
        /* Whom we blocked should not have it, but then nobody has. */
        if (waited && !undelivered && (*at)->waiting == 0 && !(*at)->arrived) room->any_alone = true;
        if ((*at)->waiting == 0)
            outgoing_finish(room, at);
        else
            at = &(*at)->next;
    }
    credit_give(room);
}

/* Nothing more can be said before something is acknowledged. */
static bool is_full(const struct chatroom *room) {
    return room->outgoing_count >= CHATROOM_INPUTS || room->outgoing_bytes > CHATROOM_BYTES;
}

/* One who cannot be reached, or will not acknowledge, must not silence the room. */
static uint64_t stalled_at(const struct outgoing *oldest, const struct member *member) {
    if (member->stalled) return 0;
    return (oldest->accepted > member->peer->sender.news_at ? oldest->accepted : member->peer->sender.news_at) +
           STALLED_MS;
}

static struct member *first_to_stall(const struct chatroom *room) {
    const struct outgoing *oldest = room->outgoing;
    struct member *first = NULL;
    if (!oldest || !is_full(room)) return NULL;
    for (size_t i = 0; i < oldest->waiting; i++)
        if (!first || stalled_at(oldest, oldest->members[i]) < stalled_at(oldest, first)) first = oldest->members[i];
    return first;
}

uint64_t outgoing_due(const struct chatroom *room) {
    const struct member *first = first_to_stall(room);
    return first ? stalled_at(room->outgoing, first) : NEVER;
}

void outgoing_tick(struct chatroom *room, uint64_t now) {
    while (outgoing_due(room) <= now) {
        struct member *member = first_to_stall(room);
        char id[2 * MEMBER_ID_SIZE + 1], text[128 + sizeof id];
        const char *name = member->peer->connected
                               ? member->peer->introduction.nick
                               : sodium_bin2hex(id, sizeof id, member->peer->pair.other_id, MEMBER_ID_SIZE);
        snprintf(text, sizeof text, "%s acknowledges nothing: what waited for them is given up", name);
        if (!member->stalled) room_events_error(&room->events, text);
        member->stalled = true;
        peer_drop_queue(member->peer);
        chatroom_give_up(room, member, true);
        if (member->peer->connected)
            history_greet(&room->history, &member->exchange,
                          room->now); /* when it is heard again, it can ask for what it missed */
    }
}

/* The next message of its sequence. NULL when it is not UTF-8, empty or too long: the UI sees to that. */
static struct blob *compose(struct chatroom *room, struct chat_message *chat) {
    uint64_t *last = chat->kind == CHAT_PRIVATE ? &room->private_sequence : &room->sequence;
    chat->run = room->run;
    chat->sequence = *last + 1;
    chat->sent_ms = room->host->outside->wall_ms(room->host->outside->context);
    chat->nick = room->host->nick;
    chat->nick_size = strlen(chat->nick);
    size_t capacity = chat->text_size + MESSAGE_OVERHEAD;
    uint8_t *encoded = malloc(capacity);
    if (!encoded) abort();
    size_t size = message_encode(room->host->identity, room->keys.tag, chat, encoded, capacity);
    struct blob *blob = size ? blob_create(encoded, size) : NULL;
    free(encoded);
    if (!blob) return NULL;
    ++*last;
    if (chat->kind != CHAT_PRIVATE) history_said(&room->history, chat->sequence, blob, room->now);
    return blob;
}

static void emit_sent(struct chatroom *room, const struct member *to, const struct chat_message *chat,
                      const struct outgoing *outgoing) {
    struct event *event =
        room_events_make_text(&room->events, EVENT_SENT, to ? to->peer : NULL, chat->text, chat->text_size);
    event->kind = chat->kind;
    event->recipients = (unsigned)outgoing->waiting;
    room_events_date(&room->events, event, history_time(0, room->now), room->now);
    fingerprint_format(room->host->identity->public, event->fingerprint);
    message_id_format(chat->kind, chat->run, chat->sequence, event->id);
    room_events_emit(&room->events, event);
    if (chat->kind != CHAT_PRIVATE) gathering_shown(&room->gathering, history_time(0, room->now));
}

static void outgoing_queue(struct chatroom *room, struct outgoing *outgoing, struct member *member, struct blob *blob) {
    if (member->peer->state != PEER_LIVE) return;
    if (peer_queue(member->peer, blob, outgoing->tag, room->now))
        outgoing->members[outgoing->waiting++] = member;
    else
        room->any_undelivered = true;
}

/* Queues the blob to the peer, or (NULL) to everyone present, and remembers whom it waits for. */
static void outgoing_add(struct chatroom *room, const struct chat_message *chat, struct member *to, struct blob *blob) {
    struct outgoing *outgoing = calloc(1, sizeof *outgoing + members_present(&room->members) * sizeof(struct member *));
    if (!outgoing) abort();
    outgoing->tag = ++room->delivery_tag;
    outgoing->kind = chat->kind;
    outgoing->sequence = chat->sequence;
    outgoing->accepted = room->now;
    outgoing->bytes = blob->size;
    struct outgoing **at = &room->outgoing;
    while (*at) at = &(*at)->next;
    *at = outgoing;
    room->outgoing_count++;
    room->outgoing_bytes += blob->size;
    room->any_said = true;
    if (to) outgoing_queue(room, outgoing, to, blob);
    for (size_t i = 0; !to && i < room->members.count; i++) outgoing_queue(room, outgoing, room->members.list[i], blob);
    emit_sent(room, to, chat, outgoing);
    if (outgoing->waiting > 0) return;
    room->any_alone = true;
    outgoing_finish(room, at);
}

static void say(struct chatroom *room, struct chat_message *chat, struct member *to) {
    struct blob *blob = compose(room, chat);
    if (blob)
        outgoing_add(room, chat, to, blob);
    else
        room->credit_owed++;
    blob_drop(blob);
}

void chatroom_say(struct chatroom *room, enum chat_kind kind, const uint8_t *peer, const char *text, size_t size,
                  uint64_t now) {
    room->now = now;
    struct chat_message chat = {.kind = kind, .text = text, .text_size = size};
    struct member *to = NULL;
    if (kind == CHAT_PRIVATE) {
        to = members_find(&room->members, peer);
        memcpy(chat.recipient, peer, sizeof chat.recipient);
    }
    if (kind != CHAT_PRIVATE || (to && to->peer->state == PEER_LIVE)) {
        say(room, &chat, to);
    } else {
        room_events_error(&room->events, "a private message goes to somebody who is here");
        room->credit_owed++;
    }
    credit_give(room);
}

void chatroom_tell_nick(struct chatroom *room, uint64_t now) {
    room->now = now;
    const char *nick = room->host->nick;
    struct chat_message chat = {.kind = CHAT_NICK, .text = nick, .text_size = strlen(nick)};
    struct blob *blob = room->state < CHATROOM_LEAVING ? compose(room, &chat) : NULL;
    if (!blob) return;
    uint64_t tag = ++room->delivery_tag;
    for (size_t i = 0; i < room->members.count; i++)
        if (room->members.list[i]->peer->state == PEER_LIVE) peer_queue(room->members.list[i]->peer, blob, tag, now);
    blob_drop(blob);
}

bool chatroom_has_outgoing(const struct chatroom *room) {
    return room->outgoing != NULL;
}

static void drop_event(void *what) {
    event_destroy(what);
}

void outgoing_clear(struct chatroom *room) {
    gathering_clear(&room->gathering, drop_event);
    while (room->outgoing) outgoing_finish(room, &room->outgoing);
    authors_clear(&room->authors);
    history_clear(&room->history);
}
