#include <stdlib.h>
#include <string.h>

#include "client/room/parts.h"

/* By the author's word what was passed on is no older than what is kept, nor from further ahead than this: clocks are
 * wrong by so much, or by whole hours where somebody took the wrong zone for ours. */
#define CLOCKS_APART_MS UINT64_C(3600000)

/* An author, who need not be here. */
struct speaker {
    uint8_t id[MEMBER_ID_SIZE];
    struct peer *peer; /* NULL: gone, or never met */
};

static struct speaker speaker_of(const struct chatroom *room, const struct chat_message *chat) {
    struct speaker speaker;
    member_id_derive(&room->keys, chat->author, speaker.id);
    const struct member *member = members_find(&room->members, speaker.id);
    speaker.peer = member ? member->peer : NULL;
    return speaker;
}

static bool is_here(const struct speaker *speaker) {
    return speaker->peer && speaker->peer->connected;
}

/* An event about an author whom others may have to speak for: under the nick we know, else under its own word. */
static struct event *speaker_event(const struct chatroom *room, enum event_type type, const struct speaker *speaker,
                                   const struct chat_message *chat, const char *text, size_t size) {
    struct event *event =
        room_events_make_text(&room->events, type, is_here(speaker) ? speaker->peer : NULL, text, size);
    memcpy(event->peer, speaker->id, sizeof event->peer);
    if (!is_here(speaker)) nicks_claimed(room, chat, event->nick);
    return event;
}

static struct event *message_event(const struct chatroom *room, const struct speaker *speaker,
                                   const struct chat_message *chat, bool passed_on) {
    struct event *event = speaker_event(room, EVENT_MESSAGE, speaker, chat, chat->text, chat->text_size);
    event->kind = chat->kind;
    event->sent_ms = chat->sent_ms;
    event->history = passed_on;
    fingerprint_format(chat->author, event->fingerprint);
    message_id_format(chat->kind, chat->run, chat->sequence, event->id);
    return event;
}

static void take_nick(struct chatroom *room, const struct speaker *speaker, const struct chat_message *chat) {
    char nick[TEXT_NICK_MAX + 1];
    text_nick(chat->text, chat->text_size, nick);
    if (*nick && is_here(speaker)) nicks_renamed(room, speaker->peer, nick);
}

void heard_show(struct chatroom *room, const struct held *held) {
    struct chat_message chat;
    if (!message_parse(held->blob->data, held->blob->size, &chat)) return;
    struct speaker speaker = speaker_of(room, &chat);
    if (speaker.peer && speaker.peer->state == PEER_BLOCKED) return;
    if (chat.kind != CHAT_NICK)
        gathered_add(room, message_event(room, &speaker, &chat, held->passed_on), held->time, held->passed_on);
    else if (!held->passed_on)
        take_nick(room, &speaker, &chat);
}

void heard_lost(struct chatroom *room, const struct held *next, uint64_t count) {
    struct chat_message chat;
    if (!message_parse(next->blob->data, next->blob->size, &chat)) return;
    struct speaker speaker = speaker_of(room, &chat);
    struct event *event = speaker_event(room, EVENT_LOST, &speaker, &chat, NULL, 0);
    event->lost = count;
    fingerprint_format(chat.author, event->fingerprint);
    gathered_add(room, event, next->time, next->passed_on);
}

static void heard_public(struct chatroom *room, const struct chat_message *chat, const uint8_t *message, size_t size,
                         bool passed_on, uint64_t age) {
    struct feed_name name = feed_name_of(chat->author, chat->run);
    history_heard(&room->history, &name, chat->sequence, message, size, passed_on, age, room->now);
}

static bool is_recent(const struct chatroom *room, const struct chat_message *chat) {
    uint64_t now = room->host->outside->wall_ms(room->host->outside->context);
    if (chat->sent_ms > now) return chat->sent_ms - now <= CLOCKS_APART_MS;
    return now - chat->sent_ms <= BACKLOG_AGE_MS + CLOCKS_APART_MS;
}

static bool is_author(const struct peer *peer, const struct chat_message *chat) {
    return memcmp(peer->introduction.identity, chat->author, sizeof chat->author) == 0;
}

/* The author itself needs no clock: what it says is new. */
static void take_passed_on(struct chatroom *room, const struct peer *peer, const struct exchange_received *received) {
    struct chat_message chat;
    if (received->age > BACKLOG_AGE_MS + CLOCKS_APART_MS) return;
    if (!message_decode(received->message, received->size, room->keys.tag, &chat) || chat.kind == CHAT_PRIVATE) return;
    if (is_author(peer, &chat) || is_recent(room, &chat))
        heard_public(room, &chat, received->message, received->size, true, received->age);
}

/* What the last stretch took, which the age that was written down before it cannot tell. */
static uint64_t travelled(const struct peer *peer) {
    return peer->rtt_us / 2000;
}

static void take_history(struct chatroom *room, const struct member *member, struct exchange *exchange,
                         const uint8_t *message, size_t size, uint64_t age) {
    struct exchange_received received;
    uint64_t waited = age + travelled(member->peer);
    if (history_received(&room->history, exchange, message, size, waited, room->now, &received))
        take_passed_on(room, member->peer, &received);
}

static void whispered(struct chatroom *room, struct peer *peer, const struct chat_message *chat, uint64_t age) {
    if (memcmp(chat->recipient, room->peer_host.own_id, MEMBER_ID_SIZE) != 0) return;
    struct speaker speaker = {.peer = peer};
    memcpy(speaker.id, peer->pair.other_id, sizeof speaker.id);
    if (!author_whispers(authors_of(&room->authors, peer->pair.other_id, room->now), chat->run, chat->sequence)) return;
    struct event *event = message_event(room, &speaker, chat, false);
    room_events_date(&room->events, event, history_time(age, room->now), room->now);
    room_events_emit(&room->events, event);
}

void heard_receive(struct chatroom *room, struct peer *peer, const uint8_t *message, size_t size, uint64_t age) {
    struct chat_message chat;
    if (room->state >= CHATROOM_LEAVING || size == 0) return;
    if (message[0] != MESSAGE_VERSION) {
        struct member *member = peer->owner;
        take_history(room, member, &member->exchange, message, size, age);
        return;
    }
    if (!message_decode(message, size, room->keys.tag, &chat)) return;
    if (!is_author(peer, &chat)) return;
    if (chat.kind == CHAT_PRIVATE)
        whispered(room, peer, &chat, age);
    else
        heard_public(room, &chat, message, size, false, age);
}
