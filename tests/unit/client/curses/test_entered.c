#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/curses/entered.h"

static void walks_up_and_down(void **state) {
    (void)state;
    struct entered entered = {0};
    assert_null(entered_older(&entered, "x"));
    assert_null(entered_newer(&entered, "x"));
    entered_add(&entered, "one");
    entered_add(&entered, "two");
    assert_null(entered_newer(&entered, "x"));
    assert_string_equal(entered_older(&entered, "being typed"), "two");
    assert_string_equal(entered_older(&entered, "two, changed"), "one");
    assert_null(entered_older(&entered, "one"));
    assert_string_equal(entered_newer(&entered, "one"), "two");
    assert_string_equal(entered_newer(&entered, "two"), "being typed");
    assert_null(entered_newer(&entered, "being typed"));
    assert_string_equal(entered_older(&entered, ""), "two");
    assert_string_equal(entered_newer(&entered, "two"), "");
    entered_clear(&entered);
}

/* A line that was refused stands in the input and is the newest here. */
static void what_is_typed_already_is_passed_over(void **state) {
    (void)state;
    struct entered entered = {0};
    entered_add(&entered, "one");
    entered_add(&entered, "refused");
    assert_string_equal(entered_older(&entered, "refused"), "one");
    assert_string_equal(entered_newer(&entered, "one"), "refused");
    assert_string_equal(entered_newer(&entered, "refused"), "refused"); /* as it was typed */
    assert_null(entered_newer(&entered, "refused"));
    assert_string_equal(entered_older(&entered, ""), "refused");
    entered_clear(&entered);
    entered_add(&entered, "only");
    assert_null(entered_older(&entered, "only"));
    assert_string_equal(entered_older(&entered, "other"), "only");
    entered_clear(&entered);
}

static void adding_ends_the_walk(void **state) {
    (void)state;
    struct entered entered = {0};
    entered_add(&entered, "one");
    entered_add(&entered, "two");
    (void)entered_older(&entered, "draft");
    (void)entered_older(&entered, "two");
    entered_add(&entered, "three");
    assert_null(entered_newer(&entered, ""));
    assert_string_equal(entered_older(&entered, ""), "three");
    entered_clear(&entered);
    assert_null(entered_older(&entered, ""));
}

static void a_walk_may_be_left(void **state) {
    (void)state;
    struct entered entered = {0};
    entered_add(&entered, "one");
    entered_add(&entered, "two");
    (void)entered_older(&entered, "typed in a room");
    (void)entered_older(&entered, "two");
    entered_end_walk(&entered);
    assert_null(entered_newer(&entered, "typed in another"));
    assert_string_equal(entered_older(&entered, "typed in another"), "two");
    assert_string_equal(entered_newer(&entered, "two"), "typed in another");
    entered_clear(&entered);
}

static void leaves_out_what_is_empty_or_again(void **state) {
    (void)state;
    struct entered entered = {0};
    entered_add(&entered, "");
    entered_add(&entered, "same");
    entered_add(&entered, "same");
    entered_add(&entered, "other");
    entered_add(&entered, "same");
    assert_int_equal(entered.count, 3);
    entered_clear(&entered);
}

static void keeps_the_newest_lines(void **state) {
    (void)state;
    struct entered entered = {0};
    char line[32];
    for (int i = 0; i < ENTERED_LINES + 7; i++) {
        snprintf(line, sizeof line, "line %d", i);
        entered_add(&entered, line);
    }
    assert_int_equal(entered.count, ENTERED_LINES);
    for (int i = ENTERED_LINES + 6; i >= 7; i--) {
        snprintf(line, sizeof line, "line %d", i);
        assert_string_equal(entered_older(&entered, ""), line);
    }
    assert_null(entered_older(&entered, ""));
    entered_clear(&entered);
}

static void keeps_to_its_bytes(void **state) {
    (void)state;
    struct entered entered = {0};
    size_t size = ENTERED_BYTES / 4;
    char *line = malloc(ENTERED_BYTES + 1);
    assert_non_null(line);
    memset(line, 'x', ENTERED_BYTES);
    line[ENTERED_BYTES] = '\0';
    entered_add(&entered, line);
    assert_int_equal(entered.count, 0);
    line[size - 1] = '\0';
    for (int c = 'a'; c < 'g'; c++) {
        line[0] = (char)c;
        entered_add(&entered, line);
        assert_true(entered.bytes <= ENTERED_BYTES);
    }
    assert_int_equal(entered.count, 4);
    assert_int_equal(*entered_older(&entered, ""), 'f');
    entered_clear(&entered);
    assert_int_equal(entered.bytes, 0);
    free(line);
}

static void searches_back(void **state) {
    (void)state;
    struct entered entered = {0};
    size_t found = 99;
    assert_null(entered_search(&entered, "x", 0, &found));
    entered_add(&entered, "tea with milk");
    entered_add(&entered, "coffee");
    entered_add(&entered, "tea");
    assert_string_equal(entered_search(&entered, "tea", entered.count, &found), "tea");
    assert_int_equal(found, 2);
    assert_string_equal(entered_search(&entered, "tea", found, &found), "tea");
    assert_string_equal(entered_search(&entered, "tea", found - 1, &found), "tea with milk");
    assert_int_equal(found, 0);
    assert_null(entered_search(&entered, "coffee", found, &found));
    assert_null(entered_search(&entered, "Tea", entered.count, &found));
    entered_clear(&entered);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(walks_up_and_down),      cmocka_unit_test(adding_ends_the_walk),
        cmocka_unit_test(keeps_the_newest_lines), cmocka_unit_test(leaves_out_what_is_empty_or_again),
        cmocka_unit_test(keeps_to_its_bytes),     cmocka_unit_test(searches_back),
        cmocka_unit_test(a_walk_may_be_left),     cmocka_unit_test(what_is_typed_already_is_passed_over),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("entered", tests, NULL, NULL);
}
