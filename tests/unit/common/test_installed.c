#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/installed.h"
#include "tests/support/folder.h"

static const char *root;
static char found[PATH_MAX];

static void make(const char *folder, const char *file) {
    char path[PATH_MAX];
    for (const char *end = folder; (end = strchr(end, '/')); end++) {
        snprintf(path, sizeof path, "%s/%.*s", root, (int)(end - folder), folder);
        (void)mkdir(path, 0755);
    }
    snprintf(path, sizeof path, "%s/%s%s", root, folder, file);
    FILE *made = fopen(path, "we");
    assert_non_null(made);
    assert_int_equal(fclose(made), 0);
}

/* What is found from the program at that place below the root, without the root. */
static const char *from(const char *program, const char *name) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", root, program);
    if (!installed_find(path, name, found, sizeof found)) return "none";
    assert_memory_equal(found, root, strlen(root));
    return found + strlen(root);
}

static int make_places(void **state) {
    if (folder_make(state) != 0) return -1;
    root = *state;
    make("usr/share/gochat/", "x.ini");
    make("source/conf/", "x.ini");
    make("source/build/san/", "gochat");
    make("elsewhere/", "gochat");
    return 0;
}

static void an_installed_program_finds_what_is_installed(void **state) {
    (void)state;
    assert_string_equal(from("usr/bin/gochat", "x.ini"), "/usr/share/gochat/x.ini");
}

static void an_own_build_finds_the_sources(void **state) {
    (void)state;
    assert_string_equal(from("source/gochat", "x.ini"), "/source/conf/x.ini");
    assert_string_equal(from("source/build/san/gochat", "x.ini"), "/source/conf/x.ini");
}

static void what_is_not_there_is_not_named(void **state) {
    (void)state;
    assert_string_equal(from("usr/bin/gochat", "y.ini"), "none");
    assert_string_equal(from("elsewhere/gochat", "x.ini"), "none");
    assert_string_equal(from("source/a/b/c/gochat", "x.ini"), "none");
    assert_false(installed_find("", "x.ini", found, sizeof found));
    assert_false(installed_find("gochat", "x.ini", found, sizeof found));
}

static void what_does_not_fit_is_not_cut(void **state) {
    char small[PATH_MAX], program[PATH_MAX];
    (void)state;
    size_t length = strlen(root) + strlen("/usr/share/gochat/x.ini");
    snprintf(program, sizeof program, "%s/usr/bin/gochat", root);
    assert_false(installed_find(program, "x.ini", small, length));
    assert_true(installed_find(program, "x.ini", small, length + 1));
}

static void without_it_the_manual_is_named(void **state) {
    (void)state;
    assert_string_equal(installed_or("no such file", "gochat(1)", found, sizeof found), "gochat(1)");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_installed_program_finds_what_is_installed),
        cmocka_unit_test(an_own_build_finds_the_sources),
        cmocka_unit_test(what_is_not_there_is_not_named),
        cmocka_unit_test(what_does_not_fit_is_not_cut),
        cmocka_unit_test(without_it_the_manual_is_named),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("installed", tests, make_places, folder_remove);
}
