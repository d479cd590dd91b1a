#include "tests/support/layout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

#define ROUNDS 300

/* SplitMix64 (Steele, Lea, Flood 2014): small, and the same everywhere. */
uint64_t layout_random(void) {
    static uint64_t state = 0x60c4a7;
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

void layout_random_bytes(uint8_t *out, size_t size) {
    for (size_t i = 0; i < size; i++) out[i] = (uint8_t)layout_random();
}

uint64_t layout_number(const uint8_t *bytes, size_t size) {
    uint64_t value = 0;
    while (size-- > 0) value = value * 256 + *bytes++;
    return value;
}

#define SEEN 0x10
#define NOT_LINK_LOCAL 0x7f /* of the first byte */

static size_t fill_candidates(uint8_t *out, uint8_t count, bool marked) {
    size_t at = 0;
    for (; count > 0; count--) {
        size_t size = layout_random() % 2 ? 4 : 16;
        out[at] = (uint8_t)((size == 4 ? 4 : 6) | (marked && layout_random() % 2 ? SEEN : 0));
        layout_random_bytes(out + at + 1, size + 2);
        out[at + 1] &= NOT_LINK_LOCAL;
        at += 1 + size + 2;
    }
    return at;
}

static size_t candidates_size(const uint8_t *candidates, uint8_t count) {
    size_t at = 0;
    for (; count > 0; count--) at += (candidates[at] & ~SEEN) == 4 ? 7 : 19;
    return at;
}

static bool is_list(const struct field *field) {
    return field->kind == FIELD_CANDIDATES || field->kind == FIELD_MARKED;
}

static void fill_bytes(const struct field *field, uint8_t *out) {
    uint64_t choices = (uint64_t)(field->high - field->low) / field->step + 1;
    for (size_t i = 0; i < field->size; i++) out[i] = (uint8_t)(field->low + layout_random() % choices * field->step);
}

size_t layout_fill(const struct field *fields, uint8_t *out) {
    size_t at = 0;
    uint8_t count = 0;
    for (const struct field *field = fields; field->kind != FIELD_END; field++) {
        if (is_list(field)) {
            at += fill_candidates(out + at, count, field->kind == FIELD_MARKED);
            continue;
        }
        layout_random_bytes(out + at, field->size);
        if (field->kind == FIELD_BYTES) fill_bytes(field, out + at);
        if (field->kind == FIELD_ADDRESS && field->size > 0) out[at] &= NOT_LINK_LOCAL;
        if (field->kind == FIELD_LENGTH) out[at] = field->low;
        if (field->kind == FIELD_NONZERO) out[at] = (uint8_t)(layout_random() | 1);
        if (field->kind == FIELD_COUNT) out[at] = count = (uint8_t)(layout_random() % (field->high + 1u));
        at += field->size;
    }
    return at;
}

/* What the encoder makes of it: tags are not its business. */
static void zero_tags(const struct field *fields, uint8_t *message) {
    for (const struct field *field = fields; field->kind != FIELD_END; message += field->size, field++)
        if (field->kind == FIELD_TAG) memset(message, 0, field->size);
}

void layout_check_round_trip(const struct field *fields, recode_function recode) {
    uint8_t in[LAYOUT_MAX], out[LAYOUT_MAX];
    for (int round = 0; round < ROUNDS; round++) {
        size_t size = layout_fill(fields, in);
        assert_int_equal(recode(in, size, out, sizeof out), size);
        zero_tags(fields, in);
        assert_memory_equal(in, out, size);
    }
}

static bool value_allowed(const struct field *field, unsigned value) {
    return value >= field->low && value <= field->high && (value - field->low) % field->step == 0;
}

static void check_every_value(const struct field *field, recode_function recode, uint8_t *message, size_t size,
                              size_t at) {
    uint8_t out[LAYOUT_MAX], kept = message[at];
    for (unsigned value = 0; value < 256; value++) {
        message[at] = (uint8_t)value;
        assert_int_equal(recode(message, size, out, sizeof out) != 0, value_allowed(field, value));
    }
    message[at] = kept;
}

static void check_count(const struct field *field, recode_function recode, const uint8_t *message, size_t size,
                        size_t at) {
    uint8_t changed[LAYOUT_MAX], out[LAYOUT_MAX], right = message[at];
    memcpy(changed, message, size);
    for (unsigned count = 0; count < 256; count++) {
        changed[at] = (uint8_t)count;
        assert_int_equal(recode(changed, size, out, sizeof out) != 0, count == right);
    }
    /* One more than allowed, and all of them there. */
    uint8_t more[LAYOUT_MAX];
    changed[at] = (uint8_t)(field->high + 1);
    size_t more_size = fill_candidates(more, (uint8_t)(changed[at] - right), false);
    for (; !is_list(field); field++) at += field->size;
    memmove(changed + at + more_size, changed + at, size - at);
    memcpy(changed + at, more, more_size);
    assert_int_equal(recode(changed, size + more_size, out, sizeof out), 0);
}

void layout_check_fields(const struct field *fields, recode_function recode) {
    uint8_t message[LAYOUT_MAX], out[LAYOUT_MAX];
    size_t size = layout_fill(fields, message), at = 0;
    uint8_t count = 0;
    for (const struct field *field = fields; field->kind != FIELD_END; at += field->size, field++) {
        if (field->kind == FIELD_COUNT) count = message[at];
        if (is_list(field)) at += candidates_size(message + at, count);
        if (field->kind == FIELD_BYTES)
            for (size_t i = 0; i < field->size; i++) check_every_value(field, recode, message, size, at + i);
        if (field->kind == FIELD_COUNT) check_count(field, recode, message, size, at);
        if (field->kind != FIELD_NONZERO) continue;
        memset(message + at, 0, field->size);
        assert_int_equal(recode(message, size, out, sizeof out), 0);
        message[at + field->size - 1] = 1;
        assert_int_not_equal(recode(message, size, out, sizeof out), 0);
    }
}

void layout_check_lengths(const struct field *fields, recode_function recode, size_t least, size_t most) {
    uint8_t message[LAYOUT_MAX], out[LAYOUT_MAX];
    size_t own = layout_fill(fields, message);
    memset(message + own, 0, sizeof message - own);
    for (size_t size = 0; size <= sizeof message; size++) {
        bool valid = most > 0 ? size >= least && size <= most : size == own;
        assert_int_equal(recode(message, size, out, sizeof out) != 0, valid);
    }
    layout_random_bytes(message + own, sizeof message - own);
    if (most > 0) return;
    for (size_t size = own + 1; size <= sizeof message; size++)
        assert_int_equal(recode(message, size, out, sizeof out), 0);
}

void layout_check_encoder(const struct field *fields, recode_function recode) {
    uint8_t message[LAYOUT_MAX], over_zeros[LAYOUT_MAX], over_ones[LAYOUT_MAX];
    size_t size = layout_fill(fields, message);
    memset(over_zeros, 0x00, sizeof over_zeros);
    memset(over_ones, 0xff, sizeof over_ones);
    assert_int_equal(recode(message, size, over_zeros, size), size);
    assert_int_equal(recode(message, size, over_ones, size), size);
    assert_memory_equal(over_zeros, over_ones, size);
    assert_int_equal(over_ones[size], 0xff);
    for (size_t capacity = 0; capacity < size; capacity++) {
        memset(over_ones, 0xff, sizeof over_ones);
        assert_int_equal(recode(message, size, over_ones, capacity), 0);
        assert_int_equal(over_ones[capacity], 0xff);
    }
}
