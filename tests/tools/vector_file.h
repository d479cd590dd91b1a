/* What the vector tools share: JSON files whose byte strings are hex. Whatever is malformed ends the tool with one line
 * on standard error and exit status 2. */
#pragma once

#include <jansson.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum vector_exit { VECTORS_PASS = 0, VECTORS_FAIL = 1, VECTORS_MALFORMED = 2 };

__attribute__((noreturn, format(printf, 1, 2))) static inline void vector_malformed(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(VECTORS_MALFORMED);
}

static inline json_t *vector_file_load(const char *file) {
    json_error_t error;
    json_t *root = json_load_file(file, JSON_REJECT_DUPLICATES, &error);
    if (!root) vector_malformed("%s:%d: %s", file, error.line, error.text);
    return root;
}

/* The array `key` of `object`; `where` names the object in the error. */
static inline json_t *vector_array(const char *where, const json_t *object, const char *key) {
    json_t *array = json_object_get(object, key);
    if (!json_is_array(array)) vector_malformed("%s: %s: an array was expected", where, key);
    return array;
}

static inline const char *vector_text(const char *where, const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    if (!text) vector_malformed("%s: %s: a string was expected", where, key);
    return text;
}

static inline size_t vector_unhex(const char *where, const char *key, const char *hex, uint8_t *out, size_t capacity) {
    size_t size;
    const char *end;
    if (sodium_hex2bin(out, capacity, hex, strlen(hex), NULL, &size, &end) != 0 || *end != '\0')
        vector_malformed("%s: %s: hex of at most %zu bytes was expected, not \"%.40s\"", where, key, capacity, hex);
    return size;
}

static inline size_t vector_bytes(const char *where, const json_t *object, const char *key, uint8_t *out,
                                  size_t capacity) {
    return vector_unhex(where, key, vector_text(where, object, key), out, capacity);
}

/* Exactly 32 bytes. */
static inline void vector_key(const char *where, const json_t *object, const char *key, uint8_t out[static 32]) {
    size_t size = vector_bytes(where, object, key, out, 32);
    if (size != 32) vector_malformed("%s: %s: 32 bytes were expected, not %zu", where, key, size);
}
