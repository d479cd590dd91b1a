#include "client/peer/delivery.h"

#include <stdlib.h>
#include <string.h>

#define RTO_FIRST_MS 1000 /* RFC 6298 §2.1, until a round trip was measured */
#define RTO_MIN_MS 20
#define BACKOFF_LIMIT_MS 2000 /* doubling stops here */
#define RTT_MAX_US 10000000
#define PASSED_LIMIT 3 /* RFC 5681 §3.2 */
#define BITMAP_BITS 64

/* `first` of a message that was acknowledged before delivery_restart means nothing: it has no segments left. */
struct delivery_message {
    struct delivery_message *next;
    struct blob *blob;
    uint64_t tag;
    uint32_t first;
    uint32_t segments;
};

struct delivery_slot {
    size_t size;
    bool first, last;
    uint8_t data[];
};

/* Sequence numbers wrap: a lies before b when it is less than half the circle behind (RFC 1982). */
static bool before(uint32_t a, uint32_t b) {
    return a != b && b - a < UINT32_C(1) << 31;
}

struct blob *blob_create(const uint8_t *data, size_t size) {
    struct blob *blob = malloc(sizeof *blob + size);

    if (!blob) return NULL;
    blob->references = 1;
    blob->size = size;
    if (size > 0) memcpy(blob->data, data, size);
    return blob;
}

struct blob *blob_hold(struct blob *blob) {
    blob->references++;
    return blob;
}

void blob_drop(struct blob *blob) {
    if (blob && --blob->references == 0) free(blob);
}

void delivery_sender_init(struct delivery_sender *sender, uint32_t stream) {
    memset(sender, 0, sizeof *sender);
    sender->stream = stream;
    sender->rto_ms = RTO_FIRST_MS;
}

static void drop_first(struct delivery_sender *sender) {
    struct delivery_message *message = sender->first;

    sender->first = message->next;
    if (!sender->first) sender->last = NULL;
    sender->messages--;
    blob_drop(message->blob);
    free(message);
}

void delivery_sender_clear(struct delivery_sender *sender) {
    while (sender->first) drop_first(sender);
    delivery_sender_init(sender, sender->stream);
}

static uint32_t difference(uint32_t a, uint32_t b) {
    return a > b ? a - b : b - a;
}

/* RFC 6298 §2, with alpha = 1/8, beta = 1/4 and a clock of 1 ms. */
void delivery_sample(struct delivery_sender *sender, uint32_t rtt_us) {
    if (rtt_us > RTT_MAX_US) rtt_us = RTT_MAX_US;
    if (sender->has_rtt) {
        sender->rttvar_us = (3 * sender->rttvar_us + difference(sender->srtt_us, rtt_us)) / 4;
        sender->srtt_us = (7 * sender->srtt_us + rtt_us) / 8;
    } else {
        sender->srtt_us = rtt_us;
        sender->rttvar_us = rtt_us / 2;
        sender->has_rtt = true;
    }
    sender->rto_ms = (sender->srtt_us + 4 * sender->rttvar_us) / 1000 + 1;
    if (sender->rto_ms < RTO_MIN_MS) sender->rto_ms = RTO_MIN_MS;
}

static uint32_t message_end(const struct delivery_message *message) {
    return message->first + message->segments;
}

/* One past the last segment of all messages, sent or not. */
static uint32_t queue_end(const struct delivery_sender *sender) {
    return sender->last && sender->last->segments > 0 ? message_end(sender->last) : sender->next_sequence;
}

static uint32_t segments_of(const struct blob *blob) {
    size_t count = (blob->size + DELIVERY_SEGMENT_DATA - 1) / DELIVERY_SEGMENT_DATA;

    return count > 0 ? (uint32_t)count : 1;
}

bool delivery_queue(struct delivery_sender *sender, struct blob *blob, uint64_t tag) {
    struct delivery_message *message;

    if (blob->size > DELIVERY_MESSAGE_MAX) return false;
    message = malloc(sizeof *message);
    if (!message) return false;
    *message = (struct delivery_message){
        .blob = blob_hold(blob), .tag = tag, .first = queue_end(sender), .segments = segments_of(blob)};
    if (sender->last)
        sender->last->next = message;
    else
        sender->first = message;
    sender->last = message;
    sender->messages++;
    return true;
}

