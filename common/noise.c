#include "common/noise.h"

#include <sodium.h>
#include <string.h>

#include "common/bytes.h"

#define MESSAGES_MAX 3
#define TOKENS_MAX 5

enum token { TOKEN_END, TOKEN_E, TOKEN_S, TOKEN_EE, TOKEN_ES, TOKEN_SE, TOKEN_SS, TOKEN_PSK };

struct pattern {
    bool responder_known;  /* pre-message "<- s" */
    bool initiator_static; /* the initiator has a static key */
    bool psk;
    uint8_t message_count;
    uint8_t messages[MESSAGES_MAX][TOKENS_MAX];
};

static const struct pattern patterns[] = {
    [NOISE_NK] = {.responder_known = true, .message_count = 2, .messages = {{TOKEN_E, TOKEN_ES}, {TOKEN_E, TOKEN_EE}}},
    [NOISE_XX] = {.initiator_static = true,
                  .message_count = 3,
                  .messages = {{TOKEN_E}, {TOKEN_E, TOKEN_EE, TOKEN_S, TOKEN_ES}, {TOKEN_S, TOKEN_SE}}},
    [NOISE_XXPSK3] = {.initiator_static = true,
                      .psk = true,
                      .message_count = 3,
                      .messages = {{TOKEN_E}, {TOKEN_E, TOKEN_EE, TOKEN_S, TOKEN_ES}, {TOKEN_S, TOKEN_SE, TOKEN_PSK}}},
};

static const char *const protocol_names[][SUITE_AES256_GCM + 1] = {
    [NOISE_NK] = {[SUITE_CHACHA20_POLY1305] = "Noise_NK_25519_ChaChaPoly_SHA256",
                  [SUITE_AES256_GCM] = "Noise_NK_25519_AESGCM_SHA256"},
    [NOISE_XX] = {[SUITE_CHACHA20_POLY1305] = "Noise_XX_25519_ChaChaPoly_SHA256",
                  [SUITE_AES256_GCM] = "Noise_XX_25519_AESGCM_SHA256"},
    [NOISE_XXPSK3] = {[SUITE_CHACHA20_POLY1305] = "Noise_XXpsk3_25519_ChaChaPoly_SHA256",
                      [SUITE_AES256_GCM] = "Noise_XXpsk3_25519_AESGCM_SHA256"},
};

/* Which key each side puts into a Diffie-Hellman token: its static or, if not, its ephemeral one. */
static const struct dh_keys {
    bool initiator_static, responder_static;
} dh_tokens[] = {
    [TOKEN_EE] = {false, false},
    [TOKEN_ES] = {false, true},
    [TOKEN_SE] = {true, false},
    [TOKEN_SS] = {true, true},
};

static const struct pattern *pattern_of(const struct noise *noise) {
    return &patterns[noise->pattern];
}

bool noise_dh(const uint8_t secret[static NOISE_KEY_SIZE], const uint8_t public[static NOISE_KEY_SIZE],
              uint8_t out[static NOISE_KEY_SIZE]) {
    if (crypto_scalarmult_curve25519(out, secret, public) == 0) return true;
    sodium_memzero(out, NOISE_KEY_SIZE);
    return false;
}

static void hash_two(const void *first, size_t first_size, const void *second, size_t second_size,
                     uint8_t out[static NOISE_HASH_SIZE]) {
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, first, first_size);
    crypto_hash_sha256_update(&state, second, second_size);
    crypto_hash_sha256_final(&state, out);
}

/* `keyed` has taken in the key and nothing else; it can be used again. */
static void hmac_two(const crypto_auth_hmacsha256_state *keyed, const void *first, size_t first_size,
                     const void *second, size_t second_size, uint8_t out[static NOISE_HASH_SIZE]) {
    crypto_auth_hmacsha256_state state = *keyed;
    crypto_auth_hmacsha256_update(&state, first, first_size);
    crypto_auth_hmacsha256_update(&state, second, second_size);
    crypto_auth_hmacsha256_final(&state, out);
    sodium_memzero(&state, sizeof(state));
}

/* Noise §4.3; `third` may be NULL. `first` may be the chaining key itself. Hashing a key's two padded blocks costs as
 * much as the rest of a short HMAC, so the extracted key's are hashed once for all outputs. */
