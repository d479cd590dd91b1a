#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <sodium.h>

#include "common/noise.h"
#include "tests/support/noise_pair.h"

static void for_each_protocol(void (*test)(const struct noise_protocol *protocol)) {
    size_t count;
    const struct noise_protocol *protocols = noise_protocols(&count);
    for (size_t i = 0; i < count; i++) test(&protocols[i]);
}

static const uint8_t secret_text[] = "meet me at nine";

/* The reader refuses it, and shows nothing of what the payload was. Only message 1 of XX is in the clear and cannot be
 * checked at once: there the initiator has to notice by the answer. */
static void assert_caught(const struct noise_pair *pair, unsigned index, const uint8_t *message, size_t size) {
    struct noise writer = pair->side[index % 2], reader = pair->side[1 - index % 2];
    uint8_t payload[256] = {0}, answer[256];
    size_t payload_size = 1;
    if (!noise_read(&reader, message, size, payload, sizeof payload, &payload_size)) {
        assert_int_equal(payload_size, 0);
        assert_true(sodium_is_zero(payload, sizeof payload));
        assert_true(sodium_is_zero(reader.remote_static, sizeof reader.remote_static));
        return;
    }
    assert_true(index == 0 && reader.pattern == NOISE_XX);
    size = noise_write(&reader, NULL, 0, answer, sizeof answer);
    assert_false(size > 0 && noise_read(&writer, answer, size, payload, sizeof payload, &payload_size));
}

/* Hands each message to `tamper` before it is read. */
static void tamper_each(const struct noise_protocol *protocol,
                        void (*tamper)(const struct noise_pair *pair, unsigned index, uint8_t *message, size_t size)) {
    uint8_t message[256], payload[256];
    struct noise_pair pair;
    size_t payload_size;
    noise_pair_make(&pair, protocol);
    for (unsigned i = 0; i < protocol->messages; i++) {
        size_t size = noise_write(&pair.side[i % 2], secret_text, sizeof secret_text, message, sizeof message);
        tamper(&pair, i, message, size);
        /* The states tampered with were copies; the genuine one goes on as if nothing had happened. */
        assert_true(noise_read(&pair.side[1 - i % 2], message, size, payload, sizeof payload, &payload_size));
        assert_memory_equal(payload, secret_text, sizeof secret_text);
    }
    assert_true(noise_finished(&pair.side[0]) && noise_finished(&pair.side[1]));
}

static void truncate_everywhere(const struct noise_pair *pair, unsigned index, uint8_t *message, size_t size) {
    for (size_t cut = 0; cut < size; cut++) {
        /* It ends at a guard page, which any read beyond it would hit. */
        uint8_t *exact = sodium_malloc(cut);
        assert_non_null(exact);
        memcpy(exact, message, cut);
        assert_caught(pair, index, exact, cut);
        sodium_free(exact);
    }
    message[size] = 0;
    assert_caught(pair, index, message, size + 1);
}

static void truncate_protocol(const struct noise_protocol *protocol) {
    tamper_each(protocol, truncate_everywhere);
}

static void messages_of_another_length_fail(void **state) {
    (void)state;
    for_each_protocol(truncate_protocol);
}

