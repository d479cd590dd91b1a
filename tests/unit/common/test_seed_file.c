#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "common/seed_file.h"
#include "tests/support/child.h"
#include "tests/support/folder.h"

#define DIGITS "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static const uint8_t SEED[SEED_SIZE] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                        16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31};

static int start(void **state) {
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
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

/* A person's, unless a test says otherwise. */
static int open_as(const char *file, bool service, struct seed_trouble *trouble) {
    const struct seed_policy policy = service ? seed_policy_service() : seed_policy_personal();
    return seed_file_open(file, &policy, trouble);
}

/* Negative: it was read. */
static int fault_of_as(const char *file, bool service) {
    struct seed_trouble trouble = {0};
    uint8_t seed[SEED_SIZE];
    int descriptor = open_as(file, service, &trouble);
    if (descriptor < 0) return (int)trouble.fault;
    bool read = seed_file_read(descriptor, seed, &trouble);
    close(descriptor);
    return read ? -1 : (int)trouble.fault;
}

static int fault_of(const char *file) {
    return fault_of_as(file, false);
}

static int fault_of_service(const char *file) {
    return fault_of_as(file, true);
}

static void what_is_made_is_read(void **state) {
    char file[FOLDER_PATH_SIZE], text[100];
    struct seed_trouble trouble;
    uint8_t seed[SEED_SIZE];
    struct stat status;
    umask(0);
    assert_true(seed_file_make(folder_file(*state, "seed", file), SEED));
    int descriptor = open_as(file, false, &trouble);
    assert_true(descriptor >= 0);
    for (int i = 0; i < 2; i++) {
        assert_true(seed_file_read(descriptor, seed, &trouble));
        assert_memory_equal(seed, SEED, sizeof seed);
    }
    close(descriptor);
    assert_int_equal(stat(file, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(folder_read(file, text, sizeof text), 65);
    assert_memory_equal(text, DIGITS "\n", 65);
    assert_int_equal(count_files(*state), 1);
}

static void the_first_one_counts(void **state) {
    static const uint8_t other[SEED_SIZE] = {1};
    char file[FOLDER_PATH_SIZE], text[100];
    assert_true(seed_file_make(folder_file(*state, "seed", file), SEED));
    assert_true(seed_file_make(file, other));
    folder_read(file, text, sizeof text);
    assert_memory_equal(text, DIGITS "\n", 65);
    assert_int_equal(count_files(*state), 1);
}

static void in_this_folder_too(void **state) {
    char here[FOLDER_PATH_SIZE];
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(*state), 0);
    assert_true(seed_file_make("seed", SEED));
    assert_int_equal(fault_of("seed"), -1);
    assert_int_equal(chdir(here), 0);
}

static void others_are_kept_out(void **state) {
    static const unsigned modes[] = {0640, 0604, 0660, 0602, 0601, 0610};
    char file[FOLDER_PATH_SIZE];
    struct seed_trouble trouble;
    folder_file(*state, "seed", file);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        folder_write(file, DIGITS "\n", modes[i]);
        assert_int_equal(open_as(file, false, &trouble), -1);
        assert_int_equal(trouble.fault, SEED_OPEN);
        assert_int_equal(trouble.status.st_mode & 07777, modes[i]);
    }
}

static void it_must_be_ours(void **state) {
    char file[FOLDER_PATH_SIZE];
    struct seed_trouble trouble;
    if (geteuid() != 0) return; /* only root can give a file away */
    folder_write(folder_file(*state, "seed", file), DIGITS "\n", 0600);
    assert_int_equal(chown(file, 1, 1), 0);
    assert_int_equal(open_as(file, false, &trouble), -1);
    assert_int_equal(trouble.fault, SEED_FOREIGN);
    assert_int_equal(trouble.status.st_uid, 1);
}

static void it_must_be_a_file(void **state) {
    char file[FOLDER_PATH_SIZE];
    assert_int_equal(fault_of(folder_file(*state, "none", file)), SEED_UNREADABLE);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(mkdir(folder_file(*state, "directory", file), 0700), 0);
    assert_int_equal(fault_of(file), SEED_IRREGULAR);
    assert_int_equal(mkfifo(folder_file(*state, "pipe", file), 0600), 0);
    assert_int_equal(fault_of(file), SEED_IRREGULAR);
    folder_write(folder_file(*state, "target", file), DIGITS "\n", 0600);
    assert_int_equal(symlink("target", folder_file(*state, "link", file)), 0);
    assert_int_equal(fault_of(file), SEED_LINK);
}

/* What a service is given: of its group, of an access control list (whose mask stands there), but nobody's to write. */
static void a_service_has_a_group(void **state) {
    static const struct {
        unsigned mode;
        int fault;
    } cases[] = {{0400, -1},        {0600, -1},        {0440, -1},        {0640, -1},        {0604, SEED_OPEN},
                 {0444, SEED_OPEN}, {0660, SEED_OPEN}, {0620, SEED_OPEN}, {0602, SEED_OPEN}, {0650, SEED_OPEN}};
    char file[FOLDER_PATH_SIZE];
    folder_file(*state, "seed", file);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        folder_write(file, DIGITS "\n", cases[i].mode);
        assert_int_equal(fault_of_service(file), cases[i].fault);
    }
}

