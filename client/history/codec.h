/* How members tell each other what they hold, ask for it, and pass it on: PROTOCOL.md §3.5. Each is one message of the
 * reliable stream; the first byte says which. Encoders return the size, 0 when `capacity` is small; decoders check
 * everything. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/history/backlog.h"
#include "common/attributes.h"

enum { HISTORY_SUMMARY = 0x40, HISTORY_REQUEST, HISTORY_PASSED_ON, HISTORY_ANSWERED };

#define HISTORY_ROWS_MAX 512
#define HISTORY_ROW_SIZE 56
#define HISTORY_SUMMARY_MAX (3 + HISTORY_ROWS_MAX * HISTORY_ROW_SIZE)
#define HISTORY_RANGE_SIZE 57
#define HISTORY_PASSED_ON_OVERHEAD 5

struct history_range {
    struct feed_name feed;
    uint64_t from, to; /* both included */
};

MUST_USE size_t codec_summary_encode(const struct backlog_row *rows, size_t count, uint8_t *out, size_t capacity);
/* `rows` takes HISTORY_ROWS_MAX. */
MUST_USE bool codec_summary_decode(const uint8_t *data, size_t size, struct backlog_row *rows, size_t *count);
/* HISTORY_REQUEST or HISTORY_ANSWERED. */
MUST_USE size_t codec_range_encode(uint8_t type, const struct history_range *range, uint8_t *out, size_t capacity);
MUST_USE bool codec_range_decode(uint8_t type, const uint8_t *data, size_t size, struct history_range *out);
MUST_USE size_t codec_passed_on_encode(uint32_t age_ms, const uint8_t *message, size_t message_size, uint8_t *out,
                                       size_t capacity);
/* `message` points into `data`. What it holds is for message_decode to check. */
MUST_USE bool codec_passed_on_decode(const uint8_t *data, size_t size, uint32_t *age_ms, const uint8_t **message,
                                     size_t *message_size);
