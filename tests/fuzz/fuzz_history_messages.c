/* Summaries, requests and what is passed on: what is taken is exactly what would be sent. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "client/history/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
    if (!condition) abort();
}

static void summary(const uint8_t *data, size_t size) {
    static struct backlog_row rows[HISTORY_ROWS_MAX];
    static uint8_t again[HISTORY_SUMMARY_MAX];
    size_t count;
    if (!codec_summary_decode(data, size, rows, &count)) return;
    require(count <= HISTORY_ROWS_MAX);
    for (size_t i = 0; i < count; i++) require(rows[i].lowest > 0 && rows[i].lowest <= rows[i].highest);
    require(codec_summary_encode(rows, count, again, sizeof again) == size);
    require(memcmp(again, data, size) == 0);
    require(codec_summary_encode(rows, count, again, size - 1) == 0);
}

static void range(uint8_t type, const uint8_t *data, size_t size) {
    struct history_range decoded;
    uint8_t again[HISTORY_RANGE_SIZE];
    if (!codec_range_decode(type, data, size, &decoded)) return;
    require(decoded.from > 0 && decoded.from <= decoded.to);
    require(codec_range_encode(type, &decoded, again, sizeof again) == size);
    require(memcmp(again, data, size) == 0);
}

static void passed_on(const uint8_t *data, size_t size) {
    const uint8_t *message;
    size_t message_size;
    uint32_t age;
    if (!codec_passed_on_decode(data, size, &age, &message, &message_size)) return;
    require(message_size > 0 && message + message_size == data + size);
    uint8_t *again = malloc(size);
    require(again != NULL);
    require(codec_passed_on_encode(age, message, message_size, again, size) == size);
    require(memcmp(again, data, size) == 0);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    summary(data, size);
    range(HISTORY_REQUEST, data, size);
    range(HISTORY_ANSWERED, data, size);
    passed_on(data, size);
    return 0;
}
