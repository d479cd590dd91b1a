#include <stdlib.h>
#include <string.h>

#include "client/room/parts.h"

#define SUMMARY_EVERY_MS 1000
#define SWEEP_EVERY_MS 1000
#define ASKS_OPEN 16                    /* at once, of one member: it keeps 32 requests */
#define ANSWERS_BYTES (64 * 1024)       /* under way to a member, so that history does not hold up the chat for long */
#define CONTROL_BYTES (128 * 1024)      /* and with what we ask: more, and the member does not acknowledge */
#define SHARE_BYTES (2 * BACKLOG_BYTES) /* that a member may have at once, and again in each SHARE_MS */
#define SHARE_MS 60000
#define PRICE_LEAST (BACKLOG_BYTES / BACKLOG_MESSAGES)

void exchange_init(struct exchange *exchange, uint64_t now) {
    *exchange = (struct exchange){.tokens = SHARE_BYTES, .filled = now};
}

void exchange_clear(struct exchange *exchange) {
    free(exchange->rows);
    exchange->rows = NULL;
}

static void tell(struct chatroom *room, struct member *member, const uint8_t *data, size_t size) {
    struct blob *blob = blob_create(data, size);
    if (!blob) abort();
    if (peer_queue(member->peer, blob, HISTORY_TAG | size, room->now)) member->exchange.under_way += size;
    blob_drop(blob);
}

void exchange_acknowledged(struct chatroom *room, struct member *member, size_t size) {
    struct exchange *exchange = &member->exchange;
    exchange->under_way -= size < exchange->under_way ? size : exchange->under_way;
    exchange_answer(room, member);
}

void exchange_dropped(struct member *member) {
    member->exchange.under_way = 0;
    member->exchange.request_count = 0;
}

/* --- What we hold --- */

void exchange_keep(struct chatroom *room, const struct feed_name *feed, uint64_t sequence, struct blob *blob,
                   uint64_t age) {
    if (room->host->history) backlog_add(&room->backlog, feed, sequence, blob, age, room->now);
}

void exchange_tick(struct chatroom *room) {
    if (room->now - room->backlog_swept < SWEEP_EVERY_MS) return;
    room->backlog_swept = room->now;
    backlog_expire(&room->backlog, room->now);
}

void exchange_greet(struct chatroom *room, struct member *member) {
    struct exchange *exchange = &member->exchange;
    if (!member->peer->connected) return;
    exchange->summarised = false;
    exchange->greeted = room->now;
    if (exchange->under_way > CONTROL_BYTES) return;
    struct backlog_row *rows = malloc(HISTORY_ROWS_MAX * sizeof *rows);
    uint8_t *summary = malloc(HISTORY_SUMMARY_MAX);
    if (!rows || !summary) abort();
    backlog_expire(&room->backlog, room->now);
    size_t count = backlog_rows(&room->backlog, rows, HISTORY_ROWS_MAX);
    tell(room, member, summary, codec_summary_encode(rows, count, summary, HISTORY_SUMMARY_MAX));
    free(summary);
    free(rows);
}

uint64_t exchange_summaries_due(const struct chatroom *room) {
    uint64_t due = 0;
    for (size_t i = 0; i < room->members.count; i++) {
        const struct member *member = room->members.list[i];
        uint64_t since = member->exchange.greeted ? member->exchange.greeted : member->peer->created;
        if (member->peer->state != PEER_LIVE || member->exchange.summarised) continue;
        if (since + HISTORY_PATIENCE_MS > due) due = since + HISTORY_PATIENCE_MS;
    }
    return due;
}

/* --- Asking --- */

static size_t asks_open(const struct exchange *exchange) {
    size_t open = 0;
    for (size_t i = 0; i < exchange->ask_count; i++) open += exchange->asks[i].open;
    return open;
}

bool exchange_can_ask(const struct member *member) {
    const struct exchange *exchange = &member->exchange;
    return exchange->under_way <= CONTROL_BYTES && asks_open(exchange) < ASKS_OPEN;
}

static void forget_ask(struct exchange *exchange, size_t at) {
    exchange->ask_count--;
    memmove(&exchange->asks[at], &exchange->asks[at + 1], (exchange->ask_count - at) * sizeof exchange->asks[0]);
}

