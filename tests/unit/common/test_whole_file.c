#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/whole_file.h"
#include "tests/support/child.h"
#include "tests/support/folder.h"

static void what_comes_in_pieces_is_read_to_its_end(void **state) {
    char text[32];
    int ends[2], status;
    (void)state;
    assert_int_equal(pipe(ends), 0);
    if (fork() == 0) {
        for (const char *at = "piece by piece"; *at; at++) {
            if (write(ends[1], at, 1) != 1) child_end(1);
            sched_yield();
        }
        child_end(0);
    }
    close(ends[1]);
    assert_int_equal(whole_file_read(ends[0], text, 8), 8);
    assert_memory_equal(text, "piece by", 8);
    assert_int_equal(whole_file_read(ends[0], text, sizeof text), 6);
    assert_memory_equal(text, " piece", 6);
    assert_int_equal(whole_file_read(ends[0], text, sizeof text), 0);
    close(ends[0]);
    assert_true(wait(&status) > 0);
    assert_int_equal(status, 0);
}

static void what_cannot_be_read_is_no_empty_file(void **state) {
    char text[4];
    int folder = open(*state, O_RDONLY | O_CLOEXEC);
    assert_int_equal(whole_file_read(folder, text, sizeof text), -1);
    assert_int_equal(errno, EISDIR);
    close(folder);
}

/* Who has the old one open goes on with it. */
static void another_file_takes_its_place(void **state) {
    char path[FOLDER_PATH_SIZE], text[16];
    struct stat status;
    folder_write(folder_file(*state, "file", path), "before", 0644);
    int old = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(whole_file_replace(path, "now", 3, 0640));
    folder_read(path, text, sizeof text);
    assert_string_equal(text, "now");
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0640);
    assert_int_equal(whole_file_read(old, text, sizeof text), 6);
    assert_memory_equal(text, "before", 6);
    close(old);
}

static void one_that_is_there_is_not_made(void **state) {
    char path[FOLDER_PATH_SIZE], text[16];
    struct stat status;
    assert_true(whole_file_make(folder_file(*state, "file", path), "first", 5));
    assert_false(whole_file_make(path, "second", 6));
    assert_int_equal(errno, EEXIST);
    folder_read(path, text, sizeof text);
    assert_string_equal(text, "first");
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(*state), 0); /* nothing else is left */
    assert_int_equal(mkdir(*state, 0700), 0);
}

int main(void) {
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_comes_in_pieces_is_read_to_its_end),
        IN_FOLDER(what_cannot_be_read_is_no_empty_file),
        IN_FOLDER(another_file_takes_its_place),
        IN_FOLDER(one_that_is_there_is_not_made),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("whole_file", tests, NULL, NULL);
}
