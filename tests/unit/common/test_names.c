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
    assert_hex(room.set.tag, 16, "7fdb5967f740715c5c01c2022291a3e6");
    assert_memory_equal(room.id, room.set.tag, sizeof room.id);
    assert_hex(room.blinding_key, 32, "5aff3093f6974097c20d3155832ba4a9a642560b9bef3545093454e66279224c");
    assert_hex(room.set.mac_key, 16, "dac86f4ffee6ee85df9fd85c9c99c03a");
    assert_hex(room.set.psk, 32, "1b23b03e8aab56bfcbd485e214dc9c1b1b359115327ee6035cf19cbe5fc5656f");
}

static void room_with_a_secret(void **state) {
    (void)state;
    static const char secret[] = "correct horse";
    struct room_keys room;

    assert_true(room_keys_derive(ROOM, secret, strlen(secret), &room));
    assert_true(room.has_secret);
    assert_hex(room.key, 32, "5097a236460f928d5b32608f12d856eddf5064a67c544277c21248796769bcc0");
    assert_hex(room.set.tag, 16, "1222a90f5c44cac9ffc874b10b1d4a96");
    assert_memory_equal(room.id, room.set.tag, sizeof room.id);
    assert_hex(room.blinding_key, 32, "f330cdfd53d046761cae3fb8a36a5dc7e6843859d6f865ac0f9c9d9a63ab108a");
    assert_hex(room.set.mac_key, 16, "e5c40e336d074e6930498ba57b2046b6");
    assert_hex(room.set.psk, 32, "4ecc64783e55667ab63c7cbfaf4d5b500a9220d47dbef5fece7c74a1ac4712b0");
}

/* Other work and another salt: as a secret the same words give another room. */
static void room_with_a_passphrase(void **state) {
    (void)state;
    static const char words[] = "correct horse battery staple";
    struct room_keys room, other;

    assert_true(room_keys_derive_passphrase(ROOM, words, strlen(words), &room));
    assert_true(room.has_secret);
    assert_hex(room.key, 32, "5dc3491a07e3f237d51e614e02eb3f31412572a3f67d0dcb9d0b9edfa9a21275");
    assert_hex(room.set.tag, 16, "265a67d61907a32fd71bf91e07d5cc73");
    assert_hex(room.set.psk, 32, "ec7bd8aa582f66bb70e23e63b1ca5ca99ca93c820d01c82ae7182c737e9a052d");
    assert_memory_equal(room.id, room.set.tag, sizeof room.id);
    assert_true(room_keys_derive(ROOM, words, strlen(words), &other));
    assert_memory_not_equal(room.key, other.key, sizeof room.key);
    assert_false(room_keys_derive_passphrase(ROOM, "", 0, &room));
}

static void empty_secret_is_an_open_room(void **state) {
    (void)state;
    struct room_keys open, empty;

    assert_true(room_keys_derive(ROOM, NULL, 0, &open));
    assert_true(room_keys_derive(ROOM, "", 0, &empty));
    assert_memory_equal(&open, &empty, sizeof open);
}

/* The owner is `alice`, the nonce `bob`, of one secret these bytes from 160 on. */
static void private_room(void **state) {
    (void)state;
    uint8_t root[32], secret[32];
    struct room_keys room;
    struct key_set first, later;

    private_root(alice, bob, root);
    assert_hex(root, 32, "dfe6ef8113fb2be6b7a1d354af814285de4c105da20cdc312d94905c7237c7c3");
    assert_true(private_keys_derive(ROOM, root, &room));
    assert_true(room.has_secret);
    assert_hex(room.key, 32, "538d8f4da85504cf817d7d1e91130cf91130a05b5b606cab184544cf0d847286");
    assert_hex(room.id, 16, "b3d317f698f274caebb48867ecb014f8");
    assert_hex(room.blinding_key, 32, "20c5bccdb989b61a2fe2ffb24f74aa1d06d2055223fd1dc063706552f949e0ea");
    private_first_secret(&room, secret);
    assert_hex(secret, 32, "1f53d633de2e1a0d1851f5c473449f104241f6767ed01de4fc2da834ba6deddc");
    key_set_derive(root, secret, &first);
    assert_memory_equal(&room.set, &first, sizeof first);
    assert_hex(first.tag, 16, "7ee8f4a8b8cb8687a96082ba2dd00d04");
    assert_hex(first.mac_key, 16, "9d88b30eac39f87eb5b0ee49101b9268");
    assert_hex(first.psk, 32, "e606fecfd08bbf86f3bd7320332022fd68639b27fa934501a7c0efd484b7581b");
    for (uint8_t i = 0; i < 32; i++) secret[i] = (uint8_t)(160 + i);
    key_set_derive(root, secret, &later);
    assert_hex(later.tag, 16, "59dc2c71f436f56a6c246fbec29b88d7");
    assert_hex(later.mac_key, 16, "7ab04c0f3fa4f90294939e41588c76b0");
    assert_hex(later.psk, 32, "bf18b1927f971a2d2932e21dc91fa5a1f13f271299a4d41d13d56deb8283b745");
}

