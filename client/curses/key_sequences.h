/* What terminals send for keys that terminfo has no common name for, and for those that they send in more than one way.
 * Pure data: xterm's, which most follow, with rxvt's and the Linux console's where they differ. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct key_sequence {
    const char *bytes;
    uint32_t key; /* keys.h */
};

const struct key_sequence *key_sequences(size_t *count);
