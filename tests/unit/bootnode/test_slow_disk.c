/* A disk that hangs for seconds: nobody waits for it but the one who writes what a cluster keeps, and no memory does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <poll.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bootnode/clustering.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/rcu.h"
#include "common/thread.h"
#include "tests/support/cluster_node.h"
#include "tests/support/folder.h"

#define OWN_ID 3
#define WAIT_MS 20000
#define LOCK_MS 2000 /* for so long a lock may be somebody's who works */

static struct bootnode_config config;
static struct clustering clustering;
static struct node node;

/* --- The disk --- */

static atomic_int file = -1;    /* whose writes hang; -1: none */
static atomic_bool is_released; /* they do so no more */
static atomic_uint writes;      /* that hung */

/* What they saw: they came from a reader of RCU that was online, under a lock, or before the homes were published. */
static atomic_bool online, locked, early;

static bool comes_free(pthread_mutex_t *mutex) {
    for (int ms = 0; pthread_mutex_trylock(mutex) != 0; ms++) {
        if (ms == LOCK_MS) return false;
        (void)poll(NULL, 0, 1);
    }
    pthread_mutex_unlock(mutex);
    return true;
}

static void see_and_hang(void) {
    const struct homes *homes = node_homes(&node);
    if (rcu_reader_is_online()) atomic_store(&online, true);
    if (!comes_free(&clustering.cluster->lock) || !comes_free(&clustering.orders.lock)) atomic_store(&locked, true);
    if (!homes || homes->number == 0) atomic_store(&early, true);
    atomic_fetch_add(&writes, 1);
    while (!atomic_load(&is_released)) (void)poll(NULL, 0, 1);
}

/* In the place of the C library's. */
ssize_t write(int descriptor, const void *data, size_t size) {
    if (descriptor >= 0 && descriptor == atomic_load(&file)) see_and_hang();
    return syscall(SYS_write, descriptor, data, size);
}

static void await_write(void) {
    const uint64_t began = clock_monotonic_ms();
    while (atomic_load(&writes) == 0) {
        if (clock_monotonic_ms() > began + WAIT_MS) fail_msg("nothing is written");
        (void)poll(NULL, 0, 1);
    }
}

static void assert_nobody_waits(void) {
    assert_false(atomic_load(&online));
    assert_false(atomic_load(&locked));
    assert_false(atomic_load(&early));
}

/* --- A node that serves, as an earlier run of it did --- */

static void resume(struct cluster *cluster) {
    const struct view_own *own = &cluster->view.own;
    struct view_record record = {.wall_ms = clock_wall_ms(), .own_id = OWN_ID, .count = 1};
    record.nodes[0] = (struct cluster_node){.id = OWN_ID, .weight = 1, .address_count = own->address_count};
    memcpy(record.nodes[0].addresses, own->addresses, sizeof own->addresses);
    view_resume(&cluster->view, &record, clock_monotonic_ms(), clock_wall_ms());
}

static int open_node(void **state) {
    static struct keyring keys;
    static struct board board = {.socket = -1};
    struct why why;
    const int made = folder_make(state);
    cluster_node_configure(&config, *state);
    clustering = (struct clustering){.cluster = NULL};
    node_key_derive((const uint8_t[SEED_SIZE]){1}, &keys.present);
    if (!clustering_open(&clustering, &config, &keys, &board, &why)) fail_msg("%s", why.text);
    resume(clustering.cluster);
    assert_true(node_init(&node, &config, &keys.present, 1, 1000));
    assert_true(clustering_enter(&clustering, &node));
    assert_non_null(node.access = access_create(NULL, 0));
    atomic_store(&file, -1);
    atomic_store(&is_released, false);
    atomic_store(&writes, 0);
    atomic_store(&online, false);
    atomic_store(&locked, false);
    atomic_store(&early, false);
    return made;
}

static int close_node(void **state) {
    atomic_store(&is_released, true);
    rcu_reader_offline();
    clustering_close(&clustering);
    rcu_reader_online();
    node_destroy(&node);
    return folder_remove(state);
}

static uint64_t turn(void) {
    return atomic_load(&clustering.turned.turn_ms);
}

/* --- The view --- */

/* Memory that waited for the writer would wait for good here. */
static void nobody_waits_for_the_view(void **state) {
    struct cluster_status status;
    (void)state;
    atomic_store(&file, clustering.cluster->file.descriptor);
    assert_int_equal(clustering_start(&clustering), 0);
    await_write();
    assert_nobody_waits();
    cluster_look(clustering.cluster, &status);
    assert_int_equal(status.members, 1);
    rcu_drain();
}

/* --- Bans --- */

static void ban(void *network) {
    struct prefix prefix;
    struct why why;
    if (!prefix_parse(network, &prefix, &why) || !orders_keeper_ban(&clustering.orders, &prefix, NEVER, &why))
        log_error("test", "%s", why.text);
}

/* One operator's ban is being written, and another one's waits for that: the cluster's thread has its turns. */
static void nobody_waits_for_bans_but_who_bans(void **state) {
    char first[] = "192.0.2.0/24", second[] = "198.51.100.0/24";
    struct thread threads[2];
    struct orders_figures figures;
    (void)state;
    assert_int_equal(clustering_start(&clustering), 0);
    while (turn() == 0) (void)poll(NULL, 0, 1);
    const uint64_t number = clustering.orders.file.number;
    atomic_store(&file, clustering.orders.file.descriptor);
    assert_int_equal(thread_start(&threads[0], "first", true, ban, first), 0);
    await_write();
    assert_nobody_waits();
    assert_int_equal(thread_start(&threads[1], "second", true, ban, second), 0);
    do orders_keeper_look(&clustering.orders, &figures);
    while (figures.own < 2);
    for (const uint64_t before = turn(), began = clock_monotonic_ms(); turn() < before + 1500;) {
        if (clock_monotonic_ms() > began + WAIT_MS) fail_msg("the cluster's thread has no turn");
        (void)poll(NULL, 0, 1);
    }
    rcu_drain();
    atomic_store(&is_released, true);
    rcu_reader_offline();
    for (size_t i = 0; i < 2; i++) thread_join(&threads[i]);
    rcu_reader_online();
    assert_false(clustering.orders.unkept);
    assert_int_equal(clustering.orders.file.number, number + 2);
}

/* As the main thread is when it has them hold. */
static void who_is_no_reader_stays_none(void **state) {
    (void)state;
    rcu_reader_offline();
    orders_keeper_enter(&clustering.orders, node.access);
    assert_false(rcu_reader_is_online());
    rcu_reader_online();
    orders_keeper_enter(&clustering.orders, node.access);
    assert_true(rcu_reader_is_online());
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_node, close_node)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(nobody_waits_for_the_view),
        TEST(nobody_waits_for_bans_but_who_bans),
        TEST(who_is_no_reader_stays_none),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    if (sodium_init() < 0) return EXIT_FAILURE;
    log_set_level(LOG_LEVEL_ERROR);
    rcu_reader_register();
    const int failed = cmocka_run_group_tests_name("slow_disk", tests, NULL, NULL);
    rcu_reader_unregister();
    return failed;
}
