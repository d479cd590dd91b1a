/* The addresses of a network one after the other, to send from. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/address.h"
#include "common/attributes.h"

/* "A.B.C.D/LEN" or "v6/LEN", LEN at least 1. `network` has its host bits zeroed and port 0. */
MUST_USE bool sources_parse(const char *text, struct address *network, unsigned *bits);
/* Address `index` of the network, beginning anew after the last. Those of all zeroes and all ones, which name no host,
 * are left out where LEN leaves more than two. */
struct address sources_pick(const struct address *network, unsigned bits, size_t index);
