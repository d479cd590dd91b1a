#include "client/history/codec.h"

#include "common/bytes.h"

static bool is_range(uint64_t from, uint64_t to) {
    return from > 0 && from <= to;
}

static void write_range(struct writer *writer, const struct feed_name *feed, uint64_t from, uint64_t to) {
    write_bytes(writer, feed->author, sizeof feed->author);
    write_u64(writer, feed->run);
    write_u64(writer, from);
    write_u64(writer, to);
}

static void read_range(struct reader *reader, struct feed_name *feed, uint64_t *from, uint64_t *to) {
    read_bytes(reader, feed->author, sizeof feed->author);
    feed->run = read_u64(reader);
    *from = read_u64(reader);
    *to = read_u64(reader);
    if (!is_range(*from, *to)) reader_fail(reader);
}

size_t codec_summary_encode(const struct backlog_row *rows, size_t count, uint8_t *out, size_t capacity) {
    struct writer writer = writer_over(out, capacity);
    if (count > HISTORY_ROWS_MAX) return 0;
    write_u8(&writer, HISTORY_SUMMARY);
    write_u16(&writer, (uint16_t)count);
    for (size_t i = 0; i < count; i++) write_range(&writer, &rows[i].feed, rows[i].lowest, rows[i].highest);
    return writer_size(&writer);
}

bool codec_summary_decode(const uint8_t *data, size_t size, struct backlog_row *rows, size_t *count) {
    struct reader reader = reader_over(data, size);
    if (read_u8(&reader) != HISTORY_SUMMARY) return false;
    *count = read_u16(&reader);
    if (*count > HISTORY_ROWS_MAX || reader_left(&reader) != *count * HISTORY_ROW_SIZE) return false;
    for (size_t i = 0; i < *count; i++) read_range(&reader, &rows[i].feed, &rows[i].lowest, &rows[i].highest);
    return reader_finished(&reader);
}

size_t codec_range_encode(uint8_t type, const struct history_range *range, uint8_t *out, size_t capacity) {
    struct writer writer = writer_over(out, capacity);
    write_u8(&writer, type);
    write_range(&writer, &range->feed, range->from, range->to);
    return writer_size(&writer);
}

bool codec_range_decode(uint8_t type, const uint8_t *data, size_t size, struct history_range *out) {
    struct reader reader = reader_over(data, size);
    if (read_u8(&reader) != type) return false;
    read_range(&reader, &out->feed, &out->from, &out->to);
    return reader_finished(&reader);
}

size_t codec_passed_on_encode(uint32_t age_ms, const uint8_t *message, size_t message_size, uint8_t *out,
                              size_t capacity) {
    struct writer writer = writer_over(out, capacity);
    write_u8(&writer, HISTORY_PASSED_ON);
    write_u32(&writer, age_ms);
    write_bytes(&writer, message, message_size);
    return writer_size(&writer);
}

bool codec_passed_on_decode(const uint8_t *data, size_t size, uint32_t *age_ms, const uint8_t **message,
                            size_t *message_size) {
    struct reader reader = reader_over(data, size);
    if (read_u8(&reader) != HISTORY_PASSED_ON) return false;
    *age_ms = read_u32(&reader);
    *message_size = reader_left(&reader);
    *message = read_view(&reader, *message_size);
    return reader_finished(&reader) && *message_size > 0;
}
