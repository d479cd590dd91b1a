#include "tests/support/counting.h"

#include <sodium.h>

static uint8_t next;

static const char *name(void) {
    return "counting";
}

static void fill(void *out, size_t size) {
    for (uint8_t *at = out; size > 0; size--) *at++ = next++;
}

static uint32_t draw(void) {
    uint32_t word;
    fill(&word, sizeof word);
    return word;
}

static randombytes_implementation counting = {.implementation_name = name, .random = draw, .buf = fill};

bool counting_install(void) {
    return randombytes_set_implementation(&counting) == 0;
}

void counting_from(uint8_t first) {
    next = first;
}

void counting_bytes(uint8_t first, uint8_t out[static 32]) {
    for (uint8_t i = 0; i < 32; i++) out[i] = (uint8_t)(first + i);
}