/* As somebody who is not root; where we are not either, ourselves. 0: all went well. */
static int as_another(int (*does)(const char *folder), const char *folder) {
    int status;
    if (fork() == 0) {
        if (geteuid() == 0 && (chown(folder, 1, 1) != 0 || setegid(1) != 0 || seteuid(1) != 0)) child_end(100);
        child_end(does(folder));
    }
    assert_true(wait(&status) > 0);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int opens_roots(const char *folder) {
    char file[FOLDER_PATH_SIZE];
    folder_file(folder, "group", file);
    if (fault_of_service(file) != -1) return 1;
    if (fault_of(file) != SEED_FOREIGN) return 2;
    folder_file(folder, "third", file);
    return fault_of_service(file) == SEED_FOREIGN ? 0 : 3;
}

/* Root's file, whose group may read it, is one that root gave us; a third one's is not. */
static void a_service_takes_what_root_gives(void **state) {
    char file[FOLDER_PATH_SIZE];
    if (geteuid() != 0) return;
    folder_write(folder_file(*state, "group", file), DIGITS "\n", 0440);
    assert_int_equal(chown(file, 0, 1), 0);
    folder_write(folder_file(*state, "third", file), DIGITS "\n", 0440);
    assert_int_equal(chown(file, 2, 1), 0);
    assert_int_equal(as_another(opens_roots, *state), 0);
}

/* Kubernetes' folder of a secret: key -> ..data/key, ..data -> ..2026_11_30. */
static void make_secret(const char *folder, char file[static FOLDER_PATH_SIZE]) {
    assert_int_equal(mkdir(folder_file(folder, "..2026_11_30", file), 0755), 0);
    folder_write(folder_file(folder, "..2026_11_30/key", file), DIGITS "\n", 0440);
    assert_int_equal(symlink("..2026_11_30", folder_file(folder, "..data", file)), 0);
    assert_int_equal(symlink("..data/key", folder_file(folder, "key", file)), 0);
}

static void a_service_follows_links(void **state) {
    char file[FOLDER_PATH_SIZE], whole[FOLDER_PATH_SIZE];
    make_secret(*state, file);
    assert_int_equal(fault_of_service(file), -1);
    assert_int_equal(fault_of(file), SEED_LINK);
    assert_int_equal(symlink(file, folder_file(*state, "whole", whole)), 0);
    assert_int_equal(fault_of_service(whole), -1);
    assert_int_equal(symlink("nothing", folder_file(*state, "nowhere", whole)), 0);
    assert_int_equal(fault_of_service(whole), SEED_UNREADABLE);
    assert_int_equal(symlink("..data", folder_file(*state, "folder", whole)), 0);
    assert_int_equal(fault_of_service(whole), SEED_IRREGULAR);
}

/* What is at the end is held to the same as without a link. */
static void links_lead_to_no_more(void **state) {
    char file[FOLDER_PATH_SIZE], target[FOLDER_PATH_SIZE];
    make_secret(*state, file);
    folder_write(folder_file(*state, "..2026_11_30/key", target), DIGITS "\n", 0444);
    assert_int_equal(fault_of_service(file), SEED_OPEN);
}

static void nobody_else_may_turn_a_link(void **state) {
    char file[FOLDER_PATH_SIZE], inner[FOLDER_PATH_SIZE];
    struct seed_trouble trouble;
    make_secret(*state, file);
    assert_int_equal(chmod(folder_file(*state, "..2026_11_30", inner), 0777), 0);
    assert_int_equal(open_as(file, true, &trouble), -1);
    assert_int_equal(trouble.fault, SEED_WAY);
    assert_string_equal(trouble.way.step, inner);
    assert_int_equal(chmod(inner, 01777), 0); /* sticky: what is ours there stays ours */
    assert_int_equal(fault_of_service(file), -1);
    assert_int_equal(chmod(inner, 0755), 0);
    assert_int_equal(chmod(*state, 0770), 0);
    assert_int_equal(fault_of_service(file), SEED_WAY);
    assert_int_equal(chmod(*state, 0700), 0);
}

static void a_stranger_may_turn_no_link(void **state) {
    char file[FOLDER_PATH_SIZE], link[FOLDER_PATH_SIZE];
    struct seed_trouble trouble;
    if (geteuid() != 0) return;
    make_secret(*state, file);
    assert_int_equal(chmod(*state, 01777), 0);
    assert_int_equal(lchown(folder_file(*state, "..data", link), 1, 1), 0);
    assert_int_equal(open_as(file, true, &trouble), -1);
    assert_int_equal(trouble.fault, SEED_WAY);
    assert_string_equal(trouble.way.step, link);
    assert_int_equal(lchown(link, 0, 0), 0);
    assert_int_equal(fault_of_service(file), -1);
    assert_int_equal(chown(*state, 1, 1), 0);
    assert_int_equal(fault_of_service(file), SEED_WAY);
}

static void another_takes_its_place(void **state) {
    static const uint8_t other[SEED_SIZE] = {1};
    char file[FOLDER_PATH_SIZE], text[100];
    struct stat before, after;
    folder_write(folder_file(*state, "seed", file), DIGITS "\n", 0640);
    assert_int_equal(stat(file, &before), 0);
    if (geteuid() == 0) before.st_uid = before.st_gid = 1;
    assert_true(seed_file_replace(file, other, &before));
    assert_int_equal(stat(file, &after), 0);
    assert_int_equal(after.st_mode, before.st_mode);
    assert_int_equal(after.st_uid, before.st_uid);
    assert_int_equal(after.st_gid, before.st_gid);
    folder_read(file, text, sizeof text);
    assert_memory_equal(text, "0100000000000000", 16);
    assert_int_equal(count_files(*state), 1);
    assert_false(seed_file_replace(folder_file(*state, "none/seed", file), other, &before));
}

static void malformed_ones_are_refused(void **state) {
    static const char *const texts[] = {
        "", "\n", DIGITS, DIGITS "\n\n", DIGITS " \n", "zz" DIGITS "\n", DIGITS "0\n", "0x" DIGITS "\n"};
    char file[FOLDER_PATH_SIZE];
    folder_file(*state, "seed", file);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        folder_write(file, texts[i], 0600);
        assert_int_equal(fault_of(file), SEED_MALFORMED);
    }
}