static void hkdf(const uint8_t chaining_key[static NOISE_HASH_SIZE], const void *input, size_t input_size,
                 uint8_t *first, uint8_t *second, uint8_t *third) {
    crypto_auth_hmacsha256_state keyed;
    uint8_t extracted[NOISE_HASH_SIZE];
    crypto_auth_hmacsha256_init(&keyed, chaining_key, NOISE_HASH_SIZE);
    hmac_two(&keyed, input, input_size, NULL, 0, extracted);
    crypto_auth_hmacsha256_init(&keyed, extracted, sizeof(extracted));
    hmac_two(&keyed, NULL, 0, "\x01", 1, first);
    hmac_two(&keyed, first, NOISE_HASH_SIZE, "\x02", 1, second);
    if (third) hmac_two(&keyed, second, NOISE_HASH_SIZE, "\x03", 1, third);
    sodium_memzero(&keyed, sizeof(keyed));
    sodium_memzero(extracted, sizeof(extracted));
}

static void mix_hash(struct noise *noise, const void *data, size_t size) {
    hash_two(noise->hash, sizeof(noise->hash), data, size, noise->hash);
}

static void mix_key(struct noise *noise, const uint8_t input[static NOISE_KEY_SIZE]) {
    hkdf(noise->chaining_key, input, NOISE_KEY_SIZE, noise->chaining_key, noise->key, NULL);
    noise->has_key = true;
    noise->counter = 0;
}

static void mix_key_and_hash(struct noise *noise, const uint8_t input[static NOISE_KEY_SIZE]) {
    uint8_t middle[NOISE_HASH_SIZE];
    hkdf(noise->chaining_key, input, NOISE_KEY_SIZE, noise->chaining_key, middle, noise->key);
    mix_hash(noise, middle, sizeof(middle));
    sodium_memzero(middle, sizeof(middle));
    noise->has_key = true;
    noise->counter = 0;
}

/* In the clear while there is no key. Returns what was written, NULL where the writer lacks space. */
static const uint8_t *encrypt(struct noise *noise, const void *plain, size_t size, size_t *sealed_size,
                              struct writer *writer) {
    if (size > NOISE_MESSAGE_MAX) return NULL;
    *sealed_size = size + (noise->has_key ? SUITE_TAG_SIZE : 0);
    uint8_t *out = write_space(writer, *sealed_size);
    if (!out) return NULL;
    if (noise->has_key)
        suite_seal(noise->suite, noise->key, noise->counter++, noise->hash, sizeof(noise->hash), plain, size, out);
    else if (size > 0)
        memcpy(out, plain, size);
    return out;
}

static bool encrypt_and_hash(struct noise *noise, const void *plain, size_t size, struct writer *writer) {
    size_t sealed_size = 0;
    const uint8_t *sealed = encrypt(noise, plain, size, &sealed_size, writer);
    if (sealed) mix_hash(noise, sealed, sealed_size);
    return sealed != NULL;
}

/* `out` takes `size` bytes; the message has to have room for exactly these. */
static bool decrypt_and_hash(struct noise *noise, struct reader *reader, uint8_t *out, size_t size) {
    size_t sealed_size = size + (noise->has_key ? SUITE_TAG_SIZE : 0);
    const uint8_t *sealed = read_view(reader, sealed_size);
    if (!sealed) return false;
    if (noise->has_key) {
        if (!suite_open(noise->suite, noise->key, noise->counter++, noise->hash, sizeof(noise->hash), sealed,
                        sealed_size, out))
            return false;
    } else if (size > 0) {
        memcpy(out, sealed, size);
    }
    mix_hash(noise, sealed, sealed_size);
    return true;
}

/* Noise §9.2: where a pre-shared key is used, ephemeral keys go into the chaining key as well. */
static void mix_ephemeral(struct noise *noise, const uint8_t public[static NOISE_KEY_SIZE]) {
    mix_hash(noise, public, NOISE_KEY_SIZE);
    if (pattern_of(noise)->psk) mix_key(noise, public);
}

static bool write_ephemeral(struct noise *noise, struct writer *writer) {
    if (!noise->has_ephemeral) {
        randombytes_buf(noise->ephemeral_secret, sizeof(noise->ephemeral_secret));
        crypto_scalarmult_curve25519_base(noise->ephemeral_public, noise->ephemeral_secret);
        noise->has_ephemeral = true;
    }
    write_bytes(writer, noise->ephemeral_public, sizeof(noise->ephemeral_public));
    mix_ephemeral(noise, noise->ephemeral_public);
    return !writer->failed;
}

static bool read_ephemeral(struct noise *noise, struct reader *reader) {
    read_bytes(reader, noise->remote_ephemeral, sizeof(noise->remote_ephemeral));
    mix_ephemeral(noise, noise->remote_ephemeral);
    return !reader->failed;
}

