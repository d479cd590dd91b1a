/* Words that can be said on the telephone, for passphrases. */
#pragma once

#include <stddef.h>

#define WORDS_COUNT 2048
#define WORDS_BITS 11
#define WORDS_LONGEST 8

/* The word of that number, below WORDS_COUNT; returns how many bytes of `out` it is. */
size_t words_at(size_t number, const char **out);
