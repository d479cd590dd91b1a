#include "common/thread.h"

#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/rcu.h"
#include "common/sanitizers.h"

#ifdef GOCHAT_TSAN
#include <sanitizer/tsan_interface.h>
#endif

#define SLICE_NS 100000 /* the least that the kernel grants */

static void *thread_entry(void *argument) {
    struct thread *thread = argument;
    (void)pthread_setname_np(pthread_self(), thread->name);
    if (thread->uses_rcu) rcu_reader_register();
    thread->run(thread->argument);
    if (thread->uses_rcu) rcu_reader_unregister();
    return NULL;
}

/* Faults stay unblocked: a blocked one kills without the sanitizers' reports. */
static void block_signals(sigset_t *previous) {
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT};
    sigset_t blocked;
    sigfillset(&blocked);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) sigdelset(&blocked, faults[i]);
    pthread_sigmask(SIG_SETMASK, &blocked, previous);
}

int thread_start(struct thread *thread, const char *name, bool uses_rcu, thread_main run, void *argument) {
    *thread = (struct thread){.run = run, .argument = argument, .uses_rcu = uses_rcu};
    snprintf(thread->name, sizeof thread->name, "%s", name);
    /* The thread inherits the mask, so there is no moment in which it could take a signal. */
    sigset_t previous;
    block_signals(&previous);
    int error = pthread_create(&thread->handle, NULL, thread_entry, thread);
    pthread_sigmask(SIG_SETMASK, &previous, NULL);
    thread->started = error == 0;
    return -error;
}

void thread_give_way(int steps) {
    /* On Linux a nice value is a thread's, and 0 the caller. */
    (void)setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + steps);
}

void thread_answer_soon(void) {
    /* sched_setattr(2): the C library has neither the call nor, without a clash, the structure. */
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime_ns, deadline_ns, period_ns;
    } attributes = {.size = sizeof attributes, .policy = SCHED_OTHER, .runtime_ns = SLICE_NS};
    /* Who gave us another policy meant it. */
    if (sched_getscheduler(0) != SCHED_OTHER) return;
    attributes.nice = getpriority(PRIO_PROCESS, 0);
    (void)syscall(SYS_sched_setattr, 0, &attributes, 0);
}

/* The thread sanitizer of GCC 12 does not know that call, so it is told of what came of it. */
bool thread_lock_until(pthread_mutex_t *mutex, const struct timespec *deadline) {
    if (pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, deadline) != 0) return false;
#ifdef GOCHAT_TSAN
    __tsan_mutex_pre_lock(mutex, 0);
    __tsan_mutex_post_lock(mutex, 0, 0);
#endif
    return true;
}

void thread_join(struct thread *thread) {
    if (!thread->started) return;
    pthread_join(thread->handle, NULL);
    thread->started = false;
}