static void private_rooms_of_others_are_others(void **state) {
    (void)state;
    uint8_t roots[3][32];
    struct room_keys keys[4];

    private_root(alice, bob, roots[0]);
    private_root(bob, bob, roots[1]);
    private_root(alice, seed, roots[2]);
    for (size_t i = 0; i < 4; i++) {
        assert_true(private_keys_derive(i < 3 ? ROOM : "lobby", roots[i % 3], &keys[i]));
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(keys[i].id, keys[j].id, ROOM_ID_SIZE);
            assert_memory_not_equal(keys[i].blinding_key, keys[j].blinding_key, 32);
            assert_memory_not_equal(keys[i].set.tag, keys[j].set.tag, ROOM_TAG_SIZE);
        }
    }
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
            assert_memory_not_equal(keys[i].set.tag, keys[j].set.tag, ROOM_TAG_SIZE);
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
    assert_true(private_keys_derive(name, alice, &room));
    name[ROOM_NAME_MAX] = 'n';
    assert_false(private_keys_derive(name, alice, &room));
    assert_false(private_keys_derive("", alice, &room));
}

/* Another point of the same key: its own and one of order 8, so that its secret is the same. */
static void add_torsion(const uint8_t public[static 32], uint8_t out[static 32]) {
    uint8_t torsion[32];
    sodium_hex2bin(torsion, 32, "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", 64, NULL, NULL,
                   NULL);
    assert_int_equal(crypto_core_ed25519_add(out, public, torsion), 0);
}

/* From the pure Perl of tests/lib/GoChat/Primitives.pm, as all of appendix A of PROTOCOL.md. */
static void member_keys(void **state) {
    (void)state;
    uint8_t seed_of_a[32], public[32], secret[64], key[MEMBER_KEY_SIZE], id[MEMBER_ID_SIZE];
    struct room_keys room;
    for (uint8_t i = 0; i < 32; i++) seed_of_a[i] = i;
    crypto_sign_seed_keypair(public, secret, seed_of_a);
    assert_true(room_keys_derive(ROOM, NULL, 0, &room));
    assert_true(member_key_derive(&room, public, key));
    assert_hex(key, sizeof key, "eeac3ba384c1c0d544576304593dae57339cfc1b5dcbe57b5a807dd5d4edaa01");
    assert_true(member_secret_derive(&room, secret, key));
    assert_hex(key, sizeof key, "f8530c9b69ac9307771c375af476f46588a3ae3867dc7d018a2f773c5cca7b51");
    member_id_derive(&room, public, id);
    assert_hex(id, sizeof id, "471968d6b50209908c13a656c13ede8e");
}

