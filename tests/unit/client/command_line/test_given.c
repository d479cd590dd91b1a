#include <stdlib.h>
#include <string.h>

#include "tests/support/folder.h"
#include "tests/support/told.h"

static void a_sender_takes_words(void **state) {
    assert_int_equal(TOLD_READ("--mode", "send", TOLD_NEEDED, "two", "words", "--timeout", "5", "--", "--more"),
                     COMMAND_LINE_RUN);
    assert_true(told.sends);
    assert_string_equal(told.text, "two words --more");
    assert_int_equal(told.timeout, 5);
    free(told.text);
    assert_int_equal(TOLD_READ("--mode=send", TOLD_NEEDED), COMMAND_LINE_RUN);
    assert_null(told.text);
    assert_int_equal(told.timeout, 30);
    TOLD_REFUSED("gochat: --ui=json: belongs to --mode client\n", "--mode", "send", TOLD_NEEDED, "--ui=json");
    TOLD_REFUSED("gochat: --timeout: belongs to --mode send or --mode doctor\n", "--mode", "client", TOLD_NEEDED,
                 "--timeout");
    TOLD_REFUSED("gochat: TEXT '0 bytes': expected 1 to 65536 bytes\n", "--mode", "send", TOLD_NEEDED, "");
    free(told.text);
    assert_int_equal(TOLD_READ("--mode", "client", TOLD_NEEDED), COMMAND_LINE_RUN);
    assert_false(told.sends);
}

static void flags_that_do_not_exist(void **state) {
    TOLD_REFUSED("gochat: --colour: no such flag (see gochat --mode client --help)\n", TOLD_NEEDED, "--colour");
    TOLD_REFUSED("gochat: argument 'stray': expected flags only beside --room\n", "stray", TOLD_NEEDED);
    TOLD_REFUSED("gochat: --nick: expected a value, as in --nick NAME\n", TOLD_NEEDED, "--nick");
    TOLD_REFUSED("gochat: argument 'x': expected flags only beside --room\n", TOLD_NEEDED, "--", "x");
}

static void what_was_misspelt_is_not_missing_too(void **state) {
    TOLD_REFUSED("gochat: --rom: no such flag, did you mean --room?\n", "--bootnode", "h", "--rom", "tea");
    TOLD_REFUSED("gochat: -room: no such flag, did you mean --room?\n", "--bootnode", "h", "-room", "tea");
}

static void problems_come_all_at_once(void **state) {
    TOLD_REFUSED("gochat: --a: no such flag (see gochat --mode client --help)\n"
                 "gochat: --port 'x': expected a number from 0 to 65535\n"
                 "gochat: --ui 'y': expected auto, curses, plain or json\n",
                 "--ui", "y", "--a", "--port", "x", "--room", "r");
    TOLD_REFUSED("gochat: --bootnode: missing, expected HOST or HOST:PORT\n"
                 "gochat: --port 'x': expected a number from 0 to 65535\n",
                 "--port", "x", "--room", "r");
}

static void help_names_every_flag(void **state) {
    static const char *const names[] = {
        "--bootnode HOST[:PORT]",      "--room NAME",    "--nick NAME",       "--secret-file FILE", "--port N",
        "--ui auto|curses|plain|json", "--data-dir DIR", "--log-level LEVEL", "--config FILE",      "--help"};
    assert_int_equal(TOLD_READ("--help"), COMMAND_LINE_DONE);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) assert_non_null(strstr(told_said, names[i]));
}

int main(void) {
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, told_clear)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_sender_takes_words),
        IN_FOLDER(flags_that_do_not_exist),
        IN_FOLDER(what_was_misspelt_is_not_missing_too),
        IN_FOLDER(problems_come_all_at_once),
        IN_FOLDER(help_names_every_flag),
    };
    setenv("XDG_CONFIG_HOME", TOLD_NOWHERE, 1);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("given", tests, NULL, NULL);
}
