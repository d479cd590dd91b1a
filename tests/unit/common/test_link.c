#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "common/link.h"
#include "tests/support/layout.h"

static uint8_t secret[LINK_SECRET_SIZE], key[32];

static int prepare(void **state) {
    (void)state;
    layout_random_bytes(secret, sizeof secret);
    layout_random_bytes(key, sizeof key);
    return sodium_init() < 0;
}

static void the_prologue_names_the_packet(void **state) {
    (void)state;
    uint8_t packet[REGISTER_HEADER_SIZE], out[LINK_PROLOGUE_SIZE];
    layout_random_bytes(packet, sizeof packet);
    link_prologue(packet, out);
    assert_memory_equal(out, "gochat link 1", 13);
    assert_memory_equal(out + 13, packet, sizeof packet);
    assert_int_equal(sizeof out, 13 + 32);
}

static void both_ends_have_the_same_secret(void **state) {
    (void)state;
    struct noise_keys client, bootnode;
    uint8_t client_secret[LINK_SECRET_SIZE], bootnode_secret[LINK_SECRET_SIZE], expected[LINK_SECRET_SIZE], both[64];
    layout_random_bytes(both, sizeof both);
    memcpy(client.send, both, 32);
    memcpy(client.receive, both + 32, 32);
    memcpy(bootnode.receive, both, 32);
    memcpy(bootnode.send, both + 32, 32);
    link_secret(&client, false, client_secret);
    link_secret(&bootnode, true, bootnode_secret);
    crypto_generichash(expected, sizeof expected, both, sizeof both, NULL, 0);
    assert_memory_equal(client_secret, expected, sizeof expected);
    assert_memory_equal(bootnode_secret, expected, sizeof expected);
}

static void subkeys_are_those_of_the_page(void **state) {
    (void)state;
    uint8_t expected[32], out[32];
    const enum link_direction to_bootnode = LINK_TO_BOOTNODE, to_client = LINK_TO_CLIENT;
    crypto_kdf_derive_from_key(expected, 32, 1, "gclink01", secret);
    link_seal_key(secret, to_bootnode, out);
    assert_memory_equal(out, expected, 32);
    crypto_kdf_derive_from_key(expected, 32, 2, "gclink01", secret);
    link_seal_key(secret, to_client, out);
    assert_memory_equal(out, expected, 32);
    crypto_kdf_derive_from_key(expected, 16, 3, "gclink01", secret);
    link_tag_key(secret, to_bootnode, out);
    assert_memory_equal(out, expected, 16);
    crypto_kdf_derive_from_key(expected, 16, 4, "gclink01", secret);
    link_tag_key(secret, to_client, out);
    assert_memory_equal(out, expected, 16);
}

static void flip(uint8_t *bytes, size_t bit) {
    bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

static void a_beat_fails_for_every_flipped_bit(void **state) {
    (void)state;
    uint8_t packet[BEAT_SIZE];
    const struct beat beat = {.flag = true, .session_id = layout_random(), .counter = 7, .version = {1, 2}};
    assert_int_equal(beat_encode(MESSAGE_HEARTBEAT, &beat, packet, sizeof packet), sizeof packet);
    link_tag_beat(key, packet);
    assert_true(link_check_beat(key, packet));
    for (size_t bit = 0; bit < 8 * sizeof packet; bit++) {
        flip(packet, bit);
        assert_false(link_check_beat(key, packet));
        flip(packet, bit);
    }
    for (size_t bit = 0; bit < 8 * LINK_TAG_KEY_SIZE; bit++) {
        flip(key, bit);
        assert_false(link_check_beat(key, packet));
        flip(key, bit);
    }
}

static void a_beat_is_tagged_with_siphash_2_4_128(void **state) {
    (void)state;
    uint8_t packet[BEAT_SIZE], expected[16];
    layout_random_bytes(packet, sizeof packet);
    link_tag_beat(key, packet);
    crypto_shorthash_siphashx24(expected, packet, 24, key);
    assert_memory_equal(packet + 24, expected, 16);
}

static void path_fails_for_every_flipped_bit(void **state) {
    (void)state;
    uint8_t packet[PATH_SIZE], expected[16];
    const struct path_message path = {.session_id = layout_random(), .cookie = {.time = 5, .tag = {9}}};
    assert_int_equal(path_encode(&path, packet, sizeof packet), sizeof packet);
    link_tag_path(key, packet);
    assert_true(link_check_path(key, packet));
    crypto_shorthash_siphashx24(expected, packet, 32, key);
    assert_memory_equal(packet + 32, expected, 8);
    for (size_t bit = 0; bit < 8 * sizeof packet; bit++) {
        flip(packet, bit);
        assert_false(link_check_path(key, packet));
        flip(packet, bit);
    }
}

static void a_relay_fails_for_every_flipped_bit(void **state) {
    (void)state;
    static const size_t sizes[] = {RELAY_PACKET_MIN, 100, RELAY_PACKET_MAX};
    uint8_t carried[RELAY_PACKET_MAX], packet[PACKET_MAX], expected[16];
    layout_random_bytes(carried, sizeof carried);
    carried[0] = 0x94;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const struct relay_message relay = {layout_random(), {7}, carried, sizes[i]};
        size_t size = relay_encode(&relay, packet, sizeof packet);
        assert_int_equal(size, sizes[i] + 44);
        link_tag_relay(key, packet, size);
        assert_true(link_check_relay(key, packet, size));
        crypto_shorthash_siphashx24(expected, packet, size - 16, key);
        assert_memory_equal(packet + size - 16, expected, 16);
        for (size_t bit = 0; bit < 8 * size; bit++) {
            flip(packet, bit);
            assert_false(link_check_relay(key, packet, size));
            flip(packet, bit);
        }
        for (size_t bit = 0; bit < 8 * LINK_TAG_KEY_SIZE; bit++) {
            flip(key, bit);
            assert_false(link_check_relay(key, packet, size));
            flip(key, bit);
        }
        assert_false(link_check_relay(key, packet, size - 1));
    }
}

