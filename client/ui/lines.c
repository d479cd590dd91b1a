#include "client/ui/lines.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <utf8proc.h>

#define CHARACTER_MAX 4
#define REPLACEMENT "\xef\xbf\xbd"
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

void lines_init(struct lines *lines) {
    lines->at = lines->size = 0;
    lines->ended = lines->continues = false;
    lines->number = 0;
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

int lines_read(struct lines *lines, int input) {
    size_t room;
    char *space = lines_space(lines, &room);
    ssize_t size = read(input, space, room);
    if (size > 0) {
        lines_added(lines, (size_t)size);
        return 0;
    }
    int error = size < 0 ? errno : 0;
    if (error == EINTR || error == EAGAIN) return 0;
    lines_end(lines);
    return error;
}

void lines_cut(struct lines *lines) {
    while (lines->size > lines->at && lines->data[lines->size - 1] != '\n') lines->size--;
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

size_t lines_mark(const char *text, size_t size) {
    size_t mark = strlen(BYTE_ORDER_MARK);
    return size >= mark && memcmp(text, BYTE_ORDER_MARK, mark) == 0 ? mark : 0;
}

static void skip_mark(struct lines *lines, const char **start, size_t *length) {
    size_t size = lines_mark(*start, *length);
    lines->at += size;
    *start += size;
    *length -= size;
}

/* The next piece, which may be empty. Without a newline in sight it is cut only where so much waits that the piece is
 * full before it reaches a character that has not come completely. */
static bool take_piece(struct lines *lines, struct line *out) {
    size_t left = lines->size - lines->at, consumed, behind;
    const char *start = lines->data + lines->at, *newline = memchr(start, '\n', left);
    size_t length = newline ? (size_t)(newline - start) : left;
    if (!newline && left <= (lines->ended ? 0 : MESSAGE_TEXT_MAX + CHARACTER_MAX)) return false;
    out->begins = !lines->continues;
    lines->number += out->begins;
    if (lines->number == 1 && out->begins) skip_mark(lines, &start, &length);
    behind = (newline || lines->ended) && length > 0 && start[length - 1] == '\r'; /* is no part of the line */
    length -= behind;
    out->size = lines_repair(start, length, lines->text, sizeof lines->text, &consumed, &out->repaired);
    out->text = lines->text;
    out->number = lines->number;
    out->ends = consumed == length && (newline || lines->ended);
    lines->continues = !out->ends;
    lines->at += consumed + (out->ends ? behind + (newline != NULL) : 0);
    return true;
}

bool lines_next(struct lines *lines, struct line *out) {
    while (take_piece(lines, out))
        if (out->size > 0) return true;
    return false;
}

size_t lines_unify(char *text, size_t size) {
    size_t written = 0;
    for (size_t at = 0; at < size; at++)
        if (text[at] != '\r' || (at + 1 < size && text[at + 1] != '\n')) text[written++] = text[at];
    text[written] = '\0';
    return written;
}
