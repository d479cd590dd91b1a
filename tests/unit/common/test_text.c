#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/text.h"

#define BAD "\xef\xbf\xbd" /* U+FFFD */
#define ACUTE "\u0301"
#define ACUTES_8 ACUTE ACUTE ACUTE ACUTE ACUTE ACUTE ACUTE ACUTE
#define ZWNJ "\u200c"
#define ZWJ "\u200d"
#define SHY "\u00ad"
#define TAGS_OF_SCOTLAND "\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074"
#define FLAG "\U0001f3f4"
#define TAG_END "\U000e007f"
#define VIRAMA "\u094d"
#define KA "\u0915"
#define BEH "\u0628" /* joins on both sides */
#define REH "\u0631" /* joins to the one before alone */
#define FATHA "\u064e"
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
        {"\u0645\u06cc" ZWNJ "\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc" ZWNJ "\u062e\u0648\u0627\u0647\u0645"},
        {"\u0dc1\u0dca" ZWJ "\u0dbb\u0dd3", "\u0dc1\u0dca" ZWJ "\u0dbb\u0dd3"},
        {KA VIRAMA ZWJ "\u0937" KA VIRAMA ZWNJ "\u0937", KA VIRAMA ZWJ "\u0937" KA VIRAMA ZWNJ "\u0937"},
        {"\u09b0" ZWJ "\u09cd\u09af", "\u09b0" ZWJ "\u09cd\u09af"}, /* Bengali: ra, ya-phalaa */
        {"Donau" SHY "dampf" SHY "schiff", "Donau" SHY "dampf" SHY "schiff"},
        {FLAG TAGS_OF_SCOTLAND TAG_END "x", FLAG TAGS_OF_SCOTLAND TAG_END "x"},
        {"\u8fbb\U000e0100\u82a6\ufe00 \u1820\u180b", "\u8fbb\U000e0100\u82a6\ufe00 \u1820\u180b"},
        {"\ue000\U000f0000\U0010fffd", "\ue000\U000f0000\U0010fffd"}, /* private use */
        {"\u0378\U0001fae9\U0003fff0", "\u0378\U0001fae9\U0003fff0"}, /* not assigned, as far as we know */
        {"\u0661\u0600\u0662", "\u0661\u0600\u0662"},                 /* of category Cf, and to be seen */
        {"\u2800\U0001d159", "\u2800\U0001d159"},
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
        {"\u180e\u2061\u2064", BAD BAD BAD},
        {"\u00ad a" SHY " " SHY "b" SHY SHY "c" SHY "\u2060d" SHY,
         BAD " a" BAD " " BAD "b" BAD BAD "c" BAD BAD "d" BAD},
        {"\u034f\u115f\u1160\u3164\uffa0", BAD BAD BAD BAD BAD}, /* invisible, though not of category Cf */
        {"\U000e0041\U000e0001\U000e007f", BAD BAD BAD},
        {"a\ufe0f \ufe00 \U000e0100", "a" BAD " " BAD " " BAD},
        {"\u2764\ufe0f\ufe0f", "\u2764\ufe0f" BAD},
        {"\u8fbb\U000e0100\U000e0101", "\u8fbb\U000e0100" BAD},
        {"\ufdd0\uffff\U0001ffff\U0010fffe", BAD BAD BAD BAD},
        {"\u2065\ufff0\U000e0fff", BAD BAD BAD}, /* set aside for what will be ignorable */
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
        {"\uff76" ACUTES_8 "\uff9e" ACUTE "\uff9f" ACUTE "x" ACUTE, "\uff76" ACUTES_8 "\uff9e\uff9f"
                                                                    "x" ACUTE}, /* NFKC makes marks of these */
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
        {"\U0001f468\u200d\U0001faff", "\U0001f468\u200d\U0001faff"}, /* kept free for pictographs */
        {"\U0001f468\u200d\xf0\x9f", "\U0001f468" BAD BAD BAD},
    };
    CHECK(examples, false);
}

/* RFC 5892 A.1 and A.2, and what people write beyond them. */
static void joins_where_scripts_need_it(void **state) {
    (void)state;
    static const struct example examples[] = {
        {BEH ZWNJ BEH, BEH ZWNJ BEH},
        {BEH FATHA ZWNJ FATHA BEH, BEH FATHA ZWNJ FATHA BEH},
        {BEH ZWNJ REH, BEH ZWNJ REH},
        {REH ZWNJ BEH, REH ZWNJ BEH}, /* without effect, but common: کار‌ها */
        {"\u0647" ZWJ " .\u0642", "\u0647" ZWJ " .\u0642"},
        {ZWJ BEH, ZWJ BEH},
        {BEH ZWNJ ZWNJ BEH, BEH ZWNJ BAD BEH},
        {BEH ZWNJ ZWJ BEH, BEH ZWNJ BAD BEH},
        {"a" ZWNJ "b" ZWJ "c", "a" BAD "b" BAD "c"},
        {"\u05d0" ZWNJ "\u05d1", "\u05d0" BAD "\u05d1"}, /* Hebrew does not join */
        {KA ZWJ "\u0937", KA BAD "\u0937"},
        {KA VIRAMA ZWJ ZWJ, KA VIRAMA ZWJ BAD},
        {"a" ZWJ VIRAMA, "a" ZWJ VIRAMA},
        {"1" ZWJ VIRAMA, "1" BAD VIRAMA},
        {ZWJ FATHA BEH, BAD FATHA BEH},
        {ZWNJ, BAD},
        {"\n" ZWJ, "\n" BAD},
    };
    CHECK(examples, true);
    char marks[64] = KA, out[200], again[200]; /* bounded, whatever joins them */
    for (int i = 0; i < 6; i++) strcat(marks, VIRAMA ZWJ);
    strcat(marks, VIRAMA VIRAMA VIRAMA);
    size_t written = text_filter(marks, strlen(marks), false, out, sizeof out);
    assert_int_equal(written, 3 + 8 * 3 + 6 * 3);
    assert_int_equal(text_filter(out, written, false, again, sizeof again), written);
}

