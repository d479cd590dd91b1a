#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "common/dumps.h"
#include "common/sanitizers.h"

static void memory_stays_here(void **state) {
    struct rlimit limit = {.rlim_cur = 1};
    (void)state;
    dumps_forbid();
    assert_int_equal(getrlimit(RLIMIT_CORE, &limit), 0);
    assert_int_equal(limit.rlim_cur, 0);
    assert_int_equal(limit.rlim_max, 0);
#ifndef GOCHAT_SANITIZED
    assert_int_equal(prctl(PR_GET_DUMPABLE), 0);
#endif
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(memory_stays_here)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("dumps", tests, NULL, NULL);
}
