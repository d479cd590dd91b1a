#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/text.h"

#define BAD "\xef\xbf\xbd" /* U+FFFD */
#define ACUTE "\u0301"
#define ACUTES_8 ACUTE ACUTE ACUTE ACUTE ACUTE ACUTE ACUTE ACUTE
#define FAMILY "\U0001f468\u200d\U0001f469\u200d\U0001f467"

struct example {
    const char *in;
    const char *out;
};

static void check_filter(const struct example *examples, size_t count, bool multiline) {
    for (size_t i = 0; i < count; i++) {
        char out[300], again[300];
        size_t written = text_filter(examples[i].in, strlen(examples[i].in), multiline, out, sizeof out);
        assert_string_equal(out, examples[i].out);
        assert_int_equal(written, strlen(out));
        assert_int_equal(text_filter(out, written, multiline, again, sizeof again), written);
        assert_string_equal(again, out);
    }
}
#define CHECK(examples, multiline) check_filter(examples, sizeof(examples) / sizeof *(examples), multiline)

static void knows_utf8(void **state) {
    (void)state;
    static const char *const good[] = {"",       "plain",  "\xc2\x80",   "\xdf\xbf",
                                       "\u0800", "\uffff", "\U00010000", "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {
        "\x80",     /* lone continuation */
        "\xc0\x80", /* overlong */
        "\xc1\xbf",
        "\xe0\x9f\xbf",
        "\xf0\x8f\xbf\xbf",
        "\xed\xa0\x80", /* surrogates */
        "\xed\xbf\xbf",
        "\xf4\x90\x80\x80", /* over U+10FFFF */
        "\xf5\x80\x80\x80",
        "\xf8\x88\x80\x80\x80",
        "\xfe",
        "\xff",
        "ab\xc3",
        "ab\xe2\x82",
        "\xe2\x28\xa1",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) assert_true(text_is_utf8(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(text_is_utf8(bad[i], strlen(bad[i])));
    assert_true(text_is_utf8("a\0b", 3));
}

static void keeps_what_people_write(void **state) {
    (void)state;
    static const struct example examples[] = {
        {"", ""},
        {"Hello, world!", "Hello, world!"},
        {"Grüße, żółć, Ελληνικά", "Grüße, żółć, Ελληνικά"},
        {"漢字 かな 한국어", "漢字 かな 한국어"},
        {"עברית العربية हिन्दी", "עברית العربية हिन्दी"},
        {"e" ACUTE, "e" ACUTE},
        {FAMILY, FAMILY},
        {"\U0001f469\U0001f3fd\u200d\U0001f680", "\U0001f469\U0001f3fd\u200d\U0001f680"},
        {"\u2764\ufe0f\u200d\U0001f525", "\u2764\ufe0f\u200d\U0001f525"},
        {"1\ufe0f\u20e3 \u2764\ufe0e \U0001f1eb\U0001f1ee", "1\ufe0f\u20e3 \u2764\ufe0e \U0001f1eb\U0001f1ee"},
    };
    CHECK(examples, false);
    CHECK(examples, true);
}

static void replaces_what_moves_hides_or_reorders(void **state) {
    (void)state;
    static const struct example examples[] = {
        {"\x1b[2J", BAD "[2J"},
        {"\x1b]0;title\x07", BAD "]0;title" BAD},
        {"a\rb\bc\vd\x7f", "a" BAD "b" BAD "c" BAD "d" BAD},
        {"\xc2\x85\xc2\x9bJ\xc2\x9d", BAD BAD "J" BAD}, /* C1 as UTF-8: NEL, CSI, OSC */
        {"\x9bJ", BAD "J"},
        {"\u2028\u2029", BAD BAD},
        {"\u202egpj.exe", BAD "gpj.exe"},
        {"\u202a\u202b\u202c\u202d\u200e\u200f\u061c", BAD BAD BAD BAD BAD BAD BAD},
        {"\u2066\u2067\u2068\u2069", BAD BAD BAD BAD},
        {"a\u200bb\u200cc\u200dd\u2060e\ufeff", "a" BAD "b" BAD "c" BAD "d" BAD "e" BAD},
        {"\u00ad\u180e\u2061\u2064", BAD BAD BAD BAD},
        {"\u034f\u115f\u1160\u3164\uffa0", BAD BAD BAD BAD BAD}, /* invisible, though not of category Cf */
        {"\U000e0041\U000e0001\U000e007f", BAD BAD BAD},
        {"a\ufe0f \ufe00 \U000e0100", "a" BAD " " BAD " " BAD},
        {"\u2764\ufe0f\ufe0f", "\u2764\ufe0f" BAD},
        {"\ue000\U000f0000\U0010fffd", BAD BAD BAD},
        {"\u0378\ufdd0\uffff\U0001ffff", BAD BAD BAD BAD},
        {"\ufff9\ufffb", BAD BAD},
        {BAD, BAD},
    };
    CHECK(examples, false);
    CHECK(examples, true);
}

static void replaces_each_invalid_byte(void **state) {
    (void)state;
    static const struct example examples[] = {
        {"a\xc3(b", "a" BAD "(b"},
        {"\xc0\xaf", BAD BAD},
        {"\xe0\x80\xaf", BAD BAD BAD},
        {"\xed\xa0\x80", BAD BAD BAD},
        {"\xf4\x90\x80\x80", BAD BAD BAD BAD},
        {"\x80\xbf", BAD BAD},
        {"ab\xe2\x82", "ab" BAD BAD},
        {"\xff\xfe\xfd", BAD BAD BAD},
    };
    CHECK(examples, false);
    char out[20];
    assert_int_equal(text_filter("a\0b", 3, false, out, sizeof out), 5);
    assert_string_equal(out, "a" BAD "b");
}

static void lines_and_tabs_only_where_asked(void **state) {
    (void)state;
    static const struct example one_line[] = {{"a\nb\tc", "a" BAD "b" BAD "c"}};
    static const struct example many_lines[] = {{"a\nb\tc\r\n", "a\nb\tc" BAD "\n"}};
    CHECK(one_line, false);
    CHECK(many_lines, true);
}

static void bounds_combining_marks(void **state) {
    (void)state;
    static const struct example examples[] = {
        {"e" ACUTES_8, "e" ACUTES_8},
        {"e" ACUTES_8 ACUTE, "e" ACUTES_8},
        {"e" ACUTES_8 ACUTES_8 "x" ACUTES_8 ACUTE, "e" ACUTES_8 "x" ACUTES_8},
        {"e" ACUTES_8 "\u0488\u0903", "e" ACUTES_8}, /* enclosing and spacing marks count, too */
        {ACUTE "a", BAD "a"},
        {ACUTE ACUTE, BAD ACUTE},
    };
    CHECK(examples, false);
    static const struct example lines[] = {{"a\n" ACUTE "\t" ACUTE, "a\n" BAD "\t" BAD}};
    CHECK(lines, true);
}

static void joins_only_two_pictographs(void **state) {
    (void)state;
    static const struct example examples[] = {
        {"\U0001f468\u200d", "\U0001f468" BAD},
        {"\u200d\U0001f468", BAD "\U0001f468"},
        {"\U0001f468\u200d\u200d\U0001f468", "\U0001f468" BAD BAD "\U0001f468"},
        {"\U0001f468\u200dx", "\U0001f468" BAD "x"},
        {"x\u200d\U0001f468", "x" BAD "\U0001f468"},
        {"\U0001f468\u200d\U0001faff", "\U0001f468" BAD BAD}, /* kept free for pictographs, unassigned */
        {"\U0001f468\u200d\xf0\x9f", "\U0001f468" BAD BAD BAD},
    };
    CHECK(examples, false);
}

static void cuts_between_characters(void **state) {
    (void)state;
    char out[8] = "#######";
    assert_int_equal(text_filter("abc", 3, false, out, 4), 3);
    assert_string_equal(out, "abc");
    assert_int_equal(text_filter("abcd", 4, false, out, 4), 3);
    assert_string_equal(out, "abc");
    assert_int_equal(text_filter("a\u20ac\u20ac", 7, false, out, 7), 4);
    assert_string_equal(out, "a\u20ac");
    assert_int_equal(text_filter("ab\x80x", 4, false, out, 5), 2);
    assert_string_equal(out, "ab");
    assert_int_equal(text_filter("\u20ac", 3, false, out, 1), 0);
    assert_string_equal(out, "");
    out[0] = '#';
    assert_int_equal(text_filter("x", 1, false, out, 0), 0);
    assert_int_equal(out[0], '#');
}

static void a_cut_leaves_no_joiner_behind(void **state) {
    (void)state;
    char out[30];
    for (size_t capacity = 5; capacity < 12; capacity++) {
        assert_int_equal(text_filter(FAMILY, strlen(FAMILY), false, out, capacity), 4);
        assert_string_equal(out, "\U0001f468");
    }
    assert_int_equal(text_filter(FAMILY, strlen(FAMILY), false, out, 12), 11);
}

/* Numerical Recipes' generator: the same bytes in every run. */
static size_t next_random(size_t below) {
    static uint32_t value = 1;
    value = value * 1664525 + 1013904223;
    return (value >> 8) % below;
}

/* At least 40 bytes from pieces that are harmless or not, and one byte of any kind. */
static size_t compose(char out[static 64]) {
    static const char *const pieces[] = {"a",      " ",          "\n",         "\x1b",   "\xc2",     "\x9b",
                                         "\u200d", "\U0001f468", "\ufe0f",     ACUTE,    "\xf0\x9f", "\xed\xa0\x80",
                                         "\u202e", "\u00b4",     "\U000e0041", "\u3164", "\ufdfa"};
    size_t size = 0;
    while (size < 40) {
        const char *piece = pieces[next_random(sizeof pieces / sizeof *pieces)];
        size += (size_t)snprintf(out + size, 64 - size, "%s", piece);
    }
    out[next_random(40)] = (char)next_random(256);
    return size;
}

static void random_bytes_always_come_out_safe(void **state) {
    (void)state;
    for (int round = 0; round < 20000; round++) {
        char in[64], out[64], again[64], nick[TEXT_NICK_MAX + 1], same_nick[TEXT_NICK_MAX + 1];
        size_t size = compose(in), capacity = 1 + next_random(sizeof out);
        size_t written = text_filter(in, size, round % 2, out, capacity);
        assert_true(written < capacity && written == strlen(out));
        assert_true(text_is_utf8(out, written));
        assert_int_equal(text_filter(out, written, round % 2, again, sizeof again), written);
        assert_string_equal(out, again);
        if (!text_nick(in, size, nick)) continue;
        assert_true(text_is_utf8(nick, strlen(nick)));
        assert_true(text_nick(nick, strlen(nick), same_nick));
        assert_string_equal(nick, same_nick);
    }
}

static void makes_nicks(void **state) {
    (void)state;
    static const struct example examples[] = {
        {"alice", "alice"},
        {"  alice \u00a0\t\u3000 b.\n", "alice b."},
        {"\uff21\uff22\uff23", "ABC"},
        {"e" ACUTE, "é"},
        {"ﬁn", "fin"},
        {"abcdefghijklmnopqrstuvwxyz0123456789", "abcdefghijklmnopqrstuvwxyz012345"},
        {"abcdefghijklmnopqrstuvwxyz01234 6789", "abcdefghijklmnopqrstuvwxyz01234"},
        {"abcdefghijklmnopqrstuvwxyz01234\u20ac", "abcdefghijklmnopqrstuvwxyz01234"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        char nick[TEXT_NICK_MAX + 1];
        assert_true(text_nick(examples[i].in, strlen(examples[i].in), nick));
        assert_string_equal(nick, examples[i].out);
    }
}

static void refuses_bad_nicks(void **state) {
    (void)state;
    static const struct example examples[] = {
        {"", ""},
        {" \t\u2003", ""},
        {"bob\u200b", "bob" BAD},
        {"\u3164", BAD},
        {"a\x1b[31m", "a" BAD "[31m"},
        {"a\xff", "a" BAD},
        {"\u202ebob", BAD "bob"},
        {"\u00b4x", BAD "x"}, /* NFKC makes a space and a mark of it */
        {"abcdefghijklmnopqrstuvwxyz012345\u200b", "abcdefghijklmnopqrstuvwxyz012345"},
        {"* bert left", "_ bert left"},
        {"/quit", "_quit"},
        {"! no such room", "_ no such room"},
        {"[tea] bert", "_tea] bert"},
        {"?0a1b2c3d", "_0a1b2c3d"},
        {"alice#1a2b", "alice_1a2b"},
        {"anna: it was me, anna\uff1a", "anna_ it was me, anna_"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        char nick[TEXT_NICK_MAX + 1];
        assert_false(text_nick(examples[i].in, strlen(examples[i].in), nick));
        assert_string_equal(nick, examples[i].out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_utf8),
        cmocka_unit_test(keeps_what_people_write),
        cmocka_unit_test(replaces_what_moves_hides_or_reorders),
        cmocka_unit_test(replaces_each_invalid_byte),
        cmocka_unit_test(lines_and_tabs_only_where_asked),
        cmocka_unit_test(bounds_combining_marks),
        cmocka_unit_test(joins_only_two_pictographs),
        cmocka_unit_test(cuts_between_characters),
        cmocka_unit_test(a_cut_leaves_no_joiner_behind),
        cmocka_unit_test(random_bytes_always_come_out_safe),
        cmocka_unit_test(makes_nicks),
        cmocka_unit_test(refuses_bad_nicks),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
