/* Randomness that is the same in every run: SplitMix64 (Steele, Lea, Flood 2014), behind libsodium's door, too. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The next number of a sequence of one's own. */
uint64_t repeatable_draw(uint64_t *state);
/* From now on libsodium draws the same numbers in every run, from the first one on. The first call comes before
 * sodium_init, which it does. */
bool repeatable_begin(void);
/* Skips as many numbers as the seed says, WORLD_SEED of the environment or else `unless`; returns the seed. */
unsigned repeatable_seed(unsigned unless);
