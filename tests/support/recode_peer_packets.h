/* For each message between peers: decode, then encode again. Unit tests and fuzzing share them. */
#pragma once

#include <string.h>

#include "common/wire/frames.h"
#include "common/wire/packet.h"
#include "common/wire/peer_packets.h"

#define RECODE_PEER_PACKET(name, type)                                                                                 \
    static size_t recode_peer_##name(const uint8_t *in, size_t size, uint8_t *out, size_t capacity) {                  \
        struct type message;                                                                                           \
        return peer_##name##_decode(in, size, &message) ? peer_##name##_encode(&message, out, capacity) : 0;           \
    }

RECODE_PEER_PACKET(probe, peer_probe)
RECODE_PEER_PACKET(response, peer_answer)
RECODE_PEER_PACKET(confirmation, peer_answer)
RECODE_PEER_PACKET(cookie_reply, peer_cookie_reply)

static size_t recode_initiation(const uint8_t *in, size_t size, uint8_t *out, size_t capacity, size_t noise_size) {
    struct peer_initiation message = {.noise_size = noise_size};
    return peer_initiation_decode(in, size, &message) ? peer_initiation_encode(&message, out, capacity) : 0;
}

static size_t recode_peer_initiation(const uint8_t *in, size_t size, uint8_t *out, size_t capacity) {
    return recode_initiation(in, size, out, capacity, 32);
}

static size_t recode_peer_initiation_psk(const uint8_t *in, size_t size, uint8_t *out, size_t capacity) {
    return recode_initiation(in, size, out, capacity, 48);
}

static size_t recode_peer_data(const uint8_t *in, size_t size, uint8_t *out, size_t capacity) {
    struct peer_data data;
    if (!peer_data_decode(in, size, &data)) return 0;
    size_t start = peer_data_header_encode(data.receiver_index, data.counter, out, capacity);
    if (start == 0 || capacity - start < data.sealed_size) return 0;
    memcpy(out + start, data.sealed, data.sealed_size);
    return start + data.sealed_size;
}

static size_t recode_introduction(const uint8_t *in, size_t size, uint8_t *out, size_t capacity) {
    struct frame_introduction introduction;
    struct reader reader = reader_over(in, size);
    struct writer writer = writer_over(out, capacity);
    read_introduction(&reader, &introduction);
    if (!reader_finished(&reader)) return 0;
    write_introduction(&writer, &introduction);
    return writer_size(&writer);
}

/* The body of one frame: what stands before it is made here. */
static size_t recode_body(enum frame_type type, const uint8_t *in, size_t size, uint8_t *out, size_t capacity) {
    uint8_t bytes[FRAME_HEADER_SIZE + 2048] = {(uint8_t)type, (uint8_t)(size >> 8), (uint8_t)size};
    if (size > sizeof bytes - FRAME_HEADER_SIZE) return 0;
    if (size > 0) memcpy(bytes + FRAME_HEADER_SIZE, in, size);
    struct frame frame;
    struct reader reader = reader_over(bytes, FRAME_HEADER_SIZE + size);
    if (!frame_next(&reader, &frame)) return 0;
    uint8_t again[sizeof bytes];
    struct writer writer = writer_over(again, sizeof again);
    frame_write(&writer, &frame);
    size_t written = writer_size(&writer);
    if (written <= FRAME_HEADER_SIZE || written - FRAME_HEADER_SIZE > capacity) return 0;
    memcpy(out, again + FRAME_HEADER_SIZE, written - FRAME_HEADER_SIZE);
    return written - FRAME_HEADER_SIZE;
}

#define RECODE_FRAME_BODY(name, type)                                                                                  \
    static size_t recode_##name(const uint8_t *in, size_t size, uint8_t *out, size_t capacity) {                       \
        return recode_body(type, in, size, out, capacity);                                                             \
    }

RECODE_FRAME_BODY(relay_body, FRAME_RELAY)
RECODE_FRAME_BODY(relayed_body, FRAME_RELAYED)
RECODE_FRAME_BODY(candidates_body, FRAME_CANDIDATES)
RECODE_FRAME_BODY(probing_body, FRAME_PROBING)
RECODE_FRAME_BODY(piece_body, FRAME_PIECE)

/* All frames of a DATA packet, padded. */
static size_t recode_frames(const uint8_t *in, size_t size, uint8_t *out, size_t capacity) {
    struct frame frame;
    struct reader reader = reader_over(in, size);
    struct writer writer = writer_over(out, capacity);
    while (frame_next(&reader, &frame)) frame_write(&writer, &frame);
    frames_pad(&writer);
    return reader_finished(&reader) ? writer_size(&writer) : 0;
}
