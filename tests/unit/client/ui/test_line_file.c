#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/ui/line_file.h"
#include "tests/support/child.h"
#include "tests/support/folder.h"

#define TEXT_SIZE 8192
#define CHANGERS 2
#define CHANGES 40
#define NOBODY 65534

static void take_line(void *context, const char *line) {
    char *all = context;
    size_t size = strlen(all);
    assert_in_range(snprintf(all + size, TEXT_SIZE - size, "<%s>", line), 1, TEXT_SIZE - size - 1);
}

static void count_line(void *context, const char *line) {
    size_t *count = context;
    assert_true(line[0] != '\0');
    ++*count;
}

static void expect_lines(const char *path, const char *expected) {
    char all[TEXT_SIZE] = "";
    struct why why = {""};
    if (!line_file_read(path, take_line, all, &why)) fail_msg("%s", why.text);
    assert_string_equal(all, expected);
}

static void set(const char *path, const char *key, const char *line) {
    struct why why = {""};
    if (!line_file_set(path, key, line, &why)) fail_msg("%s", why.text);
}

/* Refused, with one line that names the file. */
static void expect_unreadable(const char *path) {
    char all[TEXT_SIZE] = "";
    struct why why = {""};
    assert_false(line_file_read(path, take_line, all, &why));
    assert_string_equal(all, "");
    assert_ptr_equal(strstr(why.text, path), why.text);
}

static void expect_refused(const char *path, const char *key, const char *line) {
    struct why why = {""};
    assert_false(line_file_set(path, key, line, &why));
    assert_ptr_equal(strstr(why.text, path), why.text);
    assert_null(strchr(why.text, '\n'));
    assert_null(strstr(why.text, strerror(0)));
}

/* Nothing was left aside. */
static void expect_entries(const char *folder, size_t expected) {
    DIR *listing = opendir(folder);
    size_t count = 0;
    assert_non_null(listing);
    for (const struct dirent *entry; (entry = readdir(listing));) count += entry->d_name[0] != '.';
    closedir(listing);
    assert_int_equal(count, expected);
}

static void expect_mode(const char *path, unsigned mode) {
    struct stat status;
    assert_int_equal(lstat(path, &status), 0);
    assert_true(S_ISREG(status.st_mode));
    assert_int_equal(status.st_mode & 07777, mode);
}

static void a_missing_file_has_no_lines(void **state) {
    char path[FOLDER_PATH_SIZE];
    expect_lines(folder_file(*state, "list", path), "");
    expect_entries(*state, 0);
}

static void a_line_replaces_the_one_with_its_key(void **state) {
    char path[FOLDER_PATH_SIZE];
    folder_file(*state, "list", path);
    set(path, "a", "a 1");
    set(path, "ab", "ab 2");
    set(path, "b", "b");
    expect_lines(path, "<a 1><ab 2><b>");
    set(path, "a", "a 3");
    expect_lines(path, "<ab 2><b><a 3>");
    set(path, "b", NULL);
    expect_lines(path, "<ab 2><a 3>");
    set(path, "nobody", NULL);
    expect_lines(path, "<ab 2><a 3>");
    set(path, "ab", NULL);
    set(path, "a", NULL);
    expect_lines(path, "");
    expect_entries(*state, 1);
}

static void what_stands_there_twice_goes_at_once(void **state) {
    char path[FOLDER_PATH_SIZE], text[TEXT_SIZE];
    folder_write(folder_file(*state, "list", path), "a 1\n\nb\n\na 2\na\naa\n# a\nlast", 0600);
    expect_lines(path, "<a 1><b><a 2><a><aa><# a><last>");
    set(path, "a", "a 3");
    folder_read(path, text, sizeof text);
    assert_string_equal(text, "b\naa\n# a\nlast\na 3\n");
}

static void the_file_is_private(void **state) {
    char path[FOLDER_PATH_SIZE];
    mode_t before = umask(0);
    set(folder_file(*state, "list", path), "a", "a");
    expect_mode(path, 0600);
    assert_int_equal(chmod(path, 0644), 0);
    set(path, "b", "b");
    expect_mode(path, 0600);
    umask(before);
}

static void a_link_is_refused(void **state) {
    char path[FOLDER_PATH_SIZE], target[FOLDER_PATH_SIZE], text[TEXT_SIZE];
    folder_write(folder_file(*state, "target", target), "a 1\n", 0600);
    assert_int_equal(symlink("target", folder_file(*state, "list", path)), 0);
    expect_unreadable(path);
    expect_refused(path, "a", "a 2");
    folder_read(target, text, sizeof text);
    assert_string_equal(text, "a 1\n");
    assert_int_equal(unlink(target), 0);
    expect_refused(path, "a", "a 2"); /* also one that leads nowhere */
    expect_entries(*state, 1);
}

static void only_regular_files_are_read(void **state) {
    char path[FOLDER_PATH_SIZE];
    assert_int_equal(mkfifo(folder_file(*state, "fifo", path), 0600), 0);
    expect_unreadable(path);
    expect_refused(path, "a", "a");
    assert_int_equal(mkdir(folder_file(*state, "folder", path), 0700), 0);
    expect_unreadable(path);
    expect_refused(path, "a", "a");
    expect_entries(*state, 2);
}

