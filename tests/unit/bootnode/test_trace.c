#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bootnode/trace.h"
#include "common/rcu.h"
#include "common/thread.h"

#define SETTERS 3
#define TIMES 2000

static struct trace trace;

static struct prefix network(const char *text) {
    struct prefix prefix;
    struct why why;
    assert_true(prefix_parse(text, &prefix, &why));
    return prefix;
}

static void it_ends_by_itself(void **state) {
    (void)state;
    const struct prefix wanted = network("192.0.2.0/24");
    trace_init(&trace);
    assert_null(trace_now(&trace, 0));
    assert_true(trace_set(&trace, &wanted, 5000));
    const struct prefix *found = trace_now(&trace, 4999);
    assert_non_null(found);
    assert_true(prefix_equal(found, &wanted));
    assert_null(trace_now(&trace, 5000));
    trace_destroy(&trace);
}

static void the_last_word_counts(void **state) {
    (void)state;
    const struct prefix first = network("192.0.2.0/24"), second = network("2001:db8::/32");
    trace_init(&trace);
    assert_true(trace_set(&trace, &first, 5000));
    assert_true(trace_set(&trace, &second, 1000));
    assert_true(prefix_equal(trace_now(&trace, 999), &second));
    assert_null(trace_now(&trace, 1000));
    assert_true(trace_set(&trace, &first, 5000));
    assert_true(trace_set(&trace, NULL, 0));
    assert_null(trace_now(&trace, 0));
    rcu_drain();
    trace_destroy(&trace);
}

/* What is replaced is freed once, and not under who looks at it. */
static void set_often(void *argument) {
    const struct prefix *prefix = argument;
    for (int i = 0; i < TIMES; i++) {
        if (!trace_set(&trace, prefix, 1000)) return;
        const struct prefix *found = trace_now(&trace, 0);
        if (!found || !prefix_holds(found)) abort();
        rcu_reader_quiescent();
    }
}

static void many_set_and_look_at_the_same_time(void **state) {
    (void)state;
    struct prefix prefixes[SETTERS] = {network("192.0.2.0/24"), network("2001:db8::/32"), network("0.0.0.0/0")};
    struct thread threads[SETTERS];
    trace_init(&trace);
    for (size_t i = 0; i < SETTERS; i++)
        assert_int_equal(thread_start(&threads[i], "setter", true, set_often, &prefixes[i]), 0);
    rcu_reader_offline();
    for (size_t i = 0; i < SETTERS; i++) thread_join(&threads[i]);
    rcu_reader_online();
    assert_non_null(trace_now(&trace, 0));
    rcu_drain();
    trace_destroy(&trace);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_ends_by_itself),
        cmocka_unit_test(the_last_word_counts),
        cmocka_unit_test(many_set_and_look_at_the_same_time),
    };
    rcu_reader_register();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    int failed = cmocka_run_group_tests_name("trace", tests, NULL, NULL);
    rcu_reader_unregister();
    return failed;
}
