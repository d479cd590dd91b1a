/* The client's settings: see settings.h. */
#include "client/config.h"
#include "tests/fuzz/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct client_config config;
    fuzz_settings(&client_config_table, &config, data, size);
    return 0;
}
