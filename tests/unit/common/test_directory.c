#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/directory.h"
#include "tests/support/folder.h"

static bool is_private_directory(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode) && (status.st_mode & 07777) == 0700;
}

static void the_missing_ones_are_made_for_us_alone(void **state) {
    char path[FOLDER_PATH_SIZE], part[FOLDER_PATH_SIZE];
    umask(0);
    assert_true(directory_make(folder_file(*state, "a/b/c", path)));
    assert_true(is_private_directory(folder_file(*state, "a", part)));
    assert_true(is_private_directory(folder_file(*state, "a/b", part)));
    assert_true(is_private_directory(path));
    assert_true(directory_make(path));
    assert_true(directory_make(folder_file(*state, "a/d/", path)));
    assert_true(is_private_directory(path));
}

static void above_a_file_the_file_is_not_made(void **state) {
    char path[FOLDER_PATH_SIZE], part[FOLDER_PATH_SIZE];
    assert_true(directory_make_above(folder_file(*state, "x/y/file", path)));
    assert_true(is_private_directory(folder_file(*state, "x/y", part)));
    assert_int_equal(access(path, F_OK), -1);
    assert_true(directory_make_above("file"));
}

static void what_is_in_the_way_is_told(void **state) {
    char path[FOLDER_PATH_SIZE], endless[PATH_MAX + 2];
    folder_write(folder_file(*state, "file", path), "", 0600);
    assert_false(directory_make(folder_file(*state, "file/below/it", path)));
    assert_int_equal(errno, ENOTDIR);
    memset(endless, 'x', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    assert_false(directory_make(endless));
    assert_int_equal(errno, ENAMETOOLONG);
}

static void only_what_is_there_is_synced(void **state) {
    char path[FOLDER_PATH_SIZE];
    assert_true(directory_sync_above(folder_file(*state, "file", path)));
    assert_true(directory_sync_above("file"));
    assert_true(directory_sync_above("/file"));
    assert_false(directory_sync_above(folder_file(*state, "none/file", path)));
    assert_int_equal(errno, ENOENT);
}

int main(void) {
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(the_missing_ones_are_made_for_us_alone),
        IN_FOLDER(above_a_file_the_file_is_not_made),
        IN_FOLDER(what_is_in_the_way_is_told),
        IN_FOLDER(only_what_is_there_is_synced),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("directory", tests, NULL, NULL);
}
