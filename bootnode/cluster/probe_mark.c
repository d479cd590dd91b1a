#include "bootnode/cluster/probe_mark.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "common/bytes.h"

#define MAC_SIZE crypto_shorthash_BYTES
static_assert(PROBE_MARK_SIZE == PROBE_MARK_RANDOM + MAC_SIZE, "size of a mark");
static_assert(PROBE_MARK_KEY_SIZE == crypto_shorthash_KEYBYTES, "key size");
static_assert(PROBE_MARK_SIZE <= STUN_TRANSACTION_SIZE, "it has its place");

static void make(const uint8_t key[static PROBE_MARK_KEY_SIZE], uint8_t asked, uint64_t period,
                 const uint8_t random[static PROBE_MARK_RANDOM], uint8_t out[static MAC_SIZE]) {
    uint8_t message[PROBE_MARK_RANDOM + 1 + 8];
    struct writer writer = writer_over(message, sizeof message);
    write_bytes(&writer, random, PROBE_MARK_RANDOM);
    write_u8(&writer, asked);
    write_u64(&writer, period);
    crypto_shorthash(out, message, sizeof message, key);
}

void probe_mark_make(const uint8_t key[static PROBE_MARK_KEY_SIZE], uint8_t asked, uint64_t wall_ms,
                     uint8_t bytes[static PROBE_MARK_SIZE]) {
    make(key, asked, wall_ms / PROBE_MARK_PERIOD_MS, bytes, bytes + PROBE_MARK_RANDOM);
}

bool probe_mark_holds(const uint8_t key[static PROBE_MARK_KEY_SIZE], uint8_t asked, uint64_t wall_ms,
                      const uint8_t transaction[static STUN_TRANSACTION_SIZE]) {
    const uint8_t *bytes = transaction + STUN_TRANSACTION_SIZE - PROBE_MARK_SIZE;
    const uint64_t present = wall_ms / PROBE_MARK_PERIOD_MS;
    uint8_t mac[MAC_SIZE];
    bool holds = false;
    for (uint64_t period = present - 1; period != present + 2; period++) {
        make(key, asked, period, bytes, mac);
        holds |= sodium_memcmp(mac, bytes + PROBE_MARK_RANDOM, sizeof mac) == 0;
    }
    return holds;
}
