#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/chatroom_parts.h"
#include "client/message.h"

#define STALLED_MS 30000

/* A message of ours that somebody present has not acknowledged. */
struct outgoing {
    struct outgoing *next;
    uint64_t sequence, accepted;
    size_t bytes; /* that it may hold in memory */
    bool arrived; /* somebody has acknowledged it */
    size_t waiting;
    struct peer *peers[]; /* `waiting` of them */
};

/* What was last shown of an author: survives the peer object, so that nothing is shown twice when it comes back. */
struct author {
    uint8_t id[MEMBER_ID_SIZE];
    uint64_t run, sequence;
    uint64_t used; /* ms, for making room */
};

/* --- Heard --- */

static struct author *author_find(struct chatroom *room, const uint8_t id[static MEMBER_ID_SIZE]) {
    struct author *oldest = NULL;
    for (size_t i = 0; i < room->author_count; i++) {
        struct author *author = &room->authors[i];
        if (memcmp(author->id, id, MEMBER_ID_SIZE) == 0) return author;
        if (!oldest || author->used < oldest->used) oldest = author;
    }
    if (room->author_count < CHATROOM_AUTHORS_MAX) {
        struct author *grown = realloc(room->authors, (room->author_count + 1) * sizeof *grown);
        if (!grown) abort();
        room->authors = grown;
        oldest = &grown[room->author_count++];
    }
    memset(oldest, 0, sizeof *oldest);
    memcpy(oldest->id, id, MEMBER_ID_SIZE);
    return oldest;
}

void messages_received(struct chatroom *room, struct peer *peer, const uint8_t *message, size_t size) {
    struct chat_message chat;
    if (!message_decode(message, size, room->keys.tag, &chat)) return;
    /* Only what the author sends itself: passing on comes with history. */
    if (memcmp(chat.author, peer->introduction.identity, sizeof chat.author) != 0) return;
    struct author *author = author_find(room, peer->pair.other_id);
    author->used = room->now;
    if (author->run == chat.run && chat.sequence <= author->sequence) return;
    author->run = chat.run;
    author->sequence = chat.sequence;
    if (room->leaving) return;
    struct event *event = event_create(EVENT_MESSAGE, chat.text, chat.text_size);
    event->room = room->name;
    memcpy(event->peer, peer->pair.other_id, MEMBER_ID_SIZE);
    memcpy(event->nick, peer->introduction.nick, sizeof event->nick);
    event->sent_ms = chat.sent_ms;
    message_id_format(chat.run, chat.sequence, event->id);
    chatroom_emit(room, event);
}

/* --- Said --- */

