#include "client/curses/mention.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uniwbrk.h>
#include <utf8proc.h>

#include "common/memory.h"
#include "common/text.h"

/* utf8proc puts marks in their order step by step: 64 KiB of them would take it many seconds. */
#define PIECE_SIZE 256

/* What can be folded by itself: to the end of a grapheme cluster where one ends, else of a character. The text is
 * UTF-8. */
static size_t piece_of(const char *text, size_t size) {
    utf8proc_int32_t before = 0, character = 0, state = 0;
    size_t at = 0, whole = 0;
    while (at < size) {
        utf8proc_ssize_t length =
            utf8proc_iterate((const utf8proc_uint8_t *)text + at, (utf8proc_ssize_t)(size - at), &character);
        if (at > 0 && utf8proc_grapheme_break_stateful(before, character, &state)) whole = at;
        if (at + (size_t)length > PIECE_SIZE) return whole > 0 ? whole : at;
        before = character;
        at += (size_t)length;
    }
    return size;
}

/* malloc'd; NULL for what is no UTF-8. */
static char *fold(const char *text, size_t size) {
    utf8proc_option_t how = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD;
    char *all;
    size_t all_size;
    if (!text_is_utf8(text, size)) return NULL;
    FILE *out = open_memstream(&all, &all_size);
    if (!out) abort();
    for (size_t at = 0, length; at < size; at += length) {
        utf8proc_uint8_t *folded = NULL;
        length = piece_of(text + at, size - at);
        utf8proc_ssize_t folded_size =
            utf8proc_map((const utf8proc_uint8_t *)text + at, (utf8proc_ssize_t)length, &folded, how);
        if (folded_size < 0) abort(); /* only without memory */
        fwrite(folded, 1, (size_t)folded_size, out);
        free(folded);
    }
    if (fclose(out) != 0) abort();
    return all;
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
    char *breaks = allocate(size + 1);
    bool found = false;
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
