/* The rows around the pane: title, status, input. Pure. */
#pragma once

#include "client/curses/screen.h"
#include "client/curses/screen_layout.h"

void title_draw(struct canvas *canvas, struct rect rect, const struct conversation *conversation);
void status_draw(struct canvas *canvas, struct rect rect, const struct screen_view *view, const struct window *window);
/* Sets the cursor. */
void input_draw(struct canvas *canvas, struct rect rect, const struct screen_view *view);