static void flip_every_bit(const struct noise_pair *pair, unsigned index, uint8_t *message, size_t size) {
    for (size_t bit = 0; bit < 8 * size; bit++) {
        message[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_caught(pair, index, message, size);
        message[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void flip_protocol(const struct noise_protocol *protocol) {
    tamper_each(protocol, flip_every_bit);
}

static void every_flipped_bit_fails(void **state) {
    (void)state;
    for_each_protocol(flip_protocol);
}

static void replay_other_handshake(const struct noise_protocol *protocol) {
    uint8_t message[256], payload[256];
    struct noise_pair pair;
    size_t payload_size;
    noise_pair_make(&pair, protocol);
    assert_true(noise_pair_step(&pair, 0));
    size_t size = noise_write(&pair.side[1], NULL, 0, message, sizeof message);
    noise_pair_start(&pair);
    assert_true(noise_pair_step(&pair, 0));
    assert_false(noise_read(&pair.side[0], message, size, payload, sizeof payload, &payload_size));
}

static void answer_of_another_handshake_fails(void **state) {
    (void)state;
    for_each_protocol(replay_other_handshake);
}

/* Somebody who stole the static secret of `victim` plays the other side with the other's public key, knowing no better
 * secret for it than `guess`. */
static void impersonate(const struct noise_protocol *protocol, int victim, bool guess_stolen) {
    struct noise_pair pair;
    uint8_t random_secret[32];
    int attacker = 1 - victim;
    noise_pair_make(&pair, protocol);
    randombytes_buf(random_secret, sizeof random_secret);
    pair.config[attacker].static_secret = guess_stolen ? pair.secret[victim] : random_secret;
    pair.config[attacker].static_public = pair.public[attacker];
    noise_pair_start(&pair);
    /* The responder proves itself in message 2 (es), or in NK by reading message 1; the initiator in message 3 (se). */
    unsigned expected = protocol->pattern == NOISE_NK ? 0 : victim == 0 ? 1 : 2;
    assert_int_equal(noise_pair_run(&pair, protocol), expected);
}

static void impersonate_everyone(const struct noise_protocol *protocol) {
    impersonate(protocol, 0, true);
    impersonate(protocol, 0, false);
    if (protocol->pattern == NOISE_NK) return;
    impersonate(protocol, 1, true);
    impersonate(protocol, 1, false);
}

static void stolen_secret_does_not_make_others(void **state) {
    (void)state;
    for_each_protocol(impersonate_everyone);
}

/* Attackers who do the handshake by hand, to send points that an honest machine never would. */

static void forge_hash(struct noise *noise, const void *data, size_t size) {
    crypto_hash_sha256_state hash;
    crypto_hash_sha256_init(&hash);
    crypto_hash_sha256_update(&hash, noise->hash, sizeof noise->hash);
    crypto_hash_sha256_update(&hash, data, size);
    crypto_hash_sha256_final(&hash, noise->hash);
}

/* HKDF with `count` outputs over the chaining key. */
static void forge_hkdf(const struct noise *noise, const uint8_t input[32], uint8_t outputs[][32], uint8_t count) {
    uint8_t extracted[32], block[33];
    crypto_auth_hmacsha256(extracted, input, 32, noise->chaining_key);
    for (uint8_t i = 1; i <= count; i++) {
        if (i > 1) memcpy(block, outputs[i - 2], 32);
        block[32] = i;
        crypto_auth_hmacsha256(outputs[i - 1], i > 1 ? block : block + 32, i > 1 ? 33 : 1, extracted);
    }
}

static void forge_key(struct noise *noise, const uint8_t input[32]) {
    uint8_t outputs[2][32];
    forge_hkdf(noise, input, outputs, 2);
    memcpy(noise->chaining_key, outputs[0], 32);
    memcpy(noise->key, outputs[1], 32);
    noise->has_key = true;
    noise->counter = 0;
}

static void forge_psk(struct noise *noise) {
    uint8_t outputs[3][32];
    forge_hkdf(noise, noise->psk, outputs, 3);
    memcpy(noise->chaining_key, outputs[0], 32);
    forge_hash(noise, outputs[1], 32);
    memcpy(noise->key, outputs[2], 32);
    noise->counter = 0;
}

static uint8_t *forge_sealed(struct noise *noise, const void *plain, size_t size, uint8_t *out) {
    size_t sealed_size = size;
    if (noise->has_key) {
        suite_seal(noise->suite, noise->key, noise->counter++, noise->hash, 32, plain, size, out);
        sealed_size += SUITE_TAG_SIZE;
    }
    forge_hash(noise, out, sealed_size);
    return out + sealed_size;
}

/* A public key to send: an honest one with its secret, or a point of low order, whose shared secrets are zero. */
struct forged_point {
    bool low_order;
    uint8_t public[32], secret[32];
};

static uint8_t *forge_ephemeral(struct noise *noise, const struct forged_point *point, uint8_t *out) {
    memcpy(out, point->public, 32);
    forge_hash(noise, point->public, 32);
    if (noise->pattern == NOISE_XXPSK3) forge_key(noise, point->public);
    return out + 32;
}

static void forge_dh(struct noise *noise, const struct forged_point *point, const uint8_t peer[32]) {
    uint8_t shared[32] = {0};
    if (!point->low_order) assert_true(noise_dh(point->secret, peer, shared));
    forge_key(noise, shared);
}

static bool read_forged(struct noise *reader, const uint8_t *message, const uint8_t *end) {
    uint8_t payload[1];
    size_t payload_size;
    return noise_read(reader, message, (size_t)(end - message), payload, sizeof payload, &payload_size);
}

static void forge_first_ephemeral(const struct noise_protocol *protocol, const struct forged_point *point) {
    struct noise_pair pair;
    struct noise *forger = &pair.side[0];
    uint8_t message[256], answer[256];
    noise_pair_make(&pair, protocol);
    uint8_t *end = forge_ephemeral(forger, point, message);
    if (protocol->pattern == NOISE_NK) forge_dh(forger, point, pair.public[1]);
    end = forge_sealed(forger, NULL, 0, end);
    bool read = read_forged(&pair.side[1], message, end);
    if (protocol->pattern == NOISE_NK) {
        assert_int_equal(read, !point->low_order);
        return;
    }
    /* XX multiplies with it for the first time in its answer. */
    assert_true(read);
    assert_int_equal(noise_write(&pair.side[1], NULL, 0, answer, sizeof answer) > 0, !point->low_order);
}

static void forge_second(const struct noise_protocol *protocol, const struct forged_point *ephemeral,
                         const struct forged_point *own_static) {
    struct noise_pair pair;
    struct noise *forger = &pair.side[1];
    uint8_t message[256];
    noise_pair_make(&pair, protocol);
    assert_true(noise_pair_step(&pair, 0));
    uint8_t *end = forge_ephemeral(forger, ephemeral, message);
    forge_dh(forger, ephemeral, forger->remote_ephemeral);
    if (protocol->pattern != NOISE_NK) {
        end = forge_sealed(forger, own_static->public, 32, end);
        forge_dh(forger, own_static, forger->remote_ephemeral);
    }
    end = forge_sealed(forger, NULL, 0, end);
    assert_int_equal(read_forged(&pair.side[0], message, end), !ephemeral->low_order && !own_static->low_order);
}

static void forge_third_static(const struct noise_protocol *protocol, const struct forged_point *point) {
    struct noise_pair pair;
    struct noise *forger = &pair.side[0];
    uint8_t message[256];
    noise_pair_make(&pair, protocol);
    assert_true(noise_pair_step(&pair, 0) && noise_pair_step(&pair, 1));
    uint8_t *end = forge_sealed(forger, point->public, 32, message);
    forge_dh(forger, point, forger->remote_ephemeral);
    if (protocol->pattern == NOISE_XXPSK3) forge_psk(forger);
    end = forge_sealed(forger, NULL, 0, end);
    assert_int_equal(read_forged(&pair.side[1], message, end), !point->low_order);
}

static void pin_static(const struct noise_protocol *protocol, const struct forged_point *point) {
    struct noise_pair pair;
    uint8_t message[256];
    noise_pair_make(&pair, protocol);
    pair.config[0].remote_static = point->public;
    noise_pair_start(&pair);
    assert_int_equal(noise_write(&pair.side[0], NULL, 0, message, sizeof message) > 0, !point->low_order);
}

/* With an honest point every forgery is accepted, which shows that the low order alone is what is refused. */
static void forge_everywhere(const struct noise_protocol *protocol, const struct forged_point *point) {
    struct forged_point honest = {.low_order = false};
    randombytes_buf(honest.secret, sizeof honest.secret);
    crypto_scalarmult_curve25519_base(honest.public, honest.secret);
    forge_first_ephemeral(protocol, point);
    forge_second(protocol, point, &honest);
    if (protocol->pattern == NOISE_NK) {
        pin_static(protocol, point);
    } else {
        forge_second(protocol, &honest, point);
        forge_third_static(protocol, point);
    }
}

static void forge_with_honest_points(const struct noise_protocol *protocol) {
    struct forged_point honest = {.low_order = false};
    randombytes_buf(honest.secret, sizeof honest.secret);
    crypto_scalarmult_curve25519_base(honest.public, honest.secret);
    forge_everywhere(protocol, &honest);
}

/* Orders 1, 2, 4 and 8 on the curve and its twist, canonical or not; https://cr.yp.to/ecdh.html#validate. */
static const char *const low_order_points[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};
#define LOW_ORDER_COUNT (sizeof low_order_points / sizeof low_order_points[0])

/* The points as listed, and again with the top bit set, which X25519 ignores. */
static void low_order_point(size_t i, struct forged_point *out) {
    *out = (struct forged_point){.low_order = true};
    sodium_hex2bin(out->public, 32, low_order_points[i % LOW_ORDER_COUNT], 64, NULL, NULL, NULL);
    if (i >= LOW_ORDER_COUNT) out->public[31] |= 0x80;
}

static void forge_with_low_order_points(const struct noise_protocol *protocol) {
    struct forged_point point;
    for (size_t i = 0; i < 2 * LOW_ORDER_COUNT; i++) {
        low_order_point(i, &point);
        forge_everywhere(protocol, &point);
    }
}

static void low_order_points_abort(void **state) {
    (void)state;
    for_each_protocol(forge_with_honest_points);
    for_each_protocol(forge_with_low_order_points);
}

static void dh_refuses_zero(void **state) {
    (void)state;
    uint8_t secret[32], out[32];
    struct forged_point point;

    randombytes_buf(secret, sizeof secret);
    for (size_t i = 0; i < 2 * LOW_ORDER_COUNT; i++) {
        memset(out, 0xff, sizeof out);
        low_order_point(i, &point);
        assert_false(noise_dh(secret, point.public, out));
        assert_true(sodium_is_zero(out, sizeof out));
    }
}

static int start_libsodium(void **state) {
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_of_another_length_fail),
        cmocka_unit_test(every_flipped_bit_fails),
        cmocka_unit_test(answer_of_another_handshake_fails),
        cmocka_unit_test(stolen_secret_does_not_make_others),
        cmocka_unit_test(low_order_points_abort),
        cmocka_unit_test(dh_refuses_zero),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("noise_attacks", tests, start_libsodium, NULL);
}
