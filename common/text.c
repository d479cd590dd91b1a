#include "common/text.h"
#include "common/memory.h"

#include <stdlib.h>
#include <string.h>
#include <unictype.h>
#include <utf8proc.h>

#define MARKS_PER_BASE_MAX 8
#define ZERO_WIDTH_NON_JOINER 0x200c
#define ZERO_WIDTH_JOINER 0x200d
#define SOFT_HYPHEN 0xad
#define FIRST_MARK 0x300
#define TEXT_STYLE 0xfe0e
#define EMOJI_STYLE 0xfe0f
#define REPLACEMENT 0xfffd
#define REPLACEMENT_TEXT "\xef\xbf\xbd"
/* Emoji tag sequences (UTS 51, C.1): a region and a subdivision of it in lower case, spelt in tags. */
#define BLACK_FLAG 0x1f3f4
#define TAG(character) (0xe0000 + (character))
#define TAG_END 0xe007f
#define TAGS_LEAST 3
#define TAGS_MOST 7
/* What of a nick is looked at: one character may become 18 in NFKC, and no honest nick is near this. */
#define NICK_INPUT_MAX 512

enum verdict { KEEP, REPLACE, DROP };
enum strictness { FOR_TEXT, FOR_NAMES, FOR_NICKS };

struct input {
    const utf8proc_uint8_t *at;
    size_t left;
};

/* What of the text before decides about a character. */
struct context {
    enum strictness strictness;
    bool multiline;
    bool has_base;
    bool after_pictograph; /* or after what extends one */
    bool takes_style, takes_variation;
    bool after_letter; /* or after a mark on one */
    bool after_joiner, after_virama, after_hangul;
    bool joins;    /* after a joiner, or marks behind it: what is joined is still to come */
    int joining;   /* Joining_Type of the last that is not transparent */
    unsigned tags; /* so many more belong to a flag */
    unsigned marks;
};

bool text_is_utf8(const char *text, size_t size) {
    struct input input = {(const utf8proc_uint8_t *)text, size};
    while (input.left > 0) {
        utf8proc_int32_t ignored;
        utf8proc_ssize_t length = utf8proc_iterate(input.at, (utf8proc_ssize_t)input.left, &ignored);
        if (length <= 0) return false;
        input.at += length;
        input.left -= (size_t)length;
    }
    return true;
}

/* The next character, or -1 for a byte that belongs to none. */
static utf8proc_int32_t next_character(struct input *input) {
    utf8proc_int32_t character = -1;
    utf8proc_ssize_t length = utf8proc_iterate(input->at, (utf8proc_ssize_t)input->left, &character);
    if (length <= 0) {
        character = -1;
        length = 1;
    }
    input->at += length;
    input->left -= (size_t)length;
    return character;
}

/* -1 also at the end. */
static utf8proc_int32_t peek(struct input rest) {
    return rest.left > 0 ? next_character(&rest) : -1;
}

/* False: there is no more room. */
static bool append(utf8proc_int32_t character, char *out, size_t *written, size_t capacity) {
    utf8proc_uint8_t encoded[4];
    size_t length = (size_t)utf8proc_encode_char(character, encoded);
    if (length >= capacity - *written) return false;
    memcpy(out + *written, encoded, length);
    *written += length;
    return true;
}

/* --- For sending --- */

static bool is_control(utf8proc_int32_t character) {
    if (character == '\n' || character == '\t') return false;
    return character < ' ' || (character >= 0x7f && character < 0xa0);
}

size_t text_outgoing(const char *text, size_t size, char *out, size_t capacity) {
    struct input input = {(const utf8proc_uint8_t *)text, size};
    size_t written = 0;
    if (capacity == 0) return 0;
    while (input.left > 0) {
        utf8proc_int32_t character = next_character(&input);
        if (!append(is_control(character) ? REPLACEMENT : character, out, &written, capacity)) break;
    }
    out[written] = '\0';
    return written;
}

/* --- What characters are --- */

