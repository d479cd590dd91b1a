/* What one DATA packet draws: PROTOCOL.md §3.2 rule 13. Pure.
 *
 * While a packet is taken, frames that answer it are gathered here instead of being sent. At its end they go out: those
 * for where it came from, if that is not the path, in one packet; those for the path in one as well, at the head of
 * whatever else there is to say there.
 *
 * Invariants: for each of both places at most one frame of a type, and no more bytes than the frames that came had, so
 * that no packet that is sent is longer than the one that it answers. Whatever is said to a peer in answer goes through
 * here, so a new kind of frame is bounded as well. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/peer/path.h"
#include "client/peer/path_mtu.h"
#include "common/attributes.h"
#include "common/bucket.h"
#include "common/wire/frames.h"

/* Every path takes so much. */
#define ANSWERS_FRAMES_MAX (PATH_MTU_BASE - PEER_DATA_OVERHEAD)

struct answers_place {
    uint32_t types; /* a set of enum frame_type */
    size_t size;
    uint8_t frames[ANSWERS_FRAMES_MAX];
};

struct answers {
    struct path from; /* of the packet */
    size_t most;      /* bytes of frames for each place */
    bool over;        /* the packet is taken: what was gathered may go out */
    uint32_t taken;   /* a set of enum frame_type: those that count once a packet, and were there */
    struct answers_place here, path;
};

/* A packet with so many bytes of frames came. */
void answers_begin(struct answers *answers, const struct path *from, size_t size);
/* False: another of its type is there already, or it would be too much. A PING leaves room for a PONG. */
MUST_USE bool answers_add(struct answers *answers, struct answers_place *place, const struct frame *frame);
/* Is it to be taken? Of those that have others say or do something there is one in an honest packet. */
MUST_USE bool answers_take_once(struct answers *answers, enum frame_type type);
/* Is the packet long enough for a PING to be sent back, and a PONG? */
bool answers_may_ask(const struct answers *answers);
/* Bytes that are left for frames. */
size_t answers_room(const struct answers *answers, const struct answers_place *place);
/* Moves what is in a place to where frames are being written. */
void answers_move(struct answers_place *place, struct writer *frames);
bool answers_hold(const struct answers *answers);

/* Beside that, what a peer may have us say that proves nothing about a path: all but PING and PONG, some a second. */
void answers_fill(struct bucket *bucket, uint64_t now);
MUST_USE bool answers_allowed(struct bucket *bucket, enum frame_type type, uint64_t now);
