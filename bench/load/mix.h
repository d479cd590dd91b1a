/* Random numbers that are cheap and no secret: SplitMix64 (Steele, Lea, Flood 2014). */
#pragma once

#include <stdint.h>

/* The next one; `state` may begin as anything. */
static inline uint64_t mix_next(uint64_t *state) {
    uint64_t value = *state += 0x9e3779b97f4a7c15ULL;
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9ULL;
    value = (value ^ value >> 27) * 0x94d049bb133111ebULL;
    return value ^ value >> 31;
}
