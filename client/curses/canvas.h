/* What the screen shall look like: rows of cells, filled by screen.c, put on the terminal by terminal.c. Pure, so tests
 * compare pictures without a terminal. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/curses/columns.h"
#include "client/look/palette.h"
#include "common/attributes.h"

struct cell {
    struct glyph glyph; /* base 0: the right half of the cell before */
    struct style style;
    uint32_t link; /* the id of one of the links; 0: none */
};

/* Each URL has an id of its own, which is that of no other one ever. It keeps it while it is drawn between any two
 * resets, so that who compares two pictures sees which cells lead elsewhere. A hash would not do: who finds two URLs of
 * one hash has what others write lead to his. */
struct canvas_link {
    uint32_t id;
    bool drawn; /* since the last reset */
    char *url;
};

struct canvas {
    unsigned rows, columns;
    struct cell *cells; /* rows × columns */
    struct canvas_link *links;
    size_t link_count;
    uint32_t link_last; /* the id that was given last */
    unsigned cursor_row, cursor_column;
};

/* Resizes where needed and makes everything blank. False without memory. */
MUST_USE bool canvas_reset(struct canvas *canvas, unsigned rows, unsigned columns);
void canvas_free(struct canvas *canvas);
/* Draws one row of text from a column on, up to column `end` (or the edge); what does not fit is left out, half a wide
 * character becomes a blank. Returns the column after it. A newline is drawn as U+21B5. */
unsigned canvas_text(struct canvas *canvas, unsigned row, unsigned column, unsigned end, const char *text, size_t size,
                     struct style style);
/* Columns from … end - 1 of the row lead to this URL, which is copied. */
void canvas_link(struct canvas *canvas, unsigned row, unsigned from, unsigned end, const char *url, size_t size);
/* NULL: nothing leads there. */
const char *canvas_url(const struct canvas *canvas, uint32_t id);
unsigned canvas_fill(struct canvas *canvas, unsigned row, unsigned column, unsigned end, uint32_t character,
                     struct style style);
/* A row as UTF-8 without blanks at its end; malloc'd. For tests and debugging. */
char *canvas_row_text(const struct canvas *canvas, unsigned row);
