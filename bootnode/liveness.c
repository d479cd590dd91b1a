#include "bootnode/liveness.h"

#include <assert.h>
#include <stdio.h>
#include <sys/eventfd.h>

#include "common/clock.h"

void liveness_watch_init(struct liveness_watch *watch, uint64_t monotonic_ms) {
    watch->count = 0;
    atomic_store_explicit(&watch->stepped_ms, monotonic_ms, memory_order_relaxed);
    atomic_store_explicit(&watch->silent_ms, 0, memory_order_relaxed);
    atomic_store_explicit(&watch->silent_name, NULL, memory_order_relaxed);
}

void liveness_watch_add(struct liveness_watch *watch, const char *name, const struct liveness *liveness, int bell) {
    assert(watch->count < LIVENESS_THREADS_MAX);
    struct liveness_thread *thread = &watch->threads[watch->count++];
    *thread = (struct liveness_thread){.liveness = liveness, .bell = bell};
    snprintf(thread->name, sizeof thread->name, "%s", name);
}

static void ask(struct liveness_thread *thread, uint64_t monotonic_ms) {
    thread->asked_ms = monotonic_ms;
    thread->silent_ms = 0;
}

/* It is called at each step, since a call costs little; a lost one would cost a restart. */
static void look_at(struct liveness_thread *thread, uint64_t monotonic_ms, uint64_t elapsed_ms) {
    bool asked = thread->asked_ms != 0;
    if (!asked || atomic_load_explicit(&thread->liveness->turn_ms, memory_order_relaxed) >= thread->asked_ms)
        ask(thread, monotonic_ms);
    else
        thread->silent_ms += elapsed_ms;
    if (thread->bell >= 0) (void)eventfd_write(thread->bell, 1);
}

void liveness_watch_step(struct liveness_watch *watch, uint64_t monotonic_ms) {
    const uint64_t stepped_ms = atomic_load_explicit(&watch->stepped_ms, memory_order_relaxed);
    const uint64_t elapsed_ms = earlier(monotonic_ms - stepped_ms, LIVENESS_GAP_MS);
    const struct liveness_thread *longest = NULL;
    for (size_t i = 0; i < watch->count; i++) {
        look_at(&watch->threads[i], monotonic_ms, elapsed_ms);
        if (!longest || watch->threads[i].silent_ms > longest->silent_ms) longest = &watch->threads[i];
    }
    atomic_store_explicit(&watch->silent_name, longest ? longest->name : NULL, memory_order_relaxed);
    atomic_store_explicit(&watch->silent_ms, longest ? longest->silent_ms : 0, memory_order_relaxed);
    atomic_store_explicit(&watch->stepped_ms, monotonic_ms, memory_order_relaxed);
}

const char *liveness_stuck(const struct liveness_watch *watch, uint64_t monotonic_ms) {
    const uint64_t stepped_ms = atomic_load_explicit(&watch->stepped_ms, memory_order_relaxed);
    if (monotonic_ms > stepped_ms && monotonic_ms - stepped_ms >= LIVENESS_STUCK_MS) return "main";
    if (atomic_load_explicit(&watch->silent_ms, memory_order_relaxed) < LIVENESS_STUCK_MS) return NULL;
    return atomic_load_explicit(&watch->silent_name, memory_order_relaxed);
}
