#include "client/peer/delivery.h"

#include <stdlib.h>
#include <string.h>

#include "client/peer/cutting.h"
#include "common/clock.h"
#include "common/holds.h"
#include "common/memory.h"

#define RTO_MIN_MS 20
#define BACKOFF_LIMIT_MS 2000 /* doubling stops here */
#define REORDERING_MIN_MS 2
#define PACKET_OVERHEAD 60 /* of a segment alone in its packet: UDP/IPv4, header, tag, padding */
/* What speaks against large packets: the timer, which sends a smaller copy, counts for two. */
#define LARGE_LOST_MOST 4
#define LARGE_LOST_MS 1000 /* and goes on for so long */
#define BITMAP_BITS 64

/* `first` of a message that was acknowledged before delivery_restart means nothing: it has no segments left. */
struct delivery_message {
    struct delivery_message *next;
    struct blob *blob;
    uint64_t tag, queued_at;
    uint32_t first;
    uint32_t segments;
};

void delivery_sender_init(struct delivery_sender *sender, uint32_t stream) {
    memset(sender, 0, sizeof *sender);
    sender->stream = stream;
    sender->room = PEER_FRAMES_OWN_MAX;
    congestion_init(&sender->congestion);
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

void delivery_sample(struct delivery_sender *sender, uint32_t rtt_us) {
    round_trip_sample(&sender->round_trip, rtt_us);
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

/* Those that were complete before a new stream began have no segments any more, and are at the front. */
static bool messages_hold(const struct delivery_sender *sender) {
    const struct delivery_message *before = NULL;
    size_t count = 0;
    for (const struct delivery_message *message = sender->first; message; before = message, message = message->next) {
        if (before && before->segments > 0 && message->first != message_end(before)) return false;
        if (message->segments > 0 && message->segments != segments_of(message->blob)) return false;
        count++;
    }
    return count == sender->messages && sender->last == before;
}

bool delivery_holds(const struct delivery_sender *sender) {
    return sender->next_sequence - sender->cumulative <= DELIVERY_WINDOW &&
           !delivery_before(queue_end(sender), sender->next_sequence) && messages_hold(sender) &&
           congestion_holds(&sender->congestion);
}

bool delivery_queue(struct delivery_sender *sender, struct blob *blob, uint64_t tag, uint64_t now) {
    if (blob->size > DELIVERY_MESSAGE_MAX) return false;
    struct delivery_message *message = allocate(sizeof *message);
    *message = (struct delivery_message){.blob = blob_hold(blob),
                                         .tag = tag,
                                         .queued_at = now,
                                         .first = queue_end(sender),
                                         .segments = segments_of(blob)};
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

/* Before it is doubled. */
static uint64_t first_timeout_ms(const struct delivery_sender *sender) {
    uint64_t timeout = round_trip_timeout_ms(&sender->round_trip);
    return timeout > RTO_MIN_MS ? timeout : RTO_MIN_MS;
}

static uint64_t timeout_ms(const struct delivery_sender *sender) {
    uint64_t timeout = first_timeout_ms(sender);
    uint64_t most = 2 * timeout > BACKOFF_LIMIT_MS ? 2 * timeout : BACKOFF_LIMIT_MS;
    for (uint8_t i = 0; i < sender->backoff && timeout < most; i++) timeout = 2 * timeout < most ? 2 * timeout : most;
    return timeout;
}

/* Did the newest that was acknowledged leave after `sequence` was last sent? Within one millisecond their numbers
 * decide. */
static bool is_overtaken(const struct delivery_sender *sender, uint32_t sequence) {
    uint64_t sent_at = seen_flight(sender, sequence)->sent_at;
    if (!sender->has_newest) return false;
    return sender->newest_at > sent_at || (sender->newest_at == sent_at && delivery_before(sequence, sender->newest));
}

/* How long what was overtaken may still be on its way. */
static uint64_t overtaken_ms(const struct delivery_sender *sender) {
    uint64_t round_trip = sender->round_trip.smoothed_us / 1000, reordering = round_trip / 4;
    return round_trip + (reordering > REORDERING_MIN_MS ? reordering : REORDERING_MIN_MS);
}

/* When a segment in flight is lost, and to be sent again; NEVER: it has arrived. */
static uint64_t lost_at(const struct delivery_sender *sender, uint32_t sequence) {
    const struct delivery_flight *flight = seen_flight(sender, sequence);
    uint64_t timer = flight->sent_at + timeout_ms(sender);
    if (flight->acknowledged) return NEVER;
    if (flight->lost) return 0;
    if (!is_overtaken(sender, sequence)) return timer;
    uint64_t overtaken = flight->sent_at + overtaken_ms(sender);
    return overtaken < timer ? overtaken : timer;
}

static size_t bytes_in_flight(const struct delivery_sender *sender, uint64_t now) {
    size_t bytes = 0;
    for (uint32_t sequence = sender->cumulative; sequence != sender->next_sequence; sequence++) {
        uint64_t lost = lost_at(sender, sequence);
        if (lost != NEVER && lost > now) bytes += seen_flight(sender, sequence)->size;
    }
    return bytes;
}

static bool waits_long(const struct delivery_message *message, uint64_t now) {
    return now >= message->queued_at + DELIVERY_AGED_MS;
}

/* The first one waits longest. */
bool delivery_is_aged(const struct delivery_sender *sender, uint64_t now) {
    return sender->first && waits_long(sender->first, now);
}

static uint32_t age_of(const struct delivery_message *message, uint64_t now) {
    uint64_t age = waits_long(message, now) ? now - message->queued_at : 0;
    return age < UINT32_MAX ? (uint32_t)age : UINT32_MAX;
}

static void describe(const struct delivery_sender *sender, uint32_t sequence, uint64_t now, struct frame_segment *out) {
    const struct delivery_message *message = sender->first;
    size_t offset;
    while (sequence - message->first >= message->segments) message = message->next;
    offset = (size_t)(sequence - message->first) * DELIVERY_SEGMENT_DATA;
    *out = (struct frame_segment){
        .stream = sender->stream,
        .sequence = sequence,
        .first = sequence == message->first,
        .last = sequence + 1 == message_end(message),
        .age = sequence == message->first ? age_of(message, now) : 0,
        .data = message->blob->data + offset,
        .size = message->blob->size - offset,
    };
    if (out->size > DELIVERY_SEGMENT_DATA) out->size = DELIVERY_SEGMENT_DATA;
}

/* One timer for all, as RFC 6298 §5 has it: it is the oldest segment's, and news from the peer restarts it. So a flight
 * that was lost as a whole is one expiry, not sixty-four; the rest follow when the oldest one's fate shows that the
 * path lives. */
static bool timer_expired(const struct delivery_sender *sender, uint32_t sequence, uint64_t now) {
    return sequence == sender->cumulative && !seen_flight(sender, sequence)->lost && !is_overtaken(sender, sequence) &&
           now >= sender->news_at + timeout_ms(sender);
}

/* What is sent next: the oldest that is lost, else a new one. False: nothing is to be sent. */
static bool choose(const struct delivery_sender *sender, uint64_t now, uint32_t *sequence) {
    for (*sequence = sender->cumulative; *sequence != sender->next_sequence; ++*sequence)
        if (lost_at(sender, *sequence) <= now) return true;
    return has_new_segment(sender);
}

/* --- How large packets are --- */

void delivery_set_room(struct delivery_sender *sender, size_t room, uint64_t now) {
    if (sender->room == room) return;
    sender->room = (uint16_t)room;
    sender->large_at = now;
    sender->large_lost = 0;
}

/* Was it sent, and given up only because of the timer? Then nothing tells it from a packet that is too large. */
static bool is_silent(const struct delivery_sender *sender, uint32_t sequence) {
    return sequence != sender->next_sequence && !seen_flight(sender, sequence)->lost && !is_overtaken(sender, sequence);
}

static size_t room_for(const struct delivery_sender *sender, uint32_t sequence) {
    bool oldest = sequence == sender->cumulative && is_silent(sender, sequence);
    return oldest && seen_flight(sender, sequence)->sent_at > sender->large_at ? DELIVERY_ROOM_LEAST : sender->room;
}

size_t delivery_room(const struct delivery_sender *sender, uint32_t sequence) {
    return seen_flight(sender, sequence)->small ? DELIVERY_ROOM_LEAST : sender->room;
}

/* A limit of the rate, too, drops many in a row; but not for so long that none gets through. */
bool delivery_doubts_room(const struct delivery_sender *sender, uint64_t now) {
    uint64_t timeout = first_timeout_ms(sender);
    uint64_t long_enough = timeout > LARGE_LOST_MS ? timeout : LARGE_LOST_MS;
    return sender->large_lost >= LARGE_LOST_MOST && now - sender->large_lost_at >= long_enough;
}

void delivery_room_fell(struct delivery_sender *sender, size_t room, uint64_t now) {
    delivery_set_room(sender, room, now);
    sender->backoff = 0;
    congestion_init(&sender->congestion);
    for (uint32_t sequence = sender->cumulative; sequence != sender->next_sequence; sequence++) {
        struct delivery_flight *flight = flight_of(sender, sequence);
        if (flight->large && flight->sent_at < now) flight->lost = !flight->acknowledged;
    }
}

/* With what comes around it. */
static size_t bytes_of(const struct frame_segment *segment, size_t room) {
    return segment->size + PACKET_OVERHEAD * cutting_packets(segment, room);
}

/* A further copy: was the last one lost because it was large? */
static void weigh_loss(struct delivery_sender *sender, uint32_t sequence, uint64_t now) {
    const struct delivery_flight *flight = seen_flight(sender, sequence);
    if (!flight->large || flight->lost || flight->sent_at <= sender->large_at) return;
    if (sender->large_lost == 0) sender->large_lost_at = now;
    unsigned lost = sender->large_lost + (is_silent(sender, sequence) ? 2u : 1u);
    sender->large_lost = lost < LARGE_LOST_MOST ? (uint8_t)lost : LARGE_LOST_MOST;
}

static void note_sent(struct delivery_sender *sender, const struct frame_segment *segment, size_t room,
                      size_t in_flight, uint64_t now) {
    uint32_t sequence = segment->sequence;
    struct delivery_flight *flight = flight_of(sender, sequence);
    size_t bytes = bytes_of(segment, room);
    if (sequence == sender->next_sequence) {
        sender->next_sequence++;
        *flight = (struct delivery_flight){0};
    } else {
        weigh_loss(sender, sequence, now);
        if (timer_expired(sender, sequence, now) && sender->backoff < UINT8_MAX) sender->backoff++;
    }
    flight->size = (uint16_t)bytes;
    flight->small = room == DELIVERY_ROOM_LEAST;
    flight->large = !flight->small && cutting_packets(segment, DELIVERY_ROOM_LEAST) > 1;
    flight->sent_at = now;
    flight->lost = false;
    if (flight->times < UINT8_MAX) flight->times++;
    congestion_sent(&sender->congestion, bytes, in_flight, now, &flight->mark);
}

bool delivery_next(struct delivery_sender *sender, uint64_t now, struct frame_segment *out) {
    uint32_t sequence;
    size_t in_flight = bytes_in_flight(sender, now), room;
    if (!choose(sender, now, &sequence)) {
        if (in_flight > 0 && sender->next_sequence == queue_end(sender))
            congestion_idle(&sender->congestion, in_flight);
        return false;
    }
    describe(sender, sequence, now, out);
    room = room_for(sender, sequence);
    if (!congestion_allows(&sender->congestion, bytes_of(out, room), in_flight, now)) return false;
    note_sent(sender, out, room, in_flight, now);
    return true;
}

size_t delivery_next_bytes(const struct delivery_sender *sender, uint64_t now) {
    uint32_t next;
    struct frame_segment segment;
    if (!choose(sender, now, &next)) return 0;
    describe(sender, next, now, &segment);
    return bytes_of(&segment, room_for(sender, next));
}

uint64_t delivery_due(const struct delivery_sender *sender, uint64_t now) {
    uint64_t due = NEVER;
    uint32_t next;
    if (choose(sender, now, &next)) {
        struct frame_segment segment;
        describe(sender, next, now, &segment);
        size_t bytes = bytes_of(&segment, room_for(sender, next));
        due = congestion_due(&sender->congestion, bytes, bytes_in_flight(sender, now), now);
        if (due <= now) return now;
    }
    for (uint32_t sequence = sender->cumulative; sequence != sender->next_sequence; sequence++) {
        uint64_t time = lost_at(sender, sequence);
        if (time > now && time < due) due = time;
    }
    return due;
}

struct news {
    size_t bytes;
    struct delivery_flight newest; /* the one among them that was sent last */
    uint32_t sequence;
    bool any;
    bool measured;        /* one of them was sent only once: */
    uint64_t measured_at; /* the last of these left then */
};

static bool is_newer(const struct news *news, const struct delivery_flight *flight, uint32_t sequence) {
    if (!news->any || flight->sent_at != news->newest.sent_at)
        return !news->any || flight->sent_at > news->newest.sent_at;
    return delivery_before(news->sequence, sequence);
}

static void note_large(struct delivery_sender *sender, const struct delivery_flight *flight) {
    if (!flight->large || flight->sent_at < sender->large_at) return;
    sender->large_at = flight->sent_at;
    sender->large_lost = 0;
}

static void mark(struct delivery_sender *sender, uint32_t sequence, struct news *news) {
    struct delivery_flight *flight = flight_of(sender, sequence);
    if (sequence - sender->cumulative >= sender->next_sequence - sender->cumulative || flight->acknowledged) return;
    flight->acknowledged = true;
    note_large(sender, flight);
    news->bytes += flight->size;
    if (is_newer(news, flight, sequence)) {
        news->newest = *flight;
        news->sequence = sequence;
    }
    news->any = true;
    if (flight->times != 1 || (news->measured && flight->sent_at < news->measured_at)) return;
    news->measured_at = flight->sent_at;
    news->measured = true;
}

static void take_sample(struct delivery_sender *sender, uint64_t sent_at, uint64_t now) {
    uint64_t us = now > sent_at ? (now - sent_at) * 1000 : 0;
    delivery_sample(sender, us > UINT32_MAX ? UINT32_MAX : (uint32_t)us);
}

/* An answer that comes sooner than the path allows is one to an earlier copy. */
static bool is_of_an_earlier_copy(const struct delivery_sender *sender, const struct delivery_flight *flight,
                                  uint64_t now) {
    return flight->times > 1 && now - flight->sent_at < sender->round_trip.smoothed_us / 2000;
}

static void take_news(struct delivery_sender *sender, const struct news *news, uint64_t now) {
    const struct delivery_flight *newest = &news->newest;
    sender->backoff = 0;
    sender->news_at = now;
    if (news->measured && now >= news->measured_at) take_sample(sender, news->measured_at, now);
    /* Whichever copy it answers, it took at least as long as the last one. Without this a path that became slow would
     * have everything sent twice, and so no sample, for ever. */
    if (!news->measured && sender->round_trip.measured &&
        (now - newest->sent_at) * 1000 > sender->round_trip.smoothed_us)
        take_sample(sender, newest->sent_at, now);
    if (!is_of_an_earlier_copy(sender, newest, now) && (!sender->has_newest || newest->sent_at >= sender->newest_at)) {
        sender->has_newest = true;
        sender->newest_at = newest->sent_at;
        sender->newest = news->sequence;
    }
    congestion_acknowledged(&sender->congestion, news->bytes, &newest->mark, newest->times == 1,
                            bytes_in_flight(sender, now), now);
}

void delivery_acknowledged(struct delivery_sender *sender, const struct frame_acknowledgement *ack, uint64_t now) {
    struct news news = {0};
    if (ack->stream != sender->stream || delivery_before(sender->next_sequence, ack->cumulative)) return;
    for (uint32_t sequence = sender->cumulative; delivery_before(sequence, ack->cumulative); sequence++)
        mark(sender, sequence, &news);
    for (uint32_t bit = 0; bit < BITMAP_BITS; bit++)
        if (ack->bitmap >> bit & 1) mark(sender, ack->cumulative + 1 + bit, &news);
    if (!news.any) return;
    take_news(sender, &news, now);
    while (sender->cumulative != sender->next_sequence && flight_of(sender, sender->cumulative)->acknowledged)
        sender->cumulative++;
    HOLDS(delivery_holds(sender));
}

static bool is_complete(const struct delivery_sender *sender, const struct delivery_message *message) {
    return message->segments == 0 || !delivery_before(sender->cumulative, message_end(message));
}

bool delivery_completed(struct delivery_sender *sender, uint64_t *tag) {
    if (!sender->first || !is_complete(sender, sender->first)) return false;
    *tag = sender->first->tag;
    drop_first(sender);
    return true;
}

void delivery_path_changed(struct delivery_sender *sender) {
    sender->backoff = 0;
    sender->has_newest = false;
    sender->round_trip = (struct round_trip){.measured = false};
    sender->large_lost = 0;
    congestion_init(&sender->congestion);
    for (uint32_t sequence = sender->cumulative; sequence != sender->next_sequence; sequence++)
        flight_of(sender, sequence)->lost = !flight_of(sender, sequence)->acknowledged;
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
    sender->has_newest = false;
    sender->large_lost = 0;
    congestion_init(&sender->congestion);
    memset(sender->flight, 0, sizeof sender->flight);
    HOLDS(delivery_holds(sender));
}
