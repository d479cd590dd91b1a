#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/keys/secret_file.h"
#include "common/why.h"
#include "tests/support/child.h"
#include "tests/support/folder.h"

static void read_expected(const char *file, const char *credentials, const char *expected) {
    uint8_t secret[ROOM_SECRET_MAX];
    struct why why = {0};
    size_t size = 0;
    if (!secret_file_read(file, credentials, secret, &size, &why)) fail_msg("%s: %s", file, why.text);
    assert_int_equal(size, strlen(expected));
    assert_memory_equal(secret, expected, size);
}

static void refuse_expected(const char *file, const char *credentials, const char *part) {
    uint8_t secret[ROOM_SECRET_MAX];
    struct why why = {0};
    size_t size = 0;
    assert_false(secret_file_read(file, credentials, secret, &size, &why));
    if (!strstr(why.text, part) || strchr(why.text, '\n')) fail_msg("%s: %s", file, why.text);
}

static void it_is_read_without_its_last_newlines(void **state) {
    char file[FOLDER_PATH_SIZE];
    folder_write(folder_file(*state, "secret", file), "open\nsesame \r\n\n", 0600);
    read_expected(file, NULL, "open\nsesame ");
    folder_write(file, "x", 0400);
    read_expected(file, NULL, "x");
    folder_write(file, "\n\n", 0600);
    refuse_expected(file, NULL, "1 to 4096 bytes");
    refuse_expected(folder_file(*state, "none", file), NULL, "No such file");
    refuse_expected(*state, NULL, "Is a directory");
}

static void its_size_is_bounded(void **state) {
    char file[FOLDER_PATH_SIZE], text[ROOM_SECRET_MAX + 2];
    memset(text, 'x', sizeof text);
    text[ROOM_SECRET_MAX] = '\0';
    folder_write(folder_file(*state, "secret", file), text, 0600);
    read_expected(file, NULL, text);
    text[ROOM_SECRET_MAX] = 'x';
    text[ROOM_SECRET_MAX + 1] = '\0';
    folder_write(file, text, 0600);
    refuse_expected(file, NULL, "1 to 4096 bytes");
}

static void what_others_can_open_is_refused(void **state) {
    static const unsigned modes[] = {0640, 0604, 0620, 0602, 0610, 0644, 0666, 0777, 0440};
    char file[FOLDER_PATH_SIZE], mend[FOLDER_PATH_SIZE + 16], expected[16];
    folder_file(*state, "secret", file);
    snprintf(mend, sizeof mend, "chmod 600 %s", file);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        folder_write(file, "sesame\n", 0600);
        assert_int_equal(chmod(file, modes[i]), 0);
        refuse_expected(file, NULL, mend);
        snprintf(expected, sizeof expected, "mode %04o", modes[i]);
        refuse_expected(file, "", expected);
    }
    assert_int_equal(chmod(file, 0600), 0);
    read_expected(file, NULL, "sesame");
}

/* Where systemd gives a service's user the right to read by an access control list, the mode says 0440. */
static void a_credential_of_systemd_is_taken(void **state) {
    char folder[FOLDER_PATH_SIZE], beside[FOLDER_PATH_SIZE], file[2 * FOLDER_PATH_SIZE], link[FOLDER_PATH_SIZE],
        other[FOLDER_PATH_SIZE], sly[2 * FOLDER_PATH_SIZE];
    assert_int_equal(mkdir(folder_file(*state, "credentials", folder), 0700), 0);
    assert_int_equal(mkdir(folder_file(*state, "credentials-of-others", beside), 0700), 0);
    snprintf(file, sizeof file, "%s/secret", folder);
    folder_write(file, "sesame\n", 0440);
    read_expected(file, folder, "sesame");
    refuse_expected(file, NULL, "mode 0440");
    assert_int_equal(symlink(file, folder_file(*state, "link", link)), 0);
    read_expected(link, folder, "sesame");
    folder_write(folder_file(*state, "other", other), "sesame\n", 0644);
    refuse_expected(other, folder, "mode 0644");
    snprintf(sly, sizeof sly, "%s/../other", folder);
    refuse_expected(sly, folder, "mode 0644");
    snprintf(file, sizeof file, "%s/secret", beside);
    folder_write(file, "sesame\n", 0644);
    refuse_expected(file, folder, "mode 0644");
    refuse_expected(other, "/", "mode 0644");
    refuse_expected(other, "relative/none", "mode 0644");
}

/* As `--secret-file <(pass chat)`: in pieces, and whatever the shell makes of it. */
static void a_pipe_is_read_to_its_end(void **state) {
    char path[64];
    int pipes[2], status;
    (void)state;
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        close(pipes[0]);
        for (const char *at = "sesame\n"; *at; at++) {
            if (write(pipes[1], at, 1) != 1) child_end(1);
            sched_yield();
        }
        child_end(0);
    }
    close(pipes[1]);
    snprintf(path, sizeof path, "/dev/fd/%d", pipes[0]);
    read_expected(path, NULL, "sesame");
    close(pipes[0]);
    assert_true(waitpid(child, &status, 0) == child);
    assert_int_equal(status, 0);
}

/* A here-document, and what lies in memory alone. */
static void what_has_no_name_is_nobody_elses(void **state) {
    char file[FOLDER_PATH_SIZE], path[64];
    int memory = memfd_create("secret", MFD_CLOEXEC), unnamed;
    assert_int_equal(write(memory, "sesame\n", 7), 7);
    snprintf(path, sizeof path, "/dev/fd/%d", memory);
    read_expected(path, NULL, "sesame");
    close(memory);
    folder_write(folder_file(*state, "secret", file), "sesame\n", 0644);
    unnamed = open(file, O_RDONLY | O_CLOEXEC);
    assert_int_equal(unlink(file), 0);
    snprintf(path, sizeof path, "/dev/fd/%d", unnamed);
    read_expected(path, NULL, "sesame");
    close(unnamed);
}

static void a_fifo_that_others_can_open_is_refused(void **state) {
    char file[FOLDER_PATH_SIZE];
    int writer;
    assert_int_equal(mkfifo(folder_file(*state, "fifo", file), 0600), 0);
    writer = open(file, O_RDWR | O_CLOEXEC); /* so that opening it does not wait */
    assert_int_equal(chmod(file, 0644), 0);
    refuse_expected(file, NULL, "mode 0644");
    close(writer);
}

int main(void) {
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(it_is_read_without_its_last_newlines),   IN_FOLDER(its_size_is_bounded),
        IN_FOLDER(what_others_can_open_is_refused),        IN_FOLDER(a_credential_of_systemd_is_taken),
        cmocka_unit_test(a_pipe_is_read_to_its_end),       IN_FOLDER(what_has_no_name_is_nobody_elses),
        IN_FOLDER(a_fifo_that_others_can_open_is_refused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("secret_file", tests, NULL, NULL);
}
