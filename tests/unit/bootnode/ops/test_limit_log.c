#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bootnode/limits.h"
#include "bootnode/ops/limit_log.h"
#include "common/log.h"
#include "common/rcu.h"
#include "tests/support/log_lines.h"

#define WORKERS 2
#define NOW 1000

static struct bootnode_config config;
static struct node node;
static struct worker *workers;
static struct limit_log limit_log;

static int begin(void **state) {
    (void)state;
    static const struct node_key key;
    ini_table_defaults(&bootnode_config_table, &config);
    if (!node_init(&node, &config, &key, WORKERS, NOW)) return -1;
    workers = aligned_alloc(_Alignof(struct worker), WORKERS * sizeof *workers);
    if (!workers) return -1;
    for (size_t i = 0; i < WORKERS; i++)
        if (worker_init(&workers[i], &node, i, -1) != 0) return -1;
    limit_log_init(&limit_log, NOW);
    log_set_level(LOG_LEVEL_INFO);
    log_lines_begin();
    return 0;
}

static int end(void **state) {
    (void)state;
    log_lines_end();
    for (size_t i = 0; i < WORKERS; i++) worker_destroy(&workers[i]);
    free(workers);
    node_destroy(&node);
    return 0;
}

static void step(uint64_t now) {
    limit_log_step(&limit_log, &node, workers, WORKERS, now);
}

static void count(size_t worker, enum counter which, uint64_t number) {
    counters_add(&workers[worker].counters, which, number);
}

static void nothing_happened(void **state) {
    (void)state;
    for (uint64_t now = NOW; now < NOW + 60000; now += 500) step(now);
    assert_null(log_lines_next());
}

static void a_flood_is_a_line_at_once_and_one_in_ten_seconds(void **state) {
    (void)state;
    unsigned lines = 0;
    step(NOW + 500);
    for (uint64_t now = NOW + 1000; now <= NOW + 31000; now += 500) {
        count(0, COUNTER_RATE_LIMITED_HELLO, 30);
        count(1, COUNTER_RATE_LIMITED_HELLO, 20);
        step(now);
        if (now == NOW + 1000)
            assert_string_equal(log_lines_next(),
                                "info: limits: rate_hello was reached: 50 packets turned away within 1 s");
        for (const char *line; (line = log_lines_next()); lines++)
            assert_string_equal(line, "info: limits: rate_hello was reached: 1000 packets turned away within 10 s");
    }
    assert_int_equal(lines, 3);
}

/* Each says its own name, and none is told twice. */
static void every_limit_is_told_by_its_key(void **state) {
    (void)state;
    uint64_t now = NOW;
    for (size_t i = 0; i < limits_count; i++) {
        char expected[100];
        if (limits[i].shard == SHARD_LIMIT_NONE)
            count(i % WORKERS, limits[i].counter, 7);
        else
            atomic_fetch_add(&node.shards[i % WORKERS]->limited[limits[i].shard], 7);
        step(now += 20000);
        snprintf(expected, sizeof expected, "info: limits: %s was reached: 7 %s turned away within 20 s", limits[i].key,
                 limits[i].what);
        assert_string_equal(log_lines_next(), expected);
        assert_null(log_lines_next());
        step(now);
    }
}

static void the_worst_source_is_named_where_addresses_are_wanted(void **state) {
    (void)state;
    struct address source;
    struct why why;
    assert_true(address_parse("192.0.2.7:1", 0, &source));
    for (int i = 0; i < 9; i++) offenders_note(&workers[1].packet_log.offenders, COUNTER_RATE_LIMITED_STUN, &source);
    count(1, COUNTER_RATE_LIMITED_STUN, 12);
    step(NOW + 1000);
    assert_string_equal(log_lines_next(), "info: limits: rate_stun was reached: 12 packets turned away within 1 s");
    assert_true(ini_table_set(&bootnode_config_table, BOOTNODE_SECTION, "log_addresses", "on", &config, &why));
    for (int i = 0; i < 9; i++) offenders_note(&workers[1].packet_log.offenders, COUNTER_RATE_LIMITED_STUN, &source);
    count(1, COUNTER_RATE_LIMITED_STUN, 12);
    step(NOW + 11000);
    assert_string_equal(log_lines_next(), "info: limits: rate_stun was reached: 12 packets turned away within 10 s; "
                                          "the worst source is 192.0.2.7/32, with 9 at most");
}

static void wants_are_warnings(void **state) {
    (void)state;
    log_set_level(LOG_LEVEL_WARNING);
    count(0, COUNTER_RATE_LIMITED_HELLO, 1);
    count(0, COUNTER_REGISTER_BUSY, 5);
    atomic_fetch_add(&node.shards[1]->limited[SHARD_LIMIT_MEMORY], 2);
    step(NOW + 1000);
    const char *line = log_lines_next();
    assert_non_null(line);
    assert_non_null(strstr(line, "warning: limits: 5 registrations were put off"));
    assert_non_null(line = log_lines_next());
    assert_non_null(strstr(line, "warning: limits: 2 registrations were refused for want of memory"));
    assert_null(log_lines_next());
}

#define LOGGED(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        LOGGED(nothing_happened),
        LOGGED(a_flood_is_a_line_at_once_and_one_in_ten_seconds),
        LOGGED(every_limit_is_told_by_its_key),
        LOGGED(the_worst_source_is_named_where_addresses_are_wanted),
        LOGGED(wants_are_warnings),
    };
    rcu_reader_register();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    int failed = cmocka_run_group_tests_name("limit_log", tests, NULL, NULL);
    rcu_reader_unregister();
    return failed;
}
