#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/curses/history.h"

static void walks_up_and_down(void **state) {
    (void)state;
    struct history history = {0};
    assert_null(history_older(&history, "x"));
    assert_null(history_newer(&history, "x"));
    history_add(&history, "one");
    history_add(&history, "two");
    assert_null(history_newer(&history, "x"));
    assert_string_equal(history_older(&history, "being typed"), "two");
    assert_string_equal(history_older(&history, "two, changed"), "one");
    assert_null(history_older(&history, "one"));
    assert_string_equal(history_newer(&history, "one"), "two");
    assert_string_equal(history_newer(&history, "two"), "being typed");
    assert_null(history_newer(&history, "being typed"));
    assert_string_equal(history_older(&history, ""), "two");
    assert_string_equal(history_newer(&history, "two"), "");
    history_clear(&history);
}

/* A line that was refused stands in the input and is the newest here. */
static void what_is_typed_already_is_passed_over(void **state) {
    (void)state;
    struct history history = {0};
    history_add(&history, "one");
    history_add(&history, "refused");
    assert_string_equal(history_older(&history, "refused"), "one");
    assert_string_equal(history_newer(&history, "one"), "refused");
    assert_string_equal(history_newer(&history, "refused"), "refused"); /* as it was typed */
    assert_null(history_newer(&history, "refused"));
    assert_string_equal(history_older(&history, ""), "refused");
    history_clear(&history);
    history_add(&history, "only");
    assert_null(history_older(&history, "only"));
    assert_string_equal(history_older(&history, "other"), "only");
    history_clear(&history);
}

static void adding_ends_the_walk(void **state) {
    (void)state;
    struct history history = {0};
    history_add(&history, "one");
    history_add(&history, "two");
    (void)history_older(&history, "draft");
    (void)history_older(&history, "two");
    history_add(&history, "three");
    assert_null(history_newer(&history, ""));
    assert_string_equal(history_older(&history, ""), "three");
    history_clear(&history);
    assert_null(history_older(&history, ""));
}

static void a_walk_may_be_left(void **state) {
    (void)state;
    struct history history = {0};
    history_add(&history, "one");
    history_add(&history, "two");
    (void)history_older(&history, "typed in a room");
    (void)history_older(&history, "two");
    history_end_walk(&history);
    assert_null(history_newer(&history, "typed in another"));
    assert_string_equal(history_older(&history, "typed in another"), "two");
    assert_string_equal(history_newer(&history, "two"), "typed in another");
    history_clear(&history);
}

static void leaves_out_what_is_empty_or_again(void **state) {
    (void)state;
    struct history history = {0};
    history_add(&history, "");
    history_add(&history, "same");
    history_add(&history, "same");
    history_add(&history, "other");
    history_add(&history, "same");
    assert_int_equal(history.count, 3);
    history_clear(&history);
}

static void keeps_the_newest_lines(void **state) {
    (void)state;
    struct history history = {0};
    char line[32];
    for (int i = 0; i < HISTORY_LINES + 7; i++) {
        snprintf(line, sizeof line, "line %d", i);
        history_add(&history, line);
    }
    assert_int_equal(history.count, HISTORY_LINES);
    for (int i = HISTORY_LINES + 6; i >= 7; i--) {
        snprintf(line, sizeof line, "line %d", i);
        assert_string_equal(history_older(&history, ""), line);
    }
    assert_null(history_older(&history, ""));
    history_clear(&history);
}

static void keeps_to_its_bytes(void **state) {
    (void)state;
    struct history history = {0};
    size_t size = HISTORY_BYTES / 4;
    char *line = malloc(HISTORY_BYTES + 1);
    assert_non_null(line);
    memset(line, 'x', HISTORY_BYTES);
    line[HISTORY_BYTES] = '\0';
    history_add(&history, line);
    assert_int_equal(history.count, 0);
    line[size - 1] = '\0';
    for (int c = 'a'; c < 'g'; c++) {
        line[0] = (char)c;
        history_add(&history, line);
        assert_true(history.bytes <= HISTORY_BYTES);
    }
    assert_int_equal(history.count, 4);
    assert_int_equal(*history_older(&history, ""), 'f');
    history_clear(&history);
    assert_int_equal(history.bytes, 0);
    free(line);
}

static void searches_back(void **state) {
    (void)state;
    struct history history = {0};
    size_t found = 99;
    assert_null(history_search(&history, "x", 0, &found));
    history_add(&history, "tea with milk");
    history_add(&history, "coffee");
    history_add(&history, "tea");
    assert_string_equal(history_search(&history, "tea", history.count, &found), "tea");
    assert_int_equal(found, 2);
    assert_string_equal(history_search(&history, "tea", found, &found), "tea");
    assert_string_equal(history_search(&history, "tea", found - 1, &found), "tea with milk");
    assert_int_equal(found, 0);
    assert_null(history_search(&history, "coffee", found, &found));
    assert_null(history_search(&history, "Tea", history.count, &found));
    history_clear(&history);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(walks_up_and_down),      cmocka_unit_test(adding_ends_the_walk),
        cmocka_unit_test(keeps_the_newest_lines), cmocka_unit_test(leaves_out_what_is_empty_or_again),
        cmocka_unit_test(keeps_to_its_bytes),     cmocka_unit_test(searches_back),
        cmocka_unit_test(a_walk_may_be_left),     cmocka_unit_test(what_is_typed_already_is_passed_over),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}
