#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>
#include <stdlib.h>

#include "bootnode/clustering.h"
#include "common/rcu.h"
#include "tests/support/folder.h"

static struct bootnode_config config;
static struct clustering clustering;
static struct node node;

static void set(const char *section, const char *key, const char *value) {
    struct why why;
    if (!ini_table_set(&bootnode_config_table, section, key, value, &config, &why)) fail_msg("%s", why.text);
}

static void configure(const char *folder) {
    char path[FOLDER_PATH_SIZE];
    ini_table_defaults(&bootnode_config_table, &config);
    set(BOOTNODE_SECTION, "node_id", "3");
    set(CLUSTER_SECTION, "name", "town");
    set(CLUSTER_SECTION, "addresses", "192.0.2.3:9595");
    set(CLUSTER_SECTION, "nats", "nats://127.0.0.1");
    set(CLUSTER_SECTION, "state_file", folder_file(folder, "view", path));
}

/* What the cluster's thread marks its requests with is what the workers know them by, also while a key is replaced. */
static void a_node_knows_the_marks_of_its_own_kind(void **state) {
    static struct keyring keys;
    struct why why;
    for (size_t previous = 0; previous < 3; previous++) {
        uint8_t seed[SEED_SIZE] = {(uint8_t)(1 + previous)};
        configure(*state);
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_node_knows_the_marks_of_its_own_kind, folder_make, folder_remove),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    if (sodium_init() < 0) return EXIT_FAILURE;
    rcu_reader_register();
    const int failed = cmocka_run_group_tests_name("clustering", tests, NULL, NULL);
    rcu_reader_unregister();
    return failed;
}
