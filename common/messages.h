/* Every message between client and bootnode: decoded once into a struct, encoded from one. PROTOCOL.md §2 has the
 * bytes.
 *
 * Decoders take exactly what is specified: a wrong length, a set zero field or an unknown flag is false. Encoders write
 * every byte and return the size, 0 when `capacity` is too small or a list too long. Views (`const uint8_t *`) point
 * into the packet. Sealed messages are split: the packet (header and ciphertext) here, keys and tags in link.h, bodies
 * here again. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/address.h"
#include "common/bytes.h"
#include "common/names.h"

#define PROTOCOL_VERSION 1
#define PACKET_MAX 1200    /* no decoder takes more */
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

#define HELLO_SIZE 96
#define COOKIE_MESSAGE_SIZE 84
#define REGISTER_SIZE 640
#define REGISTER_HEADER_SIZE 32 /* also the part that goes into the handshake's prologue */
#define WELCOME_HEADER_SIZE 12
#define WELCOME_MAX REGISTER_SIZE /* no answer is larger than its request */
#define BEAT_SIZE 40
#define PATH_SIZE 40
#define RESET_SIZE 28
#define REFUSED_SIZE 12
#define SEALED_HEADER_SIZE 20
#define SEALED_OVERHEAD (SEALED_HEADER_SIZE + 16)
#define TAG_SIZE 16
#define RELAY_HEADER_SIZE 28
#define RELAY_OVERHEAD (RELAY_HEADER_SIZE + TAG_SIZE)
#define RELAY_PACKET_MIN 32
#define RELAY_PACKET_MAX (PACKET_MAX - RELAY_OVERHEAD)
#define RESET_TOKEN_SIZE 16
#define SESSION_ID_OFFSET 4
#define MEMBER_CANDIDATES_MAX 4 /* that a client may name; the seen address comes on top */
#define RECORD_CANDIDATES_MAX (MEMBER_CANDIDATES_MAX + 1)
#define MEMBER_RECORD_MAX (22 + RECORD_CANDIDATES_MAX * 19)

struct cookie {
    uint32_t time;
    uint8_t tag[TAG_SIZE];
};
#define COOKIE_SIZE 20

struct candidate_list {
    struct address items[RECORD_CANDIDATES_MAX];
    uint8_t count;
};

struct member_record {
    uint8_t id[MEMBER_ID_SIZE];
    uint8_t suite_mask;
    uint32_t revision;
    struct candidate_list candidates;
};

/* Epoch 0 is "none". */
struct room_version {
    uint32_t epoch;
    uint32_t count;
};
static inline bool room_version_equal(struct room_version a, struct room_version b) {
    return a.epoch == b.epoch && a.count == b.count;
}

struct hello {
    uint8_t version; /* decoded whatever it is, with nothing but the nonce: another one is answered with REFUSED */
    uint64_t nonce;
};

struct cookie_message {
    uint16_t spread_ms;
    uint64_t nonce;
    uint8_t bootnode_public[32];
    struct address seen;
    struct cookie cookie;
};

struct register_message {
    uint64_t attempt;
    struct cookie cookie;
    const uint8_t *noise;
    size_t noise_size;
};

struct register_body { /* payload of Noise_NK message 1 */
    uint8_t room_tag[ROOM_TAG_SIZE];
    uint8_t member_id[MEMBER_ID_SIZE];
    uint8_t owner_token[OWNER_TOKEN_SIZE];
    uint8_t suite_mask;
    uint32_t revision;
    struct candidate_list candidates; /* at most MEMBER_CANDIDATES_MAX */
};
#define REGISTER_BODY_MIN 54
#define REGISTER_BODY_MAX (REGISTER_BODY_MIN + MEMBER_CANDIDATES_MAX * 19)

struct welcome_message {
    uint64_t attempt;
    const uint8_t *noise;
    size_t noise_size;
};

struct welcome_body { /* payload of Noise_NK message 2, followed by member records up to its end */
    uint64_t session_id;
    uint8_t reset_token[RESET_TOKEN_SIZE];
    uint16_t beat_ms;
    uint16_t expiry_ms;
    uint8_t answer_every;
    bool complete, relays;
    uint16_t room_limit;
    struct room_version version;
};
#define WELCOME_BODY_SIZE 40

struct beat {  /* HEARTBEAT and BEAT_ACK */
    bool flag; /* HEARTBEAT: answer asked for. BEAT_ACK: address differs */
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
    REFUSAL_OWNER,
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
};

enum changes_kind { CHANGES_DELTA = 0, CHANGES_FULL = 1 };
struct changes_header { /* start of the body; entries follow up to its end */
    enum changes_kind kind;
    struct room_version to;
    uint32_t from;
    uint8_t low[MEMBER_ID_SIZE], high[MEMBER_ID_SIZE]; /* full only; zeros in a delta */
};
#define CHANGES_HEADER_DELTA_SIZE 14
#define CHANGES_HEADER_FULL_SIZE 46

