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
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/log.h"
#include "common/log_queue.h"
#include "common/thread.h"

#define PIPE_SIZE 16384 /* some pages: a pipe of one is full with one line, as poll sees it */
#define FLOOD (4 * LOG_QUEUE_LINES)
#define WRITERS 4
/* So that the queue holds more than the pipe does. */
#define LONG "of sixty-four bytes, so that far fewer fit into the pipe than here"

/* Where the log goes; we read it when we choose to. */
static int ends[2];
static FILE *reader;

static int begin(void **state) {
    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_true(fcntl(ends[1], F_SETPIPE_SZ, PIPE_SIZE) == PIPE_SIZE);
    reader = fdopen(ends[0], "r");
    log_set_descriptor(ends[1]);
    return reader ? 0 : -1;
}

static void start(void) {
    assert_int_equal(log_hold(), 0);
    assert_int_equal(log_start(), 0);
}

static int end(void **state) {
    (void)state;
    log_stop();
    log_set_descriptor(-1);
    if (ends[1] >= 0) close(ends[1]);
    fclose(reader);
    return 0;
}

static const char *next_line(void) {
    static char line[LOG_LINE_MAX];
    if (!fgets(line, sizeof line, reader)) return NULL;
    line[strcspn(line, "\n")] = '\0';
    return line;
}

/* How many lines this one says were lost; 0: it is another one. */
static uint64_t lost_by(const char *line) {
    static const char before[] = "warning: log: ";
    if (strncmp(line, before, sizeof before - 1) != 0) return 0;
    char *end;
    uint64_t lost = strtoull(line + sizeof before - 1, &end, 10);
    assert_string_equal(end, " lines were lost here, since nobody took them in time");
    return lost;
}

/* No line comes after these. */
static void close_log(void) {
    log_stop();
    close(ends[1]);
    ends[1] = -1;
}

static void lines_are_written_by_another_thread(void **state) {
    (void)state;
    start();
    for (int i = 0; i < 100; i++) log_info("a", "line %d of many, " LONG, i);
    for (int i = 0; i < 100; i++) {
        char expected[200];
        snprintf(expected, sizeof expected, "info: a: line %d of many, " LONG, i);
        assert_string_equal(next_line(), expected);
    }
    log_info("a", "last");
    close_log();
    assert_string_equal(next_line(), "info: a: last");
    assert_null(next_line());
    assert_int_equal(log_lost(), 0);
}

/* More than the pipe takes, and nobody reads. */
static void what_is_said_before_the_thread_starts_is_kept(void **state) {
    (void)state;
    assert_int_equal(log_hold(), 0);
    for (int i = 0; i < 900; i++) log_info("a", "line %d of many, " LONG, i);
    assert_int_equal(log_start(), 0);
    for (int i = 0; i < 900; i++) {
        char expected[200];
        snprintf(expected, sizeof expected, "info: a: line %d of many, " LONG, i);
        assert_string_equal(next_line(), expected);
    }
}

/* As in a program that failed before it came to that. */
static void the_end_writes_what_no_thread_wrote(void **state) {
    (void)state;
    assert_int_equal(log_hold(), 0);
    log_error("a", "this is why");
    close_log();
    assert_string_equal(next_line(), "error: a: this is why");
    assert_null(next_line());
}

/* Nobody reads until all have said what they have to say: if any of them waited, this would never end. */
static void flood(void *argument) {
    for (int i = 0; i < FLOOD / WRITERS; i++) log_info("a", "%s", (const char *)argument);
}

static void nobody_waits_for_a_reader_that_stopped(void **state) {
    (void)state;
    struct thread threads[WRITERS];
    uint64_t came = 0, lost = 0;
    const char *line;
    start();
    for (int i = 0; i < WRITERS; i++) assert_int_equal(thread_start(&threads[i], "flood", false, flood, LONG), 0);
    for (int i = 0; i < WRITERS; i++) thread_join(&threads[i]);
    assert_true(log_lost() > 0);
    while (came + lost < FLOOD) {
        assert_non_null(line = next_line());
        lost += lost_by(line);
        came += strcmp(line, "info: a: " LONG) == 0;
    }
    assert_int_equal(lost, log_lost());
    assert_int_equal(came + lost, FLOOD);
    assert_true(came >= LOG_QUEUE_LINES);
    log_info("a", "back");
    close_log();
    assert_string_equal(next_line(), "info: a: back");
    assert_null(next_line());
}

/* Before what came after them. */
static void lost_lines_are_told_where_they_are_missing(void **state) {
    (void)state;
    uint64_t lost, told = 0;
    const char *line;
    start();
    for (int i = 0; i < FLOOD; i++) log_info("a", LONG);
    /* What is read makes room. */
    do {
        assert_non_null(line = next_line());
        told += lost_by(line);
        lost = log_lost();
        log_info("a", "after");
    } while (log_lost() > lost);
    while ((line = next_line()) && strcmp(line, "info: a: after") != 0) {
        assert_true(lost_by(line) > 0 || strcmp(line, "info: a: " LONG) == 0);
        told += lost_by(line);
    }
    assert_non_null(line);
    assert_int_equal(told, lost);
}