static bool is_assigned(utf8proc_int32_t character) {
    return utf8proc_get_property(character)->category != UTF8PROC_CATEGORY_CN;
}

static bool is_noncharacter(utf8proc_int32_t character) {
    return (character & 0xfffe) == 0xfffe || (character >= 0xfdd0 && character <= 0xfdef);
}

/* Also what is set aside to become so; Hangul fillers, selectors and tags among them. */
static bool is_ignorable(utf8proc_int32_t character) {
    if (character < SOFT_HYPHEN) return false; /* the first of them */
    return utf8proc_get_property(character)->ignorable ||
           uc_is_property_default_ignorable_code_point((ucs4_t)character);
}

/* Assigned and not ignorable, and yet nothing is to be seen, or a mark that stands for nothing. No property says so:
 * Braille's blank pattern, the null notehead, Duployan's selector, Khitan's filler, Egypt's blanks, the joiner of
 * Tifinagh, Devanagari's caret, and what marks an embedded object. */
static bool is_blank_glyph(utf8proc_int32_t character) {
    static const utf8proc_int32_t blanks[] = {0x2800,  0x2d7f,  0xa8fa,  0xfffc, 0x13441,
                                              0x13442, 0x16fe4, 0x1bc9d, 0x1d159};
    for (size_t i = 0; i < sizeof blanks / sizeof *blanks; i++)
        if (character == blanks[i]) return true;
    return false;
}

static bool is_pictograph(utf8proc_int32_t character) {
    const utf8proc_property_t *property = utf8proc_get_property(character);
    return property->boundclass == UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC && is_assigned(character);
}

/* Unicode sets room aside for pictographs to come. */
static bool may_be_pictograph(utf8proc_int32_t character) {
    return is_pictograph(character) || (character >= 0x1f000 && character <= 0x1faff && !is_assigned(character));
}

static bool is_keycap_base(utf8proc_int32_t character) {
    return (character >= '0' && character <= '9') || character == '#' || character == '*';
}

static bool is_letter(utf8proc_int32_t character) {
    if (character < 0) return false;
    utf8proc_category_t category = utf8proc_category(character);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO && !is_ignorable(character);
}

static bool is_mark(utf8proc_int32_t character) {
    if (character < FIRST_MARK) return false;
    utf8proc_category_t category = utf8proc_category(character);
    return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC || category == UTF8PROC_CATEGORY_ME;
}

/* The half-width signs that NFKC makes marks of: what follows them is on the same base, so that folding what was
 * filtered finds no long runs of marks, which utf8proc takes long to order. */
static bool becomes_mark(utf8proc_int32_t character) {
    return character == 0xff9e || character == 0xff9f;
}

static bool is_virama(utf8proc_int32_t character) {
    return character >= FIRST_MARK && uc_combining_class((ucs4_t)character) == UC_CCC_VR;
}

static bool is_joiner(utf8proc_int32_t character) {
    return character == ZERO_WIDTH_NON_JOINER || character == ZERO_WIDTH_JOINER;
}

static bool is_tag(utf8proc_int32_t character) {
    return (character >= TAG('0') && character <= TAG('9')) || (character >= TAG('a') && character <= TAG('z'));
}

/* Categories that no text needs to be read: control, format (but visible ones, as the Arabic number sign), surrogate,
 * line and paragraph separators. */
static bool is_unsafe(const utf8proc_property_t *property) {
    switch (property->category) {
    case UTF8PROC_CATEGORY_CF: return property->boundclass != UTF8PROC_BOUNDCLASS_PREPEND;
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP: return true;
    default: return false;
    }
}

/* What a room's name may have, but not a nick: there is nothing to tell two of them apart. */
static bool is_unsafe_in_nicks(const utf8proc_property_t *property) {
    return property->category == UTF8PROC_CATEGORY_CN || property->category == UTF8PROC_CATEGORY_CO ||
           property->category == UTF8PROC_CATEGORY_CF;
}

