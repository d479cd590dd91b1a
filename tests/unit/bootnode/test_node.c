#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "bootnode/node.h"
#include "common/rcu.h"
#include "common/thread.h"

#define NOW 1000
#define SHARDS 2

static struct node *open_node(const struct bootnode_config *config) {
    static const uint8_t seed[SEED_SIZE] = {1};
    struct node *node = calloc(1, sizeof *node);
    struct node_key key;
    assert_non_null(node);
    node_key_derive(seed, &key);
    assert_true(node_init(node, config, &key, SHARDS, NOW));
    return node;
}

static void close_node(struct node *node) {
    rcu_drain();
    node_destroy(node);
    free(node);
}

/* How many HELLOs of one source pass at once. */
static unsigned passing(struct node *node, const char *from) {
    struct address source;
    unsigned passed = 0;
    assert_true(address_parse(from, 1, &source));
    while (passed < 10000 && rate_limit_source(node->limits, RATE_HELLO, &source, NOW)) passed++;
    return passed;
}

static void all_that_is_told_changes(void **state) {
    struct bootnode_config config, next;
    (void)state;
    ini_table_defaults(&bootnode_config_table, &config);
    struct node *node = open_node(&config);
    assert_ptr_equal(node_config(node), &config);
    next = config;
    next.rate_hello = 7;
    next.sessions = 77;
    next.room_members = 10;
    next.relay = RELAY_NEVER;
    assert_true(node_suits(node, &next));
    assert_true(node_reconfigure(node, &next));
    next.relay = RELAY_AUTO; /* the caller's own */
    assert_int_equal(node_config(node)->relay, RELAY_NEVER);
    assert_int_equal(passing(node, "192.0.2.1"), 70);
    for (size_t i = 0; i < SHARDS; i++) {
        assert_int_equal(node->shards[i]->limits.sessions, 77);
        assert_int_equal(node->shards[i]->limits.places.members, 10);
    }
    assert_true(node_reconfigure(node, &config));
    assert_int_equal(passing(node, "192.0.2.2"), 1000);
    node_config_copy(node, &next);
    assert_int_equal(next.sessions, config.sessions);
    close_node(node);
}

static void a_cap_that_needs_other_tables_is_known(void **state) {
    struct bootnode_config config, next;
    (void)state;
    ini_table_defaults(&bootnode_config_table, &config);
    struct node *node = open_node(&config);
    next = config;
    next.sessions_per_source = config.sessions_per_source / 100;
    assert_false(node_suits(node, &next));
    next.sessions_per_source = 0;
    assert_true(node_suits(node, &next));
    close_node(node);
}

/* A node of a cluster with these keys, the present one first. */
static struct node *open_cluster_node(const struct bootnode_config *config, const uint8_t *numbers, size_t count) {
    struct node *node = open_node(config);
    struct node_key keys[NODE_PREVIOUS_KEYS_MAX] = {{.seed = {0}}};
    for (size_t i = 0; i < count; i++) {
        const uint8_t seed[SEED_SIZE] = {numbers[i]};
        node_key_derive(seed, &keys[i]);
    }
    node->key = keys[0];
    node_set_previous_keys(node, keys + 1, count - 1);
    assert_false(node_is_clustered(node));
    node_enter_cluster(node);
    assert_true(node_is_clustered(node));
    return node;
}

static bool takes(struct node *giver, const struct node *taker) {
    struct cookie cookie;
    struct address source;
    assert_true(address_parse("192.0.2.1", 1, &source));
    assert_true(cookie_make(&giver->cookies, &source, 1700000000, &cookie));
    return cookie_check(&taker->cookies, &source, 1700000030, &cookie);
}

/* While a newer key comes to the nodes, one after the other, each takes the cookies of all. Where an older one goes,
 * those that have it and those that have it no more do not, for as long as that takes. */
