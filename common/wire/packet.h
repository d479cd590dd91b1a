/* What the encoders and decoders of all packets share: the version, the limits, opening by type and size, and fields
 * that must be zero. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/bytes.h"

#define PROTOCOL_VERSION 1
#define PACKET_MAX 1200 /* no decoder takes more */
#define TAG_SIZE 16
#define RELAY_PACKET_MIN 32 /* the least that is relayed, by a bootnode or a member */

/* A reader behind the type byte. It has failed when the type is another or the size not within least … most. */
static inline struct reader packet_open(const uint8_t *packet, size_t size, uint8_t type, size_t least, size_t most) {
    struct reader reader = reader_over(packet, size);
    if (size < least || size > most || read_u8(&reader) != type) reader_fail(&reader);
    return reader;
}
/* A writer behind the type byte. */
struct writer packet_start(uint8_t *out, size_t capacity, uint8_t type);
/* Fails the reader unless the next `size` bytes are all zero. */
void read_zeros(struct reader *reader, size_t size);
/* Fails the reader unless the next byte is PROTOCOL_VERSION. */
void read_protocol_version(struct reader *reader);
/* A byte of which bit 0 alone may be set. */
static inline bool read_flag(struct reader *reader) {
    uint8_t flags = read_u8(reader);
    if (flags > 1) reader_fail(reader);
    return flags & 1;
}
void write_flag(struct writer *writer, bool flag);
