#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "client/curses/mention.h"

static bool in(const char *text, const char *nick) {
    return mention_in(text, strlen(text), nick);
}

static void a_nick_is_found_as_a_word(void **state) {
    (void)state;
    assert_true(in("bob", "bob"));
    assert_true(in("hello bob, how are you", "bob"));
    assert_true(in("bob: hello", "bob"));
    assert_true(in("(bob)", "bob"));
    assert_true(in("hello\nbob", "bob"));
    assert_true(in("caf\xc3\xa9 bob\xe2\x80\xa6", "bob"));
}

static void parts_of_words_are_no_mention(void **state) {
    (void)state;
    assert_false(in("bobby", "bob"));
    assert_false(in("kabob", "bob"));
    assert_false(in("bob1", "bob"));
    assert_false(in("\xc3\xa9"
                    "bob",
                    "bob"));
    assert_false(in("bob\xcc\x81", "bob")); /* another letter: b with an accent */
    assert_true(in("bobby and bob", "bob"));
    assert_false(in("", "bob"));
    assert_false(in("anything", ""));
}

static void case_and_forms_do_not_matter(void **state) {
    (void)state;
    assert_true(in("BOB!", "bob"));
    assert_true(in("bob!", "Bob"));
    assert_true(in("M\xc3\x9cLLER", "m\xc3\xbcller"));
    assert_true(in("mu\xcc\x88ller", "m\xc3\xbcller"));             /* u and a combining diaeresis */
    assert_true(in("\xef\xbd\x82\xef\xbd\x8f\xef\xbd\x82", "bob")); /* fullwidth */
}

static void a_nick_with_signs_is_found(void **state) {
    (void)state;
    assert_true(in("ask root-3f2a about it", "root-3f2a"));
    assert_false(in("ask root-3f2ab about it", "root-3f2a"));
    assert_true(in("\xe6\x97\xa5\xe6\x9c\xac \xe5\xa4\xaa\xe9\x83\x8e", "\xe5\xa4\xaa\xe9\x83\x8e"));
}

/* UAX 29: between Han, and between Han and kana, words end; within Hangul they do not. */
static void scripts_without_blanks_have_words_too(void **state) {
    (void)state;
    assert_true(in("李雷你好", "李雷"));
    assert_true(in("你好李雷", "李雷"));
    assert_true(in("太郎、A", "太郎"));
    assert_true(in("太郎さん、B", "太郎"));
    assert_true(in("タロウさん", "タロウ"));
    assert_false(in("タロウマル", "タロウ"));
    assert_true(in("สวัสดีสมชายครับ", "สมชาย"));
    assert_true(in("철수: 안녕", "철수"));
    assert_false(in("김철수", "철수"));
    assert_true(in("bobさん", "bob"));
}

static void what_stands_around_a_name(void **state) {
    (void)state;
    static const char *const said_to_bob[] = {"bob's",      "bob\u2019s", "l'bob",
                                              "@bob",       "bob:",       "bob:hello",
                                              "bob.hello",  "bob,you",    "#bob",
                                              "\"bob\"",    "**bob**",    "bob-",
                                              "bob/alice",  "=bob=",      "\U0001f98abob\U0001f98a",
                                              "xan bob bob"};
    static const char *const not_to_bob[] = {"bobby",     "bob_x",     "_bob",      "bob2",
                                             "bob\u0301", "bob\u200d", "\u0431bob", "b ob"};
    for (size_t i = 0; i < sizeof said_to_bob / sizeof *said_to_bob; i++)
        if (!in(said_to_bob[i], "bob")) fail_msg("%s", said_to_bob[i]);
    for (size_t i = 0; i < sizeof not_to_bob / sizeof *not_to_bob; i++)
        if (in(not_to_bob[i], "bob")) fail_msg("%s", not_to_bob[i]);
    assert_true(in("xan an an", "an an"));
    assert_true(in("hi \U0001f98a!", "\U0001f98a"));
    assert_true(in("\U0001f98a\U0001f98a", "\U0001f98a"));
    assert_false(in("\U0001f468\u200d\U0001f469", "\U0001f468"));
    assert_true(in("STRASSE!", "stra\u00dfe"));
    assert_true(in("\u03a3\u038a\u03a3\u03a5\u03a6\u039f\u03a3 \u03b5", "\u03c3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2"));
    assert_true(in("c++ is", "c++"));
}

static void the_size_is_kept_to(void **state) {
    (void)state;
    assert_false(mention_in("hi bob", 5, "bob"));
    assert_false(mention_in("\xff bob", 5, "bob")); /* no UTF-8: nobody sends that */
}

#define LONG_SIZE 65536

static size_t fill(char *text, size_t at, size_t end, const char *unit) {
    while (at + strlen(unit) <= end) at += (size_t)sprintf(text + at, "%s", unit);
    return at;
}

/* A long text is looked at in pieces: none of them ends within what belongs together. */
static void a_name_is_found_anywhere_in_a_long_text(void **state) {
    (void)state;
    static const char *const units[] = {"x", "\u00e9", "e\u0301", "\u65e5", "\u1112\u1161\u11ab", "\uff76\uff9e"};
    char *text = malloc(LONG_SIZE);
    assert_non_null(text);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        for (size_t before = 200; before < 600; before++) {
            size_t at = fill(text, 0, before, units[i]);
            at += (size_t)sprintf(text + at, " Cafe\u0301 ");
            at = fill(text, at, at + 300, units[i]);
            if (!mention_in(text, at, "caf\u00e9")) fail_msg("%s, %zu", units[i], before);
            assert_false(mention_in(text, at, "cafe"));
        }
    free(text);
}

/* Marks in the wrong order, which to sort as a whole took 8 s; so did it of letters that become marks (U+FF9E). */
static void no_text_takes_long(void **state) {
    (void)state;
    static const char *const units[][2] = {{"\u0301", "\u0323"}, {"\u0301\u0301\u0301\u0301\uff9e", "\u0323"}};
    char *text = malloc(LONG_SIZE);
    assert_non_null(text);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        clock_t start = clock();
        size_t at = fill(text, 0, LONG_SIZE / 2, units[i][0]);
        at = fill(text, at, LONG_SIZE - 8, units[i][1]);
        at += (size_t)sprintf(text + at, " bob");
        assert_true(mention_in(text, at, "bob"));
        assert_true(clock() - start < 2 * CLOCKS_PER_SEC);
    }
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_nick_is_found_as_a_word),
        cmocka_unit_test(parts_of_words_are_no_mention),
        cmocka_unit_test(case_and_forms_do_not_matter),
        cmocka_unit_test(a_nick_with_signs_is_found),
        cmocka_unit_test(scripts_without_blanks_have_words_too),
        cmocka_unit_test(what_stands_around_a_name),
        cmocka_unit_test(the_size_is_kept_to),
        cmocka_unit_test(a_name_is_found_anywhere_in_a_long_text),
        cmocka_unit_test(no_text_takes_long),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("mention", tests, NULL, NULL);
}
