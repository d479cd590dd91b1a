/* The two AEADs behind one small interface, with nonces as Noise wants them (Noise §12.3, §12.4):
 * AES-256-GCM: 32 zero bits, 64-bit counter big-endian; ChaCha20-Poly1305: 32 zero bits, counter little-endian.
 * Everything is libsodium's; AES exists only with hardware support. sodium_init() must have succeeded. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"

#define SUITE_KEY_SIZE 32
#define SUITE_TAG_SIZE 16

/* Bits of a suite mask on the wire. Every client has ChaCha20-Poly1305. */
enum suite { SUITE_CHACHA20_POLY1305 = 1, SUITE_AES256_GCM = 2 };

/* The suites this machine has. */
uint8_t suite_mask_available(void);
/* The suite two masks agree on: AES-256-GCM where both have it, else ChaCha20-Poly1305; 0 when they share none. */
enum suite suite_choose(uint8_t mask_a, uint8_t mask_b);
/* "AES-256-GCM" or "ChaCha20-Poly1305". */
const char *suite_name(enum suite suite);

/* Writes size + SUITE_TAG_SIZE bytes to `out`, which may be `plain` itself. */
void suite_seal(enum suite suite, const uint8_t key[static SUITE_KEY_SIZE], uint64_t counter, const void *ad,
                size_t ad_size, const void *plain, size_t size, uint8_t *out);
/* Writes size - SUITE_TAG_SIZE bytes to `out`, which may be `sealed` itself. False when forged or too short. */
MUST_USE bool suite_open(enum suite suite, const uint8_t key[static SUITE_KEY_SIZE], uint64_t counter, const void *ad,
                         size_t ad_size, const uint8_t *sealed, size_t size, uint8_t *out);