static size_t seal(size_t body_size, uint8_t packet[static PACKET_MAX], const uint8_t *body) {
    const struct sealed_header header = {MESSAGE_CHANGES, 0x0102030405060708, 0x1112131415161718, 0x1920};
    return link_seal(key, &header, body, body_size, packet, PACKET_MAX);
}

static void sealed_packets_of_every_size_open(void **state) {
    (void)state;
    uint8_t body[PACKET_MAX], packet[PACKET_MAX], opened[PACKET_MAX];
    layout_random_bytes(body, sizeof body);
    for (size_t size = 14; size <= PACKET_MAX - SEALED_OVERHEAD; size++) {
        struct sealed_header header;
        size_t opened_size = 0;
        assert_int_equal(seal(size, packet, body), size + SEALED_OVERHEAD);
        assert_true(sealed_header_decode(packet, size + SEALED_OVERHEAD, &header));
        assert_true(header.session_id == 0x0102030405060708 && header.counter == 0x1112131415161718);
        assert_true(link_open(key, &header, packet, size + SEALED_OVERHEAD, opened, &opened_size));
        assert_int_equal(opened_size, size);
        assert_memory_equal(opened, body, size);
    }
}

static void an_empty_body_is_sealed_too(void **state) {
    (void)state;
    const struct sealed_header header = {MESSAGE_LEAVE, 1, 1, 0};
    uint8_t packet[SEALED_OVERHEAD];
    size_t size = 99;
    assert_int_equal(link_seal(key, &header, NULL, 0, packet, sizeof packet), SEALED_OVERHEAD);
    assert_true(link_open(key, &header, packet, sizeof packet, NULL, &size));
    assert_int_equal(size, 0);
    packet[35] ^= 1;
    assert_false(link_open(key, &header, packet, sizeof packet, NULL, &size));
}

/* As the bootnode does it: decode the header of what came, then open. */
static bool opens(const uint8_t *packet, size_t size) {
    uint8_t body[PACKET_MAX];
    size_t body_size;
    struct sealed_header header;
    return sealed_header_decode(packet, size, &header) && link_open(key, &header, packet, size, body, &body_size);
}

static void a_sealed_packet_fails_for_every_flipped_bit(void **state) {
    (void)state;
    uint8_t body[40], packet[PACKET_MAX] = {0};
    layout_random_bytes(body, sizeof body);
    size_t size = seal(sizeof body, packet, body);
    assert_true(opens(packet, size));
    for (size_t bit = 0; bit < 8 * size; bit++) {
        flip(packet, bit);
        assert_false(opens(packet, size));
        flip(packet, bit);
    }
    for (size_t bit = 0; bit < 8 * sizeof key; bit++) {
        flip(key, bit);
        assert_false(opens(packet, size));
        flip(key, bit);
    }
    for (size_t other = 0; other < sizeof packet; other++) assert_int_equal(opens(packet, other), other == size);
}

static void the_seal_is_noises_chacha20_poly1305(void **state) {
    (void)state;
    static const uint8_t nonce[12] = {0, 0, 0, 0, 0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11};
    uint8_t body[40], packet[PACKET_MAX], expected[40 + 16];
    layout_random_bytes(body, sizeof body);
    seal(sizeof body, packet, body);
    crypto_aead_chacha20poly1305_ietf_encrypt(expected, NULL, body, sizeof body, packet, 20, NULL, nonce, key);
    assert_memory_equal(packet + 20, expected, sizeof expected);
}

static void sealing_stays_within_its_capacity(void **state) {
    (void)state;
    const struct sealed_header header = {MESSAGE_MOVE, 1, 1, 0};
    uint8_t body[COOKIE_SIZE] = {0}, packet[SEALED_OVERHEAD + COOKIE_SIZE + 1];
    for (size_t capacity = 0; capacity < sizeof packet; capacity++) {
        memset(packet, 0xff, sizeof packet);
        size_t expected = capacity < SEALED_OVERHEAD + COOKIE_SIZE ? 0 : capacity;
        assert_int_equal(link_seal(key, &header, body, sizeof body, packet, capacity), expected);
        assert_int_equal(packet[capacity], 0xff);
    }
    assert_int_equal(link_seal(key, &header, body, SIZE_MAX, packet, sizeof packet), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_prologue_names_the_packet),
        cmocka_unit_test(both_ends_have_the_same_secret),
        cmocka_unit_test(subkeys_are_those_of_the_page),
        cmocka_unit_test(a_beat_fails_for_every_flipped_bit),
        cmocka_unit_test(a_beat_is_tagged_with_siphash_2_4_128),
        cmocka_unit_test(path_fails_for_every_flipped_bit),
        cmocka_unit_test(a_relay_fails_for_every_flipped_bit),
        cmocka_unit_test(sealed_packets_of_every_size_open),
        cmocka_unit_test(an_empty_body_is_sealed_too),
        cmocka_unit_test(a_sealed_packet_fails_for_every_flipped_bit),
        cmocka_unit_test(the_seal_is_noises_chacha20_poly1305),
        cmocka_unit_test(sealing_stays_within_its_capacity),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("link", tests, prepare, NULL);
}