static void nodes_take_each_others_cookies(void **state) {
    static const uint8_t old[] = {1}, both[] = {2, 1}, three[] = {3, 2, 1}, new[] = {2};
    struct bootnode_config config;
    (void)state;
    ini_table_defaults(&bootnode_config_table, &config);
    struct node *nodes[] = {open_cluster_node(&config, old, 1), open_cluster_node(&config, both, 2),
                            open_cluster_node(&config, three, 3), open_cluster_node(&config, new, 1)};
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 4; j++) {
            assert_int_equal(takes(nodes[i], nodes[j]), (i == 3) == (j == 3));
            assert_int_equal(memcmp(nodes[i]->reset_key, nodes[j]->reset_key, sizeof nodes[i]->reset_key) == 0,
                             (i == 3) == (j == 3));
        }
    for (size_t i = 0; i < 4; i++) close_node(nodes[i]);
}

struct reading {
    struct node *node;
    atomic_bool stop;
    uint64_t seen, torn;
};

/* In each configuration that this test makes, these two say the same. */
static void read_on(void *argument) {
    struct reading *reading = argument;
    while (!atomic_load(&reading->stop)) {
        for (int i = 0; i < 100; i++) {
            const struct bootnode_config *config = node_config(reading->node);
            reading->torn += config->room_members != config->rate_hello;
            reading->seen++;
        }
        rcu_reader_quiescent();
    }
}

static void readers_see_one_whole(void **state) {
    struct bootnode_config config;
    struct thread thread = {.started = false};
    (void)state;
    ini_table_defaults(&bootnode_config_table, &config);
    config.room_members = config.rate_hello = 2;
    struct reading reading = {.node = open_node(&config)};
    assert_int_equal(thread_start(&thread, "reader", true, read_on, &reading), 0);
    for (int i = 0; i < 500; i++) {
        struct bootnode_config next = config;
        next.room_members = next.rate_hello = 2 + i % 500;
        assert_true(node_reconfigure(reading.node, &next));
    }
    atomic_store(&reading.stop, true);
    rcu_reader_offline();
    thread_join(&thread);
    rcu_reader_online();
    assert_int_equal(reading.torn, 0);
    close_node(reading.node);
}

struct changing {
    struct node *node;
    const struct bootnode_config *next;
};

static void make_change(void *argument) {
    const struct changing *change = argument;
    if (!node_reconfigure(change->node, change->next)) abort();
}

/* A thread that hangs with a shard keeps who changes the settings waiting, and nobody who only wants to know them. */
static void who_waits_for_a_shard_keeps_nobody_from_copying(void **state) {
    struct bootnode_config config, next, copy;
    struct thread thread = {.started = false};
    (void)state;
    ini_table_defaults(&bootnode_config_table, &config);
    struct node *node = open_node(&config);
    next = config;
    next.sessions = 77;
    struct changing change = {node, &next};
    shard_lock(node->shards[0]);
    assert_int_equal(thread_start(&thread, "changes", true, make_change, &change), 0);
    while (pthread_mutex_trylock(&node->shards[0]->turn) == 0) pthread_mutex_unlock(&node->shards[0]->turn);
    node_config_copy(node, &copy);
    assert_int_equal(copy.sessions, config.sessions);
    shard_unlock(node->shards[0]);
    rcu_reader_offline();
    thread_join(&thread);
    rcu_reader_online();
    node_config_copy(node, &copy);
    assert_int_equal(copy.sessions, 77);
    close_node(node);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_is_told_changes),
        cmocka_unit_test(nodes_take_each_others_cookies),
        cmocka_unit_test(a_cap_that_needs_other_tables_is_known),
        cmocka_unit_test(readers_see_one_whole),
        cmocka_unit_test(who_waits_for_a_shard_keeps_nobody_from_copying),
    };
    if (sodium_init() < 0) return 1;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    rcu_reader_register();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rcu_reader_unregister();
    return failed;
}