/* It ends all the same, and whoever says something later does not wait either. */
static void a_reader_that_stopped_holds_up_no_end(void **state) {
    (void)state;
    start();
    for (int i = 0; i < FLOOD; i++) log_info("a", LONG);
    log_stop();
    log_info("a", "too late");
    assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    while (write(ends[1], "x", 1) == 1) continue; /* it was full of lines but for less than one */
    assert_int_equal(errno, EAGAIN);
}

static void a_full_disk_keeps_lines_until_there_is_room(void **state) {
    (void)state;
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(full >= 0);
    log_set_descriptor(full);
    start();
    log_info("a", "first");
    log_info("a", "second");
    log_set_descriptor(ends[1]);
    assert_string_equal(next_line(), "info: a: first");
    assert_string_equal(next_line(), "info: a: second");
    log_stop();
    close(full);
}

static void the_end_does_not_wait_for_a_full_disk(void **state) {
    (void)state;
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    log_set_descriptor(full);
    start();
    log_info("a", "nowhere");
    log_stop();
    close(full);
}

static void a_reader_that_went_away_ends_nobody(void **state) {
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    int gone[2];
    assert_int_equal(pipe(gone), 0);
    close(gone[0]);
    log_set_descriptor(gone[1]);
    start();
    for (int i = 0; i < FLOOD; i++) log_info("a", LONG);
    assert_true(log_lost() >= FLOOD - LOG_QUEUE_LINES - 1);
    log_stop();
    close(gone[1]);
}

#define CRASH_LINES 100
#define CRASHES 5
#define CRASH_PIPE_SIZE 8192

/* More than the pipe holds is under way when the process crashes, and all of it comes. The pipe is small, so that its
 * reader, which may be slow, has little to read in the time that a crash leaves; but of two pages: one would take a
 * line at a time, and both sides had to run for each of them. */
static void crash(int output, int about_to) {
    if (fcntl(output, F_SETPIPE_SZ, CRASH_PIPE_SIZE) < 0) _exit(1);
    log_set_descriptor(output);
    if (log_hold() != 0 || log_start() != 0) _exit(1);
    for (int i = 0; i < CRASH_LINES; i++) log_info("a", "line %d of many, " LONG, i);
    if (write(about_to, "!", 1) != 1) _exit(1);
    abort();
}

/* How many lines of one that crashes come, the first ones in order. Nothing is read before it is about to. The next one
 * finds another pipe. */
static int lines_of_a_crash(void) {
    int about_to[2], status, count = 0;
    char mark;
    assert_int_equal(pipe(about_to), 0);
    pid_t child = fork();
    if (child == 0) crash(ends[1], about_to[1]);
    assert_true(child > 0);
    close(ends[1]);
    ends[1] = -1;
    assert_int_equal(read(about_to[0], &mark, 1), 1);
    for (const char *line; (line = next_line()); count++) {
        char expected[200];
        snprintf(expected, sizeof expected, "info: a: line %d of many, " LONG, count);
        assert_string_equal(line, expected);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    close(about_to[0]);
    close(about_to[1]);
    assert_int_equal(end(NULL), 0);
    assert_int_equal(begin(NULL), 0);
    return count;
}

/* A machine that is busy elsewhere may take from one all the time that a crash leaves, not from each of them. */
static void a_crash_leaves_its_last_lines(void **state) {
    (void)state;
    int most = 0;
    for (int i = 0; i < CRASHES && most < CRASH_LINES; i++) most = lines_of_a_crash();
    assert_int_equal(most, CRASH_LINES);
}

#define WRITTEN(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        WRITTEN(a_crash_leaves_its_last_lines), /* first: it forks, and so far there is one thread */
        WRITTEN(lines_are_written_by_another_thread),
        WRITTEN(what_is_said_before_the_thread_starts_is_kept),
        WRITTEN(the_end_writes_what_no_thread_wrote),
        WRITTEN(nobody_waits_for_a_reader_that_stopped),
        WRITTEN(lost_lines_are_told_where_they_are_missing),
        WRITTEN(a_full_disk_keeps_lines_until_there_is_room),
        WRITTEN(the_end_does_not_wait_for_a_full_disk),
        WRITTEN(a_reader_that_went_away_ends_nobody),
        WRITTEN(a_reader_that_stopped_holds_up_no_end), /* last: what comes later is lost */
    };
    unsetenv("JOURNAL_STREAM");
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("log_writer", tests, NULL, NULL);
}
