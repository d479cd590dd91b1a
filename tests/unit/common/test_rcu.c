#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sys/resource.h>

#include "common/rcu.h"
#include "common/thread.h"

#define READERS 2
#define VERSIONS 20000
#define ALIVE 0x600dU
#define GONE 0xdeadU

struct object {
    struct rcu_head rcu;
    unsigned state;
    unsigned version;
};

static struct object *_Atomic slot;
static atomic_bool stop;
static unsigned reclaimed; /* written by reclaims only, read after a drain */

static void reclaim_object(struct rcu_head *head) {
    struct object *object = (struct object *)head;
    object->state = GONE;
    reclaimed++;
    free(object);
}

static struct object *new_object(unsigned version) {
    struct object *object = malloc(sizeof *object);
    if (!object) abort();
    object->state = ALIVE;
    object->version = version;
    return object;
}

struct look {
    struct rcu_head rcu;
    int nice;
};

static void look_at_priority(struct rcu_head *head) {
    ((struct look *)head)->nice = getpriority(PRIO_PROCESS, 0);
}

static void give_way_and_reclaim(void *argument) {
    thread_give_way(THREAD_BACKGROUND);
    rcu_reclaim(&((struct look *)argument)->rcu, look_at_priority);
}

/* The first test: nobody has reclaimed anything before. */
static void the_reclaimer_inherits_from_who_starts_it(void **state) {
    (void)state;
    struct look look = {.nice = -100};
    struct thread thread;
    rcu_start_reclaimer();
    assert_int_equal(thread_start(&thread, "nice", true, give_way_and_reclaim, &look), 0);
    rcu_reader_offline();
    thread_join(&thread);
    rcu_reader_online();
    rcu_drain();
    assert_int_equal(look.nice, getpriority(PRIO_PROCESS, 0));
}

static void runs_what_was_queued_before_a_drain(void **state) {
    (void)state;
    reclaimed = 0;
    for (unsigned i = 0; i < 100; i++) rcu_reclaim(&new_object(i)->rcu, reclaim_object);
    rcu_drain();
    assert_int_equal(reclaimed, 100);
    assert_true(rcu_read_ongoing()); /* online again */
}

struct reader {
    struct thread thread;
    unsigned faults;
    unsigned reads;
};

static void read_until_stopped(void *argument) {
    struct reader *reader = argument;
    unsigned last = 0;
    do {
        const struct object *object = rcu_load(&slot);
        if (object->state != ALIVE || object->version < last) reader->faults++;
        last = object->version;
        reader->reads++;
        if (reader->reads % 7 == 0) {
            rcu_reader_offline();
            rcu_reader_online();
        } else {
            rcu_reader_quiescent();
        }
    } while (!atomic_load(&stop));
}

static void readers_never_see_what_is_gone(void **state) {
    (void)state;
    static struct reader readers[READERS];
    reclaimed = 0;
    rcu_publish(&slot, new_object(0));
    for (int i = 0; i < READERS; i++)
        assert_int_equal(thread_start(&readers[i].thread, "reader", true, read_until_stopped, &readers[i]), 0);
    for (unsigned version = 1; version <= VERSIONS; version++) {
        struct object *previous = rcu_load(&slot);
        rcu_publish(&slot, new_object(version));
        rcu_reclaim(&previous->rcu, reclaim_object);
        rcu_reader_quiescent();
    }
    atomic_store(&stop, true);
    rcu_reader_offline();
    for (int i = 0; i < READERS; i++) thread_join(&readers[i].thread);
    rcu_drain();
    rcu_reader_online();
    assert_int_equal(reclaimed, VERSIONS);
    for (int i = 0; i < READERS; i++) {
        assert_int_equal(readers[i].faults, 0);
        assert_int_not_equal(readers[i].reads, 0);
    }
    free(rcu_load(&slot));
}

static int start_reader(void **state) {
    (void)state;
    rcu_reader_register();
    return 0;
}

static int end_reader(void **state) {
    (void)state;
    rcu_reader_unregister();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reclaimer_inherits_from_who_starts_it),
        cmocka_unit_test(runs_what_was_queued_before_a_drain),
        cmocka_unit_test(readers_never_see_what_is_gone),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("rcu", tests, start_reader, end_reader);
}