bool exchange_ask(struct chatroom *room, struct member *member, const struct history_range *range) {
    struct exchange *exchange = &member->exchange;
    uint8_t request[HISTORY_RANGE_SIZE];
    size_t size = codec_range_encode(HISTORY_REQUEST, range, request, sizeof request);
    if (size == 0) return false;
    if (exchange->ask_count == EXCHANGE_ASKS) forget_ask(exchange, 0);
    exchange->asks[exchange->ask_count].range = *range;
    exchange->asks[exchange->ask_count++].open = true;
    tell(room, member, request, size);
    return true;
}

void exchange_abandon(struct member *member, const struct feed_name *feed) {
    struct exchange *exchange = &member->exchange;
    for (size_t i = 0; i < exchange->ask_count; i++)
        if (feed_name_equal(&exchange->asks[i].range.feed, feed)) exchange->asks[i].open = false;
}

static bool is_asked_for(const struct exchange *exchange, const struct feed_name *feed, uint64_t sequence) {
    for (size_t i = 0; i < exchange->ask_count; i++) {
        const struct history_range *range = &exchange->asks[i].range;
        if (sequence >= range->from && sequence <= range->to && feed_name_equal(&range->feed, feed)) return true;
    }
    return false;
}

/* --- Answering --- */

static void refill(struct exchange *exchange, uint64_t now) {
    uint64_t passed = now - exchange->filled < SHARE_MS ? now - exchange->filled : SHARE_MS;
    uint64_t tokens = exchange->tokens + passed * SHARE_BYTES / SHARE_MS;
    exchange->tokens = tokens < SHARE_BYTES ? tokens : SHARE_BYTES;
    exchange->filled = now;
}

static bool pay(struct exchange *exchange, const struct backlog_entry *entry) {
    uint64_t price = entry->blob->size > PRICE_LEAST ? entry->blob->size : PRICE_LEAST;
    if (exchange->tokens < price) return false;
    exchange->tokens -= price;
    return true;
}

static void pass_on(struct chatroom *room, struct member *member, const struct backlog_entry *entry) {
    size_t capacity = entry->blob->size + HISTORY_PASSED_ON_OVERHEAD;
    uint8_t *encoded = malloc(capacity);
    if (!encoded) abort();
    uint64_t age = room->now - entry->since;
    tell(room, member, encoded,
         codec_passed_on_encode((uint32_t)age, entry->blob->data, entry->blob->size, encoded, capacity));
    free(encoded);
}

static void finish_request(struct chatroom *room, struct member *member, size_t at) {
    struct exchange *exchange = &member->exchange;
    uint8_t answered[HISTORY_RANGE_SIZE];
    struct history_range range = exchange->requests[at].range;
    exchange->request_count--;
    memmove(&exchange->requests[at], &exchange->requests[at + 1],
            (exchange->request_count - at) * sizeof exchange->requests[0]);
    tell(room, member, answered, codec_range_encode(HISTORY_ANSWERED, &range, answered, sizeof answered));
}

static const struct backlog_entry *entry_of(const struct chatroom *room, const struct exchange_request *request) {
    return request->next ? backlog_next(&room->backlog, &request->range.feed, request->next, request->range.to) : NULL;
}

static void look_ahead(const struct chatroom *room, struct exchange_request *request) {
    const struct backlog_entry *entry = entry_of(room, request);
    request->next = entry ? entry->sequence : 0;
    request->since = entry ? entry->since : 0;
    request->number = entry ? entry->number : 0;
}

static bool goes_before(const struct exchange_request *a, const struct exchange_request *b, uint64_t now) {
    return a->since != b->since ? now - a->since > now - b->since : a->number < b->number;
}

/* One that is done, else the one whose turn it is: what was said first goes first, whoever said it, so that it
 * arrives in the order in which it is shown. */
static size_t next_request(const struct exchange *exchange, uint64_t now) {
    size_t oldest = 0;
    for (size_t i = 0; i < exchange->request_count; i++) {
        if (exchange->requests[i].next == 0) return i;
        if (goes_before(&exchange->requests[i], &exchange->requests[oldest], now)) oldest = i;
    }
    return oldest;
}

