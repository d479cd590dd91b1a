#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/curses/columns.h"
#include "client/curses/editor.h"
#include "client/curses/editor_past.h"
#include "common/text.h"

#define BAD "\xef\xbf\xbd"
#define ACUTE "\u0301"
#define ZWJ "\u200d"
#define WOMAN "\U0001f469"
#define GIRL "\U0001f467"

static struct editor editor;

static int begin(void **state) {
    (void)state;
    editor_init(&editor);
    return 0;
}

static int end(void **state) {
    (void)state;
    editor_destroy(&editor);
    return 0;
}

static bool insert(const char *text) {
    return editor_insert(&editor, text, strlen(text));
}

static void type(const char *text) {
    for (; *text; text++) assert_true(editor_insert(&editor, text, 1));
}

static void set(const char *text, size_t cursor) {
    assert_true(editor_set(&editor, text, strlen(text), cursor));
}

/* '|' is the cursor. */
static void check(const char *expected) {
    size_t cursor = (size_t)(strchr(expected, '|') - expected);
    char text[256];
    snprintf(text, sizeof text, "%.*s%s", (int)cursor, expected, expected + cursor + 1);
    assert_string_equal(editor.text, text);
    assert_int_equal(editor.size, strlen(text));
    assert_int_equal(editor.cursor, cursor);
}

static void does(enum edit edit, const char *expected) {
    assert_true(editor_do(&editor, edit));
    check(expected);
}

static void does_not(enum edit edit) {
    assert_false(editor_do(&editor, edit));
}

static void moves(void **state) {
    (void)state;
    set("e" ACUTE "漢 x-ray, fin", 3 + 3);
    check("e" ACUTE "漢| x-ray, fin");
    does(EDIT_LEFT, "e" ACUTE "|漢 x-ray, fin");
    does(EDIT_LEFT, "|e" ACUTE "漢 x-ray, fin");
    does_not(EDIT_LEFT);
    does_not(EDIT_WORD_LEFT);
    does(EDIT_RIGHT, "e" ACUTE "|漢 x-ray, fin");
    does(EDIT_WORD_RIGHT, "e" ACUTE "漢| x-ray, fin");
    does(EDIT_WORD_RIGHT, "e" ACUTE "漢 x|-ray, fin");
    does(EDIT_WORD_RIGHT, "e" ACUTE "漢 x-ray|, fin");
    does(EDIT_WORD_LEFT, "e" ACUTE "漢 x-|ray, fin");
    does(EDIT_WORD_LEFT, "e" ACUTE "漢 |x-ray, fin");
    does(EDIT_WORD_LEFT, "|e" ACUTE "漢 x-ray, fin");
    does(EDIT_LINE_END, "e" ACUTE "漢 x-ray, fin|");
    does_not(EDIT_RIGHT);
    does_not(EDIT_WORD_RIGHT);
    does_not(EDIT_LINE_END);
    does(EDIT_LINE_START, "|e" ACUTE "漢 x-ray, fin");
}

static void moves_by_lines(void **state) {
    (void)state;
    set("one\ntwo\nthree", 5);
    assert_int_equal(editor_lines(&editor), 3);
    does(EDIT_LINE_START, "one\n|two\nthree");
    does(EDIT_LINE_START, "one|\ntwo\nthree");
    does(EDIT_LINE_START, "|one\ntwo\nthree");
    does_not(EDIT_LINE_START);
    does(EDIT_LINE_END, "one|\ntwo\nthree");
    does(EDIT_LINE_END, "one\n|two\nthree");
    does(EDIT_KILL_TO_END, "one\n|\nthree");
    does(EDIT_KILL_TO_END, "one\n|three");
    does(EDIT_KILL_TO_START, "one|three");
    does(EDIT_YANK, "one\ntwo\n|three");
    does(EDIT_CLEAR, "|");
    assert_int_equal(editor_lines(&editor), 1);
    does_not(EDIT_CLEAR);
}

static void deletes(void **state) {
    (void)state;
    set("a" ACUTE "漢" WOMAN ZWJ GIRL "b", 3 + 3);
    does(EDIT_DELETE_FORWARD, "a" ACUTE "漢|b");
    does(EDIT_DELETE_BACKWARD, "a" ACUTE "|b");
    does(EDIT_DELETE_BACKWARD, "|b");
    does_not(EDIT_DELETE_BACKWARD);
    does(EDIT_DELETE_FORWARD, "|");
    does_not(EDIT_DELETE_FORWARD);
    does(EDIT_UNDO, "|b");
}

