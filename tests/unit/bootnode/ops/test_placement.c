#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <semaphore.h>
#include <string.h>

#include "bootnode/ops/placement.h"
#include "bootnode/worker.h"
#include "common/log.h"

#define WORKERS 3

static cpu_set_t processors(size_t first, size_t step, size_t end) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (size_t i = first; i < end; i += step) CPU_SET(i, &set);
    return set;
}

static void workers_take_what_is_allowed_in_turn(void **state) {
    (void)state;
    cpu_set_t odd = processors(1, 2, 8);
    static const int expected[] = {1, 3, 5, 7, 1, 3};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_int_equal(placement_choose(&odd, i), expected[i]);
}

static void the_last_processor_is_one(void **state) {
    (void)state;
    cpu_set_t last = processors(CPU_SETSIZE - 1, 1, CPU_SETSIZE);
    assert_int_equal(placement_choose(&last, 0), CPU_SETSIZE - 1);
    assert_int_equal(placement_choose(&last, 255), CPU_SETSIZE - 1);
}

static void none_allowed_is_none(void **state) {
    (void)state;
    cpu_set_t none = processors(0, 1, 0);
    assert_int_equal(placement_choose(&none, 0), -1);
}

static void wait_for_end(void *argument) {
    sem_wait(argument);
}

static void running_workers_are_pinned(void **state) {
    (void)state;
    struct worker *workers = aligned_alloc(_Alignof(struct worker), WORKERS * sizeof *workers);
    cpu_set_t allowed, pinned;
    sem_t end;
    assert_non_null(workers);
    memset(workers, 0, WORKERS * sizeof *workers);
    assert_int_equal(sem_init(&end, 0, 0), 0);
    assert_int_equal(sched_getaffinity(0, sizeof allowed, &allowed), 0);
    for (size_t i = 0; i < WORKERS; i++)
        assert_int_equal(thread_start(&workers[i].thread, "worker", false, wait_for_end, &end), 0);
    placement_pin_workers(workers, WORKERS);
    for (size_t i = 0; i < WORKERS; i++) {
        assert_int_equal(pthread_getaffinity_np(workers[i].thread.handle, sizeof pinned, &pinned), 0);
        assert_int_equal(CPU_COUNT(&pinned), 1);
        assert_true(CPU_ISSET((size_t)placement_choose(&allowed, i), &pinned));
    }
    for (size_t i = 0; i < WORKERS; i++) sem_post(&end);
    for (size_t i = 0; i < WORKERS; i++) thread_join(&workers[i].thread);
    sem_destroy(&end);
    free(workers);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workers_take_what_is_allowed_in_turn),
        cmocka_unit_test(the_last_processor_is_one),
        cmocka_unit_test(none_allowed_is_none),
        cmocka_unit_test(running_workers_are_pinned),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    log_set_level(LOG_LEVEL_WARNING);
    return cmocka_run_group_tests_name("placement", tests, NULL, NULL);
}
