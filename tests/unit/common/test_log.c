#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/text.h"
#include "common/thread.h"

#define BAD "\xef\xbf\xbd" /* U+FFFD */
#define WRITERS 4
#define LINES_PER_WRITER 500

/* Stands before the real clock, so that the test owns the second. */
static _Atomic uint64_t now_ms = 5000;

uint64_t clock_monotonic_ms(void) {
    return now_ms;
}

uint64_t clock_wall_ms(void) {
    return 1793835641123; /* 2026-11-04T23:40:41.123Z */
}

/* Standard error becomes a socket that keeps records apart, so that one receive is one write(2). */
static int listener, real_stderr;

static int capture(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    fflush(stderr);
    real_stderr = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    listener = ends[0];
    log_set_level(LOG_LEVEL_INFO);
    return 0;
}

static int release(void **state) {
    (void)state;
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    close(listener);
    return 0;
}

static char last_line[4000];

/* What one write brought, without the newline; NULL when nothing was written. */
static const char *next_line(int flags) {
    ssize_t size = recv(listener, last_line, sizeof last_line - 1, flags);
    if (size <= 0) return NULL;
    assert_int_equal(last_line[size - 1], '\n');
    last_line[size - 1] = '\0';
    assert_null(strchr(last_line, '\n'));
    return last_line;
}

#define assert_line(expected) assert_string_equal(next_line(MSG_DONTWAIT), expected)
#define assert_no_line() assert_null(next_line(MSG_DONTWAIT))

static void writes_level_area_and_text(void **state) {
    (void)state;
    log_info("server", "%d workers on %s", 4, "[::]:9595");
    assert_line("info: server: 4 workers on [::]:9595");
    log_error("server", "no");
    assert_line("error: server: no");
    log_warning("server", "maybe");
    assert_line("warning: server: maybe");
    assert_no_line();
}

static void levels_are_ordered(void **state) {
    (void)state;
    log_debug("a", "hidden");
    assert_no_line();
    log_set_level(LOG_LEVEL_DEBUG);
    assert_true(log_enabled(LOG_LEVEL_DEBUG));
    log_debug("a", "shown");
    assert_line("debug: a: shown");
    log_set_level(LOG_LEVEL_ERROR);
    assert_false(log_enabled(LOG_LEVEL_WARNING));
    log_warning("a", "hidden");
    assert_no_line();
    log_error("a", "shown");
    assert_line("error: a: shown");
}

static void debug_arguments_cost_nothing_below_their_level(void **state) {
    (void)state;
    int evaluated = 0;
    log_debug("a", "%d", ++evaluated);
    assert_int_equal(evaluated, 0);
}

static void arguments_cannot_break_the_line(void **state) {
    (void)state;
    log_info("a", "nick %s", "x\nerror: server: forged\r\x1b[2J\u202e");
    assert_line("info: a: nick x" BAD "error: server: forged" BAD BAD "[2J" BAD);
}

static void long_lines_are_cut_between_characters(void **state) {
    (void)state;
    char text[3001] = "";
    for (size_t i = 0; i < 1000; i++) snprintf(text + 3 * i, 4, "%s", "\u20ac");
    log_info("a", "%s", text + 1);
    const char *line = next_line(MSG_DONTWAIT);
    assert_non_null(line);
    assert_true(text_is_utf8(line, strlen(line)));
    assert_in_range(strlen(line), LOG_TEXT_MAX - 10, LOG_TEXT_MAX + 20);
}

