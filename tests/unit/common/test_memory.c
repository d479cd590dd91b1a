#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/memory.h"
#include "common/sanitizers.h"
#include "tests/support/child.h"

static void it_is_ours_to_write(void **state) {
    uint8_t *bytes = allocate(100);
    (void)state;
    memset(bytes, 1, 100);
    bytes = grow(bytes, 50, 4);
    assert_int_equal(bytes[99], 1);
    memset(bytes, 2, 200);
    free(bytes);
}

static void zeroed_is_zero(void **state) {
    static const uint64_t zeros[10];
    uint64_t *numbers = allocate_zeroed(10, sizeof *numbers);
    (void)state;
    assert_memory_equal(numbers, zeros, sizeof zeros);
    free(numbers);
}

static void nothing_is_somewhere(void **state) {
    void *none = allocate(0), *zeros = allocate_zeroed(0, 8), *grown = grow(NULL, 0, 8);
    (void)state;
    assert_non_null(none);
    assert_non_null(zeros);
    assert_non_null(grown);
    grown = grow(grown, 0, 0);
    assert_non_null(grown);
    free(none);
    free(zeros);
    free(grown);
}

static void copies_are_whole_or_a_start(void **state) {
    char *whole = copy_text("abc"), *start = copy_start("abc", 2), *all = copy_start("abc", 9);
    (void)state;
    assert_string_equal(whole, "abc");
    assert_string_equal(start, "ab");
    assert_string_equal(all, "abc");
    free(whole);
    free(start);
    free(all);
}

#ifndef GOCHAT_SANITIZED /* a sanitizer ends the program in a way of its own */
/* More than there is room for in an address space; and a product that wraps around to little. */
static void *too_much(int way) {
    volatile size_t most = SIZE_MAX / 2 - 1, half = SIZE_MAX / 2 + 2;
    switch (way) {
    case 0: return allocate(most);
    case 1: return allocate_zeroed(most, 1);
    case 2: return allocate_zeroed(half, 2);
    case 3: return grow(NULL, most, 1);
    default: return grow(NULL, half, 2);
    }
}

static void without_memory_it_aborts(void **state) {
    (void)state;
    for (int way = 0; way < 5; way++) {
        pid_t child = fork();
        int status;
        assert_true(child >= 0);
        if (child == 0) {
            const struct rlimit no_core = {0, 0};
            (void)setrlimit(RLIMIT_CORE, &no_core);
            child_end(too_much(way) ? 1 : 2);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGABRT);
    }
}
#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_ours_to_write),      cmocka_unit_test(zeroed_is_zero),
        cmocka_unit_test(nothing_is_somewhere),     cmocka_unit_test(copies_are_whole_or_a_start),
#ifndef GOCHAT_SANITIZED
        cmocka_unit_test(without_memory_it_aborts),
#endif
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
