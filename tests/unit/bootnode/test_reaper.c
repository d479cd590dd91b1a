#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bootnode/reaper.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/udp.h"
#include "tests/support/shard_guest.h"

#define START GUEST_START
#define SHARDS 3

static struct shard shards[SHARDS];
static struct shard *const all[SHARDS] = {&shards[0], &shards[1], &shards[2]};
static struct pauses pauses;
static struct reaper reaper;

static int bell(void) {
    int descriptor = eventfd(0, EFD_NONBLOCK);
    assert_true(descriptor >= 0);
    return descriptor;
}

static bool was_called(int worker) {
    eventfd_t count;
    return eventfd_read(shards[worker].bell, &count) == 0;
}

/* A round of that worker, which finds so many bytes waiting, none lost, and receives `count`: a full batch, or all. */
static void work_with(int worker, uint64_t monotonic_ms, uint32_t used, size_t count, bool full) {
    struct hearing *hearing = &shards[worker].hearing;
    const struct udp_memory memory = {.used = used};
    (void)was_called(worker);
    if (hearing_begin(hearing, &pauses, monotonic_ms)) {
        struct hearing_span doubted = hearing_mark(hearing, &pauses, monotonic_ms, &memory, 1);
        assert_true(doubted.to <= doubted.from);
    }
    hearing_received(hearing, 0, count, full);
    hearing_end(hearing);
}

static void work(int worker, uint64_t monotonic_ms) {
    work_with(worker, monotonic_ms, 0, 0, false);
}

static int start(void **state) {
    (void)state;
    pauses = (struct pauses){0};
    for (int i = 0; i < SHARDS; i++) guest_open(&shards[i], &guest_limits, bell());
    reaper_init(&reaper, all, SHARDS, true, &pauses, START);
    return 0;
}

static int stop(void **state) {
    (void)state;
    for (int i = 0; i < SHARDS; i++) {
        close(shards[i].bell);
        shard_destroy(&shards[i]);
    }
    return 0;
}

static void step_alone_at(uint64_t monotonic_ms) {
    while (reaper_step(&reaper, monotonic_ms)) continue;
}

/* The workers have had a round. */
static void step_at(uint64_t monotonic_ms) {
    for (int i = 0; i < SHARDS; i++) work(i, monotonic_ms);
    step_alone_at(monotonic_ms);
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
    assert_int_equal(atomic_load(&pauses.paused_ms), 0);
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
    assert_int_equal(atomic_load(&pauses.paused_ms), 60000);
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
    assert_int_equal(atomic_load(&pauses.paused_ms), 0);
    assert_int_equal(sessions(), 0);
}

static void no_shard_waits_for_the_others(void **state) {
    (void)state;
    for (unsigned i = 0; i < 4 * SHARD_BATCH; i++) guest_join(all[0], (struct guest){i, i}, START);
    for (unsigned i = 0; i < SHARD_BATCH; i++) guest_join(all[SHARDS - 1], (struct guest){i, i}, START);
    step_until(START + 14950);
    for (int i = 0; i < SHARDS; i++) work(i, START + 15100);
    assert_true(reaper_step(&reaper, START + 15100));
    assert_int_equal(shards[0].counters.sessions, 3 * SHARD_BATCH);
    assert_int_equal(shards[SHARDS - 1].counters.sessions, 0);
}

/* As where the reaper has little of a processor: every step takes it half a second. */
static void a_long_expiry_is_no_pause(void **state) {
    (void)state;
    const unsigned steps = 6, step_ms = REAPER_PAUSE_MS / 2;
    for (unsigned i = 0; i < steps * SHARD_BATCH; i++) guest_join(all[0], (struct guest){i, i}, START);
    step_until(START + 14950);
    for (unsigned i = 0; i < steps; i++) {
        work(0, START + 15100 + i * step_ms);
        assert_true(reaper_step(&reaper, START + 15100 + i * step_ms));
    }
    assert_int_equal(sessions(), 0);
    assert_int_equal(atomic_load(&pauses.paused_ms), 0);
    assert_in_range(shards[0].counters.lateness.max_ms, (steps - 1) * step_ms, (steps - 1) * step_ms + 150);
}

/* --- What the workers have not heard yet --- */

