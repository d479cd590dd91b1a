/* For each message between client and bootnode: decode, then encode again. Unit tests and fuzzing share them. */
#pragma once

#include <string.h>

#include "common/wire/bootnode_bodies.h"
#include "common/wire/bootnode_packets.h"
#include "common/wire/packet.h"

#define RECODE_PACKET(name, type)                                                                                      \
    static size_t recode_##name(const uint8_t *in, size_t size, uint8_t *out, size_t capacity) {                       \
        struct type message;                                                                                           \
        return name##_decode(in, size, &message) ? name##_encode(&message, out, capacity) : 0;                         \
    }

#define RECODE_BODY(name, type)                                                                                        \
    static size_t recode_##name(const uint8_t *in, size_t size, uint8_t *out, size_t capacity) {                       \
        struct type body;                                                                                              \
        struct reader reader = reader_over(in, size);                                                                  \
        struct writer writer = writer_over(out, capacity);                                                             \
        read_##name(&reader, &body);                                                                                   \
        if (!reader_finished(&reader)) return 0;                                                                       \
        write_##name(&writer, &body);                                                                                  \
        return writer_size(&writer);                                                                                   \
    }

RECODE_PACKET(hello, hello)
RECODE_PACKET(cookie_message, cookie_message)
RECODE_PACKET(path, path_message)
RECODE_PACKET(relay, relay_message)
RECODE_PACKET(reset, reset)
RECODE_PACKET(refused, refused)
RECODE_BODY(register_body, register_body)
RECODE_BODY(member_record, member_record)
RECODE_BODY(update_body, update_body)
RECODE_BODY(notice_body, notice_body)
RECODE_BODY(cookie, cookie)

static size_t recode_leave_body(const uint8_t *in, size_t size, uint8_t *out, size_t capacity) {
    enum leave_reason reason;
    struct reader reader = reader_over(in, size);
    struct writer writer = writer_over(out, capacity);
    read_leave_body(&reader, &reason);
    if (!reader_finished(&reader)) return 0;
    write_leave_body(&writer, reason);
    return writer_size(&writer);
}

static size_t recode_beat(const uint8_t *in, size_t size, uint8_t *out, size_t capacity) {
    struct beat beat;
    return beat_decode(in, size, &beat) ? beat_encode(in[0], &beat, out, capacity) : 0;
}

static size_t recode_register(const uint8_t *in, size_t size, uint8_t *out, size_t capacity) {
    struct register_message message;
    if (!register_decode(in, size, &message)) return 0;
    size_t start = register_start(&message, out, capacity);
    if (start == 0 || capacity - start < message.noise_size) return 0;
    memcpy(out + start, message.noise, message.noise_size);
    return register_finish(out, message.noise_size, capacity);
}

static size_t recode_welcome(const uint8_t *in, size_t size, uint8_t *out, size_t capacity) {
    struct welcome_message message;
    if (!welcome_decode(in, size, &message)) return 0;
    size_t start = welcome_start(message.attempt, out, capacity);
    if (start == 0 || capacity - start < message.noise_size) return 0;
    memcpy(out + start, message.noise, message.noise_size);
    return start + message.noise_size;
}

/* What is sealed is not for this layer. */
static size_t recode_sealed(const uint8_t *in, size_t size, uint8_t *out, size_t capacity) {
    struct sealed_header header;
    if (!sealed_header_decode(in, size, &header)) return 0;
    size_t start = sealed_header_encode(&header, out, capacity);
    if (start == 0 || capacity < size) return 0;
    memcpy(out + start, in + start, size - start);
    return size;
}

static size_t recode_welcome_body(const uint8_t *in, size_t size, uint8_t *out, size_t capacity) {
    struct welcome_body body;
    struct reader reader = reader_over(in, size);
    struct writer writer = writer_over(out, capacity);
    read_welcome_body(&reader, &body);
    write_welcome_body(&writer, &body);
    while (reader_left(&reader) > 0) {
        struct member_record record;
        read_member_record(&reader, &record);
        write_member_record(&writer, &record);
    }
    return reader.failed ? 0 : writer_size(&writer);
}

static size_t recode_changes_body(const uint8_t *in, size_t size, uint8_t *out, size_t capacity) {
    struct changes_header header;
    struct reader reader = reader_over(in, size);
    struct writer writer = writer_over(out, capacity);
    read_changes_header(&reader, &header);
    write_changes_header(&writer, &header);
    while (reader_left(&reader) > 0) {
        struct change_entry entry;
        read_change_entry(&reader, header.kind, &entry);
        write_change_entry(&writer, &entry);
    }
    return reader.failed ? 0 : writer_size(&writer);
}
