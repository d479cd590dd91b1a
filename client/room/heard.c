#include "client/room/heard.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"

/* An author, who need not be here. */
struct speaker {
    uint8_t id[MEMBER_ID_SIZE];
    struct peer *peer; /* NULL: gone, or never met */
};

/* Of a message that was verified, so that the id of somebody who is not here is worth its price. */
static struct speaker speaker_of(const struct heard *heard, const struct chat_message *chat) {
    struct speaker speaker = {.peer = NULL};
    const struct member *member = members_by_identity(heard->members, chat->author);
    if (member) {
        memcpy(speaker.id, member->peer->pair.other_id, sizeof speaker.id);
    } else {
        member_id_derive(&heard->self->keys, chat->author, speaker.id);
        member = members_find(heard->members, speaker.id);
    }
    if (member) speaker.peer = member->peer;
    return speaker;
}

static bool is_here(const struct speaker *speaker) {
    return speaker->peer && speaker->peer->connected;
}

static bool is_barred(const struct speaker *speaker) {
    const struct member *member = speaker->peer ? speaker->peer->owner : NULL;
    return member && member->barred;
}

/* An event about an author whom others may have to speak for: under the nick we know, else under its own word. */
static struct event *speaker_event(const struct heard *heard, enum event_type type, const struct speaker *speaker,
                                   const struct chat_message *chat, const char *text, size_t size) {
    struct event *event =
        room_events_make_text(heard->events, type, is_here(speaker) ? speaker->peer : NULL, text, size);
    memcpy(event->peer, speaker->id, sizeof event->peer);
    if (is_here(speaker)) return event;
    nicks_claimed(heard->nicks, chat, event->nick);
    fingerprint_format(chat->author, event->fingerprint);
    event->verified = nicks_verified(heard->nicks, chat->author);
    return event;
}

static struct event *message_event(const struct heard *heard, const struct speaker *speaker,
                                   const struct chat_message *chat, bool passed_on) {
    struct event *event = speaker_event(heard, EVENT_MESSAGE, speaker, chat, chat->text, chat->text_size);
    event->kind = chat->kind;
    event->sent_ms = chat->sent_ms;
    event->history = passed_on;
    message_id_format(chat->kind, chat->run, chat->sequence, event->id);
    return event;
}

static void take_nick(const struct heard *heard, const struct speaker *speaker, const struct chat_message *chat,
                      uint64_t now) {
    char nick[TEXT_NICK_MAX + 1];
    text_nick(chat->text, chat->text_size, nick);
    if (*nick && is_here(speaker)) nicks_renamed(heard->nicks, speaker->peer, nick, now);
}

void heard_show(const struct heard *heard, const struct held *held, uint64_t now) {
    struct chat_message chat;
    if (!message_parse(held->blob->data, held->blob->size, &chat)) return;
    struct speaker speaker = speaker_of(heard, &chat);
    if (chat.kind == CHAT_NICK) {
        if (!held->passed_on) take_nick(heard, &speaker, &chat, now);
        return;
    }
    struct event *event = message_event(heard, &speaker, &chat, held->passed_on);
    if (is_barred(&speaker))
        held_back_add(heard->held_back, event, held->time);
    else
        gathered_add(heard->gathered, event, held->time, held->passed_on, now);
}

void heard_show_held_back(const struct heard *heard, const struct member *member, uint64_t now) {
    struct event *event;
    int64_t time;
    while ((event = held_back_take(heard->held_back, member->peer->pair.other_id, &time))) {
        event->verified = member->verified;
        room_events_date(heard->events, event, time, now);
        event->late = event->kind != CHAT_PRIVATE;
        room_events_emit(heard->events, event);
    }
}

