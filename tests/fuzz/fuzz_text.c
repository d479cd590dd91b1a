/* What text_filter and text_nick let through is UTF-8 without anything that moves a cursor, hides or reorders text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "common/text.h"

#define OUTPUT_MAX 8192

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
    if (!condition) abort();
}

static const struct {
    int32_t first, last;
} forbidden[] = {
    {0x00, 0x1f},     {0x7f, 0x9f},     {0x061c, 0x061c}, {0x200b, 0x200c},   {0x200e, 0x200f},
    {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xe0000, 0xe007f}, {0xe000, 0xf8ff},
};

static bool is_forbidden(int32_t character, bool multiline) {
    if (multiline && (character == '\n' || character == '\t')) return false;
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++)
        if (character >= forbidden[i].first && character <= forbidden[i].last) return true;
    return false;
}

static void check(const char *text, size_t size, bool multiline) {
    const uint8_t *at = (const uint8_t *)text;

    require(strlen(text) == size && text_is_utf8(text, size));
    for (utf8proc_ssize_t left = (utf8proc_ssize_t)size; left > 0;) {
        utf8proc_int32_t character;
        utf8proc_ssize_t length = utf8proc_iterate(at, left, &character);

        require(length > 0 && !is_forbidden(character, multiline));
        at += length;
        left -= length;
    }
}

static void check_filter(const char *text, size_t size, bool multiline, size_t capacity) {
    char *out = malloc(capacity);
    size_t written;

    require(out != NULL);
    written = text_filter(text, size, multiline, out, capacity);
    require(written < capacity);
    check(out, written, multiline);
    free(out);
}

/* The first byte chooses how much room there is; what is a nick stays one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char nick[TEXT_NICK_MAX + 1], again[TEXT_NICK_MAX + 1];
    const char *text = (const char *)data + 1;

    if (size < 1) return 0;
    size--;
    check_filter(text, size, false, OUTPUT_MAX);
    check_filter(text, size, true, OUTPUT_MAX);
    check_filter(text, size, true, (size_t)data[0] + 1);
    if (text_nick(text, size, nick)) {
        require(strlen(nick) > 0);
        require(text_nick(nick, strlen(nick), again) && strcmp(nick, again) == 0);
    }
    check(nick, strlen(nick), false);
    return 0;
}
