#include "client/peer/delivery_receiver.h"

#include <stdlib.h>
#include <string.h>

#include "common/holds.h"

struct delivery_slot {
    size_t size;
    bool first, last;
    uint64_t since;
    uint8_t data[];
};

bool delivery_receiver_holds(const struct delivery_receiver *receiver) {
    bool empty = !receiver->message;
    for (size_t i = 0; i < DELIVERY_WINDOW; i++) {
        if (!receiver->slots[i]) continue;
        if (receiver->slots[i]->size > DELIVERY_SEGMENT_DATA) return false;
        empty = false;
    }
    return receiver->message_size <= (receiver->message ? DELIVERY_MESSAGE_MAX : 0) &&
           (receiver->stream != 0 || (empty && receiver->next == 0));
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

static bool keep(struct delivery_receiver *receiver, const struct frame_segment *segment, uint64_t since) {
    struct delivery_slot **slot = slot_of(receiver, segment->sequence);
    if (*slot) return true;
    *slot = malloc(sizeof **slot + segment->size);
    if (!*slot) return false;
    **slot =
        (struct delivery_slot){.size = segment->size, .first = segment->first, .last = segment->last, .since = since};
    if (segment->size > 0) memcpy((*slot)->data, segment->data, segment->size);
    return true;
}

/* Takes what has become next. Without memory it stays where it is, acknowledged, until the next segment comes. */
static void drain(struct delivery_receiver *receiver, uint64_t now, delivery_heard heard, void *context) {
    struct delivery_slot *slot;
    while ((slot = *slot_of(receiver, receiver->next))) {
        struct frame_segment segment = {
            .first = slot->first, .last = slot->last, .data = slot->data, .size = slot->size};
        uint32_t sequence = receiver->next;
        *slot_of(receiver, sequence) =
            NULL; /* before `heard`, which may acknowledge: the place is the last bit's now */
        if (!assemble(receiver, &segment, slot->since, now, heard, context)) {
            *slot_of(receiver, sequence) = slot;
            return;
        }
        free(slot);
    }
}

bool delivery_receiver_take(struct delivery_receiver *receiver, const struct frame_segment *segment, uint64_t now,
                            delivery_heard heard, void *context) {
    uint64_t since = now - segment->age;
    bool newer = segment->stream > receiver->stream;
    uint32_t next = newer ? 0 : receiver->next;
    if (segment->stream < receiver->stream || segment->stream == 0 || segment->size > DELIVERY_SEGMENT_DATA)
        return false;
    if (!newer && delivery_before(segment->sequence, next)) return true;
    if (segment->sequence - next >= DELIVERY_WINDOW) return false;
    if (newer) {
        delivery_receiver_clear(receiver);
        receiver->stream = segment->stream;
    }
    if (segment->sequence != next || *slot_of(receiver, next)) {
        if (!keep(receiver, segment, since)) return false;
    } else if (!assemble(receiver, segment, since, now, heard, context)) {
        return false;
    }
    drain(receiver, now, heard, context);
    HOLDS(delivery_receiver_holds(receiver));
    return true;
}

bool delivery_receiver_acknowledgement(const struct delivery_receiver *receiver, struct frame_acknowledgement *out) {
    if (receiver->stream == 0) return false;
    *out = (struct frame_acknowledgement){.stream = receiver->stream, .cumulative = receiver->next};
    for (uint32_t bit = 0; bit + 1 < DELIVERY_WINDOW; bit++)
        if (receiver->slots[(receiver->next + 1 + bit) % DELIVERY_WINDOW]) out->bitmap |= UINT64_C(1) << bit;
    return true;
}
