/* The part of the scrollback that is seen, from the bottom up: only lines that are visible are looked at, so a frame
 * costs what the screen and the longest message cost, however much there is. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "client/curses/canvas.h"
#include "client/curses/pane_line.h"
#include "client/curses/window.h"

/* Moves the window's place where it is no longer there, or would leave the pane half empty. */
void pane_draw(const struct pane_shape *shape, struct canvas *canvas, struct window *window);
/* By rows, negative: up. At the bottom the window follows again. */
void pane_scroll(const struct pane_shape *shape, struct window *window, long rows);
/* So that the line is seen, in the middle where there is enough on both sides. PANE_BOTTOM: the newest. */
#define PANE_BOTTOM UINT64_MAX
void pane_show(const struct pane_shape *shape, struct window *window, uint64_t line);
/* Whether a row of the line is seen. */
bool pane_sees(const struct pane_shape *shape, const struct window *window, uint64_t line);
/* Lines below what is seen. */
uint64_t pane_lines_below(const struct window *window);
/* Those of them that came since, without what only goes on or begins a day. Looks at each. */
struct pane_news {
    unsigned lines, mentions;
};
struct pane_news pane_news(const struct window *window);
