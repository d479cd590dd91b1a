#include "tests/scenario/support/repeatable.h"

#include <stdlib.h>

#include <sodium.h>

static uint64_t drawn;

uint64_t repeatable_draw(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static const char *random_name(void) {
    return "repeatable";
}

static uint32_t random_word(void) {
    return (uint32_t)repeatable_draw(&drawn);
}

static void random_fill(void *out, size_t size) {
    for (uint8_t *at = out; size > 0; size--) *at++ = (uint8_t)repeatable_draw(&drawn);
}

static randombytes_implementation repeatable = {
    .implementation_name = random_name, .random = random_word, .buf = random_fill};

bool repeatable_begin(void) {
    if (randombytes_set_implementation(&repeatable) != 0 || sodium_init() < 0) return false;
    drawn = 0;
    return true;
}

unsigned repeatable_seed(unsigned unless) {
    const char *given = getenv("WORLD_SEED");
    unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : unless;
    for (unsigned i = 0; i < seed; i++) randombytes_random();
    return seed;
}
