/* Reliable, ordered delivery of messages to one peer over lossy packets: segments, acknowledgements, retransmission.
 * Pure; time is handed in; frames are PROTOCOL.md §3.3's.
 *
 * Invariants. Sender: a segment is kept until it is acknowledged; at most DELIVERY_WINDOW segments are in flight;
 * messages complete in order. Receiver: segments leave in order, once; a stream with a higher number starts anew, a
 * lower one is ignored. The retransmission timer is RFC 6298's with a floor of 20 ms, doubled at each expiry up to 2 s,
 * but once at least; Karn's rule: of what was resent, only that it took at least as long as the last copy; a segment
 * that left before one which was acknowledged is lost when it is a round trip and a quarter old (RFC 8985's RACK, which
 * takes no reordering for loss). congestion.h says how much is in flight, and how fast; the window of 64 segments
 * bounds it to 64 KiB a round trip, 640 kB a second at 100 ms.
 *
 * All that goes to one peer is one stream: a line that is said after a long paste comes after it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/message/blob.h"
#include "client/peer/congestion.h"
#include "client/peer/path_mtu.h"
#include "common/attributes.h"
#include "common/round_trip.h"
#include "common/wire/frames.h"

#define DELIVERY_WINDOW 64 /* as far as an acknowledgement's bitmap reaches */
#define DELIVERY_MESSAGE_MAX (66 * 1024)
#define DELIVERY_SEGMENT_DATA 1024 /* bytes of a message in one segment */
#define DELIVERY_AGED_MS 1000      /* what waited for less says no age */
#define DELIVERY_ROOM_LEAST (PATH_MTU_BASE - PEER_DATA_OVERHEAD)

/* Sequence numbers wrap: a lies before b when it is less than half the circle behind (RFC 1982). */
static inline bool delivery_before(uint32_t a, uint32_t b) {
    return a != b && b - a < UINT32_C(1) << 31;
}

struct delivery_message; /* list element: blob, tag, first sequence, segments */

/* A segment in flight. */
struct delivery_flight {
    uint64_t sent_at;
    uint16_t size; /* with what comes around it */
    uint8_t times; /* sent how often */
    bool acknowledged;
    bool lost;  /* to be sent again, without asking the timer */
    bool small; /* the last copy is for packets of DELIVERY_ROOM_LEAST, */
    bool large; /* or one that not every path takes */
    struct congestion_mark mark;
};

struct delivery_sender {
    uint32_t stream;
    uint32_t next_sequence;                /* of the next segment that was never sent */
    uint32_t cumulative;                   /* all below are acknowledged */
    struct delivery_message *first, *last; /* not completely acknowledged, in order */
    size_t messages;
    struct delivery_flight flight[DELIVERY_WINDOW]; /* by sequence modulo DELIVERY_WINDOW */
    uint64_t news_at;                               /* when something was last acknowledged */
    uint64_t newest_at;                             /* when the newest that was acknowledged left, */
    uint32_t newest;                                /* and which it was */
    bool has_newest;
    struct congestion congestion;
    struct round_trip round_trip;
    uint8_t backoff;
    uint16_t room;      /* delivery_set_room */
    uint64_t large_at;  /* when the newest large packet that was acknowledged left; what speaks against them since: */
    uint8_t large_lost; /* how much, */
    uint64_t large_lost_at; /* and from when on */
};

void delivery_sender_init(struct delivery_sender *sender, uint32_t stream);
void delivery_sender_clear(struct delivery_sender *sender); /* drops everything */
/* A round trip measured otherwise (handshake, ping): the timer's first guess, and a sample like others later. */
void delivery_sample(struct delivery_sender *sender, uint32_t rtt_us);
/* Takes a reference. `tag` comes back when the message is acknowledged. False without memory or when it is too large.
 */
MUST_USE bool delivery_queue(struct delivery_sender *sender, struct blob *blob, uint64_t tag, uint64_t now);
/* May what is sent now have an age (FRAME_SEGMENT_AGE_SIZE)? */
bool delivery_is_aged(const struct delivery_sender *sender, uint64_t now);
/* The next segment to send at `now`: one that is lost, else a new one while the window is open. False: nothing now. Its
 * data lie in the blob, which lives until the message is completed or dropped. */
MUST_USE bool delivery_next(struct delivery_sender *sender, uint64_t now, struct frame_segment *out);
/* How many bytes the next segment takes, with what comes around it; 0: there is none now. */
size_t delivery_next_bytes(const struct delivery_sender *sender, uint64_t now);
/* How many bytes of frames a packet may have on this path, PEER_FRAMES_OWN_MAX until it is said: where a segment needs
 * more, the caller sends it in several. */
void delivery_set_room(struct delivery_sender *sender, size_t room, uint64_t now);
/* The same for the copy that delivery_next just gave: what the timer repeats goes so that every path takes it. */
size_t delivery_room(const struct delivery_sender *sender, uint32_t sequence);
/* Do packets that are larger than DELIVERY_ROOM_LEAST seem not to arrive at all? */
bool delivery_doubts_room(const struct delivery_sender *sender, uint64_t now);
/* They do not: what of them is in flight is due at once, in this room, and of the path's rate nothing is known. */
void delivery_room_fell(struct delivery_sender *sender, size_t room, uint64_t now);
/* When delivery_next would have something if nothing arrives; NEVER: never. `now` when something is due already.
 */
uint64_t delivery_due(const struct delivery_sender *sender, uint64_t now);
void delivery_acknowledged(struct delivery_sender *sender, const struct frame_acknowledgement *ack, uint64_t now);
/* Completed messages, one per call, in order. */
MUST_USE bool delivery_completed(struct delivery_sender *sender, uint64_t *tag);
/* What is in flight was lost with the old path: it is due at once. */
void delivery_path_changed(struct delivery_sender *sender);
/* The receiver lost its state: everything unacknowledged goes out again, whole messages, in a new stream. */
void delivery_restart(struct delivery_sender *sender, uint32_t stream);
/* Walks all messages. */
bool delivery_holds(const struct delivery_sender *sender);
