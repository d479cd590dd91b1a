#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/ui/transcripts.h"
#include "tests/support/folder.h"

#define FFFD "\xef\xbf\xbd"
#define PATH_SIZE 1024
#define TEXT_SIZE 4096
#define TAIL 65536 /* what of a file is looked at */
#define SHOWN_SIZE 65536

struct shown {
    size_t count, size, longest;
    char text[SHOWN_SIZE];
};

static void show(void *context, const char *text, size_t size) {
    struct shown *shown = context;
    assert_true(shown->size + size + 1 < sizeof shown->text);
    memcpy(shown->text + shown->size, text, size);
    shown->size += size;
    shown->text[shown->size++] = '\n';
    shown->text[shown->size] = '\0';
    shown->count++;
    if (size > shown->longest) shown->longest = size;
}

static void last_of(const char *folder, const char *room, struct shown *shown) {
    struct transcripts transcripts;
    shown->count = shown->size = shown->longest = 0;
    shown->text[0] = '\0';
    transcripts_open(&transcripts, folder);
    transcripts_last(&transcripts, room, show, shown);
    transcripts_close(&transcripts);
}

/* Its file's path in `path`. */
static void keep_log(const char *folder, const char *room, char path[static PATH_SIZE]) {
    struct transcripts transcripts;
    struct why why = {""};
    transcripts_open(&transcripts, folder);
    if (!transcripts_enable(&transcripts, room, true, &why)) fail_msg("%s", why.text);
    transcripts_path(&transcripts, room, path, PATH_SIZE);
    transcripts_close(&transcripts);
}

/* Numbered lines, then `rest`. */
static void fill(const char *path, unsigned lines, const char *rest) {
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    for (unsigned i = 0; i < lines; i++) fprintf(file, "line %08u\n", i);
    assert_true(fputs(rest, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void the_last_lines_are_shown_in_order(void **state) {
    static const unsigned counts[] = {0, 1, 19, 20, 21, 500, TAIL / 14, TAIL / 14 + 1, 80000 /* over 1 MiB */};
    char path[PATH_SIZE];
    struct shown shown;
    keep_log(*state, "tea", path);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        unsigned expected = counts[i] < TRANSCRIPT_LINES_SHOWN ? counts[i] : TRANSCRIPT_LINES_SHOWN;
        char text[TEXT_SIZE] = "";
        fill(path, counts[i], "");
        last_of(*state, "tea", &shown);
        assert_int_equal(shown.count, expected);
        for (unsigned line = counts[i] - expected; line < counts[i]; line++)
            snprintf(text + strlen(text), sizeof text - strlen(text), "line %08u\n", line);
        assert_string_equal(shown.text, text);
    }
}

static void an_unfinished_line_is_not_shown(void **state) {
    char path[PATH_SIZE];
    struct shown shown;
    keep_log(*state, "tea", path);
    fill(path, 1, "half");
    last_of(*state, "tea", &shown);
    assert_string_equal(shown.text, "line 00000000\n");
    fill(path, 0, "half");
    last_of(*state, "tea", &shown);
    assert_int_equal(shown.count, 0);
}

static void a_line_longer_than_what_is_read_is_not_shown(void **state) {
    char path[PATH_SIZE], *rest = malloc(TAIL + 100);
    struct shown shown;
    assert_non_null(rest);
    memset(rest, 'x', TAIL + 100);
    snprintf(rest + TAIL, 100, "\n");
    keep_log(*state, "tea", path);
    fill(path, 5, rest);
    last_of(*state, "tea", &shown);
    assert_int_equal(shown.count, 0);
    snprintf(rest + TAIL, 100, "\nshort\n");
    fill(path, 5, rest);
    last_of(*state, "tea", &shown);
    assert_string_equal(shown.text, "short\n");
    rest[TAIL] = '\0';
    fill(path, 5, rest); /* and unfinished, too */
    last_of(*state, "tea", &shown);
    assert_int_equal(shown.count, 0);
    free(rest);
}

static void a_long_line_is_cut(void **state) {
    char path[PATH_SIZE], rest[20001];
    struct shown shown;
    memset(rest, 'x', sizeof rest - 1);
    rest[sizeof rest - 2] = '\n';
    rest[sizeof rest - 1] = '\0';
    keep_log(*state, "tea", path);
    fill(path, 1, rest);
    last_of(*state, "tea", &shown);
    assert_int_equal(shown.count, 2);
    assert_in_range(shown.longest, 3 * 2048, sizeof rest - 2);
}

static void what_a_file_holds_is_filtered(void **state) {
    char path[PATH_SIZE];
    struct shown shown;
    keep_log(*state, "tea", path);
    folder_write(path, "\x1b]0;title\x07\n\n\xff\t\xe2\x80\xae\r\n", 0600);
    last_of(*state, "tea", &shown);
    assert_int_equal(shown.count, 3);
    assert_string_equal(shown.text, FFFD "]0;title" FFFD "\n\n" FFFD "\t" FFFD FFFD "\n");
}

static void only_of_logged_rooms_and_regular_files(void **state) {
    struct transcripts transcripts;
    char path[PATH_SIZE], target[FOLDER_PATH_SIZE];
    struct why why = {""};
    struct shown shown;
    keep_log(*state, "tea", path);
    fill(path, 3, "");
    last_of(*state, "coffee", &shown);
    assert_int_equal(shown.count, 0);
    assert_int_equal(rename(path, folder_file(*state, "target", target)), 0);
    last_of(*state, "tea", &shown); /* gone */
    assert_int_equal(shown.count, 0);
    assert_int_equal(symlink(target, path), 0);
    last_of(*state, "tea", &shown);
    assert_int_equal(shown.count, 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    last_of(*state, "tea", &shown);
    assert_int_equal(shown.count, 0);
    assert_int_equal(rename(target, path), 0);
    last_of(*state, "tea", &shown);
    assert_int_equal(shown.count, 3);
    transcripts_open(&transcripts, *state);
    assert_true(transcripts_enable(&transcripts, "tea", false, &why));
    transcripts_close(&transcripts);
    last_of(*state, "tea", &shown);
    assert_int_equal(shown.count, 0);
}

int main(void) {
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(the_last_lines_are_shown_in_order),
        IN_FOLDER(an_unfinished_line_is_not_shown),
        IN_FOLDER(a_line_longer_than_what_is_read_is_not_shown),
        IN_FOLDER(a_long_line_is_cut),
        IN_FOLDER(what_a_file_holds_is_filtered),
        IN_FOLDER(only_of_logged_rooms_and_regular_files),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("transcripts_last", tests, NULL, NULL);
}
