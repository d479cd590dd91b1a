#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/room_name.h"
#include "common/why.h"

#define ACUTE "\u0301"
#define BOM "\ufeff"
#define ZWNJ "\u200c"
#define ZWJ "\u200d"
#define HEART "\u2764"
#define FLAG_OF_SCOTLAND "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"

static bool parse(const char *given, char out[static ROOM_NAME_MAX + 1], struct why *why) {
    return room_name_parse(given, strlen(given), out, why);
}

/* Two ways to type one word. */
static void what_is_typed_alike_is_the_same_room(void **state) {
    static const char *const pairs[][2] = {
        {"tea", "tea"},
        {"caf\u00e9", "cafe" ACUTE},
        {"\u1e69", "s\u0307\u0323"}, /* marks in either order */
        {"\ud55c\uae00", "\u1112\u1161\u11ab\u1100\u1173\u11af"},
        {"\u00c5ngstr\u00f6m", "\u212bngstro\u0308m"},
        {"two words", "two\u00a0words"},
        {"two words", "two\u3000words"},
        {HEART, HEART "\ufe0f"},
        {"\U0001f469" ZWJ HEART ZWJ "\U0001f469", "\U0001f469" ZWJ HEART "\ufe0f" ZWJ "\U0001f469"},
        {"\u8fbb", "\u8fbb\U000e0100"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char one[ROOM_NAME_MAX + 1], other[ROOM_NAME_MAX + 1];
        struct why why;
        assert_true(parse(pairs[i][0], one, &why));
        assert_true(parse(pairs[i][1], other, &why));
        assert_string_equal(one, pairs[i][0]);
        assert_string_equal(other, one);
    }
}

static void other_words_stay_other_rooms(void **state) {
    static const char *const names[] = {
        "Tea",
        "tea",
        "t e a",
        "\ufb01sh",
        "fish",
        "stra\u00dfe",
        "strasse",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", /* Persian, with ZWNJ */
        "\u0645\u06cc\u062e\u0648\u0627\u0647\u0645",
        "\u0dc1\u0dca\u200d\u0dbb\u0dd3", /* Sinhala, with ZWJ */
        FLAG_OF_SCOTLAND,
        "\ue000",
        "\U0001fae9",
        "*/!?#:\"\\",
    };
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char out[ROOM_NAME_MAX + 1];
        struct why why;
        if (!parse(names[i], out, &why)) fail_msg("%s: %s", names[i], why.text);
        assert_string_equal(out, names[i]);
    }
}

