#include "client/curses/columns.h"

#include <langinfo.h>
#include <locale.h>
#include <string.h>
#include <utf8proc.h>
#include <wchar.h>

#define ZERO_WIDTH_JOINER 0x200d
#define DOTTED_CIRCLE 0x25cc
#define REPLACEMENT 0xfffd
#define WIDE_REPLACEMENT 0x3013 /* the geta mark: what printers of Chinese and Japanese put for a missing type */
#define ZERO_WIDTH_NON_JOINER 0x200c
#define SOFT_HYPHEN 0xad
#define SKIN_TONE_FIRST 0x1f3fb
#define SKIN_TONE_LAST 0x1f3ff

struct character {
    utf8proc_int32_t code;
    size_t size; /* bytes */
    int width;
};

static bool locale_is_utf8(const char *name) {
    return setlocale(LC_CTYPE, name) && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

bool columns_init(void) {
    return locale_is_utf8("") || locale_is_utf8("C.UTF-8");
}

static struct character character_at(const char *text, size_t size, size_t at) {
    struct character character;
    utf8proc_ssize_t length =
        utf8proc_iterate((const utf8proc_uint8_t *)text + at, (utf8proc_ssize_t)(size - at), &character.code);
    /* Nobody gives us invalid text; if somebody did, every byte would stand for itself. */
    if (length <= 0) return (struct character){REPLACEMENT, 1, 1};
    character.size = (size_t)length;
    /* Some are of no column for libc (NUL, U+200B): left out, they would bring together what they part. */
    bool control = utf8proc_get_property(character.code)->boundclass == UTF8PROC_BOUNDCLASS_CONTROL;
    character.width = control ? -1 : wcwidth((wchar_t)character.code);
    if (character.code == SOFT_HYPHEN) character.width = 0;
    return character;
}

static struct character character_before(const char *text, size_t at) {
    size_t start = at - 1;
    while (start > 0 && at - start < 4 && ((unsigned char)text[start] & 0xc0) == 0x80) start--;
    struct character character = character_at(text, at, start);
    return start + character.size == at ? character : (struct character){REPLACEMENT, 1, 1};
}

static bool is_pictograph(utf8proc_int32_t code) {
    return utf8proc_get_property(code)->boundclass == UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC;
}

/* Of no column, and nothing to see: joiners, variation selectors, tags, soft hyphens. */
static bool is_hidden(const struct character *character) {
    if (character->width != 0) return false;
    const utf8proc_property_t *property = utf8proc_get_property(character->code);
    return property->ignorable || property->category == UTF8PROC_CATEGORY_CF;
}

/* Whether `next` belongs to the glyph that `previous` is the last character of. Never across the end of a cluster: no
 * rule of UAX 29 for what is of no column looks further back than one character. */
static bool attaches(const struct character *previous, const struct character *next, bool on_pictograph) {
    bool skin_tone = on_pictograph && next->code >= SKIN_TONE_FIRST && next->code <= SKIN_TONE_LAST;
    return (next->width == 0 || skin_tone) && !utf8proc_grapheme_break(previous->code, next->code);
}

static bool breaks(const struct character *previous, const struct character *next, utf8proc_int32_t *state) {
    return utf8proc_grapheme_break_stateful(previous->code, next->code, state) || next->code == '\n';
}

/* Where a cluster ends whatever was before. */
static bool breaks_surely(const struct character *previous, const struct character *next) {
    return (utf8proc_grapheme_break(previous->code, next->code) && previous->code != ZERO_WIDTH_JOINER) ||
           next->code == '\n';
}

static size_t cluster_size(const char *text, size_t size) {
    struct character previous = character_at(text, size, 0);
    bool on_pictograph = is_pictograph(previous.code);
    utf8proc_int32_t state = 0;
    unsigned glyphs = 1;
    size_t at = previous.size;
    while (at < size) {
        struct character next = character_at(text, size, at);
        if (breaks(&previous, &next, &state)) break;
        if (!attaches(&previous, &next, on_pictograph)) {
            if (glyphs++ == COLUMNS_CLUSTER_GLYPHS) break;
            on_pictograph = is_pictograph(next.code);
        }
        at += next.size;
        previous = next;
    }
    return at;
}

struct cluster columns_cluster(const char *text, size_t size) {
    struct cluster cluster = {0};
    if (size == 0) return cluster;
    bool plain = *text >= ' ' && *text <= '~' && (size == 1 || (signed char)text[1] >= 0);
    if (plain) return (struct cluster){1, 1};
    cluster.size = cluster_size(text, size);
    if (*text == '\t') cluster.columns = COLUMNS_TAB - 1;
    struct glyph glyph;
    for (size_t at = 0; columns_glyph(text, cluster.size, &at, &glyph);) cluster.columns += glyph.columns;
    return cluster;
}

size_t columns_cluster_before(const char *text, size_t at) {
    if (at == 0) return 0;
    struct character next = character_before(text, at);
    size_t start = at - next.size;
    while (start > 0) {
        struct character previous = character_before(text, start);
        if (breaks_surely(&previous, &next)) break;
        start -= previous.size;
        next = previous;
    }
    for (;;) {
        size_t size = columns_cluster(text + start, at - start).size;
        if (start + size >= at) return start;
        start += size;
    }
}

unsigned columns_of(const char *text, size_t size) {
    unsigned columns = 0;
    for (size_t at = 0; at < size;) {
        struct cluster cluster = columns_cluster(text + at, size - at);
        columns += cluster.columns;
        at += cluster.size;
    }
    return columns;
}

size_t columns_fit(const char *text, size_t size, unsigned columns) {
    size_t at = 0;
    while (at < size) {
        struct cluster cluster = columns_cluster(text + at, size - at);
        if (cluster.columns > columns) break;
        columns -= cluster.columns;
        at += cluster.size;
    }
    return at;
}

static void add_mark(struct glyph *glyph, utf8proc_int32_t code) {
    if (glyph->mark_count < COLUMNS_MARKS_MAX) glyph->marks[glyph->mark_count++] = (uint32_t)code;
}

/* What libc does not know, but Unicode has it that it is wide: newer ideographs, those to come (UAX 11, planes 2 and
 * 3), and pictographs to come, which all were so far. */
static bool is_wide(utf8proc_int32_t code) {
    return utf8proc_charwidth(code) == 2 || (code >= 0x20000 && code <= 0x3fffd) ||
           (code >= 0x1f900 && code <= 0x1faff);
}

static struct glyph stand_in_for(utf8proc_int32_t code) {
    return is_wide(code) ? (struct glyph){.base = WIDE_REPLACEMENT, .columns = 2}
                         : (struct glyph){.base = REPLACEMENT, .columns = 1};
}

static struct glyph glyph_on(const struct character *first) {
    if (first->code == '\t') return (struct glyph){.base = ' ', .columns = 1};
    if (first->width < 0) return stand_in_for(first->code);
    if (first->width > 0) return (struct glyph){.base = (uint32_t)first->code, .columns = (uint8_t)first->width};
    struct glyph glyph = {.base = DOTTED_CIRCLE, .columns = 1};
    add_mark(&glyph, first->code);
    return glyph;
}

bool columns_glyph(const char *text, size_t size, size_t *at, struct glyph *out) {
    struct character previous = {0};
    for (; *at < size; *at += previous.size) {
        previous = character_at(text, size, *at);
        if (!is_hidden(&previous)) break;
    }
    if (*at == size || previous.code == '\n') return false;
    *at += previous.size;
    *out = glyph_on(&previous);
    bool on_pictograph = is_pictograph(previous.code);
    while (*at < size) {
        struct character next = character_at(text, size, *at);
        if (!attaches(&previous, &next, on_pictograph)) break;
        if (next.width == 0 && (!is_hidden(&next) || next.code == ZERO_WIDTH_NON_JOINER)) add_mark(out, next.code);
        *at += next.size;
        previous = next;
    }
    return true;
}
