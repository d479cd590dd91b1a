#include "bench/load/traffic_stun.h"

#include <stdlib.h>

#include "common/bytes.h"
#include "common/wire/bootnode_bodies.h"
#include "common/wire/packet.h"

#define BINDING_REQUEST 0x0001
#define BINDING_SUCCESS 0x0101
#define XOR_MAPPED_ADDRESS 0x0020
#define MAGIC_COOKIE 0x2112a442U
#define OURS 0x6c6f6164U /* begins our transaction ids */

/* NOLINTNEXTLINE(readability-non-const-parameter): the shape of traffic.request */
static size_t request(void *context, size_t socket, uint64_t *number, uint64_t now_us, uint8_t *out) {
    (void)context;
    (void)socket;
    (void)now_us;
    struct writer writer = writer_over(out, PACKET_MAX);
    write_u16(&writer, BINDING_REQUEST);
    write_u16(&writer, 0);
    write_u32(&writer, MAGIC_COOKIE);
    write_u32(&writer, OURS);
    write_u64(&writer, *number);
    return writer_size(&writer);
}

/* 8 bytes for IPv4, 20 for IPv6 (§14.2). */
static bool has_mapped_address(struct reader *reader) {
    while (reader_left(reader) > 0 && !reader->failed) {
        uint16_t type = read_u16(reader), size = read_u16(reader);
        if (type == XOR_MAPPED_ADDRESS) return (size == 8 || size == 20) && size <= reader_left(reader);
        read_skip(reader, (size + 3U) & ~3U);
    }
    return false;
}

static uint64_t answer(void *context, size_t socket, const uint8_t *data, size_t size, uint64_t now_us) {
    (void)context;
    (void)socket;
    (void)now_us;
    struct reader reader = reader_over(data, size);
    uint16_t type = read_u16(&reader), length = read_u16(&reader);
    uint32_t cookie = read_u32(&reader), ours = read_u32(&reader);
    uint64_t number = read_u64(&reader);
    bool fits = !reader.failed && type == BINDING_SUCCESS && length == reader_left(&reader);
    return fits && cookie == MAGIC_COOKIE && ours == OURS && has_mapped_address(&reader) ? number : TRAFFIC_NO_ANSWER;
}

struct traffic *traffic_stun(void) {
    struct traffic *traffic = malloc(sizeof *traffic);
    if (traffic) *traffic = (struct traffic){.request = request, .answer = answer, .destroy = free, .context = traffic};
    return traffic;
}
