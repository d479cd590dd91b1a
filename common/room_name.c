#include "common/room_name.h"
#include "common/memory.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unictype.h>
#include <utf8proc.h>

#include "common/text.h"
#include "common/why.h"

#define BOM "\xef\xbb\xbf"
#define BOM_SIZE (sizeof BOM - 1)

/* What the mapping leaves out altogether. */
typedef bool (*left_out)(utf8proc_int32_t character);

static bool is_variation(utf8proc_int32_t character) {
    return uc_is_property_variation_selector((ucs4_t)character);
}

static bool is_nothing(utf8proc_int32_t character) {
    (void)character;
    return false;
}

static bool is_space(utf8proc_int32_t character) {
    return utf8proc_category(character) == UTF8PROC_CATEGORY_ZS;
}

/* Of valid UTF-8: malloc'd, zero-terminated. */
static char *map(const char *text, size_t size, left_out leaves_out, size_t *out_size) {
    utf8proc_uint8_t *spaced = allocate(size + 1), *composed = NULL;
    size_t written = 0;
    for (size_t at = 0; at < size;) {
        utf8proc_int32_t character;
        at += (size_t)utf8proc_iterate((const utf8proc_uint8_t *)text + at, (utf8proc_ssize_t)(size - at), &character);
        if (leaves_out(character)) continue;
        written += (size_t)utf8proc_encode_char(is_space(character) ? ' ' : character, spaced + written);
    }
    utf8proc_ssize_t length =
        utf8proc_map(spaced, (utf8proc_ssize_t)written, &composed, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    if (length < 0) abort(); /* only without memory */
    sodium_memzero(spaced, written);
    free(spaced);
    *out_size = (size_t)length;
    return (char *)composed;
}

/* --- Names --- */

__attribute__((format(printf, 2, 3))) static bool refuse(struct why *why, const char *format, ...) {
    char said[128];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(said, sizeof said, format, arguments);
    va_end(arguments);
    return why_fail(why, "expected a room's name of 1 to %d bytes of UTF-8, %s", ROOM_NAME_MAX, said);
}

static utf8proc_int32_t character_at(const char *text, size_t size, size_t at) {
    utf8proc_int32_t character = -1;
    (void)utf8proc_iterate((const utf8proc_uint8_t *)text + at, (utf8proc_ssize_t)(size - at), &character);
    return character;
}

static utf8proc_int32_t last_character(const char *text, size_t size) {
    size_t at = size - 1;
    while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80) at--;
    return character_at(text, size, at);
}

/* What nobody sees at the end of a word, and what therefore comes along when it is pasted; but a flag ends in a tag. */
static bool is_stray(utf8proc_int32_t character) {
    bool tag = character >= 0xe0020 && character <= 0xe007f;
    return is_space(character) || uc_is_property_white_space((ucs4_t)character) ||
           (uc_is_property_default_ignorable_code_point((ucs4_t)character) && !tag);
}

static bool check(const char *name, size_t size, struct why *why) {
    if (size == 0) return refuse(why, "not an empty one");
    if (is_stray(character_at(name, size, 0)))
        return refuse(why, "without U+%04X at its beginning", (unsigned)character_at(name, size, 0));
    if (is_stray(last_character(name, size)))
        return refuse(why, "without U+%04X at its end", (unsigned)last_character(name, size));
    size_t good = text_name_span(name, size);
    if (good < size)
        return refuse(why, "without U+%04X after its first %zu bytes", (unsigned)character_at(name, size, good), good);
    return size <= ROOM_NAME_MAX || refuse(why, "not of %zu", size);
}

bool room_name_parse(const char *given, size_t size, char out[static ROOM_NAME_MAX + 1], struct why *why) {
    out[0] = '\0';
    if (!text_is_utf8(given, size)) return refuse(why, "and this is no UTF-8");
    size_t length;
    char *name = map(given, size, is_variation, &length);
    bool good = check(name, length, why);
    if (good) memcpy(out, name, length + 1);
    free(name);
    return good;
}

/* --- Secrets --- */

static bool is_line_text(const char *text, size_t size) {
    if (!text_is_utf8(text, size)) return false;
    for (size_t at = 0; at < size; at++)
        if ((unsigned char)text[at] < ' ' || text[at] == 0x7f) return false;
    return true;
}

size_t room_secret_unify(char *secret, size_t size, size_t capacity) {
    if (!is_line_text(secret, size)) return size;
    size_t bom = size >= BOM_SIZE && memcmp(secret, BOM, BOM_SIZE) == 0 ? BOM_SIZE : 0, length;
    char *unified = map(secret + bom, size - bom, is_nothing, &length);
    if (length <= capacity) {
        memcpy(secret, unified, length);
        if (length < size) sodium_memzero(secret + length, size - length);
        size = length;
    }
    sodium_memzero(unified, length);
    free(unified);
    return size;
}
