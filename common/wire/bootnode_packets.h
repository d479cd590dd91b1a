/* Every packet between client and bootnode: decoded once into a struct, encoded from one. PROTOCOL.md §2 has the bytes.
 *
 * Decoders take exactly what is specified: a wrong length, a set zero field or an unknown flag is false. Encoders write
 * every byte and return the size, 0 when `capacity` is too small or a list too long. Views (`const uint8_t *`) point
 * into the packet. Sealed messages are split: the packet (header and ciphertext) here, keys and tags in link.h, bodies
 * in bootnode_bodies.h. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/address.h"
#include "common/attributes.h"
#include "common/names.h"
#include "common/wire/bootnode_bodies.h"
#include "common/wire/packet.h"

#define BOOTNODE_PORT 9595 /* where a bootnode listens, unless somebody says otherwise */

enum message_type {
    MESSAGE_HELLO = 0x80,
    MESSAGE_COOKIE,
    MESSAGE_REGISTER,
    MESSAGE_WELCOME,
    MESSAGE_HEARTBEAT,
    MESSAGE_BEAT_ACK,
    MESSAGE_CHANGES,
    MESSAGE_UPDATE,
    MESSAGE_INTRODUCE,
    MESSAGE_PATH,
    MESSAGE_MOVE,
    MESSAGE_LEAVE,
    MESSAGE_RESET,
    MESSAGE_REFUSED,
    MESSAGE_NOTICE,
    MESSAGE_RELAY,
    MESSAGE_TYPE_END,
};

#define HELLO_SIZE 200
#define COOKIE_MESSAGE_SIZE 84 /* of a bootnode in no cluster */
#define COOKIE_MESSAGE_MAX (COOKIE_MESSAGE_SIZE + HOMES_SIZE_MAX)
#define REGISTER_SIZE 548       /* 576, which every path of IPv4 takes, without the headers of IP and UDP */
#define REGISTER_HEADER_SIZE 32 /* also the part that goes into the handshake's prologue */
#define WELCOME_HEADER_SIZE 12
#define WELCOME_MAX REGISTER_SIZE /* no answer is larger than its request */
#define BEAT_SIZE 40
#define PATH_SIZE 40
#define RESET_SIZE 28
#define REFUSED_SIZE 12
#define SEALED_HEADER_SIZE 20
#define SEALED_OVERHEAD (SEALED_HEADER_SIZE + 16)
#define CHANGES_REPEATED_MAX REGISTER_SIZE /* CHANGES that may have been lost because it was larger */
#define RELAY_HEADER_SIZE 28
#define RELAY_OVERHEAD (RELAY_HEADER_SIZE + TAG_SIZE)
#define RELAY_PACKET_MAX (PACKET_MAX - RELAY_OVERHEAD)
#define SESSION_ID_OFFSET 4

struct hello {
    uint8_t version; /* decoded whatever it is, with nothing but the nonce: another one is answered with REFUSED */
    uint64_t nonce;
    uint16_t bucket;   /* of the room that it is for: room_bucket */
    bool homes_silent; /* the homes that the client was named do not answer it */
    bool asks;         /* for this key, which the bootnode may have had before */
    uint8_t key[32];   /* else zeros */
};

struct cookie_message {
    uint16_t spread_ms;
    uint64_t nonce;
    uint8_t bootnode_public[32];
    struct address seen;
    struct cookie cookie;
    struct named_homes homes;
};

struct register_message {
    uint64_t attempt;
    struct cookie cookie;
    const uint8_t *noise;
    size_t noise_size;
};

struct welcome_message {
    uint64_t attempt;
    const uint8_t *noise;
    size_t noise_size;
};

struct beat {       /* HEARTBEAT and BEAT_ACK */
    bool flag;      /* HEARTBEAT: answer asked for. BEAT_ACK: the beat did not echo the token */
    uint16_t token; /* HEARTBEAT: the last that was heard. BEAT_ACK: to be echoed */
    uint64_t session_id;
    uint32_t counter;
    struct room_version version;
};

struct path_message {
    uint64_t session_id;
    struct cookie cookie;
};