static struct delivery_flight *flight_of(struct delivery_sender *sender, uint32_t sequence) {
    return &sender->flight[sequence % DELIVERY_WINDOW];
}

static const struct delivery_flight *seen_flight(const struct delivery_sender *sender, uint32_t sequence) {
    return &sender->flight[sequence % DELIVERY_WINDOW];
}

static bool has_new_segment(const struct delivery_sender *sender) {
    return sender->next_sequence - sender->cumulative < DELIVERY_WINDOW && sender->next_sequence != queue_end(sender);
}

static uint64_t timeout_ms(const struct delivery_sender *sender) {
    uint64_t timeout = sender->rto_ms;

    for (uint8_t i = 0; i < sender->backoff && timeout < BACKOFF_LIMIT_MS; i++)
        timeout = 2 * timeout < BACKOFF_LIMIT_MS ? 2 * timeout : BACKOFF_LIMIT_MS;
    return timeout;
}

/* When a segment in flight is to be sent again; UINT64_MAX: it has arrived. */
static uint64_t resend_time(const struct delivery_sender *sender, uint32_t sequence) {
    const struct delivery_flight *flight = seen_flight(sender, sequence);

    if (flight->acknowledged) return UINT64_MAX;
    return flight->passed >= PASSED_LIMIT ? 0 : flight->sent_at + timeout_ms(sender);
}

static void describe(const struct delivery_sender *sender, uint32_t sequence, struct frame_segment *out) {
    const struct delivery_message *message = sender->first;
    size_t offset;

    while (sequence - message->first >= message->segments) message = message->next;
    offset = (size_t)(sequence - message->first) * DELIVERY_SEGMENT_DATA;
    *out = (struct frame_segment){
        .stream = sender->stream,
        .sequence = sequence,
        .first = sequence == message->first,
        .last = sequence + 1 == message_end(message),
        .data = message->blob->data + offset,
        .size = message->blob->size - offset,
    };
    if (out->size > DELIVERY_SEGMENT_DATA) out->size = DELIVERY_SEGMENT_DATA;
}

/* One timer for all, as RFC 6298 §5 has it: it is the oldest segment's, and news from the peer restarts it. So a flight
 * that was lost as a whole is one expiry, not sixty-four; the rest follow when the oldest one's fate shows that the
 * path lives. */
static bool timer_expired(const struct delivery_sender *sender, uint32_t sequence, uint64_t now) {
    return sequence == sender->cumulative && seen_flight(sender, sequence)->passed < PASSED_LIMIT &&
           now >= sender->news_at + timeout_ms(sender);
}

static void resend(struct delivery_sender *sender, uint32_t sequence, uint64_t now) {
    struct delivery_flight *flight = flight_of(sender, sequence);

    if (timer_expired(sender, sequence, now) && sender->backoff < UINT8_MAX) sender->backoff++;
    flight->sent_at = now;
    flight->passed = 0;
    if (flight->times < UINT8_MAX) flight->times++;
}

bool delivery_next(struct delivery_sender *sender, uint64_t now, struct frame_segment *out) {
    for (uint32_t sequence = sender->cumulative; sequence != sender->next_sequence; sequence++) {
        if (resend_time(sender, sequence) > now) continue;
        resend(sender, sequence, now);
        describe(sender, sequence, out);
        return true;
    }
    if (!has_new_segment(sender)) return false;
    describe(sender, sender->next_sequence, out);
    *flight_of(sender, sender->next_sequence) = (struct delivery_flight){.sent_at = now, .times = 1};
    sender->next_sequence++;
    return true;
}

uint64_t delivery_due(const struct delivery_sender *sender, uint64_t now) {
    uint64_t due = UINT64_MAX;

    if (has_new_segment(sender)) return now;
    for (uint32_t sequence = sender->cumulative; sequence != sender->next_sequence; sequence++) {
        uint64_t time = resend_time(sender, sequence);

        if (time < due) due = time;
    }
    return due < now ? now : due;
}

