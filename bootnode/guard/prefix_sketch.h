/* A coarse picture of many networks of one family: a bit for each piece of the address space, set where one of them has
 * an address in it. It is small enough for a cache, so one read of it settles most addresses that nothing keeps out.
 *
 * IPv4 is cut into pieces of equal size. IPv6 is too large for that, so addresses that share their first 32 bits, which
 * is what a provider gets, share a bit, whichever a multiplication gives them. Where the networks have more than
 * PREFIX_SKETCH_MARKS of these the picture says nothing, and every address may be in one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/prefix.h"

#define PREFIX_SKETCH_LEAST 4096u /* networks: fewer are small enough by themselves */
#define PREFIX_SKETCH_EACH 8u     /* bits for each network, at least */
#define PREFIX_SKETCH_BITS_MAX 24u
#define PREFIX_SKETCH_MARKS (UINT32_C(1) << 24)

struct prefix_sketch {
    uint64_t *words; /* NULL: it says nothing */
    unsigned bits;   /* there are 2^bits */
    uint32_t marks;  /* made, at most */
    bool ipv4;
};

/* Memory that it takes. */
size_t prefix_sketch_bytes(const struct prefix_sketch *sketch);
/* For so many networks of one family; prefix_sketch_clear is due. False without memory. */
MUST_USE bool prefix_sketch_init(struct prefix_sketch *sketch, bool ipv4, size_t networks);
void prefix_sketch_add(struct prefix_sketch *sketch, const struct prefix *network);
void prefix_sketch_clear(struct prefix_sketch *sketch);

/* `top`: the first 32 bits of an address of this family. False: no network has it. */
static inline bool prefix_sketch_may_have(const struct prefix_sketch *sketch, uint32_t top) {
    if (!sketch->words) return true;
    const uint32_t place = (sketch->ipv4 ? top : top * UINT32_C(2654435761)) >> (32 - sketch->bits);
    return sketch->words[place / 64] >> place % 64 & 1;
}
