/* Draws what there is to see onto a canvas. Pure: everything comes in `struct screen_view`.
 *
 *    tea · 3 members · registered at 192.0.2.1:9595                                   title
 *   14:02 alice#1a2b │ a text that is wrapped by words, and whose                │ 3 members
 *                    │ further rows are aligned                                 │   bob#3c4d       you
 *   14:03 alice#1a2b → you: what nobody else reads                              │ ● alice#1a2b   12 ms
 *                                         pane                                      members
 *   [1:tea] 2:work(3) 3:home(!1)                                  14:03 ↑42      status
 *   tea bob> what is being typed                                                  input
 *
 * Sizes: how many columns each has is screen_layout.h's rule: the text has 50 at least where the terminal has 80; the
 * members list is there from 100 on (setting `members = auto`), and Alt-M shows or hides it; the title counts them
 * always. Below 5 rows title and status go, in this order; a single row is the input line. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "client/curses/canvas.h"
#include "client/curses/screen_layout.h"
#include "client/curses/screen_view.h"

#define SCREEN_PAGES_ALL 100000 /* more than there can be */

/* Canvas has its size. Sets its cursor. Moves a place in the scrollback that is no longer there. */
void screen_draw(struct canvas *canvas, const struct screen_view *view);
/* Moves the current window's place by pages (negative: up), or to an end. A page is the pane less two rows. */
void screen_scroll(const struct canvas *canvas, const struct screen_view *view, int pages);
void screen_scroll_rows(const struct canvas *canvas, const struct screen_view *view, long rows);
void screen_scroll_to(const struct canvas *canvas, const struct screen_view *view, uint64_t line);
/* Where the lines stand. */
struct rect screen_pane(const struct canvas *canvas, const struct screen_view *view);
bool screen_sees(const struct canvas *canvas, const struct screen_view *view, uint64_t line);
