#include "bootnode/guard/prefix_sketch.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

bool prefix_sketch_init(struct prefix_sketch *sketch, bool ipv4, size_t networks) {
    *sketch = (struct prefix_sketch){.ipv4 = ipv4, .bits = 6};
    if (networks < PREFIX_SKETCH_LEAST) return true;
    while (sketch->bits < PREFIX_SKETCH_BITS_MAX &&
           UINT64_C(1) << sketch->bits < (uint64_t)networks * PREFIX_SKETCH_EACH)
        sketch->bits++;
    sketch->words = calloc((size_t)1 << (sketch->bits - 6), sizeof *sketch->words);
    return sketch->words != NULL;
}

void prefix_sketch_clear(struct prefix_sketch *sketch) {
    free(sketch->words);
    sketch->words = NULL;
}

size_t prefix_sketch_bytes(const struct prefix_sketch *sketch) {
    return sketch->words ? (size_t)1 << (sketch->bits - 3) : 0;
}

static void mark(struct prefix_sketch *sketch, uint32_t top) {
    const uint32_t place = (sketch->ipv4 ? top : top * UINT32_C(2654435761)) >> (32 - sketch->bits);
    sketch->words[place / 64] |= UINT64_C(1) << place % 64;
}

/* The first 32 bits of its first address, and in how many values of them it has others. */
static uint32_t first_top(const struct prefix *network, bool ipv4, uint64_t *values) {
    const unsigned length = ipv4 ? network->bits - (unsigned)PREFIX_IPV4_BITS : network->bits;
    uint32_t top;
    memcpy(&top, network->ip + (ipv4 ? 12 : 0), sizeof top);
    *values = length < 32 ? UINT64_C(1) << (32 - length) : 1;
    return be32toh(top);
}

void prefix_sketch_add(struct prefix_sketch *sketch, const struct prefix *network) {
    if (!sketch->words) return;
    uint64_t values, step = sketch->ipv4 ? UINT64_C(1) << (32 - sketch->bits) : 1;
    const uint32_t first = first_top(network, sketch->ipv4, &values);
    if (values / step >= PREFIX_SKETCH_MARKS - sketch->marks) {
        prefix_sketch_clear(sketch);
        return;
    }
    sketch->marks += (uint32_t)(values / step) + 1;
    for (uint64_t value = 0; value < values; value += step) mark(sketch, first + (uint32_t)value);
}
