/* Packets and frames between peers: PROTOCOL.md §3. Same rules as messages.h. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/bytes.h"
#include "common/messages.h"
#include "common/text.h"

enum peer_message_type {
    PEER_PROBE = 0x90,
    PEER_INITIATION,
    PEER_RESPONSE,
    PEER_CONFIRMATION,
    PEER_DATA,
    PEER_TYPE_END,
};
/* Does a packet that begins so belong here? Nothing else is relayed. */
static inline bool peer_type(uint8_t first) {
    return first >= PEER_PROBE && first < PEER_TYPE_END;
}

#define PAIR_TAG_SIZE 8
#define PEER_MAC_MIN 32         /* the least that a packet with a MAC can be */
#define PEER_PROBE_SIZE 128     /* as long as the INITIATION that it may draw */
#define PEER_HANDSHAKE_SIZE 128 /* INITIATION and RESPONSE */
#define PEER_DATA_HEADER_SIZE 16
#define PEER_DATA_OVERHEAD (PEER_DATA_HEADER_SIZE + 16)
#define PEER_FRAMES_MAX (PACKET_MAX - PEER_DATA_OVERHEAD)
/* What we send of our own fits through any relay, RELAY or a frame of another DATA, and pads to 16 bytes. */
#define PEER_FRAMES_OWN_MAX 1056
#define PEER_INTRODUCTION_MIN (45 + 1)
#define PEER_INTRODUCTION_MAX (45 + TEXT_NICK_MAX)
#define PEER_CONFIRMATION_MAX (16 + 48 + PEER_INTRODUCTION_MAX + 16 + TAG_SIZE)

void pair_tag_derive(const uint8_t mac_key[static ROOM_MAC_KEY_SIZE], const uint8_t from[static MEMBER_ID_SIZE],
                     const uint8_t to[static MEMBER_ID_SIZE], uint8_t out[static PAIR_TAG_SIZE]);
/* PROBE, INITIATION, RESPONSE, CONFIRMATION end in a MAC: fill it in, check it (false for a packet under 32 bytes).
 * `size` is the whole packet's. */
void peer_mac_write(const uint8_t mac_key[static ROOM_MAC_KEY_SIZE], uint8_t *packet, size_t size);
bool peer_mac_check(const uint8_t mac_key[static ROOM_MAC_KEY_SIZE], const uint8_t *packet, size_t size);

struct peer_probe {
    uint8_t pair_tag[PAIR_TAG_SIZE];
};
struct peer_initiation {
    bool bound;
    uint32_t sender_index;
    uint8_t pair_tag[PAIR_TAG_SIZE];
    uint32_t bound_index;
    const uint8_t *noise; /* `noise_size` bytes: 32, or 48 with a psk */
    size_t noise_size;
};
struct peer_answer { /* RESPONSE and CONFIRMATION */
    uint32_t sender_index, receiver_index;
    const uint8_t *noise;
    size_t noise_size; /* RESPONSE: 96 */
};
struct peer_data {
    uint32_t receiver_index;
    uint64_t counter;
    const uint8_t *sealed;
    size_t sealed_size; /* with its tag */
};

/* Encoders of MACed packets leave the last 16 bytes, zeroed, to peer_mac_write and return the full size. Indices are
 * never 0. */
bool peer_probe_decode(const uint8_t *packet, size_t size, struct peer_probe *out);
size_t peer_probe_encode(const struct peer_probe *probe, uint8_t *out, size_t capacity);
/* `noise_size` is set by the caller before decoding: 32 or 48, as the room has a secret. */
bool peer_initiation_decode(const uint8_t *packet, size_t size, struct peer_initiation *out);
size_t peer_initiation_encode(const struct peer_initiation *message, uint8_t *out, size_t capacity);
bool peer_response_decode(const uint8_t *packet, size_t size, struct peer_answer *out);
size_t peer_response_encode(const struct peer_answer *response, uint8_t *out, size_t capacity);
bool peer_confirmation_decode(const uint8_t *packet, size_t size, struct peer_answer *out);
size_t peer_confirmation_encode(const struct peer_answer *confirmation, uint8_t *out, size_t capacity);
bool peer_data_decode(const uint8_t *packet, size_t size, struct peer_data *out);
/* The header only; the sealed frames follow. */
size_t peer_data_header_encode(uint32_t receiver_index, uint64_t counter, uint8_t *out, size_t capacity);

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
};
#define FRAME_HEADER_SIZE 3
#define FRAMES_ALIGNMENT 16

struct frame_introduction {
    uint8_t identity[32]; /* Ed25519 */
    uint64_t run;
    uint32_t epoch;
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
        struct frame_acknowledgement acknowledgement;
        uint64_t token;           /* ping, pong */
        struct frame_relay relay; /* relay, relayed */
        struct frame_candidates candidates;
        struct frame_probing probing;
    };
};

/* Frames of DATA (frames.c). The next known frame of a DATA packet's plain text; unknown ones are skipped. False
 * at the end and on malformed input (then reader->failed). */
bool frame_next(struct reader *reader, struct frame *out);
void frame_write(struct writer *writer, const struct frame *frame);
/* Zero padding up to a multiple of FRAMES_ALIGNMENT, within the capacity. The writer began with the first frame. */
void frames_pad(struct writer *writer);
/* The introduction without frame header, as CONFIRMATION carries it. */
void read_introduction(struct reader *reader, struct frame_introduction *out);
void write_introduction(struct writer *writer, const struct frame_introduction *introduction);