static void the_journal_gets_priorities(void **state) {
    (void)state;
    struct stat file;
    char stream[60];
    assert_int_equal(fstat(STDERR_FILENO, &file), 0);
    snprintf(stream, sizeof stream, "%ju:%ju", (uintmax_t)file.st_dev, (uintmax_t)file.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    log_error("server", "text");
    assert_line("<3>server: text");
    log_info("server", "text");
    assert_line("<6>server: text");
    setenv("JOURNAL_STREAM", "1:1", 1);
    log_info("server", "elsewhere");
    assert_line("info: server: elsewhere");
    unsetenv("JOURNAL_STREAM");
}

static void errno_survives(void **state) {
    (void)state;
    errno = ENOENT;
    log_info("a", "%m");
    assert_int_equal(errno, ENOENT);
    assert_line("info: a: No such file or directory");
}

static void a_flood_is_counted(void **state) {
    (void)state;
    static struct log_limit limit;
    now_ms = 7000;
    for (int i = 0; i < 10; i++) log_limited(&limit, 2, LOG_LEVEL_INFO, "a", "line %d", i);
    assert_line("info: a: line 0");
    assert_line("info: a: line 1");
    assert_no_line();
    now_ms = 7999;
    log_limited(&limit, 2, LOG_LEVEL_INFO, "a", "same second");
    assert_no_line();
    now_ms = 8000;
    log_limited(&limit, 2, LOG_LEVEL_INFO, "a", "next");
    log_limited(&limit, 2, LOG_LEVEL_INFO, "a", "last");
    assert_line("info: a: next (9 such lines left out before)");
    assert_line("info: a: last");
    assert_no_line();
}

static void hidden_lines_do_not_use_up_the_limit(void **state) {
    (void)state;
    static struct log_limit limit;
    log_limited(&limit, 1, LOG_LEVEL_DEBUG, "a", "hidden");
    log_limited(&limit, 1, LOG_LEVEL_INFO, "a", "shown");
    assert_line("info: a: shown");
}

static void what_is_told_seldom_is_counted_too(void **state) {
    (void)state;
    static struct log_limit limit;
    now_ms = 20000;
    for (int i = 0; i < 3; i++) log_seldom(&limit, 10, LOG_LEVEL_INFO, "a", "line %d", i);
    assert_line("info: a: line 0");
    now_ms = 29999;
    log_seldom(&limit, 10, LOG_LEVEL_INFO, "a", "same ten seconds");
    assert_no_line();
    now_ms = 30000;
    log_seldom(&limit, 10, LOG_LEVEL_INFO, "a", "next");
    assert_line("info: a: next (3 such lines left out before)");
    log_seldom(&limit, 10, LOG_LEVEL_DEBUG, "a", "hidden");
    assert_no_line();
}

static void the_format_is_chosen(void **state) {
    (void)state;
    log_set_format(LOG_FORMAT_AUTO);
    log_info("a", "text");
    assert_line("2026-11-04T23:40:41.123Z info: a: text");
    log_set_format(LOG_FORMAT_JSON);
    log_info("a", "text");
    assert_line("{\"time\":\"2026-11-04T23:40:41.123Z\",\"level\":\"info\",\"area\":\"a\",\"msg\":\"text\"}");
    log_set_format(LOG_FORMAT_PLAIN);
}

static struct log_limit shared_limit;

static void write_lines(void *argument) {
    for (int i = 0; i < LINES_PER_WRITER; i++) {
        log_info("writer", "%s", (const char *)argument);
        log_limited(&shared_limit, 10, LOG_LEVEL_ERROR, "limited", "x");
    }
}

static void lines_of_threads_do_not_mix(void **state) {
    (void)state;
    static const char *const texts[WRITERS] = {"aaaaaaaaaaaa", "bbbbbbbb", "cccc", "d"};
    struct thread threads[WRITERS];
    unsigned whole = 0, limited = 0;
    now_ms = 9000;
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(thread_start(&threads[i], "writer", false, write_lines, (void *)(uintptr_t)texts[i]), 0);
    while (whole < WRITERS * LINES_PER_WRITER || limited < 10) {
        const char *line = next_line(0);
        assert_non_null(line);
        if (strcmp(line, "error: limited: x") == 0) {
            limited++;
            continue;
        }
        assert_memory_equal(line, "info: writer: ", 14);
        bool known = false;
        for (int i = 0; i < WRITERS; i++) known |= strcmp(line + 14, texts[i]) == 0;
        assert_true(known);
        whole++;
    }
    for (int i = 0; i < WRITERS; i++) thread_join(&threads[i]);
    assert_no_line();
    assert_int_equal(limited, 10);
    assert_int_equal(shared_limit.suppressed, WRITERS * LINES_PER_WRITER - 10);
}

#define CAPTURED(test) cmocka_unit_test_setup_teardown(test, capture, release)

int main(void) {
    const struct CMUnitTest tests[] = {
        CAPTURED(writes_level_area_and_text),
        CAPTURED(levels_are_ordered),
        CAPTURED(debug_arguments_cost_nothing_below_their_level),
        CAPTURED(arguments_cannot_break_the_line),
        CAPTURED(long_lines_are_cut_between_characters),
        CAPTURED(the_journal_gets_priorities),
        CAPTURED(errno_survives),
        CAPTURED(a_flood_is_counted),
        CAPTURED(hidden_lines_do_not_use_up_the_limit),
        CAPTURED(what_is_told_seldom_is_counted_too),
        CAPTURED(the_format_is_chosen),
        CAPTURED(lines_of_threads_do_not_mix),
    };
    unsetenv("JOURNAL_STREAM");
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
