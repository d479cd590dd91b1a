#include "common/text.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#define MARKS_PER_BASE_MAX 8
#define ZERO_WIDTH_JOINER 0x200d
#define TEXT_STYLE 0xfe0e
#define EMOJI_STYLE 0xfe0f
#define REPLACEMENT 0xfffd
#define REPLACEMENT_TEXT "\xef\xbf\xbd"
/* What of a nick is looked at: one character may become 18 in NFKC, and no honest nick is near this. */
#define NICK_INPUT_MAX 512

enum verdict { KEEP, REPLACE, DROP };

struct input {
    const utf8proc_uint8_t *at;
    size_t left;
};

/* What of the text before decides about a character. */
struct context {
    bool multiline;
    bool has_base;
    bool after_pictograph; /* or after what extends one */
    bool takes_style;
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

/* Room for pictographs to come is set aside in Unicode: those are unassigned still. */
static bool is_pictograph(utf8proc_int32_t character) {
    const utf8proc_property_t *property = utf8proc_get_property(character);
    return property->boundclass == UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC &&
           property->category != UTF8PROC_CATEGORY_CN;
}

static bool pictograph_follows(struct input rest) {
    if (rest.left == 0) return false;
    utf8proc_int32_t character = next_character(&rest);
    return character >= 0 && is_pictograph(character);
}

static bool is_keycap_base(utf8proc_int32_t character) {
    return (character >= '0' && character <= '9') || character == '#' || character == '*';
}

static bool is_mark(utf8proc_propval_t category) {
    return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC || category == UTF8PROC_CATEGORY_ME;
}

/* Categories that no text needs to be read: control, format, surrogate, private use, unassigned, separators. */
static bool is_unsafe(utf8proc_propval_t category) {
    static const bool unsafe[] = {
        [UTF8PROC_CATEGORY_CN] = true, [UTF8PROC_CATEGORY_CC] = true, [UTF8PROC_CATEGORY_CF] = true,
        [UTF8PROC_CATEGORY_CS] = true, [UTF8PROC_CATEGORY_CO] = true, [UTF8PROC_CATEGORY_ZL] = true,
        [UTF8PROC_CATEGORY_ZP] = true,
    };
    return category < (int)sizeof unsafe && unsafe[category];
}

static enum verdict judge(utf8proc_int32_t character, const struct context *context, struct input rest) {
    if (character < 0) return REPLACE;
    if (character == '\n' || character == '\t') return context->multiline ? KEEP : REPLACE;
    if (character == ZERO_WIDTH_JOINER) return context->after_pictograph && pictograph_follows(rest) ? KEEP : REPLACE;
    if (character == TEXT_STYLE || character == EMOJI_STYLE) return context->takes_style ? KEEP : REPLACE;
    const utf8proc_property_t *property = utf8proc_get_property(character);
    if (is_unsafe(property->category) || property->ignorable) return REPLACE;
    if (!is_mark(property->category)) return KEEP;
    if (!context->has_base) return REPLACE;
    return context->marks < MARKS_PER_BASE_MAX ? KEEP : DROP;
}

static void remember(struct context *context, utf8proc_int32_t kept) {
    const utf8proc_property_t *property = utf8proc_get_property(kept);
    bool extends = property->boundclass == UTF8PROC_BOUNDCLASS_EXTEND;
    context->takes_style = is_pictograph(kept) || is_keycap_base(kept);
    context->after_pictograph = is_pictograph(kept) || (context->after_pictograph && extends);
    context->has_base = kept != '\n' && kept != '\t';
    context->marks = is_mark(property->category) ? context->marks + 1 : 0;
}

size_t text_filter(const char *text, size_t size, bool multiline, char *out, size_t capacity) {
    struct input input = {(const utf8proc_uint8_t *)text, size};
    struct context context = {.multiline = multiline};
    utf8proc_int32_t last = 0;
    size_t written = 0, before_last = 0;
    if (capacity == 0) return 0;
    while (input.left > 0) {
        utf8proc_int32_t character = next_character(&input);
        enum verdict verdict = judge(character, &context, input);
        if (verdict == DROP) continue;
        if (verdict == REPLACE) character = REPLACEMENT;
        utf8proc_uint8_t encoded[4];
        size_t length = (size_t)utf8proc_encode_char(character, encoded);
        if (length >= capacity - written) {
            /* What it joined is cut off. */
            if (last == ZERO_WIDTH_JOINER) written = before_last;
            break;
        }
        memcpy(out + written, encoded, length);
        before_last = written;
        written += length;
        last = character;
        remember(&context, character);
    }
    out[written] = '\0';
    return written;
}

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

bool text_nick(const char *text, size_t size, char out[static TEXT_NICK_MAX + 1]) {
    char safe[NICK_INPUT_MAX + 1];
    *out = '\0';
    (void)text_filter(text, size, true, safe, sizeof safe);
    char *folded = (char *)utf8proc_NFKC((const utf8proc_uint8_t *)safe);
    if (!folded) return false;
    fold_white_space(folded);
    /* Once more: decomposing and trimming may have taken a mark's base away. */
    size_t written = text_filter(folded, strlen(folded), false, out, TEXT_NICK_MAX + 1);
    free(folded);
    if (written > 0 && out[written - 1] == ' ') out[--written] = '\0';
    bool plain = !disarm_nick(out);
    return plain && written > 0 && !strstr(safe, REPLACEMENT_TEXT) && !strstr(out, REPLACEMENT_TEXT);
}
