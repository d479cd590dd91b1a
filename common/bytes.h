/* Bounds-checked reading and writing of wire bytes, big-endian.
 *
 * A reader or writer remembers failure: after the first access out of bounds every further read yields
 * zeros, every further write does nothing, and `failed` stays set. So a codec reads straight down and asks
 * once, at the end. Neither owns its bytes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

struct reader reader_over(const void *data, size_t size);
uint8_t read_u8(struct reader *reader);
uint16_t read_u16(struct reader *reader);
uint32_t read_u32(struct reader *reader);
uint64_t read_u64(struct reader *reader);
/* Copies `size` bytes; on failure `out` is zeroed. */
void read_bytes(struct reader *reader, void *out, size_t size);
/* The next `size` bytes in place, or NULL on failure. They live as long as the reader's data. */
const uint8_t *read_view(struct reader *reader, size_t size);
void read_skip(struct reader *reader, size_t size);
size_t reader_left(const struct reader *reader);
/* Nothing failed and nothing is left over. */
bool reader_finished(const struct reader *reader);
/* Marks the input as malformed, for rules that are not about length. */
void reader_fail(struct reader *reader);

struct writer writer_over(void *data, size_t capacity);
void write_u8(struct writer *writer, uint8_t value);
void write_u16(struct writer *writer, uint16_t value);
void write_u32(struct writer *writer, uint32_t value);
void write_u64(struct writer *writer, uint64_t value);
void write_bytes(struct writer *writer, const void *data, size_t size);
void write_zeros(struct writer *writer, size_t size);
/* Reserves `size` bytes to be filled by the caller, or NULL on failure. */
uint8_t *write_space(struct writer *writer, size_t size);
size_t writer_left(const struct writer *writer);
/* Bytes written, or 0 when anything failed. */
size_t writer_size(const struct writer *writer);
