#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <sodium.h>

#include "common/noise.h"
#include "tests/support/noise_pair.h"

#define PAYLOAD_MAX 900

/* Runs a test for every protocol; the message names the one that failed. */
static void for_each_protocol(void (*test)(const struct noise_protocol *protocol)) {
    size_t count;
    const struct noise_protocol *protocols = noise_protocols(&count);
    for (size_t i = 0; i < count; i++) test(&protocols[i]);
}

static void write_random(struct noise *from, size_t overhead, size_t payload_size, uint8_t *payload, uint8_t *message) {
    randombytes_buf(payload, payload_size);
    size_t size = noise_write(from, payload, payload_size, message, overhead + payload_size);
    assert_int_equal(size, overhead + payload_size);
}

static void assert_wiped_but_for_remote(const struct noise *noise, const uint8_t remote_static[32]) {
    struct noise expected;
    memset(&expected, 0, sizeof expected);
    expected.failed = true;
    memcpy(expected.remote_static, remote_static, 32);
    assert_memory_equal(noise, &expected, sizeof expected);
}

static void converse(const struct noise_protocol *protocol) {
    uint8_t payload[PAYLOAD_MAX], message[PAYLOAD_MAX + 128], got[PAYLOAD_MAX];
    struct noise_keys keys[2];
    struct noise_pair pair;
    size_t got_size;
    noise_pair_make(&pair, protocol);
    for (unsigned i = 0; i < protocol->messages; i++) {
        size_t payload_size = randombytes_uniform(PAYLOAD_MAX + 1);
        assert_false(noise_finished(&pair.side[0]));
        write_random(&pair.side[i % 2], protocol->overhead[i], payload_size, payload, message);
        assert_true(noise_read(&pair.side[1 - i % 2], message, protocol->overhead[i] + payload_size, got, payload_size,
                               &got_size));
        assert_int_equal(got_size, payload_size);
        assert_memory_equal(got, payload, payload_size);
    }
    for (int i = 0; i < 2; i++) {
        assert_true(noise_finished(&pair.side[i]));
        assert_true(noise_split(&pair.side[i], &keys[i]));
        assert_false(noise_finished(&pair.side[i]));
        assert_false(noise_split(&pair.side[i], &keys[i]));
    }
    assert_memory_equal(keys[0].send, keys[1].receive, NOISE_KEY_SIZE);
    assert_memory_equal(keys[0].receive, keys[1].send, NOISE_KEY_SIZE);
    assert_memory_not_equal(keys[0].receive, keys[0].send, NOISE_KEY_SIZE);
    assert_memory_equal(keys[0].hash, keys[1].hash, NOISE_HASH_SIZE);
    static const uint8_t nobody[32];
    assert_wiped_but_for_remote(&pair.side[0], pair.public[1]);
    assert_wiped_but_for_remote(&pair.side[1], protocol->pattern == NOISE_NK ? nobody : pair.public[0]);
}

static void conversations_carry_random_payloads(void **state) {
    (void)state;
    for (int round = 0; round < 20; round++) for_each_protocol(converse);
}

/* Everything that is not message `index` in its turn is refused and leaves no trace. */
static void assert_refuses_out_of_turn(struct noise_pair *pair, unsigned index, unsigned messages) {
    struct noise before[2] = {pair->side[0], pair->side[1]};
    uint8_t buffer[256] = {0}, payload[256];
    struct noise_keys keys;
    size_t payload_size;
    for (unsigned i = 0; i < 2; i++) {
        bool may_write = index < messages && index % 2 == i, may_read = index < messages && index % 2 != i;
        if (!may_write) assert_int_equal(noise_write(&pair->side[i], NULL, 0, buffer, sizeof buffer), 0);
        if (!may_read)
            assert_false(noise_read(&pair->side[i], buffer, sizeof buffer, payload, sizeof payload, &payload_size));
        if (index < messages) assert_false(noise_split(&pair->side[i], &keys));
    }
    assert_memory_equal(pair->side, before, sizeof before);
}

static void step_out_of_turn(const struct noise_protocol *protocol) {
    struct noise_pair pair;
    noise_pair_make(&pair, protocol);
    for (unsigned i = 0; i < protocol->messages; i++) {
        assert_refuses_out_of_turn(&pair, i, protocol->messages);
        assert_true(noise_pair_step(&pair, i));
    }
    assert_refuses_out_of_turn(&pair, protocol->messages, protocol->messages);
    assert_true(noise_finished(&pair.side[0]) && noise_finished(&pair.side[1]));
}

static void calls_out_of_turn_change_nothing(void **state) {
    (void)state;
    for_each_protocol(step_out_of_turn);
}

