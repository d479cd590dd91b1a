/* The prefixes by which a source is limited: IPv4 /32 and /24, IPv6 /64, /56 and /48. Whoever has one address often has
 * more next to it, so a wider prefix is allowed more, but not as much as all that is in it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/address.h"

#define SOURCE_PREFIXES_MAX 3

struct source_prefix {
    uint8_t bytes;  /* of the canonical address */
    uint8_t growth; /* how many times the narrowest prefix's allowance it gets */
};

/* Narrowest first. The lengths of the two families differ, so a prefix's bytes name it. */
struct source_prefixes {
    struct source_prefix items[SOURCE_PREFIXES_MAX];
    size_t count;
};
const struct source_prefixes *source_prefixes_of(const struct address *source);
/* Whether both lie in the first one's prefix of this length. */
bool source_prefix_covers(const struct source_prefix *prefix, const struct address *source,
                          const struct address *other);