static bool is_hangul(const utf8proc_property_t *property) {
    unsigned class = property->boundclass;
    return class == UTF8PROC_BOUNDCLASS_L || class == UTF8PROC_BOUNDCLASS_V || class == UTF8PROC_BOUNDCLASS_T ||
           class == UTF8PROC_BOUNDCLASS_LV || class == UTF8PROC_BOUNDCLASS_LVT;
}

/* A conjoining vowel or final consonant has no column of its own: behind anything but Hangul it hides, or is drawn on
 * top of that. NFKC makes these of the letters that stand alone, too. */
static bool is_lost_jamo(const utf8proc_property_t *property, const struct context *context) {
    bool conjoining = property->boundclass == UTF8PROC_BOUNDCLASS_V || property->boundclass == UTF8PROC_BOUNDCLASS_T;
    return conjoining && !context->after_hangul;
}

/* --- The invisible where it belongs --- */

/* The Joining_Type of what the marks that follow stand before. */
static int joining_ahead(const struct context *context, struct input rest) {
    while (rest.left > 0) {
        utf8proc_int32_t character = next_character(&rest);
        if (character < 0) break;
        bool passed = is_mark(character) && uc_joining_type((ucs4_t)character) == UC_JOINING_TYPE_T;
        if (!passed || is_ignorable(character) || !context->has_base) return uc_joining_type((ucs4_t)character);
    }
    return UC_JOINING_TYPE_U;
}

static bool is_cursive(int joining) {
    return joining == UC_JOINING_TYPE_L || joining == UC_JOINING_TYPE_R || joining == UC_JOINING_TYPE_D;
}

/* RFC 5892 A.1 and A.2. A.1 has no word about what follows; but at the end there would be nothing to see. */
static bool joiner_has_effect(utf8proc_int32_t joiner, const struct context *context, struct input rest) {
    if (context->after_virama) return context->strictness != FOR_NICKS || is_letter(peek(rest));
    if (joiner == ZERO_WIDTH_JOINER) return false;
    int before = context->joining, after = joining_ahead(context, rest);
    return (before == UC_JOINING_TYPE_L || before == UC_JOINING_TYPE_D) &&
           (after == UC_JOINING_TYPE_R || after == UC_JOINING_TYPE_D);
}

/* People write more than has an effect: a ZWNJ after a letter that does not join, a ZWJ for a letter's shape at the end
 * of a word, as in the Persian abbreviation for Hijri. In Bengali ZWJ and virama make a ya-phalaa. */
static bool joiner_is_customary(utf8proc_int32_t joiner, const struct context *context, struct input rest) {
    if (is_cursive(context->joining) || is_cursive(joining_ahead(context, rest))) return true;
    return joiner == ZERO_WIDTH_JOINER && context->after_letter && is_virama(peek(rest)) &&
           context->marks < MARKS_PER_BASE_MAX;
}

static bool joiner_belongs(utf8proc_int32_t joiner, const struct context *context, struct input rest) {
    if (context->after_joiner) return false;
    utf8proc_int32_t next = peek(rest);
    if (joiner == ZERO_WIDTH_JOINER && context->after_pictograph && next >= 0 && may_be_pictograph(next)) return true;
    if (joiner_has_effect(joiner, context, rest)) return true;
    return context->strictness == FOR_TEXT && joiner_is_customary(joiner, context, rest);
}

/* How many tags after the black flag make it another one, the last included; 0: none. */
static unsigned tags_ahead(struct input rest) {
    unsigned tags = 0;
    utf8proc_int32_t character = -1;
    while (tags <= TAGS_MOST && rest.left > 0 && is_tag(character = next_character(&rest))) tags++;
    return tags >= TAGS_LEAST && tags <= TAGS_MOST && character == TAG_END ? tags + 1 : 0;
}

static bool is_variation(utf8proc_int32_t character) {
    return uc_is_property_variation_selector((ucs4_t)character);
}

