#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <sodium.h>

#include "common/names.h"

#define ROOM "lobby \xc3\xa9"

static uint8_t alice[32], bob[32], seed[32];

static int start(void **state) {
    (void)state;
    for (uint8_t i = 0; i < 32; i++) {
        alice[i] = i;
        bob[i] = (uint8_t)(32 + i);
        seed[i] = (uint8_t)(64 + i);
    }
    return sodium_init() < 0 ? -1 : 0;
}

static void assert_hex(const uint8_t *bytes, size_t size, const char *expected) {
    char hex[129];
    assert_string_equal(sodium_bin2hex(hex, sizeof hex, bytes, size), expected);
}

/* The expected values come from other implementations: BLAKE2b of Python's hashlib, Argon2id of OpenSSL. */

static void open_room(void **state) {
    (void)state;
    struct room_keys room;

    assert_true(room_keys_derive(ROOM, NULL, 0, &room));
    assert_false(room.has_secret);
    assert_hex(room.key, 32, "907bda95775f07e27938eff40c90c68b0838de1672ab4436132509d21f5814f6");
    assert_hex(room.tag, 16, "7fdb5967f740715c5c01c2022291a3e6");
    assert_hex(room.member_key, 32, "5aff3093f6974097c20d3155832ba4a9a642560b9bef3545093454e66279224c");
    assert_hex(room.mac_key, 16, "dac86f4ffee6ee85df9fd85c9c99c03a");
    assert_hex(room.psk, 32, "1b23b03e8aab56bfcbd485e214dc9c1b1b359115327ee6035cf19cbe5fc5656f");
}

static void room_with_a_secret(void **state) {
    (void)state;
    static const char secret[] = "correct horse";
    struct room_keys room;

    assert_true(room_keys_derive(ROOM, secret, strlen(secret), &room));
    assert_true(room.has_secret);
    assert_hex(room.key, 32, "5097a236460f928d5b32608f12d856eddf5064a67c544277c21248796769bcc0");
    assert_hex(room.tag, 16, "1222a90f5c44cac9ffc874b10b1d4a96");
    assert_hex(room.member_key, 32, "f330cdfd53d046761cae3fb8a36a5dc7e6843859d6f865ac0f9c9d9a63ab108a");
    assert_hex(room.mac_key, 16, "e5c40e336d074e6930498ba57b2046b6");
    assert_hex(room.psk, 32, "4ecc64783e55667ab63c7cbfaf4d5b500a9220d47dbef5fece7c74a1ac4712b0");
}

static void empty_secret_is_an_open_room(void **state) {
    (void)state;
    struct room_keys open, empty;

    assert_true(room_keys_derive(ROOM, NULL, 0, &open));
    assert_true(room_keys_derive(ROOM, "", 0, &empty));
    assert_memory_equal(&open, &empty, sizeof open);
}

static void every_byte_of_name_and_secret_counts(void **state) {
    (void)state;
    const struct {
        const char *name, *secret;
        size_t secret_size;
    } rooms[] = {{"a", "", 0},    {"b", "", 0},  {"a ", "", 0}, {"a", "s", 1},
                 {"a", "s\0", 2}, {"b", "s", 1}, {"a", "t", 1}};
    struct room_keys keys[7];

    for (size_t i = 0; i < 7; i++) {
        assert_true(room_keys_derive(rooms[i].name, rooms[i].secret, rooms[i].secret_size, &keys[i]));
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(keys[i].key, keys[j].key, 32);
            assert_memory_not_equal(keys[i].tag, keys[j].tag, ROOM_TAG_SIZE);
        }
    }
}

static void sizes_have_limits(void **state) {
    (void)state;
    static char name[ROOM_NAME_MAX + 2], secret[ROOM_SECRET_MAX + 1];
    struct room_keys room;

    memset(name, 'n', ROOM_NAME_MAX + 1);
    assert_false(room_keys_derive("", NULL, 0, &room));
    assert_false(room_keys_derive(name, NULL, 0, &room));
    assert_false(room_keys_derive(ROOM, secret, sizeof secret, &room));
    assert_true(room_keys_derive(ROOM, secret, sizeof secret - 1, &room));
    name[ROOM_NAME_MAX] = '\0';
    assert_true(room_keys_derive(name, NULL, 0, &room));
    assert_true(room_keys_derive("\x01\xff", NULL, 0, &room));
}

static void member_ids(void **state) {
    (void)state;
    uint8_t id[MEMBER_ID_SIZE], elsewhere[MEMBER_ID_SIZE];
    struct room_keys room, other;

    assert_true(room_keys_derive(ROOM, NULL, 0, &room));
    assert_true(room_keys_derive("other", NULL, 0, &other));
    member_id_derive(&room, alice, id);
    assert_hex(id, sizeof id, "80d0d0547241adcfbcbd90112e26a365");
    member_id_derive(&other, alice, elsewhere);
    assert_memory_not_equal(id, elsewhere, sizeof id);
}

static void owner_tokens(void **state) {
    (void)state;
    uint8_t token[OWNER_TOKEN_SIZE], other[OWNER_TOKEN_SIZE];
    struct room_keys room;

    assert_true(room_keys_derive(ROOM, NULL, 0, &room));
    owner_token_derive(seed, room.tag, bob, token);
    assert_hex(token, sizeof token, "6c7e2c69ca235c0c0d800617ad2c20cb");
    owner_token_derive(seed, room.tag, alice, other);
    assert_memory_not_equal(token, other, sizeof token);
    owner_token_derive(alice, room.tag, bob, other);
    assert_memory_not_equal(token, other, sizeof token);
    room.tag[0] ^= 1;
    owner_token_derive(seed, room.tag, bob, other);
    assert_memory_not_equal(token, other, sizeof token);
}

static void fingerprints(void **state) {
    (void)state;
    char text[FINGERPRINT_TEXT_SIZE];

    fingerprint_format(alice, text);
    assert_string_equal(text, "8cf1460799ab9b3c54f9713867c27d92");
}

static void safety_numbers(void **state) {
    (void)state;
    char text[SAFETY_NUMBER_TEXT_SIZE], turned[SAFETY_NUMBER_TEXT_SIZE];
    const char *expected = "56752 68298 47578 56064 84830 25813 83742 55687 08137 49068 07302 58485";

    safety_number_format(alice, bob, text);
    assert_string_equal(text, expected);
    safety_number_format(bob, alice, turned);
    assert_string_equal(turned, expected);
    safety_number_format(alice, alice, turned);
    assert_string_not_equal(turned, expected);
    assert_int_equal(strlen(turned), SAFETY_NUMBER_TEXT_SIZE - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_room),
        cmocka_unit_test(room_with_a_secret),
        cmocka_unit_test(empty_secret_is_an_open_room),
        cmocka_unit_test(every_byte_of_name_and_secret_counts),
        cmocka_unit_test(sizes_have_limits),
        cmocka_unit_test(member_ids),
        cmocka_unit_test(owner_tokens),
        cmocka_unit_test(fingerprints),
        cmocka_unit_test(safety_numbers),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("names", tests, start, NULL);
}