enum change { CHANGE_JOINED = 1, CHANGE_LEFT, CHANGE_UPDATED, CHANGE_PRESENT };
enum leave_reason { LEAVE_SILENT = 0, LEAVE_SAID = 1 };
struct change_entry {
    enum change change;
    struct member_record record; /* for CHANGE_LEFT only `id` */
    enum leave_reason reason;    /* CHANGE_LEFT only */
};

struct update_body {
    uint32_t revision;
    struct candidate_list candidates; /* at most MEMBER_CANDIDATES_MAX */
};

enum notice_kind { NOTICE_DRAINING = 1 };
struct notice_body {
    enum notice_kind kind;
    uint32_t retry_ms;
};

/* Whole packets in the clear. */
bool hello_decode(const uint8_t *packet, size_t size, struct hello *out);
size_t hello_encode(const struct hello *hello, uint8_t *out, size_t capacity);
bool cookie_message_decode(const uint8_t *packet, size_t size, struct cookie_message *out);
size_t cookie_message_encode(const struct cookie_message *message, uint8_t *out, size_t capacity);
/* Another version than ours is false here: HELLO has sorted that out. */
bool register_decode(const uint8_t *packet, size_t size, struct register_message *out);
/* Writes the first REGISTER_HEADER_SIZE bytes, with `noise_size` final, since the handshake covers them; `noise` is not
 * looked at. The caller puts the Noise message behind and calls register_finish, which pads to REGISTER_SIZE with zeros
 * and returns the packet's size; 0 when `noise_size` is not the header's. */
size_t register_start(const struct register_message *message, uint8_t *out, size_t capacity);
size_t register_finish(uint8_t *packet, size_t noise_size, size_t capacity);
bool welcome_decode(const uint8_t *packet, size_t size, struct welcome_message *out);
/* Writes the first WELCOME_HEADER_SIZE bytes; the Noise message follows. */
size_t welcome_start(uint64_t attempt, uint8_t *out, size_t capacity);
bool reset_decode(const uint8_t *packet, size_t size, struct reset *out);
size_t reset_encode(const struct reset *reset, uint8_t *out, size_t capacity);
bool refused_decode(const uint8_t *packet, size_t size, struct refused *out);
size_t refused_encode(const struct refused *refused, uint8_t *out, size_t capacity);

/* Tagged packets. Encoders leave the tag to link.h: they zero it and return the full size; decoders do not look at it.
 * `type` is MESSAGE_HEARTBEAT or MESSAGE_BEAT_ACK; beat_decode takes both. */
bool beat_decode(const uint8_t *packet, size_t size, struct beat *out);
size_t beat_encode(uint8_t type, const struct beat *beat, uint8_t *out, size_t capacity);
bool path_decode(const uint8_t *packet, size_t size, struct path_message *out);
size_t path_encode(const struct path_message *path, uint8_t *out, size_t capacity);
/* The encoder leaves the tag, zeroed, to link_tag_relay. */
bool relay_decode(const uint8_t *packet, size_t size, struct relay_message *out);
size_t relay_encode(const struct relay_message *relay, uint8_t *out, size_t capacity);

/* Sealed packets: header first, body after opening. The decoder refuses a size that the type's body cannot have. */
bool sealed_header_decode(const uint8_t *packet, size_t size, struct sealed_header *out);
size_t sealed_header_encode(const struct sealed_header *header, uint8_t *out, size_t capacity);

/* Bodies: readers and writers over the plain body; the caller asks reader_finished / writer_size at the end. */
void read_register_body(struct reader *reader, struct register_body *out);
void write_register_body(struct writer *writer, const struct register_body *body);
/* A count and as many candidates, at most `most`. */
void read_candidate_list(struct reader *reader, uint8_t most, struct candidate_list *out);
void write_candidate_list(struct writer *writer, uint8_t most, const struct candidate_list *list);
void read_welcome_body(struct reader *reader, struct welcome_body *out);
void write_welcome_body(struct writer *writer, const struct welcome_body *body);
void read_member_record(struct reader *reader, struct member_record *out);
void write_member_record(struct writer *writer, const struct member_record *record);
size_t member_record_size(const struct member_record *record);
void read_changes_header(struct reader *reader, struct changes_header *out);
void write_changes_header(struct writer *writer, const struct changes_header *header);
/* A delta holds everything but CHANGE_PRESENT, a full list only that. */
void read_change_entry(struct reader *reader, enum changes_kind kind, struct change_entry *out);
void write_change_entry(struct writer *writer, const struct change_entry *entry);
size_t change_entry_size(const struct change_entry *entry);
void read_update_body(struct reader *reader, struct update_body *out);
void write_update_body(struct writer *writer, const struct update_body *body);
void read_notice_body(struct reader *reader, struct notice_body *out);
void write_notice_body(struct writer *writer, const struct notice_body *body);
struct room_version read_room_version(struct reader *reader);
void write_room_version(struct writer *writer, struct room_version version);
void read_cookie(struct reader *reader, struct cookie *out);
void write_cookie(struct writer *writer, const struct cookie *cookie);
