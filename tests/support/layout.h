/* The bytes of a message as a table of fields, read off PROTOCOL.md a second time, and what must hold for any codec of
 * them. Contents are random, the same in every run. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum field_kind {
    FIELD_END,
    FIELD_BYTES,   /* each byte one of low, low + step … high; every other value is refused */
    FIELD_LENGTH,  /* the value `low`, not judged here */
    FIELD_NONZERO, /* anything but all zeros */
    FIELD_ADDRESS, /* any but a link-local one, of which not all bytes are taken */
    FIELD_TAG,     /* anything; encoders leave zeros */
    FIELD_COUNT,   /* of the candidates in the next FIELD_CANDIDATES, at most `high` */
    FIELD_CANDIDATES,
    FIELD_MARKED, /* candidates, any of which may be marked as seen */
};

struct field {
    enum field_kind kind;
    uint16_t size;
    uint8_t low, high, step;
};

#define BYTES(size, low, high, step)                                                                                   \
    { FIELD_BYTES, size, low, high, step }
#define ANY(size) BYTES(size, 0, 255, 1)
#define FIXED(value) BYTES(1, value, value, 1)
#define ZERO(size) BYTES(size, 0, 0, 1)
#define FLAGS(mask) BYTES(1, 0, mask, 1) /* the lowest bits */
#define LENGTH(value)                                                                                                  \
    { FIELD_LENGTH, 1, value, 0, 0 }
#define NONZERO(size)                                                                                                  \
    { FIELD_NONZERO, size, 0, 0, 0 }
#define ADDRESS                                                                                                        \
    { FIELD_ADDRESS, 18, 0, 0, 0 }
#define TAG(size)                                                                                                      \
    { FIELD_TAG, size, 0, 0, 0 }
#define COUNT(most)                                                                                                    \
    { FIELD_COUNT, 1, 0, most, 0 }
#define CANDIDATES                                                                                                     \
    { FIELD_CANDIDATES, 0, 0, 0, 0 }
#define MARKED_CANDIDATES                                                                                              \
    { FIELD_MARKED, 0, 0, 0, 0 }

#define LAYOUT_MAX 2048

/* Decodes and encodes again. Returns the size written; 0 when the input was refused or `capacity` is too small. */
typedef size_t (*recode_function)(const uint8_t *in, size_t size, uint8_t *out, size_t capacity);

/* Writes a random valid message, well below LAYOUT_MAX bytes, and returns its size. */
size_t layout_fill(const struct field *fields, uint8_t *out);
/* Random messages come out as they went in. */
void layout_check_round_trip(const struct field *fields, recode_function recode);
/* Every byte of every field with every value is taken or refused as the field says. */
void layout_check_fields(const struct field *fields, recode_function recode);
/* Every length from 0 to LAYOUT_MAX is refused but for `least` … `most`, where zeros are appended. 0, 0: but for its
 * own. */
void layout_check_lengths(const struct field *fields, recode_function recode, size_t least, size_t most);
/* The encoder writes every byte, nothing behind its capacity, and says 0 when that is too small. */
void layout_check_encoder(const struct field *fields, recode_function recode);

uint64_t layout_random(void);
void layout_random_bytes(uint8_t *out, size_t size);
/* The big-endian number in `size` bytes, found without the code under test. */
uint64_t layout_number(const uint8_t *bytes, size_t size);
