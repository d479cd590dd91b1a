#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bootnode/reaper.h"
#include "common/clock.h"
#include "common/log.h"
#include "tests/support/shard_guest.h"

#define START GUEST_START
#define SHARDS 3

static struct shard shards[SHARDS];
static struct shard *const all[SHARDS] = {&shards[0], &shards[1], &shards[2]};
static _Atomic uint64_t paused;
static struct reaper reaper;

static int start(void **state) {
    (void)state;
    atomic_store(&paused, 0);
    for (int i = 0; i < SHARDS; i++) guest_open(&shards[i], &guest_limits, -1);
    reaper_init(&reaper, all, SHARDS, &paused, START);
    return 0;
}

static int stop(void **state) {
    (void)state;
    for (int i = 0; i < SHARDS; i++) shard_destroy(&shards[i]);
    return 0;
}

static void step_at(uint64_t monotonic_ms) {
    while (reaper_step(&reaper, monotonic_ms)) continue;
}

/* Steps up to and including `until`, as the thread does. */
static void step_until(uint64_t until) {
    while (reaper.stepped_ms < until) step_at(reaper.stepped_ms + REAPER_STEP_MS);
}

static uint64_t sessions(void) {
    uint64_t sum = 0;
    for (int i = 0; i < SHARDS; i++) sum += shards[i].counters.sessions;
    return sum;
}

static void silent_sessions_go_from_all_shards_in_time(void **state) {
    (void)state;
    for (unsigned i = 0; i < 3 * SHARD_BATCH; i++) guest_join(all[i % SHARDS], (struct guest){i, i}, START);
    step_until(START + 14950);
    assert_int_equal(sessions(), 3 * SHARD_BATCH);
    step_until(START + 15100);
    assert_int_equal(sessions(), 0);
    assert_int_equal(atomic_load(&paused), 0);
}

static void what_was_found_late_is_noted(void **state) {
    (void)state;
    const struct lateness *lateness = &shards[0].counters.lateness;
    guest_join(all[0], (struct guest){1, 1}, START);
    step_until(START + 14500);
    guest_join(all[0], (struct guest){1, 2}, START + 100);
    step_at(START + 15400);
    assert_int_equal(shards[0].counters.expired, 2);
    assert_int_equal(lateness->sum_ms, 700);
    assert_int_equal(lateness->max_ms, 400);
}

static void a_pause_moves_all_deadlines(void **state) {
    (void)state;
    guest_join(all[0], (struct guest){1, 1}, START);
    step_until(START + 10000);
    step_at(START + 70000);
    assert_int_equal(atomic_load(&paused), 60000);
    step_until(START + 74900);
    assert_int_equal(sessions(), 1);
    step_until(START + 75100);
    assert_int_equal(sessions(), 0);
}

static void a_late_step_is_no_pause(void **state) {
    (void)state;
    guest_join(all[0], (struct guest){1, 1}, START);
    step_until(START + 14500);
    step_at(START + 14500 + REAPER_PAUSE_MS);
    assert_int_equal(atomic_load(&paused), 0);
    assert_int_equal(sessions(), 0);
}

static void no_shard_waits_for_the_others(void **state) {
    (void)state;
    for (unsigned i = 0; i < 4 * SHARD_BATCH; i++) guest_join(all[0], (struct guest){i, i}, START);
    for (unsigned i = 0; i < SHARD_BATCH; i++) guest_join(all[SHARDS - 1], (struct guest){i, i}, START);
    step_until(START + 14950);
    assert_true(reaper_step(&reaper, START + 15100));
    assert_int_equal(shards[0].counters.sessions, 3 * SHARD_BATCH);
    assert_int_equal(shards[SHARDS - 1].counters.sessions, 0);
}

/* As where heartbeats leave the reaper little of a processor: every step takes it half a second. */
static void a_long_expiry_is_no_pause(void **state) {
    (void)state;
    const unsigned steps = 6, step_ms = REAPER_PAUSE_MS / 2;
    for (unsigned i = 0; i < steps * SHARD_BATCH; i++) guest_join(all[0], (struct guest){i, i}, START);
    step_until(START + 14950);
    for (unsigned i = 0; i < steps; i++) assert_true(reaper_step(&reaper, START + 15100 + i * step_ms));
    assert_int_equal(sessions(), 0);
    assert_int_equal(atomic_load(&paused), 0);
    assert_in_range(shards[0].counters.lateness.max_ms, (steps - 1) * step_ms, (steps - 1) * step_ms + 150);
}

static void the_thread_steps_and_stops(void **state) {
    (void)state;
    uint64_t now = clock_monotonic_ms();
    reaper_init(&reaper, all, SHARDS, &paused, now);
    /* Due already, so that the first step finds it: waited for is the thing, not the time. */
    guest_join(all[1], (struct guest){1, 1}, now - 16000);
    assert_int_equal(reaper_start(&reaper), 0);
    rcu_reader_offline();
    for (bool gone = false; !gone;) {
        pthread_mutex_lock(&all[1]->mutex);
        gone = all[1]->counters.sessions == 0;
        pthread_mutex_unlock(&all[1]->mutex);
    }
    reaper_stop(&reaper);
    reaper_stop(&reaper);
    rcu_reader_online();
    assert_int_equal(all[1]->counters.expired, 1);
}

#define reaper_test(function) cmocka_unit_test_setup_teardown(function, start, stop)

int main(void) {
    const struct CMUnitTest tests[] = {
        reaper_test(silent_sessions_go_from_all_shards_in_time),
        reaper_test(what_was_found_late_is_noted),
        reaper_test(a_pause_moves_all_deadlines),
        reaper_test(a_late_step_is_no_pause),
        reaper_test(no_shard_waits_for_the_others),
        reaper_test(a_long_expiry_is_no_pause),
        reaper_test(the_thread_steps_and_stops),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    log_set_level(LOG_LEVEL_ERROR);
    rcu_reader_register();
    int failed = cmocka_run_group_tests_name("reaper", tests, NULL, NULL);
    rcu_reader_unregister();
    return failed;
}
