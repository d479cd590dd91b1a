#include "bootnode/guard/source_prefix.h"

#include <string.h>

const struct source_prefixes *source_prefixes_of(const struct address *source) {
    static const struct source_prefixes ipv4 = {.items = {{16, 1}, {15, 4}}, .count = 2};
    static const struct source_prefixes ipv6 = {.items = {{8, 1}, {7, 4}, {6, 16}}, .count = 3};
    return address_is_ipv4(source) ? &ipv4 : &ipv6;
}

bool source_prefix_covers(const struct source_prefix *prefix, const struct address *source,
                          const struct address *other) {
    return address_is_ipv4(source) == address_is_ipv4(other) && memcmp(source->ip, other->ip, prefix->bytes) == 0;
}
