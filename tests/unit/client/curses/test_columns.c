#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>
#include <wchar.h>

#include <cmocka.h>

#include "client/curses/columns.h"
#include "tests/support/layout.h"

#define MAN "\U0001f468"
#define WOMAN "\U0001f469"
#define GIRL "\U0001f467"
#define BOY "\U0001f466"
#define TONE "\U0001f3fd"
#define ZWJ "\u200d"
#define ACUTE "\u0301"
#define TEXT_MAX 4096

static int prepare(void **state) {
    (void)state;
    return columns_init() ? 0 : -1;
}

static bool is_tone(uint32_t code) {
    return code >= 0x1f3fb && code <= 0x1f3ff;
}

static bool is_left_out_always(uint32_t code) {
    return code == 0x200d || (code >= 0xfe00 && code <= 0xfe0f) || (code >= 0xe0100 && code <= 0xe01ef);
}

/* The columns of all glyphs together, as libc counts what they are made of; tabs as the caller draws them. */
static unsigned columns_drawn(const char *text, size_t size) {
    unsigned columns = 0;
    struct glyph glyph;
    for (size_t at = 0; at < size;) {
        if (text[at] == '\n') {
            at++;
            continue;
        }
        if (!columns_glyph(text, size, &at, &glyph)) continue;
        assert_true(glyph.columns == 1 || glyph.columns == 2);
        assert_int_equal(wcwidth((wchar_t)glyph.base), glyph.columns);
        assert_true(glyph.mark_count <= COLUMNS_MARKS_MAX);
        assert_false(is_left_out_always(glyph.base));
        for (size_t i = 0; i < glyph.mark_count; i++) {
            assert_int_equal(wcwidth((wchar_t)glyph.marks[i]), 0);
            assert_false(is_left_out_always(glyph.marks[i]));
        }
        columns += text[at - 1] == '\t' ? COLUMNS_TAB : glyph.columns;
    }
    return columns;
}

/* Clusters cover the text without a gap, the same from both ends, and their columns are those of the glyphs. */
static void check_text(const char *text, size_t size) {
    unsigned columns = 0;
    for (size_t at = 0; at < size;) {
        struct cluster cluster = columns_cluster(text + at, size - at);
        assert_in_range(cluster.size, 1, size - at);
        assert_int_equal(cluster.columns, columns_drawn(text + at, cluster.size));
        assert_int_equal(columns_cluster_before(text, at + cluster.size), at);
        assert_int_equal(columns_fit(text, size, columns + cluster.columns) >= at + cluster.size, true);
        if (cluster.columns > 0) assert_int_equal(columns_fit(text, size, columns + cluster.columns - 1), at);
        columns += cluster.columns;
        at += cluster.size;
    }
    assert_int_equal(columns_of(text, size), columns);
    assert_int_equal(columns_drawn(text, size), columns);
}

static void finds_a_utf8_locale(void **state) {
    (void)state;
    const char *before = getenv("LC_ALL");
    char *kept = before ? strdup(before) : NULL;
    setenv("LC_ALL", "C", 1);
    assert_true(columns_init());
    assert_int_equal(wcwidth(0x6f22), 2);
    setenv("LC_ALL", "there is no such locale", 1);
    assert_true(columns_init());
    assert_int_equal(wcwidth(0x6f22), 2);
    if (kept) {
        setenv("LC_ALL", kept, 1);
    } else {
        unsetenv("LC_ALL");
    }
    free(kept);
}

struct example {
    const char *text;
    unsigned columns, clusters;
};

