#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/keys/passphrase.h"
#include "client/keys/words.h"

static void what_is_heard_is_one(void **state) {
    static const char *const same[] = {"correct horse", "  Correct\tHORSE ", "correct\u00a0\u2003horse",
                                       "\uff43orrect horse"};
    char out[PASSPHRASE_MAX + 1];
    struct why why;
    (void)state;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        if (!passphrase_unify(same[i], out, &why)) fail_msg("%s: %s", same[i], why.text);
        assert_string_equal(out, "correct horse");
        assert_true(passphrase_unify("correct horse", out, &why));
        assert_string_equal(out, "correct horse");
    }
    assert_true(passphrase_unify("Stra\u00dfe e\u0301", out, &why));
    assert_string_equal(out, "strasse \u00e9");
}

static void what_is_none_is_refused(void **state) {
    char out[PASSPHRASE_MAX + 1], longest[PASSPHRASE_MAX + 2];
    struct why why;
    (void)state;
    assert_false(passphrase_unify("", out, &why));
    assert_false(passphrase_unify(" \t ", out, &why));
    assert_non_null(strstr(why.text, "1 to 512 bytes"));
    assert_false(passphrase_unify("a\x01", out, &why));
    assert_false(passphrase_unify("\xff", out, &why));
    assert_non_null(strstr(why.text, "UTF-8"));
    memset(longest, 'x', sizeof longest);
    longest[PASSPHRASE_MAX] = '\0';
    assert_true(passphrase_unify(longest, out, &why));
    assert_string_equal(out, longest);
    longest[PASSPHRASE_MAX] = 'x';
    longest[PASSPHRASE_MAX + 1] = '\0';
    assert_false(passphrase_unify(longest, out, &why));
    /* One that becomes eighteen. */
    for (size_t i = 0; i + 3 <= PASSPHRASE_MAX; i += 3) memcpy(longest + i, "\uFDFA", 3);
    longest[PASSPHRASE_MAX - PASSPHRASE_MAX % 3] = '\0';
    assert_false(passphrase_unify(longest, out, &why));
    assert_string_equal(out, "");
}

/* Nothing of it is cut off: two passphrases that differ behind the limit would open one room. */
static void one_that_grows_beyond_the_limit_is_refused(void **state) {
    const size_t grown = sizeof "\u0635\u0644\u0649 \u0627\u0644\u0644\u0647 \u0639\u0644\u064a\u0647 "
                                "\u0648\u0633\u0644\u0645" -
                         1; /* of U+FDFA */
    char typed[PASSPHRASE_MAX + 1] = "", out[PASSPHRASE_MAX + 1];
    struct why why;
    size_t size = 0, filled = 0;
    (void)state;
    for (; filled + grown <= PASSPHRASE_MAX; filled += grown, size += 3)
        snprintf(typed + size, sizeof typed - size, "\uFDFA");
    for (; filled < PASSPHRASE_MAX; filled++) typed[size++] = 'a';
    assert_true(passphrase_unify(typed, out, &why));
    assert_int_equal(strlen(out), PASSPHRASE_MAX);
    typed[size] = ' '; /* at the end it is nothing */
    assert_true(passphrase_unify(typed, out, &why));
    static const char *const behind[] = {"b", " b", "\u00e9"};
    for (size_t i = 0; i < sizeof behind / sizeof *behind; i++) {
        strcpy(typed + size, behind[i]);
        assert_false(passphrase_unify(typed, out, &why));
        assert_string_equal(why.text, "expected a passphrase of 1 to 512 bytes");
        assert_string_equal(out, "");
    }
}

/* Not by their length: words, rows of keys and repeats are what people guess first. */
static void clever_guesses_count(void **state) {
    static const char *const weak[] = {"password", "qwertzuiop", "aaaaaaaaaaaaaaaa", "12.12.2012", "letmein letmein"};
    static const char *const strong[] = {"lion shock fox anchor antenna order", "k3vq zu81 mxf0 w27r"};
    (void)state;
    for (size_t i = 0; i < sizeof weak / sizeof *weak; i++)
        assert_true(passphrase_bits(weak[i]) < PASSPHRASE_WEAK_BITS);
    for (size_t i = 0; i < sizeof strong / sizeof *strong; i++)
        assert_true(passphrase_bits(strong[i]) > PASSPHRASE_WEAK_BITS + 15);
}

