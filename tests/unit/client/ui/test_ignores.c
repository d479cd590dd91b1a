#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/ui/ignores.h"
#include "tests/support/folder.h"

#define EVE "e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0"
#define MAL "0123456789abcdef0123456789abcdef"
#define TEXT_SIZE 4096
#define LINES 1500 /* more than are kept */

static void open_expected(struct ignores *ignores, const char *folder) {
    struct why why = {""};
    if (!ignores_open(ignores, folder, &why)) fail_msg("%s", why.text);
}

static bool toggle(struct ignores *ignores, const char *fingerprint, const char *nick) {
    struct why why = {""};
    bool ignored;
    if (!ignores_toggle(ignores, fingerprint, nick, &ignored, &why)) fail_msg("%s", why.text);
    return ignored;
}

static void expect_refused(struct ignores *ignores, const char *fingerprint, const char *reason) {
    struct why why = {""};
    bool ignored;
    size_t count = ignores->count;
    bool before = ignores_has(ignores, fingerprint);
    assert_false(ignores_toggle(ignores, fingerprint, "eve", &ignored, &why));
    assert_non_null(strstr(why.text, reason));
    assert_int_equal(ignores->count, count);
    assert_true(ignores_has(ignores, fingerprint) == before);
}

static void number(char out[static FINGERPRINT_TEXT_SIZE], unsigned value) {
    snprintf(out, FINGERPRINT_TEXT_SIZE, "%032x", value);
}

static void twice_is_not_at_all(void **state) {
    struct ignores ignores;
    open_expected(&ignores, *state);
    assert_false(ignores_has(&ignores, EVE));
    assert_true(toggle(&ignores, EVE, "eve"));
    assert_true(toggle(&ignores, MAL, "mal"));
    assert_true(ignores_has(&ignores, EVE) && ignores_has(&ignores, MAL));
    assert_false(toggle(&ignores, EVE, "eve"));
    assert_false(ignores_has(&ignores, EVE));
    assert_true(ignores_has(&ignores, MAL));
    assert_int_equal(ignores.count, 1);
    assert_string_equal(ignores.items[0].nick, "mal");
    ignores_close(&ignores);
}