static void credit_give(struct chatroom *room) {
    if (room->credit_owed == 0 || room->outgoing_bytes > CHATROOM_BYTES) return;
    struct event *event = chatroom_event(room, EVENT_CREDIT, NULL);
    event->credit = room->credit_owed;
    room->credit_owed = 0;
    chatroom_emit(room, event);
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
static bool outgoing_strike(struct outgoing *outgoing, const struct peer *peer) {
    for (size_t i = 0; i < outgoing->waiting; i++) {
        if (outgoing->peers[i] != peer) continue;
        outgoing->peers[i] = outgoing->peers[--outgoing->waiting];
        return true;
    }
    return false;
}

void messages_acknowledged(struct chatroom *room, struct peer *peer, uint64_t tag) {
    struct outgoing **at = &room->outgoing;
    while (*at && (*at)->sequence != tag) at = &(*at)->next;
    if (!*at || !outgoing_strike(*at, peer)) return;
    peer->stalled = false;
    (*at)->arrived = true;
    struct event *event = chatroom_event(room, EVENT_DELIVERED, peer);
    message_id_format(room->host->run, tag, event->id);
    chatroom_emit(room, event);
    if ((*at)->waiting == 0) outgoing_finish(room, at);
    credit_give(room);
}

void messages_give_up(struct chatroom *room, struct peer *peer, bool undelivered) {
    for (struct outgoing **at = &room->outgoing; *at;) {
        bool waited = outgoing_strike(*at, peer);
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
static uint64_t stalled_at(const struct outgoing *oldest, const struct peer *peer) {
    if (peer->stalled) return 0;
    return (oldest->accepted > peer->sender.news_at ? oldest->accepted : peer->sender.news_at) + STALLED_MS;
}

static struct peer *first_to_stall(const struct chatroom *room) {
    const struct outgoing *oldest = room->outgoing;
    struct peer *first = NULL;
    if (!oldest || !is_full(room)) return NULL;
    for (size_t i = 0; i < oldest->waiting; i++)
        if (!first || stalled_at(oldest, oldest->peers[i]) < stalled_at(oldest, first)) first = oldest->peers[i];
    return first;
}

uint64_t messages_due(const struct chatroom *room) {
    const struct peer *first = first_to_stall(room);
    return first ? stalled_at(room->outgoing, first) : UINT64_MAX;
}

void messages_tick(struct chatroom *room, uint64_t now) {
    while (messages_due(room) <= now) {
        struct peer *peer = first_to_stall(room);
        char id[2 * MEMBER_ID_SIZE + 1], text[128 + sizeof id];
        const char *name = peer->connected ? peer->introduction.nick
                                           : sodium_bin2hex(id, sizeof id, peer->pair.other_id, MEMBER_ID_SIZE);
        snprintf(text, sizeof text, "%s acknowledges nothing: what waited for them is given up", name);
        if (!peer->stalled) chatroom_error(room, text);
        peer->stalled = true;
        peer_drop_queue(peer);
        messages_give_up(room, peer, true);
    }
}

static void emit_sent(struct chatroom *room, const struct chat_message *chat) {
    struct event *event = event_create(EVENT_SENT, chat->text, chat->text_size);
    event->room = room->name;
    message_id_format(chat->run, chat->sequence, event->id);
    chatroom_emit(room, event);
}

/* Queues the blob to everyone present and remembers whom it waits for. */
static void outgoing_add(struct chatroom *room, struct blob *blob, uint64_t sequence) {
    struct outgoing *outgoing = calloc(1, sizeof *outgoing + chatroom_present(room) * sizeof(struct peer *));
    if (!outgoing) abort();
    outgoing->sequence = sequence;
    outgoing->accepted = room->now;
    outgoing->bytes = blob->size;
    struct outgoing **at = &room->outgoing;
    while (*at) at = &(*at)->next;
    *at = outgoing;
    room->outgoing_count++;
    room->outgoing_bytes += blob->size;
    for (size_t i = 0; i < room->peer_count; i++) {
        struct peer *peer = room->peers[i];
        if (peer->state != PEER_LIVE) continue;
        if (peer_queue(peer, blob, sequence, room->now))
            outgoing->peers[outgoing->waiting++] = peer;
        else
            room->any_undelivered = true;
    }
    if (outgoing->waiting > 0) return;
    room->any_alone = true;
    outgoing_finish(room, at);
}

void chatroom_say(struct chatroom *room, const char *text, size_t size, uint64_t now) {
    room->now = now;
    struct chat_message chat = {.run = room->host->run,
                                .sequence = ++room->sequence,
                                .sent_ms = room->host->wall_ms(room->host->context),
                                .text = text,
                                .text_size = size};
    size_t capacity = size + MESSAGE_OVERHEAD;
    uint8_t *encoded = malloc(capacity);
    if (!encoded) abort();
    size_t encoded_size = message_encode(room->host->identity, room->keys.tag, &chat, encoded, capacity);
    struct blob *blob = encoded_size ? blob_create(encoded, encoded_size) : NULL;
    free(encoded);
    if (blob) {
        emit_sent(room, &chat);
        outgoing_add(room, blob, chat.sequence);
        blob_drop(blob);
    } else { /* not UTF-8, empty or too long: the UI sees to that, so only a broken one gets here */
        room->sequence--;
        room->credit_owed++;
    }
    credit_give(room);
}

bool chatroom_has_outgoing(const struct chatroom *room) {
    return room->outgoing != NULL;
}

void messages_clear(struct chatroom *room) {
    while (room->outgoing) outgoing_finish(room, &room->outgoing);
    free(room->authors);
    room->authors = NULL;
    room->author_count = 0;
}
