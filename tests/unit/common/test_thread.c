#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/rcu.h"
#include "common/thread.h"

struct seen {
    char name[16];
    sigset_t mask;
    int registered;
    int runs;
};

static void look_around(void *argument) {
    struct seen *seen = argument;
    pthread_getname_np(pthread_self(), seen->name, sizeof seen->name);
    pthread_sigmask(SIG_SETMASK, NULL, &seen->mask);
    /* Online as soon as registered: QSBR has no other reader state to ask for. */
    seen->registered = rcu_read_ongoing();
    seen->runs++;
}

static struct seen look(const char *name, bool uses_rcu) {
    struct thread thread;
    struct seen seen = {.runs = 0};
    assert_int_equal(thread_start(&thread, name, uses_rcu, look_around, &seen), 0);
    thread_join(&thread);
    assert_int_equal(seen.runs, 1);
    return seen;
}

static void carries_its_name(void **state) {
    (void)state;
    assert_string_equal(look("worker-3", false).name, "worker-3");
    assert_string_equal(look("a-name-that-is-too-long", false).name, "a-name-that-is-");
}

static void takes_no_signals_but_faults(void **state) {
    (void)state;
    struct seen seen = look("signals", false);
    static const int blocked[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGPIPE, SIGCHLD, SIGWINCH};
    static const int open[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    for (size_t i = 0; i < sizeof blocked / sizeof *blocked; i++)
        assert_int_equal(sigismember(&seen.mask, blocked[i]), 1);
    for (size_t i = 0; i < sizeof open / sizeof *open; i++) assert_int_equal(sigismember(&seen.mask, open[i]), 0);
}

static void leaves_the_callers_mask_alone(void **state) {
    (void)state;
    sigset_t after;
    (void)look("mask", false);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    assert_int_equal(sigismember(&after, SIGTERM), 0);
}

static void registers_with_rcu_when_asked(void **state) {
    (void)state;
    assert_true(look("reader", true).registered);
    assert_false(look("other", false).registered);
}

static void joins_once_and_never_the_unstarted(void **state) {
    (void)state;
    struct thread thread = {.started = false};
    thread_join(&thread);
    struct seen seen = {.runs = 0};
    assert_int_equal(thread_start(&thread, "once", false, look_around, &seen), 0);
    assert_true(thread.started);
    thread_join(&thread);
    assert_false(thread.started);
    thread_join(&thread);
    assert_int_equal(seen.runs, 1);
}

static void give_way(void *argument) {
    int *nice = argument;
    thread_give_way(THREAD_BACKGROUND);
    *nice = getpriority(PRIO_PROCESS, 0);
}

static void gives_way_alone(void **state) {
    (void)state;
    struct thread thread;
    int before = getpriority(PRIO_PROCESS, 0), nice = before;
    assert_int_equal(thread_start(&thread, "nice", false, give_way, &nice), 0);
    thread_join(&thread);
    assert_int_equal(nice, before + 10 > 19 ? 19 : before + 10);
    assert_int_equal(getpriority(PRIO_PROCESS, 0), before);
}

struct scheduling {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime_ns, deadline_ns, period_ns;
};

static void answer_soon(void *argument) {
    thread_answer_soon();
    assert_int_equal(syscall(SYS_sched_getattr, 0, argument, sizeof(struct scheduling), 0), 0);
}

static void asks_for_short_slices_and_nothing_else(void **state) {
    (void)state;
    struct thread thread;
    struct scheduling scheduling = {.size = sizeof scheduling};
    assert_int_equal(thread_start(&thread, "soon", false, answer_soon, &scheduling), 0);
    thread_join(&thread);
    assert_int_equal(scheduling.policy, SCHED_OTHER);
    assert_int_equal(scheduling.nice, getpriority(PRIO_PROCESS, 0));
    /* Kernels before 6.12 know of no slice. */
    assert_in_range(scheduling.runtime_ns, 0, 100000);
}

static void answer_soon_as_batch(void *argument) {
    assert_int_equal(sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){0}), 0);
    answer_soon(argument);
}

static void leaves_another_policy_alone(void **state) {
    (void)state;
    struct thread thread;
    struct scheduling scheduling = {.size = sizeof scheduling};
    assert_int_equal(thread_start(&thread, "batch", false, answer_soon_as_batch, &scheduling), 0);
    thread_join(&thread);
    assert_int_equal(scheduling.policy, SCHED_BATCH);
}

/* The deadline is long over, so that nobody waits here. */
static void try_to_lock(void *argument) {
    static const struct timespec over = {.tv_sec = 0};
    pthread_mutex_t *mutex = *(pthread_mutex_t **)argument;
    if (!thread_lock_until(mutex, &over)) return;
    *(pthread_mutex_t **)argument = NULL;
    pthread_mutex_unlock(mutex);
}

static bool can_lock(pthread_mutex_t *mutex) {
    struct thread thread;
    pthread_mutex_t *wanted = mutex;
    assert_int_equal(thread_start(&thread, "other", false, try_to_lock, &wanted), 0);
    thread_join(&thread);
    return wanted == NULL;
}

static void a_mutex_that_another_has_is_not_waited_for_longer(void **state) {
    (void)state;
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    assert_true(can_lock(&mutex));
    pthread_mutex_lock(&mutex);
    assert_false(can_lock(&mutex));
    pthread_mutex_unlock(&mutex);
    assert_true(can_lock(&mutex));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mutex_that_another_has_is_not_waited_for_longer),
        cmocka_unit_test(carries_its_name),
        cmocka_unit_test(takes_no_signals_but_faults),
        cmocka_unit_test(leaves_the_callers_mask_alone),
        cmocka_unit_test(registers_with_rcu_when_asked),
        cmocka_unit_test(gives_way_alone),
        cmocka_unit_test(asks_for_short_slices_and_nothing_else),
        cmocka_unit_test(leaves_another_policy_alone),
        cmocka_unit_test(joins_once_and_never_the_unstarted),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("thread", tests, NULL, NULL);
}
