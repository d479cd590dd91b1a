#include "bench/load/traffic_raw.h"

#include <stdlib.h>

#include "common/bytes.h"
#include "common/wire/packet.h"

#define MAGIC 0x67636c64U

struct raw {
    struct traffic traffic;
    size_t size;
    bool echoed;
};

static size_t request(void *context, size_t socket, uint64_t *number, uint64_t now_us, uint8_t *out) {
    (void)socket;
    (void)now_us;
    const struct raw *raw = context;
    struct writer writer = writer_over(out, PACKET_MAX);
    write_u32(&writer, MAGIC);
    write_u64(&writer, *number);
    write_zeros(&writer, raw->size - writer_size(&writer));
    if (!raw->echoed) *number = TRAFFIC_NO_ANSWER;
    return writer_size(&writer);
}

static uint64_t answer(void *context, size_t socket, const uint8_t *data, size_t size, uint64_t now_us) {
    (void)socket;
    (void)now_us;
    const struct raw *raw = context;
    struct reader reader = reader_over(data, size);
    uint32_t magic = read_u32(&reader);
    uint64_t number = read_u64(&reader);
    return !reader.failed && magic == MAGIC && size == raw->size ? number : TRAFFIC_NO_ANSWER;
}

struct traffic *traffic_raw(size_t size, bool echoed) {
    struct raw *raw = malloc(sizeof *raw);
    if (!raw) return NULL;
    *raw = (struct raw){.traffic = {.request = request, .answer = answer, .destroy = free, .context = raw},
                        .size = size,
                        .echoed = echoed};
    return &raw->traffic;
}