/* After a failure nothing is left of the keys, and nothing works any more. */
static void assert_dead(struct noise *noise) {
    static const uint8_t nobody[32];
    uint8_t buffer[256] = {0}, payload[256];
    size_t payload_size;
    assert_wiped_but_for_remote(noise, nobody);
    assert_int_equal(noise_write(noise, NULL, 0, buffer, sizeof buffer), 0);
    assert_false(noise_read(noise, buffer, sizeof buffer, payload, sizeof payload, &payload_size));
}

/* Writes the last message in two steps; `foreseen` receives the keys. */
static size_t write_last_in_steps(struct noise *noise, uint8_t *out, size_t capacity, struct noise_keys *foreseen) {
    static const uint8_t nobody[32];
    uint8_t buffer[256];
    size_t head = noise_write_last_tokens(noise, out, capacity);
    assert_true(head >= 32);
    struct noise half = *noise;
    assert_int_equal(noise_write_last_tokens(noise, buffer, sizeof buffer), 0);
    assert_int_equal(noise_write(noise, NULL, 0, buffer, sizeof buffer), 0);
    assert_true(noise_foresee_keys(noise, foreseen));
    assert_memory_equal(noise, &half, sizeof half);
    size_t tail = noise_write_last_payload(noise, "payload", 7, out + head, capacity - head);
    assert_int_equal(tail, 7 + 16);
    assert_wiped_but_for_remote(noise, nobody);
    assert_false(noise_foresee_keys(noise, foreseen + 1));
    return head + tail;
}

/* What belongs to the last message's two steps alone. */
static void assert_no_steps(struct noise *noise) {
    struct noise before = *noise;
    uint8_t buffer[256];
    struct noise_keys keys;
    assert_false(noise_foresee_keys(noise, &keys));
    assert_int_equal(noise_write_last_payload(noise, NULL, 0, buffer, sizeof buffer), 0);
    assert_int_equal(noise_write_payload(noise, NULL, 0, buffer, sizeof buffer), 0);
    assert_memory_equal(noise, &before, sizeof before);
}

static void write_stepwise(const struct noise_protocol *protocol) {
    static const uint8_t ephemeral[2][32] = {{1}, {2}}, no_hash[NOISE_HASH_SIZE];
    uint8_t message[256], in_steps[256], payload[256];
    struct noise_keys foreseen[2], keys;
    struct noise_pair pair;
    size_t payload_size;
    noise_pair_make(&pair, protocol);
    for (int i = 0; i < 2; i++) pair.config[i].ephemeral_secret = ephemeral[i];
    noise_pair_start(&pair);
    for (unsigned i = 0; i < protocol->messages; i++) {
        struct noise *writer = &pair.side[i % 2], stepping = *writer;
        bool last = i + 1 == protocol->messages;
        assert_no_steps(writer);
        size_t size = noise_write(writer, "payload", 7, message, sizeof message);
        if (last) {
            assert_int_equal(write_last_in_steps(&stepping, in_steps, sizeof in_steps, foreseen), size);
            assert_memory_equal(in_steps, message, size);
        } else {
            assert_int_equal(noise_write_last_tokens(&stepping, in_steps, sizeof in_steps), 0);
        }
        assert_true(noise_read(&pair.side[1 - i % 2], message, size, payload, sizeof payload, &payload_size));
    }
    assert_true(noise_split(&pair.side[(protocol->messages - 1) % 2], &keys));
    assert_memory_equal(foreseen->send, keys.send, NOISE_KEY_SIZE);
    assert_memory_equal(foreseen->receive, keys.receive, NOISE_KEY_SIZE);
    assert_memory_equal(foreseen->hash, no_hash, NOISE_HASH_SIZE);
}

static void two_steps_write_the_same_and_foresee_the_keys(void **state) {
    (void)state;
    for_each_protocol(write_stepwise);
}

/* Any message, and its writer goes on. Both sides have the same hash before its payload, and it is another one for each
 * message, which the payload does not change. */
