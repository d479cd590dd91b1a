#include "client/ui/blanks.h"

#include <stdbool.h>
#include <string.h>
#include <utf8proc.h>

#define NEXT_LINE 0x85 /* the one of the control characters that is not C's isspace(3) */

static bool is_blank(utf8proc_int32_t character) {
    utf8proc_category_t category = utf8proc_category(character);
    if (category == UTF8PROC_CATEGORY_CC) return (character >= '\t' && character <= '\r') || character == NEXT_LINE;
    return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP;
}

/* Bytes of the first character; one where it is none. */
static size_t next(const char *text, bool *blank) {
    utf8proc_int32_t character;
    utf8proc_ssize_t length =
        utf8proc_iterate((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)strnlen(text, 4), &character);
    *blank = length > 0 && is_blank(character);
    return length > 0 ? (size_t)length : *text != '\0';
}

static size_t span(const char *text, bool of_blanks) {
    size_t at = 0;
    bool blank;
    for (size_t length; text[at] && (length = next(text + at, &blank), blank == of_blanks);) at += length;
    return at;
}

size_t blanks_span(const char *text) {
    return span(text, true);
}

size_t blanks_find(const char *text) {
    return span(text, false);
}

size_t blanks_trimmed(const char *text) {
    size_t trimmed = 0;
    for (size_t at = 0; text[at]; trimmed = at) {
        at += blanks_span(text + at);
        if (text[at] == '\0') break;
        at += blanks_find(text + at);
    }
    return trimmed;
}
