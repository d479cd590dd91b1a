#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/identity/custody.h"
#include "client/keys/identity.h"
#include "common/why.h"
#include "tests/support/child.h"
#include "tests/support/folder.h"

#define ONES "1111111111111111111111111111111111111111111111111111111111111111\n"
#define PASSPHRASE "a passphrase of the test"
#define TEXT_SIZE 1024

static uint8_t ones[SEED_SIZE], twos[SEED_SIZE];

static int start(void **state) {
    (void)state;
    memset(ones, 0x11, sizeof ones);
    memset(twos, 0x22, sizeof twos);
    return sodium_init() < 0 ? -1 : 0;
}

static void expect(bool done, const struct why *why) {
    if (!done) fail_msg("%s", why->text);
}

static void expect_file(const char *file, const char *text) {
    char there[TEXT_SIZE];
    folder_read(file, there, sizeof there);
    assert_string_equal(there, text);
}

static unsigned count_files(const char *folder) {
    DIR *directory = opendir(folder);
    unsigned count = 0;
    assert_non_null(directory);
    for (struct dirent *entry; (entry = readdir(directory));)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(directory);
    return count;
}

static void a_locked_key_is_found_and_opened(void **state) {
    char path[FOLDER_PATH_SIZE], text[TEXT_SIZE];
    uint8_t seed[SEED_SIZE];
    struct identity identity, clear;
    struct stat status;
    struct why why = {""};
    folder_write(folder_file(*state, "identity", path), ONES, 0600);
    expect(custody_lock(path, ones, PASSPHRASE, &why), &why);
    folder_read(path, text, sizeof text);
    assert_null(strstr(text, "11111111"));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(count_files(*state), 1);

    identity_from_seed(ones, &clear);
    expect(identity_open(*state, "alice", &identity, &why), &why);
    assert_true(identity.sealed);
    assert_memory_equal(identity.public, clear.public, 32);
    assert_true(sodium_is_zero(identity.secret, sizeof identity.secret));
    expect(sealed_seed_unseal(&identity.box, PASSPHRASE, seed, &why), &why);
    int lock = identity.lock;
    identity_unseal(&identity, seed);
    assert_false(identity.sealed);
    assert_int_equal(identity.lock, lock);
    assert_memory_equal(identity.secret, clear.secret, sizeof clear.secret);
    identity_close(&identity);

    expect(custody_unlock(path, ones, &why), &why);
    expect_file(path, ONES);
}