static void the_next_start_remembers(void **state) {
    struct ignores ignores;
    char path[FOLDER_PATH_SIZE], text[TEXT_SIZE];
    struct stat status;
    open_expected(&ignores, *state);
    toggle(&ignores, EVE, "eve of old");
    toggle(&ignores, MAL, "");
    ignores_close(&ignores);
    assert_int_equal(stat(folder_file(*state, "ignored", path), &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    folder_read(path, text, sizeof text);
    assert_string_equal(text, EVE " eve of old\n" MAL " \n");
    open_expected(&ignores, *state);
    assert_int_equal(ignores.count, 2);
    assert_string_equal(ignores.items[0].fingerprint, EVE);
    assert_string_equal(ignores.items[0].nick, "eve of old");
    assert_false(toggle(&ignores, EVE, "another nick"));
    ignores_close(&ignores);
    open_expected(&ignores, *state);
    assert_false(ignores_has(&ignores, EVE));
    assert_true(ignores_has(&ignores, MAL));
    ignores_close(&ignores);
}

static void without_a_folder_nothing_is_written(void **state) {
    struct ignores ignores;
    (void)state;
    open_expected(&ignores, NULL);
    assert_true(toggle(&ignores, EVE, "eve"));
    assert_true(ignores_has(&ignores, EVE));
    assert_string_equal(ignores.file, "");
    ignores_close(&ignores);
    assert_false(ignores_has(&ignores, EVE));
    open_expected(&ignores, NULL);
    assert_int_equal(ignores.count, 0);
    ignores_close(&ignores);
}

static void malformed_lines_are_skipped(void **state) {
    struct ignores ignores;
    char path[FOLDER_PATH_SIZE];
    folder_write(folder_file(*state, "ignored", path),
                 "\n"
                 " " MAL " a space before\n"
                 "0123456789abcdef0123456789abcde short\n"
                 "0123456789abcdef0123456789abcdef0 long\n"
                 "0123456789ABCDEF0123456789ABCDEF large\n"
                 "0123456789abcdef0123456789abcdeg no digit\n"
                 "# " MAL "\n" MAL "\ttab\n" EVE " eve\n" EVE " eve again\n"
                 "ffffffffffffffffffffffffffffffff",
                 0600);
    open_expected(&ignores, *state);
    assert_int_equal(ignores.count, 2);
    assert_string_equal(ignores.items[0].fingerprint, EVE);
    assert_string_equal(ignores.items[0].nick, "eve");
    assert_string_equal(ignores.items[1].fingerprint, "ffffffffffffffffffffffffffffffff");
    assert_string_equal(ignores.items[1].nick, "");
    assert_false(ignores_has(&ignores, MAL));
    ignores_close(&ignores);
}

static void a_nick_in_the_file_is_no_more_than_a_nick(void **state) {
    struct ignores ignores;
    char path[FOLDER_PATH_SIZE];
    folder_write(folder_file(*state, "ignored", path),
                 EVE " \x1b[2Jeve\n" MAL " a nick that is much longer than any nick may be, by far\n", 0600);
    open_expected(&ignores, *state);
    assert_int_equal(ignores.count, 2);
    assert_null(strchr(ignores.items[0].nick, '\x1b'));
    assert_in_range(strlen(ignores.items[1].nick), 1, TEXT_NICK_MAX);
    ignores_close(&ignores);
}

/* Whom I ignore does not choose whom else I ignore. */
static void a_nick_makes_no_other_line(void **state) {
    struct ignores ignores;
    open_expected(&ignores, *state);
    toggle(&ignores, EVE, "x\n" MAL " y");
    ignores_close(&ignores);
    open_expected(&ignores, *state);
    assert_true(ignores_has(&ignores, EVE));
    assert_int_equal(ignores.count, 1);
    ignores_close(&ignores);
}

static void no_fingerprint_is_refused(void **state) {
    static const char *const wrong[] = {"", "eve", "E0E0E0E0E0E0E0E0E0E0E0E0E0E0E0E0",
                                        "e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e00", "0123456789abcdef0123456789abcde\n"};
    struct ignores ignores;
    char path[FOLDER_PATH_SIZE];
    open_expected(&ignores, *state);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) expect_refused(&ignores, wrong[i], "is no fingerprint");
    assert_int_equal(access(folder_file(*state, "ignored", path), F_OK), -1);
    ignores_close(&ignores);
}

static void there_is_a_limit(void **state) {
    struct ignores ignores;
    char fingerprint[FINGERPRINT_TEXT_SIZE];
    (void)state;
    open_expected(&ignores, NULL);
    for (unsigned i = 0; i < IGNORES_MAX; i++) {
        number(fingerprint, i);
        assert_true(toggle(&ignores, fingerprint, "eve"));
    }
    expect_refused(&ignores, EVE, "1024");
    number(fingerprint, 7);
    assert_false(toggle(&ignores, fingerprint, "eve"));
    assert_true(toggle(&ignores, EVE, "eve"));
    for (unsigned i = 0; i < IGNORES_MAX; i++) {
        number(fingerprint, i);
        assert_true(ignores_has(&ignores, fingerprint) == (i != 7));
    }
    ignores_close(&ignores);
}

static void a_longer_file_is_kept_as_it_is(void **state) {
    struct ignores ignores;
    char path[FOLDER_PATH_SIZE], fingerprint[FINGERPRINT_TEXT_SIZE];
    FILE *file = fopen(folder_file(*state, "ignored", path), "we");
    struct stat status;
    assert_non_null(file);
    for (unsigned i = 0; i < LINES; i++) fprintf(file, "%032x eve\n", i);
    assert_int_equal(fclose(file), 0);
    open_expected(&ignores, *state);
    assert_int_equal(ignores.count, IGNORES_MAX);
    number(fingerprint, IGNORES_MAX - 1);
    assert_true(ignores_has(&ignores, fingerprint));
    number(fingerprint, IGNORES_MAX);
    expect_refused(&ignores, fingerprint, "1024");
    number(fingerprint, 0);
    assert_false(toggle(&ignores, fingerprint, "eve"));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_size, (LINES - 1) * (32 + 5));
    ignores_close(&ignores);
}