/* Default-ignorable, and not for nothing. */
static bool invisible_belongs(utf8proc_int32_t character, const struct context *context, struct input rest) {
    if (is_joiner(character)) return joiner_belongs(character, context, rest);
    if (character == TEXT_STYLE || character == EMOJI_STYLE) return context->takes_style;
    if (character == TAG_END || is_tag(character)) return context->tags > 0;
    if (context->strictness != FOR_TEXT) return false;
    if (is_variation(character)) return context->takes_variation;
    return character == SOFT_HYPHEN && context->after_letter && is_letter(peek(rest));
}

/* --- For showing --- */

static enum verdict judge(utf8proc_int32_t character, const struct context *context, struct input rest) {
    if (character < 0) return REPLACE;
    if (character == '\n' || character == '\t') return context->multiline ? KEEP : REPLACE;
    if (is_ignorable(character)) return invisible_belongs(character, context, rest) ? KEEP : REPLACE;
    const utf8proc_property_t *property = utf8proc_get_property(character);
    if (is_unsafe(property) || is_noncharacter(character)) return REPLACE;
    if (context->strictness != FOR_TEXT && is_blank_glyph(character)) return REPLACE;
    if (context->strictness == FOR_NICKS && (is_unsafe_in_nicks(property) || is_lost_jamo(property, context)))
        return REPLACE;
    if (!is_mark(character)) return KEEP;
    if (!context->has_base) return REPLACE;
    return context->marks < MARKS_PER_BASE_MAX ? KEEP : DROP;
}

/* Invisible: it changes nothing but what may follow directly. */
static void remember_invisible(struct context *context, utf8proc_int32_t kept) {
    bool joiner = is_joiner(kept);
    context->after_joiner = joiner;
    context->joins |= joiner;
    context->after_virama = context->after_hangul = context->takes_style = context->takes_variation = false;
    if (joiner) context->after_pictograph = false;
    if (context->tags > 0) context->tags--;
    if (kept == SOFT_HYPHEN) context->has_base = context->after_letter = false;
}

static void remember(struct context *context, utf8proc_int32_t kept, struct input rest) {
    if (is_ignorable(kept)) {
        remember_invisible(context, kept);
        return;
    }
    const utf8proc_property_t *property = utf8proc_get_property(kept);
    bool extends = property->boundclass == UTF8PROC_BOUNDCLASS_EXTEND, mark = is_mark(kept);
    bool space = property->category == UTF8PROC_CATEGORY_ZS || kept == '\n' || kept == '\t';
    int joining = uc_joining_type((ucs4_t)kept);
    context->takes_style = is_pictograph(kept) || is_keycap_base(kept);
    context->takes_variation = !space && !mark && kept != REPLACEMENT;
    context->after_pictograph = may_be_pictograph(kept) || (context->after_pictograph && extends);
    context->after_letter = is_letter(kept) || (mark && context->after_letter);
    context->after_joiner = false;
    context->joins &= mark;
    context->after_virama = is_virama(kept);
    context->after_hangul = is_hangul(property);
    if (!mark || joining != UC_JOINING_TYPE_T) context->joining = joining;
    context->tags = kept == BLACK_FLAG ? tags_ahead(rest) : 0;
    context->has_base = kept != '\n' && kept != '\t';
    if (!becomes_mark(kept)) context->marks = mark ? context->marks + 1 : 0;
}

/* What needs something behind it, which may be cut off. */
static bool is_open(const struct context *context, utf8proc_int32_t kept) {
    return context->joins || kept == SOFT_HYPHEN || (is_tag(kept) && context->tags > 0);
}

static size_t filter(struct context context, const char *text, size_t size, char *out, size_t capacity) {
    struct input input = {(const utf8proc_uint8_t *)text, size};
    size_t written = 0, whole = 0;
    if (capacity == 0) return 0;
    while (input.left > 0) {
        utf8proc_int32_t character = next_character(&input);
        enum verdict verdict = judge(character, &context, input);
        if (verdict == DROP) continue;
        if (verdict == REPLACE) character = REPLACEMENT;
        if (!append(character, out, &written, capacity)) {
            written = whole;
            break;
        }
        remember(&context, character, input);
        if (!is_open(&context, character)) whole = written;
    }
    out[written] = '\0';
    return written;
}

