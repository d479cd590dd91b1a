#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bootnode/node_key.h"
#include "tests/support/child.h"

static char folder[] = "/tmp/gochat-key-XXXXXX";
static char file[PATH_MAX];
static struct why why;
static struct node_key_story story;

static bool open_key(const char *name, struct node_key *key, struct why *reason) {
    return node_key_open(name, key, &story, reason);
}

static int make_folder(void **state) {
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
    char command[PATH_MAX];
    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command); // NOLINT(cert-env33-c)
}

static const char *path(const char *name) {
    snprintf(file, sizeof file, "%s/%s", folder, name);
    return file;
}

static void write_file(const char *name, const char *text, mode_t mode) {
    FILE *stream = fopen(path(name), "w");
    assert_non_null(stream);
    assert_true(fputs(text, stream) >= 0);
    assert_int_equal(fclose(stream), 0);
    assert_int_equal(chmod(file, mode), 0);
}

static bool refused(const char *word) {
    struct node_key key;
    bool opened = open_key(file, &key, &why);
    return !opened && strstr(why.text, file) && strstr(why.text, word) && !strchr(why.text, '\n');
}

#define HEX "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"

static void test_made_once(void **state) {
    struct node_key first, second;
    struct stat status;
    char text[100] = "", hex[65];
    (void)state;
    assert_true(open_key(path("new/folders/bootnode.key"), &first, &why));
    assert_true(open_key(file, &second, &why));
    assert_memory_equal(&first, &second, sizeof first);
    assert_int_equal(stat(file, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(status.st_size, 65);
    assert_int_equal(status.st_nlink, 1);
    assert_int_equal(stat(path("new"), &status), 0);
    assert_int_equal(status.st_mode & 07777, 0700);
    FILE *stream = fopen(path("new/folders/bootnode.key"), "r");
    assert_non_null(stream);
    assert_int_equal(fread(text, 1, sizeof text, stream), 65);
    fclose(stream);
    sodium_bin2hex(hex, sizeof hex, first.seed, sizeof first.seed);
    text[64] = '\0';
    assert_string_equal(text, hex);
}

static void test_nothing_is_left_beside_it(void **state) {
    struct node_key key;
    size_t entries = 0;
    (void)state;
    assert_true(open_key(path("alone/bootnode.key"), &key, &why));
    DIR *directory = opendir(path("alone"));
    assert_non_null(directory);
    while (readdir(directory)) entries++;
    closedir(directory);
    assert_int_equal(entries, 4); /* and its public half */
}

static void test_keys_differ(void **state) {
    struct node_key one, other;
    (void)state;
    assert_true(open_key(path("one"), &one, &why));
    assert_true(open_key(path("other"), &other, &why));
    assert_memory_not_equal(one.seed, other.seed, sizeof one.seed);
}

static void test_derivation(void **state) {
    struct node_key key;
    uint8_t seed[32], expected[32];
    (void)state;
    assert_int_equal(sodium_hex2bin(seed, sizeof seed, HEX, 64, NULL, NULL, NULL), 0);
    write_file("known", HEX "\n", 0600);
    assert_true(open_key(file, &key, &why));
    assert_memory_equal(key.seed, seed, sizeof seed);
    crypto_kdf_derive_from_key(expected, 16, 1, "gcnode01", seed);
    assert_memory_equal(key.reset_key, expected, 16);
    assert_memory_not_equal(key.secret, seed, sizeof seed);
    crypto_scalarmult_base(expected, key.secret);
    assert_memory_equal(key.public, expected, sizeof expected);
}

static void test_malformed(void **state) {
    static const char *const texts[] = {
        "",        "short",      HEX,       HEX "\n\n",
        HEX " \n", "g" HEX "\n", HEX "0\n", "0x112233445566778899aabbccddeeff00112233445566778899aabbccddeeff00\n"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        write_file("malformed", texts[i], 0600);
        assert_true(refused("expected 64 hex digits"));
    }
}

static void test_open_to_others(void **state) {
    static const mode_t modes[] = {0644, 0604, 0660, 0602, 0601, 0610};
    (void)state;
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        write_file("open", HEX "\n", modes[i]);
        assert_true(refused("expected 0600"));
    }
}

static void test_owned_by_another(void **state) {
    (void)state;
    if (geteuid() != 0) skip();
    write_file("foreign", HEX "\n", 0600);
    assert_int_equal(chown(file, 1, 1), 0);
    assert_true(refused("belongs to user 1, expected 0"));
}

static void test_not_a_file(void **state) {
    (void)state;
    assert_int_equal(mkdir(path("directory"), 0700), 0);
    assert_true(refused("regular file"));
    assert_int_equal(symlink("nothing", path("nowhere")), 0);
    assert_true(refused("No such file"));
    assert_int_equal(mkfifo(path("pipe"), 0600), 0);
    assert_true(refused("regular file"));
}

static void test_a_link(void **state) {
    struct node_key key;
    (void)state;
    assert_int_equal(mkdir(path("given"), 0700), 0);
    write_file("given/target", HEX "\n", 0440);
    assert_int_equal(symlink("target", path("given/link")), 0);
    assert_true(open_key(file, &key, &why));
    assert_int_equal(chmod(path("given"), 0777), 0);
    path("given/link");
    assert_true(refused("can change /"));
}

/* What an operator has to know: that there is a new key, and which one is gone. */
static void test_a_key_that_was_lost(void **state) {
    struct node_key first, key;
    char text[100] = "", hex[66];
    struct stat status;
    (void)state;
    assert_true(open_key(path("told/bootnode.key"), &first, &why));
    assert_int_equal(story.news, NODE_KEY_MADE);
    assert_true(open_key(file, &key, &why));
    assert_int_equal(story.news, NODE_KEY_KNOWN);
    assert_int_equal(unlink(file), 0);
    assert_true(open_key(file, &key, &why));
    assert_int_equal(story.news, NODE_KEY_LOST);
    assert_memory_equal(story.before, first.public, 32);
    assert_true(open_key(file, &key, &why));
    assert_int_equal(story.news, NODE_KEY_KNOWN);

    FILE *stream = fopen(path("told/bootnode.key.pub"), "r");
    assert_non_null(stream);
    assert_int_equal(fstat(fileno(stream), &status), 0);
    assert_int_equal(status.st_mode & 07777, 0644);
    assert_int_equal(fread(text, 1, sizeof text, stream), 65);
    fclose(stream);
    sodium_bin2hex(hex, sizeof hex, key.public, sizeof key.public);
    assert_int_equal(strncmp(text, hex, 64), 0);

    sodium_bin2hex(hex, sizeof hex, first.seed, sizeof first.seed);
    strcat(hex, "\n"); // NOLINT
    write_file("told/bootnode.key", hex, 0600);
    assert_true(open_key(file, &first, &why));
    assert_int_equal(story.news, NODE_KEY_CHANGED);
    assert_memory_equal(story.before, key.public, 32);
}

/* A record that is none is no news, and is made anew. */
static void test_a_record_that_is_none(void **state) {
    static const char *const texts[] = {"", "\n", "zz", "zz" HEX "\n", HEX "\n\n"};
    struct node_key key;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        write_file("odd.pub", texts[i], 0644);
        assert_true(open_key(path("odd"), &key, &why));
        assert_int_equal(story.news, i == 0 ? NODE_KEY_MADE : NODE_KEY_KNOWN);
        assert_true(open_key(file, &key, &why));
        assert_int_equal(story.news, NODE_KEY_KNOWN);
    }
}

