/* The addresses of a network, to send from: spread over it, so that as many of its subnets are seen as there are
 * senders. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/address.h"
#include "common/attributes.h"

/* "A.B.C.D/LEN" or "v6/LEN", LEN at least 1. `network` has its host bits zeroed and port 0. */
MUST_USE bool sources_parse(const char *text, struct address *network, unsigned *bits);
/* The address of sender `index` of `all`, at least 1. Senders stand evenly over the whole network, in the order of
 * their index: a network of more than 256 addresses is cut into its pieces of 256, each sender goes to one as far from
 * the next one's as possible, and has a last byte of 1 to 254 there. A smaller one is used from end to end, without the
 * addresses of all zeroes and all ones where LEN leaves more than two. Two senders have one address only where there
 * are fewer addresses than senders; then all are used equally often, but for one. */
struct address sources_pick(const struct address *network, unsigned bits, size_t index, size_t all);
