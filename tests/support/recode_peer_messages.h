/* For each message between peers: decode, then encode again. Unit tests and fuzzing share them. */
#pragma once

#include <string.h>

#include "common/peer_messages.h"

#define RECODE_PEER_PACKET(name, type)                                                                                 \
    static size_t recode_peer_##name(const uint8_t *in, size_t size, uint8_t *out, size_t capacity) {                  \
        struct type message;                                                                                           \
        return peer_##name##_decode(in, size, &message) ? peer_##name##_encode(&message, out, capacity) : 0;           \
    }

RECODE_PEER_PACKET(probe, peer_probe)
RECODE_PEER_PACKET(response, peer_answer)
RECODE_PEER_PACKET(confirmation, peer_answer)

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

/* All frames of a DATA packet, padded. */
static size_t recode_frames(const uint8_t *in, size_t size, uint8_t *out, size_t capacity) {
    struct frame frame;
    struct reader reader = reader_over(in, size);
    struct writer writer = writer_over(out, capacity);
    while (frame_next(&reader, &frame)) frame_write(&writer, &frame);
    frames_pad(&writer);
    return reader_finished(&reader) ? writer_size(&writer) : 0;
}
