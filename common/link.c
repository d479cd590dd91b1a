#include "common/link.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

static const char prologue_text[] = "gochat link 1";
static const char context[crypto_kdf_CONTEXTBYTES] = {'g', 'c', 'l', 'i', 'n', 'k', '0', '1'};

static_assert(LINK_PROLOGUE_SIZE == sizeof prologue_text - 1 + REGISTER_HEADER_SIZE, "prologue size");
static_assert(LINK_SECRET_SIZE == crypto_kdf_KEYBYTES, "secret size");
static_assert(LINK_TAG_KEY_SIZE == crypto_shorthash_siphashx24_KEYBYTES, "tag key size");
static_assert(TAG_SIZE == crypto_shorthash_siphashx24_BYTES, "tag size");

#define PATH_TAGGED 32 /* bytes before PATH's tag */
#define BEAT_TAGGED (BEAT_SIZE - TAG_SIZE)

/* Numbers of the subkeys, by direction. */
static const uint64_t seal_subkey[] = {[LINK_TO_BOOTNODE] = 1, [LINK_TO_CLIENT] = 2};
static const uint64_t tag_subkey[] = {[LINK_TO_BOOTNODE] = 3, [LINK_TO_CLIENT] = 4};

void link_prologue(const uint8_t register_packet[static REGISTER_HEADER_SIZE], uint8_t out[static LINK_PROLOGUE_SIZE]) {
    memcpy(out, prologue_text, sizeof prologue_text - 1);
    memcpy(out + sizeof prologue_text - 1, register_packet, REGISTER_HEADER_SIZE);
}

void link_secret(const struct noise_keys *keys, bool bootnode, uint8_t out[static LINK_SECRET_SIZE]) {
    crypto_generichash_state hash;
    crypto_generichash_init(&hash, NULL, 0, LINK_SECRET_SIZE);
    crypto_generichash_update(&hash, bootnode ? keys->receive : keys->send, NOISE_KEY_SIZE);
    crypto_generichash_update(&hash, bootnode ? keys->send : keys->receive, NOISE_KEY_SIZE);
    crypto_generichash_final(&hash, out, LINK_SECRET_SIZE);
    sodium_memzero(&hash, sizeof hash);
}

void link_tag_key(const uint8_t secret[static LINK_SECRET_SIZE], enum link_direction direction,
                  uint8_t out[static LINK_TAG_KEY_SIZE]) {
    crypto_kdf_derive_from_key(out, LINK_TAG_KEY_SIZE, tag_subkey[direction], context, secret);
}

void link_seal_key(const uint8_t secret[static LINK_SECRET_SIZE], enum link_direction direction,
                   uint8_t out[static SUITE_KEY_SIZE]) {
    crypto_kdf_derive_from_key(out, SUITE_KEY_SIZE, seal_subkey[direction], context, secret);
}

/* Tags `tagged` bytes and keeps the first size - tagged bytes of the tag. */
static void write_tag(const uint8_t *key, uint8_t *packet, size_t tagged, size_t size) {
    uint8_t tag[TAG_SIZE];
    crypto_shorthash_siphashx24(tag, packet, tagged, key);
    memcpy(packet + tagged, tag, size - tagged);
}

void link_tag_beat(const uint8_t key[static LINK_TAG_KEY_SIZE], uint8_t packet[static BEAT_SIZE]) {
    write_tag(key, packet, BEAT_TAGGED, BEAT_SIZE);
}

bool link_check_beat(const uint8_t key[static LINK_TAG_KEY_SIZE], const uint8_t packet[static BEAT_SIZE]) {
    uint8_t tag[TAG_SIZE];
    crypto_shorthash_siphashx24(tag, packet, BEAT_TAGGED, key);
    return crypto_verify_16(packet + BEAT_TAGGED, tag) == 0; /* half the time of sodium_memcmp */
}

void link_tag_path(const uint8_t key[static LINK_TAG_KEY_SIZE], uint8_t packet[static PATH_SIZE]) {
    write_tag(key, packet, PATH_TAGGED, PATH_SIZE);
}

bool link_check_path(const uint8_t key[static LINK_TAG_KEY_SIZE], const uint8_t packet[static PATH_SIZE]) {
    uint8_t tag[TAG_SIZE];
    crypto_shorthash_siphashx24(tag, packet, PATH_TAGGED, key);
    return sodium_memcmp(packet + PATH_TAGGED, tag, PATH_SIZE - PATH_TAGGED) == 0;
}

void link_tag_relay(const uint8_t key[static LINK_TAG_KEY_SIZE], uint8_t *packet, size_t size) {
    write_tag(key, packet, size - TAG_SIZE, size);
}

bool link_check_relay(const uint8_t key[static LINK_TAG_KEY_SIZE], const uint8_t *packet, size_t size) {
    uint8_t tag[TAG_SIZE];
    crypto_shorthash_siphashx24(tag, packet, size - TAG_SIZE, key);
    return crypto_verify_16(packet + size - TAG_SIZE, tag) == 0;
}

size_t link_seal(const uint8_t seal_key[static SUITE_KEY_SIZE], const struct sealed_header *header, const uint8_t *body,
                 size_t body_size, uint8_t *out, size_t capacity) {
    if (capacity < SEALED_OVERHEAD || body_size > capacity - SEALED_OVERHEAD) return 0;
    (void)sealed_header_encode(header, out, capacity); /* fits, as was just looked */
    suite_seal(SUITE_CHACHA20_POLY1305, seal_key, header->counter, out, SEALED_HEADER_SIZE, body, body_size,
               out + SEALED_HEADER_SIZE);
    return SEALED_OVERHEAD + body_size;
}

bool link_open(const uint8_t seal_key[static SUITE_KEY_SIZE], const struct sealed_header *header, const uint8_t *packet,
               size_t size, uint8_t *body, size_t *body_size) {
    if (size < SEALED_OVERHEAD) return false;
    if (!suite_open(SUITE_CHACHA20_POLY1305, seal_key, header->counter, packet, SEALED_HEADER_SIZE,
                    packet + SEALED_HEADER_SIZE, size - SEALED_HEADER_SIZE, body))
        return false;
    *body_size = size - SEALED_OVERHEAD;
    return true;
}
