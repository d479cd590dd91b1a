/* Packets between peers: PROTOCOL.md §3. Same rules as bootnode_packets.h. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/names.h"
#include "common/text.h"
#include "common/wire/packet.h"

enum peer_message_type {
    PEER_PROBE = 0x90,
    PEER_INITIATION,
    PEER_RESPONSE,
    PEER_CONFIRMATION,
    PEER_DATA,
    PEER_COOKIE_REPLY,
    PEER_TYPE_END,
};
/* Does a packet that begins so belong here? Nothing else is relayed. */
static inline bool peer_type(uint8_t first) {
    return first >= PEER_PROBE && first < PEER_TYPE_END;
}

#define PAIR_TAG_SIZE 8
#define PEER_MAC_MIN 32            /* the least that a packet with a MAC can be */
#define PEER_PROBE_SIZE 128        /* as long as the INITIATION that it may draw */
#define PEER_HANDSHAKE_SIZE 128    /* INITIATION and RESPONSE */
#define PEER_INITIATION_NOISE 20   /* where its Noise message begins */
#define PEER_INITIATION_HEAD 96    /* bytes of INITIATION before its two MACs: the same in each copy */
#define PEER_COOKIE_REPLY_SIZE 128 /* as long as the INITIATION that it answers, and the one that it may draw */
#define PEER_COOKIE_SIZE 16
#define PEER_ECHO_SIZE 16
#define PEER_DATA_HEADER_SIZE 16
#define PEER_DATA_OVERHEAD (PEER_DATA_HEADER_SIZE + 16)
#define FRAMES_ALIGNMENT 16 /* the plain text of DATA is a multiple of it */
#define PEER_FRAMES_MAX (PACKET_MAX - PEER_DATA_OVERHEAD)
/* What we send of our own fits through any relay, RELAY or a frame of another DATA, and pads to 16 bytes. */
#define PEER_FRAMES_OWN_MAX 1056
#define PEER_INTRODUCTION_MIN (53 + 1)
#define PEER_INTRODUCTION_MAX (53 + TEXT_NICK_MAX)
#define PEER_TOKEN_SIZE 8 /* what CONFIRMATION has behind the introduction */
#define PEER_CONFIRMATION_PAYLOAD_MAX (PEER_INTRODUCTION_MAX + PEER_TOKEN_SIZE)
#define PEER_CONFIRMATION_MAX (16 + 48 + PEER_CONFIRMATION_PAYLOAD_MAX + 16 + TAG_SIZE)

void pair_tag_derive(const uint8_t mac_key[static ROOM_MAC_KEY_SIZE], const uint8_t from[static MEMBER_ID_SIZE],
                     const uint8_t to[static MEMBER_ID_SIZE], uint8_t out[static PAIR_TAG_SIZE]);
/* PROBE, INITIATION, RESPONSE, CONFIRMATION, COOKIE_REPLY end in a MAC: fill it in, check it (false for a packet under
 * 32 bytes). `size` is the whole packet's. */
void peer_mac_write(const uint8_t mac_key[static ROOM_MAC_KEY_SIZE], uint8_t *packet, size_t size);
MUST_USE bool peer_mac_check(const uint8_t mac_key[static ROOM_MAC_KEY_SIZE], const uint8_t *packet, size_t size);

/* The second MAC of a whole INITIATION, under the cookie of who is to answer it: fill it in, before the first; check
 * it.
 */
void peer_second_mac_write(const uint8_t cookie[static PEER_COOKIE_SIZE], uint8_t packet[static PEER_HANDSHAKE_SIZE]);
MUST_USE bool peer_second_mac_check(const uint8_t cookie[static PEER_COOKIE_SIZE],
                                    const uint8_t packet[static PEER_HANDSHAKE_SIZE]);

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
    uint8_t second_mac[TAG_SIZE]; /* zeros: none */
};
struct peer_cookie_reply {
    uint32_t receiver_index;
    uint8_t echo[PEER_ECHO_SIZE]; /* the first bytes of that INITIATION's Noise message */
    uint8_t cookie[PEER_COOKIE_SIZE];
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
MUST_USE bool peer_probe_decode(const uint8_t *packet, size_t size, struct peer_probe *out);
MUST_USE size_t peer_probe_encode(const struct peer_probe *probe, uint8_t *out, size_t capacity);
/* `noise_size` is set by the caller before decoding: 32 or 48, as the room has a secret. */
MUST_USE bool peer_initiation_decode(const uint8_t *packet, size_t size, struct peer_initiation *out);
MUST_USE size_t peer_initiation_encode(const struct peer_initiation *message, uint8_t *out, size_t capacity);
MUST_USE bool peer_response_decode(const uint8_t *packet, size_t size, struct peer_answer *out);
MUST_USE size_t peer_response_encode(const struct peer_answer *response, uint8_t *out, size_t capacity);
MUST_USE bool peer_confirmation_decode(const uint8_t *packet, size_t size, struct peer_answer *out);
/* Of the whole packet. */
size_t peer_confirmation_size(const struct peer_answer *confirmation);
MUST_USE size_t peer_confirmation_encode(const struct peer_answer *confirmation, uint8_t *out, size_t capacity);
MUST_USE bool peer_cookie_reply_decode(const uint8_t *packet, size_t size, struct peer_cookie_reply *out);
MUST_USE size_t peer_cookie_reply_encode(const struct peer_cookie_reply *reply, uint8_t *out, size_t capacity);
MUST_USE bool peer_data_decode(const uint8_t *packet, size_t size, struct peer_data *out);
/* The header only; the sealed frames follow. */
MUST_USE size_t peer_data_header_encode(uint32_t receiver_index, uint64_t counter, uint8_t *out, size_t capacity);
