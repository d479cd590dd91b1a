#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/holds.h"

static unsigned asked;

static bool ask(bool answer) {
    asked++;
    return answer;
}

static void sanitized_builds_ask_and_others_do_not(void **state) {
    (void)state;
    HOLDS(ask(true));
#ifdef GOCHAT_SANITIZED
    assert_int_equal(asked, 1);
#else
    assert_int_equal(asked, 0);
#endif
}

static void what_takes_long_is_asked_now_and_then(void **state) {
    (void)state;
    unsigned calls = 0;
    asked = 0;
    for (unsigned i = 0; i < 10; i++) HOLDS_NOW_AND_THEN(calls, 4, ask(true));
#ifdef GOCHAT_SANITIZED
    assert_int_equal(asked, 2);
#else
    assert_int_equal(asked, 0);
#endif
}

static void a_broken_invariant_aborts_and_says_which(void **state) {
    (void)state;
    char said[200] = "";
    int ends[2], status = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        holds_fail("all is well", "here.c", 12);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_true(read(ends[0], said, sizeof said - 1) > 0);
    assert_string_equal(said, "here.c:12: does not hold: all is well\n");
    close(ends[0]);
    close(ends[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sanitized_builds_ask_and_others_do_not),
        cmocka_unit_test(what_takes_long_is_asked_now_and_then),
        cmocka_unit_test(a_broken_invariant_aborts_and_says_which),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("holds", tests, NULL, NULL);
}
