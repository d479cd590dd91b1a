#include "common/possession.h"

#include <sodium.h>

#include "common/wire/bootnode_bodies.h"

/* Over all of the payload but itself. */
static bool make_tag(const struct noise *noise, const uint8_t own_secret[static NOISE_KEY_SIZE],
                     const uint8_t other_public[static NOISE_KEY_SIZE], const uint8_t *payload, size_t size,
                     uint8_t out[static POSSESSION_SIZE]) {
    static const char label[] = "gochat member proof 1";
    const size_t rest = REGISTER_POSSESSION_OFFSET + POSSESSION_SIZE;
    crypto_generichash_state state;
    uint8_t shared[NOISE_KEY_SIZE], hash[NOISE_HASH_SIZE];
    if (size < REGISTER_BODY_MIN || !noise_dh(own_secret, other_public, shared)) return false;
    noise_payload_hash(noise, hash);
    crypto_generichash_init(&state, shared, sizeof shared, POSSESSION_SIZE);
    crypto_generichash_update(&state, (const uint8_t *)label, sizeof label - 1);
    crypto_generichash_update(&state, hash, sizeof hash);
    crypto_generichash_update(&state, payload, REGISTER_POSSESSION_OFFSET);
    crypto_generichash_update(&state, payload + rest, size - rest);
    crypto_generichash_final(&state, out, POSSESSION_SIZE);
    sodium_memzero(&state, sizeof state);
    sodium_memzero(shared, sizeof shared);
    return true;
}

size_t possession_write(struct noise *noise, const uint8_t member_secret[static MEMBER_KEY_SIZE], uint8_t *payload,
                        size_t payload_size, uint8_t *out, size_t capacity) {
    size_t tokens = noise_write_tokens(noise, out, capacity);
    if (tokens == 0) return 0;
    if (!make_tag(noise, member_secret, noise->remote_static, payload, payload_size,
                  payload + REGISTER_POSSESSION_OFFSET)) {
        noise_wipe(noise);
        return 0;
    }
    size_t rest = noise_write_payload(noise, payload, payload_size, out + tokens, capacity - tokens);
    return rest > 0 ? tokens + rest : 0;
}

bool possession_check(const struct noise *noise, const uint8_t *payload, size_t payload_size) {
    uint8_t expected[POSSESSION_SIZE];
    bool proven =
        make_tag(noise, noise->static_secret, payload + REGISTER_KEY_OFFSET, payload, payload_size, expected) &&
        sodium_memcmp(expected, payload + REGISTER_POSSESSION_OFFSET, sizeof expected) == 0;
    sodium_memzero(expected, sizeof expected);
    return proven;
}