static void changes_controls_alone(void **state) {
    (void)state;
    insert("a\x1b[31m\x7f\xc2\x9b\xff\r\nb\rc\td");
    check("a" BAD "[31m" BAD BAD BAD "\nb\nc\td|");
    assert_int_equal(editor_lines(&editor), 3);
    set("\r\na\rb", 4);
    check("\na\n|b");
}

/* What is typed is what is said: joiners, the newest characters, private ones, flags, hyphens, variants. */
static void keeps_what_is_typed(void **state) {
    (void)state;
    static const char *const texts[] = {
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", /* Persian */
        "\u0dc1\u0dca" ZWJ "\u0dbb\u0dd3",                  /* Sinhala */
        "\u0915\u094d" ZWJ "\u0937",                        /* Devanagari */
        "a\u200cb" ZWJ,
        "\U0001fae9\u0378\ue000\U0010fffd",
        "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        "Donau\u00addampf\u00ad",
        "\u8fbb\U000e0100\u2060\ufeff\u202e\u2066",
        ACUTE ACUTE,
        WOMAN ZWJ,
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        editor_do(&editor, EDIT_CLEAR);
        assert_true(insert(texts[i])); /* pasted */
        assert_string_equal(editor.text, texts[i]);
        editor_do(&editor, EDIT_CLEAR);
        for (const char *at = texts[i], *next; *at; at = next) { /* typed: an input method sends one by one */
            for (next = at + 1; ((unsigned char)*next & 0xc0) == 0x80; next++) continue;
            assert_true(editor_insert(&editor, at, (size_t)(next - at)));
        }
        assert_string_equal(editor.text, texts[i]);
        assert_int_equal(editor.cursor, editor.size);
    }
}

static void marks_join_what_is_there(void **state) {
    (void)state;
    type("e");
    insert(ACUTE);
    check("e" ACUTE "|");
    does(EDIT_LEFT, "|e" ACUTE);
    insert("x");
    check("x|e" ACUTE);
    does(EDIT_CLEAR, "|");
    for (int i = 0; i < 12; i++) insert(i ? ACUTE : "o");
    assert_int_equal(editor.size, 1 + 11 * 2);
    does(EDIT_CLEAR, "|");
    insert(WOMAN ZWJ);
    insert(GIRL);
    does(EDIT_LEFT, "|" WOMAN ZWJ GIRL);
}

static void keeps_to_its_size(void **state) {
    (void)state;
    char *much = malloc(2 * MESSAGE_TEXT_MAX);
    assert_non_null(much);
    memset(much, 'x', 2 * MESSAGE_TEXT_MAX);
    assert_false(editor_insert(&editor, much, 2 * MESSAGE_TEXT_MAX));
    assert_false(editor_insert(&editor, much, MESSAGE_TEXT_MAX + 1));
    check("|");
    assert_true(editor_insert(&editor, much, MESSAGE_TEXT_MAX - 2));
    assert_false(insert("漢"));
    assert_int_equal(editor.size, MESSAGE_TEXT_MAX - 2);
    assert_true(insert("é"));
    assert_int_equal(editor.size, MESSAGE_TEXT_MAX);
    assert_false(insert("x"));
    assert_false(insert("\xff"));
    assert_false(editor_set(&editor, much, MESSAGE_TEXT_MAX + 1, 0));
    assert_true(editor_do(&editor, EDIT_LEFT));
    assert_false(insert("y"));
    assert_int_equal(editor.cursor, MESSAGE_TEXT_MAX - 2);
    memset(much, 0xff, MESSAGE_TEXT_MAX);
    assert_false(editor_set(&editor, much, MESSAGE_TEXT_MAX / 3 + 1, 0));
    assert_true(editor_set(&editor, much, MESSAGE_TEXT_MAX / 3, 0));
    free(much);
}

