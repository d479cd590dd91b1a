#include "client/curses/mention.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* malloc'd; NULL for what is no UTF-8. */
static char *fold(const char *text, size_t size) {
    utf8proc_uint8_t *folded = NULL;
    utf8proc_option_t how = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD;

    if (utf8proc_map((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)size, &folded, how) < 0) return NULL;
    return (char *)folded;
}

static bool is_word(utf8proc_int32_t character) {
    utf8proc_category_t category = utf8proc_category(character);

    return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) ||
           (category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_NO);
}

static bool word_begins(const char *at) {
    utf8proc_int32_t character = 0;

    return utf8proc_iterate((const utf8proc_uint8_t *)at, -1, &character) > 0 && is_word(character);
}

static bool word_ends(const char *start, const char *at) {
    if (at == start) return false;
    do at--;
    while (at > start && ((unsigned char)*at & 0xc0) == 0x80);
    return word_begins(at);
}

bool mention_in(const char *text, size_t size, const char *nick) {
    char *haystack = fold(text, size), *needle = fold(nick, strlen(nick));
    size_t length = needle ? strlen(needle) : 0;
    bool found = false;

    for (const char *at = haystack; haystack && length > 0 && !found && (at = strstr(at, needle)); at += length)
        found = !word_ends(haystack, at) && !word_begins(at + length);
    free(haystack);
    free(needle);
    return found;
}
