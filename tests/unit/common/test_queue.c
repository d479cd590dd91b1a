#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>

#include "common/queue.h"
#include "common/thread.h"

#define PUSHERS 4
#define PER_PUSHER 50000
#define WAKE_LIMIT 64
#define PATIENCE_MS 60000

struct item {
    struct queue_node node;
    unsigned pusher;
    unsigned sequence;
};

struct pusher {
    struct thread thread;
    struct queue *queue;
    unsigned number;
    unsigned refused;
};

static bool has_event(const struct queue *queue, int timeout_ms) {
    struct pollfd wanted = {.fd = queue_event(queue), .events = POLLIN};
    return poll(&wanted, 1, timeout_ms) == 1;
}

static void gives_back_in_order(void **state) {
    (void)state;
    struct queue queue;
    struct item items[3];
    assert_int_equal(queue_init(&queue, 0), 0);
    assert_null(queue_pop(&queue));
    assert_true(queue_holds(&queue));
    for (int i = 0; i < 3; i++) assert_true(queue_push(&queue, &items[i].node));
    assert_true(queue_holds(&queue));
    assert_int_equal(queue_count(&queue), 3);
    for (int i = 0; i < 3; i++) assert_ptr_equal(queue_pop(&queue), &items[i].node);
    assert_null(queue_pop(&queue));
    assert_int_equal(queue_count(&queue), 0);
    atomic_fetch_add(&queue.count, 1); /* as if a push had been forgotten */
    assert_false(queue_holds(&queue));
    atomic_fetch_sub(&queue.count, 1);
    assert_true(queue_push(&queue, &items[1].node));
    assert_ptr_equal(queue_pop(&queue), &items[1].node);
    queue_destroy(&queue);
}

static void refuses_when_full(void **state) {
    (void)state;
    struct queue queue;
    struct item items[3];
    assert_int_equal(queue_init(&queue, 2), 0);
    assert_true(queue_push(&queue, &items[0].node));
    assert_true(queue_push(&queue, &items[1].node));
    assert_false(queue_push(&queue, &items[2].node));
    assert_int_equal(queue_count(&queue), 2);
    assert_ptr_equal(queue_pop(&queue), &items[0].node);
    assert_true(queue_push(&queue, &items[2].node));
    assert_ptr_equal(queue_pop(&queue), &items[1].node);
    assert_ptr_equal(queue_pop(&queue), &items[2].node);
    queue_destroy(&queue);
}

static void wakes_once_until_settled(void **state) {
    (void)state;
    struct queue queue;
    struct item items[3];
    eventfd_t events;
    assert_int_equal(queue_init(&queue, 0), 0);
    assert_true(queue_settle(&queue));
    assert_false(has_event(&queue, 0));
    assert_true(queue_push(&queue, &items[0].node));
    assert_true(queue_push(&queue, &items[1].node));
    assert_int_equal(eventfd_read(queue_event(&queue), &events), 0);
    assert_int_equal(events, 1);
    assert_false(queue_settle(&queue));
    assert_non_null(queue_pop(&queue));
    assert_non_null(queue_pop(&queue));
    assert_true(queue_settle(&queue));
    assert_true(queue_push(&queue, &items[2].node));
    assert_true(has_event(&queue, 0));
    assert_non_null(queue_pop(&queue));
    assert_true(queue_settle(&queue));
    assert_false(has_event(&queue, 0));
    queue_destroy(&queue);
}

static void push_many(void *argument) {
    struct pusher *pusher = argument;
    for (unsigned sequence = 0; sequence < PER_PUSHER; sequence++) {
        struct item *item = malloc(sizeof *item);
        if (!item) abort();
        item->pusher = pusher->number;
        item->sequence = sequence;
        while (!queue_push(pusher->queue, &item->node)) {
            pusher->refused++;
            sched_yield();
        }
    }
}

/* Sleeps without a limit worth the name whenever settle allows it: a lost wake-up would hang and fail here. */
static struct item *next_item(struct queue *queue) {
    for (;;) {
        struct queue_node *node = queue_pop(queue);
        if (node) return (struct item *)node;
        if (queue_settle(queue) && !has_event(queue, PATIENCE_MS)) return NULL;
    }
}

static void many_push_and_one_pops(size_t limit) {
    static struct pusher pushers[PUSHERS];
    struct queue queue;
    unsigned expected[PUSHERS] = {0};
    assert_int_equal(queue_init(&queue, limit), 0);
    for (unsigned i = 0; i < PUSHERS; i++) {
        pushers[i] = (struct pusher){.queue = &queue, .number = i};
        assert_int_equal(thread_start(&pushers[i].thread, "pusher", false, push_many, &pushers[i]), 0);
    }
    for (unsigned i = 0; i < PUSHERS * PER_PUSHER; i++) {
        struct item *item = next_item(&queue);
        assert_non_null(item);
        assert_int_equal(item->sequence, expected[item->pusher]++);
        free(item);
    }
    for (unsigned i = 0; i < PUSHERS; i++) thread_join(&pushers[i].thread);
    assert_null(queue_pop(&queue));
    assert_true(queue_settle(&queue));
    assert_int_equal(queue_count(&queue), 0);
    queue_destroy(&queue);
}

static void loses_nothing_between_threads(void **state) {
    (void)state;
    many_push_and_one_pops(0);
}

static void loses_nothing_when_often_empty_or_full(void **state) {
    (void)state;
    many_push_and_one_pops(WAKE_LIMIT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_back_in_order),
        cmocka_unit_test(refuses_when_full),
        cmocka_unit_test(wakes_once_until_settled),
        cmocka_unit_test(loses_nothing_between_threads),
        cmocka_unit_test(loses_nothing_when_often_empty_or_full),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
