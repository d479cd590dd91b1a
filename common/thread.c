#include "common/thread.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "common/rcu.h"

#define NICE_STEP 10

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

void thread_give_way(void) {
    /* On Linux a nice value is a thread's, and 0 the caller. */
    (void)setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + NICE_STEP);
}

void thread_join(struct thread *thread) {
    if (!thread->started) return;
    pthread_join(thread->handle, NULL);
    thread->started = false;
}