struct news {
    uint64_t count;
    uint32_t sequences[DELIVERY_WINDOW];
    uint64_t newest; /* when the segment that was sent last among those sent once left */
    bool measured;
};

static void mark(struct delivery_sender *sender, uint32_t sequence, struct news *news) {
    struct delivery_flight *flight = flight_of(sender, sequence);

    if (sequence - sender->cumulative >= sender->next_sequence - sender->cumulative || flight->acknowledged) return;
    flight->acknowledged = true;
    news->sequences[news->count++] = sequence;
    if (flight->times != 1 || (news->measured && flight->sent_at < news->newest)) return;
    news->newest = flight->sent_at;
    news->measured = true;
}

/* Was `other` sent after `sequence` was last sent? Within one millisecond their numbers decide. */
static bool sent_later(const struct delivery_sender *sender, uint32_t other, uint32_t sequence) {
    uint64_t a = seen_flight(sender, sequence)->sent_at, b = seen_flight(sender, other)->sent_at;

    return b > a || (b == a && before(sequence, other));
}

static void count_passed(struct delivery_sender *sender, const struct news *news) {
    for (uint32_t sequence = sender->cumulative; sequence != sender->next_sequence; sequence++) {
        struct delivery_flight *flight = flight_of(sender, sequence);

        if (flight->acknowledged) continue;
        for (uint64_t i = 0; i < news->count && flight->passed < PASSED_LIMIT; i++)
            if (sent_later(sender, news->sequences[i], sequence)) flight->passed++;
    }
}

void delivery_acknowledged(struct delivery_sender *sender, const struct frame_acknowledgement *ack, uint64_t now) {
    struct news news = {.count = 0};

    if (ack->stream != sender->stream || before(sender->next_sequence, ack->cumulative)) return;
    for (uint32_t sequence = sender->cumulative; before(sequence, ack->cumulative); sequence++)
        mark(sender, sequence, &news);
    for (uint32_t bit = 0; bit < BITMAP_BITS; bit++)
        if (ack->bitmap >> bit & 1) mark(sender, ack->cumulative + 1 + bit, &news);
    if (news.count == 0) return;
    sender->backoff = 0;
    sender->news_at = now;
    if (news.measured && now >= news.newest) {
        uint64_t rtt_ms = now - news.newest;

        delivery_sample(sender, rtt_ms > RTT_MAX_US / 1000 ? RTT_MAX_US : (uint32_t)rtt_ms * 1000);
    }
    count_passed(sender, &news);
    while (sender->cumulative != sender->next_sequence && flight_of(sender, sender->cumulative)->acknowledged)
        sender->cumulative++;
}

static bool is_complete(const struct delivery_sender *sender, const struct delivery_message *message) {
    return message->segments == 0 || !before(sender->cumulative, message_end(message));
}

bool delivery_completed(struct delivery_sender *sender, uint64_t *tag) {
    if (!sender->first || !is_complete(sender, sender->first)) return false;
    *tag = sender->first->tag;
    drop_first(sender);
    return true;
}

void delivery_path_changed(struct delivery_sender *sender) {
    sender->backoff = 0;
    for (uint32_t sequence = sender->cumulative; sequence != sender->next_sequence; sequence++)
        if (!flight_of(sender, sequence)->acknowledged) flight_of(sender, sequence)->passed = PASSED_LIMIT;
}

void delivery_restart(struct delivery_sender *sender, uint32_t stream) {
    uint32_t sequence = 0;

    for (struct delivery_message *message = sender->first; message; message = message->next) {
        if (is_complete(sender, message)) message->segments = 0;
        message->first = sequence;
        sequence += message->segments;
    }
    sender->stream = stream;
    sender->next_sequence = sender->cumulative = 0;
    sender->backoff = 0;
    memset(sender->flight, 0, sizeof sender->flight);
}

void delivery_receiver_init(struct delivery_receiver *receiver) {
    memset(receiver, 0, sizeof *receiver);
}

