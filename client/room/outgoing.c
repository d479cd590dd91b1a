#include "client/room/outgoing.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/holds.h"
#include "common/memory.h"

#define STALLED_MS 30000

/* A message of ours that somebody present has not acknowledged. */
struct under_way {
    struct under_way *next;
    uint64_t tag; /* with which members acknowledge it */
    enum chat_kind kind;
    uint64_t sequence, accepted;
    size_t bytes; /* that it may hold in memory */
    bool arrived; /* somebody has acknowledged it */
    size_t waiting;
    struct member *members[]; /* `waiting` of them */
};

/* --- Credit --- */

static void give(const struct outgoing *outgoing, unsigned credit) {
    struct event *event = room_events_make(outgoing->events, EVENT_CREDIT, NULL);
    event->credit = credit;
    room_events_emit(outgoing->events, event);
}

static void credit_give(struct outgoing *outgoing) {
    if (outgoing->credit_owed == 0 || outgoing->bytes > OUTGOING_BYTES) return;
    unsigned owed = outgoing->credit_owed;
    outgoing->credit_owed = 0;
    give(outgoing, owed);
}

void outgoing_open(const struct outgoing *outgoing) {
    give(outgoing, OUTGOING_INPUTS);
}

void outgoing_refuse(struct outgoing *outgoing) {
    outgoing->credit_owed++;
    credit_give(outgoing);
}

/* --- What waits --- */

static void finish(struct outgoing *outgoing, struct under_way **at) {
    struct under_way *done = *at;
    *at = done->next;
    outgoing->count--;
    outgoing->bytes -= done->bytes;
    outgoing->credit_owed++;
    free(done);
}

void outgoing_clear(struct outgoing *outgoing) {
    while (outgoing->first) finish(outgoing, &outgoing->first);
}

bool outgoing_any(const struct outgoing *outgoing) {
    return outgoing->first != NULL;
}

static bool waits_for_company(const struct under_way *message) {
    for (size_t i = 0; i < message->waiting; i++)
        if (message->members[i]->peer->connected) return true;
    return false;
}

bool outgoing_undelivered(const struct outgoing *outgoing) {
    for (const struct under_way *message = outgoing->first; message; message = message->next)
        if (waits_for_company(message)) return true;
    return outgoing->any_undelivered;
}

bool outgoing_alone(const struct outgoing *outgoing) {
    for (const struct under_way *message = outgoing->first; message; message = message->next)
        if (!message->arrived) return true;
    return outgoing->any_alone;
}

/* True when the member was among those it waited for. */
static bool strike(struct under_way *message, const struct member *member) {
    for (size_t i = 0; i < message->waiting; i++) {
        if (message->members[i] != member) continue;
        message->members[i] = message->members[--message->waiting];
        return true;
    }
    return false;
}

static void tell(const struct outgoing *outgoing, enum event_type type, const struct member *member,
                 const struct under_way *message) {
    struct event *event = room_events_make(outgoing->events, type, member->peer);
    message_id_format(message->kind, outgoing->self->run, message->sequence, event->id);
    room_events_emit(outgoing->events, event);
}

bool outgoing_holds(const struct outgoing *outgoing) {
    size_t count = 0, bytes = 0;
    uint64_t last = 0;
    for (const struct under_way *message = outgoing->first; message; message = message->next) {
        if (message->waiting == 0 || message->tag <= last || message->tag > outgoing->tag) return false;
        last = message->tag;
        bytes += message->bytes;
        count++;
    }
    return count == outgoing->count && bytes == outgoing->bytes;
}

void outgoing_acknowledged(struct outgoing *outgoing, struct member *member, uint64_t tag) {
    struct under_way **at = &outgoing->first;
    while (*at && (*at)->tag != tag) at = &(*at)->next;
    if (!*at || !strike(*at, member)) return;
    member->stalled = false;
    (*at)->arrived = true;
    tell(outgoing, EVENT_DELIVERED, member, *at);
    if ((*at)->waiting == 0) finish(outgoing, at);
    credit_give(outgoing);
}

void outgoing_give_up(struct outgoing *outgoing, const struct member *member, bool undelivered) {
    bool missed = undelivered && member->peer->connected;
    for (struct under_way **at = &outgoing->first; *at;) {
        bool waited = strike(*at, member);
        if (waited) tell(outgoing, EVENT_UNDELIVERED, member, *at);
        if (waited && missed) outgoing->any_undelivered = true;
        /* Whom we blocked, or who is not there, should not have it, but then nobody has. */
        if (waited && !missed && (*at)->waiting == 0 && !(*at)->arrived) outgoing->any_alone = true;
        if ((*at)->waiting == 0)
            finish(outgoing, at);
        else
            at = &(*at)->next;
    }
    HOLDS(outgoing_holds(outgoing));
    credit_give(outgoing);
}

/* --- Who holds up the others --- */

/* Nothing more can be said before something is acknowledged. */
static bool is_full(const struct outgoing *outgoing) {
    return outgoing->count >= OUTGOING_INPUTS || outgoing->bytes > OUTGOING_BYTES;
}

/* One who cannot be reached, or will not acknowledge, must not silence the room. */
static uint64_t stalled_at(const struct under_way *oldest, const struct member *member) {
    uint64_t news_at = member->peer->sender.news_at;
    if (member->stalled) return 0;
    uint64_t patience = member->peer->connected ? STALLED_MS : OUTGOING_UNANSWERED_MS;
    return (oldest->accepted > news_at ? oldest->accepted : news_at) + patience;
}

