#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "common/home.h"

#define SIZE 4096

static char out[SIZE];

static const char *expanded(const char *path) {
    return home_expand(path, out, sizeof out) ? out : "none";
}

static const char *placed(void) {
    return home_place("XDG_DATA_HOME", ".local/share", out, sizeof out) ? out : "none";
}

static int at_home(void **state) {
    (void)state;
    unsetenv("XDG_DATA_HOME");
    return setenv("HOME", "/home/ada", 1);
}

static void a_tilde_is_the_home_directory(void **state) {
    (void)state;
    assert_string_equal(expanded("~"), "/home/ada");
    assert_string_equal(expanded("~/"), "/home/ada/");
    assert_string_equal(expanded("~/chat/key"), "/home/ada/chat/key");
}

static void other_paths_stay(void **state) {
    static const char *const paths[] = {"", "/", "/~/x", "x/~", "./~", "a~", " ~/x"};
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) assert_string_equal(expanded(paths[i]), paths[i]);
}

static void others_have_homes_too(void **state) {
    char path[SIZE];
    const struct passwd *root = getpwnam("root");
    (void)state;
    assert_non_null(root);
    assert_string_equal(expanded("~root"), root->pw_dir);
    snprintf(path, sizeof path, "%s/x", root->pw_dir);
    assert_string_equal(expanded("~root/x"), path);
    assert_string_equal(expanded("~nobody-has-this-name/x"), "none");
}

static void without_HOME_the_password_database_says_it(void **state) {
    static const char *const unusable[] = {NULL, "", "relative"};
    char home[SIZE / 2], path[SIZE];
    (void)state;
    const struct passwd *self = getpwuid(getuid());
    if (!self) { /* a container's user need not have an entry */
        skip();
        return;
    }
    snprintf(home, sizeof home, "%s", self->pw_dir);
    for (size_t i = 0; i < sizeof unusable / sizeof *unusable; i++) {
        if (unusable[i])
            setenv("HOME", unusable[i], 1);
        else
            unsetenv("HOME");
        assert_true(home_directory(out, sizeof out));
        assert_string_equal(out, home);
        snprintf(path, sizeof path, "%s/.local/share/gochat", home);
        assert_string_equal(placed(), path);
    }
}

static void a_base_directory_is_absolute_or_not_looked_at(void **state) {
    (void)state;
    assert_string_equal(placed(), "/home/ada/.local/share/gochat");
    setenv("XDG_DATA_HOME", "data", 1);
    assert_string_equal(placed(), "/home/ada/.local/share/gochat");
    setenv("XDG_DATA_HOME", "", 1);
    assert_string_equal(placed(), "/home/ada/.local/share/gochat");
    setenv("XDG_DATA_HOME", "/data", 1);
    assert_string_equal(placed(), "/data/gochat");
}

static void what_does_not_fit_is_no_path(void **state) {
    char small[16];
    (void)state;
    assert_true(home_expand("~/12345", small, sizeof small));
    assert_false(home_expand("~/123456", small, sizeof small));
    assert_false(home_expand("/2345678901234567", small, sizeof small));
    assert_false(home_expand("~", small, 9));
    assert_false(home_place("XDG_DATA_HOME", ".local/share", small, sizeof small));
    char path[1000] = "~";
    memset(path + 1, 'x', sizeof path - 2);
    assert_string_equal(expanded(path), "none");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_tilde_is_the_home_directory, at_home),
        cmocka_unit_test_setup(other_paths_stay, at_home),
        cmocka_unit_test_setup(others_have_homes_too, at_home),
        cmocka_unit_test_setup(without_HOME_the_password_database_says_it, at_home),
        cmocka_unit_test_setup(a_base_directory_is_absolute_or_not_looked_at, at_home),
        cmocka_unit_test_setup(what_does_not_fit_is_no_path, at_home),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("home", tests, NULL, NULL);
}
