/* Packets through the session with a peer, and what we say of ourselves in them. */
#pragma once

#include "client/peer/parts.h"
#include "common/attributes.h"

/* What we say of ourselves to this peer. */
void sending_introduction(const struct peer *peer, struct frame_introduction *out);
/* With the answer to CONFIRMATION, if that is what it follows. */
void sending_write_introduction(const struct peer *peer, struct writer *writer);

/* Why a packet may go to an address that is not proven. */
enum sending_grounds {
    SENDING_HEARD,     /* packets came from there: as far as they go (credit.h) */
    SENDING_CANDIDATE, /* it is a candidate, whose packets are counted by who sends them */
};
/* All packets to a peer go through here, along whatever path, so that no caller can forget that to an address without a
 * proof goes no more than what came from there pays for (credit.h, proof.h). False: this one may not go there now. */
bool sending_packet(struct peer *peer, const struct path *to, enum sending_grounds grounds, const uint8_t *packet,
                    size_t size, uint64_t now);
/* A packet of so many bytes came from there, be it to whom: its MAC was right, or it could be opened. */
void sending_came(struct peer *peer, const struct path *from, size_t size);
/* Is it known that the peer receives on its path? */
bool sending_is_proven(const struct peer *peer);
/* How many bytes may go there in the next packet that came for no other reason than packets from there; SIZE_MAX: any
 * number. */
size_t sending_left(const struct peer *peer, const struct path *to);

/* Seals frames and sends them. `wants_answer`: silence from here on counts against the path, if it is that. */
void sending_frames(struct peer *peer, struct writer *frames, const struct path *to, bool wants_answer, uint64_t now);
/* One frame in a packet of its own; while a packet is taken, it is gathered with what else answers that. */
void sending_frame(struct peer *peer, const struct frame *frame, const struct path *to, bool wants_answer,
                   uint64_t now);
/* The same to a candidate. */
void sending_frame_to_candidate(struct peer *peer, const struct frame *frame, const struct path *to, uint64_t now);
/* A PING among other frames, for the path. */
void sending_write_ping(struct peer *peer, struct writer *writer, uint64_t now);
/* Behind the last frame of a packet with a PING: who is asked may ask in turn, without saying more than it was told. */
void sending_leave_room(struct writer *frames);
/* Is one to go along now (proof.h)? */
bool sending_wants_ping(const struct peer *peer, bool wants_answer, uint64_t now);
/* How long the answer to one may take before it is sent again. */
uint64_t sending_repeat_ms(const struct peer *peer);
/* Asks the path for a sign of life. */
void sending_ping(struct peer *peer, uint64_t now);
/* Introduces ourselves once more, to where we were asked from. */
void sending_introduce(struct peer *peer, const struct path *to, uint64_t now);

/* May one more PROBE, INITIATION or unasked PING go out? If so, it is counted; else `punch_blocked` says until when. */
MUST_USE bool sending_unasked(struct peer *peer, uint64_t now);

/* Round trip in microseconds: smoothed over all that was acknowledged, where there was something. */
uint32_t sending_rtt_us(const struct peer *peer);
/* By how much longer the peer's answers may take than those of most (round_trip_excess_ms): whatever waits for one
 * waits as much longer. */
uint64_t sending_excess_ms(const struct peer *peer);
