/* What members tell each other of a private room's charter: what is taken is exactly what would be sent. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "client/charter/charter_messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
    if (!condition) abort();
}

static void digest(const uint8_t *data, size_t size) {
    uint8_t decoded[CHARTER_DIGEST_SIZE], again[CHARTER_DIGEST_MESSAGE_SIZE];
    if (!charter_digest_decode(data, size, decoded)) return;
    require(charter_digest_encode(decoded, again) == size && memcmp(again, data, size) == 0);
}

static void verdict(const uint8_t *data, size_t size) {
    enum verdict decoded;
    uint8_t again[2];
    if (!charter_verdict_decode(data, size, &decoded)) return;
    require(charter_verdict_encode(decoded, again) == size && memcmp(again, data, size) == 0);
}

static void statements(const uint8_t *data, size_t size) {
    static struct statement read[CHARTER_STATEMENTS_MAX];
    static uint8_t again[CHARTER_STATEMENTS_SIZE_MAX];
    const struct statement *list[CHARTER_STATEMENTS_MAX];
    struct charter_statements told;
    if (!charter_statements_decode(data, size, &told)) return;
    for (size_t i = 0; i < told.count; i++) {
        require(statement_read(&told.reader, &read[i]) && statement_holds(&read[i]));
        list[i] = &read[i];
    }
    require(reader_finished(&told.reader));
    require(charter_statements_encode(told.telling, &told.founding, list, told.count, again, sizeof again) == size);
    require(memcmp(again, data, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    digest(data, size);
    verdict(data, size);
    statements(data, size);
    return 0;
}
