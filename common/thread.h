/* Threads: start with a name, all signals blocked (the main thread takes them through signalfd), registered with
 * RCU when asked, joined exactly once. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <time.h>

#include "common/attributes.h"

typedef void (*thread_main)(void *argument);

struct thread {
    pthread_t handle;
    thread_main run;
    void *argument;
    char name[16]; /* as the kernel shows it, cut to 15 bytes */
    bool uses_rcu;
    bool started;
};

/* `thread` must stay in place until joined. Returns 0 or a negative errno. With `uses_rcu` the thread is registered
 * with the QSBR flavour while it runs (see rcu.h). */
MUST_USE int thread_start(struct thread *thread, const char *name, bool uses_rcu, thread_main run, void *argument);
/* Gives the calling thread less of a processor that it shares with others of the process: so many steps of the nice
 * value. Threads that it starts inherit that. */
#define THREAD_BACKGROUND 10 /* the usual number of them: about a tenth of a worker's share */
void thread_give_way(int steps);
/* For a thread that wakes often and runs briefly: asks the scheduler for short slices (EEVDF, Linux 6.12; older kernels
 * take no notice), so that it need not wait for another's slice to end. Its share of the processor stays, and so does a
 * policy other than the usual one. */
void thread_answer_soon(void);
/* Takes a mutex until a time of CLOCK_MONOTONIC; false where it was not to be had by then. */
MUST_USE bool thread_lock_until(pthread_mutex_t *mutex, const struct timespec *deadline);
/* Waits for its end; nothing for a thread that was never started. The caller, if it uses RCU, must be offline. */
void thread_join(struct thread *thread);
