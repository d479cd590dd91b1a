/* The frames inside DATA, the packet between peers: PROTOCOL.md §3. Same rules as bootnode_packets.h. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/names.h"
#include "common/text.h"
#include "common/wire/bootnode_bodies.h"

enum frame_type {
    FRAME_PADDING = 0,
    FRAME_INTRODUCTION,
    FRAME_SEGMENT,
    FRAME_ACKNOWLEDGEMENT,
    FRAME_PING,
    FRAME_PONG,
    FRAME_BYE,
    FRAME_RELAY,
    FRAME_RELAYED,
    FRAME_CANDIDATES,
    FRAME_PROBING,
    FRAME_PIECE,
};
#define FRAME_HEADER_SIZE 3

struct frame_introduction {
    uint8_t identity[32]; /* Ed25519 */
    uint64_t run;
    uint32_t epoch;
    uint64_t wall_ms;             /* the sender's clock: since 1970; 0: not told */
    char nick[TEXT_NICK_MAX + 1]; /* as received: the caller passes it through text_nick */
    uint8_t nick_size;
};
struct frame_segment {
    uint32_t stream, sequence;
    bool first, last;
    uint32_t age; /* first: so many ms ago its message was queued; 0: just now */
    const uint8_t *data;
    size_t size;
};
#define FRAME_SEGMENT_OVERHEAD (FRAME_HEADER_SIZE + 9) /* and, where there is an age: */
#define FRAME_SEGMENT_AGE_SIZE 4
/* A part of a segment that is too large for the path. */
struct frame_piece {
    struct frame_segment segment; /* `data` and `size` are the piece's */
    uint16_t offset, total;       /* bytes of the segment: before the piece, and in all */
};
#define FRAME_PIECE_OVERHEAD (FRAME_SEGMENT_OVERHEAD + 4) /* and the age */
#define FRAME_PIECE_UNIT 16 /* pieces begin at a multiple of it, and end at one, or with the segment */
struct frame_acknowledgement {
    uint32_t stream, cumulative;
    uint64_t bitmap;
};

struct frame_relay { /* relay: `member` receives the packet; relayed: it sent it */
    uint8_t member[MEMBER_ID_SIZE];
    const uint8_t *packet;
    size_t size; /* RELAY_PACKET_MIN or more, the first byte a peer_type */
};
#define FRAME_RELAY_OVERHEAD (FRAME_HEADER_SIZE + MEMBER_ID_SIZE)
/* How a NAT maps (RFC 4787 §4.1), as far as its owner knows. */
enum nat_mapping { NAT_MAPPING_UNKNOWN, NAT_MAPPING_INDEPENDENT, NAT_MAPPING_DEPENDENT };
struct frame_candidates {
    bool answer;
    enum nat_mapping mapping;
    struct candidate_list candidates;
};
#define FRAME_CANDIDATES_MIN (FRAME_HEADER_SIZE + 3)
#define FRAME_CANDIDATES_MAX (FRAME_CANDIDATES_MIN + RECORD_CANDIDATES_MAX * CANDIDATE_MAX)
enum probing_step { PROBING_OFFER, PROBING_ACCEPT, PROBING_OVER };
struct frame_probing {
    enum probing_step step;
    bool hard;        /* the sender's side */
    uint32_t attempt; /* a number the initiator chose */
};

struct frame {
    enum frame_type type;
    union {
        struct frame_introduction introduction;
        struct frame_segment segment;
        struct frame_piece piece;
        struct frame_acknowledgement acknowledgement;
        uint64_t token;           /* ping, pong */
        struct frame_relay relay; /* relay, relayed */
        struct frame_candidates candidates;
        struct frame_probing probing;
    };
};

/* The next known frame of a DATA packet's plain text; unknown ones are skipped. False at the end and on malformed input
 * (then reader->failed). */
MUST_USE bool frame_next(struct reader *reader, struct frame *out);
void frame_write(struct writer *writer, const struct frame *frame);
/* Zero padding up to a multiple of FRAMES_ALIGNMENT, within the capacity. The writer began with the first frame. */
void frames_pad(struct writer *writer);
/* The introduction without frame header, as CONFIRMATION carries it. */
void read_introduction(struct reader *reader, struct frame_introduction *out);
void write_introduction(struct writer *writer, const struct frame_introduction *introduction);
