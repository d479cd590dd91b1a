/* The lines of one room: originals, never wrapped ones, so that any width can be drawn from them. Pure.
 *
 * Bounded: SCROLLBACK_LINES lines and SCROLLBACK_BYTES bytes of memory, headers and all; the oldest go first. Lines are
 * numbered from 0 and keep their number, so a place survives what is added and dropped; scrollback_lift alone changes
 * numbers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCROLLBACK_LINES 10000
#define SCROLLBACK_BYTES (3u * 1024 * 1024)

enum line_kind {
    LINE_MESSAGE,
    LINE_ACTION,  /* the author is part of the sentence */
    LINE_PRIVATE, /* to us, or from us to one peer */
    LINE_NOTICE,
    LINE_ERROR,
    LINE_OLD,  /* from the transcript */
    LINE_DAY,  /* a new day begins */
    LINE_CODE, /* a row of a QR code: from the first column on, never wrapped */
};

/* Fixed part of a line; author and text, filtered for a terminal, are given apart and lie behind it. */
struct line_header {
    uint64_t at_ms; /* wall clock; 0, and no author: goes on with the line before */
    enum line_kind kind : 8;
    bool own : 1, mention : 1;
    bool unsearched : 1;                         /* says what was looked for: is not found by it */
    uint8_t colour;                              /* of the author: palette.h */
    uint16_t recipients, delivered, undelivered; /* of own ones */
};

struct line {
    struct line_header header;
    uint16_t author_size;
    uint32_t text_size;
    char bytes[]; /* author, then text; not zero-terminated */
};
static inline const char *line_author(const struct line *line) {
    return line->bytes;
}
static inline const char *line_text(const struct line *line) {
    return line->bytes + line->author_size;
}

struct scrollback {
    struct line **lines; /* a ring that grows up to SCROLLBACK_LINES */
    size_t capacity, head, count;
    size_t bytes;   /* of memory, with an estimate of what malloc adds */
    uint64_t first; /* number of the oldest line kept */
};

void scrollback_clear(struct scrollback *scrollback); /* numbers go on; also frees */
/* Is it within its bounds, and are the bytes those of its lines? */
bool scrollback_holds(const struct scrollback *scrollback);
/* Appends and returns the line's number. A text too long for the bound is cut. Without memory older lines go; if none
 * is left, the line is lost and its number with it. */
uint64_t scrollback_add(struct scrollback *scrollback, const struct line_header *header, const char *author,
                        size_t author_size, const char *text, size_t text_size);
/* A line says something else from now on; its header stays. Where there is no memory, or no such line, nothing changes.
 */
void scrollback_change(struct scrollback *scrollback, uint64_t number, const char *text, size_t size);
/* Line `from` takes the place of line `to`, not below it; that one and those after it, up to `from`, move down by one.
 */
void scrollback_lift(struct scrollback *scrollback, uint64_t from, uint64_t to);
/* NULL when it is not there (any more). */
struct line *scrollback_line(const struct scrollback *scrollback, uint64_t number);
static inline uint64_t scrollback_end(const struct scrollback *scrollback) {
    return scrollback->first + scrollback->count;
}
/* The newest line below number `before` whose author or text contains the words, without regard to case (NFKC
 * case-folded); false: none, or no words. */
bool scrollback_find(const struct scrollback *scrollback, const char *words, uint64_t before, uint64_t *number);