struct relay_message {
    uint64_t session_id;               /* of the client that sends or receives it */
    uint8_t member_id[MEMBER_ID_SIZE]; /* of the member at the other end */
    const uint8_t *packet;             /* of PROTOCOL.md §3: the first byte is checked, no more */
    size_t packet_size;                /* RELAY_PACKET_MIN … RELAY_PACKET_MAX */
};

struct reset {
    uint64_t session_id;
    uint8_t token[RESET_TOKEN_SIZE];
};

enum refusal {
    REFUSAL_VERSION = 1,
    REFUSAL_ROOM_FULL,
    REFUSAL_SOURCE_LIMIT,
    REFUSAL_BOOTNODE_FULL,
    REFUSAL_DRAINING,
    REFUSAL_BUSY,
    REFUSAL_ELSEWHERE, /* this node of a cluster is no home of the room */
    REFUSAL_END,
};
struct refused {
    enum refusal reason;
    uint16_t retry_s;
    uint64_t nonce;
};

/* The clear header of every sealed message. */
struct sealed_header {
    uint8_t type;
    uint64_t session_id;
    uint64_t counter;
    uint16_t token; /* CHANGES, INTRODUCE, NOTICE to the client: to be echoed by the next beat; others: 0 */
};

/* Whole packets in the clear. */
MUST_USE bool hello_decode(const uint8_t *packet, size_t size, struct hello *out);
MUST_USE size_t hello_encode(const struct hello *hello, uint8_t *out, size_t capacity);
MUST_USE bool cookie_message_decode(const uint8_t *packet, size_t size, struct cookie_message *out);
MUST_USE size_t cookie_message_encode(const struct cookie_message *message, uint8_t *out, size_t capacity);
/* Another version than ours is false here: HELLO has sorted that out. */
MUST_USE bool register_decode(const uint8_t *packet, size_t size, struct register_message *out);
/* Writes the first REGISTER_HEADER_SIZE bytes, with `noise_size` final, since the handshake covers them; `noise` is not
 * looked at. The caller puts the Noise message behind and calls register_finish, which pads to REGISTER_SIZE with zeros
 * and returns the packet's size; 0 when `noise_size` is not the header's. */
MUST_USE size_t register_start(const struct register_message *message, uint8_t *out, size_t capacity);
MUST_USE size_t register_finish(uint8_t *packet, size_t noise_size, size_t capacity);
MUST_USE bool welcome_decode(const uint8_t *packet, size_t size, struct welcome_message *out);
/* Writes the first WELCOME_HEADER_SIZE bytes; the Noise message follows. */
MUST_USE size_t welcome_start(uint64_t attempt, uint8_t *out, size_t capacity);
MUST_USE bool reset_decode(const uint8_t *packet, size_t size, struct reset *out);
MUST_USE size_t reset_encode(const struct reset *reset, uint8_t *out, size_t capacity);
MUST_USE bool refused_decode(const uint8_t *packet, size_t size, struct refused *out);
MUST_USE size_t refused_encode(const struct refused *refused, uint8_t *out, size_t capacity);

/* Tagged packets. Encoders leave the tag to link.h: they zero it and return the full size; decoders do not look at it.
 * `type` is MESSAGE_HEARTBEAT or MESSAGE_BEAT_ACK; beat_decode takes both. */
MUST_USE bool beat_decode(const uint8_t *packet, size_t size, struct beat *out);
MUST_USE size_t beat_encode(uint8_t type, const struct beat *beat, uint8_t *out, size_t capacity);
MUST_USE bool path_decode(const uint8_t *packet, size_t size, struct path_message *out);
MUST_USE size_t path_encode(const struct path_message *path, uint8_t *out, size_t capacity);
/* The encoder leaves the tag, zeroed, to link_tag_relay. */
MUST_USE bool relay_decode(const uint8_t *packet, size_t size, struct relay_message *out);
MUST_USE size_t relay_encode(const struct relay_message *relay, uint8_t *out, size_t capacity);

/* Sealed packets: header first, body after opening. The decoder refuses a size that the type's body cannot have. */
MUST_USE bool sealed_header_decode(const uint8_t *packet, size_t size, struct sealed_header *out);
MUST_USE size_t sealed_header_encode(const struct sealed_header *header, uint8_t *out, size_t capacity);
