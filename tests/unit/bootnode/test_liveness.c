#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "bootnode/liveness.h"

#define NOW UINT64_C(1000000)

/* A thread that never sleeps, one that sleeps until it is called, and whether each of them hangs. */
struct stage {
    struct liveness_watch watch;
    struct liveness busy, sleeper;
    int bell;
    bool busy_hangs, sleeper_hangs;
    uint64_t now;
};

static int set_up(void **state) {
    static struct stage stage;
    stage = (struct stage){.bell = eventfd(0, EFD_NONBLOCK), .now = NOW};
    liveness_watch_init(&stage.watch, NOW);
    liveness_watch_add(&stage.watch, "busy", &stage.busy, -1);
    liveness_watch_add(&stage.watch, "sleeper", &stage.sleeper, stage.bell);
    *state = &stage;
    return stage.bell >= 0 ? 0 : -1;
}

static int tear_down(void **state) {
    const struct stage *stage = *state;
    return close(stage->bell);
}

static void run_threads(struct stage *stage) {
    eventfd_t rung;
    if (!stage->busy_hangs) liveness_turn(&stage->busy, stage->now);
    if (!stage->sleeper_hangs && eventfd_read(stage->bell, &rung) == 0) liveness_turn(&stage->sleeper, stage->now);
}

/* The threads run each millisecond, the watcher each step. */
static void run(struct stage *stage, uint64_t ms) {
    for (uint64_t i = 0; i < ms; i++, stage->now++) {
        run_threads(stage);
        if (stage->now % LIVENESS_STEP_MS == 0) liveness_watch_step(&stage->watch, stage->now);
    }
}

static const char *stuck(const struct stage *stage) {
    return liveness_stuck(&stage->watch, stage->now);
}

static void who_has_turns_is_alive_and_so_is_who_sleeps(void **state) {
    struct stage *stage = *state;
    for (unsigned i = 0; i < 60; i++) {
        run(stage, 1000);
        assert_null(stuck(stage));
    }
}

static void who_hangs_is_named_and_forgiven(void **state) {
    struct stage *stage = *state;
    run(stage, 10000);
    stage->busy_hangs = true;
    run(stage, LIVENESS_STUCK_MS - LIVENESS_STEP_MS);
    assert_null(stuck(stage));
    run(stage, 3 * LIVENESS_STEP_MS);
    assert_string_equal(stuck(stage), "busy");
    stage->busy_hangs = false;
    run(stage, 2 * LIVENESS_STEP_MS);
    assert_null(stuck(stage));
}

static void a_sleeper_that_does_not_answer_its_bell_is_stuck(void **state) {
    struct stage *stage = *state;
    run(stage, 10000);
    stage->sleeper_hangs = true;
    run(stage, LIVENESS_STUCK_MS + 2 * LIVENESS_STEP_MS);
    assert_string_equal(stuck(stage), "sleeper");
}

static void a_thread_that_never_began_is_stuck(void **state) {
    struct stage *stage = *state;
    stage->busy_hangs = true;
    run(stage, LIVENESS_STUCK_MS + 2 * LIVENESS_STEP_MS);
    assert_string_equal(stuck(stage), "busy");
}

static void the_one_that_is_silent_longest_is_named(void **state) {
    struct stage *stage = *state;
    run(stage, 10000);
    stage->sleeper_hangs = true;
    run(stage, 2 * LIVENESS_STEP_MS);
    stage->busy_hangs = true;
    run(stage, LIVENESS_STUCK_MS + 2 * LIVENESS_STEP_MS);
    assert_string_equal(stuck(stage), "sleeper");
}

/* SIGSTOP, a machine that slept: the watcher finds all of them silent for an hour, itself among them. */
static void a_pause_makes_nobody_stuck(void **state) {
    struct stage *stage = *state;
    run(stage, 10000);
    stage->now += 3600000;
    liveness_watch_step(&stage->watch, stage->now);
    assert_null(stuck(stage));
    run(stage, 10000);
    assert_null(stuck(stage));
}

static void a_watcher_that_hangs_is_seen_by_who_reads(void **state) {
    struct stage *stage = *state;
    run(stage, 10000);
    const uint64_t end = stage->now + LIVENESS_STUCK_MS;
    for (; stage->now < end; stage->now++) run_threads(stage);
    assert_string_equal(stuck(stage), "main");
}

/* Who reads has read the time before the watcher stepped. */
static void a_time_that_is_older_than_the_step_is_none(void **state) {
    struct stage *stage = *state;
    run(stage, 10000);
    assert_null(liveness_stuck(&stage->watch, NOW));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(who_has_turns_is_alive_and_so_is_who_sleeps),      TEST(who_hangs_is_named_and_forgiven),
        TEST(a_sleeper_that_does_not_answer_its_bell_is_stuck), TEST(a_thread_that_never_began_is_stuck),
        TEST(the_one_that_is_silent_longest_is_named),          TEST(a_pause_makes_nobody_stuck),
        TEST(a_watcher_that_hangs_is_seen_by_who_reads),        TEST(a_time_that_is_older_than_the_step_is_none),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("liveness", tests, NULL, NULL);
}