void delivery_receiver_clear(struct delivery_receiver *receiver) {
    for (size_t i = 0; i < DELIVERY_WINDOW; i++) free(receiver->slots[i]);
    free(receiver->message);
    delivery_receiver_init(receiver);
}

static void drop_message(struct delivery_receiver *receiver) {
    free(receiver->message);
    receiver->message = NULL;
    receiver->message_size = 0;
}

/* Where a message passes DELIVERY_MESSAGE_MAX it is dropped; what follows, up to the next first segment, then belongs
 * to none. */
static void append(struct delivery_receiver *receiver, const uint8_t *data, size_t size) {
    if (size > DELIVERY_MESSAGE_MAX - receiver->message_size) {
        drop_message(receiver);
        return;
    }
    if (size > 0) memcpy(receiver->message + receiver->message_size, data, size);
    receiver->message_size += size;
}

/* The segment that is next. False without memory: it was not taken, and will come again. */
static bool assemble(struct delivery_receiver *receiver, const struct frame_segment *segment, delivery_take take,
                     void *context) {
    if (segment->first) {
        drop_message(receiver);
        if (!segment->last) receiver->message = malloc(DELIVERY_MESSAGE_MAX);
        if (!segment->last && !receiver->message) return false;
    }
    receiver->next++;
    if (segment->first && segment->last) {
        take(context, segment->data, segment->size);
    } else if (receiver->message) {
        append(receiver, segment->data, segment->size);
        if (segment->last && receiver->message) {
            take(context, receiver->message, receiver->message_size);
            drop_message(receiver);
        }
    }
    return true;
}

static struct delivery_slot **slot_of(struct delivery_receiver *receiver, uint32_t sequence) {
    return &receiver->slots[sequence % DELIVERY_WINDOW];
}

static bool keep(struct delivery_receiver *receiver, const struct frame_segment *segment) {
    struct delivery_slot **slot = slot_of(receiver, segment->sequence);

    if (*slot) return true;
    *slot = malloc(sizeof **slot + segment->size);
    if (!*slot) return false;
    **slot = (struct delivery_slot){.size = segment->size, .first = segment->first, .last = segment->last};
    if (segment->size > 0) memcpy((*slot)->data, segment->data, segment->size);
    return true;
}

/* Takes what has become next. Without memory it stays where it is, acknowledged, until the next segment comes. */
static void drain(struct delivery_receiver *receiver, delivery_take take, void *context) {
    struct delivery_slot *slot;

    while ((slot = *slot_of(receiver, receiver->next))) {
        struct frame_segment segment = {
            .first = slot->first, .last = slot->last, .data = slot->data, .size = slot->size};
        uint32_t sequence = receiver->next;

        if (!assemble(receiver, &segment, take, context)) return;
        *slot_of(receiver, sequence) = NULL;
        free(slot);
    }
}

bool delivery_receive(struct delivery_receiver *receiver, const struct frame_segment *segment, delivery_take take,
                      void *context) {
    bool newer = segment->stream > receiver->stream;
    uint32_t next = newer ? 0 : receiver->next;

    if (segment->stream < receiver->stream || segment->stream == 0 || segment->size > DELIVERY_SEGMENT_DATA)
        return false;
    if (!newer && before(segment->sequence, next)) return true;
    if (segment->sequence - next >= DELIVERY_WINDOW) return false;
    if (newer) {
        delivery_receiver_clear(receiver);
        receiver->stream = segment->stream;
    }
    if (segment->sequence != next || *slot_of(receiver, next)) {
        if (!keep(receiver, segment)) return false;
    } else if (!assemble(receiver, segment, take, context)) {
        return false;
    }
    drain(receiver, take, context);
    return true;
}

bool delivery_acknowledgement(const struct delivery_receiver *receiver, struct frame_acknowledgement *out) {
    if (receiver->stream == 0) return false;
    *out = (struct frame_acknowledgement){.stream = receiver->stream, .cumulative = receiver->next};
    for (uint32_t bit = 0; bit + 1 < DELIVERY_WINDOW; bit++)
        if (receiver->slots[(receiver->next + 1 + bit) % DELIVERY_WINDOW]) out->bitmap |= UINT64_C(1) << bit;
    return true;
}