static void without_a_place_there_is_none(void **state) {
    char file[FOLDER_PATH_SIZE];
    assert_false(seed_file_make(folder_file(*state, "none/seed", file), SEED));
    assert_int_equal(errno, ENOENT);
}

/* Who may write ten bytes and no more leaves no half of a seed, and goes on. */
static void whole_or_not_at_all(void **state) {
    int status;
    if (fork() == 0) {
        const struct rlimit little = {10, 10};
        char file[FOLDER_PATH_SIZE];
        if (setrlimit(RLIMIT_FSIZE, &little) != 0) child_end(1);
        struct stat like;
        if (stat(*state, &like) != 0) child_end(1);
        bool made = seed_file_make(folder_file(*state, "seed", file), SEED);
        int error = errno;
        made |= seed_file_replace(file, SEED, &like);
        signal(SIGXFSZ, SIG_IGN); /* gcov writes a file of its own at the end */
        if (made) child_end(2);
        child_end(error == EFBIG && count_files(*state) == 0 ? 0 : 3);
    }
    assert_true(wait(&status) > 0);
    assert_int_equal(status, 0);
}

int main(void) {
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(what_is_made_is_read),
        IN_FOLDER(the_first_one_counts),
        IN_FOLDER(in_this_folder_too),
        IN_FOLDER(others_are_kept_out),
        IN_FOLDER(it_must_be_ours),
        IN_FOLDER(it_must_be_a_file),
        IN_FOLDER(a_service_has_a_group),
        IN_FOLDER(a_service_takes_what_root_gives),
        IN_FOLDER(a_service_follows_links),
        IN_FOLDER(links_lead_to_no_more),
        IN_FOLDER(nobody_else_may_turn_a_link),
        IN_FOLDER(a_stranger_may_turn_no_link),
        IN_FOLDER(another_takes_its_place),
        IN_FOLDER(malformed_ones_are_refused),
        IN_FOLDER(whole_or_not_at_all),
        IN_FOLDER(without_a_place_there_is_none),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("seed_file", tests, start, NULL);
}
