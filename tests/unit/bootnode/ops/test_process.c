#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bootnode/ops/process.h"
#include "common/clock.h"

static struct process_view view;

static int set_up(void **state) {
    (void)state;
    process_open(&view);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    process_close(&view);
    return 0;
}

static void memory_and_processor_time_are_told(void **state) {
    (void)state;
    struct process_figures figures;
    process_look(&view, &figures);
    assert_true(figures.cpu_ns > 0);
    assert_true(figures.resident_bytes > 100000);
    assert_true(figures.virtual_bytes >= figures.resident_bytes);
}

static void open_files_are_counted_each_time(void **state) {
    (void)state;
    struct process_figures before, during, after;
    struct rlimit files;
    process_look(&view, &before);
    int more[] = {dup(0), dup(0), dup(0)};
    process_look(&view, &during);
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) assert_int_equal(close(more[i]), 0);
    process_look(&view, &after);
    assert_int_equal(during.open_descriptors, before.open_descriptors + 3);
    assert_int_equal(after.open_descriptors, before.open_descriptors);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    assert_int_equal(before.most_descriptors, files.rlim_cur);
}

/* Who compares two of them sees a restart. */
static void the_start_is_told_as_it_was_noted(void **state) {
    (void)state;
    struct process_figures figures;
    assert_true(view.started_wall_ms <= clock_wall_ms());
    view.started_wall_ms = 1234;
    process_look(&view, &figures);
    assert_int_equal(figures.started_wall_ms, 1234);
}

static void what_cannot_be_opened_is_missing(void **state) {
    (void)state;
    static const struct process_view nothing = {.statm = -1};
    struct process_figures figures;
    process_look(&nothing, &figures);
    assert_int_equal(figures.resident_bytes + figures.virtual_bytes + figures.open_descriptors, 0);
}

#define process_test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        process_test(memory_and_processor_time_are_told),
        process_test(open_files_are_counted_each_time),
        process_test(the_start_is_told_as_it_was_noted),
        process_test(what_cannot_be_opened_is_missing),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
