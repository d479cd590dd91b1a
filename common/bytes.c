#include "common/bytes.h"

void read_bytes(struct reader *reader, void *out, size_t size) {
    const uint8_t *bytes = read_view(reader, size);
    if (size == 0) return;
    if (bytes)
        memcpy(out, bytes, size);
    else
        memset(out, 0, size);
}

struct writer writer_over(void *data, size_t capacity) {
    return (struct writer){.data = data, .capacity = capacity};
}

uint8_t *write_space(struct writer *writer, size_t size) {
    if (writer->failed || size > writer->capacity - writer->at) {
        writer->failed = true;
        return NULL;
    }
    uint8_t *space = writer->data + writer->at;
    writer->at += size;
    return space;
}

static void write_big_endian(struct writer *writer, uint64_t value, size_t size) {
    uint8_t *bytes = write_space(writer, size);
    for (size_t i = size; bytes && i > 0; i--) {
        bytes[i - 1] = (uint8_t)value;
        value >>= 8;
    }
}

void write_u8(struct writer *writer, uint8_t value) {
    write_big_endian(writer, value, 1);
}

void write_u16(struct writer *writer, uint16_t value) {
    write_big_endian(writer, value, 2);
}

void write_u32(struct writer *writer, uint32_t value) {
    write_big_endian(writer, value, 4);
}

void write_u64(struct writer *writer, uint64_t value) {
    write_big_endian(writer, value, 8);
}

void write_bytes(struct writer *writer, const void *data, size_t size) {
    uint8_t *space = write_space(writer, size);
    if (space && size > 0) memcpy(space, data, size);
}

void write_zeros(struct writer *writer, size_t size) {
    uint8_t *space = write_space(writer, size);
    if (space && size > 0) memset(space, 0, size);
}

size_t writer_left(const struct writer *writer) {
    return writer->failed ? 0 : writer->capacity - writer->at;
}

size_t writer_size(const struct writer *writer) {
    return writer->failed ? 0 : writer->at;
}
