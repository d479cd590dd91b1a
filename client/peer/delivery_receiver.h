/* The receiving half of delivery.h: segments of one stream become messages, in order, once. Pure.
 *
 * Invariants: nothing is kept that lies before `next`, or DELIVERY_WINDOW and more after it; a message under way is no
 * longer than DELIVERY_MESSAGE_MAX. A segment that comes in pieces has its place in the window, and its memory, from
 * the first piece on, and is as good as not there until the last one came. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/peer/delivery.h"
#include "common/attributes.h"
#include "common/wire/peer_packets.h"

struct delivery_slot; /* a segment, or what came of it */

struct delivery_receiver {
    uint32_t stream;                              /* 0: none yet */
    uint32_t next;                                /* sequence wanted next */
    struct delivery_slot *slots[DELIVERY_WINDOW]; /* arrived ahead of order; by sequence modulo DELIVERY_WINDOW */
    uint8_t *message; /* being assembled, DELIVERY_MESSAGE_MAX bytes; NULL between messages and while skipping one */
    size_t message_size;
    uint64_t message_since; /* when it was queued, by our clock; only differences mean something */
};

void delivery_receiver_init(struct delivery_receiver *receiver);
void delivery_receiver_clear(struct delivery_receiver *receiver);
/* `age`: how long ago the sender was given the message, in ms, as far as it says. */
typedef void (*delivery_heard)(void *context, const uint8_t *message, size_t size, uint64_t age);
/* A segment came. False when it is malformed, of an old stream, or outside the window; true also for duplicates
 * (acknowledge those too). Each completed message is handed to `heard` in order, its bytes valid during the call. A
 * message over DELIVERY_MESSAGE_MAX is dropped. */
MUST_USE bool delivery_receiver_take(struct delivery_receiver *receiver, const struct frame_segment *segment,
                                     uint64_t now, delivery_heard heard, void *context);
/* The same for a piece of one. False also while others are missing: there is nothing to acknowledge yet; and when it
 * says something else of the segment than an earlier one. */
MUST_USE bool delivery_receiver_take_piece(struct delivery_receiver *receiver, const struct frame_piece *piece,
                                           uint64_t now, delivery_heard heard, void *context);
/* What to acknowledge now. False before the first segment. */
MUST_USE bool delivery_receiver_acknowledgement(const struct delivery_receiver *receiver,
                                                struct frame_acknowledgement *out);
bool delivery_receiver_holds(const struct delivery_receiver *receiver);
