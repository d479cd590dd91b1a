#include "client/curses/mention.h"

#include <stdlib.h>
#include <string.h>
#include <uniwbrk.h>
#include <utf8proc.h>

/* malloc'd; NULL for what is no UTF-8. */
static char *fold(const char *text, size_t size) {
    utf8proc_uint8_t *folded = NULL;
    utf8proc_option_t how = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD;

    if (utf8proc_map((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)size, &folded, how) < 0) return NULL;
    return (char *)folded;
}

/* Not what joins identifiers, as the underscore. */
static bool is_punctuation(const char *at) {
    utf8proc_int32_t character = 0;

    if (utf8proc_iterate((const utf8proc_uint8_t *)at, -1, &character) <= 0) return false;
    utf8proc_category_t category = utf8proc_category(character);
    return category > UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}

static const char *character_before(const char *start, const char *at) {
    do at--;
    while (at > start && ((unsigned char)*at & 0xc0) == 0x80);
    return at;
}

/* By UAX 29, for which bob's, bob:hello and bob.hello are a word each; but who writes so means bob. */
static bool is_boundary(const char *text, const char *breaks, const char *at) {
    if (at == text || *at == '\0' || breaks[at - text]) return true;
    return is_punctuation(at) || is_punctuation(character_before(text, at));
}

static bool has_word(const char *text, const char *word) {
    size_t size = strlen(text), length = strlen(word);
    char *breaks = malloc(size + 1);
    bool found = false;

    if (!breaks) abort();
    u8_wordbreaks((const uint8_t *)text, size, breaks);
    for (const char *at = text; !found && (at = strstr(at, word)); at++)
        found = is_boundary(text, breaks, at) && is_boundary(text, breaks, at + length);
    free(breaks);
    return found;
}

bool mention_in(const char *text, size_t size, const char *nick) {
    char *haystack = fold(text, size), *needle = fold(nick, strlen(nick));
    bool found = haystack && needle && *needle && strstr(haystack, needle) && has_word(haystack, needle);

    free(haystack);
    free(needle);
    return found;
}
