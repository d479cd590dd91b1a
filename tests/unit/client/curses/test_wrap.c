#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/curses/columns.h"
#include "client/curses/wrap.h"
#include "tests/support/layout.h"

#define FAMILY "\U0001f468\u200d\U0001f469\u200d\U0001f467"
#define LONG_TEXT 65536

static int prepare(void **state) {
    (void)state;
    return columns_init() ? 0 : -1;
}

/* The rows, each with a bar behind it. */
static const char *rows_of(const char *text, unsigned width) {
    static char rows[400];
    struct wrap wrap = wrap_over(text, strlen(text), width);
    struct wrap_row row;
    size_t size = 0;
    while (wrap_next(&wrap, &row)) {
        assert_true(wrap_holds(&wrap, &row));
        assert_true(size + row.size + 2 <= sizeof rows);
        memcpy(rows + size, text + row.start, row.size);
        size += row.size;
        rows[size++] = '|';
    }
    rows[size] = '\0';
    return rows;
}

static void breaks_where_people_would(void **state) {
    (void)state;
    static const struct {
        unsigned width;
        const char *text, *rows;
    } examples[] = {
        {5, "", "|"},
        {5, "hello", "hello|"},
        {5, "hello you", "hello|you|"},
        {6, "hello you", "hello|you|"},
        {9, "hello you", "hello you|"},
        {5, "hello    you", "hello|you|"},
        {7, "hello    you", "hello|you|"},
        {3, "a b c d e", "a b|c d|e|"},
        {4, "a  b  c", "a  b|c|"},
        {4, "abcdefghij", "abcd|efgh|ij|"},
        {4, "x abcdefghij", "x|abcd|efgh|ij|"},
        {4, "abcd ", "abcd|"},
        {4, "abc ", "abc |"},
        {4, "abcd    ", "abcd|"},
        {4, "abcd    \nx", "abcd|x|"},
        {4, "a\nb", "a|b|"},
        {4, "a\n", "a|"},
        {4, "\n", "|"},
        {4, "\n\n", "||"},
        {4, "a\n\nb\n", "a||b|"},
        {8, "  if x\n    y", "  if x|    y|"},
        {5, "   abcd", "|abcd|"}, /* a word stays whole rather than follow its indentation */
        {3, "      ", "|"},
        {6, "a\tb", "a\tb|"},
        {5, "a\tb", "a|b|"},
        {4, "a\tb", "a|b|"},
        {3, "\ta", "|a|"},
        {5, "ab\u00a0cd ef", "ab\u00a0cd|ef|"}, /* a blank that must not break */
        {4, "ab\u00a0cd", "ab\u00a0c|d|"},
        {5, "ab\u2003cd ef", "ab\u2003cd|ef|"},
        {4, "ab\u2003cd ef", "ab|cd|ef|"},
        {4, "漢字かな", "漢字|かな|"},
        {5, "漢字かな", "漢字|かな|"},
        {6, "ab漢字", "ab漢字|"},
        {5, "x ab漢字", "x|ab漢|字|"},
        {6, "漢字、かな", "漢字、|かな|"},
        {4, "漢字、かな", "漢|字、|かな|"}, /* what closes does not begin a row */
        {6, "漢字「かな」", "漢字|「か|な」|"},
        {2, "「「漢", "「|「|漢|"},
        {4, "漢\u3000字", "漢|字|"},
        {4, "हिन्दी", "हिन्|दी|"},
        {1, "漢", "|"},
        {1, "漢字", "|"},
        {1, "a漢b字", "a|b|"},
        {1, "漢a", "a|"},
        {1, "a\n漢\nb", "a||b|"},
        {3, "ab " FAMILY " cd", "ab|cd|"},
        {5, "hi ab" FAMILY "cd", "hi ab|cd|"},
        {6, FAMILY FAMILY, FAMILY "|" FAMILY "|"},
        {3, "e\u0301e\u0301e\u0301e\u0301", "e\u0301e\u0301e\u0301|e\u0301|"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
        if (strcmp(rows_of(examples[i].text, examples[i].width), examples[i].rows) != 0)
            fail_msg("\"%s\" at %u: %s, not %s", examples[i].text, examples[i].width,
                     rows_of(examples[i].text, examples[i].width), examples[i].rows);
}

/* Of clusters that come between two rows. */
static bool is_undrawn(const char *text, struct cluster cluster, unsigned width) {
    static const char *const blanks[] = {" ", "\t", "\n", "\u3000"};
    for (size_t i = 0; i < sizeof blanks / sizeof *blanks; i++)
        if (cluster.size == strlen(blanks[i]) && memcmp(text, blanks[i], cluster.size) == 0) return true;
    return cluster.columns > width;
}

/* Goes over the clusters of [at, end), which stand in no row. */
static void check_gap(const char *text, size_t at, size_t end, size_t size, unsigned width) {
    while (at < end) {
        struct cluster cluster = columns_cluster(text + at, size - at);
        assert_true(is_undrawn(text + at, cluster, width));
        at += cluster.size;
    }
    assert_int_equal(at, end);
}

/* Rows begin and end between clusters, hold what their columns say, and leave nothing out but what they may. */
static void check_rows(const char *text, size_t size, unsigned width) {
    struct wrap wrap = wrap_over(text, size, width);
    struct wrap_row row;
    size_t at = 0, count = 0;
    for (; wrap_next(&wrap, &row); count++) {
        assert_true(row.start >= at && row.start + row.size <= size);
        check_gap(text, at, row.start, size, width);
        unsigned columns = 0;
        size_t end = row.start + row.size;
        for (at = row.start; at < end;) {
            struct cluster cluster = columns_cluster(text + at, size - at);
            assert_int_not_equal(text[at], '\n');
            columns += cluster.columns;
            at += cluster.size;
        }
        assert_int_equal(at, end);
        assert_int_equal(columns, row.columns);
        assert_true(columns <= width);
    }
    check_gap(text, at, size, size, width);
    assert_true(count >= 1 && count <= size + 1);
    assert_int_equal(count, wrap_count(text, size, width));
}

static size_t random_text(char *text, size_t pieces) {
    static const char *const choices[] = {
        "a",  "bc",     "def",     " ",    " ",  "  ",     "\t", "\n",           "漢",        "、",
        "「", "\u3000", "e\u0301", FAMILY, "한", "\u200d", "ที่",  "\u2764\ufe0f", "longerword"};
    size_t size = 0;
    while (pieces-- > 0) {
        const char *piece = choices[layout_random() % (sizeof choices / sizeof *choices)];
        while (*piece) text[size++] = *piece++;
    }
    return size;
}

static void loses_nothing_at_any_width(void **state) {
    (void)state;
    for (unsigned width = 1; width <= 200; width++) {
        for (unsigned round = 0; round < 12; round++) {
            char text[100 * sizeof FAMILY] = {0};
            check_rows(text, random_text(text, layout_random() % 100), width);
        }
    }
}

/* Words and single blanks, in the way that everybody knows: as many whole words on a row as fit. */
static size_t count_rows_of_words(const char *text, size_t size, size_t width) {
    size_t rows = 0, used = 0;
    for (size_t at = 0; at < size;) {
        const char *blank = memchr(text + at, ' ', size - at);
        size_t word = blank ? (size_t)(blank - text) - at : size - at;
        if (rows > 0 && used + 1 + word <= width) {
            used += 1 + word;
        } else {
            rows += (word + width - 1) / width;
            used = word % width == 0 ? width : word % width;
        }
        at += word + 1;
    }
    return rows;
}

static void fills_rows_as_far_as_words_go(void **state) {
    (void)state;
    for (unsigned round = 0; round < 1000; round++) {
        char text[400];
        size_t size = 0;
        while (size < 300) {
            size_t word = 1 + layout_random() % (round % 40 + 1);
            memset(text + size, 'w', word);
            size += word;
            text[size++] = ' ';
        }
        size--;
        unsigned width = 1 + (unsigned)(layout_random() % 60);
        assert_int_equal(wrap_count(text, size, width), count_rows_of_words(text, size, width));
    }
}

/* A time that grew with the square of the text would not end here. */
static void takes_long_texts(void **state) {
    (void)state;
    static const char *const pieces[] = {"a", " ", "\n", "漢", "「", FAMILY, "\u0301", "\u200d", "a ", "\U0001f1eb"};
    static const unsigned widths[] = {1, 2, 80, LONG_TEXT};
    char *text = malloc(LONG_TEXT);
    assert_non_null(text);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        size_t step = strlen(pieces[i]), size = 0;
        for (; size + step <= LONG_TEXT; size += step) memcpy(text + size, pieces[i], step);
        for (size_t j = 0; j < sizeof widths / sizeof *widths; j++) {
            size_t count = wrap_count(text, size, widths[j]);
            if (*text == 'a' && step == 1) assert_int_equal(count, (size + widths[j] - 1) / widths[j]);
            if (*text == '\n') assert_int_equal(count, size);
            if (*text == ' ') assert_int_equal(count, 1);
        }
    }
    free(text);
}

static void ends_a_row_where_it_is_told(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t stop, size, next; /* of the first row, and where the second begins */
    } examples[] = {
        {"abcd ef", 4, 4, 5}, {"abcdef", 4, 4, 4}, {"abcd\nef", 4, 4, 5},     {"abcd  \nef", 4, 4, 7},
        {"ab cd", 4, 4, 4},   {"abcd", 4, 4, 4},   {"abcdefghijkl", 9, 8, 8}, {"abc defghij", 10, 3, 4},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        const char *text = examples[i].text;
        struct wrap wrap = wrap_over(text, strlen(text), 8);
        struct wrap_row row;
        assert_true(wrap_next_until(&wrap, examples[i].stop, &row));
        assert_int_equal(row.size, examples[i].size);
        assert_int_equal(row.columns, examples[i].size);
        assert_int_equal(wrap_next(&wrap, &row), examples[i].next < strlen(text));
        if (examples[i].next < strlen(text)) assert_int_equal(row.start, examples[i].next);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(breaks_where_people_would),     cmocka_unit_test(loses_nothing_at_any_width),
        cmocka_unit_test(fills_rows_as_far_as_words_go), cmocka_unit_test(takes_long_texts),
        cmocka_unit_test(ends_a_row_where_it_is_told),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("wrap", tests, prepare, NULL);
}
