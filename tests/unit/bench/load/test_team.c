/* A team: each turn every number is done once, by its own thread, and what a turn wrote is there after it. */
#include "bench/load/team.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define HANDS 5
#define TURNS 2000

struct stage {
    uint64_t done[HANDS]; /* not atomic: a thread's own within a turn, the test's between them */
    pthread_t who[HANDS];
    uint64_t idled[HANDS];
    atomic_bool others_idled;
    size_t waits_for; /* number whose work waits until another one was idle */
};

static void count(void *context, size_t index) {
    struct stage *stage = context;
    if (stage->done[index] == 0) stage->who[index] = pthread_self();
    assert_true(pthread_equal(stage->who[index], pthread_self()));
    stage->done[index]++;
}

static void note_idle(void *context, size_t index) {
    struct stage *stage = context;
    stage->idled[index]++;
    atomic_store(&stage->others_idled, true);
}

static void wait_for_idle(void *context, size_t index) {
    struct stage *stage = context;
    stage->done[index]++;
    while (index == stage->waits_for && !atomic_load(&stage->others_idled)) sched_yield();
}

static void each_turn_is_done_by_all(void **state) {
    (void)state;
    for (size_t size = 1; size <= HANDS; size++) {
        struct stage stage = {.waits_for = 0};
        struct team *team = team_create(size, NULL, &stage);
        assert_non_null(team);
        for (uint64_t turn = 1; turn <= TURNS; turn++) {
            team_do(team, count);
            for (size_t i = 0; i < HANDS; i++) assert_int_equal(stage.done[i], i < size ? turn : 0);
        }
        assert_true(pthread_equal(stage.who[0], pthread_self()));
        for (size_t i = 1; i < size; i++)
            for (size_t j = 0; j < i; j++) assert_false(pthread_equal(stage.who[i], stage.who[j]));
        team_destroy(team);
    }
}

/* Whoever is the last one, the caller or another; and nobody is at it when the turn is over: what idle writes is not
 * atomic. */
static void who_is_done_is_idle_until_all_are(void **state) {
    (void)state;
    for (size_t last = 0; last < HANDS; last++) {
        struct stage stage = {.waits_for = last};
        struct team *team = team_create(HANDS, note_idle, &stage);
        assert_non_null(team);
        for (uint64_t turn = 1; turn <= 20; turn++) {
            atomic_store(&stage.others_idled, false);
            team_do(team, wait_for_idle);
            uint64_t idled = 0;
            for (size_t i = 0; i < HANDS; i++) {
                assert_int_equal(stage.done[i], turn);
                idled += stage.idled[i];
            }
            assert_true(idled >= turn);
        }
        team_destroy(team);
    }
}

static void alone_it_is_a_call(void **state) {
    (void)state;
    struct stage stage = {.waits_for = HANDS};
    struct team *team = team_create(1, note_idle, &stage);
    assert_non_null(team);
    team_do(team, count);
    assert_int_equal(stage.done[0], 1);
    assert_true(pthread_equal(stage.who[0], pthread_self()));
    assert_int_equal(stage.idled[0], 0);
    team_destroy(team);
    team_destroy(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_turn_is_done_by_all),
        cmocka_unit_test(who_is_done_is_idle_until_all_are),
        cmocka_unit_test(alone_it_is_a_call),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("team", tests, NULL, NULL);
}
