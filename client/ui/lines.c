#include "client/ui/lines.h"

#include <string.h>
#include <utf8proc.h>

#define CHARACTER_MAX 4
#define REPLACEMENT "\xef\xbf\xbd"

void lines_init(struct lines *lines) {
    lines->at = lines->size = 0;
    lines->ended = lines->continues = false;
}

char *lines_space(struct lines *lines, size_t *room) {
    lines->size -= lines->at;
    memmove(lines->data, lines->data + lines->at, lines->size);
    lines->at = 0;
    *room = LINES_CAPACITY - lines->size;
    return lines->data + lines->size;
}

void lines_added(struct lines *lines, size_t size) {
    lines->size += size;
}

void lines_end(struct lines *lines) {
    lines->ended = true;
}

bool lines_finished(const struct lines *lines) {
    return lines->ended && lines->at == lines->size;
}

size_t lines_repair(const char *text, size_t size, char *out, size_t capacity, size_t *consumed, bool *repaired) {
    size_t written = 0, at = 0;

    *repaired = false;
    while (at < size) {
        utf8proc_int32_t ignored;
        utf8proc_ssize_t length =
            utf8proc_iterate((const utf8proc_uint8_t *)text + at, (utf8proc_ssize_t)(size - at), &ignored);
        const char *from = length > 0 ? text + at : REPLACEMENT;
        size_t bytes = length > 0 ? (size_t)length : strlen(REPLACEMENT);

        if (written + bytes >= capacity) break;
        memcpy(out + written, from, bytes);
        written += bytes;
        at += length > 0 ? (size_t)length : 1;
        *repaired |= length <= 0;
    }
    out[written] = '\0';
    *consumed = at;
    return written;
}

/* The next piece, which may be empty. Without a newline in sight it is cut only where so much waits that the piece is
 * full before it reaches a character that has not come completely. */
static bool take_piece(struct lines *lines, struct line *out) {
    const char *start = lines->data + lines->at;
    size_t left = lines->size - lines->at, consumed;
    const char *newline = memchr(start, '\n', left);
    size_t length = newline ? (size_t)(newline - start) : left;

    if (!newline && left <= (lines->ended ? 0 : MESSAGE_TEXT_MAX + CHARACTER_MAX)) return false;
    out->size = lines_repair(start, length, lines->text, sizeof lines->text, &consumed, &out->repaired);
    out->text = lines->text;
    out->begins = !lines->continues;
    lines->continues = consumed < length || !newline;
    lines->at += consumed + (lines->continues ? 0 : 1);
    return true;
}

bool lines_next(struct lines *lines, struct line *out) {
    while (take_piece(lines, out))
        if (out->size > 0) return true;
    return false;
}
