/* Bans of other nodes: whatever is decoded is within its bounds, holds whole or not at all, and does not come back
 * different. What comes is sealed here, so that what stands behind the seal is tried, too. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bootnode/cluster/orders.h"
#include "bootnode/cluster/orders_codec.h"

#define NOW 1000
#define WALL UINT64_C(1800000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct seal_keys keys = {.items = {{7}}, .count = 1};

static void require(bool condition) {
    if (!condition) abort();
}

static struct access_order held[ACCESS_ORDERS_MAX];

static void take(struct orders *orders, const uint8_t *data, size_t size) {
    struct orders_message message;
    uint8_t sealed[ORDERS_MESSAGE_MAX];
    struct writer writer = writer_over(sealed, sizeof sealed);
    write_bytes(&writer, data, size);
    seal_write(&writer, &keys);
    if (orders_decode(sealed, writer_size(&writer), &keys, &message) != SEAL_HOLDS) return;
    require(message.part.count <= ORDERS_A_PART && message.part.number < message.part.parts);
    (void)orders_hear(orders, &message.part, NOW, WALL);
    require(orders_holds(orders));
}

/* The input is messages, each with half of its size before it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct orders orders;
    size_t count;
    struct orders_message message;
    (void)!orders_decode(data, size, &keys, &message);
    orders_init(&orders, 1);
    while (size > 1) {
        size_t part = 2 * (size_t)data[0];
        if (part > size - 1) part = size - 1;
        take(&orders, data + 1, part);
        data += 1 + part;
        size -= 1 + part;
    }
    (void)orders_settle(&orders, NOW, WALL);
    require(orders_holds(&orders));
    require(orders_effective(&orders, NOW, held, &count) && count <= ACCESS_ORDERS_MAX);
    orders_clear(&orders);
    return 0;
}