void heard_lost(const struct heard *heard, const struct held *next, uint64_t count, uint64_t now) {
    struct chat_message chat;
    if (!message_parse(next->blob->data, next->blob->size, &chat)) return;
    struct speaker speaker = speaker_of(heard, &chat);
    struct event *event = speaker_event(heard, EVENT_LOST, &speaker, &chat, NULL, 0);
    event->lost = count;
    gathered_add(heard->gathered, event, next->time, next->passed_on, now);
}

static void heard_public(const struct heard *heard, const struct peer *by, const struct chat_message *chat,
                         const uint8_t *message, size_t size, bool passed_on, uint64_t age, uint64_t now) {
    struct feed_name name = feed_name_of(chat->author, chat->run);
    struct backlog_source from = {.itself = !passed_on};
    memcpy(from.id, by->pair.other_id, sizeof from.id);
    history_heard(heard->history, &name, chat->sequence, &from, message, size, age, now);
}

static bool is_author(const struct peer *peer, const struct chat_message *chat) {
    return memcmp(peer->introduction.identity, chat->author, sizeof chat->author) == 0;
}

/* The clock that the author dates this by, as far as it told; only of the run that it introduced itself with. */
static uint64_t authors_clock(const struct heard *heard, const struct chat_message *chat) {
    const struct feed_name feed = feed_name_of(chat->author, chat->run);
    const struct history_host *host = &heard->history->host;
    const struct exchange *author = host->author(host->context, &feed);
    return author ? ((const struct member *)author->owner)->peer->clock_began_ms : 0;
}

/* --- What it costs to check it --- */

bool heard_is_sated(const struct member *member, uint64_t now) {
    return member->checked > now + (HEARD_CHECKS - 1) * HEARD_CHECK_MS;
}

/* The last of the checks. */
static bool is_signed(const struct heard *heard, struct member *by, const struct chat_message *chat,
                      const uint8_t *message, size_t size, uint64_t now) {
    if (by->forged > now + (HEARD_FORGERIES - 1) * HEARD_FORGERY_MS) return false;
    by->checked = later(by->checked, now) + HEARD_CHECK_MS;
    if (message_verify(message, size, heard->self->keys.id, chat)) return true;
    by->forged = later(by->forged, now) + HEARD_FORGERY_MS;
    return false;
}

static bool is_news(const struct heard *heard, const struct chat_message *chat) {
    const struct feed_name feed = feed_name_of(chat->author, chat->run);
    return history_is_news(heard->history, &feed, chat->sequence);
}

/* --- What is passed on --- */

/* The author itself needs no clock: what it says is new. */
static bool fits_the_time(const struct heard *heard, const struct peer *by, const struct chat_message *chat,
                          uint64_t now) {
    return is_author(by, chat) || room_clock_is_recent(heard->clock, chat->sent_ms, authors_clock(heard, chat), now);
}

static void take_passed_on(const struct heard *heard, struct member *by, const struct exchange_received *received,
                           uint64_t now) {
    struct chat_message chat;
    if (received->age > BACKLOG_AGE_MS + CLOCKS_APART_MS) return;
    if (!message_parse(received->message, received->size, &chat) || chat.kind == CHAT_PRIVATE) return;
    bool fits = fits_the_time(heard, by->peer, &chat, now);
    if (fits ? !is_news(heard, &chat) : !misdated_is_news(heard->misdated, &chat)) return;
    if (!is_signed(heard, by, &chat, received->message, received->size, now)) return;
    if (fits)
        heard_public(heard, by->peer, &chat, received->message, received->size, true, received->age, now);
    else
        misdated_add(heard->misdated, &chat, now);
}

static bool has_come(const struct heard *heard, const struct misdated_author *author) {
    const struct feed *feed = feeds_find(&heard->history->feeds, &author->feed);
    return feed && feed->shown >= author->highest;
}

