#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/keys/sealed_seed.h"
#include "common/why.h"

/* Made by another program: Argon2id, Ed25519 and ChaCha20-Poly1305 of OpenSSL by way of Python's `cryptography`, and an
 * HChaCha20 written for this. The seed is 00 01 … 1f. */
#define PASSPHRASE "correct horse battery staple"
#define KEY "fce378783ea9520b3bd21bbd62cca421440ca38704bf52735c43c124a52c16b5"
static const char known[] =
    "-----BEGIN GOCHAT IDENTITY-----\n"
    "Comment: a secret key behind a passphrase; gochat --mode identity restore FILE\n"
    "Version: 1\n"
    "Public: 03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8\n"
    "Derivation: argon2id 3 passes 256 MiB\n"
    "Salt: 404142434445464748494a4b4c4d4e4f\n"
    "Nonce: 606162636465666768696a6b6c6d6e6f7071727374757677\n"
    "Sealed: f2178043abdea53f09187275ca7aad735000011d1c415c198b11471043650c5438c78d54adfd43e4b5ef82c5c5f9a49d\n"
    "-----END GOCHAT IDENTITY-----\n";
#define KNOWN_SIZE (sizeof known - 1)

static uint8_t seed[SEED_SIZE], key[SEALED_SEED_KEY];

static int start(void **state) {
    (void)state;
    for (uint8_t i = 0; i < SEED_SIZE; i++) seed[i] = i;
    if (sodium_init() < 0) return -1;
    return sodium_hex2bin(key, sizeof key, KEY, strlen(KEY), NULL, NULL, NULL);
}

static void parse_known(struct sealed_seed *out) {
    struct why why;
    if (!sealed_seed_parse(known, KNOWN_SIZE, out, &why)) fail_msg("%s", why.text);
}

static void another_program_made_the_same(void **state) {
    struct sealed_seed sealed, ours;
    uint8_t derived[SEALED_SEED_KEY], opened[SEED_SIZE];
    char text[SEALED_SEED_TEXT_MAX];
    (void)state;
    parse_known(&sealed);
    assert_true(sealed_seed_derive(PASSPHRASE, sealed.salt, derived));
    assert_memory_equal(derived, key, sizeof key);
    assert_true(sealed_seed_open(&sealed, derived, opened));
    assert_memory_equal(opened, seed, SEED_SIZE);
    ours = sealed;
    memset(ours.box, 0, sizeof ours.box);
    memset(ours.public, 0, sizeof ours.public);
    sealed_seed_close(&ours, seed, derived);
    assert_int_equal(sealed_seed_write(&ours, text), KNOWN_SIZE);
    assert_string_equal(text, known);
}

static void what_was_sealed_opens_with_its_passphrase_alone(void **state) {
    struct sealed_seed first, second;
    uint8_t opened[SEED_SIZE];
    struct why why;
    (void)state;
    assert_true(sealed_seed_seal(seed, "one", &first, &why));
    assert_true(sealed_seed_seal(seed, "one", &second, &why));
    assert_memory_not_equal(first.salt, second.salt, sizeof first.salt);
    assert_memory_not_equal(first.nonce, second.nonce, sizeof first.nonce);
    assert_true(sealed_seed_unseal(&first, "one", opened, &why));
    assert_memory_equal(opened, seed, SEED_SIZE);
    assert_false(sealed_seed_unseal(&first, "two", opened, &why));
    assert_non_null(strstr(why.text, "passphrase is wrong"));
    assert_true(sodium_is_zero(opened, sizeof opened));
}

static unsigned line_of(size_t at) {
    unsigned line = 1;
    for (size_t i = 0; i < at; i++) line += known[i] == '\n';
    return line;
}

/* The key is the right one all the time, so that what is refused is refused for the change, and a change of the salt
 * not for the key that would come of it alone. Each byte becomes each other one: digits become other digits, too. */
static void every_changed_byte_is_refused(void **state) {
    char text[KNOWN_SIZE];
    size_t parsed = 0, refused = 0;
    (void)state;
    for (size_t at = 0; at < KNOWN_SIZE; at++) {
        for (int change = 1; change < 256; change++) {
            struct sealed_seed sealed;
            uint8_t opened[SEED_SIZE];
            struct why why = {""};
            memcpy(text, known, KNOWN_SIZE);
            text[at] = (char)(text[at] ^ change);
            if (sealed_seed_parse(text, KNOWN_SIZE, &sealed, &why)) {
                parsed++;
                assert_false(sealed_seed_open(&sealed, key, opened));
                continue;
            }
            refused++;
            assert_memory_equal(why.text, "line ", 5);
            unsigned long line = strtoul(why.text + 5, NULL, 10);
            /* A newline may have come in between, or gone. */
            assert_in_range(line, line_of(at), line_of(at) + 1);
        }
    }
    assert_int_equal(parsed, (64 + 32 + 48 + 96) * 15);
    assert_int_equal(parsed + refused, KNOWN_SIZE * 255);
}

static void what_is_cut_or_longer_is_refused(void **state) {
    char text[KNOWN_SIZE + 2];
    struct sealed_seed sealed;
    struct why why;
    (void)state;
    for (size_t size = 0; size < KNOWN_SIZE; size++) {
        memcpy(text, known, size);
        assert_false(sealed_seed_parse(text, size, &sealed, &why));
    }
    snprintf(text, sizeof text, "%s\n", known);
    assert_false(sealed_seed_parse(text, KNOWN_SIZE + 1, &sealed, &why));
    assert_non_null(strstr(why.text, "line 10:"));
}

static void nothing_else_is_one(void **state) {
    static const char *const others[] = {"", "-----BEGIN GOCHAT",
                                         "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8\n"};
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(sealed_seed_is(others[i], strlen(others[i])));
    assert_true(sealed_seed_is(known, KNOWN_SIZE));
}

/* Somebody who knows the passphrase gives us a key under another name. */
static void the_name_is_that_of_the_key(void **state) {
    struct sealed_seed sealed, other;
    uint8_t opened[SEED_SIZE], another[SEED_SIZE] = {7};
    char above[SEALED_SEED_TEXT_MAX];
    (void)state;
    parse_known(&sealed);
    other = sealed;
    sealed_seed_close(&other, another, key);
    sealed_seed_write(&sealed, above);
    size_t size = (size_t)(strstr(above, "Sealed: ") - above);
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed.box, NULL, another, SEED_SIZE, (uint8_t *)above, size, NULL,
                                               sealed.nonce, key);
    assert_false(sealed_seed_open(&sealed, key, opened));
    assert_true(sealed_seed_open(&other, key, opened));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_program_made_the_same),
        cmocka_unit_test(what_was_sealed_opens_with_its_passphrase_alone),
        cmocka_unit_test(every_changed_byte_is_refused),
        cmocka_unit_test(what_is_cut_or_longer_is_refused),
        cmocka_unit_test(nothing_else_is_one),
        cmocka_unit_test(the_name_is_that_of_the_key),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("sealed_seed", tests, start, NULL);
}
