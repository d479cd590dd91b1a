#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

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

static void the_size_is_kept_to(void **state) {
    (void)state;
    assert_false(mention_in("hi bob", 5, "bob"));
    assert_false(mention_in("\xff bob", 5, "bob")); /* no UTF-8: nobody sends that */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_nick_is_found_as_a_word),    cmocka_unit_test(parts_of_words_are_no_mention),
        cmocka_unit_test(case_and_forms_do_not_matter), cmocka_unit_test(a_nick_with_signs_is_found),
        cmocka_unit_test(the_size_is_kept_to),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("mention", tests, NULL, NULL);
}