static void kills_and_yanks(void **state) {
    (void)state;
    set("one /two-three four", 15);
    does(EDIT_KILL_WORD_BACKWARD, "one |four");
    does(EDIT_YANK, "one /two-three |four");
    does(EDIT_KILL_WORD_LEFT, "one /two-|four");
    does(EDIT_KILL_WORD_LEFT, "one /|four");
    does_not(EDIT_YANK_OLDER);
    does(EDIT_YANK, "one /two-three |four");
    does(EDIT_YANK_OLDER, "one //two-three |four");
    does(EDIT_YANK_OLDER, "one /two-three |four");
    does(EDIT_LINE_START, "|one /two-three four");
    does_not(EDIT_YANK_OLDER);
    does(EDIT_KILL_WORD_RIGHT, "| /two-three four");
    does(EDIT_KILL_TO_END, "|");
    does_not(EDIT_KILL_TO_END);
    does(EDIT_YANK, "one /two-three four|");
    does(EDIT_KILL_TO_START, "|");
    editor_reset(&editor);
    does(EDIT_YANK, "one /two-three four|");
}

static void remembers_the_newest_kills(void **state) {
    (void)state;
    char word[2] = "a";
    does_not(EDIT_YANK);
    for (int i = 0; i < EDITOR_KILLS + 2; i++) {
        word[0] = (char)('a' + i);
        type(word);
        does(EDIT_KILL_TO_START, "|");
    }
    does(EDIT_YANK, "r|");
    for (int i = 1; i < EDITOR_KILLS; i++) assert_true(editor_do(&editor, EDIT_YANK_OLDER));
    check("c|");
    does(EDIT_YANK_OLDER, "r|");
}

static void transposes(void **state) {
    (void)state;
    does_not(EDIT_TRANSPOSE);
    set("a漢e" ACUTE, 1);
    does(EDIT_TRANSPOSE, "漢a|e" ACUTE);
    does(EDIT_TRANSPOSE, "漢e" ACUTE "a|");
    does(EDIT_TRANSPOSE, "漢ae" ACUTE "|");
    does(EDIT_LINE_START, "|漢ae" ACUTE);
    does_not(EDIT_TRANSPOSE);
    set("a", 1);
    does_not(EDIT_TRANSPOSE);
}

static void undoes_by_groups(void **state) {
    (void)state;
    does_not(EDIT_UNDO);
    type("hello big world");
    does(EDIT_UNDO, "hello big |");
    does(EDIT_UNDO, "hello |");
    does(EDIT_REDO, "hello big |");
    does(EDIT_REDO, "hello big world|");
    does_not(EDIT_REDO);
    does(EDIT_KILL_WORD_BACKWARD, "hello big |");
    insert("pasted words here");
    does(EDIT_UNDO, "hello big |");
    does(EDIT_UNDO, "hello big world|");
    does(EDIT_LEFT, "hello big worl|d");
    type("xy");
    does(EDIT_LEFT, "hello big worlx|yd");
    does_not(EDIT_REDO);
    does(EDIT_UNDO, "hello big worl|d");
    set("other", 2);
    does(EDIT_UNDO, "hello big worl|d");
    does(EDIT_REDO, "ot|her");
    editor_reset(&editor);
    check("|");
    does_not(EDIT_UNDO);
    does_not(EDIT_REDO);
}

static void bounds_undo(void **state) {
    (void)state;
    for (int i = 0; i < EDITOR_UNDOS + 10; i++) insert("ab");
    for (int i = 0; i < EDITOR_UNDOS; i++) assert_true(editor_do(&editor, EDIT_UNDO));
    does_not(EDIT_UNDO);
    assert_int_equal(editor.size, 20);
    editor_reset(&editor);

    /* By bytes: each of these takes as many as two texts. */
    size_t size = MESSAGE_TEXT_MAX, undone = 0;
    char *text = malloc(size);
    assert_non_null(text);
    for (int i = 0; i < 20; i++) {
        memset(text, 'a' + i, size);
        assert_true(editor_set(&editor, text, size, 0));
    }
    while (editor_do(&editor, EDIT_UNDO)) undone++;
    assert_int_equal(undone, EDITOR_UNDO_BYTES / (2 * size));
    free(text);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(moves),
        TEST(moves_by_lines),
        TEST(deletes),
        TEST(changes_controls_alone),
        TEST(keeps_what_is_typed),
        TEST(marks_join_what_is_there),
        TEST(keeps_to_its_size),
        TEST(kills_and_yanks),
        TEST(remembers_the_newest_kills),
        TEST(transposes),
        TEST(undoes_by_groups),
        TEST(bounds_undo),
    };
    if (!columns_init()) return 1;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("editor", tests, NULL, NULL);
}
