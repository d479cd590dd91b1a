#include "client/history/exchange.h"

#include <stdlib.h>
#include <string.h>

#include "client/message/message.h"
#include "common/memory.h"

#define SUMMARY_EVERY_MS 1000
#define ASKS_OPEN 16               /* at once, of one member: it keeps 32 requests */
#define ANSWERS_BYTES (64 * 1024)  /* under way to a member, so that history does not hold up the chat for long */
#define CONTROL_BYTES (128 * 1024) /* and with what we ask: more, and the member does not acknowledge */

/* Both sides count the same bytes, but its share may have begun anew. */
static const struct bucket_kind taken = {.burst = 2 * SHARE_BYTES, .amount = SHARE_BYTES, .per_ms = SHARE_MS};

void exchange_init(struct exchange *exchange, void *owner, const uint8_t id[static MEMBER_ID_SIZE], uint64_t now) {
    *exchange = (struct exchange){.owner = owner, .greeted = now};
    memcpy(exchange->id, id, sizeof exchange->id);
    bucket_fill(&exchange->taken, &taken, now);
}

void exchange_clear(struct exchange *exchange) {
    free(exchange->rows);
    exchange->rows = NULL;
    exchange->row_count = 0;
}

bool exchange_greet(struct exchange *exchange, uint64_t now) {
    exchange->summarised = false;
    exchange->greeted = now;
    return exchange->under_way <= CONTROL_BYTES;
}

uint64_t exchange_summary_until(const struct exchange *exchange) {
    return exchange->summarised ? 0 : exchange->greeted + HISTORY_PATIENCE_MS;
}

void exchange_queued(struct exchange *exchange, size_t size) {
    exchange->under_way += size;
}

void exchange_acknowledged(struct exchange *exchange, size_t size) {
    exchange->under_way -= size < exchange->under_way ? size : exchange->under_way;
}

void exchange_dropped(struct exchange *exchange) {
    exchange->under_way = 0;
    exchange->request_count = 0;
}

static struct blob *blob_of(const uint8_t *data, size_t size) {
    struct blob *blob = blob_create(data, size);
    return blob;
}

/* --- Asking --- */

static size_t asks_open(const struct exchange *exchange) {
    size_t open = 0;
    for (size_t i = 0; i < exchange->ask_count; i++) open += exchange->asks[i].open;
    return open;
}

bool exchange_can_ask(const struct exchange *exchange) {
    return exchange->under_way <= CONTROL_BYTES && asks_open(exchange) < ASKS_OPEN;
}

static void forget_ask(struct exchange *exchange, size_t at) {
    exchange->ask_count--;
    memmove(&exchange->asks[at], &exchange->asks[at + 1], (exchange->ask_count - at) * sizeof exchange->asks[0]);
}

struct blob *exchange_ask(struct exchange *exchange, const struct history_range *range) {
    uint8_t request[HISTORY_RANGE_SIZE];
    size_t size = codec_range_encode(HISTORY_REQUEST, range, request, sizeof request);
    if (exchange->ask_count == EXCHANGE_ASKS) forget_ask(exchange, 0);
    exchange->asks[exchange->ask_count].range = *range;
    exchange->asks[exchange->ask_count++].open = true;
    return blob_of(request, size);
}

