#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <poll.h>

#include "common/log_queue.h"
#include "common/thread.h"

#define PUSHERS 4
#define LINES 20000 /* of each */

static struct log_queue queue;

static int make(void **state) {
    (void)state;
    return log_queue_init(&queue);
}

static int destroy(void **state) {
    (void)state;
    log_queue_destroy(&queue);
    return 0;
}

static bool push(unsigned level, uint64_t number) {
    struct log_record *record = log_queue_claim(&queue);
    if (!record) return false;
    record->entry.level = (enum log_level)level;
    record->entry.wall_ms = number;
    log_queue_push(&queue, record);
    return true;
}

static void lines_come_in_order(void **state) {
    (void)state;
    struct log_record *record;
    assert_null(log_queue_pop(&queue));
    assert_true(log_queue_is_idle(&queue));
    for (uint64_t i = 0; i < 100; i++) assert_true(push(0, i));
    for (uint64_t i = 0; i < 100; i++) {
        assert_non_null(record = log_queue_pop(&queue));
        assert_int_equal(record->entry.wall_ms, i);
        assert_int_equal(record->lost_before, 0);
        log_queue_free(&queue, record);
    }
    assert_null(log_queue_pop(&queue));
    assert_true(log_queue_is_idle(&queue));
}

static void a_line_is_lost_only_when_all_records_are_taken(void **state) {
    (void)state;
    for (uint64_t i = 0; i < LOG_QUEUE_LINES; i++) assert_true(push(0, i));
    assert_int_equal(log_queue_lost(&queue), 0);
    for (int i = 0; i < 3; i++) assert_false(push(0, 0));
    assert_int_equal(log_queue_lost(&queue), 3);
    /* What the reader has popped is not free yet. */
    struct log_record *record = log_queue_pop(&queue);
    assert_false(push(0, 0));
    log_queue_free(&queue, record);
    assert_true(push(0, LOG_QUEUE_LINES));
    for (uint64_t i = 1; i <= LOG_QUEUE_LINES; i++) {
        assert_non_null(record = log_queue_pop(&queue));
        assert_int_equal(record->entry.wall_ms, i);
        assert_int_equal(record->lost_before, i == LOG_QUEUE_LINES ? 4 : 0);
        log_queue_free(&queue, record);
    }
}

static void push_many(void *argument) {
    unsigned own = *(const unsigned *)argument;
    for (uint64_t i = 0; i < LINES; i++) (void)!push(own, i);
}

/* Whoever pushes meets a full queue, and others that claim. Each thread's lines keep their order, none comes twice, and
 * what did not come was counted. */
static void threads_push_while_one_pops(void **state) {
    (void)state;
    struct thread threads[PUSHERS];
    static const unsigned owners[PUSHERS] = {0, 1, 2, 3};
    uint64_t next[PUSHERS] = {0}, came = 0, lost = 0;
    for (unsigned i = 0; i < PUSHERS; i++)
        assert_int_equal(thread_start(&threads[i], "pusher", false, push_many, (void *)(uintptr_t)&owners[i]), 0);
    while (came + log_queue_lost(&queue) < PUSHERS * LINES) {
        struct log_record *record = log_queue_pop(&queue);
        if (!record) {
            struct pollfd wanted = {.fd = queue_event(&queue.ready), .events = POLLIN};
            if (queue_settle(&queue.ready) && came + log_queue_lost(&queue) < PUSHERS * LINES)
                (void)poll(&wanted, 1, 1);
            continue;
        }
        assert_true(record->entry.wall_ms >= next[record->entry.level]);
        next[record->entry.level] = record->entry.wall_ms + 1;
        assert_true(record->lost_before <= log_queue_lost(&queue));
        lost = record->lost_before > lost ? record->lost_before : lost;
        came++;
        log_queue_free(&queue, record);
    }
    for (unsigned i = 0; i < PUSHERS; i++) thread_join(&threads[i]);
    assert_null(log_queue_pop(&queue));
    assert_true(log_queue_is_idle(&queue));
    assert_int_equal(came + log_queue_lost(&queue), PUSHERS * LINES);
}

#define MADE(test) cmocka_unit_test_setup_teardown(test, make, destroy)

int main(void) {
    const struct CMUnitTest tests[] = {
        MADE(lines_come_in_order),
        MADE(a_line_is_lost_only_when_all_records_are_taken),
        MADE(threads_push_while_one_pops),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("log_queue", tests, NULL, NULL);
}