static void a_backup_comes_back(void **state) {
    char backup[FOLDER_PATH_SIZE], path[FOLDER_PATH_SIZE];
    uint8_t seed[SEED_SIZE];
    struct sealed_seed box;
    struct stat status;
    struct why why;
    umask(0);
    folder_file(*state, "backup", backup);
    folder_file(*state, "below/identity", path);
    expect(custody_backup(backup, ones, PASSPHRASE, &why), &why);
    assert_int_equal(stat(backup, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    expect(custody_read_backup(backup, &box, &why), &why);
    expect(sealed_seed_unseal(&box, PASSPHRASE, seed, &why), &why);
    expect(custody_restore(path, seed, &why), &why);
    expect_file(path, ONES);
    assert_false(custody_restore(path, twos, &why));
    assert_non_null(strstr(why.text, "File exists"));
    expect_file(path, ONES);
    unlink(path);
    rmdir(folder_file(*state, "below", path));
}

static void a_backup_replaces_nothing(void **state) {
    char backup[FOLDER_PATH_SIZE];
    struct why why;
    folder_write(folder_file(*state, "backup", backup), "precious\n", 0600);
    assert_false(custody_backup(backup, ones, PASSPHRASE, &why));
    assert_non_null(strstr(why.text, "is there already"));
    expect_file(backup, "precious\n");
    assert_int_equal(count_files(*state), 1);
}

static void a_damaged_backup_is_told_with_its_line(void **state) {
    char backup[FOLDER_PATH_SIZE], text[TEXT_SIZE];
    struct sealed_seed box;
    struct why why;
    folder_file(*state, "backup", backup);
    expect(custody_backup(backup, ones, PASSPHRASE, &why), &why);
    size_t size = folder_read(backup, text, sizeof text);
    *strstr(text, "Salt") = 's';
    folder_write(backup, text, 0600);
    assert_false(custody_read_backup(backup, &box, &why));
    if (!strstr(why.text, "/backup: line 6: ")) fail_msg("%s", why.text);
    *strstr(text, "salt") = 'S';
    text[size - 3] = '\0';
    folder_write(backup, text, 0600);
    assert_false(custody_read_backup(backup, &box, &why));
    if (!strstr(why.text, "/backup: line 9: ")) fail_msg("%s", why.text);
    text[size - 3] = '-';
    folder_write(backup, text, 0600);
    expect(custody_read_backup(backup, &box, &why), &why);
    snprintf(text + size, sizeof text - size, "x");
    folder_write(backup, text, 0600);
    assert_false(custody_read_backup(backup, &box, &why));
    if (!strstr(why.text, "/backup: line 10: ")) fail_msg("%s", why.text);
}

/* 2001-09-09 01:46:40 UTC. */
static void what_is_replaced_is_kept(void **state) {
    char path[FOLDER_PATH_SIZE], kept[IDENTITY_PATH_SIZE];
    struct why why;
    folder_write(folder_file(*state, "identity", path), ONES, 0600);
    expect(custody_replace(path, twos, 1000000000, kept, &why), &why);
    assert_non_null(strstr(kept, "/identity.replaced-2001-09-09-014640"));
    expect_file(kept, ONES);
    /* In the same second: the one that was kept is not lost, nor the one that is there. */
    assert_false(custody_replace(path, ones, 1000000000, kept, &why));
    expect_file(kept, ONES);
    assert_int_equal(count_files(*state), 2);
}

/* A full disk, for who is not allowed the bytes: all is as it was, and nothing is left lying about. */
static void what_cannot_be_written_changes_nothing(void **state) {
    char path[FOLDER_PATH_SIZE], backup[FOLDER_PATH_SIZE], text[TEXT_SIZE];
    int status;
    folder_write(folder_file(*state, "identity", path), ONES, 0600);
    folder_file(*state, "backup", backup);
    if (fork() == 0) {
        const struct rlimit little = {40, 40};
        char kept[IDENTITY_PATH_SIZE];
        struct why why;
        signal(SIGXFSZ, SIG_IGN);
        if (setrlimit(RLIMIT_FSIZE, &little) != 0) child_end(1);
        if (custody_lock(path, ones, PASSPHRASE, &why)) child_end(2);
        if (custody_backup(backup, ones, PASSPHRASE, &why)) child_end(3);
        if (custody_unlock(path, twos, &why)) child_end(4);
        if (custody_replace(path, twos, 1000000000, kept, &why)) child_end(5);
        if (custody_restore(backup, twos, &why)) child_end(6);
        child_end(0);
    }
    assert_true(wait(&status) > 0);
    assert_int_equal(status, 0);
    folder_read(path, text, sizeof text);
    assert_string_equal(text, ONES);
    assert_int_equal(count_files(*state), 1);
}

static void who_holds_it_holds_what_is_there(void **state) {
    struct identity_file first, second;
    char path[FOLDER_PATH_SIZE];
    struct why why;
    folder_write(folder_file(*state, "identity", path), ONES, 0600);
    assert_int_equal(identity_file_open(path, true, &first, &why), IDENTITY_FILE_OPENED);
    assert_int_equal(identity_file_open(path, true, &second, &why), IDENTITY_FILE_IN_USE);
    identity_file_close(&second);
    assert_int_equal(identity_file_open(path, false, &second, &why), IDENTITY_FILE_OPENED);
    assert_memory_equal(second.seed, ones, SEED_SIZE);
    identity_file_close(&second);
    identity_file_close(&first);
    folder_write(path, "-----BEGIN GOCHAT IDENTITY-----\nComment: none\n", 0600);
    assert_int_equal(identity_file_open(path, true, &first, &why), IDENTITY_FILE_DAMAGED);
    if (!strstr(why.text, "/identity: line 2: ")) fail_msg("%s", why.text);
    assert_true(first.descriptor >= 0);
    identity_file_close(&first);
}

static void all_key_files_are_listed(void **state) {
    static const char *const names[] = {"identity", "identity-send", "identity.bob", "identity.replaced-2001"};
    static const char *const others[] = {".identity.Xy12ab", "identities", "people", "known_bootnodes"};
    char path[FOLDER_PATH_SIZE];
    size_t count;
    for (size_t i = 0; i < 4; i++) folder_write(folder_file(*state, others[i], path), "", 0600);
    assert_null(custody_list(*state, &count));
    for (size_t i = 0; i < 4; i++) folder_write(folder_file(*state, names[i], path), ONES, 0600);
    char **list = custody_list(*state, &count);
    assert_int_equal(count, 4);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(strrchr(list[i], '/') + 1, names[i]);
        free(list[i]);
    }
    free(list);
}

int main(void) {
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_locked_key_is_found_and_opened), IN_FOLDER(a_backup_comes_back),
        IN_FOLDER(a_backup_replaces_nothing),        IN_FOLDER(a_damaged_backup_is_told_with_its_line),
        IN_FOLDER(what_is_replaced_is_kept),         IN_FOLDER(what_cannot_be_written_changes_nothing),
        IN_FOLDER(who_holds_it_holds_what_is_there), IN_FOLDER(all_key_files_are_listed),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("custody", tests, start, NULL);
}