static void counts_what_people_write(void **state) {
    (void)state;
    static const struct example examples[] = {
        {"", 0, 0},
        {"plain", 5, 5},
        {"Grüße, żółć", 11, 11},
        {"e" ACUTE "e", 2, 2},
        {"漢字かな한국어", 14, 7},
        {"\u1112\u1161\u11ab\u1100\u1173\u11af", 4, 2}, /* jamo: syllables of three */
        {"हिन्दी", 5, 3},                                /* two of its vowel signs have columns; i precedes */
        {"ไทยที่นี่", 5, 5},
        {"עִבְרִית", 5, 5},
        {"العربية", 7, 7},
        {"مَرْحَبًا", 5, 5},
        {MAN ZWJ WOMAN ZWJ GIRL ZWJ BOY, 8, 1},
        {WOMAN TONE ZWJ "\U0001f680", 4, 1},
        {"\u2764\ufe0f\u2764\ufe0e\u2764", 3, 3},
        {"1\ufe0f\u20e3"
         "2",
         2, 2},
        {"\U0001f1eb\U0001f1ee\U0001f1f8\U0001f1ea", 4, 2},
        {"\U0001f44d" TONE "\U0001f44d\ufe0f" TONE, 4, 2},
        {TONE, 2, 1},
        {"x" TONE, 3, 1}, /* on no emoji: drawn */
        {"a\tb", 2 + COLUMNS_TAB, 3},
        {"a\r\nb", 3, 4}, /* the carriage return, as U+FFFD, is no part of the newline */
        {"\n\n", 0, 2},
        {"\x1b[m", 3, 3},
        {ACUTE, 1, 1},
        {"\u1161", 1, 1}, /* a vowel without a consonant */
        {ZWJ "\ufe0f", 0, 1},
        {"a\u200b" ACUTE, 3, 3}, /* what parts two clusters shows */
        {MAN "\u200b" TONE, 5, 3},
        {"a\U000e0041", 1, 1},
        {"\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", 7, 7}, /* Persian, with ZWNJ */
        {"\u0dc1\u0dca" ZWJ "\u0dbb", 2, 2},                        /* Sinhala, with ZWJ */
        {"so\u00adft\u00ad" ACUTE, 5, 7},                           /* soft hyphens have no column, and part */
        {"\u8fbb\U000e0100x", 3, 2},
        {"\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e007fx", 3, 2},
        {"\ue000\U000f0000", 2, 2},           /* private use: as libc has it */
        {"\u0378\ufdd0", 2, 2},               /* what nobody knows: a stand-in, */
        {"\U0003fff0\U0001faff\u202e", 5, 3}, /* of two columns where it will be wide */
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        const char *text = examples[i].text;
        size_t size = strlen(text), clusters = 0;
        for (size_t at = 0; at < size; clusters++) at += columns_cluster(text + at, size - at).size;
        if (columns_of(text, size) != examples[i].columns || clusters != examples[i].clusters)
            fail_msg("\"%s\": %u columns, %zu clusters", text, columns_of(text, size), clusters);
        check_text(text, size);
    }
    assert_int_equal(columns_cluster("", 0).size, 0);
    assert_int_equal(columns_of("a\0b", 3), 3);
}

static void check_glyph(const char *text, size_t *at, struct glyph want) {
    struct glyph glyph;
    assert_true(columns_glyph(text, strlen(text), at, &glyph));
    assert_int_equal(glyph.base, want.base);
    assert_int_equal(glyph.columns, want.columns);
    assert_int_equal(glyph.mark_count, want.mark_count);
    assert_memory_equal(glyph.marks, want.marks, want.mark_count * sizeof *want.marks);
}

static void draws_base_and_marks(void **state) {
    (void)state;
    static const char text[] =
        "e\u0301\u0323" MAN TONE ZWJ "\u2764\ufe0f\u1112\u1161\u11ab\u0301\t\x01\u0378" TONE "\n";
    static const struct glyph glyphs[] = {
        {'e', {0x301, 0x323}, 2, 1},
        {0x1f468, {0}, 0, 2},
        {0x2764, {0}, 0, 1},
        {0x1112, {0x1161, 0x11ab, 0x301}, 3, 2},
        {' ', {0}, 0, 1},
        {0xfffd, {0}, 0, 1},
        {0xfffd, {0}, 0, 1},
        {0x1f3fd, {0}, 0, 2},
    };
    size_t at = 0;
    for (size_t i = 0; i < sizeof glyphs / sizeof *glyphs; i++) check_glyph(text, &at, glyphs[i]);
    struct glyph glyph;
    assert_false(columns_glyph(text, strlen(text), &at, &glyph));
    assert_int_equal(at, strlen(text) - 1); /* the newline is the caller's */
    at = 0;
    check_glyph(ACUTE "\u0323", &at, (struct glyph){0x25cc, {0x301, 0x323}, 2, 1});
    at = 0;
    check_glyph("\u06cc\u200c" ZWJ "\u062e", &at, (struct glyph){0x6cc, {0x200c}, 1, 1});
    at = 0;
    check_glyph("\u00ad\U0003fff0", &at, (struct glyph){0x3013, {0}, 0, 2});
    at = 0;
    assert_false(columns_glyph(ZWJ "\n", 4, &at, &glyph));
    assert_int_equal(at, 3);
}

