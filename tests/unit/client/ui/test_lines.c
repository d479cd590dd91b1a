#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/ui/lines.h"

static struct lines lines;

static void feed(const char *text, size_t size) {
    while (size > 0) {
        size_t room;
        char *space = lines_space(&lines, &room);
        size_t part = size < room ? size : room;
        assert_true(room > 0);
        memcpy(space, text, part);
        lines_added(&lines, part);
        text += part;
        size -= part;
    }
}

static void expect(const char *text, bool begins) {
    struct line line;
    assert_true(lines_next(&lines, &line));
    assert_string_equal(line.text, text);
    assert_int_equal(line.size, strlen(text));
    assert_int_equal(line.begins, begins);
    assert_false(line.repaired);
}

static void expect_nothing(void) {
    struct line line;
    assert_false(lines_next(&lines, &line));
}

static void lines_are_split_and_empty_ones_left_out(void **state) {
    (void)state;
    lines_init(&lines);
    feed("one\n\n\ntwo\nthr", 13);
    expect("one", true);
    expect("two", true);
    expect_nothing();
    feed("ee\n", 3);
    expect("three", true);
    expect_nothing();
    assert_false(lines_finished(&lines));
    lines_end(&lines);
    expect_nothing();
    assert_true(lines_finished(&lines));
}

static void the_last_line_needs_no_newline(void **state) {
    (void)state;
    lines_init(&lines);
    feed("end", 3);
    expect_nothing();
    lines_end(&lines);
    assert_false(lines_finished(&lines));
    expect("end", true);
    assert_true(lines_finished(&lines));
}

