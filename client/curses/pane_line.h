/* One line of the scrollback as rows of the pane: time, author, text wrapped by words, delivery mark. Pure.
 *
 *   14:02 alice#1a2b │ a text that is wrapped by words,       wide: authors have a column
 *                    │ and whose further rows are aligned ✓
 *   14:02 alice#1a2b → you: a private one: the arrow stands   where no text can forge it
 *                    │ in the place of the bar
 *   14:02 alice#1a2b: a text that is wrapped                  narrow: they stand in the text
 *         by words
 *
 *   > alice#1a2b: a text that is                             narrow, without a clock
 *     wrapped by words
 *
 *   14:02 alice#1a2b │ https://example.org/a/long/one/that
 * /goes/on
 *                    │ and what is said after it
 *
 * Where the terminal does not open links, the rows with which one goes on have nothing in front: what is selected there
 * is the URL, and nothing else. Text behind it begins a row of its own, or it could pass for somebody else's line.
 * Nothing is kept of it: a line is wrapped whenever it is drawn. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "client/curses/canvas.h"
#include "client/curses/screen_layout.h"
#include "client/curses/scrollback.h"

struct pane_shape {
    struct rect rect;
    unsigned author; /* as screen_layout has it */
    int clock;       /* CLOCK_…, of the settings */
    bool links;      /* the terminal opens them */
    bool own_nick;   /* which has a colour of its own */
};

struct pane_line {
    const struct pane_shape *shape;
    const struct line *line;
    char *composed; /* author, or whom it is for, and text together, where they are wrapped together; NULL */
    const char *text;
    size_t size;
    size_t digits, body; /* where '#' of the author and where what was said begins */
    unsigned indent;     /* columns before the text */
    unsigned width;      /* of the text */
    const char *words;   /* found in it and to be seen; NULL */
};

/* `words`: what /find found in this line; NULL. Aborts without memory. */
void pane_line_open(struct pane_line *out, const struct pane_shape *shape, const struct line *line, const char *words);
void pane_line_close(struct pane_line *line);
size_t pane_line_rows(const struct pane_line *line); /* at least 1 */
/* Rows first … first + count - 1 of it onto the canvas from `row` on. */
void pane_line_draw(const struct pane_line *line, struct canvas *canvas, unsigned row, size_t first, size_t count);

/* "── text ──" in the middle of the pane. */
void pane_rule_draw(const struct pane_shape *shape, struct canvas *canvas, unsigned row, const char *text, size_t size,
                    struct style style);
