#include <fcntl.h>
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

#include "client/keys/known_keys.h"
#include "client/keys/known_line.h"
#include "common/why.h"
#include "tests/support/child.h"
#include "tests/support/folder.h"

#define HEX_OF_ONES "0101010101010101010101010101010101010101010101010101010101010101"

static const uint8_t *key_of(uint8_t byte) {
    static uint8_t keys[256][32];

    memset(keys[byte], byte, sizeof keys[byte]);
    return keys[byte];
}

static void open_expected(const char *folder, struct known_keys *known) {
    struct why why = {0};
    if (!known_keys_open(known, folder, "known_peers", &why)) fail_msg("%s", why.text);
}

static void remember_expected(struct known_keys *known, const char *name, uint8_t byte) {
    struct why why = {0};
    if (!known_keys_remember(known, name, key_of(byte), &why)) fail_msg("%s", why.text);
}

static enum known_result check(struct known_keys *known, const char *name, uint8_t byte, unsigned *line) {
    return known_keys_check(known, name, key_of(byte), line);
}

static void new_then_same_then_changed(void **state) {
    struct known_keys known = {.told = false};
    unsigned line;
    open_expected(*state, &known);
    assert_int_equal(check(&known, "host:1", 1, &line), KNOWN_NEW);
    remember_expected(&known, "other:1", 9);
    remember_expected(&known, "host:1", 1);
    assert_int_equal(check(&known, "host:1", 1, &line), KNOWN_SAME);
    assert_int_equal(check(&known, "host:1", 2, &line), KNOWN_CHANGED);
    assert_int_equal(line, 2);
    assert_int_equal(check(&known, "host:", 1, &line), KNOWN_NEW);
    assert_int_equal(check(&known, "host:11", 1, &line), KNOWN_NEW);
    known_keys_close(&known);
}

