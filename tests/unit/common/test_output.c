/* Each story in a process of its own: what is tested closes standard output, and remembers that it failed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/output.h"
#include "tests/support/child.h"

/* What a child said on standard error, and its status. */
struct end {
    char said[256];
    int status;
};

/* `output` becomes standard output; -1: it is closed. */
static void run(int (*story)(void), int output, struct end *end) {
    int error[2];
    size_t size = 0;
    ssize_t part;
    pid_t child;
    assert_int_equal(pipe(error), 0);
    fflush(NULL);
    assert_true((child = fork()) >= 0);
    if (child == 0) {
        dup2(error[1], STDERR_FILENO);
        close(error[0]);
        close(error[1]);
        if (output >= 0)
            dup2(output, STDOUT_FILENO);
        else
            close(STDOUT_FILENO);
        output_open();
        child_end(output_close("program", story()));
    }
    close(error[1]);
    while ((part = read(error[0], end->said + size, sizeof end->said - 1 - size)) > 0) size += (size_t)part;
    end->said[size] = '\0';
    close(error[0]);
    assert_int_equal(waitpid(child, &end->status, 0), child);
    assert_true(WIFEXITED(end->status));
    end->status = WEXITSTATUS(end->status);
}

static void expect(int (*story)(void), int output, int status, const char *said) {
    struct end end = {.status = -1};
    run(story, output, &end);
    assert_string_equal(end.said, said);
    assert_int_equal(end.status, status);
    if (output >= 0) close(output);
}

/* --- Outputs --- */

static int full(void) {
    int descriptor = open("/dev/full", O_WRONLY | O_CLOEXEC);
    if (descriptor < 0) skip();
    return descriptor;
}

static int without_reader(void) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    return ends[1];
}

static int good(void) {
    int descriptor = open("/dev/null", O_WRONLY | O_CLOEXEC);
    assert_true(descriptor >= 0);
    return descriptor;
}

/* --- Stories --- */

static int quiet(void) {
    return 3;
}

static int little(void) {
    puts("a line");
    return 3;
}

/* More than stdio holds, so that it fails on the way. */
static int much(void) {
    for (int i = 0; i < 5000; i++) puts("a line");
    return 0;
}

/* Fails on the way, but not at the end. */
static int little_that_was_lost(void) {
    puts("a line");
    fflush(stdout);
    dup2(good(), STDOUT_FILENO);
    return 0;
}

static int unbuffered(void) {
    if (!output_write(STDOUT_FILENO, "a line\n", 7)) output_failed("program", errno);
    if (!output_write(STDOUT_FILENO, "a line\n", 7)) output_failed("program", errno);
    return 3;
}

static int next_descriptor(void) {
    return good();
}

#define FULL "program: standard output: No space left on device\n"
#define ALONE "program: standard output: Broken pipe\n"
#define CLOSED "program: standard output: Bad file descriptor\n"

static void what_can_be_written_keeps_its_status(void **state) {
    (void)state;
    expect(quiet, good(), 3, "");
    expect(little, good(), 3, "");
    expect(much, good(), 0, "");
    expect(unbuffered, good(), 3, "");
}

static void what_cannot_be_written_is_told_once(void **state) {
    (void)state;
    expect(little, full(), OUTPUT_STATUS, FULL);
    expect(much, full(), OUTPUT_STATUS, FULL);
    expect(unbuffered, full(), OUTPUT_STATUS, FULL);
    expect(little, without_reader(), OUTPUT_STATUS, ALONE);
    expect(much, without_reader(), OUTPUT_STATUS, ALONE);
    expect(unbuffered, without_reader(), OUTPUT_STATUS, ALONE);
    expect(little, -1, OUTPUT_STATUS, CLOSED);
    expect(unbuffered, -1, OUTPUT_STATUS, CLOSED);
}

static void what_was_lost_on_the_way_is_told(void **state) {
    (void)state;
    expect(little_that_was_lost, full(), OUTPUT_STATUS, "program: standard output: it could not be written\n");
}

static void who_writes_nothing_cannot_fail(void **state) {
    (void)state;
    expect(quiet, full(), 3, "");
    expect(quiet, without_reader(), 3, "");
    expect(quiet, -1, 3, "");
}

/* As a status: the number of the next descriptor. */
static void no_standard_descriptor_is_free(void **state) {
    struct end open = {.status = -1}, closed = open;
    (void)state;
    run(next_descriptor, STDOUT_FILENO, &open);
    run(next_descriptor, -1, &closed);
    assert_true(closed.status > STDERR_FILENO);
    assert_int_equal(closed.status, open.status);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_can_be_written_keeps_its_status), cmocka_unit_test(what_cannot_be_written_is_told_once),
        cmocka_unit_test(what_was_lost_on_the_way_is_told),     cmocka_unit_test(who_writes_nothing_cannot_fail),
        cmocka_unit_test(no_standard_descriptor_is_free),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("output", tests, NULL, NULL);
}
