#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/ini_shown.h"

static void shows(const char *text, const char *expected) {
    char out[INI_SHOWN_MOST + 1];
    assert_string_equal(ini_shown(text, out), expected);
}

static void what_stands_before_the_at_of_a_url_is_left_out(void **state) {
    (void)state;
    shows("nats://me:word@a.example:4222", "nats://…@a.example:4222");
    shows("nats = tls://token@a.example ; here", "nats = tls://…@a.example ; here");
    shows("nats://me:w@rd,with everything/@a", "nats://…@a");
    shows("nats://me:word@a, nats://me:word@b", "nats://…@b");
    shows("nats://me:word@", "nats://…@");
}

static void the_rest_is_shown(void **state) {
    (void)state;
    shows("", "");
    shows("tls://a.example, tls://b.example", "tls://a.example, tls://b.example");
    shows("me@a.example", "me@a.example");
    shows("me@a.example tls://b.example", "me@a.example tls://b.example");
}

/* The @ may be behind all that is shown. */
static void of_what_is_long_the_start_is_shown(void **state) {
    char text[1000] = "nats://", out[INI_SHOWN_MOST + 1];
    (void)state;
    memset(text + 7, 'w', sizeof text - 8);
    assert_int_equal(strlen(ini_shown(text, out)), INI_SHOWN_MOST);
    assert_memory_equal(out, text, INI_SHOWN_MOST);
    text[sizeof text - 3] = '@';
    text[sizeof text - 2] = 'a';
    assert_string_equal(ini_shown(text, out), "nats://…@a");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_stands_before_the_at_of_a_url_is_left_out),
        cmocka_unit_test(the_rest_is_shown),
        cmocka_unit_test(of_what_is_long_the_start_is_shown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ini_shown", tests, NULL, NULL);
}