/* `lines` lines of 16 bytes each, then `rest`. */
static void fill(const char *path, size_t lines, const char *rest) {
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    for (size_t i = 0; i < lines; i++) fprintf(file, "key%08zu abc\n", i);
    assert_true(fputs(rest, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static off_t size_of(const char *path) {
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return status.st_size;
}

static void a_larger_file_is_refused(void **state) {
    char path[FOLDER_PATH_SIZE];
    struct why why;
    size_t count = 0;
    fill(folder_file(*state, "list", path), LINE_FILE_BYTES / 16, "");
    assert_int_equal(size_of(path), LINE_FILE_BYTES);
    assert_true(line_file_read(path, count_line, &count, &why));
    assert_int_equal(count, LINE_FILE_BYTES / 16);
    fill(path, LINE_FILE_BYTES / 16, "\n");
    expect_unreadable(path);
    expect_refused(path, "key00000000", NULL);
    assert_int_equal(size_of(path), LINE_FILE_BYTES + 1);
    expect_entries(*state, 1);
}

/* Else the next start could not read it. */
static void no_change_makes_it_too_large(void **state) {
    char path[FOLDER_PATH_SIZE];
    struct why why;
    size_t count = 0;
    fill(folder_file(*state, "list", path), LINE_FILE_BYTES / 16, "");
    expect_refused(path, "a", "a");
    expect_entries(*state, 1);
    assert_int_equal(size_of(path), LINE_FILE_BYTES);
    assert_true(line_file_read(path, count_line, &count, &why));
    assert_int_equal(count, LINE_FILE_BYTES / 16);
    expect_refused(path, "key00000007", "key00000007 abcd");
    assert_int_equal(size_of(path), LINE_FILE_BYTES);
    set(path, "key00000007", "key00000007 ABC"); /* as long as before */
    assert_int_equal(size_of(path), LINE_FILE_BYTES);
    set(path, "key00000007", NULL);
    set(path, "a", "a");
    assert_int_equal(size_of(path), LINE_FILE_BYTES - 16 + 2);
    expect_entries(*state, 1);
}

/* A limit on file sizes stands for a full disk. */
static void a_full_disk_keeps_the_old_file(void **state) {
    char path[FOLDER_PATH_SIZE], text[TEXT_SIZE];
    struct rlimit limit, low;
    set(folder_file(*state, "list", path), "a", "a 1");
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    low = (struct rlimit){.rlim_cur = 6, .rlim_max = limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    struct why why = {""};
    bool done = line_file_set(path, "b", "b 2", &why);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_false(done);
    assert_ptr_equal(strstr(why.text, path), why.text);
    assert_non_null(strstr(why.text, strerror(EFBIG)));
    folder_read(path, text, sizeof text);
    assert_string_equal(text, "a 1\n");
    expect_entries(*state, 1);
}

static void no_folder_no_file(void **state) {
    char path[FOLDER_PATH_SIZE];
    folder_file(*state, "missing/list", path);
    expect_lines(path, "");
    expect_refused(path, "a", "a");
    expect_entries(*state, 0);
}

static void a_name_too_long_is_refused(void **state) {
    char path[FOLDER_PATH_SIZE + 256], name[251];
    memset(name, 'x', sizeof name - 1); /* a file may be called so, but not the one aside */
    name[sizeof name - 1] = '\0';
    snprintf(path, sizeof path, "%s/%s", (const char *)*state, name);
    expect_lines(path, "");
    expect_refused(path, "a", "a");
    expect_entries(*state, 0);
}

/* In a child of its own: root could write. */
static void an_unwritable_folder_changes_nothing(void **state) {
    char path[FOLDER_PATH_SIZE], text[TEXT_SIZE];
    struct why why;
    int status;
    folder_write(folder_file(*state, "list", path), "a 1\n", 0600);
    if (getuid() == 0) assert_int_equal(chown(path, NOBODY, NOBODY), 0);
    assert_int_equal(chmod(*state, 0555), 0);
    pid_t child = fork();
    if (child == 0) {
        if (getuid() == 0 && setresuid(NOBODY, NOBODY, NOBODY) != 0) child_end(2);
        child_end(line_file_set(path, "a", "a 2", &why) ? 1 : 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(chmod(*state, 0700), 0);
    folder_read(path, text, sizeof text);
    assert_string_equal(text, "a 1\n");
    expect_entries(*state, 1);
}

static void changers_at_once_lose_nothing(void **state) {
    char path[FOLDER_PATH_SIZE], line[64];
    struct why why;
    size_t count = 0;
    int status;
    folder_file(*state, "list", path);
    set(path, "stays", "stays");
    for (int child = 0; child < CHANGERS; child++) {
        if (fork() != 0) continue;
        for (int i = 0; i < CHANGES; i++) {
            snprintf(line, sizeof line, "key-%d-%d", child, i);
            if (!line_file_set(path, line, line, &why)) child_end(1);
            if (!line_file_set(path, "common", "common", &why)) child_end(2);
        }
        child_end(0);
    }
    for (int child = 0; child < CHANGERS; child++) {
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    assert_true(line_file_read(path, count_line, &count, &why));
    assert_int_equal(count, CHANGERS * CHANGES + 2);
    expect_entries(*state, 1);
}

int main(void) {
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_missing_file_has_no_lines),
        IN_FOLDER(a_line_replaces_the_one_with_its_key),
        IN_FOLDER(what_stands_there_twice_goes_at_once),
        IN_FOLDER(the_file_is_private),
        IN_FOLDER(a_link_is_refused),
        IN_FOLDER(only_regular_files_are_read),
        IN_FOLDER(a_larger_file_is_refused),
        IN_FOLDER(no_change_makes_it_too_large),
        IN_FOLDER(a_full_disk_keeps_the_old_file),
        IN_FOLDER(no_folder_no_file),
        IN_FOLDER(a_name_too_long_is_refused),
        IN_FOLDER(an_unwritable_folder_changes_nothing),
        IN_FOLDER(changers_at_once_lose_nothing),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("line_file", tests, NULL, NULL);
}
