#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <sodium.h>

#include "common/suite.h"

static const char text[] = "attack at dawn", header[] = "header";
#define TEXT_SIZE (sizeof text - 1)
#define HEADER_SIZE (sizeof header - 1)
#define COUNTER UINT64_C(0x0102030405060708)

static uint8_t key[SUITE_KEY_SIZE];

/* Made with another implementation (OpenSSL): key 00 01 … 1f, and the nonces that Noise §12 asks for. */
static const struct known {
    enum suite suite;
    const char *name, *sealed;
} known[] = {
    {SUITE_CHACHA20_POLY1305, "ChaCha20-Poly1305", "913dd985c852ca79108b4ead04163dace13bc3af69e778681496f5d38a43"},
    {SUITE_AES256_GCM, "AES-256-GCM", "6525116fbe8a29ff77bf998e6909c37106ba3624cb39cc3327c4fcb3afc2"},
};

static size_t known_count(void) {
    return suite_mask_available() & SUITE_AES256_GCM ? 2 : 1;
}

static int start(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof key; i++) key[i] = (uint8_t)i;
    return sodium_init() < 0 ? -1 : 0;
}

static void known_answers(void **state) {
    (void)state;
    for (size_t i = 0; i < known_count(); i++) {
        uint8_t sealed[TEXT_SIZE + SUITE_TAG_SIZE], plain[TEXT_SIZE];
        char hex[2 * sizeof sealed + 1];

        suite_seal(known[i].suite, key, COUNTER, header, HEADER_SIZE, text, TEXT_SIZE, sealed);
        assert_string_equal(sodium_bin2hex(hex, sizeof hex, sealed, sizeof sealed), known[i].sealed);
        assert_true(suite_open(known[i].suite, key, COUNTER, header, HEADER_SIZE, sealed, sizeof sealed, plain));
        assert_memory_equal(plain, text, TEXT_SIZE);
        assert_string_equal(suite_name(known[i].suite), known[i].name);
    }
}

static void every_size_in_place(void **state) {
    (void)state;
    uint8_t apart[1300 + SUITE_TAG_SIZE], in_place[sizeof apart], plain[1300];

    randombytes_buf(plain, sizeof plain);
    for (size_t i = 0; i < known_count(); i++) {
        for (size_t size = 0; size <= sizeof plain; size++) {
            memcpy(in_place, plain, size);
            suite_seal(known[i].suite, key, size, header, HEADER_SIZE, plain, size, apart);
            suite_seal(known[i].suite, key, size, header, HEADER_SIZE, in_place, size, in_place);
            assert_memory_equal(in_place, apart, size + SUITE_TAG_SIZE);
            assert_true(
                suite_open(known[i].suite, key, size, header, HEADER_SIZE, in_place, size + SUITE_TAG_SIZE, in_place));
            assert_memory_equal(in_place, plain, size);
        }
    }
}

static void forgeries_are_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < known_count(); i++) {
        enum suite suite = known[i].suite;
        uint8_t sealed[TEXT_SIZE + SUITE_TAG_SIZE], plain[TEXT_SIZE], other_key[SUITE_KEY_SIZE] = {0};

        suite_seal(suite, key, COUNTER, header, HEADER_SIZE, text, TEXT_SIZE, sealed);
        for (size_t bit = 0; bit < 8 * sizeof sealed; bit++) {
            sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_false(suite_open(suite, key, COUNTER, header, HEADER_SIZE, sealed, sizeof sealed, plain));
            sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        for (size_t size = 0; size < sizeof sealed; size++)
            assert_false(suite_open(suite, key, COUNTER, header, HEADER_SIZE, sealed, size, plain));
        assert_false(suite_open(suite, other_key, COUNTER, header, HEADER_SIZE, sealed, sizeof sealed, plain));
        assert_false(suite_open(suite, key, COUNTER + 1, header, HEADER_SIZE, sealed, sizeof sealed, plain));
        assert_false(suite_open(suite, key, COUNTER, header, HEADER_SIZE - 1, sealed, sizeof sealed, plain));
        assert_false(suite_open(suite, key, COUNTER, "beader", HEADER_SIZE, sealed, sizeof sealed, plain));
        assert_true(suite_open(suite, key, COUNTER, header, HEADER_SIZE, sealed, sizeof sealed, plain));
    }
}

static void masks_agree_on_the_best(void **state) {
    (void)state;
    const uint8_t chacha = SUITE_CHACHA20_POLY1305, aes = SUITE_AES256_GCM, both = 3;

    assert_int_equal(suite_choose(both, both), SUITE_AES256_GCM);
    assert_int_equal(suite_choose(both, chacha), SUITE_CHACHA20_POLY1305);
    assert_int_equal(suite_choose(chacha, both), SUITE_CHACHA20_POLY1305);
    assert_int_equal(suite_choose(aes, both), SUITE_AES256_GCM);
    assert_int_equal(suite_choose(aes, chacha), 0);
    assert_int_equal(suite_choose(0, both), 0);
    assert_int_equal(suite_choose(0xfc, 0xfc), 0);
    assert_int_equal(suite_choose(0xff, 0xff), SUITE_AES256_GCM);
}

static void chacha_is_everywhere(void **state) {
    (void)state;
    assert_true(suite_mask_available() & SUITE_CHACHA20_POLY1305);
    assert_int_equal(!!(suite_mask_available() & SUITE_AES256_GCM), !!crypto_aead_aes256gcm_is_available());
    assert_int_equal(suite_mask_available() & ~3, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),         cmocka_unit_test(every_size_in_place),
        cmocka_unit_test(forgeries_are_refused), cmocka_unit_test(masks_agree_on_the_best),
        cmocka_unit_test(chacha_is_everywhere),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("suite", tests, start, NULL);
}