static void test_loading_makes_none(void **state) {
    const struct seed_policy policy = seed_policy_service();
    struct node_key key;
    (void)state;
    assert_false(node_key_load(path("never"), &policy, &key, &why));
    assert_non_null(strstr(why.text, "No such file"));
    assert_int_equal(access(file, F_OK), -1);
}

static void test_no_folder_to_make_it_in(void **state) {
    (void)state;
    write_file("file", "", 0600);
    path("file/bootnode.key");
    assert_true(refused("Not a directory"));
}

/* Many start at once: all end with one and the same key. */
static void test_racing_starts(void **state) {
    pid_t children[8];
    struct node_key key;
    (void)state;
    path("raced/bootnode.key");
    for (size_t i = 0; i < 8; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) child_end(open_key(file, &key, &why) ? key.seed[0] & 0x7f : 255);
    }
    int first = -1;
    for (size_t i = 0; i < 8; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status));
        if (first < 0) first = WEXITSTATUS(status);
        assert_int_equal(WEXITSTATUS(status), first);
    }
    assert_int_not_equal(first, 255);
    assert_true(open_key(file, &key, &why));
    assert_int_equal(key.seed[0] & 0x7f, first);
}

/* A former start with our process id, as every start in a container has it, ended in the middle. */
static void test_a_crash_leaves_nothing_in_the_way(void **state) {
    struct node_key key;
    char name[64];
    (void)state;
    snprintf(name, sizeof name, "crashed.%d.new", (int)getpid());
    write_file(name, "00", 0600);
    assert_true(open_key(path("crashed"), &key, &why));
}

