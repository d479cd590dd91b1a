#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/append.h"

static void pieces_follow_each_other(void **state) {
    char line[16] = "";
    (void)state;
    append_text(line, sizeof line, "%s", "");
    assert_string_equal(line, "");
    append_text(line, sizeof line, "%d of %d", 1, 2);
    append_text(line, sizeof line, ", %s", "all");
    assert_string_equal(line, "1 of 2, all");
}

static void what_does_not_fit_is_cut(void **state) {
    char line[9] = "abc\0....";
    (void)state;
    line[8] = '!';
    append_text(line, 8, "%s", "defghijk");
    assert_string_equal(line, "abcdefg");
    append_text(line, 8, "%s", "x");
    assert_string_equal(line, "abcdefg");
    assert_int_equal(line[8], '!');
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_follow_each_other),
        cmocka_unit_test(what_does_not_fit_is_cut),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("append", tests, NULL, NULL);
}
