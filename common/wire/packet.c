#include "common/wire/packet.h"

#include <string.h>

struct writer packet_start(uint8_t *out, size_t capacity, uint8_t type) {
    struct writer writer = writer_over(out, capacity);
    write_u8(&writer, type);
    return writer;
}

void read_zeros(struct reader *reader, size_t size) {
    const uint8_t *bytes = read_view(reader, size);
    if (!bytes || size == 0) return;
    /* All equal to the one before, and the first is zero. */
    if (bytes[0] != 0 || memcmp(bytes, bytes + 1, size - 1) != 0) reader_fail(reader);
}

void read_protocol_version(struct reader *reader) {
    if (read_u8(reader) != PROTOCOL_VERSION) reader_fail(reader);
}

void write_flag(struct writer *writer, bool flag) {
    write_u8(writer, flag ? 1 : 0);
}