void exchange_abandon(struct exchange *exchange, const struct feed_name *feed) {
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

static struct blob *pass_on(const struct backlog_entry *entry, uint64_t now) {
    size_t capacity = entry->blob->size + HISTORY_PASSED_ON_OVERHEAD;
    uint8_t *encoded = allocate(capacity);
    uint64_t age = now - entry->since;
    struct blob *blob = blob_of(
        encoded, codec_passed_on_encode((uint32_t)age, entry->blob->data, entry->blob->size, encoded, capacity));
    free(encoded);
    return blob;
}

static struct blob *finish_request(struct exchange *exchange, size_t at) {
    uint8_t answered[HISTORY_RANGE_SIZE];
    struct history_range range = exchange->requests[at].range;
    exchange->request_count--;
    memmove(&exchange->requests[at], &exchange->requests[at + 1],
            (exchange->request_count - at) * sizeof exchange->requests[0]);
    return blob_of(answered, codec_range_encode(HISTORY_ANSWERED, &range, answered, sizeof answered));
}

static const struct backlog_entry *entry_of(const struct backlog *backlog, const struct exchange_request *request) {
    return request->next ? backlog_next(backlog, &request->range.feed, request->next, request->range.to) : NULL;
}

static void look_ahead(const struct backlog *backlog, struct exchange_request *request) {
    const struct backlog_entry *entry = entry_of(backlog, request);
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

struct blob *exchange_answer(struct exchange *exchange, const struct backlog *backlog, struct shares *shares,
                             uint64_t now) {
    if (exchange->request_count == 0 || exchange->under_way >= ANSWERS_BYTES) return NULL;
    size_t at = next_request(exchange, now);
    struct exchange_request *request = &exchange->requests[at];
    const struct backlog_entry *entry = entry_of(backlog, request);
    if (!entry || !shares_take(shares, exchange->id, entry->blob->size, now)) return finish_request(exchange, at);
    request->next = entry->sequence + 1; /* 0 after the last that can be */
    struct blob *blob = pass_on(entry, now);
    look_ahead(backlog, request);
    return blob;
}

/* --- What comes --- */

static enum exchange_news receive_summary(struct exchange *exchange, const uint8_t *message, size_t size,
                                          uint64_t now) {
    struct backlog_row *rows = allocate(HISTORY_ROWS_MAX * sizeof *rows);
    size_t count = 0;
    bool early = exchange->summary_at && now - exchange->summary_at < SUMMARY_EVERY_MS;
    if (early || !codec_summary_decode(message, size, rows, &count)) {
        free(rows);
        return EXCHANGE_NOTHING;
    }
    exchange->summary_at = now;
    exchange->summarised = true;
    free(exchange->rows);
    exchange->rows = rows;
    exchange->row_count = count;
    return EXCHANGE_OFFERED;
}

static enum exchange_news receive_request(struct exchange *exchange, const struct backlog *backlog,
                                          const uint8_t *message, size_t size) {
    struct history_range range;
    if (exchange->request_count == EXCHANGE_REQUESTS) return EXCHANGE_NOTHING;
    if (!codec_range_decode(HISTORY_REQUEST, message, size, &range)) return EXCHANGE_NOTHING;
    struct exchange_request *request = &exchange->requests[exchange->request_count++];
    *request = (struct exchange_request){.range = range, .next = range.from};
    look_ahead(backlog, request);
    return EXCHANGE_REQUESTED;
}

/* The signature is looked at only where we asked: that costs more than all else. */
static enum exchange_news receive_passed_on(struct exchange *exchange, const uint8_t *message, size_t size,
                                            uint64_t now, struct exchange_received *out) {
    struct chat_message chat;
    uint32_t age;
    if (!codec_passed_on_decode(message, size, &age, &out->message, &out->size)) return EXCHANGE_NOTHING;
    if (!message_parse(out->message, out->size, &chat)) return EXCHANGE_NOTHING;
    out->feed = feed_name_of(chat.author, chat.run);
    out->age = age;
    if (!is_asked_for(exchange, &out->feed, chat.sequence)) return EXCHANGE_NOTHING;
    return bucket_take(&exchange->taken, &taken, shares_price(out->size), now) ? EXCHANGE_PASSED_ON : EXCHANGE_NOTHING;
}

static enum exchange_news receive_answered(struct exchange *exchange, const uint8_t *message, size_t size,
                                           struct exchange_received *out) {
    struct history_range range;
    if (!codec_range_decode(HISTORY_ANSWERED, message, size, &range)) return EXCHANGE_NOTHING;
    for (size_t i = 0; i < exchange->ask_count; i++) {
        const struct history_range *asked = &exchange->asks[i].range;
        if (asked->from != range.from || asked->to != range.to || !feed_name_equal(&asked->feed, &range.feed)) continue;
        forget_ask(exchange, i);
        out->feed = range.feed;
        return EXCHANGE_ANSWERED;
    }
    return EXCHANGE_NOTHING;
}

enum exchange_news exchange_receive(struct exchange *exchange, const struct backlog *backlog, const uint8_t *message,
                                    size_t size, uint64_t now, struct exchange_received *out) {
    switch (message[0]) {
    case HISTORY_SUMMARY: return receive_summary(exchange, message, size, now);
    case HISTORY_REQUEST: return receive_request(exchange, backlog, message, size);
    case HISTORY_PASSED_ON: return receive_passed_on(exchange, message, size, now, out);
    case HISTORY_ANSWERED: return receive_answered(exchange, message, size, out);
    default: return EXCHANGE_NOTHING; /* of a later version */
    }
}