static void tags_stand_in_flags_alone(void **state) {
    (void)state;
    static const struct example examples[] = {
        {FLAG TAGS_OF_SCOTLAND, FLAG BAD BAD BAD BAD BAD},
        {FLAG TAG_END, FLAG BAD},
        {FLAG "\U000e0067\U000e0062" TAG_END, FLAG BAD BAD BAD},
        {"\U0001f468\U000e0067\U000e0062\U000e0073" TAG_END, "\U0001f468" BAD BAD BAD BAD},
        {FLAG TAGS_OF_SCOTLAND TAG_END TAG_END, FLAG TAGS_OF_SCOTLAND TAG_END BAD},
        {FLAG "\U000e0041\U000e0042\U000e0043" TAG_END, FLAG BAD BAD BAD BAD}, /* capitals */
        {FLAG "x" TAGS_OF_SCOTLAND TAG_END, FLAG "x" BAD BAD BAD BAD BAD BAD},
    };
    CHECK(examples, false);
    char smuggled[4 + 8 * 4 + 4 + 1] = FLAG, out[200];
    for (int i = 0; i < 8; i++) strcat(smuggled, "\U000e0061");
    strcat(smuggled, TAG_END);
    text_filter(smuggled, strlen(smuggled), false, out, sizeof out);
    assert_string_equal(out, FLAG BAD BAD BAD BAD BAD BAD BAD BAD BAD);
}

static void what_is_sent_is_changed_in_its_controls_alone(void **state) {
    (void)state;
    static const struct example examples[] = {
        {"a\nb\tc\r\033[1m\x7f\xc2\x9b\xc2\xa0", "a\nb\tc" BAD BAD "[1m" BAD BAD "\xc2\xa0"},
        {"\xff"
         "a\xc3(\xed\xa0\x80",
         BAD "a" BAD "(" BAD BAD BAD},
        {"a" ZWNJ ZWNJ "b\u202e\u2066\ufeff\u200b\u2028\u00ad", "a" ZWNJ ZWNJ "b\u202e\u2066\ufeff\u200b\u2028\u00ad"},
        {"\ue000\u0378\ufdd0\U0010ffff\U000e0041\u3164", "\ue000\u0378\ufdd0\U0010ffff\U000e0041\u3164"},
        {ACUTES_8 ACUTES_8, ACUTES_8 ACUTES_8},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        char out[200];
        size_t written = text_outgoing(examples[i].in, strlen(examples[i].in), out, sizeof out);
        assert_string_equal(out, examples[i].out);
        assert_int_equal(written, strlen(out));
    }
    char out[8];
    assert_int_equal(text_outgoing("a\0b", 3, out, sizeof out), 5);
    assert_int_equal(text_outgoing("a\u20ac\u20ac", 7, out, 7), 4);
    assert_int_equal(text_outgoing("a", 1, out, 0), 0);
}

