/* How much may be in flight to one peer, and how fast: a model of the path, as BBR has it (Cardwell et al., ACM Queue
 * 14(5), 2016; draft-cardwell-iccrg-bbr-congestion-control; delivery rates:
 * draft-cheng-iccrg-delivery-rate-estimation). Pure; time is handed in.
 *
 * The path is a bandwidth, the highest delivery rate of the last ten round trips, and a round trip, the shortest of the
 * last ten seconds. What is sent is paced at that bandwidth, and at most twice their product is in flight. Loss is no
 * sign of congestion: a radio link that loses a fifth keeps its rate, and of a policer's limit what got through is the
 * measure.
 *
 * Invariants: the window is never under CONGESTION_WINDOW_MIN, and with nothing in flight a packet is not paced, so a
 * chat is not slowed, though its lines measure a path of few bytes a second; before the first measurement the window is
 * ten packets (RFC 6928), unpaced; bytes that are in flight at all are a sender's own doing, never a peer's: an
 * acknowledgement only counts for what was sent.
 *
 * Unlike BBR it knows time by the millisecond, so a burst of what two milliseconds carry goes at once; it has no
 * long-term policer model, since a sender that keeps to what arrived needs none for text; and a round trip is measured
 * anew every ten seconds with four packets in flight for 200 ms, but only while the sender had that much to send. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"

#define CONGESTION_PACKET 1100u /* a full packet with its headers */
#define CONGESTION_WINDOW_MIN (4 * CONGESTION_PACKET)
#define CONGESTION_WINDOW_FIRST (10 * CONGESTION_PACKET)
#define CONGESTION_ROUNDS 10

enum congestion_phase { CONGESTION_STARTUP, CONGESTION_DRAIN, CONGESTION_PROBE_BANDWIDTH, CONGESTION_PROBE_ROUND_TRIP };

struct congestion {
    enum congestion_phase phase;
    uint64_t delivered, delivered_at; /* bytes; ms */
    uint64_t first_sent_at;           /* of the present sample */
    uint64_t limited_until;           /* `delivered` up to which samples are the sender's own limit, not the path's */
    uint64_t round_end;               /* `delivered` at which the present round trip is over */
    uint32_t round;
    uint64_t rates[CONGESTION_ROUNDS];  /* bytes a second, the highest of each of the last rounds */
    uint64_t full_rate;                 /* startup: the last one that was a quarter above the one before */
    unsigned full_rounds;               /* rounds since */
    uint64_t round_trip, round_trip_at; /* ms; 0: none yet */
    uint64_t phase_at;                  /* when the phase, or the part of the cycle, began */
    unsigned cycle;
    uint64_t tokens, filled; /* pacing: thousandths of bytes; ms */
};

/* What a packet's sender remembers of it. */
struct congestion_mark {
    uint64_t delivered, delivered_at, first_sent_at, sent_at;
    bool limited;
};

void congestion_init(struct congestion *congestion);
/* May `bytes` more go out with so many in flight? */
MUST_USE bool congestion_allows(struct congestion *congestion, size_t bytes, size_t in_flight, uint64_t now);
/* When pacing allows as much, `now` or later; NEVER: the window is full, an acknowledgement must come first. */
uint64_t congestion_due(const struct congestion *congestion, size_t bytes, size_t in_flight, uint64_t now);
/* They went out. */
void congestion_sent(struct congestion *congestion, size_t bytes, size_t in_flight, uint64_t now,
                     struct congestion_mark *mark);
/* There is nothing more to send, though there were room. */
void congestion_idle(struct congestion *congestion, size_t in_flight);
/* So many bytes were acknowledged; `mark` is that of the packet among them that was sent last, `fresh` when that was
 * sent only once, so that its round trip is known. `in_flight`: still. */
void congestion_acknowledged(struct congestion *congestion, size_t bytes, const struct congestion_mark *mark,
                             bool fresh, size_t in_flight, uint64_t now);
/* Bytes a second, and bytes; for tests and the curious. 0: not known yet. */
uint64_t congestion_bandwidth(const struct congestion *congestion);
size_t congestion_window(const struct congestion *congestion);
bool congestion_holds(const struct congestion *congestion);