static void the_file_is_private_and_plain(void **state) {
    struct known_keys known = {.told = false};
    char file[FOLDER_PATH_SIZE], text[200];
    struct stat status;
    umask(0);
    open_expected(*state, &known);
    remember_expected(&known, "host:1", 1);
    remember_expected(&known, "host:1", 1);
    folder_read(folder_file(*state, "known_peers", file), text, sizeof text);
    assert_string_equal(text, "host:1 " HEX_OF_ONES "\n");
    assert_int_equal(stat(file, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    known_keys_close(&known);
}

static void malformed_lines_are_skipped(void **state) {
    struct known_keys known = {.told = false};
    char file[FOLDER_PATH_SIZE];
    unsigned line;
    open_expected(*state, &known);
    folder_write(folder_file(*state, "known_peers", file),
                 "\nhost:1\nhost:1 12\nhost:1 " HEX_OF_ONES "00\nhost:1  " HEX_OF_ONES "\n# " HEX_OF_ONES
                 "\nhost:1 zz01010101010101010101010101010101010101010101010101010101010101\nhost:1 " HEX_OF_ONES "\n",
                 0600);
    assert_int_equal(check(&known, "host:1", 1, &line), KNOWN_SAME);
    assert_int_equal(check(&known, "host:1", 2, &line), KNOWN_CHANGED);
    assert_int_equal(line, 8);
    known_keys_close(&known);
}

/* What a crash cut off neither counts nor spoils the next line. */
static void an_unfinished_last_line_is_left_alone(void **state) {
    struct known_keys known = {.told = false};
    char file[FOLDER_PATH_SIZE], text[300];
    unsigned line;
    open_expected(*state, &known);
    folder_write(folder_file(*state, "known_peers", file), "a " HEX_OF_ONES, 0600);
    assert_int_equal(check(&known, "a", 1, &line), KNOWN_NEW);
    remember_expected(&known, "b", 1);
    folder_read(file, text, sizeof text);
    assert_string_equal(text, "a " HEX_OF_ONES "\nb " HEX_OF_ONES "\n");
    known_keys_close(&known);
}

static void a_changed_key_is_not_added(void **state) {
    struct known_keys known = {.told = false};
    struct why why = {0};
    open_expected(*state, &known);
    remember_expected(&known, "a", 1);
    assert_false(known_keys_remember(&known, "a", key_of(2), &why));
    assert_non_null(strstr(why.text, "known_peers:1"));
    known_keys_close(&known);
}

static void names_fit_on_a_line(void **state) {
    struct known_keys known = {.told = false};
    char longest[514];
    struct why why = {0};
    open_expected(*state, &known);
    memset(longest, 'x', sizeof longest);
    longest[513] = '\0';
    assert_false(known_keys_remember(&known, "", key_of(1), &why));
    assert_false(known_keys_remember(&known, "a b", key_of(1), &why));
    assert_false(known_keys_remember(&known, "a\nb", key_of(1), &why));
    assert_false(known_keys_remember(&known, longest, key_of(1), &why));
    remember_expected(&known, longest + 1, 1);
    known_keys_close(&known);
}

/* Not knowing must not look like a first meeting. */
static void an_unreadable_file_trusts_nobody(void **state) {
    struct known_keys known = {.told = false};
    char file[FOLDER_PATH_SIZE];
    struct why why = {0};
    unsigned line = 7;
    open_expected(*state, &known);
    folder_file(*state, "known_peers", file);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(mkdir(file, 0700), 0);
    assert_int_equal(check(&known, "a", 1, &line), KNOWN_CHANGED);
    assert_int_equal(line, 0);
    assert_false(known_keys_remember(&known, "a", key_of(1), &why));
    known_keys_close(&known);
    assert_false(known_keys_open(&known, *state, "known_peers", &why));
    assert_non_null(strstr(why.text, "known_peers: "));
    known_keys_close(&known);
}

/* Each is told once, when it is opened; from then on keys are known until the end, and no longer. */
static void what_cannot_be_written_is_known_until_the_end(void **state) {
    char device[FOLDER_PATH_SIZE], fifo[FOLDER_PATH_SIZE], folder[FOLDER_PATH_SIZE];
    struct why why;
    const struct {
        const char *directory, *name, *reason;
    } cases[] = {{*state, "device", "regular file"},
                 {*state, "fifo", "regular file"},
                 {*state, "folder", "regular file"},
                 {"/proc/no/such/place", "known_peers", "No such file"},
                 {"/dev/null", "known_peers", "Not a directory"}};
    assert_int_equal(symlink("/dev/null", folder_file(*state, "device", device)), 0);
    assert_int_equal(mkfifo(folder_file(*state, "fifo", fifo), 0600), 0);
    assert_int_equal(mkdir(folder_file(*state, "folder", folder), 0700), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct known_keys known;
        unsigned line;

        assert_false(known_keys_open(&known, cases[i].directory, cases[i].name, &why));
        if (!strstr(why.text, cases[i].reason) || strchr(why.text, '\n')) fail_msg("%s", why.text);
        assert_int_equal(check(&known, "host:1", 1, &line), KNOWN_NEW);
        remember_expected(&known, "other:1", 9);
        remember_expected(&known, "host:1", 1);
        remember_expected(&known, "host:1", 1);
        assert_int_equal(check(&known, "host:1", 1, &line), KNOWN_SAME);
        assert_int_equal(check(&known, "host:1", 2, &line), KNOWN_CHANGED);
        assert_int_equal(line, 0);
        assert_false(known_keys_remember(&known, "host:1", key_of(2), &why));
        known_keys_close(&known);
    }
}

/* Keys that nobody can read protect from nobody: that is another thing than that there are none. A link in a circle
 * cannot be opened by root either. */
static void what_is_there_unread_is_hidden(void **state) {
    char file[FOLDER_PATH_SIZE];
    struct why why = {0};
    struct known_keys known;
    assert_int_equal(symlink("circle", folder_file(*state, "circle", file)), 0);
    assert_false(known_keys_open(&known, *state, "circle", &why));
    assert_true(known.log.unread && known.log.hidden);
    known_keys_close(&known);
    assert_false(known_keys_open(&known, "/proc/no/such/place", "known_peers", &why));
    assert_true(known.log.unread && !known.log.hidden);
    known_keys_close(&known);
    assert_int_equal(symlink("/dev/null", folder_file(*state, "device", file)), 0);
    assert_false(known_keys_open(&known, *state, "device", &why));
    assert_true(known.log.unread && !known.log.hidden);
    known_keys_close(&known);
}

/* No line 0 that somebody would look for. */
static void a_changed_key_is_told_with_its_place(void **state) {
    struct known_keys known;
    char place[KNOWN_KEYS_PLACE_SIZE], expected[KNOWN_KEYS_PLACE_SIZE];
    struct why why;
    unsigned line;
    open_expected(*state, &known);
    remember_expected(&known, "a", 1);
    remember_expected(&known, "b", 1);
    assert_int_equal(check(&known, "b", 2, &line), KNOWN_CHANGED);
    known_keys_place(&known, line, place);
    snprintf(expected, sizeof expected, "%.400s:2", known.log.path);
    assert_string_equal(place, expected);
    assert_string_equal(known_keys_remedy(line), "remove that line");
    assert_int_equal(unlink(known.log.path), 0);
    assert_int_equal(mkdir(known.log.path, 0700), 0);
    assert_int_equal(check(&known, "b", 1, &line), KNOWN_CHANGED);
    known_keys_place(&known, line, place);
    snprintf(expected, sizeof expected, "%.400s, which cannot be read now", known.log.path);
    assert_string_equal(place, expected);
    known_keys_close(&known);
    assert_false(known_keys_open(&known, "/dev/null", "known_peers", &why));
    remember_expected(&known, "a", 1);
    assert_int_equal(check(&known, "a", 2, &line), KNOWN_CHANGED);
    known_keys_place(&known, line, place);
    assert_string_equal(place, "this run (/dev/null/known_peers keeps nothing)");
    assert_string_equal(known_keys_remedy(line), "start gochat again");
    known_keys_close(&known);
}

/* What was known before counts on, and a full disk is told once. */
static void a_full_disk_is_told_once(void **state) {
    struct known_keys known;
    int status;
    open_expected(*state, &known);
    remember_expected(&known, "old:1", 1);
    if (fork() == 0) {
        const struct rlimit nothing = {0, 0};
        struct why why = {0};
        unsigned line;

        signal(SIGXFSZ, SIG_IGN);
        if (setrlimit(RLIMIT_FSIZE, &nothing) != 0) child_end(1);
        if (known_keys_remember(&known, "new:1", key_of(1), &why)) child_end(2);
        if (!strstr(why.text, "known_peers: File too large: new keys are forgotten at the end")) child_end(3);
        if (!known_keys_remember(&known, "new:2", key_of(2), &why)) child_end(4);
        if (check(&known, "old:1", 2, &line) != KNOWN_CHANGED || line != 1) child_end(5);
        if (check(&known, "new:1", 1, &line) != KNOWN_SAME) child_end(6);
        if (check(&known, "new:2", 1, &line) != KNOWN_CHANGED) child_end(7);
        known_keys_close(&known);
        child_end(0);
    }
    assert_true(wait(&status) > 0);
    assert_int_equal(status, 0);
    known_keys_close(&known);
}

/* --- Several clients --- */

/* What is in it is read once: a change that does not show, in its size or its time, is not seen. */
static void a_look_up_does_not_read_the_file(void **state) {
    struct known_keys known = {.told = false};
    char file[FOLDER_PATH_SIZE];
    struct stat status;
    unsigned line;
    open_expected(*state, &known);
    remember_expected(&known, "a", 1);
    assert_int_equal(check(&known, "a", 1, &line), KNOWN_SAME);
    assert_int_equal(stat(folder_file(*state, "known_peers", file), &status), 0);
    const struct timespec times[2] = {status.st_atim, status.st_mtim};
    int edited = open(file, O_WRONLY);
    assert_int_equal(pwrite(edited, "b", 1, 0), 1);
    close(edited);
    assert_int_equal(utimensat(AT_FDCWD, file, times, 0), 0);
    assert_int_equal(check(&known, "a", 1, &line), KNOWN_SAME);
    assert_int_equal(check(&known, "b", 1, &line), KNOWN_NEW);
    folder_write(file, "c " HEX_OF_ONES "\n", 0600);
    assert_int_equal(check(&known, "a", 1, &line), KNOWN_NEW);
    assert_int_equal(check(&known, "c", 1, &line), KNOWN_SAME);
    known_keys_close(&known);
}

/* Each of two clients knows what the other adds, also when that one wrote the file anew meanwhile. */
static void what_another_client_adds_is_known(void **state) {
    struct known_keys one = {.told = false}, other = {.told = false};
    struct why why;
    char name[64];
    unsigned line;
    open_expected(*state, &one);
    open_expected(*state, &other);
    for (unsigned i = 0; i < 100; i++) {
        struct known_keys *adds = i % 2 ? &one : &other, *hears = i % 2 ? &other : &one;
        snprintf(name, sizeof name, "host-%u:1", i);
        remember_expected(adds, name, 1);
        if (i % 7 == 0) assert_true(known_keys_succeed(adds, name, key_of(1), key_of(2), &why));
        assert_int_equal(check(hears, name, i % 7 == 0 ? 2 : 1, &line), KNOWN_SAME);
    }
    known_keys_close(&one);
    known_keys_close(&other);
}

/* The day on which it was met first; the marks of people who write into the file are theirs. */
static void a_line_says_the_day(void **state) {
    struct known_keys known = {.told = false};
    char file[FOLDER_PATH_SIZE], text[400];
    struct why why;
    folder_write(folder_file(*state, "known_peers", file), "b " HEX_OF_ONES "\nc " HEX_OF_ONES " keep\n", 0600);
    open_expected(*state, &known);
    known.today = 20786;
    remember_expected(&known, "a", 1);
    known.today = 20787;
    remember_expected(&known, "a", 1);
    remember_expected(&known, "b", 1);
    folder_read(file, text, sizeof text);
    assert_string_equal(text, "b " HEX_OF_ONES "\nc " HEX_OF_ONES " keep\na " HEX_OF_ONES " 0001 2026-11-29\n");
    assert_true(known_keys_succeed(&known, "c", key_of(1), key_of(0x11), &why));
    folder_read(file, text, sizeof text);
    assert_non_null(strstr(text, "11 keep\nc " HEX_OF_ONES " replaced\na "));
    known_keys_close(&known);
}

static void what_is_malformed_is_told_with_its_line(void **state) {
    struct known_keys known;
    struct why why = {0};
    char file[FOLDER_PATH_SIZE], expected[600];
    folder_write(folder_file(*state, "known_peers", file), "# mine\n\na " HEX_OF_ONES "\nwhat is this\nb\n", 0600);
    assert_false(known_keys_open(&known, *state, "known_peers", &why));
    snprintf(expected, sizeof expected, "%s:4: expected a name and a key: the line is skipped", file);
    assert_string_equal(why.text, expected);
    assert_int_equal(known.malformed, 4);
    known_keys_close(&known);
}

static void without_a_file_nothing_is_remembered(void **state) {
    struct known_keys known = {.told = false};
    unsigned line;
    (void)state;
    remember_expected(&known, "a", 1);
    assert_int_equal(check(&known, "a", 1, &line), KNOWN_NEW);
    known_keys_close(&known);
}

static void many_at_once_lose_nothing(void **state) {
    struct known_keys known = {.told = false};
    char name[32];
    unsigned line;
    int status;
    open_expected(*state, &known);
    for (int child = 0; child < 4; child++) {
        if (fork() != 0) continue;
        for (int i = 0; i < 50; i++) {
            struct why why;

            snprintf(name, sizeof name, "peer-%d-%d", child, i);
            if (!known_keys_remember(&known, name, key_of((uint8_t)i), &why)) child_end(1);
            if (!known_keys_remember(&known, "common", key_of(1), &why)) child_end(2);
        }
        child_end(0);
    }
    for (int child = 0; child < 4; child++) {
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof name, "peer-%d-%d", i / 50, i % 50);
        assert_int_equal(check(&known, name, (uint8_t)(i % 50), &line), KNOWN_SAME);
    }
    assert_int_equal(check(&known, "nobody", 0, &line), KNOWN_NEW);
    known_keys_close(&known);
}

static void the_disk_is_asked_once_for_many(void **state) {
    struct known_keys known;
    struct why why = {0};
    open_expected(*state, &known);
    assert_false(known.unsynced);
    remember_expected(&known, "a", 1);
    remember_expected(&known, "b", 2);
    assert_true(known.unsynced);
    assert_true(known_keys_sync(&known, &why));
    assert_false(known.unsynced);
    for (int i = 0; i < 2; i++) { /* told once */
        remember_expected(&known, i ? "d" : "c", 3);
        assert_int_equal(unlink(known.log.path), 0);
        assert_int_equal(known_keys_sync(&known, &why), i > 0);
        assert_non_null(strstr(why.text, "new keys may be forgotten"));
    }
    known_keys_close(&known);
}

/* --- A key that takes another's place --- */

static void succeed_expected(struct known_keys *known, const char *name, uint8_t old, uint8_t new) {
    struct why why = {"x"};
    if (!known_keys_succeed(known, name, key_of(old), key_of(new), &why)) fail_msg("%s", why.text);
    assert_string_equal(why.text, "");
}

static void a_key_takes_anothers_place(void **state) {
    struct known_keys known = {.told = false}, other = {.told = false};
    char file[FOLDER_PATH_SIZE], text[2000];
    uint8_t key[32];
    unsigned line;
    open_expected(*state, &known);
    open_expected(*state, &other);
    known.today = other.today = 20000;
    remember_expected(&known, "first:1", 7);
    remember_expected(&known, "host:1", 1);
    remember_expected(&known, "last:1", 8);
    assert_int_equal(check(&other, "host:1", 1, &line), KNOWN_SAME);
    succeed_expected(&known, "host:1", 1, 2);
    for (struct known_keys *one = &known; one; one = one == &known ? &other : NULL) {
        assert_int_equal(check(one, "host:1", 2, &line), KNOWN_SAME);
        assert_int_equal(check(one, "host:1", 1, &line), KNOWN_CHANGED);
        assert_int_equal(line, 2);
        assert_true(known_keys_find(one, "host:1", key));
        assert_memory_equal(key, key_of(2), 32);
        assert_true(known_keys_was_replaced(one, "host:1", key_of(1)));
        assert_false(known_keys_was_replaced(one, "host:1", key_of(2)));
        assert_false(known_keys_was_replaced(one, "last:1", key_of(1)));
    }
    assert_false(known_keys_find(&known, "nobody:1", key));
    succeed_expected(&other, "host:1", 1, 2); /* once more changes nothing */
    folder_read(folder_file(*state, "known_peers", file), text, sizeof text);
    assert_int_equal(strncmp(strstr(text, "host:1 "), "host:1 0202", 11), 0);
    assert_non_null(strstr(text, "\nhost:1 " HEX_OF_ONES " replaced\n"));
    assert_non_null(strstr(text, "\nlast:1 0808"));
    struct why why;
    assert_false(known_keys_succeed(&known, "host:1", key_of(1), key_of(3), &why)); /* another one is remembered */
    assert_non_null(strstr(why.text, "another key is remembered for host:1"));
    known_keys_close(&known);
    known_keys_close(&other);
}

/* Whatever else is in the file is somebody's, and so is its mode. */
static void the_rest_of_the_file_stays(void **state) {
    struct known_keys known;
    struct why why;
    char file[FOLDER_PATH_SIZE], text[4000], long_line[KNOWN_NAME_MAX + 700];
    struct stat status;
    memset(long_line, 'l', sizeof long_line - 1);
    long_line[sizeof long_line - 1] = '\0';
    FILE *out = fopen(folder_file(*state, "known_peers", file), "w");
    assert_non_null(out);
    fprintf(out, "# mine\nhost:1 " HEX_OF_ONES " not a date\n\nhost:1 " HEX_OF_ONES "\n%s\ncut off", long_line);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(chmod(file, 0640), 0);
    assert_false(known_keys_open(&known, *state, "known_peers", &why));
    assert_int_equal(known.malformed, 2);
    succeed_expected(&known, "host:1", 1, 0x11);
    folder_read(file, text, sizeof text);
    assert_memory_equal(text, "# mine\nhost:1 " HEX_OF_ONES " not a date\n\nhost:1 1111", 95);
    assert_non_null(strstr(text, " replaced\nlll"));
    assert_int_equal(stat(file, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0640);
    assert_string_equal(strrchr(text, 'l'), "l\ncut off\n");
    known_keys_close(&known);
}

/* Whoever names ever new keys fills no file. */
static void few_replaced_keys_are_kept(void **state) {
    struct known_keys known = {.told = false};
    unsigned kept = 0;
    open_expected(*state, &known);
    remember_expected(&known, "host:1", 1);
    remember_expected(&known, "other:1", 1);
    succeed_expected(&known, "other:1", 1, 2);
    for (uint8_t key = 1; key < 50; key++) succeed_expected(&known, "host:1", key, (uint8_t)(key + 1));
    for (uint8_t key = 1; key <= 50; key++) kept += known_keys_was_replaced(&known, "host:1", key_of(key));
    assert_int_equal(kept, 8);
    assert_true(known_keys_was_replaced(&known, "host:1", key_of(49)));
    assert_true(known_keys_was_replaced(&known, "other:1", key_of(1)));
    known_keys_close(&known);
}

/* A file that cannot be written: the new key counts until the end, and that is said. */
static void a_place_that_cannot_be_taken_for_good(void **state) {
    struct known_keys known = {.told = false};
    char file[FOLDER_PATH_SIZE];
    unsigned line;
    struct why why;
    uint8_t key[32];
    open_expected(*state, &known);
    remember_expected(&known, "host:1", 1);
    assert_int_equal(mkdir(folder_file(*state, "known_peers.new", file), 0700),
                     0); /* where the new file would be made */
    assert_true(known_keys_succeed(&known, "host:1", key_of(1), key_of(2), &why));
    assert_non_null(strstr(why.text, "cannot be written"));
    assert_int_equal(check(&known, "host:1", 2, &line), KNOWN_SAME);
    assert_int_equal(check(&known, "host:1", 1, &line), KNOWN_CHANGED);
    assert_true(known_keys_succeed(&known, "host:1", key_of(2), key_of(3), &why));
    assert_true(known_keys_find(&known, "host:1", key));
    assert_memory_equal(key, key_of(3), 32);
    known_keys_close(&known);
    open_expected(*state, &known);
    assert_int_equal(check(&known, "host:1", 1, &line), KNOWN_SAME);
    known_keys_close(&known);
}

int main(void) {
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_key_takes_anothers_place),
        IN_FOLDER(the_rest_of_the_file_stays),
        IN_FOLDER(few_replaced_keys_are_kept),
        IN_FOLDER(a_place_that_cannot_be_taken_for_good),
        IN_FOLDER(new_then_same_then_changed),
        IN_FOLDER(the_file_is_private_and_plain),
        IN_FOLDER(malformed_lines_are_skipped),
        IN_FOLDER(an_unfinished_last_line_is_left_alone),
        IN_FOLDER(a_changed_key_is_not_added),
        IN_FOLDER(names_fit_on_a_line),
        IN_FOLDER(what_is_there_unread_is_hidden),
        IN_FOLDER(a_changed_key_is_told_with_its_place),
        IN_FOLDER(an_unreadable_file_trusts_nobody),
        cmocka_unit_test(without_a_file_nothing_is_remembered),
        IN_FOLDER(many_at_once_lose_nothing),
        IN_FOLDER(what_cannot_be_written_is_known_until_the_end),
        IN_FOLDER(a_full_disk_is_told_once),
        IN_FOLDER(the_disk_is_asked_once_for_many),
        IN_FOLDER(a_look_up_does_not_read_the_file),
        IN_FOLDER(what_another_client_adds_is_known),
        IN_FOLDER(a_line_says_the_day),
        IN_FOLDER(what_is_malformed_is_told_with_its_line),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("known_keys", tests, NULL, NULL);
}