/* Of many identities in many rooms; half of them need the other sign. */
static void a_member_secret_belongs_to_its_key(void **state) {
    (void)state;
    struct room_keys room;
    memset(&room, 0, sizeof room);
    unsigned first_sign = 0;
    for (unsigned i = 0; i < 1000; i++) {
        uint8_t public[32], identity[64], key[MEMBER_KEY_SIZE], secret[MEMBER_KEY_SIZE], base[32];
        uint8_t id[MEMBER_ID_SIZE], again[MEMBER_ID_SIZE], factor[64], expected[32];
        randombytes_buf(room.blinding_key, sizeof room.blinding_key);
        crypto_sign_keypair(public, identity);
        assert_true(member_key_derive(&room, public, key));
        assert_true(member_secret_derive(&room, identity, secret));
        assert_int_equal(secret[0] % 8, 0); /* X25519 changes nothing of it */
        assert_int_equal(secret[31] >> 6, 1);
        crypto_scalarmult_base(base, secret);
        assert_memory_equal(base, key, sizeof key);
        member_id_of_key(key, id);
        member_id_derive(&room, public, again);
        assert_memory_equal(id, again, sizeof id);

        crypto_generichash(factor, sizeof factor, public, 32, room.blinding_key, sizeof room.blinding_key);
        crypto_core_ed25519_scalar_reduce(factor, factor);
        crypto_sign_ed25519_sk_to_curve25519(expected, identity);
        crypto_core_ed25519_scalar_mul(expected, expected, factor);
        memcpy(factor, secret, sizeof secret);
        memset(factor + 32, 0, 32);
        crypto_core_ed25519_scalar_reduce(factor, factor);
        first_sign += memcmp(factor, expected, 32) == 0;
    }
    assert_in_range(first_sign, 400, 600);
}

static void rooms_share_no_member_key(void **state) {
    (void)state;
    uint8_t public[32], secret[64], keys[2][MEMBER_KEY_SIZE], secrets[2][MEMBER_KEY_SIZE], ids[2][MEMBER_ID_SIZE];
    static const char *const names[] = {ROOM, "other"};
    crypto_sign_seed_keypair(public, secret, seed);
    for (size_t i = 0; i < 2; i++) {
        struct room_keys room;
        assert_true(room_keys_derive(names[i], NULL, 0, &room));
        assert_true(member_key_derive(&room, public, keys[i]) && member_secret_derive(&room, secret, secrets[i]));
        member_id_derive(&room, public, ids[i]);
    }
    assert_memory_not_equal(keys[0], keys[1], MEMBER_KEY_SIZE);
    assert_memory_not_equal(secrets[0], secrets[1], MEMBER_KEY_SIZE);
    assert_memory_not_equal(ids[0], ids[1], MEMBER_ID_SIZE);
}

/* Else somebody could have several ids in a room under one secret, or one whose secret is known to all. */
static void what_is_no_identity_has_no_member_key(void **state) {
    (void)state;
    static const uint8_t nothing[MEMBER_KEY_SIZE];
    uint8_t public[32], secret[64], bad[5][32] = {{1}, {0}, {2}};
    struct room_keys room;
    assert_true(room_keys_derive(ROOM, NULL, 0, &room));
    crypto_sign_seed_keypair(public, secret, seed);
    add_torsion(public, bad[3]);
    memset(bad[4], 0xff, 32); /* more than the field's prime */
    for (size_t i = 0; i < 5; i++) {
        uint8_t key[MEMBER_KEY_SIZE] = {1}, id[MEMBER_ID_SIZE] = {1};
        assert_false(member_key_derive(&room, bad[i], key));
        assert_memory_equal(key, nothing, sizeof key);
        member_id_derive(&room, bad[i], id);
        assert_memory_equal(id, nothing, sizeof id);
    }
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
        cmocka_unit_test(room_with_a_passphrase),
        cmocka_unit_test(private_room),
        cmocka_unit_test(private_rooms_of_others_are_others),
        cmocka_unit_test(empty_secret_is_an_open_room),
        cmocka_unit_test(every_byte_of_name_and_secret_counts),
        cmocka_unit_test(sizes_have_limits),
        cmocka_unit_test(member_keys),
        cmocka_unit_test(a_member_secret_belongs_to_its_key),
        cmocka_unit_test(rooms_share_no_member_key),
        cmocka_unit_test(what_is_no_identity_has_no_member_key),
        cmocka_unit_test(fingerprints),
        cmocka_unit_test(safety_numbers),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("names", tests, start, NULL);
}