void exchange_answer(struct chatroom *room, struct member *member) {
    struct exchange *exchange = &member->exchange;
    if (room->state >= CHATROOM_LEAVING) return;
    refill(exchange, room->now);
    while (exchange->request_count > 0 && exchange->under_way < ANSWERS_BYTES) {
        size_t at = next_request(exchange, room->now);
        struct exchange_request *request = &exchange->requests[at];
        const struct backlog_entry *entry = entry_of(room, request);
        if (!entry || !pay(exchange, entry)) {
            finish_request(room, member, at);
            continue;
        }
        pass_on(room, member, entry);
        request->next = entry->sequence + 1; /* 0 after the last that can be */
        look_ahead(room, request);
    }
}

/* --- What comes --- */

static void receive_summary(struct chatroom *room, struct member *member, const uint8_t *message, size_t size) {
    struct exchange *exchange = &member->exchange;
    struct backlog_row *rows = malloc(HISTORY_ROWS_MAX * sizeof *rows);
    size_t count = 0;
    if (!rows) abort();
    bool early = exchange->summary_at && room->now - exchange->summary_at < SUMMARY_EVERY_MS;
    if (early || !codec_summary_decode(message, size, rows, &count)) {
        free(rows);
        return;
    }
    exchange->summary_at = room->now;
    exchange->summarised = true;
    free(exchange->rows);
    exchange->rows = rows;
    exchange->row_count = room->host->history ? count : 0;
    gaps_offered(room, member);
}

static void receive_request(struct chatroom *room, struct member *member, const uint8_t *message, size_t size) {
    struct exchange *exchange = &member->exchange;
    struct history_range range;
    if (exchange->request_count == EXCHANGE_REQUESTS) return;
    if (!codec_range_decode(HISTORY_REQUEST, message, size, &range)) return;
    struct exchange_request *request = &exchange->requests[exchange->request_count++];
    *request = (struct exchange_request){.range = range, .next = range.from};
    look_ahead(room, request);
    exchange_answer(room, member);
}

/* What the last stretch took, which the age that was written down before it cannot tell. */
static uint64_t travelled(const struct member *member) {
    return member->peer->rtt_us / 2000;
}

/* The signature is looked at only where we asked: that costs more than all else. */
static void receive_passed_on(struct chatroom *room, struct member *member, const uint8_t *message, size_t size,
                              uint64_t waited) {
    struct chat_message chat;
    const uint8_t *original;
    size_t original_size;
    uint32_t age;
    if (!codec_passed_on_decode(message, size, &age, &original, &original_size)) return;
    if (!message_parse(original, original_size, &chat)) return;
    struct feed_name feed = {.run = chat.run};
    memcpy(feed.author, chat.author, sizeof feed.author);
    if (!is_asked_for(&member->exchange, &feed, chat.sequence)) return;
    gaps_progress(room, member, &feed);
    heard_passed_on(room, member, original, original_size, age + waited + travelled(member));
}

static void receive_answered(struct chatroom *room, struct member *member, const uint8_t *message, size_t size) {
    struct exchange *exchange = &member->exchange;
    struct history_range range;
    if (!codec_range_decode(HISTORY_ANSWERED, message, size, &range)) return;
    for (size_t i = 0; i < exchange->ask_count; i++) {
        const struct history_range *asked = &exchange->asks[i].range;
        if (asked->from != range.from || asked->to != range.to || !feed_name_equal(&asked->feed, &range.feed)) continue;
        forget_ask(exchange, i);
        gaps_answered(room, member, &range.feed);
        return;
    }
}

void exchange_received(struct chatroom *room, struct member *member, const uint8_t *message, size_t size,
                       uint64_t age) {
    switch (message[0]) {
    case HISTORY_SUMMARY: receive_summary(room, member, message, size); break;
    case HISTORY_REQUEST: receive_request(room, member, message, size); break;
    case HISTORY_PASSED_ON: receive_passed_on(room, member, message, size, age); break;
    case HISTORY_ANSWERED: receive_answered(room, member, message, size); break;
    default: break; /* of a later version */
    }
}
