/* Bounds-checked reading and writing of wire bytes, big-endian.
 *
 * A reader or writer remembers failure: after the first access out of bounds every further read yields
 * zeros, every further write does nothing, and `failed` stays set. So a codec reads straight down and asks
 * once, at the end. Neither owns its bytes.
 *
 * They stand here in full: a heartbeat is six readers, a room's list a thousand writers, and calls would cost more than
 * the work. */
#pragma once

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct reader {
    const uint8_t *data;
    size_t size;
    size_t at;
    bool failed;
};

struct writer {
    uint8_t *data;
    size_t capacity;
    size_t at;
    bool failed;
};

static inline struct reader reader_over(const void *data, size_t size) {
    /* Empty input may come without an address; a view of it must not look like a failure. */
    return (struct reader){.data = data ? data : (const void *)"", .size = size};
}

/* The next `size` bytes in place, or NULL on failure. They live as long as the reader's data. */
static inline const uint8_t *read_view(struct reader *reader, size_t size) {
    if (reader->failed || size > reader->size - reader->at) {
        reader->failed = true;
        return NULL;
    }
    const uint8_t *view = reader->data + reader->at;
    reader->at += size;
    return view;
}

static inline uint8_t read_u8(struct reader *reader) {
    const uint8_t *bytes = read_view(reader, 1);
    return bytes ? *bytes : 0;
}

static inline uint16_t read_u16(struct reader *reader) {
    const uint8_t *bytes = read_view(reader, 2);
    uint16_t value = 0;
    if (bytes) memcpy(&value, bytes, sizeof value);
    return be16toh(value);
}

static inline uint32_t read_u32(struct reader *reader) {
    const uint8_t *bytes = read_view(reader, 4);
    uint32_t value = 0;
    if (bytes) memcpy(&value, bytes, sizeof value);
    return be32toh(value);
}

static inline uint64_t read_u64(struct reader *reader) {
    const uint8_t *bytes = read_view(reader, 8);
    uint64_t value = 0;
    if (bytes) memcpy(&value, bytes, sizeof value);
    return be64toh(value);
}

static inline void read_skip(struct reader *reader, size_t size) {
    (void)read_view(reader, size);
}

static inline size_t reader_left(const struct reader *reader) {
    return reader->failed ? 0 : reader->size - reader->at;
}

/* Nothing failed and nothing is left over. */
static inline bool reader_finished(const struct reader *reader) {
    return !reader->failed && reader->at == reader->size;
}

/* Marks the input as malformed, for rules that are not about length. */
static inline void reader_fail(struct reader *reader) {
    reader->failed = true;
}

/* Copies `size` bytes; on failure `out` is zeroed. */
static inline void read_bytes(struct reader *reader, void *out, size_t size) {
    const uint8_t *bytes = read_view(reader, size);
    if (size == 0) return;
    if (bytes)
        memcpy(out, bytes, size);
    else
        memset(out, 0, size);
}

static inline struct writer writer_over(void *data, size_t capacity) {
    return (struct writer){.data = data, .capacity = capacity};
}

/* Reserves `size` bytes to be filled by the caller, or NULL on failure. */
static inline uint8_t *write_space(struct writer *writer, size_t size) {
    if (writer->failed || size > writer->capacity - writer->at) {
        writer->failed = true;
        return NULL;
    }
    uint8_t *space = writer->data + writer->at;
    writer->at += size;
    return space;
}

static inline void write_bytes(struct writer *writer, const void *data, size_t size) {
    uint8_t *space = write_space(writer, size);
    if (space && size > 0) memcpy(space, data, size);
}

static inline void write_u8(struct writer *writer, uint8_t value) {
    write_bytes(writer, &value, sizeof value);
}

static inline void write_u16(struct writer *writer, uint16_t value) {
    uint16_t bytes = htobe16(value);
    write_bytes(writer, &bytes, sizeof bytes);
}

static inline void write_u32(struct writer *writer, uint32_t value) {
    uint32_t bytes = htobe32(value);
    write_bytes(writer, &bytes, sizeof bytes);
}

static inline void write_u64(struct writer *writer, uint64_t value) {
    uint64_t bytes = htobe64(value);
    write_bytes(writer, &bytes, sizeof bytes);
}

static inline void write_zeros(struct writer *writer, size_t size) {
    uint8_t *space = write_space(writer, size);
    if (space && size > 0) memset(space, 0, size);
}

static inline size_t writer_left(const struct writer *writer) {
    return writer->failed ? 0 : writer->capacity - writer->at;
}

/* Bytes written, or 0 when anything failed. */
static inline size_t writer_size(const struct writer *writer) {
    return writer->failed ? 0 : writer->at;
}