static void bounds_marks(void **state) {
    (void)state;
    static const char text[] = "e\u0301\u0302\u0303\u0304\u0305\u0306z";
    size_t at = 0;
    check_glyph(text, &at, (struct glyph){'e', {0x301, 0x302, 0x303, 0x304}, COLUMNS_MARKS_MAX, 1});
    check_glyph(text, &at, (struct glyph){'z', {0}, 0, 1});
}

static size_t put(char *text, size_t size, utf8proc_int32_t code) {
    return size + (size_t)utf8proc_encode_char(code, (utf8proc_uint8_t *)text + size);
}

static void cuts_endless_clusters(void **state) {
    (void)state;
    char text[7 * 40], tones[1 + 4 * 40] = "a";
    for (size_t i = 0; i < 40; i++) {
        put(text, put(text, 7 * i, 0x1f468), 0x200d);
        put(tones, 1 + 4 * i, 0x1f3fd);
    }
    struct cluster cluster = columns_cluster(text, sizeof text);
    assert_int_equal(cluster.columns, 2 * COLUMNS_CLUSTER_GLYPHS);
    assert_int_equal(cluster.size, 7 * COLUMNS_CLUSTER_GLYPHS);
    check_text(text, sizeof text);
    assert_int_equal(columns_of(text, sizeof text), 80);
    check_text(tones, sizeof tones);
    assert_int_equal(columns_of(tones, sizeof tones), 81);
}

/* To the module a character is no more than this; of neighbours with the same, some are enough. */
static bool is_like_the_one_before(utf8proc_int32_t code) {
    const utf8proc_property_t *one = utf8proc_get_property(code), *other = utf8proc_get_property(code - 1);
    return one->boundclass == other->boundclass && one->category == other->category &&
           one->ignorable == other->ignorable && wcwidth((wchar_t)code) == wcwidth((wchar_t)(code - 1));
}

/* Alone, after a letter, between emoji, and before a mark. */
static void counts_every_character(void **state) {
    (void)state;
    for (utf8proc_int32_t code = 1; code < 0x110000; code++) {
        if ((code >= 0xd800 && code < 0xe000) || (is_like_the_one_before(code) && code % 101 != 0)) continue;
        char text[64];
        size_t alone = put(text, 0, code);
        check_text(text, alone);
        size_t size = put(text, put(text, put(text, alone, 0x301), 'a'), code);
        size = put(text, put(text, put(text, put(text, size, 0x1f468), code), 0x200d), 0x1f469);
        size = put(text, put(text, size, 0x1f3fd), code);
        check_text(text, size);
    }
}

static utf8proc_int32_t random_character(void) {
    static const utf8proc_int32_t chosen[] = {
        '\n',   '\t',   ' ',    'a',    0x200d, 0xfe0f, 0xfe0e, 0x301, 0x20e3, 0x1f3fb, 0x1f468, 0x2764,
        0x1100, 0x1161, 0x11a8, 0xac00, 0x94d,  0x915,  0x93f,  0x600, 0x6f22, 0x200b,  0x1f1e6, 0xe33,
    };
    static const struct {
        utf8proc_int32_t first, count;
    } ranges[] = {
        {1, 0x250},      {0x300, 0x70},    {0x590, 0x170}, {0x900, 0x80},    {0xe00, 0x60},
        {0x1100, 0x100}, {0x4e00, 0x5000}, {0x1f1e6, 26},  {0x1f300, 0x400}, {1, 0xd7ff},
    };
    uint64_t number = layout_random();
    if (number % 2) return chosen[(number >> 1) % (sizeof chosen / sizeof *chosen)];
    size_t range = (number >> 1) % (sizeof ranges / sizeof *ranges);
    return ranges[range].first + (utf8proc_int32_t)((number >> 16) % (uint64_t)ranges[range].count);
}

