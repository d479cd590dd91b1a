#include "client/peer/delivery_receiver.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/holds.h"

/* What has not come of a segment that comes in pieces, a bit for each FRAME_PIECE_UNIT. */
typedef uint64_t missing_units;
_Static_assert(DELIVERY_SEGMENT_DATA == 64 * FRAME_PIECE_UNIT, "each unit has its bit");

struct delivery_slot {
    size_t size;
    bool first, last;
    uint64_t since;
    missing_units missing; /* 0: it is whole */
    uint8_t data[];
};

/* Those from the first up to this byte. */
static missing_units units_up_to(size_t size) {
    size_t units = (size + FRAME_PIECE_UNIT - 1) / FRAME_PIECE_UNIT;
    return units < 64 ? (UINT64_C(1) << units) - 1 : UINT64_MAX;
}

static bool is_whole(const struct delivery_slot *slot) {
    return slot && slot->missing == 0;
}

bool delivery_receiver_holds(const struct delivery_receiver *receiver) {
    bool empty = !receiver->message;
    for (size_t i = 0; i < DELIVERY_WINDOW; i++) {
        if (!receiver->slots[i]) continue;
        if (receiver->slots[i]->size > DELIVERY_SEGMENT_DATA) return false;
        if (receiver->slots[i]->missing & ~units_up_to(receiver->slots[i]->size)) return false;
        empty = false;
    }
    return receiver->message_size <= (receiver->message ? DELIVERY_MESSAGE_MAX : 0) &&
           (receiver->stream != 0 || (empty && receiver->next == 0));
}

void delivery_receiver_init(struct delivery_receiver *receiver) {
    memset(receiver, 0, sizeof *receiver);
}

/* What comes may be a private room's secret. */
static void slot_destroy(struct delivery_slot *slot) {
    if (slot) sodium_memzero(slot->data, slot->size);
    free(slot);
}

static void drop_message(struct delivery_receiver *receiver) {
    if (receiver->message) sodium_memzero(receiver->message, receiver->message_size);
    free(receiver->message);
    receiver->message = NULL;
    receiver->message_size = 0;
}

