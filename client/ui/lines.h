/* Bytes of input → lines that can be sent. Pure, but for lines_read.
 *
 * A line is at most MESSAGE_TEXT_MAX bytes; a longer one comes in several pieces, cut between characters. A byte that
 * belongs to no character of UTF-8 becomes U+FFFD. Empty lines are left out, and a last line needs no newline. Files of
 * other systems are taken as they are meant: a byte order mark before the first line is none of it, and neither is a
 * carriage return at a line's end. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/message/message.h"

#define LINES_CAPACITY (MESSAGE_TEXT_MAX + 4096)

struct lines {
    char data[LINES_CAPACITY]; /* bytes at … size are not taken yet */
    size_t at, size;
    bool ended;                      /* no more will come */
    bool continues;                  /* the next piece is not the first of its line */
    uint64_t number;                 /* of the line that was taken last, from 1, empty ones counted */
    char text[MESSAGE_TEXT_MAX + 1]; /* of the piece that was taken last */
};

struct line {
    const char *text; /* zero-terminated; until the next call */
    size_t size;
    uint64_t number;
    bool begins;   /* first piece of its line */
    bool ends;     /* last piece */
    bool repaired; /* there was something that is no UTF-8 */
};

void lines_init(struct lines *lines);
/* Where to put what is read next, and how much; never nothing after lines_next said false. */
char *lines_space(struct lines *lines, size_t *room);
void lines_added(struct lines *lines, size_t size);
void lines_end(struct lines *lines);
/* Adds what can be read now; nothing, where a signal or nothing came. At the input's end, and where it cannot be read,
 * no more lines come; returns the errno of the latter, else 0. */
int lines_read(struct lines *lines, int input);
/* Likewise, and what waits behind the last newline is no line: it was cut off. */
void lines_cut(struct lines *lines);
/* False when more must be read first. */
bool lines_next(struct lines *lines, struct line *out);
/* Ended, and everything taken. */
bool lines_finished(const struct lines *lines);

/* Copies text with each byte that belongs to no character replaced by U+FFFD, as far as whole characters fit into
 * `capacity`, with a final zero. Returns the bytes written without the zero; `consumed` is how far it came. */
size_t lines_repair(const char *text, size_t size, char *out, size_t capacity, size_t *consumed, bool *repaired);
/* Bytes of the byte order mark that the text begins with. */
size_t lines_mark(const char *text, size_t size);
/* A whole text as those lines would be, in place: without the carriage returns before newlines and at its end. Returns
 * its new size, and puts a zero there. */
size_t lines_unify(char *text, size_t size);
