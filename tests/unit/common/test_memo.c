#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "common/address.h"
#include "common/home.h"
#include "common/memo.h"
#include "common/sandbox/privileges.h"

static void what_was_kept_is_found(void **state) {
    uint32_t value = 7, found = 0;
    (void)state;
    assert_false(memo_find(MEMO_INTERFACE, "one", &found, sizeof found));
    memo_keep(MEMO_INTERFACE, "one", &value, sizeof value);
    assert_false(memo_find(MEMO_HOME, "one", &found, sizeof found));
    assert_false(memo_find(MEMO_INTERFACE, "one", &found, sizeof found - 1));
    assert_true(memo_find(MEMO_INTERFACE, "one", &found, sizeof found));
    assert_int_equal(found, 7);
    value = 8;
    memo_keep(MEMO_INTERFACE, "one", &value, sizeof value);
    assert_true(memo_find(MEMO_INTERFACE, "one", &found, sizeof found));
    assert_int_equal(found, 8);
}

static void what_does_not_fit_is_not_kept(void **state) {
    char name[400], value[2 * MEMO_VALUE_SIZE] = {0};
    (void)state;
    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = '\0';
    memo_keep(MEMO_HOME, name, "y", 2);
    assert_false(memo_find(MEMO_HOME, name, value, sizeof value));
    memo_keep(MEMO_HOME, "long", value, sizeof value);
    assert_false(memo_find(MEMO_HOME, "long", value, sizeof value));
}

/* The last of all: there is no way back. */
static void sealed_nobody_is_asked(void **state) {
    struct address address;
    struct privileges_user user;
    struct why why;
    char home[512];
    (void)state;
    assert_true(address_parse("[fe80::1%lo]:1", 1, &address));
    assert_true(home_expand("~root/x", home, sizeof home));
    assert_true(privileges_find("root", &user, &why));
    memo_seal();
    assert_true(address_parse("[fe80::1%lo]:1", 1, &address));
    assert_true(home_expand("~root/y", home, sizeof home));
    assert_true(privileges_find("root", &user, &why));
    assert_int_equal(user.user, 0);
    assert_false(home_expand("~daemon/y", home, sizeof home));
    assert_false(privileges_find("daemon", &user, &why));
    for (int i = 0; i < 200; i++) {
        char name[16];
        snprintf(name, sizeof name, "many%d", i);
        memo_keep(MEMO_HOME, name, name, sizeof name);
    }
    assert_false(memo_find(MEMO_HOME, "many199", home, sizeof home));
    assert_true(memo_find(MEMO_HOME, "root", home, sizeof home));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_kept_is_found),
        cmocka_unit_test(what_does_not_fit_is_not_kept),
        cmocka_unit_test(sealed_nobody_is_asked),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
