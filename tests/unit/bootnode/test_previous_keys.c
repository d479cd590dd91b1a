/* Which key files are previous ones, and how a key becomes one. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "bootnode/config.h"
#include "bootnode/key_command.h"
#include "bootnode/keyring.h"
#include "bootnode/previous_keys.h"
#include "tests/support/folder.h"

#define DAY 1764460800 /* 2025-11-30 */
#define SEED_A "00000000000000000000000000000000000000000000000000000000000000aa\n"
#define SEED_B "00000000000000000000000000000000000000000000000000000000000000bb\n"

static struct bootnode_config config;

static const char *name_in(const char *folder, const char *name) {
    static char path[FOLDER_PATH_SIZE];
    return folder_file(folder, name, path);
}

static void make_key(const char *folder) {
    ini_table_defaults(&bootnode_config_table, &config);
    snprintf(config.key_file, sizeof config.key_file, "%s", name_in(folder, "key"));
    folder_write(config.key_file, SEED_A, 0600);
}

static void dated_files_count_the_newest_first(void **state) {
    static const char *const names[] = {"key.2026-01-02",   "key.2026-01-02-2", "key.2025-12-31", "key.2024-01-01",
                                        "key.2023-01-01",   "key.2022-01-01",   "key.2026-1-2",   "key.2026-01-02-10",
                                        "key.2026-01-02.x", "other.2026-01-02", "key.pub",        "key.2026-01-02-"};
    struct previous_keys found;
    make_key(*state);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) folder_write(name_in(*state, names[i]), SEED_B, 0600);
    previous_keys_find("auto", config.key_file, &found);
    assert_int_equal(found.count, PREVIOUS_KEYS_MAX);
    assert_int_equal(found.left_out, 2);
    assert_string_equal(found.files[0], name_in(*state, "key.2026-01-02-2"));
    assert_string_equal(found.files[1], name_in(*state, "key.2026-01-02"));
    assert_string_equal(found.files[2], name_in(*state, "key.2025-12-31"));
    assert_string_equal(found.files[3], name_in(*state, "key.2024-01-01"));
    previous_keys_find("none", config.key_file, &found);
    assert_int_equal(found.count, 0);
    previous_keys_find("a, /b/c", config.key_file, &found);
    assert_int_equal(found.count, 2);
    assert_string_equal(found.files[0], name_in(*state, "a"));
    assert_string_equal(found.files[1], "/b/c");
    previous_keys_find("auto", "/nowhere/key", &found);
    assert_int_equal(found.count, 0);
}

static void settings_are_judged(void **state) {
    (void)state;
    assert_true(previous_keys_valid("auto") && previous_keys_valid("none") && previous_keys_valid("a,b c ,d"));
    assert_false(previous_keys_valid("") || previous_keys_valid(" , ") || previous_keys_valid("a,b,c,d,e"));
}

static void a_day_has_nine(void **state) {
    struct previous_keys found;
    struct node_key first, last;
    struct why why;
    const struct seed_policy policy = seed_policy_service();
    make_key(*state);
    assert_true(node_key_load(config.key_file, &policy, &first, &why));
    for (unsigned i = 0; i < PREVIOUS_KEYS_DAY_MAX; i++) assert_int_equal(key_command_rotate(&config, DAY), 0);
    assert_true(node_key_load(config.key_file, &policy, &last, &why));
    assert_int_equal(key_command_rotate(&config, DAY), 1);
    struct node_key same;
    assert_true(node_key_load(config.key_file, &policy, &same, &why));
    assert_memory_equal(same.public, last.public, 32);
    assert_int_equal(key_command_rotate(&config, DAY + 86400), 0);
    previous_keys_find("auto", config.key_file, &found);
    assert_string_equal(found.files[0], name_in(*state, "key.2025-12-01"));
    assert_string_equal(found.files[1], name_in(*state, "key.2025-11-30-9"));
    assert_true(node_key_load(name_in(*state, "key.2025-11-30"), &policy, &same, &why));
    assert_memory_equal(same.public, first.public, 32);
}

/* One that was ended between its two steps left the key under both names: that is one key, and no name is lost. */
static void a_rotation_that_was_ended_is_taken_up(void **state) {
    struct keyring ring;
    struct why why;
    char kept[FOLDER_PATH_SIZE];
    make_key(*state);
    assert_int_equal(link(config.key_file, folder_file(*state, "key.2025-11-30", kept)), 0);
    assert_true(keyring_open(&config, &ring, &why));
    assert_int_equal(ring.previous_count, 0);
    struct node_key old = ring.present;
    assert_int_equal(key_command_rotate(&config, DAY), 0);
    assert_int_equal(access(name_in(*state, "key.2025-11-30-2"), F_OK), -1);
    assert_true(keyring_open(&config, &ring, &why));
    assert_int_equal(ring.previous_count, 1);
    assert_memory_equal(ring.previous[0].public, old.public, 32);
    assert_memory_not_equal(ring.present.public, old.public, 32);
}

static void two_at_once_are_one(void **state) {
    struct stat status;
    make_key(*state);
    int other = seed_file_open(config.key_file, &(struct seed_policy){.owner = geteuid()}, &(struct seed_trouble){0});
    assert_true(other >= 0 && flock(other, LOCK_EX) == 0);
    assert_int_equal(key_command_rotate(&config, DAY), 1);
    assert_int_equal(access(name_in(*state, "key.2025-11-30"), F_OK), -1);
    close(other);
    assert_int_equal(stat(config.key_file, &status), 0);
    assert_int_equal(status.st_nlink, 1);
}

/* Root does it for the service's user, whose the files stay. */
static void the_owner_stays(void **state) {
    struct stat status;
    if (geteuid() != 0) return;
    make_key(*state);
    assert_int_equal(chmod(config.key_file, 0640), 0);
    assert_int_equal(chown(config.key_file, 7, 8), 0);
    assert_int_equal(key_command_rotate(&config, DAY), 0);
    assert_int_equal(stat(config.key_file, &status), 0);
    assert_true(status.st_uid == 7 && status.st_gid == 8 && (status.st_mode & 07777) == 0640);
    assert_int_equal(stat(name_in(*state, "key.2025-11-30"), &status), 0);
    assert_true(status.st_uid == 7 && status.st_nlink == 1);
    assert_int_equal(key_command_print(&config), 0);
}

/* A previous key that cannot be read stops the start: else its clients would be refused in silence. */
static void a_previous_key_must_be_readable(void **state) {
    struct keyring ring;
    struct why why;
    make_key(*state);
    folder_write(name_in(*state, "key.2025-11-30"), SEED_B, 0644);
    assert_false(keyring_open(&config, &ring, &why));
    assert_non_null(strstr(why.text, "key.2025-11-30: mode 0644 lets others in"));
    snprintf(config.previous_keys, sizeof config.previous_keys, "gone");
    assert_false(keyring_open(&config, &ring, &why));
    assert_non_null(strstr(why.text, "/gone: No such file"));
    snprintf(config.previous_keys, sizeof config.previous_keys, "none");
    assert_true(keyring_open(&config, &ring, &why));
}

static int start(void **state) {
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

int main(void) {
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(dated_files_count_the_newest_first),
        cmocka_unit_test(settings_are_judged),
        IN_FOLDER(a_day_has_nine),
        IN_FOLDER(a_rotation_that_was_ended_is_taken_up),
        IN_FOLDER(two_at_once_are_one),
        IN_FOLDER(the_owner_stays),
        IN_FOLDER(a_previous_key_must_be_readable),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("previous_keys", tests, start, NULL);
}