static bool mix_dh(struct noise *noise, enum token token) {
    struct dh_keys keys = dh_tokens[token];
    bool our_static = noise->initiator ? keys.initiator_static : keys.responder_static;
    bool their_static = noise->initiator ? keys.responder_static : keys.initiator_static;
    uint8_t shared[NOISE_KEY_SIZE];
    if (!noise_dh(our_static ? noise->static_secret : noise->ephemeral_secret,
                  their_static ? noise->remote_static : noise->remote_ephemeral, shared))
        return false;
    mix_key(noise, shared);
    sodium_memzero(shared, sizeof(shared));
    return true;
}

/* The tokens that carry no bytes. */
static bool mix_token(struct noise *noise, enum token token) {
    if (token != TOKEN_PSK) return mix_dh(noise, token);
    mix_key_and_hash(noise, noise->psk);
    return true;
}

static bool write_token(struct noise *noise, enum token token, struct writer *writer) {
    switch (token) {
    case TOKEN_E: return write_ephemeral(noise, writer);
    case TOKEN_S: return encrypt_and_hash(noise, noise->static_public, sizeof(noise->static_public), writer);
    default: return mix_token(noise, token);
    }
}

static bool read_token(struct noise *noise, enum token token, struct reader *reader) {
    switch (token) {
    case TOKEN_E: return read_ephemeral(noise, reader);
    case TOKEN_S: return decrypt_and_hash(noise, reader, noise->remote_static, sizeof(noise->remote_static));
    default: return mix_token(noise, token);
    }
}

static void init_hash(struct noise *noise) {
    const char *name = protocol_names[noise->pattern][noise->suite];
    size_t size = strlen(name);
    if (size <= NOISE_HASH_SIZE)
        memcpy(noise->hash, name, size);
    else
        crypto_hash_sha256(noise->hash, (const uint8_t *)name, size);
    memcpy(noise->chaining_key, noise->hash, sizeof(noise->chaining_key));
}

/* A missing key must not become a key of zeros. */
static bool config_complete(const struct noise_config *config) {
    const struct pattern *pattern = &patterns[config->pattern];
    if (!(suite_mask_available() & config->suite)) return false;
    if (pattern->psk && !config->psk) return false;
    if (pattern->responder_known && config->initiator && !config->remote_static) return false;
    return config->static_secret || (config->initiator && !pattern->initiator_static);
}

static void copy_key(uint8_t out[static NOISE_KEY_SIZE], const uint8_t *key) {
    if (key) memcpy(out, key, NOISE_KEY_SIZE);
}

static void init_keys(struct noise *noise, const struct noise_config *config) {
    copy_key(noise->static_secret, config->static_secret);
    copy_key(noise->static_public, config->static_public);
    copy_key(noise->remote_static, config->remote_static);
    copy_key(noise->psk, config->psk);
    copy_key(noise->ephemeral_secret, config->ephemeral_secret);
    if (config->static_secret && !config->static_public)
        crypto_scalarmult_curve25519_base(noise->static_public, noise->static_secret);
    noise->has_ephemeral = config->ephemeral_secret != NULL;
    if (noise->has_ephemeral) crypto_scalarmult_curve25519_base(noise->ephemeral_public, noise->ephemeral_secret);
}

void noise_init(struct noise *noise, const struct noise_config *config) {
    *noise = (struct noise){.pattern = config->pattern,
                            .suite = config->suite,
                            .initiator = config->initiator,
                            .failed = !config_complete(config)};
    if (noise->failed) return;
    init_keys(noise, config);
    init_hash(noise);
    mix_hash(noise, config->prologue, config->prologue_size);
    if (pattern_of(noise)->responder_known)
        mix_hash(noise, noise->initiator ? noise->remote_static : noise->static_public, NOISE_KEY_SIZE);
}

bool noise_finished(const struct noise *noise) {
    return !noise->failed && noise->message == pattern_of(noise)->message_count;
}

/* The initiator writes messages 0 and 2, the responder message 1. */
static bool in_turn(const struct noise *noise, bool writing) {
    bool initiator_writes = noise->message % 2 == 0;
    return !noise->failed && noise->message < pattern_of(noise)->message_count &&
           (noise->initiator == initiator_writes) == writing;
}

static bool write_tokens(struct noise *noise, struct writer *writer) {
    const uint8_t *tokens = pattern_of(noise)->messages[noise->message];
    for (size_t i = 0; i < TOKENS_MAX && tokens[i] != TOKEN_END; i++) {
        if (!write_token(noise, tokens[i], writer)) return false;
    }
    return true;
}

size_t noise_write(struct noise *noise, const void *payload, size_t payload_size, uint8_t *out, size_t capacity) {
    struct writer writer = writer_over(out, capacity < NOISE_MESSAGE_MAX ? capacity : NOISE_MESSAGE_MAX);
    if (!in_turn(noise, true) || noise->tokens_written) return 0;
    if (!write_tokens(noise, &writer) || !encrypt_and_hash(noise, payload, payload_size, &writer)) {
        noise_wipe(noise);
        return 0;
    }
    noise->message++;
    return writer_size(&writer);
}

