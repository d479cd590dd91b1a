/* The bootnode's settings: see settings.h. */
#include "bootnode/config.h"
#include "tests/fuzz/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct bootnode_config config;
    fuzz_settings(&bootnode_config_table, &config, data, size);
    return 0;
}
