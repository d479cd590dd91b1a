#include <stdlib.h>
#include <string.h>

#include "tests/support/folder.h"
#include "tests/support/told.h"

#define SPOKEN "gochat://localhost/tea#CN2tFcY"

static void a_secret_that_is_nothing_opens_no_room(void **state) {
    TOLD_REFUSED(
        "gochat: --secret-file '': expected a file; without this flag, and none in the settings, the room is open\n",
        TOLD_NEEDED, "--secret-file=");
    TOLD_REFUSED(
        "gochat: --secret-file '': expected a file; without this flag, and none in the settings, the room is open\n",
        TOLD_NEEDED, "--secret-file", "");
}

static void a_passphrase_is_a_rooms_only_secret(void **state) {
    assert_int_equal(TOLD_READ(TOLD_NEEDED, "--passphrase"), COMMAND_LINE_RUN);
    assert_true(told.passphrase);
    assert_int_equal(told.passphrase_fd, -1);
    assert_int_equal(TOLD_READ(TOLD_NEEDED, "--passphrase-fd", "5"), COMMAND_LINE_RUN);
    assert_true(told.passphrase);
    assert_int_equal(told.passphrase_fd, 5);
    assert_int_equal(TOLD_READ(TOLD_NEEDED), COMMAND_LINE_RUN);
    assert_false(told.passphrase);
    assert_int_equal(TOLD_INVITED(SPOKEN, NULL), COMMAND_LINE_RUN);
    assert_true(told.passphrase);
    assert_int_equal(TOLD_INVITED(SPOKEN, "--passphrase-fd=0"), COMMAND_LINE_RUN);
    assert_int_equal(told.passphrase_fd, 0);
    assert_int_equal(TOLD_INVITED(TOLD_INVITE, "--passphrase"), COMMAND_LINE_BAD);
    assert_string_equal(told_said, "gochat: --passphrase: expected without this invite, whose room has none\n");
    TOLD_REFUSED("gochat: --secret-file 's': expected without a passphrase: a room has one secret\n", TOLD_NEEDED,
                 "--passphrase", "--secret-file", "s");
    TOLD_REFUSED(
        "gochat: --passphrase-fd 'five': expected the number of an open descriptor, as in 0 for standard input\n",
        TOLD_NEEDED, "--passphrase-fd", "five");
    TOLD_REFUSED(
        "gochat: --passphrase-fd '-1': expected the number of an open descriptor, as in 0 for standard input\n",
        TOLD_NEEDED, "--passphrase-fd=-1");
}

int main(void) {
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, told_clear)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_secret_that_is_nothing_opens_no_room),
        IN_FOLDER(a_passphrase_is_a_rooms_only_secret),
    };
    setenv("XDG_CONFIG_HOME", TOLD_NOWHERE, 1);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("way_in", tests, NULL, NULL);
}