size_t noise_write_tokens(struct noise *noise, uint8_t *out, size_t capacity) {
    struct writer writer = writer_over(out, capacity);
    if (!in_turn(noise, true) || noise->tokens_written) return 0;
    if (!write_tokens(noise, &writer)) {
        noise_wipe(noise);
        return 0;
    }
    noise->tokens_written = true;
    return writer_size(&writer);
}

size_t noise_write_last_tokens(struct noise *noise, uint8_t *out, size_t capacity) {
    if (noise->failed || noise->message + 1 != pattern_of(noise)->message_count) return 0;
    return noise_write_tokens(noise, out, capacity);
}

void noise_payload_hash(const struct noise *noise, uint8_t out[static NOISE_HASH_SIZE]) {
    memcpy(out, noise->tokens_written ? noise->hash : noise->payload_hash, NOISE_HASH_SIZE);
}

size_t noise_write_payload(struct noise *noise, const void *payload, size_t payload_size, uint8_t *out,
                           size_t capacity) {
    struct writer writer = writer_over(out, capacity < NOISE_MESSAGE_MAX ? capacity : NOISE_MESSAGE_MAX);
    if (noise->failed || !noise->tokens_written) return 0;
    if (!encrypt_and_hash(noise, payload, payload_size, &writer)) {
        noise_wipe(noise);
        return 0;
    }
    noise->tokens_written = false;
    noise->message++;
    return writer_size(&writer);
}

/* Is the last message half written? */
static bool in_last_message(const struct noise *noise) {
    return !noise->failed && noise->tokens_written && noise->message + 1 == pattern_of(noise)->message_count;
}

size_t noise_write_last_payload(struct noise *noise, const void *payload, size_t payload_size, uint8_t *out,
                                size_t capacity) {
    struct writer writer = writer_over(out, capacity < NOISE_MESSAGE_MAX ? capacity : NOISE_MESSAGE_MAX);
    size_t size;
    if (!in_last_message(noise)) return 0;
    (void)encrypt(noise, payload, payload_size, &size, &writer);
    noise_wipe(noise);
    return writer_size(&writer);
}

/* The payload is opened last, so that nothing can fail after it was given out. */
static bool read_message(struct noise *noise, struct reader *reader, uint8_t *payload, size_t capacity,
                         size_t *payload_size) {
    const uint8_t *tokens = pattern_of(noise)->messages[noise->message];
    for (size_t i = 0; i < TOKENS_MAX && tokens[i] != TOKEN_END; i++) {
        if (!read_token(noise, tokens[i], reader)) return false;
    }
    size_t tag_size = noise->has_key ? SUITE_TAG_SIZE : 0;
    size_t left = reader_left(reader);
    if (left < tag_size || left - tag_size > capacity) return false;
    memcpy(noise->payload_hash, noise->hash, sizeof(noise->payload_hash));
    if (!decrypt_and_hash(noise, reader, payload, left - tag_size)) return false;
    *payload_size = left - tag_size;
    return true;
}

bool noise_read(struct noise *noise, const uint8_t *message, size_t size, uint8_t *payload, size_t capacity,
                size_t *payload_size) {
    struct reader reader = reader_over(message, size);
    *payload_size = 0;
    if (!in_turn(noise, false)) return false;
    if (size > NOISE_MESSAGE_MAX || !read_message(noise, &reader, payload, capacity, payload_size)) {
        noise_wipe(noise);
        return false;
    }
    noise->message++;
    return true;
}

static void split_keys(const struct noise *noise, struct noise_keys *out) {
    hkdf(noise->chaining_key, NULL, 0, noise->initiator ? out->send : out->receive,
         noise->initiator ? out->receive : out->send, NULL);
}

/* Split depends on the chaining key alone, and a payload does not change that. */
bool noise_foresee_keys(const struct noise *noise, struct noise_keys *out) {
    *out = (struct noise_keys){0};
    if (!in_last_message(noise)) return false;
    split_keys(noise, out);
    return true;
}

bool noise_split(struct noise *noise, struct noise_keys *out) {
    uint8_t remote_static[NOISE_KEY_SIZE];
    if (!noise_finished(noise)) return false;
    split_keys(noise, out);
    memcpy(out->hash, noise->hash, sizeof(out->hash));
    memcpy(remote_static, noise->remote_static, sizeof(remote_static));
    noise_wipe(noise);
    memcpy(noise->remote_static, remote_static, sizeof(remote_static));
    return true;
}

void noise_wipe(struct noise *noise) {
    sodium_memzero(noise, sizeof(*noise));
    noise->failed = true;
}
