#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/similar.h"

static void counts_changes(void **state) {
    static const struct {
        const char *a, *b;
        size_t changes;
    } rows[] = {
        {"room", "room", 0},          {"rom", "room", 1},  {"rooom", "room", 1}, {"roon", "room", 1},
        {"orom", "room", 1},          {"ROOM", "room", 0}, {"ORom", "room", 1},  {"", "room", 4},
        {"port", "room", 3},          {"abcd", "badc", 2}, {"", "", 0},          {"data_dir", "data-dir", 1},
        {"secret", "secret-file", 5},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(similar_changes(rows[i].a, rows[i].b), rows[i].changes);
        assert_int_equal(similar_changes(rows[i].b, rows[i].a), rows[i].changes);
    }
}

static void a_long_word_is_like_none(void **state) {
    (void)state;
    assert_int_equal(similar_changes("1234567890123456789012345", "room"), SIZE_MAX);
    assert_int_equal(similar_changes("room", "1234567890123456789012345"), SIZE_MAX);
}

static void expect_offered(const char *word, const char *const *names, size_t count, const char *expected) {
    struct similar similar = similar_to(word);
    char list[64] = "";
    for (size_t i = 0; i < count; i++) similar_offer(&similar, names[i]);
    similar_list(&similar, "-", ", ", list, sizeof list);
    assert_string_equal(list, expected);
}

static void the_nearest_are_near_enough_for_the_words_length(void **state) {
    static const struct {
        const char *word, *expected;
    } cases[] = {
        {"rom", "-room"},
        {"rmo", ""},
        {"x", ""},
        {"colour", "-colours"},
        {"clok", "-clock"},
        {"room", "-room"},
        {"rooom", "-room"},
        {"noom", "-room or -noon"},
        {"1234567890123456789012345", ""},
    };
    static const char *const names[] = {"colours", "room", "clock", "noon", "y"};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_offered(cases[i].word, names, sizeof names / sizeof *names, cases[i].expected);
}

static void a_nearer_one_stands_alone(void **state) {
    static const char *const names[] = {"ports", "parts", "port", "ports"};
    (void)state;
    expect_offered("port", names, 4, "-port");
    expect_offered("pert", names, 4, "-port");
}

static void names_are_listed_once_in_their_order(void **state) {
    static const char *const names[] = {"bat", "bat", "cat", "rat"};
    (void)state;
    expect_offered("aat", names, 2, "-bat");
    expect_offered("aat", names, 3, "-bat or -cat");
    expect_offered("aat", names, 4, "-bat, -cat or -rat");
}

static void a_list_stands_behind_what_is_there(void **state) {
    struct similar similar = similar_to("a");
    char list[16] = "expected ";
    (void)state;
    similar_add(&similar, "anything");
    assert_int_equal(similar.count, 1);
    similar_list(&similar, "", ", ", list, sizeof list);
    assert_string_equal(list, "expected anythi");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_changes),
        cmocka_unit_test(a_long_word_is_like_none),
        cmocka_unit_test(the_nearest_are_near_enough_for_the_words_length),
        cmocka_unit_test(a_nearer_one_stands_alone),
        cmocka_unit_test(names_are_listed_once_in_their_order),
        cmocka_unit_test(a_list_stands_behind_what_is_there),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("similar", tests, NULL, NULL);
}
