#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/keys/line_log.h"
#include "tests/support/folder.h"

#define NAME "lines"

struct taken {
    char text[1024];
    unsigned forgotten;
};

static void on_forget(void *context) {
    struct taken *taken = context;
    *taken->text = '\0';
    taken->forgotten++;
}

static void on_take(void *context, char *line, size_t size, unsigned number) {
    struct taken *taken = context;
    size_t used = strlen(taken->text);
    assert_int_equal(strlen(line), size);
    snprintf(taken->text + used, sizeof taken->text - used, "%u %s", number, line);
}

static struct line_log_reader reader_into(struct taken *taken) {
    return (struct line_log_reader){.context = taken, .forget = on_forget, .take = on_take};
}

static void open_expected(const char *folder, struct line_log *log) {
    struct why why;
    if (!line_log_open(log, folder, NAME, &why)) fail_msg("%s", why.text);
}

static void add(struct line_log *log, const struct line_log_reader *reader, const char *line) {
    int file = line_log_lock(log, reader);
    assert_true(file >= 0);
    assert_true(line_log_append(log, file, reader, line, strlen(line)));
    close(file);
}

static void what_is_added_is_taken_alone(void **state) {
    struct taken taken = {.forgotten = 0}, others = {.forgotten = 0};
    const struct line_log_reader reader = reader_into(&taken), other = reader_into(&others);
    struct line_log log, second;
    open_expected(*state, &log);
    open_expected(*state, &second);
    add(&log, &reader, "a\n");
    const unsigned forgotten = taken.forgotten;
    add(&second, &other, "b\n");
    assert_true(line_log_refresh(&log, &reader));
    assert_string_equal(taken.text, "1 a\n2 b\n");
    assert_string_equal(others.text, taken.text);
    assert_int_equal(taken.forgotten, forgotten);
}

static bool put_shouting(void *context, const char *line, size_t size) {
    assert_int_equal(line[size - 1], '\n');
    return fputs("!", context) >= 0 && fwrite(line, 1, size, context) == size;
}

static bool write_shouting(void *context, FILE *out, FILE *in) {
    (void)context;
    return line_log_each(in, put_shouting, out);
}

static void a_file_written_anew_is_taken_anew(void **state) {
    struct taken taken = {.forgotten = 0}, others = {.forgotten = 0};
    const struct line_log_reader reader = reader_into(&taken), other = reader_into(&others);
    struct line_log log, second;
    char path[FOLDER_PATH_SIZE];
    folder_write(folder_file(*state, NAME, path), "a\nb\ncut off", 0600);
    open_expected(*state, &log);
    open_expected(*state, &second);
    assert_true(line_log_refresh(&second, &other));
    assert_string_equal(others.text, "1 a\n2 b\n");
    int file = line_log_lock(&log, &reader);
    assert_true(line_log_replace(&log, file, write_shouting, NULL));
    close(file);
    assert_true(line_log_refresh(&second, &other));
    assert_string_equal(others.text, "1 !a\n2 !b\n3 !cut off\n");
}

static bool stop(void *context, const char *line, size_t size) {
    (void)size;
    (*(unsigned *)context)++;
    return *line != 'b';
}

/* A half of the file is never taken for all of it: what takes its place would lack the other half. */
static void each_line_or_a_failure(void **state) {
    char path[FOLDER_PATH_SIZE];
    unsigned lines = 0;
    folder_write(folder_file(*state, NAME, path), "a\nb\nc\n", 0600);
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    assert_false(line_log_each(in, stop, &lines));
    assert_int_equal(lines, 2);
    fclose(in);
    in = fopen(*state, "r"); /* of a directory nothing can be read */
    assert_non_null(in);
    assert_false(line_log_each(in, stop, &lines));
    assert_int_equal(lines, 2);
    fclose(in);
}

static bool write_half(void *context, FILE *out, FILE *in) {
    (void)context;
    (void)in;
    return fputs("half", out) < 0;
}

static void what_fails_leaves_all_as_it_was(void **state) {
    struct taken taken = {.forgotten = 0};
    const struct line_log_reader reader = reader_into(&taken);
    struct line_log log;
    char path[FOLDER_PATH_SIZE], text[64];
    open_expected(*state, &log);
    add(&log, &reader, "a\n");
    int file = line_log_lock(&log, &reader);
    assert_false(line_log_replace(&log, file, write_half, NULL));
    close(file);
    folder_read(folder_file(*state, NAME, path), text, sizeof text);
    assert_string_equal(text, "a\n");
    assert_int_equal(access(folder_file(*state, NAME ".new", path), F_OK), -1);
}

int main(void) {
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(what_is_added_is_taken_alone),
        IN_FOLDER(a_file_written_anew_is_taken_anew),
        IN_FOLDER(each_line_or_a_failure),
        IN_FOLDER(what_fails_leaves_all_as_it_was),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("line_log", tests, NULL, NULL);
}