/* A beat that came in time waits in the socket of a worker that has no processor. */
static void a_worker_that_does_not_run_costs_nobody_a_session(void **state) {
    (void)state;
    uint64_t id = guest_join(all[0], (struct guest){1, 1}, START);
    step_until(START + 14000);
    for (uint64_t now = START + 14050; now <= START + 40000; now += REAPER_STEP_MS) step_alone_at(now);
    assert_int_equal(sessions(), 1);
    assert_int_equal(atomic_load(&pauses.paused_ms), 0);
    /* It runs, and comes to the beat with its second batch: no silence is believed before. */
    work_with(0, START + 40010, 100 * 512, 64, true);
    step_alone_at(START + 40050);
    assert_int_equal(sessions(), 1);
    guest_session(all[0], id)->heard_ms = START + 40060;
    work_with(0, START + 40060, 0, 36, false);
    step_alone_at(START + 40100);
    assert_int_equal(sessions(), 1);
    step_until(START + 55050);
    assert_int_equal(sessions(), 1);
    step_until(START + 55250);
    assert_int_equal(sessions(), 0);
}

/* The same, and no beat: it is late, and says so. */
static void who_was_silent_goes_once_the_worker_has_listened(void **state) {
    (void)state;
    guest_join(all[0], (struct guest){1, 1}, START);
    step_until(START + 14000);
    for (uint64_t now = START + 14050; now <= START + 20000; now += REAPER_STEP_MS) step_alone_at(now);
    assert_int_equal(sessions(), 1);
    work(0, START + 20010);
    step_alone_at(START + 20050);
    assert_int_equal(sessions(), 0);
    assert_int_equal(shards[0].counters.lateness.max_ms, 5050);
}

static void a_worker_that_sleeps_is_called(void **state) {
    (void)state;
    guest_join(all[0], (struct guest){1, 1}, START);
    step_until(START + 10000);
    for (uint64_t now = START + 10050; now <= START + 14950; now += REAPER_STEP_MS) step_alone_at(now);
    assert_false(was_called(0));
    unsigned calls = 0;
    for (uint64_t now = START + 15000; now <= START + 16000; now += REAPER_STEP_MS) {
        step_alone_at(now);
        calls += was_called(0);
    }
    assert_int_equal(calls, 1000 / REAPER_CALL_MS);
    assert_false(was_called(1));
    assert_int_equal(sessions(), 1);
    work(0, START + 16010);
    step_alone_at(START + 16050);
    assert_int_equal(sessions(), 0);
    step_alone_at(START + 16100);
    assert_false(was_called(0));
}

/* The first finds it about to pass a mark of a moment ago, so that it sets none. */
static void a_call_that_comes_to_nothing_is_made_again(void **state) {
    (void)state;
    guest_join(all[0], (struct guest){1, 1}, START);
    step_until(START + 14950);
    work_with(0, START + 14999, 20000, 64, true);
    step_alone_at(START + 15010);
    assert_true(was_called(0));
    work_with(0, START + 15011, 0, 15, false);
    for (uint64_t now = START + 15050; now <= START + 15200; now += REAPER_STEP_MS) {
        step_alone_at(now);
        if (was_called(0)) work(0, now + 1);
    }
    assert_int_equal(sessions(), 0);
}

/* Its bell was for a beat that it heard: the next time it is called again. */
static void a_worker_is_called_each_time_somebody_is_due(void **state) {
    (void)state;
    uint64_t id = guest_join(all[0], (struct guest){1, 1}, START);
    unsigned calls = 0;
    (void)was_called(0); /* by the room, for its announcement */
    for (uint64_t now = START + 50; now <= START + 40000; now += REAPER_STEP_MS) {
        step_alone_at(now);
        if (!was_called(0)) continue;
        calls++;
        guest_session(all[0], id)->heard_ms = (uint32_t)now;
        work(0, now + 1);
    }
    assert_int_equal(calls, 2);
    assert_int_equal(sessions(), 1);
}

static void without_steering_all_have_to_listen(void **state) {
    (void)state;
    reaper.steered = false;
    guest_join(all[0], (struct guest){1, 1}, START);
    step_until(START + 14000);
    for (uint64_t now = START + 14050; now <= START + 16000; now += REAPER_STEP_MS) {
        work(0, now);
        work(1, now);
        step_alone_at(now);
    }
    assert_int_equal(sessions(), 1);
    assert_true(was_called(2));
    work(2, START + 16010);
    step_alone_at(START + 16050);
    assert_int_equal(sessions(), 0);
}

