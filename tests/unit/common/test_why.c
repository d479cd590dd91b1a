#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/why.h"

static void it_says_why_and_is_false(void **state) {
    struct why why;
    (void)state;
    assert_false(why_fail(&why, "port %d: %s", 99999, "expected 1 to 65535"));
    assert_string_equal(why.text, "port 99999: expected 1 to 65535");
}

static void what_does_not_fit_is_cut(void **state) {
    struct why why;
    char text[2 * sizeof why.text];
    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_false(why_fail(&why, "%s", text));
    assert_int_equal(strlen(why.text), sizeof why.text - 1);
}

static void a_reason_is_put_behind_where_it_was(void **state) {
    struct why why;
    (void)state;
    (void)why_fail(&why, "expected a number");
    assert_false(why_fail(&why, "line %d: %s", 3, why.text));
    assert_string_equal(why.text, "line 3: expected a number");
}

static void more_is_put_behind(void **state) {
    struct why why;
    char text[sizeof why.text];
    (void)state;
    (void)why_fail(&why, "one");
    why_add(&why, ", %s", "two");
    assert_string_equal(why.text, "one, two");
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    why_add(&why, "%s", text);
    assert_int_equal(strlen(why.text), sizeof why.text - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_says_why_and_is_false),
        cmocka_unit_test(what_does_not_fit_is_cut),
        cmocka_unit_test(more_is_put_behind),
        cmocka_unit_test(a_reason_is_put_behind_where_it_was),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("why", tests, NULL, NULL);
}
