#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/ui/arguments.h"

static void words_end_at_blanks_or_quotes(void **state) {
    static const struct {
        const char *line, *word, *rest;
    } examples[] = {
        {"bob hello there", "bob", "hello there"},
        {"bob", "bob", ""},
        {"\"a b\"  rest", "a b", "rest"},
        {"\"a b\"", "a b", ""},
        {"\"\" rest", "", "rest"},
        {"\"say \\\"hi\\\"\" rest", "say \"hi\"", "rest"},
        {"\"back\\\\\" rest", "back\\", "rest"},
        {"\"c:\\dir\" rest", "c:\\dir", "rest"},
        {"a\"b rest", "a\"b", "rest"},
        {"a\\b\\\" rest", "a\\b\\\"", "rest"},
        {"", NULL, ""},
        {"\"a b", NULL, "\"a b"},
        {"\"a\\\"", NULL, "\"a\\\""},
        {"\"a\"b", NULL, "\"a\"b"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        char line[64], *rest = line;
        snprintf(line, sizeof line, "%s", examples[i].line);
        const char *word = arguments_word(&rest);
        if (!examples[i].word)
            assert_null(word);
        else
            assert_string_equal(word, examples[i].word);
        assert_string_equal(rest, examples[i].rest);
    }
}

static void the_whole_rest_loses_its_own_quotes_alone(void **state) {
    static const char *const examples[][2] = {
        {"a b", "a b"},
        {"\"a b\"", "a b"},
        {"\"a\" b", "\"a\" b"},
        {"\"a\" and \"b\"", "\"a\" and \"b\""},
        {"\"\\\"bob\\\"\"", "\"bob\""},
        {"\"", "\""},
        {"say \\\"", "say \\\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        char line[64];
        snprintf(line, sizeof line, "%s", examples[i][0]);
        assert_string_equal(arguments_whole(line), examples[i][1]);
    }
}

static void what_is_quoted_is_read_as_it_was(void **state) {
    static const char signs[] = "\"\\\" \\ab\t\u00a0";
    uint32_t number = 1;
    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        char name[12] = "";
        size_t size = 0;
        for (size_t wanted = (number >> 8) % sizeof name; size < wanted; size++) {
            number = number * 1664525 + 1013904223;
            name[size] = signs[(number >> 8) % (sizeof signs - 1)];
        }
        number = number * 1664525 + 1013904223;
        name[size] = '\0';
        char *quoted = arguments_quote(name, round % 2), *whole = strdup(quoted), *rest = quoted;
        assert_string_equal(arguments_word(&rest), name);
        assert_string_equal(rest, "");
        assert_string_equal(arguments_whole(whole), name);
        free(quoted);
        free(whole);
    }
}

static void quotes_are_written_where_they_are_needed(void **state) {
    static const char *const examples[][2] = {{"bob", "bob"},           {"a\"b", "a\"b"},   {"a\\", "a\\"},
                                              {"\"bob", "\"\\\"bob\""}, {"a b", "\"a b\""}, {"", "\"\""}};
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        char *quoted = arguments_quote(examples[i][0], false);
        assert_string_equal(quoted, examples[i][1]);
        free(quoted);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_end_at_blanks_or_quotes),
        cmocka_unit_test(the_whole_rest_loses_its_own_quotes_alone),
        cmocka_unit_test(what_is_quoted_is_read_as_it_was),
        cmocka_unit_test(quotes_are_written_where_they_are_needed),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("arguments", tests, NULL, NULL);
}