static void folds_for_comparing(void **state) {
    (void)state;
    static const char *const pairs[][2] = {
        {"Bob", "bOB"},
        {"caf\u00e9", "CAFE" ACUTE},
        {"stra\u00dfe", "STRASSE"},
        {"\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2", "\u03a3\u038a\u03a3\u03a5\u03a6\u039f\u03a3"}, /* final sigma */
        {"\u0130", "i\u0307"},
        {"\u13a0", "\uab70"}, /* Cherokee */
        {"\uff22ob", "bob"},
        {"\u0645\u06cc" ZWNJ "\u062e", "\u0645\u06cc\u062e"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char *one = text_fold(pairs[i][0]), *other = text_fold(pairs[i][1]);
        assert_string_equal(one, other);
        free(one);
        free(other);
    }
    char *dotless = text_fold("\u0131"), *dotted = text_fold("I"), *broken = text_fold("a\xff");
    assert_string_not_equal(dotless, dotted);
    assert_string_equal(broken, "a\xff");
    free(dotless);
    free(dotted);
    free(broken);
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
    static const char flag[] = FLAG TAGS_OF_SCOTLAND TAG_END, shy[] = "a" SHY "b";
    char wide[sizeof flag];
    for (size_t capacity = 5; capacity < sizeof flag; capacity++) {
        assert_int_equal(text_filter(flag, sizeof flag - 1, false, wide, capacity), 4);
        assert_string_equal(wide, FLAG);
    }
    assert_int_equal(text_filter(flag, sizeof flag - 1, false, wide, sizeof flag), sizeof flag - 1);
    assert_int_equal(text_filter(shy, sizeof shy - 1, false, wide, 4), 1);
    assert_int_equal(text_filter(BEH ZWNJ BEH, 7, false, wide, 6), 2);
}

/* Numerical Recipes' generator: the same bytes in every run. */
static size_t next_random(size_t below) {
    static uint32_t value = 1;
    value = value * 1664525 + 1013904223;
    return (value >> 8) % below;
}

/* At least 40 bytes from pieces that are harmless or not, and one byte of any kind. */
static size_t compose(char out[static 64]) {
    static const char *const pieces[] = {"a",          " ",
                                         "\n",         "\x1b",
                                         "\xc2",       "\x9b",
                                         "\u200d",     "\U0001f468",
                                         "\ufe0f",     ACUTE,
                                         "\xf0\x9f",   "\xed\xa0\x80",
                                         "\u202e",     "\u00b4",
                                         "\U000e0041", "\u3164",
                                         "\ufdfa",     ZWNJ,
                                         BEH,          REH,
                                         FATHA,        KA,
                                         VIRAMA,       SHY,
                                         FLAG,         "\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
                                         "\U000e0067", "\U000e0100",
                                         "\u8fbb",     "\u0378",
                                         "\U0001fae9"};
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
        {"abcdefghijklmnopqrstuvwxyz012345", "abcdefghijklmnopqrstuvwxyz012345"},
        {"  abcdefghijklmnopqrstuvwxyz012345 ", "abcdefghijklmnopqrstuvwxyz012345"},
        {"\u0645\u06cc" ZWNJ "\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc" ZWNJ "\u062e\u0648\u0627\u0647\u0645"},
        {"\u0dc1\u0dca" ZWJ "\u0dbb\u0dd3", "\u0dc1\u0dca" ZWJ "\u0dbb\u0dd3"},
        {"\ud55c\uae00 \u3131 \u1100\u1161\u11a8", "\ud55c\uae00 \u1100 \uac01"},
        {"\ua960\u1161\ud7cb", "\ua960\u1161\ud7cb"}, /* old Korean, which has no composed syllables */
        {FAMILY "\u2764\ufe0f", FAMILY "\u2764"},
        {"bob1\ufe0f", "bob1"}, /* looks like it, so is it */
        {"\u2764\ufe0f\u200d\U0001f525\ufe0e", "\u2764\u200d\U0001f525"},
        {FLAG TAGS_OF_SCOTLAND TAG_END, FLAG TAGS_OF_SCOTLAND TAG_END},
        {"\"bob\" \\", "\"bob\" \\"},
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
        {"abcdefghijklmnopqrstuvwxyz0123456789", "abcdefghijklmnopqrstuvwxyz012345"}, /* too long */
        {"abcdefghijklmnopqrstuvwxyz01234 6789", "abcdefghijklmnopqrstuvwxyz01234"},
        {"abcdefghijklmnopqrstuvwxyz01234\u20ac", "abcdefghijklmnopqrstuvwxyz01234"},
        {"\u2800", BAD}, /* nothing to be seen */
        {"a\u2800", "a" BAD},
        {"\u2d7f\ua8fa\ufffc", BAD BAD BAD},
        {"\U00013441\U00013442\U00016fe4\U0001bc9d", BAD BAD BAD BAD},
        {"\U0001d159\u3164\u115f\u1160\uffa0", BAD BAD BAD BAD BAD},
        {"a\u17b4\u17b5\u180b\u034f\u00ad\u2060", "a" BAD BAD BAD BAD BAD BAD},
        {"bo" SHY "b", "bo" BAD "b"}, /* looks like another */
        {"\u8fbb\U000e0100", "\u8fbb" BAD},
        {"b" ZWNJ "ob", "b" BAD "ob"},
        {REH ZWNJ BEH, REH BAD BEH}, /* as without it */
        {"\u0915\u094d" ZWNJ, "\u0915\u094d" BAD},
        {"\u0915\u094d" ZWJ " b", "\u0915\u094d" BAD " b"},
        {"bob\u1161", "bob" BAD}, /* of no column */
        {"bob\u11a8\ud7cb", "bob" BAD BAD},
        {"bob\u3160", "bob" BAD}, /* NFKC makes U+1172 of it */
        {"\ue000", BAD},
        {"\u0378", BAD},
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
        cmocka_unit_test(joins_where_scripts_need_it),
        cmocka_unit_test(tags_stand_in_flags_alone),
        cmocka_unit_test(what_is_sent_is_changed_in_its_controls_alone),
        cmocka_unit_test(folds_for_comparing),
        cmocka_unit_test(cuts_between_characters),
        cmocka_unit_test(a_cut_leaves_no_joiner_behind),
        cmocka_unit_test(random_bytes_always_come_out_safe),
        cmocka_unit_test(makes_nicks),
        cmocka_unit_test(refuses_bad_nicks),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
