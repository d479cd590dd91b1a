/* The orders of a node as messages on the board (PROTOCOL.md §2.7): an edition in as many parts as it takes. Each is
 * sealed (seal.h), and begins with a byte that no beacon begins with, since both have one key. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bootnode/cluster/orders.h"
#include "bootnode/cluster/seal.h"
#include "common/attributes.h"

#define ORDERS_VERSION 0x81
#define ORDERS_HEAD_SIZE 24
#define ORDER_SIZE 34
#define ORDERS_A_PART 26
#define ORDERS_PARTS_MAX ((ACCESS_ORDERS_MAX + ORDERS_A_PART - 1) / ORDERS_A_PART)
#define ORDERS_MESSAGE_MAX (ORDERS_HEAD_SIZE + ORDERS_A_PART * ORDER_SIZE + SEAL_SIZE_MAX)

/* What a message has. */
struct orders_message {
    struct orders_part part; /* whose items are these */
    struct order items[ORDERS_A_PART];
};

/* How many parts there are; one also where there are no orders. */
unsigned orders_parts(const struct orders_author *author);
/* The part of that number of what `of` has ordered, whose id is `author`. `now` and `wall` are the same time. Returns
 * the size, 0 without a key, or where `capacity` is less than ORDERS_MESSAGE_MAX. */
MUST_USE size_t orders_encode(const struct orders_author *of, uint8_t author, unsigned number, uint64_t now,
                              uint64_t wall, const struct seal_keys *keys, uint8_t *out, size_t capacity);
/* Bytes from whoever may publish. Networks are as prefix.h has them, and no ban is of too many (guard/access.h). */
MUST_USE enum seal_verdict orders_decode(const uint8_t *data, size_t size, const struct seal_keys *keys,
                                         struct orders_message *out);
