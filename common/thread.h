/* Threads: start with a name, all signals blocked (the main thread takes them through signalfd), registered with
 * RCU when asked, joined exactly once. */
#pragma once

#include <pthread.h>
#include <stdbool.h>

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
int thread_start(struct thread *thread, const char *name, bool uses_rcu, thread_main run, void *argument);
/* Gives the calling thread less of a processor that it shares with others of the process: nice value + 10. */
void thread_give_way(void);
/* Waits for its end; nothing for a thread that was never started. The caller, if it uses RCU, must be offline. */
void thread_join(struct thread *thread);