static void what_cannot_be_read_is_not_overwritten(void **state) {
    struct ignores ignores;
    char path[FOLDER_PATH_SIZE], target[FOLDER_PATH_SIZE], text[TEXT_SIZE];
    struct why why = {""};
    folder_write(folder_file(*state, "target", target), EVE " eve\n", 0600);
    assert_int_equal(symlink("target", folder_file(*state, "ignored", path)), 0);
    assert_false(ignores_open(&ignores, *state, &why));
    assert_non_null(strstr(why.text, path));
    assert_int_equal(ignores.count, 0);
    assert_true(toggle(&ignores, MAL, "mal"));
    assert_true(ignores_has(&ignores, MAL));
    folder_read(target, text, sizeof text);
    assert_string_equal(text, EVE " eve\n");
    ignores_close(&ignores);
}

/* A read-only directory, a full disk. */
static void what_cannot_be_written_counts_until_the_end(void **state) {
    struct ignores ignores;
    char path[FOLDER_PATH_SIZE];
    struct why why = {""};
    bool ignored;
    open_expected(&ignores, *state);
    toggle(&ignores, EVE, "eve");
    assert_int_equal(unlink(folder_file(*state, "ignored", path)), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_true(ignores_toggle(&ignores, EVE, "eve", &ignored, &why));
    assert_false(ignored || ignores_has(&ignores, EVE));
    assert_non_null(strstr(why.text, path));
    assert_true(ignores_toggle(&ignores, MAL, "mal", &ignored, &why));
    assert_true(ignored && ignores_has(&ignores, MAL));
    assert_string_equal(why.text, ""); /* told once */
    assert_int_equal(rmdir(path), 0);
    assert_true(toggle(&ignores, EVE, "eve"));
    ignores_close(&ignores);
    open_expected(&ignores, *state);
    assert_true(ignores_has(&ignores, EVE) && !ignores_has(&ignores, MAL));
    ignores_close(&ignores);
}

static void two_clients_share_the_file(void **state) {
    struct ignores one, other;
    open_expected(&one, *state);
    open_expected(&other, *state);
    toggle(&one, EVE, "eve");
    toggle(&other, MAL, "mal");
    ignores_close(&one);
    ignores_close(&other);
    open_expected(&one, *state);
    assert_true(ignores_has(&one, EVE) && ignores_has(&one, MAL));
    ignores_close(&one);
}

static void a_path_too_long_is_refused(void **state) {
    struct ignores ignores;
    char folder[sizeof ignores.file];
    struct why why = {""};
    (void)state;
    memset(folder, 'x', sizeof folder - 1);
    folder[sizeof folder - 1] = '\0';
    assert_false(ignores_open(&ignores, folder, &why));
    assert_memory_equal(why.text, folder, sizeof why.text - 1); /* what does not fit is cut */
    assert_true(toggle(&ignores, EVE, "eve"));
    ignores_close(&ignores);
}

int main(void) {
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(twice_is_not_at_all),
        IN_FOLDER(the_next_start_remembers),
        cmocka_unit_test(without_a_folder_nothing_is_written),
        IN_FOLDER(malformed_lines_are_skipped),
        IN_FOLDER(a_nick_in_the_file_is_no_more_than_a_nick),
        IN_FOLDER(a_nick_makes_no_other_line),
        IN_FOLDER(no_fingerprint_is_refused),
        cmocka_unit_test(there_is_a_limit),
        IN_FOLDER(a_longer_file_is_kept_as_it_is),
        IN_FOLDER(what_cannot_be_read_is_not_overwritten),
        IN_FOLDER(what_cannot_be_written_counts_until_the_end),
        IN_FOLDER(two_clients_share_the_file),
        cmocka_unit_test(a_path_too_long_is_refused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ignores", tests, NULL, NULL);
}