static struct member *first_to_stall(const struct outgoing *outgoing) {
    const struct under_way *oldest = outgoing->first;
    struct member *first = NULL;
    if (!oldest || !is_full(outgoing)) return NULL;
    for (size_t i = 0; i < oldest->waiting; i++)
        if (!first || stalled_at(oldest, oldest->members[i]) < stalled_at(oldest, first)) first = oldest->members[i];
    return first;
}

uint64_t outgoing_due(const struct outgoing *outgoing) {
    const struct member *first = first_to_stall(outgoing);
    return first ? stalled_at(outgoing->first, first) : NEVER;
}

static void tell_stalled(const struct outgoing *outgoing, const struct peer *peer) {
    char id[2 * MEMBER_ID_SIZE + 1], text[128 + sizeof id];
    const char *name =
        peer->connected ? peer->introduction.nick : sodium_bin2hex(id, sizeof id, peer->pair.other_id, MEMBER_ID_SIZE);
    snprintf(text, sizeof text, "%s acknowledges nothing: what waited for them is given up", name);
    room_events_error(outgoing->events, text);
}

struct member *outgoing_stalled(struct outgoing *outgoing, uint64_t now) {
    if (now < outgoing_due(outgoing)) return NULL;
    struct member *member = first_to_stall(outgoing);
    if (!member->stalled) tell_stalled(outgoing, member->peer);
    member->stalled = true;
    return member;
}

/* --- What is said --- */

struct blob *outgoing_compose(struct outgoing *outgoing, struct chat_message *chat, uint64_t now) {
    const struct chatroom_host *host = outgoing->host;
    uint64_t *last = chat->kind == CHAT_PRIVATE ? &outgoing->private_sequence : &outgoing->sequence;
    chat->run = outgoing->self->run;
    chat->sequence = *last + 1;
    chat->sent_ms = room_clock_ms(outgoing->clock, now);
    chat->nick = host->nick;
    chat->nick_size = strlen(chat->nick);
    size_t capacity = chat->text_size + MESSAGE_OVERHEAD;
    uint8_t *encoded = allocate(capacity);
    size_t size = message_encode(host->identity, outgoing->self->keys.id, chat, encoded, capacity);
    struct blob *blob = size ? blob_create(encoded, size) : NULL;
    free(encoded);
    if (blob) ++*last;
    return blob;
}

static void emit_sent(const struct outgoing *outgoing, const struct member *to, const struct chat_message *chat,
                      const struct under_way *message, uint64_t now) {
    const struct peer *peer = to ? to->peer : NULL;
    struct event *event = room_events_make_text(outgoing->events, EVENT_SENT, peer, chat->text, chat->text_size);
    event->kind = chat->kind;
    event->recipients = (unsigned)message->waiting;
    room_events_date(outgoing->events, event, (int64_t)now, now);
    fingerprint_format(outgoing->host->identity->public, event->fingerprint);
    message_id_format(chat->kind, chat->run, chat->sequence, event->id);
    room_events_emit(outgoing->events, event);
}

static void queue(struct outgoing *outgoing, struct under_way *message, struct member *member, struct blob *blob,
                  uint64_t now) {
    if (member->peer->state != PEER_LIVE || !member->admitted || member->barred) return;
    if (peer_queue(member->peer, blob, message->tag, now))
        message->members[message->waiting++] = member;
    else
        outgoing->any_undelivered |= member->peer->connected;
}

static struct under_way **add(struct outgoing *outgoing, struct under_way *message) {
    struct under_way **at = &outgoing->first;
    while (*at) at = &(*at)->next;
    *at = message;
    outgoing->count++;
    outgoing->bytes += message->bytes;
    outgoing->any_said = true;
    return at;
}

void outgoing_say(struct outgoing *outgoing, const struct members *members, const struct chat_message *chat,
                  struct member *to, struct blob *blob, uint64_t now) {
    struct under_way *message =
        allocate_zeroed(1, sizeof *message + members_present(members) * sizeof(struct member *));
    message->tag = ++outgoing->tag;
    message->kind = chat->kind;
    message->sequence = chat->sequence;
    message->accepted = now;
    message->bytes = blob->size;
    struct under_way **at = add(outgoing, message);
    if (to) queue(outgoing, message, to, blob, now);
    for (size_t i = 0; !to && i < members->count; i++) queue(outgoing, message, members->list[i], blob, now);
    emit_sent(outgoing, to, chat, message, now);
    if (message->waiting == 0) {
        outgoing->any_alone = true;
        finish(outgoing, at);
    }
    credit_give(outgoing);
}

void outgoing_tell(struct outgoing *outgoing, const struct members *members, struct blob *blob, uint64_t now) {
    uint64_t tag = ++outgoing->tag;
    /* Nobody waits for its delivery: whom it cannot be queued for is not told. */
    for (size_t i = 0; i < members->count; i++)
        if (members->list[i]->admitted && members->list[i]->peer->state == PEER_LIVE)
            (void)peer_queue(members->list[i]->peer, blob, tag, now);
}

bool outgoing_tell_one(struct outgoing *outgoing, const struct member *member, struct blob *blob, uint64_t now) {
    return member->peer->state == PEER_LIVE && peer_queue(member->peer, blob, ++outgoing->tag, now);
}