static void write_each_in_steps(const struct noise_protocol *protocol) {
    static const uint8_t ephemeral[2][32] = {{1}, {2}};
    uint8_t message[256], in_steps[256], payload[256], buffer[256], hashes[4][NOISE_HASH_SIZE] = {{0}};
    struct noise_pair pair;
    size_t payload_size;
    noise_pair_make(&pair, protocol);
    for (int i = 0; i < 2; i++) pair.config[i].ephemeral_secret = ephemeral[i];
    noise_pair_start(&pair);
    for (unsigned i = 0; i < protocol->messages; i++) {
        struct noise *writer = &pair.side[i % 2], *reader = &pair.side[1 - i % 2], stepping = *writer;
        size_t size = noise_write(writer, "payload", 7, message, sizeof message);
        size_t head = noise_write_tokens(&stepping, in_steps, sizeof in_steps);
        assert_true(head >= 32);
        assert_int_equal(noise_write_tokens(&stepping, buffer, sizeof buffer), 0);
        assert_int_equal(noise_write(&stepping, NULL, 0, buffer, sizeof buffer), 0);
        if (i + 1 < protocol->messages) {
            struct noise_keys keys;
            assert_false(noise_foresee_keys(&stepping, &keys));
            assert_int_equal(noise_write_last_payload(&stepping, NULL, 0, buffer, sizeof buffer), 0);
        }
        uint8_t *hash = hashes[i + 1];
        noise_payload_hash(&stepping, hash);
        for (unsigned j = 0; j <= i; j++) assert_memory_not_equal(hash, hashes[j], NOISE_HASH_SIZE);
        struct noise too_small = stepping;
        assert_int_equal(noise_write_payload(&too_small, "payload", 7, buffer, size - head - 1), 0);
        assert_dead(&too_small);
        assert_int_equal(head + noise_write_payload(&stepping, "payload", 7, in_steps + head, sizeof in_steps - head),
                         size);
        assert_memory_equal(in_steps, message, size);
        assert_memory_equal(&stepping, writer, sizeof stepping);
        assert_true(noise_read(reader, message, size, payload, sizeof payload, &payload_size));
        noise_payload_hash(reader, payload);
        assert_memory_equal(payload, hash, NOISE_HASH_SIZE);
    }
}

static void every_message_can_be_written_in_two_steps(void **state) {
    (void)state;
    for_each_protocol(write_each_in_steps);
}

static void fit_capacity(const struct noise_protocol *protocol) {
    uint8_t payload[40], message[256], got[40];
    struct noise_pair pair;
    size_t got_size;
    noise_pair_make(&pair, protocol);
    for (unsigned i = 0; i < protocol->messages; i++) {
        size_t exact = protocol->overhead[i] + sizeof payload;
        for (size_t capacity = 0; capacity < exact; capacity++) {
            struct noise copy = pair.side[i % 2];
            assert_int_equal(noise_write(&copy, payload, sizeof payload, message, capacity), 0);
            assert_dead(&copy);
        }
        write_random(&pair.side[i % 2], protocol->overhead[i], sizeof payload, payload, message);
        struct noise copy = pair.side[1 - i % 2];
        assert_false(noise_read(&copy, message, exact, got, sizeof got - 1, &got_size));
        assert_dead(&copy);
        assert_true(noise_read(&pair.side[1 - i % 2], message, exact, got, sizeof got, &got_size));
    }
}

static void buffers_too_small_are_refused(void **state) {
    (void)state;
    for_each_protocol(fit_capacity);
}

static void fill_message(const struct noise_protocol *protocol) {
    static uint8_t payload[NOISE_MESSAGE_MAX], message[NOISE_MESSAGE_MAX + 1], got[NOISE_MESSAGE_MAX + 1];
    size_t most = NOISE_MESSAGE_MAX - protocol->overhead[0], got_size;
    struct noise_pair pair;
    noise_pair_make(&pair, protocol);
    assert_int_equal(noise_write(&pair.side[0], payload, most + 1, message, sizeof message), 0);
    noise_pair_start(&pair);
    assert_int_equal(noise_write(&pair.side[0], payload, SIZE_MAX - 8, message, sizeof message), 0);
    noise_pair_start(&pair);
    assert_int_equal(noise_write(&pair.side[0], payload, most, message, sizeof message), NOISE_MESSAGE_MAX);
    struct noise copy = pair.side[1];
    assert_false(noise_read(&copy, message, NOISE_MESSAGE_MAX + 1, got, sizeof got, &got_size));
    assert_true(noise_read(&pair.side[1], message, NOISE_MESSAGE_MAX, got, sizeof got, &got_size));
    assert_int_equal(got_size, most);
}

static void messages_end_at_65535_bytes(void **state) {
    (void)state;
    for_each_protocol(fill_message);
}

/* Where the two disagree, the first message sealed under what they disagree on fails. */
static void disagree(const struct noise_protocol *protocol) {
    struct noise_pair pair;
    uint8_t other_psk[32] = {1};
    noise_pair_make(&pair, protocol);
    pair.config[1].prologue = "b prologue";
    noise_pair_start(&pair);
    assert_int_equal(noise_pair_run(&pair, protocol), protocol->pattern == NOISE_XX ? 1 : 0);

    noise_pair_make(&pair, protocol);
    pair.config[1].prologue_size--;
    noise_pair_start(&pair);
    assert_int_equal(noise_pair_run(&pair, protocol), protocol->pattern == NOISE_XX ? 1 : 0);

    noise_pair_make(&pair, protocol);
    pair.config[1].psk = other_psk;
    noise_pair_start(&pair);
    assert_int_equal(noise_pair_run(&pair, protocol), protocol->pattern == NOISE_XXPSK3 ? 2 : protocol->messages);
}