/* --- Who was stopped --- */

static void a_reaper_that_alone_had_no_processor_is_no_pause(void **state) {
    (void)state;
    guest_join(all[0], (struct guest){1, 1}, START);
    step_until(START + 14000);
    for (uint64_t now = START + 14400; now <= START + 17200; now += 400) work(1, now);
    step_at(START + 17250);
    assert_int_equal(atomic_load(&pauses.paused_ms), 0);
    step_at(START + 17300);
    assert_int_equal(sessions(), 0);
}

/* After the pause a worker runs first, and hears; and one sleeps on. */
static void a_pause_is_what_nobody_ran_in(void **state) {
    (void)state;
    guest_join(all[0], (struct guest){1, 1}, START);
    step_until(START + 10000);
    work(0, START + 10300);
    work(1, START + 10040);
    work(0, START + 70000);
    work(0, START + 70020);
    step_alone_at(START + 70040);
    assert_int_equal(atomic_load(&pauses.paused_ms), 59700);
    assert_int_equal(sessions(), 1);
    step_until(START + 74600);
    assert_int_equal(sessions(), 1);
    step_until(START + 74850);
    assert_int_equal(sessions(), 0);
}

/* Each time the workers run before the reaper does. */
static void a_short_pause_after_a_long_one_is_seen(void **state) {
    (void)state;
    step_until(START + 1000);
    step_at(START + 61000);
    step_until(START + 62000);
    for (int i = 0; i < SHARDS; i++) work(i, START + 64000);
    for (int i = 0; i < SHARDS; i++) work(i, START + 64030);
    step_alone_at(START + 64040);
    assert_int_equal(atomic_load(&pauses.paused_ms), 60000 + 2000);
}

/* A worker that was asleep for long before it all says nothing of the time after. */
static void an_older_sleep_is_no_pause(void **state) {
    (void)state;
    for (int i = 0; i < SHARDS; i++) work(i, START + 10);
    for (uint64_t now = START + 50; now <= START + 9000; now += REAPER_STEP_MS) step_alone_at(now);
    for (uint64_t now = START + 9010; now <= START + 12000; now += 100)
        for (int i = 0; i < SHARDS; i++) work(i, now);
    step_alone_at(START + 12010);
    assert_int_equal(atomic_load(&pauses.paused_ms), 0);
}

static void it_rests_as_long_as_it_works(void **state) {
    (void)state;
    assert_int_equal(reaper_rest_us(200, 0), 200);
    assert_int_equal(reaper_rest_us(900, REAPER_BEHIND_MS), 900);
    assert_int_equal(reaper_rest_us(800, REAPER_BEHIND_MS + 1), 100);
    assert_true(reaper_rest_us(0, 0) > 0);
    assert_true(reaper_rest_us(1, 10000) > 0);
}

static void the_thread_steps_and_stops(void **state) {
    (void)state;
    uint64_t now = clock_monotonic_ms();
    reaper_init(&reaper, all, SHARDS, true, &pauses, now);
    /* Due already, so that the first step finds it: waited for is the thing, not the time. */
    guest_join(all[1], (struct guest){1, 1}, now - 16000);
    work(1, now);
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
        reaper_test(a_worker_that_does_not_run_costs_nobody_a_session),
        reaper_test(who_was_silent_goes_once_the_worker_has_listened),
        reaper_test(a_worker_that_sleeps_is_called),
        reaper_test(a_call_that_comes_to_nothing_is_made_again),
        reaper_test(a_worker_is_called_each_time_somebody_is_due),
        reaper_test(without_steering_all_have_to_listen),
        reaper_test(a_reaper_that_alone_had_no_processor_is_no_pause),
        reaper_test(a_pause_is_what_nobody_ran_in),
        reaper_test(a_short_pause_after_a_long_one_is_seen),
        reaper_test(an_older_sleep_is_no_pause),
        reaper_test(it_rests_as_long_as_it_works),
        reaper_test(the_thread_steps_and_stops),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    log_set_level(LOG_LEVEL_ERROR);
    rcu_reader_register();
    int failed = cmocka_run_group_tests_name("reaper", tests, NULL, NULL);
    rcu_reader_unregister();
    return failed;
}
