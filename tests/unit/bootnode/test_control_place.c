#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/stat.h>

#include "bootnode/control_place.h"
#include "tests/support/folder.h"

#define LONGEST (CONTROL_PATH_SIZE - 1)

static char path[CONTROL_PATH_SIZE];

static int no_folders(void **state) {
    unsetenv("RUNTIME_DIRECTORY");
    unsetenv("XDG_RUNTIME_DIR");
    return folder_make(state);
}

static void a_service_has_it_in_its_folder(void **state) {
    (void)state;
    setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
    setenv("RUNTIME_DIRECTORY", "/run/gochat", 1);
    assert_int_equal(control_place_of("auto", path), CONTROL_SOMEWHERE);
    assert_string_equal(path, "/run/gochat/control");
    assert_false(control_place_is_users(path));
    setenv("RUNTIME_DIRECTORY", "/run/first:/run/second", 1);
    assert_int_equal(control_place_of("auto", path), CONTROL_SOMEWHERE);
    assert_string_equal(path, "/run/first/control");
}

static void a_user_has_it_in_a_folder_of_the_session(void **state) {
    (void)state;
    setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
    assert_int_equal(control_place_of("auto", path), CONTROL_SOMEWHERE);
    assert_string_equal(path, "/run/user/7/gochat/control");
    assert_true(control_place_is_users(path));
}

static void without_a_folder_there_is_none(void **state) {
    (void)state;
    assert_int_equal(control_place_of("auto", path), CONTROL_NOWHERE);
    assert_int_equal(control_place_of("off", path), CONTROL_NOWHERE);
    setenv("XDG_RUNTIME_DIR", "relative", 1);
    assert_int_equal(control_place_of("auto", path), CONTROL_NOWHERE);
}

static void a_path_is_kept(void **state) {
    (void)state;
    setenv("RUNTIME_DIRECTORY", "/run/gochat", 1);
    setenv("HOME", "/home/ada", 1);
    assert_int_equal(control_place_of("/srv/control", path), CONTROL_THERE);
    assert_string_equal(path, "/srv/control");
    assert_int_equal(control_place_of("~/control", path), CONTROL_THERE);
    assert_string_equal(path, "/home/ada/control");
}

static void who_commands_looks_where_it_is(void **state) {
    char folder[FOLDER_PATH_SIZE], file[FOLDER_PATH_SIZE];
    assert_true(control_place_look("auto", path));
    assert_string_equal(path, "/run/gochat/control");
    setenv("XDG_RUNTIME_DIR", *state, 1);
    assert_true(control_place_look("auto", path)); /* there is none of the user's */
    assert_string_equal(path, "/run/gochat/control");
    assert_int_equal(mkdir(folder_file(*state, "gochat", folder), 0700), 0);
    folder_write(folder_file(*state, "gochat/control", file), "", 0600);
    assert_true(control_place_look("auto", path));
    assert_string_equal(path, file);
    assert_true(control_place_look("/srv/control", path));
    assert_string_equal(path, "/srv/control");
    assert_false(control_place_look("off", path));
}

static void a_setting_is_one_of_three(void **state) {
    (void)state;
    char text[LONGEST + 2];
    static const char *const good[] = {"auto", "off", "/control", "/run/a b/control"};
    static const char *const bad[] = {"", "on", "control", "./control", "Auto", "@control"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) assert_true(control_place_is_valid(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (control_place_is_valid(bad[i])) fail_msg("'%s' was taken", bad[i]);
    memset(text, 'x', sizeof text);
    text[0] = '/';
    text[LONGEST] = '\0';
    assert_true(control_place_is_valid(text));
    text[LONGEST] = 'x';
    text[LONGEST + 1] = '\0';
    assert_false(control_place_is_valid(text));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, no_folders, folder_remove)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_service_has_it_in_its_folder), TEST(a_user_has_it_in_a_folder_of_the_session),
        TEST(without_a_folder_there_is_none), TEST(a_path_is_kept),
        TEST(who_commands_looks_where_it_is), TEST(a_setting_is_one_of_three),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("control_place", tests, NULL, NULL);
}