static void what_is_no_utf8_is_repaired(void **state) {
    struct line line;
    (void)state;
    lines_init(&lines);
    feed("a\xff\xc3\nb\xc3\xa9\n\xed\xa0\x80", 11);
    lines_end(&lines);
    assert_true(lines_next(&lines, &line));
    assert_true(line.repaired);
    assert_string_equal(line.text, "a\xef\xbf\xbd\xef\xbf\xbd");
    expect("b\xc3\xa9", true);
    assert_true(lines_next(&lines, &line));
    assert_string_equal(line.text, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

/* As editors of other systems write them; what of it comes when makes no difference. */
static void carriage_returns_at_ends_and_a_mark_before_all_are_left_out(void **state) {
    static const char text[] = "\xef\xbb\xbfone\r\n\r\nt\rwo\r\r\n\xef\xbb\xbfthree\n\r\nfour\r";
    static const struct {
        const char *text;
        uint64_t number;
    } expected[] = {{"one", 1}, {"t\rwo\r", 3}, {"\xef\xbb\xbfthree", 4}, {"four", 6}};
    size_t size = strlen(text);
    (void)state;
    for (size_t first = 0; first <= size; first++) {
        struct line line;
        size_t count = 0;
        lines_init(&lines);
        for (unsigned part = 0; part < 2; part++) {
            feed(part == 0 ? text : text + first, part == 0 ? first : size - first);
            if (part == 1) lines_end(&lines);
            for (; lines_next(&lines, &line); count++) {
                assert_true(count < 4);
                assert_string_equal(line.text, expected[count].text);
                assert_int_equal(line.size, strlen(expected[count].text));
                assert_int_equal(line.number, expected[count].number);
                assert_true(line.begins && line.ends && !line.repaired);
            }
        }
        assert_int_equal(count, 4);
        assert_true(lines_finished(&lines));
    }
}

static void nothing_but_a_mark_and_line_ends_is_nothing(void **state) {
    (void)state;
    lines_init(&lines);
    feed("\xef\xbb\xbf\r\n\r", 6);
    lines_end(&lines);
    expect_nothing();
    assert_true(lines_finished(&lines));
}

static void whole_texts_are_unified_likewise(void **state) {
    static const char *const texts[][2] = {
        {"one\r\ntwo\r\n\r\nthree\r", "one\ntwo\n\nthree"},
        {"o\rne\r\r\n", "o\rne\r\n"},
        {"\r\n", "\n"},
        {"\r", ""},
        {"", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char text[64];
        strcpy(text, texts[i][0]);
        assert_int_equal(lines_unify(text, strlen(text)), strlen(texts[i][1]));
        assert_string_equal(text, texts[i][1]);
    }
}

/* Takes all pieces of one long line that comes in parts, and puts them together again. */
static size_t collect(const char *text, size_t size, size_t part, char *out, size_t *pieces) {
    size_t written = 0;
    struct line line;
    lines_init(&lines);
    *pieces = 0;
    for (size_t at = 0; at <= size; at += part) {
        if (at < size) feed(text + at, part < size - at ? part : size - at);
        if (at + part > size) lines_end(&lines);
        for (; lines_next(&lines, &line); written += line.size) {
            assert_true(line.size <= MESSAGE_TEXT_MAX);
            assert_int_equal(line.begins, (*pieces)++ == 0);
            assert_int_equal(line.ends, lines_finished(&lines));
            assert_int_equal(line.number, 1);
            assert_false(line.repaired);
            memcpy(out + written, line.text, line.size);
        }
    }
    assert_true(lines_finished(&lines));
    return written;
}

static void long_lines_come_in_pieces_cut_between_characters(void **state) {
    static const char character[4] = {'\xf0', '\x9f', '\x98', '\x80'};
    static char text[200001], joined[sizeof text];
    size_t pieces;
    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        size_t size = shift;
        memset(text, 'x', shift);
        for (; size + 4 < 200000; size += 4) memcpy(text + size, character, sizeof character);
        assert_int_equal(collect(text, size, 4000, joined, &pieces), size);
        assert_memory_equal(joined, text, size);
        assert_int_equal(pieces, 4);
        assert_int_equal(collect(text, size, 3, joined, &pieces), size);
        assert_memory_equal(joined, text, size);
    }
}

static void the_longest_line_is_one_piece(void **state) {
    static char text[MESSAGE_TEXT_MAX + 2];
    struct line line;
    (void)state;
    lines_init(&lines);
    memset(text, 'y', sizeof text);
    text[MESSAGE_TEXT_MAX] = '\n';
    feed(text, MESSAGE_TEXT_MAX + 1);
    assert_true(lines_next(&lines, &line));
    assert_int_equal(line.size, MESSAGE_TEXT_MAX);
    expect_nothing();
    feed("z\n", 2);
    expect("z", true);
    feed(text, MESSAGE_TEXT_MAX);
    feed("y\nz\n", 4);
    assert_true(lines_next(&lines, &line));
    assert_int_equal(line.size, MESSAGE_TEXT_MAX);
    expect("y", false);
    expect("z", true);
}

/* Repairing makes text longer, so that a line that would fit may not. */
static void repaired_lines_keep_the_limit(void **state) {
    static char text[50001];
    size_t whole = 0;
    struct line line;
    (void)state;
    lines_init(&lines);
    memset(text, 0xff, sizeof text);
    text[50000] = '\n';
    feed(text, sizeof text);
    for (; lines_next(&lines, &line); whole += line.size) assert_true(line.size <= MESSAGE_TEXT_MAX);
    assert_int_equal(whole, 3 * 50000);
}

static void zero_bytes_are_text(void **state) {
    struct line line;
    (void)state;
    lines_init(&lines);
    feed("a\0b\n", 4);
    assert_true(lines_next(&lines, &line));
    assert_int_equal(line.size, 3);
    assert_memory_equal(line.text, "a\0b", 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_split_and_empty_ones_left_out),
        cmocka_unit_test(the_last_line_needs_no_newline),
        cmocka_unit_test(what_is_no_utf8_is_repaired),
        cmocka_unit_test(carriage_returns_at_ends_and_a_mark_before_all_are_left_out),
        cmocka_unit_test(nothing_but_a_mark_and_line_ends_is_nothing),
        cmocka_unit_test(whole_texts_are_unified_likewise),
        cmocka_unit_test(long_lines_come_in_pieces_cut_between_characters),
        cmocka_unit_test(the_longest_line_is_one_piece),
        cmocka_unit_test(repaired_lines_keep_the_limit),
        cmocka_unit_test(zero_bytes_are_text),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("lines", tests, NULL, NULL);
}
