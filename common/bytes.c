#include "common/bytes.h"

void read_bytes(struct reader *reader, void *out, size_t size) {
    const uint8_t *bytes = read_view(reader, size);
    if (size == 0) return;
    if (bytes)
        memcpy(out, bytes, size);
    else
        memset(out, 0, size);
}

void write_bytes(struct writer *writer, const void *data, size_t size) {
    uint8_t *space = write_space(writer, size);
    if (space && size > 0) memcpy(space, data, size);
}

void write_zeros(struct writer *writer, size_t size) {
    uint8_t *space = write_space(writer, size);
    if (space && size > 0) memset(space, 0, size);
}