void delivery_receiver_clear(struct delivery_receiver *receiver) {
    for (size_t i = 0; i < DELIVERY_WINDOW; i++) slot_destroy(receiver->slots[i]);
    drop_message(receiver);
    delivery_receiver_init(receiver);
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

/* The segment that is next; its message was queued at `since`. False without memory: it was not taken, and will come
 * again. */
static bool assemble(struct delivery_receiver *receiver, const struct frame_segment *segment, uint64_t since,
                     uint64_t now, delivery_heard heard, void *context) {
    if (segment->first) {
        drop_message(receiver);
        receiver->message_since = since;
        if (!segment->last) receiver->message = malloc(DELIVERY_MESSAGE_MAX);
        if (!segment->last && !receiver->message) return false;
    }
    receiver->next++;
    if (segment->first && segment->last) {
        heard(context, segment->data, segment->size, now - since);
    } else if (receiver->message) {
        append(receiver, segment->data, segment->size);
        if (segment->last && receiver->message) {
            heard(context, receiver->message, receiver->message_size, now - receiver->message_since);
            drop_message(receiver);
        }
    }
    return true;
}

static struct delivery_slot **slot_of(struct delivery_receiver *receiver, uint32_t sequence) {
    return &receiver->slots[sequence % DELIVERY_WINDOW];
}

/* For a segment of `size` bytes. NULL without memory. */
static struct delivery_slot *slot_create(const struct frame_segment *segment, size_t size, uint64_t since) {
    struct delivery_slot *slot = malloc(sizeof *slot + size);
    if (slot)
        *slot = (struct delivery_slot){.size = size, .first = segment->first, .last = segment->last, .since = since};
    return slot;
}

static bool keep(struct delivery_receiver *receiver, const struct frame_segment *segment, uint64_t since) {
    struct delivery_slot **slot = slot_of(receiver, segment->sequence);
    if (*slot) return true;
    *slot = slot_create(segment, segment->size, since);
    if (!*slot) return false;
    if (segment->size > 0) memcpy((*slot)->data, segment->data, segment->size);
    return true;
}

/* A further piece must be one of the same segment. False without memory, too. */
static bool keep_piece(struct delivery_receiver *receiver, const struct frame_piece *piece, uint64_t since) {
    const struct frame_segment *segment = &piece->segment;
    struct delivery_slot **place = slot_of(receiver, segment->sequence), *slot = *place;
    if (is_whole(slot)) return true;
    if (!slot) {
        slot = slot_create(segment, piece->total, since);
        if (!slot) return false;
        slot->missing = units_up_to(piece->total);
        *place = slot;
    }
    if (slot->size != piece->total || slot->first != segment->first || slot->last != segment->last) return false;
    memcpy(slot->data + piece->offset, segment->data, segment->size);
    slot->missing &= ~(units_up_to(piece->offset + segment->size) & ~units_up_to(piece->offset));
    return true;
}

/* It came whole meanwhile. */
static void drop_pieces(struct delivery_receiver *receiver, uint32_t sequence) {
    struct delivery_slot **slot = slot_of(receiver, sequence);
    if (is_whole(*slot)) return;
    slot_destroy(*slot);
    *slot = NULL;
}

/* Takes what has become next. Without memory it stays where it is, acknowledged, until the next segment comes. */
static void drain(struct delivery_receiver *receiver, uint64_t now, delivery_heard heard, void *context) {
    struct delivery_slot *slot;
    while (is_whole(slot = *slot_of(receiver, receiver->next))) {
        struct frame_segment segment = {
            .first = slot->first, .last = slot->last, .data = slot->data, .size = slot->size};
        uint32_t sequence = receiver->next;
        *slot_of(receiver, sequence) =
            NULL; /* before `heard`, which may acknowledge: the place is the last bit's now */
        if (!assemble(receiver, &segment, slot->since, now, heard, context)) {
            *slot_of(receiver, sequence) = slot;
            return;
        }
        slot_destroy(slot);
    }
}

enum place { PLACE_NONE, PLACE_BEFORE, PLACE_WANTED };

/* Where a segment stands that has so many bytes. One of a newer stream, within the window, begins that. */
static enum place place_of(struct delivery_receiver *receiver, const struct frame_segment *segment, size_t size) {
    bool newer = segment->stream > receiver->stream;
    uint32_t next = newer ? 0 : receiver->next;
    if (segment->stream < receiver->stream || segment->stream == 0 || size > DELIVERY_SEGMENT_DATA) return PLACE_NONE;
    if (!newer && delivery_before(segment->sequence, next)) return PLACE_BEFORE;
    if (segment->sequence - next >= DELIVERY_WINDOW) return PLACE_NONE;
    if (newer) {
        delivery_receiver_clear(receiver);
        receiver->stream = segment->stream;
    }
    return PLACE_WANTED;
}

bool delivery_receiver_take(struct delivery_receiver *receiver, const struct frame_segment *segment, uint64_t now,
                            delivery_heard heard, void *context) {
    uint64_t since = now - segment->age;
    enum place place = place_of(receiver, segment, segment->size);
    if (place != PLACE_WANTED) return place == PLACE_BEFORE;
    drop_pieces(receiver, segment->sequence);
    if (segment->sequence != receiver->next || *slot_of(receiver, receiver->next)) {
        if (!keep(receiver, segment, since)) return false;
    } else if (!assemble(receiver, segment, since, now, heard, context)) {
        return false;
    }
    drain(receiver, now, heard, context);
    HOLDS(delivery_receiver_holds(receiver));
    return true;
}

bool delivery_receiver_take_piece(struct delivery_receiver *receiver, const struct frame_piece *piece, uint64_t now,
                                  delivery_heard heard, void *context) {
    enum place place = place_of(receiver, &piece->segment, piece->total);
    if (place != PLACE_WANTED) return place == PLACE_BEFORE;
    if (!keep_piece(receiver, piece, now - piece->segment.age)) return false;
    bool whole = is_whole(*slot_of(receiver, piece->segment.sequence));
    drain(receiver, now, heard, context);
    HOLDS(delivery_receiver_holds(receiver));
    return whole;
}

bool delivery_receiver_acknowledgement(const struct delivery_receiver *receiver, struct frame_acknowledgement *out) {
    if (receiver->stream == 0) return false;
    *out = (struct frame_acknowledgement){.stream = receiver->stream, .cumulative = receiver->next};
    for (uint32_t bit = 0; bit + 1 < DELIVERY_WINDOW; bit++)
        if (is_whole(receiver->slots[(receiver->next + 1 + bit) % DELIVERY_WINDOW])) out->bitmap |= UINT64_C(1) << bit;
    return true;
}
