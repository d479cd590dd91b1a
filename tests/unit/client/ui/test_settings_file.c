#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/ui/settings_file.h"
#include "tests/support/folder.h"

static struct client_config now;

static int set_up(void **state) {
    ini_table_defaults(&client_config_table, &now);
    now.clock = CLOCK_SECONDS;
    now.bell = true;
    return folder_make(state);
}

static int tear_down(void **state) {
    static const char *const names[] = {"client.ini", "other.ini"};
    char path[FOLDER_PATH_SIZE];
    for (size_t i = 0; i < 2; i++) unlink(folder_file(*state, names[i], path));
    return folder_remove(state); /* fails where anything else was left there */
}

static void edits_to(const char *text, const char *wanted) {
    bool changed[64] = {false};
    assert_true(client_config_table.count <= 64);
    changed[ini_table_row(&client_config_table, "client", "clock")] = true;
    changed[ini_table_row(&client_config_table, "client", "bell")] = true;
    char *edited = settings_file_edit(text, &now, changed);
    assert_string_equal(edited, wanted);
    free(edited);
}

static void what_is_not_ours_stays(void **state) {
    (void)state;
    edits_to("", "[client]\nbell = on\nclock = seconds\n");
    edits_to("# mine\n[client]\n  clock=minutes   # why\nroom = tea\n\n# the keys\n[keys]\nclock = help\n",
             "# mine\n[client]\n  clock=seconds   # why\nroom = tea\nbell = on\n\n# the keys\n[keys]\nclock = help\n");
    edits_to("[client]\nclock = \"off\" ; x\n;bell = off\nbell = off\nclocks = 7",
             "[client]\nclock = seconds ; x\n;bell = off\nbell = on\nclocks = 7\n");
    edits_to("[keys]\nf1 = help", "[keys]\nf1 = help\n\n[client]\nbell = on\nclock = seconds\n");
    edits_to("[client]", "[client]\nbell = on\nclock = seconds\n");
}

static void expect_file(const char *path, const char *wanted) {
    char text[1024] = "";
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_true(fread(text, 1, sizeof text - 1, file) > 0);
    fclose(file);
    assert_string_equal(text, wanted);
}

static void is_written_whole(void **state) {
    char path[FOLDER_PATH_SIZE], said[128];
    struct stat status;
    struct why why;
    folder_file(*state, "client.ini", path);
    assert_true(settings_file_save(path, &now, said, sizeof said, &why));
    assert_string_equal(said, "bell = on, clock = seconds");
    expect_file(path, "[client]\nbell = on\nclock = seconds\n");
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_true(settings_file_save(path, &now, said, sizeof said, &why));
    assert_string_equal(said, "");
    folder_write(path, "[client]\nroom = tea # mine\n", 0644);
    now.theme = THEME_DARK;
    assert_true(settings_file_save(path, &now, said, sizeof said, &why));
    assert_string_equal(said, "bell = on, clock = seconds, theme = dark");
    expect_file(path, "[client]\nroom = tea # mine\nbell = on\nclock = seconds\ntheme = dark\n");
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0644);
}

/* Each leaves the file as it was, and nothing beside it. */
static void or_not_at_all(void **state) {
    char path[FOLDER_PATH_SIZE], other[FOLDER_PATH_SIZE], said[128];
    struct why why;
    folder_file(*state, "client.ini", path);
    folder_file(*state, "other.ini", other);
    folder_write(other, "bell = off\n", 0600);
    folder_write(path, "[client]\ninclude = other.ini\n", 0600);
    assert_false(settings_file_save(path, &now, said, sizeof said, &why));
    assert_non_null(strstr(why.text, ": a file that it includes has one of these, too"));
    expect_file(path, "[client]\ninclude = other.ini\n");
    folder_write(path, "[client]\ncolour = red\n", 0600);
    assert_false(settings_file_save(path, &now, said, sizeof said, &why));
    assert_non_null(strstr(why.text, ": has faults"));
    expect_file(path, "[client]\ncolour = red\n");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink(other, path), 0);
    assert_false(settings_file_save(path, &now, said, sizeof said, &why));
    assert_non_null(strstr(why.text, ": is a link, expected the file itself"));
    expect_file(other, "bell = off\n");
    folder_file(*state, "none/client.ini", path);
    assert_false(settings_file_save(path, &now, said, sizeof said, &why));
    assert_non_null(strstr(why.text, "No such file or directory"));
}

int main(void) {
#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {test(what_is_not_ours_stays), test(is_written_whole), test(or_not_at_all)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("settings_file", tests, NULL, NULL);
}