static void what_nobody_sees_is_refused_with_a_word(void **state) {
    static const struct {
        const char *given, *said;
    } examples[] = {
        {"", "empty"},
        {"\ufe0f", "empty"},
        {" tea", "U+0020 at its beginning"},
        {"tea ", "U+0020 at its end"},
        {"tea\u00a0", "U+0020 at its end"},
        {"\u3000", "U+0020 at its beginning"},
        {"tea\n", "U+000A at its end"},
        {"tea\r\n", "U+000A at its end"},
        {"tea\r", "U+000D at its end"},
        {"tea\xc2\x85", "U+0085 at its end"},
        {"tea\u2028", "U+2028 at its end"},
        {"\ttea", "U+0009 at its beginning"},
        {BOM "tea", "U+FEFF at its beginning"},
        {"tea" BOM, "U+FEFF at its end"},
        {"tea\u200b", "U+200B at its end"},
        {"tea\u2060", "U+2060 at its end"},
        {"tea\u00ad", "U+00AD at its end"},
        {"\u0915\u094d" ZWJ, "U+200D at its end"},
        {ZWNJ "tea", "U+200C at its beginning"},
        {"\u3164", "U+3164 at its beginning"},
        {"te" ZWNJ "a", "U+200C after its first 2 bytes"},
        {"te\u200ba", "U+200B after its first 2 bytes"},
        {"te\ta", "U+0009 after its first 2 bytes"},
        {"te\na", "U+000A after its first 2 bytes"},
        {"te\033a", "U+001B after its first 2 bytes"},
        {"te\177a", "U+007F after its first 2 bytes"},
        {"\u202eaet", "U+202E at its beginning"},
        {"t\u202eae", "U+202E after its first 1 bytes"},
        {"te\u2800", "U+2800 after its first 2 bytes"},
        {"te\ufffe", "U+FFFE after its first 2 bytes"},
        {ACUTE "tea", "U+0301 after its first 0 bytes"},
        {"te\xff", "no UTF-8"},
        {"\xc3", "no UTF-8"},
        {"\xed\xa0\x80", "no UTF-8"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        char out[ROOM_NAME_MAX + 1] = "x";
        struct why why = {0};
        assert_false(parse(examples[i].given, out, &why));
        assert_string_equal(out, "");
        if (!strstr(why.text, examples[i].said)) fail_msg("%zu: %s", i, why.text);
        assert_non_null(strstr(why.text, "expected"));
    }
    char out[ROOM_NAME_MAX + 1];
    struct why why;
    assert_false(room_name_parse("te\0a", 4, out, &why));
}

static void the_limit_is_that_of_what_comes_out(void **state) {
    char given[3 * ROOM_NAME_MAX + 1], out[ROOM_NAME_MAX + 1];
    struct why why;
    (void)state;
    memset(given, 'a', sizeof given);
    assert_true(room_name_parse(given, ROOM_NAME_MAX, out, &why));
    assert_int_equal(strlen(out), ROOM_NAME_MAX);
    assert_false(room_name_parse(given, ROOM_NAME_MAX + 1, out, &why));
    assert_non_null(strstr(why.text, "257"));
    for (size_t i = 0; i < ROOM_NAME_MAX / 2; i++) snprintf(given + 3 * i, 4, "e" ACUTE);
    assert_true(room_name_parse(given, 3 * ROOM_NAME_MAX / 2, out, &why));
    assert_int_equal(strlen(out), ROOM_NAME_MAX);
}

static void what_came_out_comes_out_again(void **state) {
    static const char *const pieces[] = {"a",      " ",      "e",      ACUTE,    "\u0323", "\u212b", "\u3000",
                                         ZWNJ,     ZWJ,      "\u0645", "\u094d", HEART,    "\ufe0f", "\U0001f468",
                                         "\u1112", "\u1161", "\u0344", "\u0958", "\xff"};
    uint32_t number = 1;
    unsigned good = 0;
    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        char given[64] = "", out[ROOM_NAME_MAX + 1], again[ROOM_NAME_MAX + 1];
        struct why why;
        for (unsigned i = 0; i < 8; i++) {
            number = number * 1664525 + 1013904223;
            strcat(given, pieces[(number >> 8) % (sizeof pieces / sizeof *pieces)]);
        }
        if (!parse(given, out, &why)) continue;
        good++;
        if (!parse(out, again, &why)) fail_msg("%s, then %s: %s", given, out, why.text);
        assert_string_equal(out, again);
    }
    assert_true(good > 100);
}

static void secrets_typed_on_two_systems_meet(void **state) {
    static const struct {
        const char *given;
        size_t size;
        const char *unified;
    } examples[] = {
        {"caf\u00e9", 5, "caf\u00e9"},
        {"cafe" ACUTE, 6, "caf\u00e9"},
        {BOM "caf\u00e9", 8, "caf\u00e9"},
        {"two\u00a0words", 10, "two words"},
        {" blanks count ", 14, " blanks count "},
        {BOM, 3, ""},
        /* binary: as it is */
        {"e" ACUTE "\xff", 4, "e" ACUTE "\xff"},
        {"e" ACUTE "\x01", 4, "e" ACUTE "\x01"},
        {BOM "\x7f", 4, BOM "\x7f"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        char secret[64];
        memcpy(secret, examples[i].given, examples[i].size);
        size_t size = room_secret_unify(secret, examples[i].size, sizeof secret);
        assert_int_equal(size, strlen(examples[i].unified));
        assert_memory_equal(secret, examples[i].unified, size);
    }
    char zero[] = "e" ACUTE "\0x", grows[] = "\u0958"; /* three bytes, six in NFC */
    assert_int_equal(room_secret_unify(zero, 5, 5), 5);
    assert_memory_equal(zero, "e" ACUTE "\0x", 5);
    assert_int_equal(room_secret_unify(grows, 3, 3), 3);
    assert_string_equal(grows, "\u0958");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_typed_alike_is_the_same_room),
        cmocka_unit_test(other_words_stay_other_rooms),
        cmocka_unit_test(what_nobody_sees_is_refused_with_a_word),
        cmocka_unit_test(the_limit_is_that_of_what_comes_out),
        cmocka_unit_test(what_came_out_comes_out_again),
        cmocka_unit_test(secrets_typed_on_two_systems_meet),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("room_name", tests, NULL, NULL);
}
