#include "tests/support/cluster_node.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/folder.h"

static void set(struct bootnode_config *config, const char *section, const char *key, const char *value) {
    struct why why;
    if (!ini_table_set(&bootnode_config_table, section, key, value, config, &why)) fail_msg("%s", why.text);
}

void cluster_node_configure(struct bootnode_config *config, const char *folder) {
    char path[FOLDER_PATH_SIZE];
    ini_table_defaults(&bootnode_config_table, config);
    set(config, BOOTNODE_SECTION, "node_id", "3");
    set(config, CLUSTER_SECTION, "name", "town");
    set(config, CLUSTER_SECTION, "addresses", "192.0.2.3:9595");
    set(config, CLUSTER_SECTION, "nats", "nats://127.0.0.1");
    set(config, CLUSTER_SECTION, "state_file", folder_file(folder, "view", path));
}
