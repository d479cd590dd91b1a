#include "bootnode/cluster/orders_codec.h"

#include "bootnode/guard/access_orders.h"
#include "common/clock.h"

/* --- Writing --- */

unsigned orders_parts(const struct orders_author *author) {
    const size_t parts = (author->list.count + ORDERS_A_PART - 1) / ORDERS_A_PART;
    return parts > 0 ? (unsigned)parts : 1;
}

static uint64_t on_wall_clock(uint64_t until, uint64_t now, uint64_t wall) {
    if (until == NEVER) return NEVER;
    return until > now ? wall + (until - now) : wall;
}

static void write_order(struct writer *writer, const struct order *order, uint64_t now, uint64_t wall) {
    write_u8(writer, (uint8_t)order->kind);
    write_u8(writer, order->prefix.bits);
    write_bytes(writer, order->prefix.ip, sizeof order->prefix.ip);
    write_u64(writer, order->stamp_ms);
    write_u64(writer, on_wall_clock(order->until_ms, now, wall));
}

size_t orders_encode(const struct orders_author *of, uint8_t author, unsigned number, uint64_t now, uint64_t wall,
                     const struct seal_keys *keys, uint8_t *out, size_t capacity) {
    const size_t first = (size_t)number * ORDERS_A_PART, left = of->list.count - first;
    const size_t count = left < ORDERS_A_PART ? left : ORDERS_A_PART;
    if (number >= orders_parts(of)) return 0;
    struct writer writer = writer_over(out, capacity);
    write_u8(&writer, ORDERS_VERSION);
    write_u8(&writer, author);
    write_u16(&writer, (uint16_t)number);
    write_u16(&writer, (uint16_t)orders_parts(of));
    write_u16(&writer, (uint16_t)count);
    write_u64(&writer, of->edition);
    write_u64(&writer, wall);
    for (size_t i = 0; i < count; i++) write_order(&writer, &of->list.items[first + i], now, wall);
    seal_write(&writer, keys);
    return writer_size(&writer);
}

/* --- Reading --- */

static void read_order(struct reader *reader, struct order *out) {
    struct why why;
    out->kind = (enum order_kind)read_u8(reader);
    out->prefix.bits = read_u8(reader);
    read_bytes(reader, out->prefix.ip, sizeof out->prefix.ip);
    out->stamp_ms = read_u64(reader);
    out->until_ms = read_u64(reader);
    if (out->kind >= ORDER_KINDS || !prefix_holds(&out->prefix) ||
        (out->kind == ORDER_BAN && !access_ban_is_narrow(&out->prefix, &why)))
        reader_fail(reader);
}

static void read_head(struct reader *reader, struct orders_part *out) {
    if (read_u8(reader) != ORDERS_VERSION) reader_fail(reader);
    out->author = read_u8(reader);
    out->number = read_u16(reader);
    out->parts = read_u16(reader);
    out->count = read_u16(reader);
    out->edition = read_u64(reader);
    out->wall_ms = read_u64(reader);
    if (out->number >= out->parts || out->parts > ORDERS_PARTS_MAX || out->count > ORDERS_A_PART || out->edition == 0)
        reader_fail(reader);
}

enum seal_verdict orders_decode(const uint8_t *data, size_t size, const struct seal_keys *keys,
                                struct orders_message *out) {
    struct reader reader = reader_over(data, size);
    out->part = (struct orders_part){.items = out->items};
    read_head(&reader, &out->part);
    for (size_t i = 0; i < out->part.count && !reader.failed; i++) read_order(&reader, &out->items[i]);
    return reader.failed ? SEAL_MALFORMED : seal_check(&reader, keys);
}
