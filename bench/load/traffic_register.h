/* REGISTERs with valid cookies, as somebody sends them who wants a bootnode to have work: each is good for its cookie,
 * its handshake for the bootnode's key, and its proof for its member key, so the bootnode multiplies four times before
 * it can know better. They are made in advance, a stock that is sent again and again, because making one costs almost
 * as much. Forged ones have random bytes in the place of the handshake, and cost one multiplication to find out.
 *
 * Each socket asks for a cookie by HELLO, and for another one long before it ages; what its part of the stock is made
 * anew with then, little by little. No session is ever confirmed, and nothing that comes back is an answer: a packet
 * that is sent twice within the life of a provisional session is dropped the second time, after all that work. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/load/traffic.h"
#include "common/attributes.h"
#include "common/why.h"

struct wire;

/* `stock`: how many are made, at least one for each socket. `forged` needs no stock. NULL without memory. */
MUST_USE struct traffic *traffic_register(size_t sockets, size_t stock, bool forged);
/* Asks for cookies, and makes the stock. `meanwhile` is called at least every 100 ms. False with `why` when no cookies
 * come for 5 s. */
MUST_USE bool traffic_register_prepare(struct traffic *traffic, struct wire *wire, void (*meanwhile)(void *context),
                                       void *context, struct why *why);
