/* The rows around the pane: title, status, input. Pure. */
#pragma once

#include "client/curses/canvas.h"
#include "client/curses/screen_layout.h"
#include "client/curses/screen_view.h"

void title_draw(struct canvas *canvas, struct rect rect, const struct conversation *conversation);
void status_draw(struct canvas *canvas, struct rect rect, const struct screen_view *view, const struct window *window);
/* Sets the cursor. */
void input_draw(struct canvas *canvas, struct rect rect, const struct screen_view *view);
