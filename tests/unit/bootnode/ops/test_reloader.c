#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bootnode/ops/reloader.h"
#include "common/rcu.h"

#define WAIT_MS 20000

/* --- A reload that takes as long as it should --- */

static sem_t may_end;
static atomic_uint began, under_way;
static atomic_bool overlapped, was_offline;

static bool reload(void *context, char **report) {
    (void)context;
    atomic_fetch_add(&began, 1);
    if (atomic_fetch_add(&under_way, 1) > 0) atomic_store(&overlapped, true);
    if (!rcu_reader_is_online()) atomic_store(&was_offline, true);
    rcu_reader_offline();
    while (sem_wait(&may_end) != 0) continue;
    rcu_reader_online();
    atomic_fetch_sub(&under_way, 1);
    *report = NULL;
    return true;
}

static const struct operations operations = {.reload = reload};
static struct reloader reloader;

static int start(void **state) {
    (void)state;
    sem_init(&may_end, 0, 0);
    atomic_store(&began, 0);
    reloader = (struct reloader){.operations = &operations, .bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
    return reloader.bell < 0;
}

static int stop(void **state) {
    (void)state;
    reloader_stop(&reloader);
    close(reloader.bell);
    sem_destroy(&may_end);
    assert_false(atomic_load(&overlapped));
    assert_false(atomic_load(&was_offline));
    return 0;
}

/* By its bell, as the main thread hears of it. */
static void await_end(void) {
    struct pollfd wanted = {.fd = reloader.bell, .events = POLLIN};
    eventfd_t ignored;
    assert_int_equal(poll(&wanted, 1, WAIT_MS), 1);
    assert_int_equal(eventfd_read(reloader.bell, &ignored), 0);
    assert_true(reloader_ends(&reloader));
}

static void one_reload_and_no_more(void **state) {
    (void)state;
    assert_false(reloader_begins(&reloader));
    assert_false(reloader_ends(&reloader));
    reloader_ask(&reloader);
    assert_true(reloader_begins(&reloader));
    assert_false(reloader_ends(&reloader));
    sem_post(&may_end);
    await_end();
    assert_false(reloader_begins(&reloader));
    assert_false(reloader_ends(&reloader));
    assert_int_equal(atomic_load(&began), 1);
}

/* It may have read already what they changed. */
static void who_asks_meanwhile_has_another_one(void **state) {
    (void)state;
    reloader_ask(&reloader);
    assert_true(reloader_begins(&reloader));
    for (size_t i = 0; i < 3; i++) {
        reloader_ask(&reloader);
        assert_false(reloader_begins(&reloader));
    }
    sem_post(&may_end);
    await_end();
    assert_int_equal(atomic_load(&began), 1);
    assert_true(reloader_begins(&reloader));
    sem_post(&may_end);
    await_end();
    assert_false(reloader_begins(&reloader));
    assert_int_equal(atomic_load(&began), 2);
}

static void the_end_waits_for_the_one_that_runs(void **state) {
    (void)state;
    reloader_ask(&reloader);
    assert_true(reloader_begins(&reloader));
    reloader_ask(&reloader);
    sem_post(&may_end);
    reloader_stop(&reloader);
    assert_int_equal(atomic_load(&began), 1);
    assert_int_equal(atomic_load(&under_way), 0);
    assert_false(reloader_begins(&reloader));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, start, stop)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(one_reload_and_no_more),
        TEST(who_asks_meanwhile_has_another_one),
        TEST(the_end_waits_for_the_one_that_runs),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("reloader", tests, NULL, NULL);
}