static void another_prologue_or_psk_fails(void **state) {
    (void)state;
    for_each_protocol(disagree);
}

static void another_pattern_or_suite_fails(void **state) {
    (void)state;
    size_t count;
    const struct noise_protocol *protocols = noise_protocols(&count);

    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            struct noise_pair pair;
            noise_pair_make(&pair, &protocols[i]);
            pair.config[1].pattern = protocols[j].pattern;
            pair.config[1].suite = protocols[j].suite;
            noise_pair_start(&pair);
            unsigned done = noise_pair_run(&pair, &protocols[i]);
            if (i == j)
                assert_int_equal(done, protocols[i].messages);
            else
                assert_true(done <= 1);
        }
    }
}

static void wrong_responder_key_fails(void **state) {
    (void)state;
    size_t count;
    struct noise_pair pair;

    noise_pair_make(&pair, noise_protocols(&count));
    pair.config[0].remote_static = pair.public[0];
    noise_pair_start(&pair);
    assert_int_equal(noise_pair_run(&pair, noise_protocols(&count)), 0);
}

static void assert_refused(const struct noise_config *config) {
    struct noise noise;
    uint8_t buffer[256] = {0}, payload[256];
    size_t payload_size;
    noise_init(&noise, config);
    assert_true(noise.failed);
    assert_int_equal(noise_write(&noise, NULL, 0, buffer, sizeof buffer), 0);
    assert_false(noise_read(&noise, buffer, sizeof buffer, payload, sizeof payload, &payload_size));
    assert_false(noise_finished(&noise));
}

static void leave_out_keys(const struct noise_protocol *protocol) {
    for (int i = 0; i < 2; i++) {
        struct noise_pair pair;
        noise_pair_make(&pair, protocol);
        struct noise_config whole = pair.config[i], *config = &pair.config[i];
        if (config->remote_static) {
            config->remote_static = NULL;
            assert_refused(config);
        }
        *config = whole;
        if (config->static_secret) {
            config->static_secret = NULL;
            assert_refused(config);
        }
        *config = whole;
        if (protocol->pattern == NOISE_XXPSK3) {
            config->psk = NULL;
            assert_refused(config);
        }
        *config = whole;
        config->suite = 0;
        assert_refused(config);
    }
}

static void missing_keys_never_become_zeros(void **state) {
    (void)state;
    for_each_protocol(leave_out_keys);
}

static void give_public_key(const struct noise_protocol *protocol) {
    struct noise_pair pair;
    noise_pair_make(&pair, protocol);
    for (int i = 0; i < 2; i++) {
        struct noise computed = pair.side[i];
        pair.config[i].static_public = pair.config[i].static_secret ? pair.public[i] : NULL;
        noise_pair_start(&pair);
        assert_memory_equal(&pair.side[i], &computed, sizeof computed);
    }
}

static void public_key_is_computed_when_not_given(void **state) {
    (void)state;
    for_each_protocol(give_public_key);
}

static void ephemeral_keys_are_fresh(const struct noise_protocol *protocol) {
    struct noise_pair pair;
    uint8_t messages[2][256];
    noise_pair_make(&pair, protocol);
    for (int i = 0; i < 2; i++) {
        noise_pair_start(&pair);
        assert_true(noise_write(&pair.side[0], NULL, 0, messages[i], sizeof messages[i]) > 0);
    }
    assert_memory_not_equal(messages[0], messages[1], 32);
}

static void two_handshakes_share_no_ephemeral_key(void **state) {
    (void)state;
    for_each_protocol(ephemeral_keys_are_fresh);
}

static int start_libsodium(void **state) {
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conversations_carry_random_payloads),
        cmocka_unit_test(calls_out_of_turn_change_nothing),
        cmocka_unit_test(two_steps_write_the_same_and_foresee_the_keys),
        cmocka_unit_test(every_message_can_be_written_in_two_steps),
        cmocka_unit_test(buffers_too_small_are_refused),
        cmocka_unit_test(messages_end_at_65535_bytes),
        cmocka_unit_test(another_prologue_or_psk_fails),
        cmocka_unit_test(another_pattern_or_suite_fails),
        cmocka_unit_test(wrong_responder_key_fails),
        cmocka_unit_test(missing_keys_never_become_zeros),
        cmocka_unit_test(public_key_is_computed_when_not_given),
        cmocka_unit_test(two_handshakes_share_no_ephemeral_key),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("noise", tests, start_libsodium, NULL);
}