static void tell_misdated(const struct heard *heard, const struct misdated_author *author) {
    struct chat_message chat = {
        .run = author->feed.run, .nick = author->nick, .nick_size = (uint8_t)strlen(author->nick)};
    memcpy(chat.author, author->feed.author, sizeof chat.author);
    struct speaker speaker = speaker_of(heard, &chat);
    if (has_come(heard, author) || is_barred(&speaker)) return;
    struct event *event = speaker_event(heard, EVENT_LOST, &speaker, &chat, NULL, 0);
    event->lost = author->count;
    event->misdated = true;
    room_events_emit(heard->events, event);
}

void heard_tell_misdated(const struct heard *heard, uint64_t now) {
    struct misdated_author authors[MISDATED_AUTHORS];
    uint64_t others;
    char text[128];
    size_t count = misdated_take(heard->misdated, authors, &others, now);
    for (size_t i = 0; i < count; i++) tell_misdated(heard, &authors[i]);
    if (others == 0) return;
    snprintf(text, sizeof text, "%" PRIu64 " messages of others were left out, too: their times do not fit", others);
    room_events_error(heard->events, text);
}

/* What the last stretch took, which the age that was written down before it cannot tell. */
static uint64_t travelled(const struct peer *peer) {
    return peer->rtt_us / 2000;
}

static void take_history(const struct heard *heard, struct member *member, const uint8_t *message, size_t size,
                         uint64_t age, uint64_t now) {
    struct exchange_received received;
    uint64_t waited = age + travelled(member->peer);
    if (history_received(heard->history, &member->exchange, message, size, waited, now, &received))
        take_passed_on(heard, member, &received, now);
}

/* --- What the author says itself --- */

/* A copy, or another's: it does not matter whether it is signed. `author` holds until authors_of is called again. */
static struct author *whisperer(const struct heard *heard, const struct peer *peer, const struct chat_message *chat,
                                uint64_t now) {
    if (memcmp(chat->recipient, heard->self->id, MEMBER_ID_SIZE) != 0) return NULL;
    struct author *author = authors_of(heard->authors, peer->pair.other_id, now);
    return author_is_news(author, chat->run, chat->sequence) ? author : NULL;
}

static void whispered(const struct heard *heard, struct peer *peer, const struct chat_message *chat, uint64_t age,
                      uint64_t now) {
    struct speaker speaker = {.peer = peer};
    memcpy(speaker.id, peer->pair.other_id, sizeof speaker.id);
    struct event *event = message_event(heard, &speaker, chat, false);
    if (is_barred(&speaker)) {
        held_back_add(heard->held_back, event, history_time(age, now));
        return;
    }
    room_events_date(heard->events, event, history_time(age, now), now);
    room_events_emit(heard->events, event);
}

static void take_private(const struct heard *heard, struct member *member, const struct chat_message *chat,
                         const uint8_t *message, size_t size, uint64_t age, uint64_t now) {
    struct author *author = whisperer(heard, member->peer, chat, now);
    if (!author || !is_signed(heard, member, chat, message, size, now)) return;
    author_whispered(author, chat->run, chat->sequence);
    whispered(heard, member->peer, chat, age, now);
}

/* Of another run than the one that it introduced itself with the author has nothing to say itself. */
static bool is_its_own(const struct peer *peer, const struct chat_message *chat) {
    return is_author(peer, chat) && chat->run == peer->introduction.run;
}

void heard_receive(const struct heard *heard, struct member *member, const uint8_t *message, size_t size, uint64_t age,
                   uint64_t now) {
    struct chat_message chat;
    if (size == 0) return;
    if (message[0] != MESSAGE_VERSION) {
        take_history(heard, member, message, size, age, now);
        return;
    }
    if (!message_parse(message, size, &chat) || !is_its_own(member->peer, &chat)) return;
    if (chat.kind == CHAT_PRIVATE)
        take_private(heard, member, &chat, message, size, age, now);
    else if (is_news(heard, &chat) && is_signed(heard, member, &chat, message, size, now))
        heard_public(heard, member->peer, &chat, message, size, false, age, now);
}