static void test_default_file(void **state) {
    char out[PATH_MAX];
    (void)state;
    setenv("HOME", "/home/ada", 1);
    unsetenv("STATE_DIRECTORY");
    unsetenv("XDG_STATE_HOME");
    assert_true(node_key_default_file(out, sizeof out, &why));
    assert_string_equal(out, "/home/ada/.local/state/gochat/bootnode.key");
    setenv("XDG_STATE_HOME", "relative", 1);
    assert_true(node_key_default_file(out, sizeof out, &why));
    assert_string_equal(out, "/home/ada/.local/state/gochat/bootnode.key");
    setenv("XDG_STATE_HOME", "/state", 1);
    assert_true(node_key_default_file(out, sizeof out, &why));
    assert_string_equal(out, "/state/gochat/bootnode.key");
    setenv("STATE_DIRECTORY", "/var/lib/gochat:/var/lib/more", 1);
    assert_true(node_key_default_file(out, sizeof out, &why));
    assert_string_equal(out, "/var/lib/gochat/bootnode.key");
    /* A credential counts if it is there, and is never made. */
    setenv("CREDENTIALS_DIRECTORY", folder, 1);
    assert_true(node_key_default_file(out, sizeof out, &why));
    assert_string_equal(out, "/var/lib/gochat/bootnode.key");
    write_file("bootnode.key", HEX "\n", 0400);
    assert_true(node_key_default_file(out, sizeof out, &why));
    assert_string_equal(out, file);
    unsetenv("CREDENTIALS_DIRECTORY");
    assert_false(node_key_default_file(out, 10, &why));
    unsetenv("STATE_DIRECTORY");
    unsetenv("XDG_STATE_HOME");
    unsetenv("HOME");
    /* Then the password database is asked, in which a container's user need not stand. */
    if (node_key_default_file(out, sizeof out, &why))
        assert_non_null(strstr(out, "/.local/state/gochat/bootnode.key"));
    else
        assert_non_null(strstr(why.text, "key_file"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_made_once),
        cmocka_unit_test(test_nothing_is_left_beside_it),
        cmocka_unit_test(test_keys_differ),
        cmocka_unit_test(test_derivation),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_open_to_others),
        cmocka_unit_test(test_owned_by_another),
        cmocka_unit_test(test_not_a_file),
        cmocka_unit_test(test_a_link),
        cmocka_unit_test(test_a_key_that_was_lost),
        cmocka_unit_test(test_a_record_that_is_none),
        cmocka_unit_test(test_loading_makes_none),
        cmocka_unit_test(test_no_folder_to_make_it_in),
        cmocka_unit_test(test_racing_starts),
        cmocka_unit_test(test_a_crash_leaves_nothing_in_the_way),
        cmocka_unit_test(test_default_file),
    };
    if (sodium_init() < 0) return 1;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("node_key", tests, make_folder, remove_folder);
}
