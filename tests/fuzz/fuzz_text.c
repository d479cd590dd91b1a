/* What text_filter, text_nick and room_name_parse let through is UTF-8 without anything that moves a cursor, hides or
 * reorders text; what text_outgoing lets through differs from what came in by controls alone. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "common/room_name.h"
#include "common/text.h"
#include "common/why.h"

#define INPUT_MAX 256 /* more says nothing new, and is looked at eight times */
#define OUTPUT_MAX 8192

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
    if (!condition) abort();
}

static const struct {
    int32_t first, last;
} forbidden[] = {
    {0x00, 0x1f},       {0x7f, 0x9f},       {0x034f, 0x034f},     {0x061c, 0x061c},   {0x115f, 0x1160},
    {0x17b4, 0x17b5},   {0x180e, 0x180e},   {0x200b, 0x200b},     {0x200e, 0x200f},   {0x2028, 0x202e},
    {0x2060, 0x206f},   {0x3164, 0x3164},   {0xfdd0, 0xfdef},     {0xfeff, 0xfeff},   {0xffa0, 0xffa0},
    {0xfff0, 0xfffb},   {0xfffe, 0xffff},   {0xe0000, 0xe002f},   {0xe003a, 0xe0060}, {0xe007b, 0xe007e},
    {0xe0080, 0xe00ff}, {0xe01f0, 0xe0fff}, {0x10fffe, 0x10ffff},
};

/* May follow only upon something, and never upon its like. */
static bool is_invisible(int32_t character) {
    return character == 0xad || character == 0x200c || character == 0x200d ||
           (character >= 0xfe00 && character <= 0xfe0f) || (character >= 0xe0100 && character <= 0xe01ef);
}

static bool is_tag(int32_t character) {
    return character >= 0xe0030 && character <= 0xe007f;
}

static bool is_forbidden(int32_t character, int32_t before, bool multiline) {
    if (multiline && (character == '\n' || character == '\t')) return false;
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++)
        if (character >= forbidden[i].first && character <= forbidden[i].last) return true;
    if (is_tag(character)) return before != 0x1f3f4 && !is_tag(before);
    bool joiner_on_style = character == 0x200d && before == 0xfe0f; /* in emoji */
    return is_invisible(character) && is_invisible(before) && !joiner_on_style;
}

static void check(const char *text, size_t size, bool multiline) {
    const uint8_t *at = (const uint8_t *)text;
    utf8proc_int32_t before = '\n';
    require(strlen(text) == size && text_is_utf8(text, size));
    for (utf8proc_ssize_t left = (utf8proc_ssize_t)size; left > 0;) {
        utf8proc_int32_t character;
        utf8proc_ssize_t length = utf8proc_iterate(at, left, &character);

        require(length > 0 && !is_forbidden(character, before, multiline));
        before = character;
        at += length;
        left -= length;
    }
}

static void check_filter(const char *text, size_t size, bool multiline, size_t capacity) {
    char *out = malloc(capacity), *again = malloc(capacity);
    size_t written;
    require(out != NULL && again != NULL);
    written = text_filter(text, size, multiline, out, capacity);
    require(written < capacity);
    check(out, written, multiline);
    require(text_filter(out, written, multiline, again, capacity) == written && memcmp(out, again, written) == 0);
    free(out);
    free(again);
}

/* What is valid and no control comes out as it went in. */
static void check_outgoing(const char *text, size_t size) {
    char *out = malloc(TEXT_GROWTH * size + 1);
    size_t at = 0, written, place = 0;
    require(out != NULL);
    written = text_outgoing(text, size, out, TEXT_GROWTH * size + 1);
    require(text_is_utf8(out, written));
    while (at < size) {
        utf8proc_int32_t character;
        utf8proc_ssize_t length =
            utf8proc_iterate((const uint8_t *)text + at, (utf8proc_ssize_t)(size - at), &character);
        bool control = length == 1 ? (character < ' ' && character != '\n' && character != '\t') || character == 0x7f
                                   : length > 0 && character < 0xa0;
        bool kept = length > 0 && !control;
        size_t bytes = kept ? (size_t)length : 3;

        require(place + bytes <= written);
        require(memcmp(out + place, kept ? text + at : "\xef\xbf\xbd", bytes) == 0);
        at += length > 0 ? (size_t)length : 1;
        place += bytes;
    }
    require(place == written);
    free(out);
}

static void check_room(const char *text, size_t size) {
    char room[ROOM_NAME_MAX + 1], again[ROOM_NAME_MAX + 1];
    struct why why;
    if (!room_name_parse(text, size, room, &why)) {
        require(why.text[0] != '\0' && room[0] == '\0');
        return;
    }
    check(room, strlen(room), false);
    require(room_name_parse(room, strlen(room), again, &why) && strcmp(room, again) == 0);
}

/* The first byte chooses how much room there is; what is a nick stays one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char nick[TEXT_NICK_MAX + 1], again[TEXT_NICK_MAX + 1];
    const char *text = (const char *)data + 1;
    if (size < 1) return 0;
    size--;
    if (size > INPUT_MAX) size = INPUT_MAX;
    check_filter(text, size, false, OUTPUT_MAX);
    check_filter(text, size, true, OUTPUT_MAX);
    check_filter(text, size, true, (size_t)data[0] + 1);
    check_outgoing(text, size);
    check_room(text, size);
    if (text_nick(text, size, nick)) {
        require(strlen(nick) > 0);
        require(text_nick(nick, strlen(nick), again) && strcmp(nick, again) == 0);
    }
    check(nick, strlen(nick), false);
    return 0;
}
