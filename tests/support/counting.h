/* Randomness that counts: each byte is one more than the last, so that keys can be typed and read. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* In place of libsodium's, before sodium_init. */
bool counting_install(void);
/* The next byte drawn is `first`. */
void counting_from(uint8_t first);
/* The 32 bytes that begin with `first`. */
void counting_bytes(uint8_t first, uint8_t out[static 32]);