size_t text_filter(const char *text, size_t size, bool multiline, char *out, size_t capacity) {
    return filter((struct context){.multiline = multiline}, text, size, out, capacity);
}

size_t text_name_span(const char *text, size_t size) {
    char *out = allocate(TEXT_GROWTH * size + 1);
    size_t written = filter((struct context){.strictness = FOR_NAMES}, text, size, out, TEXT_GROWTH * size + 1);
    size_t same = 0;
    while (same < size && same < written && text[same] == out[same]) same++;
    while (same < size && same > 0 && ((unsigned char)text[same] & 0xc0) == 0x80) same--;
    free(out);
    return same;
}

/* --- Nicks --- */

/* Trims white space and makes one space of the rest, in place. */
static void fold_white_space(char *text) {
    struct input input = {(const utf8proc_uint8_t *)text, strlen(text)};
    char *end = text;
    bool pending = false;
    while (input.left > 0) {
        const utf8proc_uint8_t *start = input.at;
        utf8proc_int32_t character = next_character(&input);
        if (character == '\t' || character == '\n' || utf8proc_category(character) == UTF8PROC_CATEGORY_ZS) {
            pending = end != text;
            continue;
        }
        if (pending) *end++ = ' ';
        pending = false;
        size_t length = (size_t)(input.at - start);
        memmove(end, start, length);
        end += length;
    }
    *end = '\0';
}

/* What a nick stands before or behind must not be imitated by it: `nick: text`, nick#digits, notices, commands, labels
 * of the unknown, `[room] nick`. True when it did. */
static bool disarm_nick(char *nick) {
    bool armed = *nick && strchr("*/!?[", *nick);
    if (armed) *nick = '_';
    for (char *sign = strpbrk(nick, ":#"); sign; sign = strpbrk(sign, ":#")) {
        *sign = '_';
        armed = true;
    }
    return armed;
}

/* In place: emoji and text styles. Some keyboards add them unasked and many terminals show nothing of them, so two
 * nicks must not differ in them alone. */
static void drop_styles(char *text) {
    char *end = text;
    for (const char *at = text; *at;) {
        bool style = strncmp(at, "\xef\xb8\x8e", 3) == 0 || strncmp(at, "\xef\xb8\x8f", 3) == 0;
        if (style)
            at += 3;
        else
            *end++ = *at++;
    }
    *end = '\0';
}

bool text_nick(const char *text, size_t size, char out[static TEXT_NICK_MAX + 1]) {
    struct context lenient = {.strictness = FOR_NICKS, .multiline = true}, strict = {.strictness = FOR_NICKS};
    char safe[NICK_INPUT_MAX + 1], whole[NICK_INPUT_MAX + 1];
    *out = '\0';
    (void)filter(lenient, text, size, safe, sizeof safe);
    drop_styles(safe);
    char *folded = (char *)utf8proc_NFKC((const utf8proc_uint8_t *)safe);
    if (!folded) abort(); /* without memory: `safe` is UTF-8 */
    fold_white_space(folded);
    /* Once more: decomposing and trimming may have taken a mark's base away. */
    size_t needed = filter(strict, folded, strlen(folded), whole, sizeof whole);
    size_t written = filter(strict, folded, strlen(folded), out, TEXT_NICK_MAX + 1);
    bool fits = size <= NICK_INPUT_MAX && needed == written;
    free(folded);
    if (written > 0 && out[written - 1] == ' ') out[--written] = '\0';
    bool plain = !disarm_nick(out);
    return plain && fits && written > 0 && !strstr(safe, REPLACEMENT_TEXT) && !strstr(out, REPLACEMENT_TEXT);
}

char *text_fold(const char *text) {
    char *folded = (char *)utf8proc_NFKC_Casefold((const utf8proc_uint8_t *)text);
    return folded ? folded : copy_text(text);
}