static void bits_are_told_as_time(void **state) {
    static const struct {
        double bits;
        const char *told;
    } rows[] = {{3, "about 3 bits: a thousand machines guess it at once"},
                {20, "about 20 bits: a thousand machines guess it within 4 minutes"},
                {26, "about 26 bits: a thousand machines guess it within 5 hours"},
                {32, "about 32 bits: a thousand machines guess it within 12 days"},
                {40, "about 40 bits: a thousand machines guess it within 9 years"},
                {90, "about 90 bits: a thousand machines guess it never"}};
    char told[128];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        passphrase_judge(rows[i].bits, told, sizeof told);
        assert_string_equal(told, rows[i].told);
    }
}

/* Of the list in its order, the number of each word; WORDS_COUNT: it has no such. */
static size_t number_of(char words[static WORDS_COUNT][WORDS_LONGEST + 1], const char *word) {
    size_t number = 0;
    while (number < WORDS_COUNT && strcmp(words[number], word) != 0) number++;
    return number;
}

/* Each word is of the list, and every word of the list comes. */
static void a_proposal_is_made_of_the_list(void **state) {
    static char words[WORDS_COUNT][WORDS_LONGEST + 1];
    static bool seen[WORDS_COUNT];
    char proposed[PASSPHRASE_MAX + 1], unified[PASSPHRASE_MAX + 1];
    size_t distinct = 0;
    struct why why;
    (void)state;
    for (size_t i = 0; i < WORDS_COUNT; i++) {
        const char *word;
        size_t size = words_at(i, &word);
        memcpy(words[i], word, size);
    }
    for (unsigned i = 0; i < 1000; i++) {
        passphrase_propose(proposed);
        assert_true(passphrase_unify(proposed, unified, &why));
        assert_string_equal(proposed, unified);
        size_t count = 0;
        for (char *rest = proposed, *word; (word = strsep(&rest, " ")); count++) {
            size_t number = number_of(words, word);
            assert_true(number < WORDS_COUNT);
            distinct += !seen[number];
            seen[number] = true;
        }
        assert_int_equal(count, PASSPHRASE_WORDS);
    }
    assert_true(distinct > WORDS_COUNT * 9 / 10); /* of 6,000 draws all but e^-2.9 of them */
}

/* The list of BIP 39, byte for byte: sha256 of its file, a word a line. */
static void the_list_is_the_published_one(void **state) {
    crypto_hash_sha256_state hash;
    uint8_t digest[crypto_hash_sha256_BYTES];
    char hex[2 * sizeof digest + 1];
    const char *word;
    (void)state;
    crypto_hash_sha256_init(&hash);
    for (size_t i = 0; i < WORDS_COUNT; i++) {
        size_t size = words_at(i, &word);
        assert_in_range(size, 3, WORDS_LONGEST);
        crypto_hash_sha256_update(&hash, (const uint8_t *)word, size);
        crypto_hash_sha256_update(&hash, (const uint8_t *)"\n", 1);
    }
    crypto_hash_sha256_final(&hash, digest);
    assert_string_equal(sodium_bin2hex(hex, sizeof hex, digest, sizeof digest),
                        "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_heard_is_one),
        cmocka_unit_test(what_is_none_is_refused),
        cmocka_unit_test(one_that_grows_beyond_the_limit_is_refused),
        cmocka_unit_test(clever_guesses_count),
        cmocka_unit_test(bits_are_told_as_time),
        cmocka_unit_test(a_proposal_is_made_of_the_list),
        cmocka_unit_test(the_list_is_the_published_one),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("passphrase", tests, NULL, NULL);
}
