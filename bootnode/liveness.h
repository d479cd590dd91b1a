/* Liveness: whether each thread that serves has had a turn lately, so that a service manager or a load balancer learns
 * of one that hangs while the others go on.
 *
 * Rules:
 * 1. A thread notes each turn itself, in a word of its own, once a round. That is all it does for it.
 * 2. A thread that sleeps because there is nothing to do is not stuck. So it is asked for a turn: its bell is rung, and
 *    the silence counts from then on. One without a bell takes its turns by the clock.
 * 3. What counts is the time in which the watcher ran, too: a step counts for LIVENESS_GAP_MS at most. So a process
 * that was stopped or a machine that was suspended makes nobody stuck.
 * 4. Nobody judges himself: the watcher, which is the main thread, is late by when it stepped last, and those who read
 *    the verdict see that. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LIVENESS_STEP_MS 500 /* how often the watcher asks, at least */
#define LIVENESS_GAP_MS 1000
#define LIVENESS_STUCK_MS 5000 /* a turn takes some 400 µs; what a machine without a processor to spare may add */
#define LIVENESS_NAME_SIZE 32
#define LIVENESS_THREADS_MAX 520 /* every worker twice, the reaper and the cluster's */

/* Of one thread, or of one thing that it has to do in turn. All zero: no turn yet. */
struct liveness {
    _Atomic uint64_t turn_ms; /* monotonic; of the latest turn, written by the thread alone */
};

static inline void liveness_turn(struct liveness *liveness, uint64_t monotonic_ms) {
    atomic_store_explicit(&liveness->turn_ms, monotonic_ms, memory_order_relaxed);
}

struct liveness_thread {
    const struct liveness *liveness;
    char name[LIVENESS_NAME_SIZE];
    int bell;           /* eventfd; -1: none */
    uint64_t asked_ms;  /* monotonic */
    uint64_t silent_ms; /* since then, as far as it counts */
};

/* The watcher's. One thread adds and steps; any thread reads. */
struct liveness_watch {
    struct liveness_thread threads[LIVENESS_THREADS_MAX];
    size_t count;
    _Atomic uint64_t stepped_ms;
    _Atomic uint64_t silent_ms;        /* the longest silence of all, at the last step */
    _Atomic(const char *) silent_name; /* whose that is */
};

/* Nobody is watched; `monotonic_ms` counts as a step. */
void liveness_watch_init(struct liveness_watch *watch, uint64_t monotonic_ms);
/* Before the first step, LIVENESS_THREADS_MAX at most; `liveness` must outlive the watch, and the bell stays the
 * caller's. What people read as the thread's name is cut to its size. */
void liveness_watch_add(struct liveness_watch *watch, const char *name, const struct liveness *liveness, int bell);
/* Sees who had a turn, and asks for the next one. */
void liveness_watch_step(struct liveness_watch *watch, uint64_t monotonic_ms);
/* NULL: each thread had a turn within LIVENESS_STUCK_MS. Else the name of the one that is silent longest, valid as long
 * as the watch; that of the watcher is "main". Any thread. */
const char *liveness_stuck(const struct liveness_watch *watch, uint64_t monotonic_ms);
