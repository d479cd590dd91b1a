#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bootnode/clustering.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/rcu.h"
#include "tests/support/cluster_node.h"
#include "tests/support/folder.h"

static struct bootnode_config config;
static struct clustering clustering;
static struct node node;

/* What the cluster's thread marks its requests with is what the workers know them by, also while a key is replaced. */
static void a_node_knows_the_marks_of_its_own_kind(void **state) {
    static struct keyring keys;
    struct why why;
    for (size_t previous = 0; previous < 3; previous++) {
        uint8_t seed[SEED_SIZE] = {(uint8_t)(1 + previous)};
        cluster_node_configure(&config, *state);
        keys = (struct keyring){.previous_count = previous};
        node_key_derive(seed, &keys.present);
        for (size_t i = 0; i < previous; i++) {
            seed[0] = (uint8_t)(previous - i);
            node_key_derive(seed, &keys.previous[i]);
        }
        clustering = (struct clustering){.cluster = NULL};
        if (!clustering_open(&clustering, &config, &keys, NULL, &why)) fail_msg("%s", why.text);
        assert_true(node_init(&node, &config, &keys.present, 1, 1000));
        assert_true(clustering_enter(&clustering, &node));
        node_set_previous_keys(&node, keys.previous, keys.previous_count);
        assert_true(node_is_clustered(&node) && node_is_lost(&node));
        assert_memory_equal(clustering.cluster->probe_key, node.probe_key, sizeof node.probe_key);
        assert_false(sodium_is_zero(node.probe_key, sizeof node.probe_key));
        clustering_close(&clustering);
        node_destroy(&node);
    }
}

/* --- Its thread --- */

static void open_and_start(const char *folder) {
    static struct keyring keys;
    static struct board board = {.socket = -1};
    struct why why;
    cluster_node_configure(&config, folder);
    clustering = (struct clustering){.cluster = NULL};
    node_key_derive((const uint8_t[SEED_SIZE]){1}, &keys.present);
    if (!clustering_open(&clustering, &config, &keys, &board, &why)) fail_msg("%s", why.text);
    assert_true(node_init(&node, &config, &keys.present, 1, 1000));
    assert_true(clustering_enter(&clustering, &node));
    assert_int_equal(clustering_start(&clustering), 0);
}

static void close_all(void) {
    rcu_reader_offline();
    clustering_close(&clustering);
    rcu_reader_online();
    node_destroy(&node);
}

static uint64_t turn(void) {
    return atomic_load(&clustering.turned.turn_ms);
}

static void await_turn_after(uint64_t before) {
    while (turn() <= before) (void)poll(NULL, 0, 1);
}

/* Here it hangs because somebody does not give its lock back. Time to the watch is a number. */
static void a_thread_that_hangs_is_noticed(void **state) {
    static struct liveness_watch watch;
    uint64_t now;
    clustering = (struct clustering){.cluster = NULL};
    liveness_watch_init(&watch, 0);
    clustering_watch(&clustering, &watch);
    assert_int_equal(watch.count, 0);
    open_and_start(*state);
    clustering_watch(&clustering, &watch);
    await_turn_after(0);
    now = turn();
    clustering_wake(&clustering);
    await_turn_after(now);
    pthread_mutex_lock(&clustering.cluster->lock);
    now = turn() + 1000000;
    for (uint64_t ms = 0; ms <= LIVENESS_STUCK_MS + 1000; ms += LIVENESS_STEP_MS) liveness_watch_step(&watch, now + ms);
    const char *stuck = liveness_stuck(&watch, now + LIVENESS_STUCK_MS + 1000);
    pthread_mutex_unlock(&clustering.cluster->lock);
    assert_non_null(stuck);
    assert_string_equal(stuck, "cluster");
    close_all();
}

/* Whoever finds the port of its STUN, and floods it, costs a quarter of a processor, and not one. */
static void a_flood_takes_a_quarter_of_a_processor(void **state) {
    const int from = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in to;
    socklen_t size = sizeof to;
    clockid_t clock;
    struct timespec used;
    open_and_start(*state);
    assert_int_equal(getsockname(clustering.cluster->sockets[0], (struct sockaddr *)&to, &size), 0);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const uint64_t began = clock_monotonic_ms(), turned = turn();
    uint64_t sent = 0;
    for (; clock_monotonic_ms() < began + 800 || sent < 20000; sent++)
        (void)sendto(from, "flood", 5, MSG_DONTWAIT, (struct sockaddr *)&to, size);
    assert_int_equal(pthread_getcpuclockid(clustering.cluster->thread.handle, &clock), 0);
    assert_int_equal(clock_gettime(clock, &used), 0);
    const uint64_t used_ms = (uint64_t)used.tv_sec * 1000 + (uint64_t)used.tv_nsec / 1000000;
    await_turn_after(turned);
    assert_in_range(used_ms, 0, (clock_monotonic_ms() - began) * 30 / 100);
    close(from);
    close_all();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_node_knows_the_marks_of_its_own_kind, folder_make, folder_remove),
        cmocka_unit_test_setup_teardown(a_thread_that_hangs_is_noticed, folder_make, folder_remove),
        cmocka_unit_test_setup_teardown(a_flood_takes_a_quarter_of_a_processor, folder_make, folder_remove),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    if (sodium_init() < 0) return EXIT_FAILURE;
    log_set_level(LOG_LEVEL_ERROR);
    rcu_reader_register();
    const int failed = cmocka_run_group_tests_name("clustering", tests, NULL, NULL);
    rcu_reader_unregister();
    return failed;
}