static void counts_random_texts(void **state) {
    (void)state;
    for (unsigned round = 0; round < 1500; round++) {
        char text[4 * 40];
        size_t size = 0;
        for (uint64_t left = layout_random() % 40; left > 0; left--) size = put(text, size, random_character());
        check_text(text, size);
    }
}

/* The drawn text again, as one string: libc counts the same, and nothing is in it that terminals disagree on. */
static void draws_nothing_disputed(void **state) {
    (void)state;
    for (unsigned round = 0; round < 1500; round++) {
        char text[4 * 40];
        wchar_t drawn[40 * 5];
        size_t size = 0, count = 0, at = 0;
        for (uint64_t left = layout_random() % 40; left > 0; left--) {
            utf8proc_int32_t code = random_character();
            if (code != '\n' && code != '\t') size = put(text, size, code);
        }
        struct glyph glyph, before = {0};
        while (columns_glyph(text, size, &at, &glyph)) {
            bool on_emoji =
                utf8proc_get_property((int32_t)before.base)->boundclass == UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC;
            assert_false(on_emoji && before.mark_count == 0 && is_tone(glyph.base));
            drawn[count++] = (wchar_t)glyph.base;
            for (size_t i = 0; i < glyph.mark_count; i++) drawn[count++] = (wchar_t)glyph.marks[i];
            before = glyph;
        }
        assert_int_equal(wcswidth(drawn, count), columns_of(text, size));
    }
}

/* utf8proc says itself where clusters begin. */
static void clusters_are_those_of_unicode(void **state) {
    (void)state;
    for (unsigned round = 0; round < 2000; round++) {
        char text[4 * COLUMNS_CLUSTER_GLYPHS], joined[8 * COLUMNS_CLUSTER_GLYPHS];
        size_t size = 0, length = 0;
        for (unsigned left = COLUMNS_CLUSTER_GLYPHS; left > 0; left--) {
            utf8proc_int32_t code = random_character();
            if (code != '\r' && code != '\n') size = put(text, size, code);
        }
        for (size_t at = 0; at < size;) {
            size_t step = columns_cluster(text + at, size - at).size;
            joined[length++] = (char)0xff;
            memcpy(joined + length, text + at, step);
            length += step;
            at += step;
        }
        utf8proc_uint8_t *want;
        utf8proc_ssize_t want_size =
            utf8proc_map((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)size, &want, UTF8PROC_CHARBOUND);
        assert_int_equal(want_size, length);
        assert_memory_equal(joined, want, length);
        free(want);
    }
}

static void counts_long_words(void **state) {
    (void)state;
    static const char *const pieces[] = {"a", "漢", "e" ACUTE, MAN ZWJ WOMAN ZWJ, "\U0001f1eb", "ก็", "한"};
    static char text[TEXT_MAX];
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        size_t step = strlen(pieces[i]), size = 0;
        for (; size + step <= sizeof text; size += step) memcpy(text + size, pieces[i], step);
        assert_int_equal(columns_of(text, size), size / step * columns_of(pieces[i], step));
        assert_int_equal(columns_drawn(text, size), columns_of(text, size));
    }
}

static void survives_invalid_text(void **state) {
    (void)state;
    for (unsigned round = 0; round < 2000; round++) {
        char text[24];
        layout_random_bytes((uint8_t *)text, sizeof text);
        size_t at = 0;
        while (at < sizeof text) {
            struct cluster cluster = columns_cluster(text + at, sizeof text - at);
            assert_in_range(cluster.size, 1, sizeof text - at);
            at += cluster.size;
        }
        for (; at > 0; at--) assert_true(columns_cluster_before(text, at) < at);
    }
    assert_int_equal(columns_of("\xff\xc3", 2), 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_a_utf8_locale),           cmocka_unit_test(counts_what_people_write),
        cmocka_unit_test(draws_base_and_marks),          cmocka_unit_test(bounds_marks),
        cmocka_unit_test(cuts_endless_clusters),         cmocka_unit_test(counts_every_character),
        cmocka_unit_test(counts_random_texts),           cmocka_unit_test(draws_nothing_disputed),
        cmocka_unit_test(clusters_are_those_of_unicode), cmocka_unit_test(counts_long_words),
        cmocka_unit_test(survives_invalid_text),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("columns", tests, prepare, NULL);
}
